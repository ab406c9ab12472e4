/*
 * Attributes are in two persistent maps, by id and by ident, of which a schema that differs in one
 * attribute shares nearly all. Two idents of one 64-bit hash cannot both be had: the hash is seeded
 * anew in every process, so nobody can look for a pair, and by chance there is none.
 */
#include "txd/db/schema.h"

#include "txd/db/declaration.h"
#include "txd/db/trie.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

/* One block of memory with all that the attribute points to. */
struct held {
    struct trie_item item; /* the first member */
    struct attribute attribute;
};

struct schema {
    atomic_int references;
    uint32_t id_end;
    struct trie *by_id, *by_ident; /* the latter by bytes_hash() */
};

static const struct held *held_of(const struct trie_item *item)
{
    return (const struct held *)(const void *)item;
}

static uint64_t id_number(const struct trie_item *item)
{
    return held_of(item)->attribute.id;
}

static uint64_t ident_number(const struct trie_item *item)
{
    return bytes_hash(held_of(item)->attribute.ident);
}

static struct held *held_new(const struct attribute *from)
{
    size_t types = from->tuple_type_count * sizeof(*from->tuple_types);
    size_t parts = from->tuple_attr_count * sizeof(*from->tuple_attrs);
    size_t tuples = from->in_tuple_count * sizeof(*from->in_tuples);
    struct held *held = xmalloc(sizeof(*held) + types + parts + tuples + from->ident.len);
    char *at = (char *)(held + 1);

    atomic_init(&held->item.references, 1);
    held->attribute = *from;
    held->attribute.tuple_types =
        memcpy(at, from->tuple_types ? (const void *)from->tuple_types : "", types);
    at += types;
    held->attribute.tuple_attrs =
        memcpy(at, from->tuple_attrs ? (const void *)from->tuple_attrs : "", parts);
    at += parts;
    held->attribute.in_tuples =
        memcpy(at, from->in_tuples ? (const void *)from->in_tuples : "", tuples);
    at += tuples;
    held->attribute.ident =
        (struct bytes){ memcpy(at, from->ident.data, from->ident.len), from->ident.len };
    return held;
}

static struct schema *schema_empty(void)
{
    struct schema *schema = xcalloc(1, sizeof(*schema));

    atomic_init(&schema->references, 1);
    return schema;
}

static struct schema *schema_clone(const struct schema *from)
{
    struct schema *schema = schema_empty();

    schema->id_end = from->id_end;
    schema->by_id = trie_retain(from->by_id);
    schema->by_ident = trie_retain(from->by_ident);
    return schema;
}

struct schema *schema_retain(struct schema *schema)
{
    atomic_fetch_add(&schema->references, 1);
    return schema;
}

void schema_release(struct schema *schema)
{
    if (!schema || atomic_fetch_sub(&schema->references, 1) != 1)
        return;
    trie_release(schema->by_id);
    trie_release(schema->by_ident);
    free(schema);
}

uint32_t schema_id_end(const struct schema *schema)
{
    return schema->id_end;
}

const struct attribute *schema_by_id(const struct schema *schema, uint16_t id)
{
    const struct held *held = held_of(trie_find(schema->by_id, id_number, id));

    return held ? &held->attribute : NULL;
}

const struct attribute *schema_by_ident(const struct schema *schema, struct bytes ident)
{
    const struct held *held = held_of(trie_find(schema->by_ident, ident_number, bytes_hash(ident)));

    return held && bytes_equal(held->attribute.ident, ident) ? &held->attribute : NULL;
}

bool schema_has_no_history(const struct schema *schema)
{
    for (uint32_t id = 0; id < schema->id_end; id++) {
        const struct attribute *attribute = schema_by_id(schema, (uint16_t)id);
        if (attribute && attribute->no_history)
            return true;
    }
    return false;
}

/* The attribute that is known to be there. */
static const struct attribute *at_id(const struct schema *schema, uint16_t id)
{
    const struct attribute *attribute = schema_by_id(schema, id);

    assert(attribute);
    return attribute;
}

/* Moves the map on to a new one. */
static void move_on(struct trie **trie, struct trie *next)
{
    trie_release(*trie);
    *trie = next;
}

/* Puts the attribute, or none, at `id` of a schema that nobody else has yet. */
static void schema_set(struct schema *schema, uint16_t id, const struct attribute *attribute)
{
    const struct attribute *before = schema_by_id(schema, id);

    if (before && !(attribute && bytes_equal(before->ident, attribute->ident)))
        move_on(&schema->by_ident,
                trie_without(schema->by_ident, ident_number, bytes_hash(before->ident)));
    if (!attribute) {
        move_on(&schema->by_id, trie_without(schema->by_id, id_number, id));
        return;
    }
    struct held *held = held_new(attribute);
    move_on(&schema->by_ident, trie_with(schema->by_ident, ident_number, &held->item));
    move_on(&schema->by_id, trie_with(schema->by_id, id_number, &held->item));
    trie_item_release(&held->item);
    if (id >= schema->id_end)
        schema->id_end = id + 1u;
}

/* Adds or takes away `tuple` among the tuples that `part` is in. */
static void link_part(struct schema *schema, uint16_t part, uint16_t tuple, bool add)
{
    struct attribute attribute = *at_id(schema, part);
    uint16_t *tuples = xcalloc(attribute.in_tuple_count + 1, sizeof(*tuples));
    uint32_t count = 0;

    for (uint32_t i = 0; i < attribute.in_tuple_count; i++)
        if (attribute.in_tuples[i] != tuple)
            tuples[count++] = attribute.in_tuples[i];
    if (add)
        tuples[count++] = tuple;
    attribute.in_tuples = tuples;
    attribute.in_tuple_count = count;
    schema_set(schema, part, &attribute);
    free(tuples);
}

