/*
 * A client of the chaos in a program of its own: reload() kills it and starts another one on the same
 * queue. Run by itself, this file is that program.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Work } from './chaos_worker.mjs';

const self = fileURLToPath(import.meta.url);

export class NodeClient {
  run = 0;
  answers = new Map();
  asked = 0;

  /* `options`: url, graph, protocol, queue (a file), name, seed. `say` is told what the worker says. */
  constructor(options, say) {
    this.options = options;
    this.say = say;
  }

  async start() {
    const options = { ...this.options, run: this.run++, seed: this.options.seed + this.run };
    const child = spawn(process.execPath, [self, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child = child;
    this.exit = once(child, 'close');
    child.stdin.on('error', () => {});
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = JSON.parse(line);
      if ('answer' in message) this.answers.get(message.answer)?.(message.value);
      else this.say(message);
    });
  }

  async reload() {
    await this.stop();
    await this.start();
  }

  async stop() {
    this.child?.kill('SIGKILL');
    await this.exit;
  }

  /* Calls a method of the worker. */
  ask(method) {
    const id = ++this.asked;
    this.child.stdin.write(`${JSON.stringify({ id, method })}\n`);
    return new Promise((resolve) => this.answers.set(id, resolve));
  }
}

if (process.argv[1] === self) {
  const lib = await import('../../../client/dist/node.js');
  const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  const work = new Work(lib, JSON.parse(process.argv[2]), say);
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { id, method } = JSON.parse(line);
    say({ answer: id, value: (await work[method]()) ?? null });
  });
}
