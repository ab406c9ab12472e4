/*
 * The last step of the build: puts npm's `diff` into dist/diff.js, with its licence beside it, so
 * that the package has no dependency more for one function.
 */
import { copyFile } from 'node:fs/promises';
import { build } from 'esbuild';

const file = 'dist/diff.js';

await build({
  entryPoints: [file],
  outfile: file,
  allowOverwrite: true,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  banner: { js: '/* Holds jsdiff (npm: diff); its licence is in diff.LICENSE. */' },
});
await copyFile('node_modules/diff/LICENSE', 'dist/diff.LICENSE');
