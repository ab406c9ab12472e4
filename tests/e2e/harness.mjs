/*
 * Real processes for a test: one txd and its gateways on free ports with a folder of their own.
 * Everything is gone at the end, also after a failure, which prints what the processes said.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { CODECS, Client, held } from '../../client/dist/node.js';
import { readEdn } from './edn.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const build = process.env.STOA_BUILD ?? join(root, 'build');
export const shared = process.env.STOA_SHARED ?? join(root, '..', 'shared');

/* Slow builds (sanitizers) and busy machines: nothing here should come near it. */
export const PATIENCE_MS = Number(process.env.STOA_PATIENCE_MS ?? 20_000);

const STDERR_TAIL = 60;

function binary(name) {
  const folder = name.replace('stoa-', '').replace(/^stoa$/, 'cli');
  const path = [join(build, name), join(build, folder, name)].find(existsSync);
  assert(path, `${name} is not in ${build}; build it or set STOA_BUILD`);
  return path;
}

const running = new Set();
const folders = new Set();
process.on('exit', () => {
  running.forEach((child) => child.kill('SIGKILL'));
  folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
});

/* Below the range that the kernel gives to outgoing connections, any of which may have taken a port meanwhile. */
const PORTS = { first: 10_000, end: 32_000 };
const givenPorts = new Set();

/* A port that nobody listens on and that this process has not been given before. */
export async function freePort() {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * (PORTS.end - PORTS.first));
    if (givenPorts.has(port) || !(await canListen(port))) continue;
    givenPorts.add(port);
    return port;
  }
}

