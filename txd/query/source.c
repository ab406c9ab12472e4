#include "txd/query/source.h"

#include "common/clock.h"
#include "proto/edn.h"

#include <assert.h>

void source_graph(struct source *source, const struct snapshot *snapshot, const struct db *db)
{
    *source =
        (struct source){ .is_graph = true, .db = *db, .now = *db, .counts = snapshot->counts };
    source->now.history = false;
    source->now.since = 0;
}

const struct attribute *source_attribute_of(const struct source *source, uint16_t a)
{
    const struct attribute *attribute = schema_by_id(source->db.schema, a);

    assert(attribute);
    return attribute;
}

struct value source_ident(struct source *source, uint16_t a, struct arena *arena)
{
    if (!source->idents)
        source->idents = ARENA_ARRAY(arena, struct value, schema_id_end(source->db.schema));
    struct value *ident = &source->idents[a];
    if (ident->type == VALUE_NIL)
        *ident = value_keyword(arena_copy(arena, source_attribute_of(source, a)->ident));
    return *ident;
}

const struct attribute *source_attribute(const struct source *source, const struct value *name,
                                         struct arena *arena, bool *reverse)
{
    struct bytes text = name->text;

    if (name->type != VALUE_KEYWORD && name->type != VALUE_STRING)
        return NULL;
    if (name->type == VALUE_STRING && text.len && text.data[0] == ':')
        text = (struct bytes){ text.data + 1, text.len - 1 };
    const struct attribute *attribute = schema_by_ident(source->db.schema, text);
    if (reverse)
        *reverse = false;
    if (attribute || !reverse)
        return attribute;
    const char *slash = text.len > 1 ? memrchr(text.data, '/', text.len) : NULL;
    size_t space = slash ? (size_t)(slash - text.data) + 1 : 0;
    if (space == text.len || text.data[space] != '_')
        return NULL;
    *reverse = true;
    struct bytes forward = arena_printf(arena, "%.*s%.*s", (int)space, text.data,
                                        (int)(text.len - space - 1), text.data + space + 1);
    return schema_by_ident(source->db.schema, forward);
}

/* The value of a lookup ref as datoms hold it: in a composite tuple the parts may name entities. */
static bool lookup_value(const struct source *source, const struct attribute *attribute,
                         const struct value *value, struct arena *arena, bool *found,
                         struct value *out, struct error *err)
{
    if (!value_is_sequence(value) || attribute->tuple_attr_count != value->count)
        return source_value(source, attribute, value, found, out, err);
    struct value *parts = ARENA_ARRAY(arena, struct value, value->count);
    *found = true;
    for (uint32_t i = 0; i < value->count && *found; i++) {
        const struct attribute *part = source_attribute_of(source, attribute->tuple_attrs[i]);
        if (value->items[i].type != VALUE_NIL &&
            !source_value(source, part, &value->items[i], found, &parts[i], err))
            return false;
    }
    *out = value_collection(VALUE_VECTOR, parts, value->count);
    return true;
}

static bool lookup_ref(const struct source *source, const struct value *ref, bool *found,
                       uint32_t *out, struct error *err)
{
    struct arena scratch = { 0 };
    struct value v;
    const struct attribute *attribute = source_attribute(source, &ref->items[0], &scratch, NULL);
    struct bytes text = edn_excerpt(&scratch, ref);
    bool ok;

    *found = false;
    if (!attribute || attribute->unique == UNIQUE_NONE)
        ok = fail(err, ERROR_INCORRECT, "lookup ref %.*s: the attribute is not unique",
                  BYTES_ARG(text));
    else
        ok = lookup_value(source, attribute, &ref->items[1], &scratch, found, &v, err) &&
             (!*found || index_find_entity(&source->now, attribute, &v, found, out, err));
    arena_release(&scratch);
    return ok;
}

static bool find_ident(const struct source *source, const struct value *ident, bool *found,
                       uint32_t *out, struct error *err)
{
    const struct attribute *attribute = schema_by_ident(source->db.schema, ident->text);

    if (attribute) {
        *found = true;
        *out = ATTRIBUTE_ENTITY_BASE + attribute->id;
        return true;
    }
    const struct attribute *idents = source_attribute_of(source, ATTR_IDENT);
    return index_find_entity(&source->now, idents, ident, found, out, err);
}

