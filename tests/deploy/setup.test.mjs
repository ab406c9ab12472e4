// deploy/setup with a dpkg, an apt and a sudo that only pretend, so that every machine is the same.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { root, temporaryFolder } from './supervised.mjs';

const TOOLS = ['bash', 'comm', 'dirname', 'env', 'grep', 'mktemp', 'rm', 'sed', 'sort', 'tail'];
const isRoot = process.getuid() === 0;

/** A folder for PATH that holds the tools, and pretenders that write down how they were called. */
function machine({ installed, sudo = false, aptFails = 0, node = false }) {
    const folder = temporaryFolder();
    chmodSync(folder, 0o777);
    const script = (name, text) => writeFileSync(join(folder, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    for (const tool of TOOLS) {
        const path = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
        symlinkSync(path, join(folder, tool));
    }
    const has = installed === 'all' ? '*' : installed.join('|') || '-';
    script('dpkg-query', `shift 3; for p; do case $p in ${has}) echo "installed $p" ;; esac; done`);
    script('apt-get', `echo "apt-get $*" >>${folder}/log
case "$*" in *install*) n=$(grep -c install ${folder}/log); ((n > ${aptFails})) || { echo broken >&2; exit 100; } ;; esac`);
    if (sudo) script('sudo', `echo "sudo $1" >>${folder}/log\n[[ $1 == -n ]] && exit 0\nexec "$@"`);
    if (node) script('node', 'echo v20');
    // A copy, for the tree itself may be closed to other users.
    for (const file of ['setup', 'packages']) copyFileSync(join(root, 'deploy', file), join(folder, file));
    const log = join(folder, 'log');
    return {
        setup(groups, { asRoot = false } = {}) {
            const command = [join(folder, 'setup'), ...groups];
            const drop = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
            const words = asRoot || !isRoot ? command : [...drop, ...command];
            const path = process.env.PATH.split(':').find((each) => existsSync(join(each, 'setpriv')));
            const from = words[0] === 'setpriv' ? join(path, 'setpriv') : words[0];
            const result = spawnSync(from, words.slice(1), { encoding: 'utf8', env: { PATH: folder } });
            assert.equal(result.stdout, '', 'standard output belongs to the caller');
            return { status: result.status, said: result.stderr, calls: existsSync(log) ? readFileSync(log, 'utf8') : '' };
        },
    };
}

test('does and says nothing when nothing is missing', () => {
    const { status, said, calls } = machine({ installed: 'all' }).setup(['build', 'test', 'sanitize']);
    assert.deepEqual({ status, said, calls }, { status: 0, said: '', calls: '' });
});

test('names what is missing, and the command, where it cannot become root', () => {
    const { status, said, calls } = machine({ installed: [] }).setup(['sanitize']);
    assert.equal(status, 1);
    assert.equal(calls, '');
    assert.match(said, /missing Debian packages: clang libclang-rt-14-dev llvm/);
    assert.match(said, /not root and cannot become root with sudo/);
    assert.match(said, /apt-get install --no-install-recommends clang libclang-rt-14-dev llvm/);
});

test('installs only what is missing, through sudo', () => {
    const { status, calls } = machine({ installed: ['clang'], sudo: true }).setup(['sanitize']);
    assert.equal(status, 0);
    assert.match(calls, /sudo env/);
    assert.match(calls, /apt-get .* install --no-install-recommends libclang-rt-14-dev llvm$/m);
    assert.doesNotMatch(calls, / update/);
});

test('installs as root without sudo', { skip: !isRoot && 'this user is not root' }, () => {
    const { status, calls } = machine({ installed: ['clang'] }).setup(['sanitize'], { asRoot: true });
    assert.equal(status, 0);
    assert.doesNotMatch(calls, /sudo/);
    assert.match(calls, /install --no-install-recommends libclang-rt-14-dev llvm$/m);
});

test('fetches the lists of packages only when installing fails without', () => {
    const { status, calls } = machine({ installed: [], sudo: true, aptFails: 1 }).setup(['sanitize']);
    assert.equal(status, 0);
    assert.match(calls, /install(.|\n)* update\n(.|\n)*install/);
});

test('says what apt could not install', () => {
    const { status, said } = machine({ installed: [], sudo: true, aptFails: 9 }).setup(['sanitize']);
    assert.equal(status, 1);
    assert.match(said, /broken/);
    assert.match(said, /apt-get install failed/);
});

test('keeps a Node.js that is there', () => {
    const { calls } = machine({ installed: ['ca-certificates'], sudo: true, node: true }).setup(['test']);
    assert.match(calls, /install --no-install-recommends npm$/m);
});

test('refuses a group that is not in the list', () => {
    const { status, said } = machine({ installed: 'all' }).setup(['nonsense']);
    assert.equal(status, 2);
    assert.match(said, /no group 'nonsense'/);
});
