/*
 * The questions, each in the words of every database that can be asked it. `rows` is what PEERS
 * says must come out, where it does; else the answers must only agree with one another.
 *
 *   query, rules, args   Stoa's and DataScript's (which takes names for keywords)
 *   sql                  over triple (a, e, v); {name} is the number of an attribute
 *   cozo                 over *triple {a, e, v} and its index *triple:by_value {a, v, e}
 *   published            the best figure published, in ms
 *   slow                 who takes minutes, and is not asked
 */
const FOLLOWS = `[[(follows ?x ?y) [?x :follows ?y]]
                  [(follows ?x ?y) [?x :follows ?t] (follows ?t ?y)]]`;

const SQL_FOLLOWS = `WITH RECURSIVE f(x, y) AS (SELECT e, v FROM triple WHERE a = {follows}
  UNION SELECT t.e, f.y FROM f JOIN triple t ON t.a = {follows} AND t.v = f.x) SELECT x, y FROM f`;

const COZO_FOLLOWS = `f[x, y] := *triple{a: 'follows', e: x, v: y}
  f[x, y] := *triple{a: 'follows', e: x, v: t}, f[t, y]
  ?[x, y] := f[x, y]`;

function follows(name, graph, rows, published, slow) {
  return {
    slow, name, graph, rows, published, rules: FOLLOWS, sql: SQL_FOLLOWS, cozo: COZO_FOLLOWS,
    query: '[:find ?x ?y :in $ % :where (follows ?x ?y)]',
  };
}

