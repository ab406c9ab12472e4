/* Roam's JSON: a list of pages, each with the blocks below it. */
import type { ReadBlock, ReadPage, Reading } from './reading.js';

type Json = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

export function readRoamJson(text: string, path: string): Reading {
  const json: unknown = JSON.parse(text);
  if (!Array.isArray(json) || !json.every((page) => isMap(page) && typeof page['title'] === 'string')) {
    throw new Error('this JSON is no list of pages with titles, as Roam exports it');
  }
  const left = { count: 0 };
  const pages = (json as Json[]).map((page): ReadPage => ({
    title: page['title'] as string,
    uid: textOf(page['uid']),
    ...timesOf(page),
    children: blocksOf(page['children'], left),
  }));
  return { format: 'Roam JSON', pages, left: left.count === 0 ? [] : [`${path}: ${left.count} entries without a text`] };
}

const timesOf = (entry: Json): { createTime: number | undefined; editTime: number | undefined } => ({
  createTime: numberOf(entry['create-time']),
  editTime: numberOf(entry['edit-time']),
});

function blocksOf(value: unknown, left: { count: number }): ReadBlock[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown): ReadBlock[] => {
    if (!isMap(entry) || typeof entry['string'] !== 'string') {
      left.count += 1;
      return [];
    }
    return [{
      uid: textOf(entry['uid']),
      text: entry['string'],
      heading: numberOf(entry['heading']),
      isOpen: entry['open'] !== false,
      ...timesOf(entry),
      children: blocksOf(entry['children'], left),
    }];
  });
}
