/*
 * Attributes are in two persistent maps, by id and by ident, of which a schema that differs in one
 * attribute shares nearly all. Two idents of one 64-bit hash cannot both be had: the hash is seeded
 * anew in every process, so nobody can look for a pair, and by chance there is none.
 */
#include "txd/db/schema.h"

#include "common/limits.h"
#include "proto/edn.h"
#include "proto/mp.h"
#include "txd/db/trie.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
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

/* --- built-in attributes --- */

struct built_in {
    const char *ident;
    enum attribute_type type;
    enum unique unique;
    bool many, indexed;
    enum attribute_type items; /* of a tuple */
    const char *doc;
};

static const struct built_in built_ins[ATTR_BUILT_IN_COUNT] = {
    [ATTR_IDENT] = { "db/ident", TYPE_KEYWORD, .unique = UNIQUE_IDENTITY,
                     .doc = "The name of an attribute or of any other entity." },
    [ATTR_VALUE_TYPE] = { "db/valueType", TYPE_KEYWORD,
                          .doc = "The type of an attribute's values: :db.type/string, ..." },
    [ATTR_CARDINALITY] = { "db/cardinality", TYPE_KEYWORD,
                           .doc = ":db.cardinality/one (the default) or :db.cardinality/many." },
    [ATTR_UNIQUE] = { "db/unique", TYPE_KEYWORD,
                      .doc = ":db.unique/value or :db.unique/identity; identities upsert." },
    [ATTR_INDEX] = { "db/index", TYPE_BOOLEAN,
                     .doc = "Whether datoms of the attribute are also sorted by value." },
    [ATTR_IS_COMPONENT] = { "db/isComponent", TYPE_BOOLEAN,
                            .doc = "Whether what a ref points to is part of the entity." },
    [ATTR_NO_HISTORY] = { "db/noHistory", TYPE_BOOLEAN,
                          .doc = "Whether past values of the attribute are forgotten." },
    [ATTR_TUPLE_ATTRS] = { "db/tupleAttrs", TYPE_TUPLE, .items = TYPE_KEYWORD,
                           .doc = "The attributes that a composite tuple is made of." },
    [ATTR_TUPLE_TYPES] = { "db/tupleTypes", TYPE_TUPLE, .items = TYPE_KEYWORD,
                           .doc = "The types of the items of a tuple of fixed length." },
    [ATTR_TUPLE_TYPE] = { "db/tupleType", TYPE_KEYWORD,
                          .doc = "The type of all items of a tuple of any length." },
    [ATTR_DOC] = { "db/doc", TYPE_STRING, .doc = "What the entity is, for people." },
    [ATTR_TX_INSTANT] = { "db/txInstant", TYPE_INSTANT, .indexed = true,
                          .doc = "When the transaction was committed; never goes back." },
    [ATTR_TX_USER] = { "tx/user", TYPE_STRING, .doc = "The name of who transacted." },
    [ATTR_TX_SESSION] = { "tx/session", TYPE_STRING,
                          .doc = "The session in which the transaction was made." },
    [ATTR_TX_ID] = { "tx/id", TYPE_UUID,
                     .doc = "The client's id of the transaction, which makes a retry safe." },
};

/* --- names of schema values --- */

static const char *const type_names[] = {
    [TYPE_ANY] = "any",         [TYPE_STRING] = "string",   [TYPE_KEYWORD] = "keyword",
    [TYPE_SYMBOL] = "symbol",   [TYPE_LONG] = "long",       [TYPE_DOUBLE] = "double",
    [TYPE_BOOLEAN] = "boolean", [TYPE_INSTANT] = "instant", [TYPE_UUID] = "uuid",
    [TYPE_REF] = "ref",         [TYPE_BYTES] = "bytes",     [TYPE_TUPLE] = "tuple",
};

static const char *const type_keywords[] = {
    [TYPE_STRING] = "db.type/string",   [TYPE_KEYWORD] = "db.type/keyword",
    [TYPE_SYMBOL] = "db.type/symbol",   [TYPE_LONG] = "db.type/long",
    [TYPE_DOUBLE] = "db.type/double",   [TYPE_BOOLEAN] = "db.type/boolean",
    [TYPE_INSTANT] = "db.type/instant", [TYPE_UUID] = "db.type/uuid",
    [TYPE_REF] = "db.type/ref",         [TYPE_BYTES] = "db.type/bytes",
    [TYPE_TUPLE] = "db.type/tuple",
};

