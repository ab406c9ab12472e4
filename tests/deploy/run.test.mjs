// deploy/run: what it prints, what it starts again, and what it leaves behind (nothing).

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';

import { alive, freePorts, root, Run, statusOf, temporaryFolder, until } from './supervised.mjs';

test('prints the addresses, and ready once every gateway answers', async (t) => {
    const run = await Run.ready(t, { gateways: 3 });
    for (const port of run.ports) {
        assert.match(run.stdout, new RegExp(`http://127\\.0\\.0\\.1:${port}$`, 'm'));
        assert.equal(await statusOf(port), 200);
    }
    assert.equal(run.stdout.trimEnd().split('\n').at(-1), 'ready');
    assert.equal(run.descendants('stoa-txd').length, 1);
    assert.equal(run.descendants('stoa-gateway').length, 3);
});

test('starts a gateway again on its port, and leaves the others alone', async (t) => {
    const run = await Run.ready(t);
    const [killed, other] = run.ports;
    const before = { killed: run.gateway(killed), other: run.gateway(other), txd: run.descendants('stoa-txd') };
    for (let round = 0; round < 3; round++) {
        const pid = run.gateway(killed);
        process.kill(pid, 'SIGKILL');
        await until('another gateway', () => ![undefined, pid].includes(run.gateway(killed)));
        await until('it is ready', async () => (await statusOf(killed)) === 200);
    }
    assert.notEqual(run.gateway(killed), before.killed);
    assert.equal(run.gateway(other), before.other);
    assert.deepEqual(run.descendants('stoa-txd'), before.txd);
    assert.match(run.stderr, new RegExp(`stoa-gateway on port ${killed} was killed by SIGKILL`));
});

test('starts txd again, with its graphs, and the same gateways are ready again', async (t) => {
    const run = await Run.ready(t);
    const [port] = run.ports;
    assert.equal(await createGraph(port, 'kept'), 201);
    const [txd] = run.descendants('stoa-txd');
    const gateways = run.descendants('stoa-gateway');
    process.kill(txd, 'SIGKILL');
    await until('another txd', () => run.descendants('stoa-txd').some((pid) => pid !== txd));
    for (const each of run.ports) await until('ready', async () => (await statusOf(each)) === 200);
    assert.equal(await createGraph(port, 'kept'), 200);
    assert.deepEqual(run.descendants('stoa-gateway'), gateways);
});

test('starts everything again when all die at once', async (t) => {
    const run = await Run.ready(t);
    for (const pid of [...run.descendants('stoa-txd'), ...run.descendants('stoa-gateway')]) {
        process.kill(pid, 'SIGKILL');
    }
    for (const port of run.ports) await until('ready', async () => (await statusOf(port)) === 200);
});

const plainly = [join(root, 'deploy/run')];
// As `deploy/run &` in a script: the shell has the signal ignored from the start.
const interruptIgnored = ['bash', '-c', 'trap "" INT; exec "$@"', '-', ...plainly];
const stops = [
    { signal: 'SIGTERM', command: plainly, how: '' },
    { signal: 'SIGINT', command: plainly, how: '' },
    { signal: 'SIGHUP', command: plainly, how: '' },
    { signal: 'SIGINT', command: interruptIgnored, how: ', started with SIGINT ignored' },
];
for (const { signal, command, how } of stops) {
    test(`stops everything on ${signal}${how}`, async (t) => {
        const run = await Run.ready(t, { command });
        const pids = run.descendants();
        run.child.kill(signal);
        assert.equal(await run.ended, 0, run.stderr);
        assert.deepEqual(pids.filter(alive), []);
        assert.equal(await statusOf(run.ports[0]), 0);
    });
}

test('stops everything on Ctrl-C in a terminal', async (t) => {
    const words = `exec '${plainly[0]}' --data '${temporaryFolder()}' --port ${await freePorts(2)}`;
    const run = new Run(t, [], { command: ['script', '--quiet', '--return', '--command', words, '/dev/null'] });
    await run.waitReady();
    const pids = run.descendants();
    run.child.stdin.write('\x03');
    assert.equal(await run.ended, 0, run.stdout);
    assert.deepEqual(pids.filter(alive), []);
    assert.doesNotMatch(run.stdout, /starting it again/);
});