function canListen(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/* Waits until `condition` gives something true, and gives it back. */
export async function until(what, condition, timeout_ms = PATIENCE_MS) {
  const deadline = Date.now() + timeout_ms;
  for (;;) {
    const result = await condition();
    if (result) {
      return result;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${timeout_ms} ms for: ${typeof what === 'function' ? what() : what}`);
    }
    await pause(10);
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function within(what, promise, timeout_ms = PATIENCE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    const message = `waited ${timeout_ms} ms for: ${what}`;
    timer = setTimeout(() => reject(new Error(message)), timeout_ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/* Sends the bytes as one piece and gives all that comes back until the other side is quiet or gone. */
export const oneSegment = (url, bytes) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let answer = '';
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on('data', (data) => (answer += data));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });

class Program {
  output = [];
  stdout = '';

  constructor(name, args) {
    this.name = name;
    this.child = spawn(binary(name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => this.output.push(...text.trimEnd().split('\n')));
    }
    this.child.stdout.on('data', (text) => {
      this.stdout += text;
    });
    this.child.once('exit', () => running.delete(this.child));
    // `close` comes after `exit`, when all output has been read.
    this.exit = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  get isRunning() {
    return running.has(this.child);
  }

  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    return within(`${this.name} to end after ${signal}`, this.exit);
  }

  report() {
    return `--- ${this.name} ${this.child.pid}\n${this.output.slice(-STDERR_TAIL).join('\n')}`;
  }
}

export class Stoa {
  gateways = [];
  programs = [];
  clients = [];
  sockets = [];

  constructor(options) {
    this.options = { gateways: 2, txdArgs: [], gatewayArgs: [], ...options };
    this.dir = mkdtempSync(join(tmpdir(), 'stoa-e2e-'));
    folders.add(this.dir);
    this.dataDir = join(this.dir, 'data');
    mkdirSync(this.dataDir);
  }

  async start() {
    this.requestPort = await freePort();
    this.feedPort = await freePort();
    this.startTxd();
    for (let i = 0; i < this.options.gateways; i++) {
      await this.addGateway();
    }
    await this.ready();
  }

  get busArgs() {
    return [`tcp://127.0.0.1:${this.requestPort}`, '--feed', `tcp://127.0.0.1:${this.feedPort}`];
  }

  startTxd() {
    const args = ['--data-dir', this.dataDir, '--listen', ...this.busArgs, ...this.options.txdArgs];
    this.txd = this.run('stoa-txd', args);
  }

  async addGateway() {
    this.gateways.push({ port: await freePort() });
    this.startGateway(this.gateways.length - 1);
    return this.gateways.length - 1;
  }

  startGateway(i) {
    const { port } = this.gateways[i];
    const listen = ['--listen-host', '127.0.0.1', '--listen-port', String(port)];
    const args = [...listen, '--txd', ...this.busArgs, ...this.options.gatewayArgs];
    this.gateways[i].program = this.run('stoa-gateway', args);
  }

  run(name, args) {
    const program = new Program(name, args);
    this.programs.push(program);
    return program;
  }

  url(i = 0) {
    return `http://127.0.0.1:${this.gateways[i].port}`;
  }

  get urls() {
    return this.gateways.map((_, i) => this.url(i));
  }

  /* All gateways that run answer /readyz. */
  async ready() {
    for (const [i, { program }] of this.gateways.entries()) {
      await until(`gateway ${i} to be ready`, async () => {
        assert(this.txd.isRunning, 'txd ended');
        assert(program.isRunning, `gateway ${i} ended`);
        return (await fetch(`${this.url(i)}/readyz`).catch(() => undefined))?.ok;
      });
    }
  }

  /* A client on gateway `on`, or on all in turn; faults fail the test when it ends. */
  client({ on, ...options } = {}) {
    const client = new Client({
      urls: on === undefined ? this.urls : [this.url(on)],
      socketClass: WebSocket,
      ...options,
    });
    client.faults = [];
    client.on('fault', (error) => client.faults.push(error));
    this.clients.push(client);
    return client;
  }

  async liveClient(options) {
    const client = this.client(options);
    await within('a client to be live', client.live());
    return client;
  }

  async socket({ on = 0, ...options } = {}) {
    const socket = new RawSocket(this.url(on), options);
    this.sockets.push(socket);
    await socket.opened;
    return socket;
  }

  async export(graph = 'main', on = 0) {
    const response = await fetch(`${this.url(on)}/v1/graphs/${graph}/export`);
    assert.equal(response.status, 200, await response.clone().text().then((text) => text.slice(0, 300)));
    return response.text();
  }

  async import(graph, edn, on = 0, headers = {}) {
    return fetch(`${this.url(on)}/v1/graphs/${graph}/import`, {
      method: 'POST',
      headers: { 'content-type': 'application/edn', ...headers },
      body: edn,
    });
  }

  /* Runs the command-line tool on a gateway. */
  async cliRun(command, ...args) {
    const program = this.run('stoa', [command, '--url', this.url(), ...args]);
    const { code } = await within(`stoa ${command}`, program.exit, 3 * PATIENCE_MS);
    return { code, stdout: program.stdout, report: program.report() };
  }

  /* Its standard output, where it must succeed. */
  async cli(command, ...args) {
    const { code, stdout, report } = await this.cliRun(command, ...args);
    assert.equal(code, 0, report);
    return stdout;
  }

  assertNoFaults() {
    this.clients.forEach((client) => assert.deepEqual(client.faults, []));
  }

  async stop() {
    this.clients.forEach((client) => client.close());
    this.sockets.forEach((socket) => socket.terminate());
    for (const program of [...this.gateways.map((gateway) => gateway.program), ...this.programs]) {
      if (program?.isRunning) {
        await program.stop('SIGTERM').catch(() => program.child.kill('SIGKILL'));
      }
    }
    rmSync(this.dir, { recursive: true, force: true });
    folders.delete(this.dir);
  }
}

/* A test with its own processes. `options` are those of node:test and of Stoa. */
export function stoaTest(name, options, body) {
  test(name, { timeout: 300_000, ...options }, async (t) => {
    const stoa = new Stoa(options);
    let isOver = false;
    t.after(() => isOver || stoa.stop());
    try {
      await stoa.start();
      await body(t, stoa);
      stoa.assertNoFaults();
    } catch (error) {
      console.error(`${name}: ${error.stack}\n${stoa.programs.map((program) => program.report()).join('\n')}`);
      throw error;
    } finally {
      isOver = true;
      await stoa.stop();
    }
  });
}

/* A socket that shows every message, and sends whatever it is told to. */
export class RawSocket {
  messages = [];
  closing = undefined;
  waiters = new Set();

  constructor(url, { graph = 'main', protocol = 'json', subprotocols, headers, deflate = false } = {}) {
    this.codec = CODECS[protocol];
    const address = `${url.replace('http', 'ws')}/v1/graphs/${graph}/socket`;
    this.socket = new WebSocket(address, subprotocols ?? [this.codec.subprotocol], { headers, perMessageDeflate: deflate });
    this.socket.binaryType = 'arraybuffer';
    this.opened = within('a socket to open', new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('unexpected-response', (_, response) => reject(new RefusedError(response.statusCode)));
      this.socket.once('error', reject);
    }));
    this.opened.catch(() => {});
    this.socket.on('error', () => {});
    this.socket.on('message', (data, isBinary) => {
      this.messages.push(...this.codec.read(isBinary ? data : data.toString()));
      this.wake();
    });
    this.socket.on('close', (code, reason) => {
      this.closing = { code, reason: reason.toString() };
      this.wake();
    });
  }

  wake() {
    this.waiters.forEach((wake) => wake());
  }

  send(message) {
    this.socket.send(this.codec.write(message));
  }

  sendFrame(data, isBinary = typeof data !== 'string') {
    this.socket.send(data, { binary: isBinary });
  }

  /* The first message, from index `from`, that the predicate takes. */
  async next(what, predicate, { from = 0, timeout_ms = PATIENCE_MS } = {}) {
    let at = from;
    return this.waitFor(what, timeout_ms, () => {
      for (; at < this.messages.length; at++) {
        if (predicate(this.messages[at])) {
          return this.messages[at];
        }
      }
      return undefined;
    });
  }

  ofType(type, options) {
    return this.next(`a message of type ${type}`, (message) => message.type === type, options);
  }

  answer(id, options) {
    return this.next(`the answer to ${id}`, (message) => message.re === id, options);
  }

  async hello(fields = {}) {
    this.send({ type: 'hello', id: 'hello', user: { name: 'raw' }, ...fields });
    const answer = await this.answer('hello');
    assert.equal(answer.type, 'welcome', answer.message);
    return answer;
  }

  /* The close code. */
  async closed(timeout_ms = PATIENCE_MS) {
    return (await this.waitFor('the socket to close', timeout_ms, () => this.closing)).code;
  }

  waitFor(what, timeout_ms, check) {
    let wake;
    const found = new Promise((resolve, reject) => {
      wake = () => {
        const result = check();
        if (result !== undefined) resolve(result);
        else if (this.closing) reject(new Error(`closed with ${this.closing.code} while waiting for ${what}`));
      };
      this.waiters.add(wake);
      wake();
    });
    return within(what, found, timeout_ms).finally(() => this.waiters.delete(wake));
  }

  terminate() {
    this.socket.terminate();
  }
}

