#include "txd/query/join.h"

#include <stdlib.h>

#define NO_ROW UINT32_MAX

/* Numbers are close together when there are at most so many places for each. */
#define DENSE_PLACES 8

/* The columns by which two relations are compared, side by side. */
struct key {
    const struct column **a, **b;
    uint32_t count;
};

static struct key key_shared(struct arena *arena, const struct relation *a,
                             const struct relation *b)
{
    struct key key = { .a = ARENA_ARRAY(arena, const struct column *, a->width),
                       .b = ARENA_ARRAY(arena, const struct column *, a->width) };

    for (uint32_t i = 0; i < a->width; i++) {
        uint32_t j = relation_column(b, a->variables[i]);
        if (j != COLUMN_NONE) {
            key.a[key.count] = &a->columns[i];
            key.b[key.count++] = &b->columns[j];
        }
    }
    return key;
}

static bool row_equal(const struct column *const *a, size_t row_a, const struct column *const *b,
                      size_t row_b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!column_equal(a[i], row_a, b[i], row_b))
            return false;
    return true;
}

/*
 * The hashes of a key's rows, made column by column. Where they are `exact` equal hashes mean equal
 * rows: number_hash() gives different numbers different hashes, and the key is one number, or two
 * small ones side by side.
 */
struct hashes {
    uint64_t *of;
    bool exact;
};

enum packing { PACKING_NONE, PACKING_ONE, PACKING_TWO };

static bool is_small(const struct column *column, size_t rows)
{
    int64_t all = 0;

    if (column->type == COLUMN_CODE)
        return true;
    for (size_t row = 0; row < rows; row++)
        all |= column->longs[row];
    return all >= 0 && all <= UINT32_MAX;
}

/* How the keys of two relations, which may be the same, are made into numbers. */
static enum packing packing_of(const struct key *key, size_t rows_a, size_t rows_b)
{
    for (uint32_t i = 0; i < key->count; i++)
        if (!column_comparable(key->a[i], key->b[i]))
            return PACKING_NONE;
    if (key->count == 1)
        return PACKING_ONE;
    if (key->count != 2)
        return PACKING_NONE;
    for (uint32_t i = 0; i < 2; i++)
        if (!is_small(key->a[i], rows_a) ||
            (key->a[i] != key->b[i] && !is_small(key->b[i], rows_b)))
            return PACKING_NONE;
    return PACKING_TWO;
}

static void hashes_make(struct hashes *hashes, enum packing packing,
                        const struct column *const *columns, uint32_t count, size_t rows)
{
    hashes->of = xmalloc((rows + 1) * sizeof(*hashes->of));
    hashes->exact = packing != PACKING_NONE || count == 0;
    if (packing == PACKING_ONE) {
        for (size_t row = 0; row < rows; row++)
            hashes->of[row] = number_hash((uint64_t)column_number(columns[0], row));
        return;
    }
    if (packing == PACKING_TWO) {
        for (size_t row = 0; row < rows; row++)
            hashes->of[row] = number_hash((uint64_t)column_number(columns[0], row) << 32 |
                                          (uint64_t)column_number(columns[1], row));
        return;
    }
    memset(hashes->of, 0, rows * sizeof(*hashes->of));
    for (uint32_t i = 0; i < count; i++)
        for (size_t row = 0; row < rows; row++) {
            uint64_t hash = hashes->of[row];
            hashes->of[row] =
                (hash << 5 | hash >> 59) * 0x9e3779b97f4a7c15u + column_hash(columns[i], row);
        }
}

/* Rows by the hash of their key: chains through `next`, first row first. */
struct chains {
    uint32_t *heads, *next;
    size_t mask;
};

static void chains_build(struct chains *chains, const struct hashes *hashes, size_t rows)
{
    size_t size = 16;

    while (size < rows)
        size *= 2;
    chains->mask = size - 1;
    chains->heads = xmalloc(size * sizeof(uint32_t));
    chains->next = xmalloc((rows + 1) * sizeof(uint32_t));
    memset(chains->heads, 0xff, size * sizeof(uint32_t));
    for (size_t row = rows; row-- > 0;) {
        size_t slot = hashes->of[row] & chains->mask;
        chains->next[row] = chains->heads[slot];
        chains->heads[slot] = (uint32_t)row;
    }
}