static const enum value_type type_values[] = {
    [TYPE_STRING] = VALUE_STRING,   [TYPE_KEYWORD] = VALUE_KEYWORD, [TYPE_SYMBOL] = VALUE_SYMBOL,
    [TYPE_LONG] = VALUE_LONG,       [TYPE_DOUBLE] = VALUE_DOUBLE,   [TYPE_BOOLEAN] = VALUE_BOOLEAN,
    [TYPE_INSTANT] = VALUE_INSTANT, [TYPE_UUID] = VALUE_UUID,       [TYPE_REF] = VALUE_LONG,
    [TYPE_BYTES] = VALUE_BYTES,     [TYPE_TUPLE] = VALUE_VECTOR,
};

static const char *const unique_keywords[] = {
    [UNIQUE_VALUE] = "db.unique/value", [UNIQUE_IDENTITY] = "db.unique/identity"
};

static const char *const cardinality_keywords[] = { "db.cardinality/one", "db.cardinality/many" };

const char *attribute_type_name(enum attribute_type type)
{
    return type_names[type];
}

bool attribute_in_avet(const struct attribute *attribute)
{
    return attribute->indexed || attribute->unique != UNIQUE_NONE;
}

static struct value keyword(const char *text)
{
    return value_keyword(bytes_of(text));
}

size_t schema_built_in_datoms(uint16_t id, struct schema_datom out[SCHEMA_BUILT_IN_DATOMS_MAX])
{
    if (id >= ATTR_BUILT_IN_COUNT)
        return 0;
    const struct built_in *row = &built_ins[id];
    size_t count = 0;

    out[count++] = (struct schema_datom){ ATTR_IDENT, keyword(row->ident) };
    out[count++] = (struct schema_datom){ ATTR_VALUE_TYPE, keyword(type_keywords[row->type]) };
    out[count++] =
        (struct schema_datom){ ATTR_CARDINALITY, keyword(cardinality_keywords[row->many]) };
    if (row->unique != UNIQUE_NONE)
        out[count++] = (struct schema_datom){ ATTR_UNIQUE, keyword(unique_keywords[row->unique]) };
    if (row->indexed)
        out[count++] = (struct schema_datom){ ATTR_INDEX, value_boolean(true) };
    if (row->type == TYPE_TUPLE)
        out[count++] = (struct schema_datom){ ATTR_TUPLE_TYPE, keyword(type_keywords[row->items]) };
    out[count++] = (struct schema_datom){ ATTR_DOC, value_string(bytes_of(row->doc)) };
    return count;
}

/* --- the structure --- */

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

/* --- reading an attribute's datoms --- */

struct draft {
    const struct schema *schema;
    struct arena *arena;
    struct attribute attribute;
    const struct value *tuple_attrs, *tuple_types, *tuple_type;
};

static bool bad(const struct draft *draft, enum error_kind kind, const char *what,
                const struct value *v, struct error *err)
{
    struct bytes said = v ? edn_excerpt(draft->arena, v) : (struct bytes){ 0 };

    return fail(err, kind, "attribute :%.*s: %s%s%.*s", BYTES_ARG(draft->attribute.ident), what,
                v ? ", not " : "", BYTES_ARG(said));
}

/* The index of the keyword in `names`, which has holes, or -1. */
static int name_index(const char *const *names, size_t count, const struct value *v)
{
    for (size_t i = 0; i < count; i++)
        if (names[i] && value_is_keyword(v, names[i]))
            return (int)i;
    return -1;
}

static bool read_type(struct draft *draft, const struct value *v, enum attribute_type *out,
                      struct error *err)
{
    int type = name_index(type_keywords, ARRAY_LEN(type_keywords), v);

    if (type < 0)
        return bad(draft, ERROR_INCORRECT,
                   "a type is one of :db.type/string, keyword, symbol, long, double, boolean, "
                   "instant, uuid, ref, bytes, tuple",
                   v, err);
    *out = (enum attribute_type)type;
    return true;
}

