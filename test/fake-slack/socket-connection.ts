import { WebSocket } from 'ws';

/** One socket at Slack's end. */
export class SocketConnection {
  readonly socket: WebSocket;
  helloSent = false;
  /** After `refresh_requested` or `link_disabled` nothing more is sent to it; its acks are still taken. */
  isClosing = false;
  /** Half open: TCP stands, and nothing gets through either way. */
  isFrozen = false;
  closedBySlack = false;

  constructor(socket: WebSocket) {
    this.socket = socket;
  }

  /** Whether it has got its hello, and Slack has not closed it. */
  get isConnected(): boolean {
    return this.helloSent && !this.closedBySlack;
  }

  /** Whether Slack delivers to it. */
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

  /** With a close frame. */
  close(): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.closedBySlack = true;
    this.socket.close();
  }

  /** Without one. */
  terminate(): void {
    this.closedBySlack = true;
    this.socket.terminate();
  }
}
