// deploy/run as a process under test: starts it on free ports and a data directory of its own, and
// sees to it that nothing of it is left when the test ends.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

// A build of the whole tree may be part of the first start.
export const START_MS = 600_000;
export const CHANGE_MS = 30_000;

/** Waits until `condition` gives something true and returns it; fails after `limitMs`. */
export async function until(what, condition, limitMs = CHANGE_MS) {
    const end = Date.now() + limitMs;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (Date.now() > end) assert.fail(`after ${limitMs} ms still not: ${what}`);
        await delay(50);
    }
}

/** All processes, as a map of pid to {ppid, name}; zombies are left out. */
function processes() {
    const all = new Map();
    for (const entry of readdirSync('/proc')) {
        if (!/^\d+$/.test(entry)) continue;
        let stat;
        try {
            stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
        } catch {
            continue; // ended meanwhile
        }
        const [, name, state, ppid] = /^\d+ \((.*)\) (\S) (\d+)/s.exec(stat);
        if (state !== 'Z') all.set(Number(entry), { name, ppid: Number(ppid) });
    }
    return all;
}

/** The command line of a process; empty when it has ended. */
function wordsOf(pid) {
    try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    } catch {
        return [];
    }
}

export function alive(pid) {
    return processes().has(pid);
}

async function listens(port) {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    const taken = await Promise.race([
        once(server, 'listening').then(() => false),
        once(server, 'error').then(() => true),
    ]);
    if (!taken) await new Promise((resolve) => server.close(resolve));
    return taken;
}

/** The first of `count` free ports in a row, below those that outgoing connections get. */
export async function freePorts(count) {
    for (;;) {
        const first = 10_000 + Math.floor(Math.random() * 20_000);
        const taken = [];
        for (let port = first; port < first + count; port++) taken.push(await listens(port));
        if (!taken.includes(true)) return first;
    }
}

const folders = [];
process.on('exit', () => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A folder that is removed when the tests of this file have ended, and with them what writes there. */
export function temporaryFolder() {
    folders.push(mkdtempSync(join(tmpdir(), 'stoa-deploy-')));
    return folders.at(-1);
}

export async function statusOf(port, path = '/readyz', options = {}) {
    try {
        const response = await fetch(`http://127.0.0.1:${port}${path}`, {
            ...options,
            signal: AbortSignal.timeout(5000),
        });
        await response.arrayBuffer();
        return response.status;
    } catch {
        return 0; // nobody there
    }
}

export class Run {
    stdout = '';
    stderr = '';
    status = null;

    /** `command`: the words that start deploy/run where it is not started plainly. */
    constructor(t, args, { command = [join(root, 'deploy/run')] } = {}) {
        this.child = spawn(command[0], [...command.slice(1), ...args], { cwd: root });
        this.child.stdout.setEncoding('utf8').on('data', (text) => (this.stdout += text));
        this.child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
        this.ended = once(this.child, 'exit').then(([code, signal]) => {
            this.status = code ?? signal;
            return this.status;
        });
        t.after(async () => {
            if (this.status === null) {
                this.child.kill('SIGTERM');
                await this.ended;
            }
        });
    }

    /** Starts with a data directory and ports of its own, and waits for the line `ready`. */
    static async ready(t, { gateways = 2, data = temporaryFolder(), ...options } = {}) {
        const port = await freePorts(gateways);
        const run = new Run(t, ['--data', data, '--port', port, '--gateways', gateways].map(String), options);
        run.data = data;
        run.ports = Array.from({ length: gateways }, (_, i) => port + i);
        await run.waitReady();
        return run;
    }

    async waitReady() {
        await until('the line "ready"', () => this.isReady() || this.status !== null, START_MS);
        assert.ok(this.isReady(), `deploy/run ended with ${this.status}: ${this.stderr}`);
    }

    isReady() {
        return /^ready\r?$/m.test(this.stdout);
    }

    /** The pids of the running descendants of that name; without a name, of all. */
    descendants(name) {
        const all = processes();
        const under = (pid) => {
            for (let p = all.get(pid)?.ppid; p; p = all.get(p)?.ppid) if (p === this.child.pid) return true;
            return false;
        };
        return [...all.keys()].filter((pid) => (!name || all.get(pid).name === name) && under(pid));
    }

    /** The gateway that listens on a port; undefined while there is none. */
    gateway(port) {
        return this.descendants('stoa-gateway').find((pid) => wordsOf(pid).includes(String(port)));
    }
}
