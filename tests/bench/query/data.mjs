/*
 * The data: the people of datascript-bench, a page, and the graphs that its rules go over. A data set is
 * { schema, datoms }, with attributes and keywords as their names; { keyword: "male" } is a keyword.
 */
import { Random } from '../../e2e/random.mjs';

const FIRST_NAMES = ['Ivan', 'Petr', 'Sergei', 'Oleg', 'Yuri', 'Dmitry', 'Fedor', 'Denis'];
const LAST_NAMES = ['Ivanov', 'Petrov', 'Sidorov', 'Kovalev', 'Kuznetsov', 'Voronoi'];
const FRIENDS = 3;

/* The datoms of each of `count` people in turn, with three friends where `friends`. */
export function* eachPerson(count, seed, friends = false) {
  const random = new Random(seed);
  const ids = Uint32Array.from({ length: count }, (_, i) => i + 1);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [ids[i], ids[j]] = [ids[j], ids[i]];
  }
  for (const id of ids) {
    const datoms = [
      [id, 'name', FIRST_NAMES[random.below(FIRST_NAMES.length)]],
      [id, 'last-name', LAST_NAMES[random.below(LAST_NAMES.length)]],
      [id, 'sex', { keyword: random.below(2) ? 'male' : 'female' }],
      [id, 'age', random.below(100)],
      [id, 'salary', random.below(100000)],
    ];
    const known = new Set();
    while (friends && known.size < FRIENDS)
      known.add(1 + random.below(count));
    for (const friend of known)
      datoms.push([id, 'friend', friend]);
    yield datoms;
  }
}

export function people(count, seed, friends = false) {
  return { schema: friends ? { friend: 'ref many' } : {}, datoms: [...eachPerson(count, seed, friends)].flat() };
}

const FOLLOWS = { follows: 'ref many' };

/* A tree: the children of id are id * width + [0, width). */
export function wide(depth, width) {
  const datoms = [];
  const grow = (id, left) => {
    for (let i = 0; i < width && left > 0; i++) {
      datoms.push([id, 'follows', id * width + i]);
      grow(id * width + i, left - 1);
    }
  };
  grow(1, depth);
  return { schema: FOLLOWS, datoms };
}

/* `width` chains of `depth` edges. */
export function long(depth, width) {
  const datoms = [];
  for (let chain = 0; chain < width; chain++)
    for (let i = 1; i <= depth; i++)
      datoms.push([chain * (depth + 1) + i, 'follows', chain * (depth + 1) + i + 1]);
  return { schema: FOLLOWS, datoms };
}

/* Everyone follows all who come later. */
export function triangle(count) {
  const datoms = [];
  for (let i = 1; i <= count; i++)
    for (let j = i + 1; j <= count; j++)
      datoms.push([i, 'follows', j]);
  return { schema: FOLLOWS, datoms };
}

/* A random tree of `count` edges. */
export function tree(count, seed) {
  const random = new Random(seed);
  const datoms = [];
  for (let i = 2; i <= count + 1; i++)
    datoms.push([1 + random.below(i - 1), 'follows', i]);
  return { schema: FOLLOWS, datoms };
}

export function ednValue(value) {
  if (value?.keyword)
  return `:${value.keyword}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

export function ednSchema(schema) {
  const entries = Object.entries(schema).map(([name, says]) => {
    const type = says.includes('ref') ? ':db/valueType :db.type/ref ' : '';
    const many = says.includes('many') ? ':db/cardinality :db.cardinality/many ' : '';
    const unique = says.includes('identity') ? ':db/unique :db.unique/identity' : '';
    return `:${name} {${type}${many}${unique}}`;
  });
  return `{${entries.join(' ')}}`;
}

/* As `stoa import` takes it. */
export function ednDatabase({ schema, datoms }) {
  const lines = datoms.map(([e, a, v]) => `[${e} :${a} ${ednValue(v)} 536870913]`);
  return `#datascript/DB {:schema ${ednSchema(schema)} :datoms [${lines.join('\n')}]}\n`;
}

const OUTLINE = { 'block/uid': 'identity', 'block/children': 'ref many' };

/* A page of 500 blocks: ten, with seven below each, and six below each of those. */
export function page(seed) {
  const random = new Random(seed);
  const datoms = [[1, 'node/title', 'A long page']];
  let last = 1;
  const grow = (parent, widths) => {
    for (let order = 0; order < widths[0]; order++) {
      const e = ++last;
      datoms.push([parent, 'block/children', e], [e, 'block/uid', random.name(9)], [e, 'block/order', order],
        [e, 'block/string', `${random.name(6)} ${random.name(40)} ${random.name(12)}`],
        [e, 'create/time', 1600000000000 + random.below(1e9)], [e, 'edit/time', 1600000000000 + random.below(1e9)]);
      if (widths.length > 1)
        grow(e, widths.slice(1));
    }
  };
  grow(1, [10, 7, 6]);
  return { schema: OUTLINE, datoms };
}
