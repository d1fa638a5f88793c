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

const firstBytes = 8_192;

/** The whole body, sent in chunks or not, kept no longer and no larger than the limits. Never rejects. */
export function readBody(request: IncomingMessage, { atMost, withinMs }: BodyLimits): Promise<BodyRead> {
  return new Promise((resolve) => {
    // One piece, however many it comes in: a byte that is kept as a chunk of its own takes a hundred more.
    let kept = Buffer.allocUnsafe(Math.min(atMost, firstBytes));
    let size = 0;
    const settle = (read: BodyRead) => {
      clearTimeout(timer);
      request.off('data', onData);
      resolve(read);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > atMost) return settle({ kind: 'oversized' });
      if (size > kept.length) kept = grown(kept, Math.min(atMost, Math.max(size, 2 * kept.length)));
      chunk.copy(kept, size - chunk.length);
    };
    const timer = setTimeout(() => settle({ kind: 'slow' }), withinMs);
    request.on('data', onData);
    request.once('end', () => settle({ kind: 'read', body: kept.subarray(0, size) }));
    request.once('close', () => settle({ kind: 'cut_off' }));
    request.on('error', () => settle({ kind: 'cut_off' }));
  });
}

function grown(kept: Buffer, bytes: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafe(bytes);
  kept.copy(larger);
  return larger;
}
