export type RedisStartErrorCode = 'redis_not_found' | 'redis_port_taken' | 'redis_not_started';

/** The demo's own Redis could not be had. The message is one sentence for a person. */
export class RedisStartError extends Error {
  override readonly name = 'RedisFault';
  readonly code: RedisStartErrorCode;

  constructor(code: RedisStartErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