static bool read_boolean(struct draft *draft, const char *name, const struct value *v, bool *out,
                         struct error *err)
{
    char what[64];

    if (v->type == VALUE_BOOLEAN) {
        *out = v->boolean;
        return true;
    }
    snprintf(what, sizeof(what), ":%s is true or false", name);
    return bad(draft, ERROR_INCORRECT, what, v, err);
}

static bool read_datom(struct draft *draft, const struct schema_datom *datom, struct error *err)
{
    struct attribute *attribute = &draft->attribute;
    const struct value *v = &datom->v;
    int index;

    switch (datom->a) {
    case ATTR_VALUE_TYPE:
        attribute->type_declared = true;
        return read_type(draft, v, &attribute->type, err);
    case ATTR_CARDINALITY:
        index = name_index(cardinality_keywords, ARRAY_LEN(cardinality_keywords), v);
        attribute->cardinality_declared = true;
        attribute->many = index == 1;
        return index >= 0 ||
               bad(draft, ERROR_INCORRECT,
                   ":db/cardinality is :db.cardinality/one or :db.cardinality/many", v, err);
    case ATTR_UNIQUE:
        index = name_index(unique_keywords, ARRAY_LEN(unique_keywords), v);
        attribute->unique = index < 0 ? UNIQUE_NONE : (enum unique)index;
        return index >= 0 || bad(draft, ERROR_INCORRECT,
                                 ":db/unique is :db.unique/value or :db.unique/identity", v, err);
    case ATTR_INDEX:
        return read_boolean(draft, "db/index", v, &attribute->indexed, err);
    case ATTR_IS_COMPONENT:
        return read_boolean(draft, "db/isComponent", v, &attribute->component, err);
    case ATTR_NO_HISTORY:
        return read_boolean(draft, "db/noHistory", v, &attribute->no_history, err);
    case ATTR_TUPLE_ATTRS:
        draft->tuple_attrs = v;
        return true;
    case ATTR_TUPLE_TYPES:
        draft->tuple_types = v;
        return true;
    case ATTR_TUPLE_TYPE:
        draft->tuple_type = v;
        return true;
    default:
        return true; /* an attribute's entity may say anything else */
    }
}

static bool read_tuple_attrs(struct draft *draft, struct error *err)
{
    const struct value *v = draft->tuple_attrs;

    if (!value_is_sequence(v) || v->count == 0)
        return bad(draft, ERROR_INCORRECT, ":db/tupleAttrs is a vector of attributes", v, err);
    if (draft->attribute.many)
        return bad(draft, ERROR_INCORRECT, "a composite tuple has cardinality one", NULL, err);
    uint16_t *parts = ARENA_ARRAY(draft->arena, uint16_t, v->count);
    for (uint32_t i = 0; i < v->count; i++) {
        const struct value *item = &v->items[i];
        const struct attribute *part =
            item->type == VALUE_KEYWORD ? schema_by_ident(draft->schema, item->text) : NULL;
        if (!part || part->id == draft->attribute.id)
            return bad(draft, ERROR_INCORRECT, ":db/tupleAttrs names attributes that are there",
                       item, err);
        if (part->tuple_attr_count)
            return bad(draft, ERROR_INCORRECT,
                       ":db/tupleAttrs names attributes that are no "
                       "composite tuples themselves",
                       item, err);
        if (part->many)
            return bad(draft, ERROR_INCORRECT, ":db/tupleAttrs names attributes of cardinality one",
                       item, err);
        parts[i] = part->id;
    }
    draft->attribute.tuple_attrs = parts;
    draft->attribute.tuple_attr_count = v->count;
    return true;
}

