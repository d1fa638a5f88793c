import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { SignedRequest } from '../fake-slack/request-signing.ts';

/** An HTTP client that can send any bytes, also invalid requests. */
export interface RawClient extends Disposable {
  readonly socket: Socket;
  write(bytes: string | Buffer): void;
  /** Returns the next response, or null if the server closes the connection before. */
  response(): Promise<RawResponse | null>;
  /** Resolves when the server has closed the connection. */
  readonly ended: Promise<unknown>;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export async function connectRawClient(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  let received = '';
  let hasEnded = false;
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      hasEnded = true;
      resolve();
    };
    socket.once('end', end).once('close', end);
  });
  return {
    socket,
    ended,
    write: (bytes) => void socket.write(bytes),
    async response() {
      for (;;) {
        const [response, rest] = parseResponse(received);
        if (response !== null) {
          received = rest;
          return response;
        }
        if (hasEnded) return null;
        const nextData = new Promise((resolve) => socket.once('data', resolve));
        await Promise.race([nextData, ended]);
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

export interface RequestChanges {
  readonly requestLine?: string;
  /** Replaces a header, or removes it if the value is undefined. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Added without any check. */
  readonly extraHeaderLines?: readonly string[];
}

/** Returns the bytes of a request with its content-length, unless `changes` removes it. */
export function requestBytes({ headers, body }: SignedRequest<string | Buffer>, changes: RequestChanges = {}): Buffer {
  const headerFields = {
    host: 'bot.example',
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
    ...changes.headers,
  };
  const lines = Object.entries(headerFields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  const head = [
    changes.requestLine ?? 'POST /slack/events HTTP/1.1',
    ...lines,
    ...(changes.extraHeaderLines ?? []),
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), typeof body === 'string' ? Buffer.from(body) : body]);
}

function parseResponse(text: string): [RawResponse | null, string] {
  const headLength = text.indexOf('\r\n\r\n');
  if (headLength < 0) return [null, text];
  const [statusLine = '', ...lines] = text.slice(0, headLength).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colonIndex = line.indexOf(':');
      return [line.slice(0, colonIndex).toLowerCase(), line.slice(colonIndex + 1).trim()];
    }),
  );
  const rest = text.slice(headLength + 4);
  const status = Number(statusLine.split(' ')[1]);
  if (headers['transfer-encoding'] === 'chunked') {
    const lastChunkIndex = rest.indexOf('0\r\n\r\n');
    if (lastChunkIndex < 0) return [null, text];
    const body = rest
      .slice(0, lastChunkIndex)
      .replace(/^[0-9a-f]+\r\n/, '')
      .trimEnd();
    return [{ status, headers, body }, rest.slice(lastChunkIndex + 5)];
  }
  const length = Number(headers['content-length'] ?? 0);
  if (rest.length < length) return [null, text];
  return [{ status, headers, body: rest.slice(0, length) }, rest.slice(length)];
}
