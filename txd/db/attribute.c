#include "txd/db/attribute.h"

#include "common/limits.h"
#include "proto/edn.h"
#include "proto/mp.h"

#include <stdio.h>

static const char *const type_names[] = {
    [TYPE_ANY] = "any",         [TYPE_STRING] = "string",   [TYPE_KEYWORD] = "keyword",
    [TYPE_SYMBOL] = "symbol",   [TYPE_LONG] = "long",       [TYPE_DOUBLE] = "double",
    [TYPE_BOOLEAN] = "boolean", [TYPE_INSTANT] = "instant", [TYPE_UUID] = "uuid",
    [TYPE_REF] = "ref",         [TYPE_BYTES] = "bytes",     [TYPE_TUPLE] = "tuple",
};

const char *const attribute_type_keywords[] = {
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

const char *const attribute_unique_keywords[] = {
    [UNIQUE_VALUE] = "db.unique/value", [UNIQUE_IDENTITY] = "db.unique/identity"
};

const char *const attribute_cardinality_keywords[] = { "db.cardinality/one",
                                                       "db.cardinality/many" };

const char *attribute_type_name(enum attribute_type type)
{
    return type_names[type];
}

bool attribute_in_avet(const struct attribute *attribute)
{
    return attribute->indexed || attribute->unique != UNIQUE_NONE;
}

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
    if (value_depth(v) > LIMIT_KEPT_DEPTH) {
        snprintf(what, sizeof(what), "it is nested deeper than %d", LIMIT_KEPT_DEPTH);
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
