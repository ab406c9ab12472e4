#include "txd/db/extent.h"

#include <assert.h>
#include <stdlib.h>

/* Keys are dense when there are at most so many places for each. */
#define PLACES_PER_KEY 8

#define CHECK_ROWS 4096 /* rows between two checks */

/* ---- groupings ---- */

/* Groups `count` ascending keys; `key_at` gives them. */
struct sorted_keys {
    const uint32_t *small; /* these, unless there are `longs` */
    const int64_t *longs;
    uint32_t count;
};

static int64_t key_at(const struct sorted_keys *keys, uint32_t i)
{
    return keys->longs ? keys->longs[i] : (int64_t)keys->small[i];
}

static bool is_dense(int64_t first, int64_t last, uint32_t count)
{
    return (uint64_t)last - (uint64_t)first < (uint64_t)count * PLACES_PER_KEY;
}

static void group_dense(struct grouping *out, const struct sorted_keys *keys)
{
    uint32_t at = 0;

    out->dense = true;
    out->first = key_at(keys, 0);
    out->count = (uint32_t)(key_at(keys, keys->count - 1) - out->first) + 1;
    out->starts = xmalloc(((size_t)out->count + 1) * sizeof(*out->starts));
    for (uint32_t group = 0; group < out->count; group++) {
        out->starts[group] = at;
        while (at < keys->count && key_at(keys, at) == out->first + group)
            at++;
    }
    out->starts[out->count] = keys->count;
}

static void group_sparse(struct grouping *out, const struct sorted_keys *keys)
{
    out->keys = xmalloc(((size_t)keys->count + 1) * sizeof(*out->keys));
    out->starts = xmalloc(((size_t)keys->count + 1) * sizeof(*out->starts));
    for (uint32_t i = 0; i < keys->count; i++) {
        if (i > 0 && key_at(keys, i) == key_at(keys, i - 1))
            continue;
        out->keys[out->count] = key_at(keys, i);
        out->starts[out->count++] = i;
    }
    out->starts[out->count] = keys->count;
}

static void group(struct grouping *out, const struct sorted_keys *keys)
{
    *out = (struct grouping){ 0 };
    if (keys->count > 0 && is_dense(key_at(keys, 0), key_at(keys, keys->count - 1), keys->count))
        group_dense(out, keys);
    else
        group_sparse(out, keys);
}

static void grouping_release(struct grouping *grouping)
{
    free(grouping->keys);
    free(grouping->starts);
}

/* ---- life ---- */

/* The arrays are filled; finds its entities. */
static void finish(struct extent *extent)
{
    struct sorted_keys keys = { .small = extent->es, .count = extent->count };

    group(&extent->entities, &keys);
    for (uint32_t i = 0; i < extent->count; i++)
        extent->entity_count += i == 0 || extent->es[i] != extent->es[i - 1];
    extent->single = extent->entity_count == extent->count;
    atomic_init(&extent->references, 1);
    pthread_mutex_init(&extent->mutex, NULL);
}

struct extent *extent_retain(struct extent *extent)
{
    atomic_fetch_add(&extent->references, 1);
    return extent;
}

static void free_arrays(struct extent *extent)
{
    free(extent->es);
    free(extent->ts);
    free(extent->added);
    free(extent->longs);
    dictionary_release(extent->dictionary);
    free(extent);
}

void extent_release(struct extent *extent)
{
    if (!extent || atomic_fetch_sub(&extent->references, 1) != 1)
        return;
    struct postings *postings = atomic_load(&extent->postings);
    if (postings) {
        grouping_release(&postings->values);
        free(postings->rows);
        free(postings);
    }
    grouping_release(&extent->entities);
    pthread_mutex_destroy(&extent->mutex);
    free_arrays(extent);
}

size_t extent_bytes(const struct extent *extent)
{
    size_t row = 2 * sizeof(uint32_t) + (extent->added ? sizeof(bool) : 0) +
                 (extent->dictionary ? sizeof(uint32_t) : sizeof(int64_t));
    size_t posting = sizeof(uint32_t) + sizeof(uint32_t);

    return sizeof(*extent) + extent->count * (row + posting) +
           extent->entities.count * sizeof(uint32_t) +
           (extent->dictionary ? dictionary_bytes(extent->dictionary) : 0);
}

/* ---- reading ---- */

struct building {
    struct extent *extent;
    uint32_t cap;
};

