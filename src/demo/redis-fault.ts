export type RedisFaultCode = 'redis_not_found' | 'redis_port_taken' | 'redis_not_started';

/** The demo's own Redis could not be had. The message is one sentence for a person. */
export class RedisFault extends Error {
  override readonly name = 'RedisFault';
  readonly code: RedisFaultCode;

  constructor(code: RedisFaultCode, sentence: string, cause?: unknown) {
    super(sentence, { cause });
    this.code = code;
  }
}
