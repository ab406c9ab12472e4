/*
 * What a clause looks into: the graph at a basis, or a collection of tuples that was given as an
 * argument.
 */
#ifndef STOA_TXD_QUERY_SOURCE_H
#define STOA_TXD_QUERY_SOURCE_H

#include "txd/query/budget.h"

struct source {
    bool is_graph;
    struct db db;                /* the graph, at the basis that was asked for */
    struct db now;               /* the same without history and since: names are looked up here */
    const struct counts *counts; /* of current datoms, for estimates */
    struct snapshot *opened;     /* what it holds beside the request's own; may be NULL */
    struct value tuples;         /* the collection */
    struct value *idents;        /* of attributes by id, copied when asked for; nil: not yet */
    struct extent **extents;     /* of attributes by id, held by the arena; NULL: not asked for */
};

void source_graph(struct source *source, const struct snapshot *snapshot, const struct db *db);

/*
 * The entity that a value names: an id, a lookup ref, or an ident. *found false: it names none.
 * Errors (incorrect): a lookup ref of an unknown or not unique attribute.
 */
bool source_entity(const struct source *source, const struct value *value, bool *found,
                   uint32_t *out, struct error *err) MUST_USE;

/* The same; none is an error (not-found). */
bool source_entity_strict(const struct source *source, const struct value *value, uint32_t *out,
                          struct error *err) MUST_USE;

/* The attribute that a keyword or a string names; NULL when there is none. `reverse`, which may be
 * NULL, is set when the name has an underscore before it (:_child, :ns/_child). */
const struct attribute *source_attribute(const struct source *source, const struct value *name,
                                         struct arena *arena, bool *reverse);

/* The value as datoms of the attribute hold it: entities that are named become ids, and longs
 * doubles, where the attribute says so. *found false: no datom can have it. */
bool source_value(const struct source *source, const struct attribute *attribute,
                  const struct value *value, bool *found, struct value *out,
                  struct error *err) MUST_USE;

/* An estimate of the datoms of an attribute; of all, when it is NULL. */
uint64_t source_count(const struct source *source, const struct attribute *attribute);

/* The attribute of a datom. Never NULL for a datom of the graph. */
const struct attribute *source_attribute_of(const struct source *source, uint16_t a);

/* Its ident, a keyword that lives as long as `arena`. */
struct value source_ident(struct source *source, uint16_t a, struct arena *arena);

/*
 * The attribute's extent at the source's basis (without `since`), which the arena holds; NULL when
 * it is not in memory and not worth putting there for a read of `reads` keys, or when that would
 * take more than half of the time that is left.
 */
bool source_extent(struct source *source, const struct attribute *attribute, uint64_t reads,
                   struct arena *arena, struct budget *budget, struct extent **out,
                   struct error *err) MUST_USE;

#endif