static void reserve(struct building *building, uint32_t count)
{
    struct extent *extent = building->extent;

    if (count <= building->cap)
        return;
    uint32_t cap = building->cap ? building->cap * 2 : 64;
    while (cap < count)
        cap *= 2;
    size_t cell = extent->dictionary ? sizeof(*extent->codes) : sizeof(*extent->longs);
    extent->es = xrealloc(extent->es, cap * sizeof(*extent->es));
    extent->ts = xrealloc(extent->ts, cap * sizeof(*extent->ts));
    if (extent->added)
        extent->added = xrealloc(extent->added, cap * sizeof(*extent->added));
    extent->longs = xrealloc(extent->longs, cap * cell);
    building->cap = cap;
}

/* The first value that is no long: all become codes. */
static void begin_codes(struct building *building)
{
    struct extent *extent = building->extent;
    struct dictionary *dictionary = dictionary_new();
    uint32_t *codes = xmalloc(((size_t)building->cap + 1) * sizeof(*codes));

    for (uint32_t i = 0; i < extent->count; i++) {
        struct value value = value_long(extent->longs[i]);
        codes[i] = dictionary_add(dictionary, &value);
    }
    free(extent->longs);
    extent->codes = codes;
    extent->dictionary = dictionary;
}

static void append(struct building *building, const struct datom *datom)
{
    struct extent *extent = building->extent;

    reserve(building, extent->count + 1);
    if (!extent->dictionary && datom->v.type != VALUE_LONG)
        begin_codes(building);
    uint32_t row = extent->count++;
    extent->es[row] = datom->e;
    extent->ts[row] = datom->t;
    if (extent->added)
        extent->added[row] = datom->added;
    if (extent->dictionary)
        extent->codes[row] = dictionary_add(extent->dictionary, &datom->v);
    else
        extent->longs[row] = datom->v.number;
}

bool extent_read(const struct db *db, uint16_t a, extent_check_fn check, void *arg,
                 struct extent **out, struct error *err)
{
    struct building building = { .extent = xcalloc(1, sizeof(struct extent)) };
    struct components prefix = { .count = 1, .a = a };
    struct db basis = *db;
    struct datom datom;
    bool ok = true;

    basis.since = 0;
    building.extent->a = a;
    if (db->history)
        building.extent->added = xcalloc(1, sizeof(bool));
    struct cursor *cursor = cursor_open(&basis, INDEX_AEVT, &prefix, NULL, false);
    while (ok && cursor_next(cursor, &datom)) {
        append(&building, &datom);
        ok = building.extent->count % CHECK_ROWS != 0 || check(arg, err);
    }
    ok = ok && cursor_check(cursor, err);
    cursor_close(cursor);
    if (!ok) {
        free_arrays(building.extent);
        return false;
    }
    finish(building.extent);
    *out = building.extent;
    return true;
}

/* ---- changes ---- */

/* A change, and its place among the others. */
struct edit {
    const struct datom *datom;
    size_t order;
};