static void chains_release(struct chains *chains)
{
    free(chains->heads);
    free(chains->next);
}

/* The pairs of rows that a join found. */
struct pairs {
    uint32_t *a, *b;
    size_t count, cap;
};

static void pairs_add(struct pairs *pairs, uint32_t a, uint32_t b)
{
    if (pairs->count == pairs->cap) {
        pairs->cap = pairs->cap ? pairs->cap * 2 : 256;
        pairs->a = xrealloc(pairs->a, pairs->cap * sizeof(uint32_t));
        pairs->b = xrealloc(pairs->b, pairs->cap * sizeof(uint32_t));
    }
    pairs->a[pairs->count] = a;
    pairs->b[pairs->count++] = b;
}

/* Pairs are counted as they come, so that a product stops at the limit and not after it. What they
 * hold is outside the arena, so they may be no more than the memory limit can take in. */
static bool pairs_check(const struct pairs *pairs, struct budget *budget, struct error *err)
{
    return ++budget->turns % BUDGET_TURNS != 0 || budget_rows(budget, pairs->count, err);
}

/* One side of a join: the columns of the key, and their hashes. */
struct side {
    const struct column *const *columns;
    size_t rows;
    struct hashes hashes;
};

static bool same_key(const struct side *build, size_t at, const struct side *probe, size_t row,
                     uint32_t count)
{
    return build->hashes.of[at] == probe->hashes.of[row] &&
           (build->hashes.exact || row_equal(build->columns, at, probe->columns, row, count));
}

/* Finds the pairs with `build` in the hash table and each row of `probe` looked up. */
static bool pairs_find(const struct side *build, const struct side *probe, uint32_t count,
                       bool build_is_a, struct pairs *pairs, struct budget *budget,
                       struct error *err)
{
    struct chains chains;
    bool ok = true;

    chains_build(&chains, &build->hashes, build->rows);
    for (size_t row = 0; ok && row < probe->rows; row++) {
        uint32_t at = chains.heads[probe->hashes.of[row] & chains.mask];
        ok = pairs_check(pairs, budget, err);
        for (; ok && at != NO_ROW; at = chains.next[at]) {
            if (!same_key(build, at, probe, row, count))
                continue;
            pairs_add(pairs, build_is_a ? at : (uint32_t)row, build_is_a ? (uint32_t)row : at);
            ok = pairs_check(pairs, budget, err);
        }
    }
    chains_release(&chains);
    return ok;
}

/* Gathers the rows of the pairs into one relation. */
static struct relation *pairs_gather(const struct pairs *pairs, const struct relation *a,
                                     const struct relation *b, struct arena *arena)
{
    uint32_t *variables = ARENA_ARRAY(arena, uint32_t, a->width + b->width);
    struct column *columns = ARENA_ARRAY(arena, struct column, a->width + b->width);
    uint32_t width = 0;

    for (uint32_t i = 0; i < a->width; i++) {
        variables[width] = a->variables[i];
        columns[width++] = column_pick(arena, &a->columns[i], pairs->a, pairs->count);
    }
    for (uint32_t i = 0; i < b->width; i++) {
        if (relation_column(a, b->variables[i]) != COLUMN_NONE)
            continue;
        variables[width] = b->variables[i];
        columns[width++] = column_pick(arena, &b->columns[i], pairs->b, pairs->count);
    }
    struct relation *relation = relation_new(arena, variables, width);
    relation->columns = columns;
    relation->rows = relation->cap = pairs->count;
    relation->distinct = a->distinct && b->distinct;
    return relation;
}

/* Makes the hashes of both sides of a key. */
static void sides_open(const struct key *key, const struct relation *a, const struct relation *b,
                       struct side *side_a, struct side *side_b)
{
    enum packing packing = packing_of(key, a->rows, b->rows);

    *side_a = (struct side){ key->a, a->rows, { 0 } };
    *side_b = (struct side){ key->b, b->rows, { 0 } };
    hashes_make(&side_a->hashes, packing, key->a, key->count, a->rows);
    hashes_make(&side_b->hashes, packing, key->b, key->count, b->rows);
}

static void sides_close(struct side *a, struct side *b)
{
    free(a->hashes.of);
    free(b->hashes.of);
}

