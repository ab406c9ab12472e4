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

#include "txd/db/built_in.h"
#include "txd/db/key.h"

enum flexibility {
    FLEXIBILITY_READ,  /* unknown attributes are added as they come: cardinality one, any value */
    FLEXIBILITY_WRITE, /* attributes are declared first, and types are enforced */
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

/*
 * A new schema: `schema` with the attribute entity `e` replaced by what the `count` datom values
 * say (attribute id and value of each datom that the entity has now), or removed when count is 0.
 * Errors (incorrect) name the attribute and what is wrong with it: an unknown type, a tuple of
 * unknown attributes, unique on a tuple's part that is many, ...
 */
bool schema_with(const struct schema *schema, uint32_t e, const struct schema_datom *datoms,
                 size_t count, struct schema **out, struct error *err) MUST_USE;

/* The map that clients are sent (PROTOCOL.md, "snapshot"), of all attributes that are not
 * built in; keyword keys, in `arena`. */
struct value schema_for_clients(const struct schema *schema, struct arena *arena);

/* True when that map tells something else of the attribute `id` in the one than in the other. */
bool schema_told_differently(const struct schema *before, const struct schema *after, uint16_t id,
                             struct arena *arena);

#endif