static bool read_tuple_types(struct draft *draft, struct error *err)
{
    const struct value *v = draft->tuple_types;
    uint32_t count = v ? v->count : 1;

    if (v && (!value_is_sequence(v) || count < 2))
        return bad(draft, ERROR_INCORRECT, ":db/tupleTypes is a vector of two types or more", v,
                   err);
    enum attribute_type *types = ARENA_ARRAY(draft->arena, enum attribute_type, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct value *item = v ? &v->items[i] : draft->tuple_type;
        if (!read_type(draft, item, &types[i], err))
            return false;
        if (types[i] == TYPE_TUPLE)
            return bad(draft, ERROR_INCORRECT, "a tuple's items are no tuples", NULL, err);
    }
    draft->attribute.tuple_types = types;
    draft->attribute.tuple_type_count = count;
    return true;
}

/* What the parts together must be. */
static bool check_draft(struct draft *draft, struct error *err)
{
    struct attribute *attribute = &draft->attribute;
    int kinds = !!draft->tuple_attrs + !!draft->tuple_types + !!draft->tuple_type;

    if (kinds > 1)
        return bad(draft, ERROR_INCORRECT,
                   "only one of :db/tupleAttrs, :db/tupleTypes and :db/tupleType may be said", NULL,
                   err);
    if (kinds && attribute->type_declared && attribute->type != TYPE_TUPLE)
        return bad(draft, ERROR_INCORRECT, "an attribute with tuple items has :db.type/tuple", NULL,
                   err);
    if (!kinds && attribute->type == TYPE_TUPLE)
        return bad(draft, ERROR_INCORRECT,
                   ":db.type/tuple needs :db/tupleAttrs, :db/tupleTypes or :db/tupleType", NULL,
                   err);
    if (attribute->component && attribute->type != TYPE_REF)
        return bad(draft, ERROR_INCORRECT, ":db/isComponent needs :db/valueType :db.type/ref", NULL,
                   err);
    if (attribute->in_tuple_count && (attribute->many || kinds))
        return bad(draft, ERROR_INCORRECT,
                   "part of a composite tuple, so it has cardinality one and is no tuple", NULL,
                   err);
    if (!kinds)
        return true;
    attribute->type = TYPE_TUPLE;
    return draft->tuple_attrs ? read_tuple_attrs(draft, err) : read_tuple_types(draft, err);
}

static bool read_ident(struct draft *draft, const struct schema_datom *datoms, size_t count,
                       struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (datoms[i].a != ATTR_IDENT)
            continue;
        if (datoms[i].v.type != VALUE_KEYWORD)
            return fail(err, ERROR_INCORRECT, "the :db/ident of an attribute is a keyword, not %s",
                        edn_excerpt(draft->arena, &datoms[i].v).data);
        draft->attribute.ident = datoms[i].v.text;
        const struct attribute *other = schema_by_ident(draft->schema, datoms[i].v.text);
        if (other && other->id != draft->attribute.id)
            return bad(draft, ERROR_CONFLICT, "another attribute has that :db/ident", NULL, err);
        return true;
    }
    return fail(err, ERROR_INCORRECT,
                "the attribute with entity id %u has no :db/ident; an attribute needs one",
                ATTRIBUTE_ENTITY_BASE + draft->attribute.id);
}

static bool read_draft(struct draft *draft, const struct schema_datom *datoms, size_t count,
                       struct error *err)
{
    if (!read_ident(draft, datoms, count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!read_datom(draft, &datoms[i], err))
            return false;
    return check_draft(draft, err);
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
    struct draft draft = { .schema = schema, .arena = &arena, .attribute = { .id = id } };

    if (before) {
        draft.attribute.ident = before->ident;
        draft.attribute.in_tuples = before->in_tuples;
        draft.attribute.in_tuple_count = before->in_tuple_count;
    }
    bool ok = count ? read_draft(&draft, datoms, count, err)
                    : !(before && before->in_tuple_count) ||
                          bad(&draft, ERROR_CONFLICT, "part of a composite tuple", NULL, err);
    if (ok) {
        struct schema *after = schema_clone(schema);
        for (uint32_t i = 0; before && i < before->tuple_attr_count; i++)
            link_part(after, before->tuple_attrs[i], id, false);
        if (count || before)
            schema_set(after, id, count ? &draft.attribute : NULL);
        for (uint32_t i = 0; i < draft.attribute.tuple_attr_count; i++)
            link_part(after, draft.attribute.tuple_attrs[i], id, true);
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
        struct schema_datom datoms[SCHEMA_BUILT_IN_DATOMS_MAX];
        struct schema *next;
        size_t count = schema_built_in_datoms((uint16_t)id, datoms);
        if (!schema_with(schema, ATTRIBUTE_ENTITY_BASE + id, datoms, count, &next, &err))
            abort(); /* the table above is wrong */
        schema_release(schema);
        schema = next;
    }
    return schema;
}

/* --- what clients are sent --- */

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
        entry(&map, arena, "db/valueType", keyword(type_keywords[attribute->type]));
    if (attribute->cardinality_declared)
        entry(&map, arena, "db/cardinality", keyword(cardinality_keywords[attribute->many]));
    if (attribute->unique != UNIQUE_NONE)
        entry(&map, arena, "db/unique", keyword(unique_keywords[attribute->unique]));
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

/* --- what an attribute can hold --- */

static bool refuse(const struct attribute *attribute, const struct value *v, const char *what,
                   struct error *err)
{
    struct arena arena = { 0 };

