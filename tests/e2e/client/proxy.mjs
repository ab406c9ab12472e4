/* A way to a gateway that can be cut, for one client to be offline while others are not. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Proxy {
  sockets = new Set();
  isCut = false;

  /* `url` is the gateway's. */
  static async to(url) {
    const proxy = new Proxy();
    const { hostname, port } = new URL(url);
    proxy.server = createServer((socket) => proxy.join(socket, connect(Number(port), hostname)));
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  join(one, other) {
    for (const [from, to] of [[one, other], [other, one]]) {
      this.sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => this.sockets.delete(from) && to.destroy());
      from.pipe(to);
    }
    if (this.isCut) {
      one.destroy();
    }
  }

  cut() {
    this.isCut = true;
    this.sockets.forEach((socket) => socket.destroy());
  }

  mend() {
    this.isCut = false;
  }

  stop() {
    this.cut();
    this.server.close();
  }
}
