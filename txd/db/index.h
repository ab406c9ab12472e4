/* Look-ups of single datoms, and everything that writes the indexes. */
#ifndef STOA_TXD_DB_INDEX_H
#define STOA_TXD_DB_INDEX_H

#include "txd/db/cursor.h"

/* Point look-ups at the basis of `db`; without as_of and history cheaper than a cursor. *found
 * false: not there. */
bool index_find(const struct db *db, uint32_t e, const struct attribute *a, const struct value *v,
                bool *found, uint32_t *t, struct error *err) MUST_USE;

/* The entity that holds `v` in the attribute, which is in avet. With several, the lowest. */
bool index_find_entity(const struct db *db, const struct attribute *a, const struct value *v,
                       bool *found, uint32_t *e, struct error *err) MUST_USE;

/*
 * What entities have of attributes, one pair after another, from one state of the store: for a
 * writer, who asks before each assertion. Opening costs as much as a cursor, and most pairs that
 * have nothing only a look at filters. `db` is at the present, without since and history. The
 * datoms come in no order to rely on; their values are there until the next one.
 */
struct index_values *index_values_open(const struct db *db);
void index_values_close(struct index_values *values); /* accepts NULL */
void index_values_seek(struct index_values *values, uint32_t e, uint16_t a);
bool index_values_next(struct index_values *values, struct datom *out);
bool index_values_check(const struct index_values *values, struct error *err) MUST_USE;

/*
 * Adds a datom to the current indexes of its attribute, in the batch. The datom is not there.
 */
void index_add(struct store_batch *batch, const struct attribute *a, const struct datom *datom);

/* Takes the datom added at datom->t out of the current indexes and, unless the attribute has
 * noHistory, puts it into the past ones as retracted at `t_retracted`. */
void index_retract(struct store_batch *batch, const struct attribute *a, const struct datom *datom,
                   uint32_t t_retracted);

/*
 * Rewrites what a change of the attribute from `before` to `after` asks for: avet when it becomes
 * unique or indexed (or ceases to be), vaet when it becomes a ref; current and past datoms both.
 * All of it goes into the batch, so that it is atomic with the transaction, up to
 * LIMIT_REBUILD_BYTES (busy over it). Errors: conflict, naming the value and both entities, when a
 * unique value is held twice, or when an entity holds two values of what becomes cardinality one;
 * naming the value that is no entity id when it becomes a ref.
 */
bool index_rebuild(const struct db *db, struct store_batch *batch, const struct attribute *before,
                   const struct attribute *after, struct error *err) MUST_USE;

#endif
