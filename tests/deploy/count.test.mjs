// tests/count: a failure, a crash or a skip is never counted as passed.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { root, temporaryFolder } from './supervised.mjs';

const cmocka = (...rows) => rows.map(([kind, n]) => `[  ${kind} ] ${n} test(s).`).join('\n');

const meson = [
    ['a program that passed', { result: 'OK' }, '1 0 0'],
    ['its cases', { result: 'OK', stderr: cmocka(['PASSED ', 7]) }, '7 0 0'],
    ['skipped cases', { result: 'OK', stdout: cmocka(['PASSED ', 2], ['SKIPPED', 1]) }, '2 0 1'],
    ['two groups of cases', { result: 'OK', stderr: cmocka(['PASSED ', 2], ['PASSED ', 3]) }, '5 0 0'],
    ['failed cases', { result: 'FAIL', stderr: cmocka(['PASSED ', 2], ['FAILED ', 3]) }, '2 3 0'],
    ['a crash', { result: 'FAIL', stderr: '' }, '0 1 0'],
    ['a sanitizer after the last case', { result: 'FAIL', stderr: cmocka(['PASSED ', 2]) }, '2 1 0'],
    ['a time-out', { result: 'TIMEOUT' }, '0 1 0'],
    ['an unexpected pass', { result: 'UNEXPECTEDPASS' }, '0 1 0'],
    ['a skipped program', { result: 'SKIP' }, '0 0 1'],
];
const tap = [
    ['the sums', '# tests 6\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 0\n', '3 2 1'],
    ['no sums, as after a crash', 'ok 1 - a\n', '0 1 0'],
    ['nothing at all', '', '0 1 0'],
];

function count(kind, text) {
    const file = join(temporaryFolder(), 'log');
    writeFileSync(file, text);
    const result = spawnSync(join(root, 'tests/count'), [kind, file], { encoding: 'utf8' });
    assert.equal(result.status, 0, result.stderr);
    return result.stdout.trim();
}

for (const [what, run, expected] of meson) {
    test(`meson: ${what}`, () => assert.equal(count('meson', `${JSON.stringify(run)}\n`), expected));
}
for (const [what, text, expected] of tap) {
    test(`tap: ${what}`, () => assert.equal(count('tap', text), expected));
}
test('meson: sums over programs', (t) => {
    const log = [{ result: 'OK' }, { result: 'FAIL' }, { result: 'SKIP' }].map((run) => JSON.stringify(run)).join('\n');
    assert.equal(count('meson', log), '1 1 1');
});
