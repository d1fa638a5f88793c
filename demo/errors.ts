/** The demo cannot do what was requested. The message is one sentence for the user. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
  /** 1: the demo failed. 2: bad usage, or this machine lacks something. */
  readonly exitCode: 1 | 2;

  constructor(exitCode: 1 | 2, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

export type RedisStartErrorCode = 'redis_not_found' | 'redis_port_taken' | 'redis_not_started';

/** A Redis server could not be started. The message is one sentence for the user. */
export class RedisStartError extends Error {
  override readonly name = 'RedisStartError';
  readonly code: RedisStartErrorCode;

  constructor(code: RedisStartErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
