/* Databases of DataScript as Roam (EDN) and Athens (Transit) save them: #datascript/DB {:schema .. :datoms [[e a v tx] ..]}. */
import { Keyword, List, ednRead, transitRead, type Value } from '../../../../client/dist/index.js';
import type { ReadBlock, ReadPage, Reading } from './reading.js';

/* An entity: the values of each attribute, by its name without the colon. */
type Entity = Map<string, Value[]>;

/* What this outliner keeps of a page or block. */
const KEPT = new Set([
  'node/title', 'block/uid', 'block/string', 'block/children', 'block/order', 'block/open', 'block/heading', 'create/time', 'edit/time',
]);

/* What follows from what is kept, or says nothing of pages. */
const IMPLIED = new Set(['block/refs', 'block/page', 'block/parents', 'block/path-refs', 'edit/user', 'create/user', 'edit/seen-by', 'attrs/lookup', 'entity/attrs', 'log/id']);

const DEPTH_MAX = 500;

export const readRoamEdn = (text: string, path: string): Reading => readDatabase(ednRead(text), 'Roam EDN', path);

export const readAthens = (text: string, path: string): Reading => readDatabase(transitRead(text), 'Athens save', path);

const listOf = (value: Value | undefined): readonly Value[] | undefined =>
  value instanceof List ? value.items : Array.isArray(value) ? (value as readonly Value[]) : undefined;

function nameOf(value: Value | undefined): string | undefined {
  return value instanceof Keyword ? value.name : typeof value === 'string' ? value.replace(/^:/, '') : undefined;
}

function datomsOf(database: Value): readonly Value[] | undefined {
  return database instanceof Map ? listOf(database.get(Keyword.of('datoms')) ?? database.get('datoms')) : undefined;
}

function readDatabase(database: Value, format: string, path: string): Reading {
  const datoms = datomsOf(database);
  if (!datoms) throw new Error('there is no :datoms in it, as a DataScript database has them');
  const entities = new Map<number, Entity>();
  for (const datom of datoms) {
    const [e, a, v] = listOf(datom) ?? [];
    const name = nameOf(a);
    if (typeof e !== 'number' || name === undefined || v === undefined) throw new Error('a datom of it is not [e a v tx]');
    const entity = entities.get(e) ?? new Map<string, Value[]>();
    const values = entity.get(name);
    if (values) values.push(v);
    else entities.set(e, entity.set(name, [v]));
  }
  const seen = new Set<number>();
  const pages = [...entities].flatMap(([id, entity]) => readPage(entities, id, entity, seen));
  return { format, pages, left: leftOf(entities, seen).map((line) => `${path}: ${line}`) };
}

function readPage(entities: ReadonlyMap<number, Entity>, id: number, entity: Entity, seen: Set<number>): ReadPage[] {
  const title = entity.get('node/title')?.[0];
  if (typeof title !== 'string' || title.trim() === '') return [];
  return [{ title, uid: textOf(entity, 'block/uid'), ...timesOf(entity), children: childrenOf(entities, entity, seen.add(id), 0) }];
}

function childrenOf(entities: ReadonlyMap<number, Entity>, parent: Entity, seen: Set<number>, depth: number): ReadBlock[] {
  if (depth > DEPTH_MAX) return [];
  const order = (entity: Entity): number => numberOf(entity, 'block/order') ?? Infinity;
  return ((parent.get('block/children') ?? []) as number[])
    .flatMap((id) => {
      const entity = entities.get(id);
      return entity && !seen.has(id) && entity.has('block/uid') ? [{ id, entity }] : [];
    })
    .sort((a, b) => order(a.entity) - order(b.entity) || a.id - b.id)
    .map(({ id, entity }) => ({
      uid: textOf(entity, 'block/uid'),
      text: textOf(entity, 'block/string') ?? '',
      heading: numberOf(entity, 'block/heading'),
      isOpen: entity.get('block/open')?.[0] !== false,
      ...timesOf(entity),
      children: childrenOf(entities, entity, seen.add(id), depth + 1),
    }));
}

function textOf(entity: Entity, name: string): string | undefined {
  const value = entity.get(name)?.[0];
  return typeof value === 'string' ? value : undefined;
}

function numberOf(entity: Entity, name: string): number | undefined {
  const value = entity.get(name)?.[0];
  return typeof value === 'number' ? value : undefined;
}

const timesOf = (entity: Entity): { createTime: number | undefined; editTime: number | undefined } => ({
  createTime: numberOf(entity, 'create/time'),
  editTime: numberOf(entity, 'edit/time'),
});

function leftOf(entities: ReadonlyMap<number, Entity>, seen: ReadonlySet<number>): string[] {
  const hanging = [...entities].filter(([id, entity]) => entity.has('block/string') && !seen.has(id)).length;
  const others = new Map<string, number>();
  for (const id of seen) {
    for (const name of entities.get(id)!.keys()) {
      if (!KEPT.has(name) && !IMPLIED.has(name)) others.set(name, (others.get(name) ?? 0) + 1);
    }
  }
  const names = [...others].map(([name, count]) => `:${name} (${count})`);
  return [
    ...(hanging === 0 ? [] : [`${hanging} blocks that are on no page`]),
    ...(names.length === 0 ? [] : [`what the outliner has no place for: ${names.join(', ')}`]),
  ];
}
