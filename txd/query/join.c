#include "txd/query/join.h"

#include <stdlib.h>

#define NO_ROW UINT32_MAX

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

static uint64_t row_hash(const struct column *const *columns, uint32_t count, size_t row)
{
    uint64_t hash = 0;

    for (uint32_t i = 0; i < count; i++)
        hash = (hash << 5 | hash >> 59) * 0x9e3779b97f4a7c15u + column_hash(columns[i], row);
    return hash;
}

static bool row_equal(const struct column *const *a, size_t row_a, const struct column *const *b,
                      size_t row_b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!column_equal(a[i], row_a, b[i], row_b))
            return false;
    return true;
}

/* Rows by the hash of their key: chains through `next`, first row first. */
struct chains {
    uint32_t *heads, *next;
    size_t mask;
};

static void chains_build(struct chains *chains, const struct column *const *columns, uint32_t count,
                         size_t rows)
{
    size_t size = 16;

    while (size < rows)
        size *= 2;
    chains->mask = size - 1;
    chains->heads = xmalloc(size * sizeof(uint32_t));
    chains->next = xmalloc((rows + 1) * sizeof(uint32_t));
    memset(chains->heads, 0xff, size * sizeof(uint32_t));
    for (size_t row = rows; row-- > 0;) {
        size_t slot = row_hash(columns, count, row) & chains->mask;
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

/* Finds the pairs with `build` in the hash table and each row of `probe` looked up. */
static bool pairs_find(const struct column *const *build, size_t build_rows,
                       const struct column *const *probe, size_t probe_rows, uint32_t count,
                       bool build_is_a, struct pairs *pairs, struct budget *budget,
                       struct error *err)
{
    struct chains chains;
    bool ok = true;

    chains_build(&chains, build, count, build_rows);
    for (size_t row = 0; ok && row < probe_rows; row++) {
        uint32_t at = chains.heads[row_hash(probe, count, row) & chains.mask];
        ok = pairs_check(pairs, budget, err);
        for (; ok && at != NO_ROW; at = chains.next[at]) {
            if (!row_equal(build, at, probe, row, count))
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
    return relation;
}

bool join_natural(const struct relation *a, const struct relation *b, struct arena *arena,
                  struct budget *budget, struct relation **out, struct error *err)
{
    struct pairs pairs = { 0 };
    struct key key = key_shared(arena, a, b);
    bool build_is_a = a->rows < b->rows;
    bool ok;

    if (build_is_a)
        ok = pairs_find(key.a, a->rows, key.b, b->rows, key.count, true, &pairs, budget, err);
    else
        ok = pairs_find(key.b, b->rows, key.a, a->rows, key.count, false, &pairs, budget, err);
    ok = ok && budget_rows(budget, pairs.count, err) &&
         budget_room(budget, pairs.count, (uint64_t)a->width + b->width, err);
    if (ok)
        *out = pairs_gather(&pairs, a, b, arena);
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
    struct chains chains;
    bool ok = true;

    chains_build(&chains, key.b, key.count, b->rows);
    for (size_t row = 0; ok && row < a->rows; row++) {
        uint32_t at = chains.heads[row_hash(key.a, key.count, row) & chains.mask];
        while (at != NO_ROW && !row_equal(key.b, at, key.a, row, key.count))
            at = chains.next[at];
        if (at == NO_ROW)
            picked[count++] = (uint32_t)row;
        ok = budget_turn(budget, err);
    }
    chains_release(&chains);
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
            relation_set_value(rows, arena, i, rows->rows, &columns[i]->values[row]);
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

bool join_distinct(const struct relation *relation, struct arena *arena, struct budget *budget,
                   struct relation **out, struct error *err)
{
    const struct column **columns = set_columns(relation, arena);
    uint32_t *picked = xmalloc((relation->rows + 1) * sizeof(*picked));
    size_t count = 0, size = 16;
    bool ok = true;

    while (size < relation->rows * 2)
        size *= 2;
    uint32_t *slots = xcalloc(size, sizeof(*slots));
    for (size_t row = 0; ok && row < relation->rows; row++) {
        size_t slot = row_hash(columns, relation->width, row) & (size - 1);
        while (slots[slot] && !row_equal(columns, slots[slot] - 1, columns, row, relation->width))
            slot = (slot + 1) & (size - 1);
        if (!slots[slot]) {
            slots[slot] = (uint32_t)row + 1;
            picked[count++] = (uint32_t)row;
        }
        ok = budget_turn(budget, err);
    }
    if (ok)
        *out = count == relation->rows ? relation_slice(arena, relation, 0, count)
                                       : relation_pick(arena, relation, picked, count);
    free(slots);
    free(picked);
    return ok;
}
