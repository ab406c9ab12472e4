/*
 * The constraints: every assertion and retraction of a transaction passes here, one after another,
 * on its way into the overlay. Types, limits, cardinality, uniqueness, what only the server
 * writes, and composite tuples, which follow their parts.
 */
#ifndef STOA_TXD_TX_CHECK_H
#define STOA_TXD_TX_CHECK_H

#include "txd/tx/declare.h"

/* Fails unless the client may write datoms of the entity: a user entity, this transaction's own,
 * or an attribute that is there and not built in. */
bool check_entity(const struct draft *draft, uint32_t e, struct error *err) MUST_USE;

/* Asserts a datom for the client. `v` has its refs resolved. */
bool check_add(struct draft *draft, uint32_t e, const struct attribute *a, struct value v,
               struct error *err) MUST_USE;

/* Retracts a datom that is `now`. */
bool check_retract(struct draft *draft, struct pending *pending, struct error *err) MUST_USE;

/* Fails for attributes whose datoms only the server writes. */
bool check_client_writes(const struct attribute *a, struct error *err) MUST_USE;

/* True when `v` is what the parts of the composite tuple `a` give for `e` now, none of them nil. */
bool check_tuple_equal(struct draft *draft, uint32_t e, const struct attribute *a,
                       const struct value *v, bool *equal, struct error *err) MUST_USE;

/* Told that an entity has come to have all parts of a composite identity that `holder` has. *is:
 * it is the holder under another id, and its tuple is left alone; else that is a conflict. */
typedef bool (*check_identity_fn)(void *arg, uint32_t e, const struct attribute *a,
                                  const struct value *v, uint32_t holder, bool *is,
                                  struct error *err);

/* After each form: brings the composite tuples of changed parts up to date. */
bool check_tuples(struct draft *draft, check_identity_fn fn, void *arg, struct error *err) MUST_USE;

#endif
