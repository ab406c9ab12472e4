/* The whole graph as files: Markdown in a zip, made in slices, and EDN, which the gateway streams. */
import { Zip, ZipDeflate } from 'fflate';
import { inSlices } from '../../client/dist/slices.js';
import { graph, graphName } from './desk.js';
import { download } from './download.js';
import { writePages } from './model/export.js';

export const ednHref = `/v1/graphs/${encodeURIComponent(graphName)}/export`;

/* Resolves to the number of pages in the file. */
export async function downloadMarkdown(): Promise<number> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, part) => {
    if (error) throw error;
    parts.push(part as Uint8Array<ArrayBuffer>);
  });
  const count = await inSlices(
    writePages(graph.db.value, (name, text) => {
      const file = new ZipDeflate(name);
      zip.add(file);
      file.push(new TextEncoder().encode(text), true);
    }),
  );
  zip.end();
  download(`${graphName}.zip`, new Blob(parts, { type: 'application/zip' }));
  return count;
}
