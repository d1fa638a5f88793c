/** One command of a Redis client. */
export interface Request {
  readonly raw: Buffer;
  readonly args: readonly string[];
}

const newLine = Buffer.from('\r\n');

/** Splits the bytes of a client into commands. Packets may end anywhere. Clients send only arrays of bulk strings. */
export function createRequestParser(): (data: Buffer) => Request[] {
  let pending = Buffer.alloc(0);
  return (data) => {
    pending = Buffer.concat([pending, data]);
    const requests: Request[] = [];
    for (;;) {
      const request = parseOne(pending);
      if (request === null) return requests;
      requests.push(request);
      pending = pending.subarray(request.raw.length);
    }
  };
}

/** Returns the first command, or null if it is incomplete. */
function parseOne(bytes: Buffer): Request | null {
  const head = lengthAt(bytes, 0, '*');
  if (head === null) return null;
  const args: string[] = [];
  let offset = head.next;
  for (let index = 0; index < head.length; index++) {
    const bulk = lengthAt(bytes, offset, '$');
    if (bulk === null || bytes.length < bulk.next + bulk.length + newLine.length) return null;
    args.push(bytes.toString('latin1', bulk.next, bulk.next + bulk.length));
    offset = bulk.next + bulk.length + newLine.length;
  }
  return { raw: bytes.subarray(0, offset), args };
}

function lengthAt(
  bytes: Buffer,
  offset: number,
  typeByte: string,
): { readonly length: number; readonly next: number } | null {
  const end = bytes.indexOf(newLine, offset);
  if (end < 0) return null;
  const line = bytes.toString('latin1', offset, end);
  if (line[0] !== typeByte) throw new Error(`not a command: ${JSON.stringify(line)}`);
  return { length: Number(line.slice(1)), next: end + newLine.length };
}
