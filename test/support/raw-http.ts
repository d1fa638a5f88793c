import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { SignedRequest } from './slack/signing.ts';

/** A client that sends what it likes, byte by byte, and says what came back. */
export interface RawClient extends Disposable {
  readonly socket: Socket;
  write(bytes: string | Buffer): void;
  /** The next answer: its head, and its body where a length is given. Null: the connection ended without one. */
  answer(): Promise<RawAnswer | null>;
  /** Resolves when the server has ended the connection. */
  readonly ended: Promise<unknown>;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  let received = '';
  let isEnded = false;
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      isEnded = true;
      resolve();
    };
    socket.once('end', end).once('close', end);
  });
  return {
    socket,
    ended,
    write: (bytes) => void socket.write(bytes),
    async answer() {
      for (;;) {
        const [answer, rest] = readAnswer(received);
        if (answer !== null) {
          received = rest;
          return answer;
        }
        if (isEnded) return null;
        const more = new Promise((resolve) => socket.once('data', resolve));
        await Promise.race([more, ended]);
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

export interface HeadChanges {
  readonly line?: string;
  /** Replaces, or leaves out, a header. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** More header lines, whatever they are. */
  readonly lines?: readonly string[];
}

/** The bytes of a request, its length included unless it is left out. */
export function requestBytes({ headers, body }: SignedRequest<string | Buffer>, changes: HeadChanges = {}): Buffer {
  const all = {
    host: 'bot.example',
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
    ...changes.headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  const head = [changes.line ?? 'POST /slack/events HTTP/1.1', ...lines, ...(changes.lines ?? []), '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), typeof body === 'string' ? Buffer.from(body) : body]);
}

function readAnswer(text: string): [RawAnswer | null, string] {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return [null, text];
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
  const rest = text.slice(end + 4);
  const status = Number(first.split(' ')[1]);
  if (headers['transfer-encoding'] === 'chunked') {
    const last = rest.indexOf('0\r\n\r\n');
    if (last < 0) return [null, text];
    const body = rest
      .slice(0, last)
      .replace(/^[0-9a-f]+\r\n/, '')
      .trimEnd();
    return [{ status, headers, body }, rest.slice(last + 5)];
  }
  const length = Number(headers['content-length'] ?? 0);
  if (rest.length < length) return [null, text];
  return [{ status, headers, body: rest.slice(0, length) }, rest.slice(length)];
}