test('stops a gateway that does not react, in the end', async (t) => {
    const run = await Run.ready(t);
    const pids = run.descendants();
    process.kill(run.gateway(run.ports[0]), 'SIGSTOP');
    run.child.kill('SIGTERM');
    assert.equal(await run.ended, 0, run.stderr);
    assert.deepEqual(pids.filter(alive), []);
});

test('leaves nothing behind when it is killed itself', async (t) => {
    const run = await Run.ready(t);
    const pids = run.descendants();
    run.child.kill('SIGKILL');
    await run.ended;
    await until('its children are gone', () => !pids.some(alive));
});

test('runs again on the same data', async (t) => {
    const data = temporaryFolder();
    for (const status of [201, 200]) {
        const run = await Run.ready(t, { data, gateways: 1 });
        assert.equal(await createGraph(run.ports[0], 'kept'), status);
        run.child.kill('SIGTERM');
        assert.equal(await run.ended, 0, run.stderr);
    }
});

test('says that a data directory is in use, and starts nothing', async (t) => {
    const first = await Run.ready(t, { gateways: 1 });
    const port = await freePorts(1);
    const second = new Run(t, ['--data', first.data, '--port', String(port), '--gateways', '1']);
    assert.equal(await second.ended, 1);
    assert.match(second.stderr, /lock|in use/i);
    assert.ok(second.stderr.includes(first.data), second.stderr);
    assert.equal(await statusOf(first.ports[0]), 200);
});

test('says which port is in use', async (t) => {
    const port = await freePorts(2);
    const server = createServer().listen(port + 1, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const run = new Run(t, ['--data', temporaryFolder(), '--port', String(port)]);
    assert.equal(await run.ended, 1);
    assert.match(run.stderr, new RegExp(`port ${port + 1}: Address already in use`));
    assert.doesNotMatch(run.stdout, /ready/);
});

const refused = [
    [['--port'], /--port needs a value/],
    [['--port='], /--port needs a value/],
    [['--port', 'x'], /--port must be a number from 1 to 65535, not 'x'/],
    [['--port', '0'], /--port must be a number from 1 to 65535, not '0'/],
    [['--port', '65536'], /--port must be a number/],
    [['--port', '-1'], /--port must be a number/],
    [['--port', '65535'], /2 gateways from port 65535 on would pass port 65535/],
    [['--gateways', '0'], /--gateways must be a number from 1 to 64, not '0'/],
    [['--gateways', '65'], /--gateways must be a number/],
    [['--gateways', '2x'], /--gateways must be a number/],
    [['--data', ''], /--data needs a value/],
    [['--colour', 'red'], /unknown argument '--colour'/],
    [['extra'], /unknown argument 'extra'/],
];
for (const [args, message] of refused) {
    test(`refuses ${JSON.stringify(args)}`, async (t) => {
        const run = new Run(t, args);
        assert.equal(await run.ended, 2);
        assert.match(run.stderr, message);
        assert.equal(run.stdout, '');
    });
}

test('deploy/build says how it is called when it does not know an option', () => {
    const result = spawnSync(join(root, 'deploy', 'build'), ['--help'], { encoding: 'utf8' });
    assert.equal(result.status, 2);
    assert.match(result.stderr, /^usage: deploy\/build/);
});

test('lists its options', async (t) => {
    const run = new Run(t, ['--help']);
    assert.equal(await run.ended, 0);
    for (const option of ['--data', '--port', '--gateways', '--host']) assert.ok(run.stdout.includes(option));
});

/** 201 when it was not there, 200 when it was. */
function createGraph(port, name) {
    return statusOf(port, `/v1/graphs/${name}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: '{"schema_flexibility":"read"}',
    });
}
