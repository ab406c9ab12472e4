/* The same questions over HTTP: one txd and one gateway of the build, on data that is there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { measureAsync } from './measure.mjs';

const PATIENCE_MS = 20000;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function edn(value) {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

export class Served {
  static async start(build, dataDir) {
    const served = new Served();
    const [requests, feed, port] = [await freePort(), await freePort(), await freePort()];
    const bus = [`tcp://127.0.0.1:${requests}`, '--feed', `tcp://127.0.0.1:${feed}`];
    const run = (name, args) => spawn(join(build, name), [...args, '--log-level', 'error'], { stdio: 'inherit' });
    served.programs = [
      run('gateway/stoa-gateway', ['--listen-host', '127.0.0.1', '--listen-port', String(port), '--txd', ...bus]),
      run('txd/stoa-txd', ['--data-dir', dataDir, '--listen', ...bus]),
    ];
    served.url = `http://127.0.0.1:${port}`;
    for (const end = Date.now() + PATIENCE_MS; ;) {
      const answer = await fetch(`${served.url}/readyz`).catch(() => undefined);
      if (answer?.ok)
        return served;
      if (Date.now() > end)
        throw new Error('the gateway does not get ready');
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }

  /* Milliseconds from request to the last byte of the answer; undefined for what HTTP has no route for. */
  async ask(question, graph) {
    if (question.index)
      return undefined;
    const args = [question.rules, ...(question.args ?? [])].filter((arg) => arg !== undefined).map(edn);
    const basis = `${question.asOfT ? ` :as-of ${question.asOfT}` : ''}${question.history ? ' :history true' : ''}`;
    const body = question.pull
      ? `{:pattern ${edn(question.pull)} :eid [${question.eids.join(' ')}] :many true}`
      : `{:query ${edn(question.query)} :args [${args.join(' ')}]${basis} :timeout-ms 60000}`;
    const route = `${this.url}/v1/graphs/${graph}/${question.pull ? 'pull' : 'query'}`;
    const headers = { 'content-type': 'application/edn', accept: 'application/msgpack' };
    return measureAsync(async () => {
      const answer = await fetch(route, { method: 'POST', headers, body });
      const bytes = await answer.arrayBuffer();
      if (!answer.ok)
        throw new Error(`${question.name} over HTTP: ${answer.status} ${Buffer.from(bytes)}`);
    });
  }

  async stop() {
    for (const program of this.programs) {
      const ended = once(program, 'exit');
      program.kill('SIGTERM');
      await ended;
    }
  }
}
