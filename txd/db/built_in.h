/* The attributes that every graph has, with fixed ids. */
#ifndef STOA_TXD_DB_BUILT_IN_H
#define STOA_TXD_DB_BUILT_IN_H

#include "txd/db/attribute.h"

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

/* One datom of an attribute's entity. */
struct schema_datom {
    uint16_t a;
    struct value v;
};

/* The datoms of a built-in attribute's entity, at t 0 in every graph; of an id that is none, 0.
 * They are static. */
#define BUILT_IN_DATOMS_MAX 8
size_t built_in_datoms(uint16_t id, struct schema_datom out[BUILT_IN_DATOMS_MAX]);

#endif