/* The upgrade was answered with an HTTP status. */
export class RefusedError extends Error {
  constructor(status) {
    super(`refused with ${status}`);
    this.status = status;
  }
}

/* User entities end where the 65,536 ids of attributes begin. */
const USER_MAX = 2 ** 29 - 65536;

const keyOf = ([e, a, v, tx]) => JSON.stringify([e, a, v instanceof Date ? `~m${v.getTime()}` : v, tx]);

/* Datoms of an export as a mirror holds them, as sorted texts. */
export function exportKeys(edn) {
  const datoms = [...readEdn(edn)].find(([key]) => key.name === 'datoms')[1];
  return datoms
    .filter(([e]) => e < USER_MAX)
    .map(([e, a, v, tx]) => keyOf([e, a.toString(), held(v), tx]))
    .sort();
}

export function mirrorKeys(client) {
  return client.mirror.datoms().map(keyOf).sort();
}

/* Names the first differences, where deepEqual would print two whole graphs. */
export function assertSameKeys(actual, expected, what) {
  const [left, right] = [new Set(actual), new Set(expected)];
  const extra = actual.filter((key) => !right.has(key)).slice(0, 5);
  const missing = expected.filter((key) => !left.has(key)).slice(0, 5);
  assert(extra.length === 0 && missing.length === 0, `${what}: has also ${extra}; lacks ${missing}`);
  assert.equal(actual.length, expected.length, what);
}

/* All of these clients have applied the same t. */
export async function settled(clients) {
  const positions = () => clients.map((client) => client.mirror.position?.t);
  await until(() => `clients to agree: ${positions()}`, () => {
    const [first, ...rest] = positions();
    return first !== undefined && rest.every((t) => t === first) && clients.every((c) => c.status === 'live');
  });
}
