#include "txd/query/facts.h"

/* Datoms of an entity that are read over before the cursor is opened anew behind them. */
#define SKIP_MAX 64

/* What reading an entity from the store costs each attribute that is asked for, in keys. */
#define KEYS_OF_ENTITY 8

/* Entities read from the store between two tries to have all attributes in memory. */
#define MISSES_BETWEEN 16

static struct facts_group *add_group(struct facts *facts, struct arena *arena, uint16_t a)
{
    if (facts->count == facts->cap) {
        size_t cap = facts->cap ? facts->cap * 2 : 8;
        struct facts_group *groups = ARENA_ARRAY(arena, struct facts_group, cap);
        for (size_t i = 0; i < facts->count; i++)
            groups[i] = facts->groups[i];
        facts->groups = groups;
        facts->cap = cap;
    }
    struct facts_group *group = &facts->groups[facts->count++];
    *group = (struct facts_group){ a, facts->values.count, facts->values.count };
    return group;
}

const struct facts_group *facts_group(const struct facts *facts, uint16_t a)
{
    for (size_t i = 0; i < facts->count; i++)
        if (facts->groups[i].a == a)
            return &facts->groups[i];
    return NULL;
}

/* ---- from the store ---- */

static void add_datom(struct facts *facts, struct arena *arena, const struct datom *datom)
{
    if (facts->count == 0 || facts->groups[facts->count - 1].a != datom->a)
        add_group(facts, arena, datom->a);
    value_builder_add(&facts->values, arena, value_copy(arena, &datom->v));
    facts->groups[facts->count - 1].end++;
}

/* Reads the entity's datoms from one attribute on. *again: where to go on, behind an attribute of
 * which no more is wanted. */
static bool read_from(const struct facts_reader *reader, uint32_t e, const struct facts_wish *wish,
                      uint32_t a, struct facts *out, uint32_t *again, struct error *err)
{
    struct components prefix = { .count = 1, .e = e };
    struct components from = { .count = 2, .e = e, .a = (uint16_t)a };
    struct cursor *cursor =
        cursor_open(&reader->source->db, INDEX_EAVT, &prefix, a ? &from : NULL, false);
    uint32_t current = UINT32_MAX;
    uint64_t more = 0, skipped = 0;
    struct datom datom;
    bool ok = true;

    *again = 0;
    while (ok && cursor_next(cursor, &datom)) {
        if (datom.a != current) {
            current = datom.a;
            more = wish->wanted(wish->arg, datom.a);
            skipped = 0;
        }
        if (more > 0) {
            add_datom(out, reader->arena, &datom);
            more--;
        } else if (++skipped == SKIP_MAX && current < UINT16_MAX) {
            *again = current + 1;
            break;
        }
        ok = budget_turn(reader->budget, err);
    }
    ok = ok && cursor_check(cursor, err);
    cursor_close(cursor);
    return ok;
}

/* ---- from extents ---- */

static bool is_seen(const struct facts_reader *reader, const struct extent *extent, uint32_t row)
{
    uint32_t since = reader->source->db.since;

    return since == 0 || extent->ts[row] > since;
}

static void add_rows(const struct facts_reader *reader, const struct extent *extent, uint32_t e,
                     uint64_t most, struct facts *out)
{
    struct rows rows = extent_rows_of(extent, e);
    struct facts_group *group = NULL;

    for (uint32_t row = rows.begin; row < rows.end && most > 0; row++) {
        if (!is_seen(reader, extent, row))
            continue;
        if (!group)
            group = add_group(out, reader->arena, extent->a);
        value_builder_add(&out->values, reader->arena, extent_value(extent, row));
        group->end++;
        most--;
    }
}

static bool extent_of(struct facts_reader *reader, const struct attribute *attribute,
                      uint64_t reads, struct extent **out, struct error *err)
{
    return source_extent(reader->source, attribute, reads, reader->arena, reader->budget, out, err);
}