    fail(err, ERROR_INCORRECT, "attribute :%.*s cannot hold %s (%s): %s",
         BYTES_ARG(attribute->ident), edn_excerpt(&arena, v).data, value_type_name(v->type), what);
    arena_release(&arena);
    return false;
}

/* A long where a double is wanted becomes one. */
static bool type_accepts(enum attribute_type type, struct value *v)
{
    if (type == TYPE_ANY)
        return true;
    if (type == TYPE_DOUBLE && v->type == VALUE_LONG)
        *v = value_double((double)v->number);
    return v->type == type_values[type] &&
           (type != TYPE_REF || (v->number >= 1 && v->number <= INT32_MAX));
}

static bool tuple_accepts(const struct attribute *attribute, struct value *v, struct error *err)
{
    uint32_t count = attribute->tuple_attr_count;
    char what[96];

    if (!value_is_sequence(v))
        return refuse(attribute, v, "it holds tuples, which are vectors", err);
    v->type = VALUE_VECTOR;
    if (!count && attribute->tuple_type_count > 1)
        count = attribute->tuple_type_count;
    if (count && v->count != count) {
        snprintf(what, sizeof(what), "its tuples have %u items", count);
        return refuse(attribute, v, what, err);
    }
    for (uint32_t i = 0; attribute->tuple_type_count && i < v->count; i++) {
        enum attribute_type type = attribute->tuple_types[attribute->tuple_type_count > 1 ? i : 0];
        if (v->items[i].type != VALUE_NIL && !type_accepts(type, &v->items[i])) {
            snprintf(what, sizeof(what), "item %u of its tuples has type :db.type/%s", i,
                     type_names[type]);
            return refuse(attribute, v, what, err);
        }
    }
    return true;
}

/* About what the value takes, encoded. */
static size_t size_of(const struct value *v)
{
    size_t size = 1;

    if (v->type >= VALUE_STRING && v->type <= VALUE_BYTES)
        return size + v->text.len;
    if (!value_is_collection(v))
        return size + 8;
    for (size_t i = 0; i < (v->type == VALUE_MAP ? 2 : 1) * (size_t)v->count; i++)
        size += size_of(&v->items[i]); /* as deep as the decoders let it be */
    return size;
}

bool attribute_accepts(const struct attribute *attribute, struct value *v, struct error *err)
{
    char what[96];

    if (v->type == VALUE_NIL)
        return refuse(attribute, v, "nil is no value; retract the datom instead", err);
    if (size_of(v) > LIMIT_VALUE_BYTES) {
        snprintf(what, sizeof(what), "it is longer than %d bytes", LIMIT_VALUE_BYTES);
        return refuse(attribute, v, what, err);
    }
    mp_sort(v);
    if (attribute->type == TYPE_TUPLE)
        return tuple_accepts(attribute, v, err);
    if (type_accepts(attribute->type, v))
        return true;
    if (attribute->type == TYPE_REF && v->type == VALUE_LONG)
        return refuse(attribute, v, "an entity id is within 1 .. 2147483647", err);
    snprintf(what, sizeof(what), "its type is :db.type/%s", type_names[attribute->type]);
    return refuse(attribute, v, what, err);
}
