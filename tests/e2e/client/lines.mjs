/*
 * A line between clients and a gateway that can be cut, as a train's is in a tunnel: what goes through
 * is cut off without a word, and who dials meanwhile hears nothing or is hung up on.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Line {
  constructor(port) {
    this.port = port;
    this.isUp = true;
    this.sockets = new Set();
    this.server = createServer((near) => this.join(near));
  }

  static async to(url) {
    const line = new Line(Number(new URL(url).port));
    line.server.listen(0, '127.0.0.1');
    await once(line.server, 'listening');
    return line;
  }

  get url() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  join(near) {
    near.on('error', () => {});
    if (!this.isUp) {
      near.destroy();
      return;
    }
    const far = connect(this.port, '127.0.0.1');
    for (const [socket, other] of [[near, far], [far, near]]) {
      this.sockets.add(socket);
      socket.on('error', () => {}).on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }

  cut() {
    this.isUp = false;
    this.sockets.forEach((socket) => socket.destroy());
  }

  mend() {
    this.isUp = true;
  }

  close() {
    this.cut();
    this.server.close();
  }
}