bool join_natural(const struct relation *a, const struct relation *b, struct arena *arena,
                  struct budget *budget, struct relation **out, struct error *err)
{
    struct pairs pairs = { 0 };
    struct key key = key_shared(arena, a, b);
    struct side side_a, side_b;
    bool ok;

    sides_open(&key, a, b, &side_a, &side_b);
    if (a->rows < b->rows)
        ok = pairs_find(&side_a, &side_b, key.count, true, &pairs, budget, err);
    else
        ok = pairs_find(&side_b, &side_a, key.count, false, &pairs, budget, err);
    ok = ok && budget_rows(budget, pairs.count, err) &&
         budget_room(budget, pairs.count, (uint64_t)a->width + b->width, err);
    if (ok)
        *out = pairs_gather(&pairs, a, b, arena);
    sides_close(&side_a, &side_b);
    free(pairs.a);
    free(pairs.b);
    return ok && budget_check(budget, err);
}

bool join_anti(const struct relation *a, const struct relation *b, struct arena *arena,
               struct budget *budget, struct relation **out, struct error *err)
{
    struct key key = key_shared(arena, a, b);
    uint32_t *picked = xmalloc((a->rows + 1) * sizeof(*picked));
    size_t count = 0;
    struct side side_a, side_b;
    struct chains chains;
    bool ok = true;

    sides_open(&key, a, b, &side_a, &side_b);
    chains_build(&chains, &side_b.hashes, b->rows);
    for (size_t row = 0; ok && row < a->rows; row++) {
        uint32_t at = chains.heads[side_a.hashes.of[row] & chains.mask];
        while (at != NO_ROW && !same_key(&side_b, at, &side_a, row, key.count))
            at = chains.next[at];
        if (at == NO_ROW)
            picked[count++] = (uint32_t)row;
        ok = budget_turn(budget, err);
    }
    chains_release(&chains);
    sides_close(&side_a, &side_b);
    if (ok)
        *out = relation_pick(arena, a, picked, count);
    free(picked);
    return ok;
}

/* ---- sets of rows ---- */

void row_set_init(struct row_set *set, struct arena *arena, const uint32_t *variables,
                  uint32_t width)
{
    *set = (struct row_set){ .rows = relation_new(arena, variables, width) };
    set->rows->distinct = true;
}

/* The set's own columns, in order, for hashing. */
static const struct column **set_columns(const struct relation *rows, struct arena *arena)
{
    const struct column **columns = ARENA_ARRAY(arena, const struct column *, rows->width + 1);

    for (uint32_t i = 0; i < rows->width; i++)
        columns[i] = &rows->columns[i];
    return columns;
}

static void set_place(struct row_set *set, uint64_t hash, size_t row)
{
    size_t slot = hash & set->mask;

    while (set->slots[slot])
        slot = (slot + 1) & set->mask;
    set->slots[slot] = (uint32_t)row + 1;
}

static uint64_t row_hash(const struct column *const *columns, uint32_t count, size_t row)
{
    uint64_t hash = 0;

    for (uint32_t i = 0; i < count; i++)
        hash = (hash << 5 | hash >> 59) * 0x9e3779b97f4a7c15u + column_hash(columns[i], row);
    return hash;
}

/* Keeps at least half of the slots free for `rows` rows. */
static void set_grow(struct row_set *set, const struct column *const *own, struct arena *arena,
                     size_t rows)
{
    size_t size = set->mask + 1;

    if (set->mask && rows * 2 <= size)
        return;
    if (size < 16)
        size = 16;
    while (size < rows * 2)
        size *= 2;
    set->slots = ARENA_ARRAY(arena, uint32_t, size);
    set->mask = size - 1;
    for (size_t row = 0; row < set->rows->rows; row++)
        set_place(set, row_hash(own, set->rows->width, row), row);
}

static bool set_has(const struct row_set *set, const struct column *const *own,
                    const struct column *const *columns, size_t row, uint64_t hash)
{
    for (size_t slot = hash & set->mask; set->slots[slot]; slot = (slot + 1) & set->mask)
        if (row_equal(own, set->slots[slot] - 1, columns, row, set->rows->width))
            return true;
    return false;
}

static void set_append(struct row_set *set, const struct column *const *columns, size_t row,
                       struct arena *arena)
{
    struct relation *rows = set->rows;

