import type { IncomingMessage } from 'node:http';

export type BodyResult =
  | { readonly kind: 'read'; readonly body: Buffer }
  /** More than the limit; what is left has not been read. */
  | { readonly kind: 'oversized' }
  /** Not there in time; the connection is still open. */
  | { readonly kind: 'slow' }
  /** The connection was lost, or what came was not HTTP. */
  | { readonly kind: 'cut_off' };

export interface BodyLimits {
  /** Bytes. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

const initialBufferBytes = 8_192;

/** The whole body, sent in chunks or not, kept no longer and no larger than the limits. Never rejects. */
export function readBody(request: IncomingMessage, { maxBytes, timeoutMs }: BodyLimits): Promise<BodyResult> {
  return new Promise((resolve) => {
    // One piece, however many it comes in: a byte that is kept as a chunk of its own takes a hundred more.
    let buffer = Buffer.allocUnsafe(Math.min(maxBytes, initialBufferBytes));
    let size = 0;
    const finish = (result: BodyResult) => {
      clearTimeout(timer);
      request.off('data', onData);
      resolve(result);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) return finish({ kind: 'oversized' });
      if (size > buffer.length) buffer = growBuffer(buffer, Math.min(maxBytes, Math.max(size, 2 * buffer.length)));
      chunk.copy(buffer, size - chunk.length);
    };
    const timer = setTimeout(() => finish({ kind: 'slow' }), timeoutMs);
    request.on('data', onData);
    request.once('end', () => finish({ kind: 'read', body: buffer.subarray(0, size) }));
    request.once('close', () => finish({ kind: 'cut_off' }));
    request.on('error', () => finish({ kind: 'cut_off' }));
  });
}

function growBuffer(buffer: Buffer, sizeBytes: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafe(sizeBytes);
  buffer.copy(larger);
  return larger;
}
