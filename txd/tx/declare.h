/*
 * Schema as data, inside a transaction: attributes found by ident, made on the fly, declared and
 * changed.
 *
 * A declaration takes effect for the forms after it in the same transaction. What a change asks of
 * the datoms that are there (indexes to build, uniqueness to check) is done once, at the end; so
 * one transaction may not both change an attribute that exists and write datoms of it, in either
 * order.
 *
 * A composite tuple declared over attributes that have datoms already is kept for an entity from
 * the next assertion of one of its parts on, also of a value that is there: so a client fills it
 * in by saying a part again, in transactions of the size it likes (as in Datomic; DataScript never
 * fills it in). Under :read parts that are unknown are made, as plain attributes.
 */
#ifndef STOA_TXD_TX_DECLARE_H
#define STOA_TXD_TX_DECLARE_H

#include "txd/tx/draft.h"

/* The attribute, or NULL when there is none. */
bool declare_find(struct draft *draft, struct bytes ident, const struct attribute **out,
                  struct error *err) MUST_USE;

/* The same; under :read an unknown one is made, under :write it is an error (incorrect). */
bool declare_need(struct draft *draft, struct bytes ident, const struct attribute **out,
                  struct error *err) MUST_USE;

/* True when an attribute may have this name; a built-in one's may not. */
bool declare_check_ident(struct bytes ident, struct error *err) MUST_USE;

/* A datom of the attribute entity `e` has been added or retracted through attribute `a`. */
void declare_touch(struct draft *draft, uint32_t e, uint16_t a);

/* True for what only attribute entities have: :db/valueType, :db/cardinality, ... */
bool declare_is_schema(uint16_t a);

/* The same by ident. */
bool declare_is_schema_ident(struct bytes ident);

/* After the last form: brings the schema up to date and checks each change against the datoms
 * that are and were there. */
bool declare_finish(struct draft *draft, struct error *err) MUST_USE;

/* True when clients are to be told the schema anew. */
bool declare_told(const struct draft *draft);

/* Adds to the batch what changed attributes ask of the indexes. Errors: conflict. */
bool declare_rebuild(struct draft *draft, struct store_batch *batch, struct error *err) MUST_USE;

#endif
