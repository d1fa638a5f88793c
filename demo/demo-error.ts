/** The demo cannot do what was asked. The message is one sentence for a person. */
export class DemoError extends Error {
  override readonly name = 'DemoFault';
  /** 1: it went wrong. 2: bad usage, or something that this machine lacks. */
  readonly exitCode: 1 | 2;

  constructor(exitCode: 1 | 2, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}
