import { WebSocket } from 'ws';

/** Slack's side of one socket. */
export class SocketConnection {
  readonly socket: WebSocket;
  helloSent = false;
  /** Set after `refresh_requested` or `link_disabled`: Slack sends no more envelopes and still accepts acks. */
  isClosing = false;
  /** Half open: the TCP connection exists and transports nothing in either direction. */
  isFrozen = false;
  closedBySlack = false;

  constructor(socket: WebSocket) {
    this.socket = socket;
  }

  /** Whether Slack has sent its hello and has not closed the socket. */
  get isConnected(): boolean {
    return this.helloSent && !this.closedBySlack;
  }

  /** Whether Slack sends envelopes to it. */
  get isDeliverable(): boolean {
    return this.isConnected && !this.isClosing && this.socket.readyState === WebSocket.OPEN;
  }

  send(frame: object): void {
    if (!this.isFrozen) this.socket.send(JSON.stringify(frame));
  }

  freeze(): void {
    this.isFrozen = true;
    this.socket.pause();
  }

  /** Closes with a close frame. */
  close(): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.closedBySlack = true;
    this.socket.close();
  }

  /** Closes without a close frame. */
  terminate(): void {
    this.closedBySlack = true;
    this.socket.terminate();
  }
}