bool source_entity(const struct source *source, const struct value *value, bool *found,
                   uint32_t *out, struct error *err)
{
    *found = false;
    if (value->type == VALUE_LONG) {
        *found = value->number >= 0 && value->number <= INT32_MAX;
        *out = (uint32_t)value->number;
        return true;
    }
    if (value->type == VALUE_KEYWORD)
        return find_ident(source, value, found, out, err);
    if (value_is_sequence(value) && value->count == 2 &&
        (value->items[0].type == VALUE_KEYWORD || value->items[0].type == VALUE_STRING))
        return lookup_ref(source, value, found, out, err);
    return true;
}

bool source_entity_strict(const struct source *source, const struct value *value, uint32_t *out,
                          struct error *err)
{
    struct arena scratch = { 0 };
    bool found;

    if (!source_entity(source, value, &found, out, err))
        return false;
    if (found)
        return true;
    bool name = value->type == VALUE_KEYWORD || value_is_sequence(value);
    struct bytes text = edn_excerpt(&scratch, value);
    fail(err, name ? ERROR_NOT_FOUND : ERROR_INCORRECT,
         name ? "nothing is found for %.*s"
              : "%.*s is no entity: give an id, a lookup ref or an ident",
         BYTES_ARG(text));
    arena_release(&scratch);
    return false;
}

bool source_value(const struct source *source, const struct attribute *attribute,
                  const struct value *value, bool *found, struct value *out, struct error *err)
{
    uint32_t e;

    *found = value->type != VALUE_NIL;
    *out = *value;
    if (attribute->type == TYPE_DOUBLE && value->type == VALUE_LONG) {
        *out = value_double((double)value->number);
    } else if (attribute->type == TYPE_REF) {
        if (!source_entity(source, value, found, &e, err))
            return false;
        if (*found)
            *out = value_long(e);
    } else if (attribute->type == TYPE_TUPLE && value->type == VALUE_LIST) {
        out->type = VALUE_VECTOR;
    }
    return true;
}

uint64_t source_count(const struct source *source, const struct attribute *attribute)
{
    const struct counts *counts = source->counts;
    uint64_t total = 0;

    if (!counts)
        return 0;
    if (attribute)
        return attribute->id < counts->size ? counts->datoms[attribute->id] : 0;
    for (uint32_t a = 0; a < counts->size; a++)
        total += counts->datoms[a];
    return total;
}

/* What reading an extent may use of a query: half of the time that it has left. */
struct reading_budget {
    struct budget *budget;
    int64_t until_us;
};

static bool check_budget(void *arg, struct error *err)
{
    const struct reading_budget *reading = arg;

    if (clock_monotonic_us() > reading->until_us)
        return fail(err, ERROR_INTERRUPTED, "the attribute is too large to be read now");
    return budget_check(reading->budget, err);
}

static void let_go(void *extent)
{
    extent_release(extent);
}

/* Asks for an extent that the source does not hold yet. */
static bool ask_extent(struct source *source, const struct attribute *attribute, uint64_t reads,
                       struct budget *budget, struct extent **out, struct error *err)
{
    int64_t now_us = clock_monotonic_us();
    struct reading_budget reading = { budget, now_us + (budget->limits->deadline_us - now_us) / 2 };
    struct extent_demand demand = { .reads = reads,
                                    .datoms = source_count(source, attribute),
                                    .check = check_budget,
                                    .arg = &reading };

    return extents_get(source->db.extents, &source->db, attribute, &demand, out, err) ||
           (err->kind == ERROR_INTERRUPTED && budget_check(budget, err));
}

bool source_extent(struct source *source, const struct attribute *attribute, uint64_t reads,
                   struct arena *arena, struct budget *budget, struct extent **out,
                   struct error *err)
{
    *out = NULL;
    if (!source->db.extents)
        return true;
    if (!source->extents)
        source->extents = ARENA_ARRAY(arena, struct extent *, schema_id_end(source->db.schema));
    struct extent **known = &source->extents[attribute->id];
    if (!*known) {
        if (!ask_extent(source, attribute, reads, budget, known, err))
            return false;
        if (*known)
            arena_hold(arena, let_go, *known);
    }
    *out = *known;
    return true;
}