export const questions = [
  {
    name: 'q1', graph: 'people', published: 0.13,
    query: '[:find ?e :where [?e :name "Ivan"]]',
    sql: `SELECT e FROM triple WHERE a = {name} AND v = 'Ivan'`,
    cozo: `?[e] := *triple:by_value{a: 'name', v: 'Ivan', e}`,
  },
  {
    name: 'q2', graph: 'people', published: 0.62,
    query: '[:find ?e ?a :where [?e :name "Ivan"] [?e :age ?a]]',
    sql: `SELECT n.e, g.v FROM triple n JOIN triple g ON g.a = {age} AND g.e = n.e
      WHERE n.a = {name} AND n.v = 'Ivan'`,
    cozo: `?[e, a] := *triple:by_value{a: 'name', v: 'Ivan', e}, *triple{a: 'age', e, v: a}`,
  },
  {
    name: 'q2-switch', graph: 'people', published: 0.62,
    query: '[:find ?e ?a :where [?e :age ?a] [?e :name "Ivan"]]',
    sql: `SELECT n.e, g.v FROM triple g JOIN triple n ON g.a = {age} AND g.e = n.e
      WHERE n.a = {name} AND n.v = 'Ivan'`,
    cozo: `?[e, a] := *triple{a: 'age', e, v: a}, *triple{a: 'name', e, v: 'Ivan'}`,
  },
  {
    name: 'q3', graph: 'people', published: 1.9,
    query: '[:find ?e ?a :where [?e :name "Ivan"] [?e :age ?a] [?e :sex :male]]',
    sql: `SELECT n.e, g.v FROM triple n JOIN triple g ON g.a = {age} AND g.e = n.e
      JOIN triple s ON s.a = {sex} AND s.e = n.e AND s.v = 'male'
      WHERE n.a = {name} AND n.v = 'Ivan'`,
    cozo: `?[e, a] := *triple:by_value{a: 'name', v: 'Ivan', e}, *triple{a: 'age', e, v: a},
      *triple{a: 'sex', e, v: 'male'}`,
  },
  {
    name: 'q4', graph: 'people', published: 2.3,
    query: '[:find ?e ?l ?a :where [?e :name "Ivan"] [?e :last-name ?l] [?e :age ?a] [?e :sex :male]]',
    sql: `SELECT n.e, l.v, g.v FROM triple n JOIN triple g ON g.a = {age} AND g.e = n.e
      JOIN triple l ON l.a = {last-name} AND l.e = n.e
      JOIN triple s ON s.a = {sex} AND s.e = n.e AND s.v = 'male'
      WHERE n.a = {name} AND n.v = 'Ivan'`,
    cozo: `?[e, l, a] := *triple:by_value{a: 'name', v: 'Ivan', e}, *triple{a: 'age', e, v: a},
      *triple{a: 'last-name', e, v: l}, *triple{a: 'sex', e, v: 'male'}`,
  },
  {
    name: 'qpred1', graph: 'people', published: 2.6,
    query: '[:find ?e ?s :where [?e :salary ?s] [(> ?s 50000)]]',
    sql: 'SELECT e, v FROM triple WHERE a = {salary} AND v > 50000',
    cozo: `?[e, s] := *triple:by_value{a: 'salary', v: s, e}, s > 50000`,
  },
  {
    name: 'qpred2', graph: 'people', args: [50000], published: 2.6,
    query: '[:find ?e ?s :in $ ?min :where [?e :salary ?s] [(> ?s ?min)]]',
    sql: 'SELECT e, v FROM triple WHERE a = {salary} AND v > 50000',
    cozo: `?[e, s] := *triple:by_value{a: 'salary', v: s, e}, s > 50000`,
  },
  {
    name: 'value join', graph: 'people', published: 7.9,
    query: `[:find ?e1 ?l ?a :where [?e :name "Ivan"] [?e :age ?a] [?e1 :age ?a] [?e1 :last-name ?l]]`,
    sql: `SELECT DISTINCT g1.e, l.v, g1.v FROM triple n JOIN triple g ON g.a = {age} AND g.e = n.e
      JOIN triple g1 ON g1.a = {age} AND g1.v = g.v JOIN triple l ON l.a = {last-name} AND l.e = g1.e
      WHERE n.a = {name} AND n.v = 'Ivan'`,
    cozo: `?[e1, l, a] := *triple:by_value{a: 'name', v: 'Ivan', e}, *triple{a: 'age', e, v: a},
      *triple:by_value{a: 'age', v: a, e: e1}, *triple{a: 'last-name', e: e1, v: l}`,
  },
  {
    name: 'value join, all pairs', graph: 'people',
    query: `[:find ?e ?e1 :where [?e :name "Ivan"] [?e :age ?a] [?e1 :age ?a]]`,
    sql: `SELECT DISTINCT n.e, g1.e FROM triple n JOIN triple g ON g.a = {age} AND g.e = n.e
      JOIN triple g1 ON g1.a = {age} AND g1.v = g.v WHERE n.a = {name} AND n.v = 'Ivan'`,
    cozo: `?[e, e1] := *triple:by_value{a: 'name', v: 'Ivan', e}, *triple{a: 'age', e, v: a},
      *triple:by_value{a: 'age', v: a, e: e1}`,
  },
  {
    name: 'not', graph: 'people', published: 3.8,
    query: '[:find ?e ?a :where [?e :age ?a] (not [?e :sex :male])]',
    sql: `SELECT g.e, g.v FROM triple g WHERE g.a = {age} AND NOT EXISTS
      (SELECT 1 FROM triple s WHERE s.a = {sex} AND s.e = g.e AND s.v = 'male')`,
    cozo: `?[e, a] := *triple{a: 'age', e, v: a}, not *triple{a: 'sex', e, v: 'male'}`,
  },
  {
    name: 'or-join', graph: 'people', published: 5.5,
    query: `[:find ?e :where (or-join [?e] [?e :name "Ivan"] (and [?e :age ?a] [(< ?a 20)]))]`,
    sql: `SELECT e FROM triple WHERE a = {name} AND v = 'Ivan'
      UNION SELECT e FROM triple WHERE a = {age} AND v < 20`,
    cozo: `?[e] := *triple:by_value{a: 'name', v: 'Ivan', e}
      ?[e] := *triple:by_value{a: 'age', v: a, e}, a < 20`,
  },
  {
    name: '5-way merge', graph: 'people', published: 2.4,
    query: `[:find ?e ?l ?a ?x ?s :where [?e :name "Ivan"] [?e :last-name ?l] [?e :age ?a] [?e :sex ?x]
      [?e :salary ?s]]`,
    sql: `SELECT n.e, l.v, g.v, x.v, s.v FROM triple n JOIN triple l ON l.a = {last-name} AND l.e = n.e
      JOIN triple g ON g.a = {age} AND g.e = n.e JOIN triple x ON x.a = {sex} AND x.e = n.e
      JOIN triple s ON s.a = {salary} AND s.e = n.e WHERE n.a = {name} AND n.v = 'Ivan'`,
    cozo: `?[e, l, a, x, s] := *triple:by_value{a: 'name', v: 'Ivan', e}, *triple{a: 'last-name', e, v: l},
      *triple{a: 'age', e, v: a}, *triple{a: 'sex', e, v: x}, *triple{a: 'salary', e, v: s}`,
  },
  {
    name: '3-hop', graph: 'friends', published: 30,
    query: `[:find ?e ?d :where [?e :name "Ivan"] [?e :friend ?b] [?b :friend ?c] [?c :friend ?d]]`,
    sql: `SELECT DISTINCT n.e, f3.v FROM triple n JOIN triple f1 ON f1.a = {friend} AND f1.e = n.e
      JOIN triple f2 ON f2.a = {friend} AND f2.e = f1.v JOIN triple f3 ON f3.a = {friend} AND f3.e = f2.v
      WHERE n.a = {name} AND n.v = 'Ivan'`,
    cozo: `?[e, d] := *triple:by_value{a: 'name', v: 'Ivan', e}, *triple{a: 'friend', e, v: b},
      *triple{a: 'friend', e: b, v: c}, *triple{a: 'friend', e: c, v: d}`,
  },
  {
    name: 'avg and count by sex', graph: 'people', published: 0.54, exact: false,
    query: '[:find ?x (avg ?s) (count ?e) :where [?e :sex ?x] [?e :salary ?s]]',
    sql: `SELECT x.v, avg(s.v), count(*) FROM triple x JOIN triple s ON s.a = {salary} AND s.e = x.e
      WHERE x.a = {sex} GROUP BY x.v`,
    cozo: `?[x, mean(s), count(e)] := *triple{a: 'sex', e, v: x}, *triple{a: 'salary', e, v: s}`,
  },
  follows('rules, wide 3x3', 'wide 3x3', 102),
  follows('rules, wide 5x3', 'wide 5x3', 1641),
  follows('rules, wide 7x3', 'wide 7x3', 21324, 13),
  follows('rules, wide 4x6', 'wide 4x6', 5910),
  follows('rules, long 10x3', 'long 10x3', 165),
  follows('rules, long 30x3', 'long 30x3', 1395),
  follows('rules, long 30x5', 'long 30x5', 2325, 3.3),
  follows('rules, tri 8', 'tri 8', 28),
  follows('rules, tri 40', 'tri 40', 780, undefined, ['datascript']),
  {
    name: 'ancestors of one, 100,000 edges', graph: 'tree', args: [100000],
    rules: '[[(above ?x ?y) [?x :follows ?y]] [(above ?x ?y) [?z :follows ?y] (above ?x ?z)]]',
    query: '[:find ?x :in $ % ?y :where (above ?x ?y)]',
    sql: `WITH RECURSIVE f(x) AS (SELECT e FROM triple WHERE a = {follows} AND v = 100000
      UNION SELECT t.e FROM f JOIN triple t ON t.a = {follows} AND t.v = f.x) SELECT x FROM f`,
    cozo: `f[x] := *triple:by_value{a: 'follows', v: 100000, e: x}
      f[x] := f[z], *triple:by_value{a: 'follows', v: z, e: x}
      ?[x] := f[x]`,
  },
  {
    name: 'descendants of one, 100,000 edges', graph: 'tree', args: [1], slow: ['datascript'],
    rules: '[[(below ?x ?y) [?x :follows ?y]] [(below ?x ?y) [?x :follows ?z] (below ?z ?y)]]',
    query: '[:find ?y :in $ % ?x :where (below ?x ?y)]',
    sql: `WITH RECURSIVE f(x) AS (SELECT v FROM triple WHERE a = {follows} AND e = 1
      UNION SELECT t.v FROM f JOIN triple t ON t.a = {follows} AND t.e = f.x) SELECT x FROM f`,
    cozo: `f[x] := *triple{a: 'follows', e: 1, v: x}
      f[x] := f[z], *triple{a: 'follows', e: z, v: x}
      ?[x] := f[x]`,
  },
  {
    name: 'find-datoms', graph: 'people', index: ['name'],
    sql: 'SELECT e, v FROM triple WHERE a = {name}',
    cozo: `?[e, v] := *triple{a: 'name', e, v}`,
  },
  {
    name: 'as-of name+age', graph: 'changing', asOf: true, published: 4.9,
    query: '[:find ?e ?n ?a :where [?e :name ?n] [?e :age ?a]]',
    sql: `SELECT n.e, n.v, g.v FROM past n JOIN past g ON g.a = {age} AND g.e = n.e
      WHERE n.a = {name} AND n.t0 <= {as-of} AND n.t1 > {as-of} AND g.t0 <= {as-of} AND g.t1 > {as-of}`,
  },
  {
    name: 'history join', graph: 'changing', history: true, published: 16,
    query: '[:find ?e ?n ?a ?t :where [?e :name ?n] [?e :age ?a ?t true]]',
    sql: `SELECT n.e, n.v, g.v, g.t0 + 536870912 FROM past n JOIN past g ON g.a = {age} AND g.e = n.e
      WHERE n.a = {name}`,
  },
  {
    name: 'backlinks', graph: 'real', target: 'backlinks',
    query: '[:find ?b ?s :in $ ?p :where [?b :block/refs ?p] [?b :block/string ?s]]',
    sql: `SELECT r.e, s.v FROM triple r JOIN triple s ON s.a = {block/string} AND s.e = r.e
      WHERE r.a = {block/refs} AND r.v = {target}`,
    cozo: `?[b, s] := *triple:by_value{a: 'block/refs', v: {target}, e: b}, *triple{a: 'block/string', e: b, v: s}`,
  },
  {
    name: 'ancestors of every block', graph: 'real', slow: ['datascript'],
    rules: `[[(above ?x ?y) [?x :block/children ?y]] [(above ?x ?y) [?x :block/children ?z] (above ?z ?y)]]`,
    query: '[:find ?x ?y :in $ % :where (above ?x ?y)]',
    sql: `WITH RECURSIVE f(x, y) AS (SELECT e, v FROM triple WHERE a = {block/children}
      UNION SELECT t.e, f.y FROM f JOIN triple t ON t.a = {block/children} AND t.v = f.x) SELECT x, y FROM f`,
    cozo: `f[x, y] := *triple{a: 'block/children', e: x, v: y}
      f[x, y] := *triple{a: 'block/children', e: x, v: t}, f[t, y]
      ?[x, y] := f[x, y]`,
  },
  {
    name: 'full page pull', graph: 'real', target: 'page',
    pull: '[:db/id :node/title :block/string :block/uid :block/order {:block/children ...}]',
    sql: `WITH RECURSIVE f(x) AS (SELECT {target} UNION
      SELECT t.v FROM f JOIN triple t ON t.a = {block/children} AND t.e = f.x)
      SELECT t.e, t.a, t.v FROM f JOIN triple t ON t.e = f.x AND t.a IN
      ({node/title}, {block/string}, {block/uid}, {block/order}, {block/children})`,
    cozo: `f[x] := x = {target}
      f[x] := f[z], *triple{a: 'block/children', e: z, v: x}
      ?[e, a, v] := f[e], a in ['node/title', 'block/string', 'block/uid', 'block/order', 'block/children'],
        *triple{a, e, v}`,
  },
  {
    name: 'page of 500 blocks, 3 levels', graph: 'pages', eids: [1],
    pull: `[* {:block/children [* {:block/children [* {:block/children [*]}]}]}]`,
    sql: `WITH RECURSIVE f(x) AS (SELECT 1 UNION
      SELECT t.v FROM f JOIN triple t ON t.a = {block/children} AND t.e = f.x)
      SELECT t.e, t.a, t.v FROM f JOIN triple t ON t.e = f.x`,
    cozo: `f[x] := x = 1
      f[x] := f[z], *triple{a: 'block/children', e: z, v: x}
      ?[e, a, v] := f[e], a in ['node/title', 'block/string', 'block/uid', 'block/order', 'block/children',
        'create/time', 'edit/time'], *triple{a, e, v}`,
  },
];