/* The extents of all attributes that have datoms, once all of them are in memory. */
static bool find_all(struct facts_reader *reader, struct error *err)
{
    const struct schema *schema = reader->source->db.schema;
    uint32_t end = schema_id_end(schema), count = 0;
    bool whole = true;

    if (!reader->source->db.extents || db_reads_past(&reader->source->db) ||
        reader->misses++ % MISSES_BETWEEN != 0)
        return true;
    struct extent **all = ARENA_ARRAY(reader->arena, struct extent *, end);
    for (uint32_t a = 0; a < end; a++) {
        const struct attribute *attribute = schema_by_id(schema, (uint16_t)a);
        if (!attribute || source_count(reader->source, attribute) == 0)
            continue;
        if (!extent_of(reader, attribute, MISSES_BETWEEN, &all[count], err))
            return false;
        whole = whole && all[count];
        count++;
    }
    if (whole) {
        reader->all = all;
        reader->all_count = count;
    }
    return true;
}

/* *done: everything that is asked for was in memory, and is in `out`. */
static bool read_extents(struct facts_reader *reader, uint32_t e, const struct facts_wish *wish,
                         struct facts *out, bool *done, struct error *err)
{
    *done = false;
    if (wish->all) {
        if (!reader->all && !find_all(reader, err))
            return false;
        for (uint32_t i = 0; reader->all && i < reader->all_count; i++)
            add_rows(reader, reader->all[i], e, wish->wanted(wish->arg, reader->all[i]->a), out);
        *done = reader->all != NULL;
        return true;
    }
    *done = true;
    for (uint32_t i = 0; i < wish->count; i++) {
        struct extent *extent;
        if (!extent_of(reader, wish->attributes[i], KEYS_OF_ENTITY, &extent, err))
            return false;
        *done = *done && extent;
    }
    for (uint32_t i = 0; *done && i < wish->count; i++) {
        const struct extent *extent = reader->source->extents[wish->attributes[i]->id];
        if (!facts_group(out, extent->a))
            add_rows(reader, extent, e, wish->wanted(wish->arg, extent->a), out);
    }
    return true;
}

/* ---- the whole ---- */

bool facts_read(struct facts_reader *reader, uint32_t e, const struct facts_wish *wish,
                struct facts *out, struct error *err)
{
    uint32_t from = 0;
    bool done;

    if (!wish->all && wish->count == 0)
        return true;
    if (!read_extents(reader, e, wish, out, &done, err))
        return false;
    if (done)
        return budget_turn(reader->budget, err);
    do {
        if (!read_from(reader, e, wish, from, out, &from, err))
            return false;
    } while (from > 0);
    return true;
}

static bool extent_referrers(const struct facts_reader *reader, struct extent *extent, uint32_t e,
                             uint64_t limit, struct value_builder *out, struct error *err)
{
    const struct postings *postings = extent_postings(extent);
    struct rows rows = grouping_find(&postings->values, e);

    for (uint32_t i = rows.begin; i < rows.end && out->count < limit; i++) {
        uint32_t row = postings->rows[i];
        if (is_seen(reader, extent, row))
            value_builder_add(out, reader->arena, value_long(extent->es[row]));
        if (!budget_turn(reader->budget, err))
            return false;
    }
    return true;
}

bool facts_referrers(struct facts_reader *reader, uint32_t e, const struct attribute *attribute,
                     uint64_t limit, struct value_builder *out, struct error *err)
{
    struct components prefix = { .count = 2, .v = value_long(e), .a = attribute->id };
    struct extent *extent;
    struct datom datom;
    bool ok = true;

    if (!extent_of(reader, attribute, KEYS_OF_ENTITY, &extent, err))
        return false;
    if (extent && !extent->dictionary)
        return extent_referrers(reader, extent, e, limit, out, err);
    struct cursor *cursor = cursor_open(&reader->source->db, INDEX_VAET, &prefix, NULL, false);
    while (ok && out->count < limit && cursor_next(cursor, &datom)) {
        value_builder_add(out, reader->arena, value_long(datom.e));
        ok = budget_turn(reader->budget, err);
    }
    ok = ok && (out->count == limit || cursor_check(cursor, err));
    cursor_close(cursor);
    return ok;
}
