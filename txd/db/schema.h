/*
 * The attributes of a graph. A schema is immutable and shared by reference: a transaction that
 * changes attributes makes a new one, and readers keep the one of their snapshot.
 *
 * Schema is data: what it says is what the datoms of attribute entities say (graph_open() reads
 * them). Schema values are keywords (:db.type/ref), as in DataScript. The built-in attributes have
 * fixed ids and their datoms are at t 0 in every graph.
 */
#ifndef STOA_TXD_DB_SCHEMA_H
#define STOA_TXD_DB_SCHEMA_H

#include "proto/value.h"
#include "txd/db/key.h"

enum flexibility {
    FLEXIBILITY_READ,  /* unknown attributes are added as they come: cardinality one, any value */
    FLEXIBILITY_WRITE, /* attributes are declared first, and types are enforced */
};

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

/* Built-in attributes. */
enum {
    ATTR_IDENT,
    ATTR_VALUE_TYPE,
    ATTR_CARDINALITY,
    ATTR_UNIQUE,
    ATTR_INDEX,
    ATTR_IS_COMPONENT,
    ATTR_NO_HISTORY,
    ATTR_TUPLE_ATTRS,
    ATTR_TUPLE_TYPES,
    ATTR_TUPLE_TYPE,
    ATTR_DOC,
    ATTR_TX_INSTANT,
    ATTR_TX_USER,
    ATTR_TX_SESSION,
    ATTR_TX_ID,
    ATTR_BUILT_IN_COUNT,
    ATTR_USER_FIRST = 64, /* ids between are kept for later built-ins */
};

struct schema;

/* The schema of an empty graph: the built-in attributes. */
struct schema *schema_built_in(void);

/* One more reference; returns `schema`. Thread-safe. */
struct schema *schema_retain(struct schema *schema);
void schema_release(struct schema *schema); /* accepts NULL */

/* NULL when there is none. Valid as long as the schema. */
const struct attribute *schema_by_id(const struct schema *schema, uint16_t id);
const struct attribute *schema_by_ident(const struct schema *schema, struct bytes ident);

/* Attributes are 0 .. schema_id_end() - 1, with holes. */
uint32_t schema_id_end(const struct schema *schema);

/* True when an attribute has :db/noHistory. */
bool schema_has_no_history(const struct schema *schema);

/* True when datoms of the attribute are in avet. */
bool attribute_in_avet(const struct attribute *attribute);

/*
 * A new schema: `schema` with the attribute entity `e` replaced by what the `count` datom values
 * say (attribute id and value of each datom that the entity has now), or removed when count is 0.
 * Errors (incorrect) name the attribute and what is wrong with it: an unknown type, a tuple of
 * unknown attributes, unique on a tuple's part that is many, ...
 */
struct schema_datom {
    uint16_t a;
    struct value v;
};
bool schema_with(const struct schema *schema, uint32_t e, const struct schema_datom *datoms,
                 size_t count, struct schema **out, struct error *err) MUST_USE;

/* The datoms of a built-in attribute's entity, at t 0 in every graph; of an id that is none, 0.
 * They are static. */
#define SCHEMA_BUILT_IN_DATOMS_MAX 8
size_t schema_built_in_datoms(uint16_t id, struct schema_datom out[SCHEMA_BUILT_IN_DATOMS_MAX]);

/* The map that clients are sent (PROTOCOL.md, "snapshot"), of all attributes that are not
 * built in; keyword keys, in `arena`. */
struct value schema_for_clients(const struct schema *schema, struct arena *arena);

/* True when that map tells something else of the attribute `id` in the one than in the other. */
bool schema_told_differently(const struct schema *before, const struct schema *after, uint16_t id,
                             struct arena *arena);

/* "string", "ref", ...: the name of :db.type/... ; "any" for none. */
const char *attribute_type_name(enum attribute_type type);

/*
 * True when the attribute can hold the value as it stands; a long for a double attribute is made a
 * double in place (JavaScript cannot write 1.0), and sets and maps are sorted in place (mp_sort()).
 * Does not look into the graph. Errors (incorrect) name attribute, value and both types.
 */
bool attribute_accepts(const struct attribute *attribute, struct value *v,
                       struct error *err) MUST_USE;

#endif