bool schema_with(const struct schema *schema, uint32_t e, const struct schema_datom *datoms,
                 size_t count, struct schema **out, struct error *err)
{
    assert(entity_is_attribute(e));
    uint16_t id = (uint16_t)(e - ATTRIBUTE_ENTITY_BASE);
    const struct attribute *before = schema_by_id(schema, id);
    struct arena arena = { 0 };
    struct attribute attribute = { .id = id };

    if (before) {
        attribute.ident = before->ident;
        attribute.in_tuples = before->in_tuples;
        attribute.in_tuple_count = before->in_tuple_count;
    }
    bool ok = count ? declaration_read(schema, datoms, count, &arena, &attribute, err)
                    : !(before && before->in_tuple_count) ||
                          fail(err, ERROR_CONFLICT, "attribute :%.*s: part of a composite tuple",
                               BYTES_ARG(attribute.ident));
    if (ok) {
        struct schema *after = schema_clone(schema);
        for (uint32_t i = 0; before && i < before->tuple_attr_count; i++)
            link_part(after, before->tuple_attrs[i], id, false);
        if (count || before)
            schema_set(after, id, count ? &attribute : NULL);
        for (uint32_t i = 0; i < attribute.tuple_attr_count; i++)
            link_part(after, attribute.tuple_attrs[i], id, true);
        *out = after;
    }
    arena_release(&arena);
    return ok;
}

struct schema *schema_built_in(void)
{
    struct schema *schema = schema_empty();
    struct error err;

    for (uint32_t id = 0; id < ATTR_BUILT_IN_COUNT; id++) {
        struct schema_datom datoms[BUILT_IN_DATOMS_MAX];
        struct schema *next;
        size_t count = built_in_datoms((uint16_t)id, datoms);
        if (!schema_with(schema, ATTRIBUTE_ENTITY_BASE + id, datoms, count, &next, &err))
            abort(); /* the table of built_in.c is wrong */
        schema_release(schema);
        schema = next;
    }
    return schema;
}

/* --- what clients are sent --- */

static struct value keyword(const char *text)
{
    return value_keyword(bytes_of(text));
}

static void entry(struct value_builder *map, struct arena *arena, const char *key, struct value v)
{
    value_builder_add(map, arena, keyword(key));
    value_builder_add(map, arena, v);
}

static struct value client_attribute(const struct schema *schema, const struct attribute *attribute,
                                     struct arena *arena)
{
    struct value_builder map = { 0 };
    bool composite = attribute->tuple_attr_count > 0;

    /* DataScript refuses a tuple without :db/tupleAttrs. */
    if (attribute->type_declared && (attribute->type == TYPE_REF || composite))
        entry(&map, arena, "db/valueType", keyword(attribute_type_keywords[attribute->type]));
    if (attribute->cardinality_declared)
        entry(&map, arena, "db/cardinality",
              keyword(attribute_cardinality_keywords[attribute->many]));
    if (attribute->unique != UNIQUE_NONE)
        entry(&map, arena, "db/unique", keyword(attribute_unique_keywords[attribute->unique]));
    if (attribute->component)
        entry(&map, arena, "db/isComponent", value_boolean(true));
    if (attribute->indexed)
        entry(&map, arena, "db/index", value_boolean(true));
    if (composite) {
        struct value *parts = ARENA_ARRAY(arena, struct value, attribute->tuple_attr_count);
        for (uint32_t i = 0; i < attribute->tuple_attr_count; i++)
            parts[i] =
                value_keyword(arena_copy(arena, at_id(schema, attribute->tuple_attrs[i])->ident));
        entry(&map, arena, "db/tupleAttrs",
              value_collection(VALUE_VECTOR, parts, attribute->tuple_attr_count));
    }
    return value_builder_end(&map, VALUE_MAP);
}

bool schema_told_differently(const struct schema *before, const struct schema *after, uint16_t id,
                             struct arena *arena)
{
    const struct attribute *was = schema_by_id(before, id), *is = schema_by_id(after, id);
    struct value said = was ? client_attribute(before, was, arena) : value_nil();
    struct value says = is ? client_attribute(after, is, arena) : value_nil();
    bool told = said.count > 0, tells = says.count > 0;

    if (was && is && is->in_tuple_count && !bytes_equal(was->ident, is->ident))
        return true; /* its tuples name it */
    if (!told || !tells)
        return told != tells;
    return !bytes_equal(was->ident, is->ident) || !value_equal(&said, &says);
}

struct value schema_for_clients(const struct schema *schema, struct arena *arena)
{
    struct value_builder map = { 0 };

    for (uint32_t id = ATTR_USER_FIRST; id < schema->id_end; id++) {
        const struct attribute *attribute = schema_by_id(schema, (uint16_t)id);
        if (!attribute)
            continue;
        struct value said = client_attribute(schema, attribute, arena);
        if (!said.count)
            continue;
        value_builder_add(&map, arena, value_keyword(arena_copy(arena, attribute->ident)));
        value_builder_add(&map, arena, said);
    }
    return value_builder_end(&map, VALUE_MAP);
}
