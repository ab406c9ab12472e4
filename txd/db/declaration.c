#include "txd/db/declaration.h"

#include "proto/edn.h"

#include <stdio.h>

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
    int type = name_index(attribute_type_keywords, ARRAY_LEN(attribute_type_keywords), v);

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
        index = name_index(attribute_cardinality_keywords,
                           ARRAY_LEN(attribute_cardinality_keywords), v);
        attribute->cardinality_declared = true;
        attribute->many = index == 1;
        return index >= 0 ||
               bad(draft, ERROR_INCORRECT,
                   ":db/cardinality is :db.cardinality/one or :db.cardinality/many", v, err);
    case ATTR_UNIQUE:
        index = name_index(attribute_unique_keywords, ARRAY_LEN(attribute_unique_keywords), v);
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

bool declaration_read(const struct schema *schema, const struct schema_datom *datoms, size_t count,
                      struct arena *arena, struct attribute *attribute, struct error *err)
{
    struct draft draft = { .schema = schema, .arena = arena, .attribute = *attribute };

    if (!read_ident(&draft, datoms, count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!read_datom(&draft, &datoms[i], err))
            return false;
    if (!check_draft(&draft, err))
        return false;
    *attribute = draft.attribute;
    return true;
}