    relation_reserve(rows, arena, 1);
    for (uint32_t i = 0; i < rows->width; i++) {
        if (columns[i]->type == COLUMN_LONG) {
            relation_set_long(rows, arena, i, rows->rows, columns[i]->longs[row]);
        } else {
            struct value value = column_get(columns[i], row);
            relation_set_value(rows, arena, i, rows->rows, &value);
        }
    }
    rows->rows++;
}

bool row_set_add(struct row_set *set, const struct relation *relation, struct arena *arena,
                 struct budget *budget, struct error *err)
{
    struct relation *rows = set->rows;
    const struct column **own = set_columns(rows, arena);
    const struct column **columns = ARENA_ARRAY(arena, const struct column *, rows->width + 1);

    for (uint32_t i = 0; i < rows->width; i++)
        columns[i] = &relation->columns[relation_column(relation, rows->variables[i])];
    for (size_t row = 0; row < relation->rows; row++) {
        if (!budget_turn(budget, err))
            return false;
        set_grow(set, own, arena, rows->rows + 1);
        uint64_t hash = row_hash(columns, rows->width, row);
        if (set_has(set, own, columns, row, hash))
            continue;
        set_append(set, columns, row, arena);
        set_place(set, hash, rows->rows - 1);
    }
    return budget_rows(budget, rows->rows, err);
}

/* The distinct rows of one column of numbers that are close together; false when they are not. */
static bool distinct_dense(const struct column *column, size_t rows, uint32_t *picked,
                           size_t *count)
{
    int64_t first = rows ? column_number(column, 0) : 0, last = first;

    for (size_t row = 0; row < rows; row++) {
        int64_t number = column_number(column, row);
        first = number < first ? number : first;
        last = number > last ? number : last;
    }
    uint64_t span = (uint64_t)last - (uint64_t)first;
    if (span / DENSE_PLACES > rows)
        return false;
    bool *seen = xcalloc(span + 1, sizeof(*seen));
    *count = 0;
    for (size_t row = 0; row < rows; row++) {
        bool *place = &seen[column_number(column, row) - first];
        picked[*count] = (uint32_t)row;
        *count += !*place;
        *place = true;
    }
    free(seen);
    return true;
}

static bool distinct_hashed(const struct relation *relation, struct arena *arena, uint32_t *picked,
                            size_t *count, struct budget *budget, struct error *err)
{
    const struct column **columns = set_columns(relation, arena);
    struct key key = { columns, columns, relation->width };
    struct side side = { columns, relation->rows, { 0 } };
    size_t size = 16;
    bool ok = true;

    while (size < relation->rows * 2)
        size *= 2;
    hashes_make(&side.hashes, packing_of(&key, relation->rows, relation->rows), columns,
                relation->width, relation->rows);
    uint32_t *slots = xcalloc(size, sizeof(*slots));
    *count = 0;
    for (size_t row = 0; ok && row < relation->rows; row++) {
        size_t slot = side.hashes.of[row] & (size - 1);
        while (slots[slot] && !same_key(&side, slots[slot] - 1, &side, row, relation->width))
            slot = (slot + 1) & (size - 1);
        if (!slots[slot]) {
            slots[slot] = (uint32_t)row + 1;
            picked[(*count)++] = (uint32_t)row;
        }
        ok = budget_turn(budget, err);
    }
    free(slots);
    free(side.hashes.of);
    return ok;
}

bool join_distinct(const struct relation *relation, struct arena *arena, struct budget *budget,
                   struct relation **out, struct error *err)
{
    size_t count = 0;

    if (relation->distinct) {
        *out = relation_slice(arena, relation, 0, relation->rows);
        return true;
    }
    uint32_t *picked = xmalloc((relation->rows + 1) * sizeof(*picked));
    bool numbers = relation->width == 1 && relation->columns[0].type != COLUMN_VALUE;
    bool ok = (numbers && distinct_dense(&relation->columns[0], relation->rows, picked, &count)) ||
              distinct_hashed(relation, arena, picked, &count, budget, err);
    if (ok)
        *out = count == relation->rows ? relation_slice(arena, relation, 0, count)
                                       : relation_pick(arena, relation, picked, count);
    if (ok)
        (*out)->distinct = true;
    free(picked);
    return ok;
}
