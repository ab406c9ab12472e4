/* An attribute as its schema says it: what it is called, and what it can hold. */
#ifndef STOA_TXD_DB_ATTRIBUTE_H
#define STOA_TXD_DB_ATTRIBUTE_H

#include "proto/value.h"

/* :db/valueType */
enum attribute_type {
    TYPE_ANY, /* none declared */
    TYPE_STRING,
    TYPE_KEYWORD,
    TYPE_SYMBOL,
    TYPE_LONG,
    TYPE_DOUBLE,
    TYPE_BOOLEAN,
    TYPE_INSTANT,
    TYPE_UUID,
    TYPE_REF,
    TYPE_BYTES,
    TYPE_TUPLE,
};

enum unique { UNIQUE_NONE, UNIQUE_VALUE, UNIQUE_IDENTITY };

struct attribute {
    uint16_t id;        /* its entity is ATTRIBUTE_ENTITY_BASE + id */
    struct bytes ident; /* without colon */
    enum attribute_type type;
    enum unique unique;
    bool type_declared;        /* :db/valueType was said; a composite tuple need not */
    bool many;                 /* :db.cardinality/many */
    bool cardinality_declared; /* the client's schema shows it when it is said */
    bool indexed;              /* :db/index; a unique attribute is in avet all the same */
    bool component;
    bool no_history;
    const uint16_t *tuple_attrs; /* of a composite tuple, in order */
    uint32_t tuple_attr_count;
    const enum attribute_type *tuple_types; /* of a typed tuple; one entry: all items have it */
    uint32_t tuple_type_count;
    const uint16_t *in_tuples; /* the composite tuples that this attribute is part of */
    uint32_t in_tuple_count;
};

/* What schema datoms call them, without colon; NULL where there is nothing to say. */
extern const char *const attribute_type_keywords[TYPE_TUPLE + 1];
extern const char *const attribute_unique_keywords[UNIQUE_IDENTITY + 1];
extern const char *const attribute_cardinality_keywords[2]; /* by `many` */

/* "string", "ref", ...: the name of :db.type/... ; "any" for none. */
const char *attribute_type_name(enum attribute_type type);

/* True when datoms of the attribute are in avet. */
bool attribute_in_avet(const struct attribute *attribute);

/*
 * True when the attribute can hold the value as it stands; a long for a double attribute is made a
 * double in place (JavaScript cannot write 1.0), and sets and maps are sorted in place (mp_sort()).
 * Does not look into the graph. Errors (incorrect) name attribute, value and both types.
 */
bool attribute_accepts(const struct attribute *attribute, struct value *v,
                       struct error *err) MUST_USE;

#endif
