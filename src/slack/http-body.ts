import type { IncomingMessage } from 'node:http';

export type BodyRead =
  | { readonly kind: 'read'; readonly body: Buffer }
  /** More than the limit; what is left has not been read. */
  | { readonly kind: 'oversized' }
  /** Not there in time; the connection is still open. */
  | { readonly kind: 'slow' }
  /** The connection was lost, or what came was not HTTP. */
  | { readonly kind: 'cut_off' };

export interface BodyLimits {
  /** Bytes. */
  readonly atMost: number;
  readonly withinMs: number;
}

/** The whole body, sent in chunks or not, kept no longer and no larger than the limits. Never rejects. */
export function readBody(request: IncomingMessage, { atMost, withinMs }: BodyLimits): Promise<BodyRead> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (read: BodyRead) => {
      clearTimeout(timer);
      request.off('data', onData);
      resolve(read);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > atMost) settle({ kind: 'oversized' });
      else chunks.push(chunk);
    };
    const timer = setTimeout(() => settle({ kind: 'slow' }), withinMs);
    request.on('data', onData);
    request.once('end', () => settle({ kind: 'read', body: Buffer.concat(chunks, size) }));
    request.once('close', () => settle({ kind: 'cut_off' }));
    request.on('error', () => settle({ kind: 'cut_off' }));
  });
}