static int by_entity(const void *a, const void *b)
{
    const struct edit *left = a, *right = b;

    if (left->datom->e != right->datom->e)
        return left->datom->e < right->datom->e ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

/* One entity's rows while they are changed. */
struct facts {
    struct fact {
        struct value v;
        uint32_t t;
    } * facts;
    size_t count, cap;
};

static void facts_add(struct facts *facts, struct value v, uint32_t t)
{
    if (facts->count == facts->cap) {
        facts->cap = facts->cap ? facts->cap * 2 : 16;
        facts->facts = xrealloc(facts->facts, facts->cap * sizeof(*facts->facts));
    }
    facts->facts[facts->count++] = (struct fact){ v, t };
}

static int by_value(const void *a, const void *b)
{
    const struct fact *left = a, *right = b;
    int order = value_compare(&left->v, &right->v);

    return order ? order : (int)left->v.type - (int)right->v.type; /* 1 is before 1.0 */
}

static void facts_edit(struct facts *facts, const struct datom *datom)
{
    size_t i = 0;

    while (i < facts->count && !value_equal(&facts->facts[i].v, &datom->v))
        i++;
    if (i < facts->count)
        facts->facts[i] = facts->facts[--facts->count];
    if (datom->added)
        facts_add(facts, datom->v, datom->t);
}

/* Copies rows [from, to) of `old` as they are. */
static void copy_rows(struct extent *extent, const struct extent *old, uint32_t from, uint32_t to)
{
    uint32_t at = extent->count, n = to - from;

    if (n == 0)
        return;
    memcpy(extent->es + at, old->es + from, n * sizeof(*extent->es));
    memcpy(extent->ts + at, old->ts + from, n * sizeof(*extent->ts));
    if (old->dictionary)
        memcpy(extent->codes + at, old->codes + from, n * sizeof(*extent->codes));
    else
        memcpy(extent->longs + at, old->longs + from, n * sizeof(*extent->longs));
    extent->count += n;
}

static bool all_known(const struct extent *extent, const struct change_list *changes)
{
    int64_t number;

    for (size_t i = 0; i < changes->count; i++)
        if (changes->datoms[i].added && !extent_number(extent, &changes->datoms[i].v, &number))
            return false;
    return true;
}

/* The new extent's dictionary and places for all rows that there can be. */
static struct extent *begin_apply(const struct extent *old, const struct change_list *changes)
{
    struct extent *extent = xcalloc(1, sizeof(*extent));
    struct building building = { extent, 0 };
    bool known = all_known(old, changes);

    if (!old->dictionary && !known) { /* a value that is no long */
        free(extent);
        return NULL;
    }
    extent->a = old->a;
    if (old->dictionary)
        extent->dictionary =
            known ? dictionary_retain(old->dictionary) : dictionary_extend(old->dictionary);
    reserve(&building, old->count + (uint32_t)changes->count + 1);
    return extent;
}

static void append_facts(struct extent *extent, uint32_t e, struct facts *facts)
{
    if (facts->count > 1)
        qsort(facts->facts, facts->count, sizeof(*facts->facts), by_value);
    for (size_t i = 0; i < facts->count; i++) {
        uint32_t row = extent->count++;
        extent->es[row] = e;
        extent->ts[row] = facts->facts[i].t;
        if (!extent->dictionary) {
            extent->longs[row] = facts->facts[i].v.number;
            continue;
        }
        uint32_t code = dictionary_find(extent->dictionary, &facts->facts[i].v);
        /* only what was not known makes a dictionary of our own */
        extent->codes[row] =
            code != CODE_NONE ? code : dictionary_add(extent->dictionary, &facts->facts[i].v);
    }
}

/* The first group whose key is `key` or above. */
static uint32_t group_from(const struct grouping *grouping, int64_t key)
{
    if (grouping->dense) {
        if (key <= grouping->first)
            return 0;
        uint64_t at = (uint64_t)key - (uint64_t)grouping->first;
        return at < grouping->count ? (uint32_t)at : grouping->count;
    }
    return grouping_search(grouping, key);
}

static uint32_t first_row_from(const struct extent *extent, uint32_t e)
{
    return extent->count ? extent->entities.starts[group_from(&extent->entities, e)] : 0;
}

struct extent *extent_apply(const struct extent *old, const struct change_list *changes)
{
    struct extent *extent = begin_apply(old, changes);
    struct edit *edits = xmalloc((changes->count + 1) * sizeof(*edits));
    struct facts facts = { 0 };
    uint32_t done = 0;

    for (size_t i = 0; i < changes->count; i++)
        edits[i] = (struct edit){ &changes->datoms[i], i };
    qsort(edits, changes->count, sizeof(*edits), by_entity);
    for (size_t i = 0; extent && i < changes->count;) {
        uint32_t e = edits[i].datom->e, row = first_row_from(old, e);
        copy_rows(extent, old, done, row);
        facts.count = 0;
        for (; row < old->count && old->es[row] == e; row++)
            facts_add(&facts, extent_value(old, row), old->ts[row]);
        done = row;
        for (; i < changes->count && edits[i].datom->e == e; i++)
            facts_edit(&facts, edits[i].datom);
        append_facts(extent, e, &facts);
    }
    if (extent) {
        copy_rows(extent, old, done, old->count);
        finish(extent);
    }
    free(facts.facts);
    free(edits);
    return extent;
}

/* ---- values ---- */

bool extent_number(const struct extent *extent, const struct value *value, int64_t *out)
{
    if (!extent->dictionary) {
        *out = value->number;
        return value->type == VALUE_LONG;
    }
    *out = dictionary_find(extent->dictionary, value);
    return *out != CODE_NONE;
}

/* ---- postings ---- */

/* Dense values: counted, then placed. */
static void post_dense(struct postings *postings, const struct extent *extent, int64_t first,
                       int64_t last)
{
    struct grouping *values = &postings->values;

    *values =
        (struct grouping){ .dense = true, .first = first, .count = (uint32_t)(last - first) + 1 };
    values->starts = xcalloc((size_t)values->count + 2, sizeof(*values->starts));
    uint32_t *next = values->starts + 1; /* becomes the start of each, then its end */
    for (uint32_t row = 0; row < extent->count; row++)
        next[extent_number_at(extent, row) - first + 1]++;
    for (uint32_t i = 0; i < values->count; i++) {
        postings->distinct += next[i + 1] > 0;
        next[i + 1] += next[i];
    }
    for (uint32_t row = 0; row < extent->count; row++)
        postings->rows[next[extent_number_at(extent, row) - first]++] = row;
}

#define RADIX_BITS 11
#define RADIX_SIZE (1u << RADIX_BITS)

/* Sorts rows by value, stably, least significant digits first; digits that all share are left
 * out. */
static void sort_rows(uint32_t *rows, const struct extent *extent)
{
    uint32_t *other = xmalloc(((size_t)extent->count + 1) * sizeof(*other)), *from = rows;
    uint32_t *counts = xmalloc((RADIX_SIZE + 1) * sizeof(*counts));

    for (unsigned shift = 0; shift < 64; shift += RADIX_BITS) {
        memset(counts, 0, (RADIX_SIZE + 1) * sizeof(*counts));
        for (uint32_t i = 0; i < extent->count; i++) {
            uint64_t key = (uint64_t)extent->longs[from[i]] ^ (UINT64_C(1) << 63);
            counts[(key >> shift & (RADIX_SIZE - 1)) + 1]++;
        }
        uint64_t sample = ((uint64_t)extent->longs[from[0]] ^ (UINT64_C(1) << 63)) >> shift;
        if (counts[(sample & (RADIX_SIZE - 1)) + 1] == extent->count)
            continue;
        for (uint32_t i = 0; i < RADIX_SIZE; i++)
            counts[i + 1] += counts[i];
        for (uint32_t i = 0; i < extent->count; i++) {
            uint64_t key = (uint64_t)extent->longs[from[i]] ^ (UINT64_C(1) << 63);
            other[counts[key >> shift & (RADIX_SIZE - 1)]++] = from[i];
        }
        uint32_t *swap = from;
        from = other;
        other = swap;
    }
    if (from != rows) {
        memcpy(rows, from, extent->count * sizeof(*rows));
        other = from;
    }
    free(other);
    free(counts);
}

static void post_sparse(struct postings *postings, const struct extent *extent)
{
    int64_t *sorted = xmalloc(((size_t)extent->count + 1) * sizeof(*sorted));

    for (uint32_t row = 0; row < extent->count; row++)
        postings->rows[row] = row;
    sort_rows(postings->rows, extent);
    for (uint32_t i = 0; i < extent->count; i++)
        sorted[i] = extent->longs[postings->rows[i]];
    struct sorted_keys keys = { .longs = sorted, .count = extent->count };
    group_sparse(&postings->values, &keys);
    postings->distinct = postings->values.count;
    free(sorted);
}

static struct postings *make_postings(const struct extent *extent)
{
    struct postings *postings = xcalloc(1, sizeof(*postings));
    int64_t first = 0, last = 0;

    postings->rows = xmalloc(((size_t)extent->count + 1) * sizeof(*postings->rows));
    if (extent->dictionary) {
        last = (int64_t)extent->dictionary->count - 1;
    } else if (extent->count > 0) {
        first = last = extent->longs[0];
        for (uint32_t row = 1; row < extent->count; row++) {
            int64_t v = extent->longs[row];
            first = v < first ? v : first;
            last = v > last ? v : last;
        }
    }
    if (extent->count == 0)
        group(&postings->values, &(struct sorted_keys){ .longs = extent->longs });
    else if (extent->dictionary || is_dense(first, last, extent->count))
        post_dense(postings, extent, first, last);
    else
        post_sparse(postings, extent);
    return postings;
}

const struct postings *extent_postings(struct extent *extent)
{
    struct postings *postings = atomic_load_explicit(&extent->postings, memory_order_acquire);

    if (postings)
        return postings;
    pthread_mutex_lock(&extent->mutex);
    postings = atomic_load(&extent->postings);
    if (!postings) {
        postings = make_postings(extent);
        atomic_store_explicit(&extent->postings, postings, memory_order_release);
    }
    pthread_mutex_unlock(&extent->mutex);
    return postings;
}

struct rows postings_range(const struct postings *postings, int64_t low, int64_t high)
{
    const struct grouping *values = &postings->values;

    if (low > high || values->count == 0)
        return (struct rows){ 0, 0 };
    uint32_t end = high == INT64_MAX ? values->count : group_from(values, high + 1);
    return (struct rows){ values->starts[group_from(values, low)], values->starts[end] };
}
