/*
 * One transaction, from the client's forms to what is written:
 *
 *   parse     tx_data as values        ->  forms: operations with unresolved entities and values
 *   resolve   forms, one after another ->  operations on entity ids (tempids, lookup refs, upserts,
 *                                          maps, cas, retractEntity, tuples expanded)
 *   check     operations               ->  net datoms, in step with the constraints of the schema
 *   apply     net datoms               ->  one atomic batch: datoms, log record, and the new head
 *
 * Each stage has its own type, so that no stage can see what should have been resolved before it.
 * Semantics are DataScript's: forms are sequential, each sees the ones before it. Underneath are
 * the overlay (what the forms so far have changed, over the store), the draft (ids and schema as
 * the forms have made them), tempid (names inside the transaction) and declare (schema as data).
 *
 * Decided here:
 *
 * - A reference to a user id that does not exist counts as use of the id: new entities come
 *   after it.
 * - A declaration takes effect for the forms after it. A transaction may not change how an
 *   attribute that has datoms is stored and write datoms of it (declare.h).
 * - A composite tuple declared after its parts have datoms is not filled in by its declaration:
 *   asserting one part of an entity again does it (declare.h).
 * - Of transaction entities only the transaction's own can be written, and of its attributes not
 *   :db/txInstant, :tx/user, :tx/session and :tx/id; `meta` likewise. Built-in attributes cannot be
 *   written at all.
 * - Among the values of a many ref, a vector of two is a lookup ref when it begins with a
 *   keyword, or a string with its colon, that names a unique attribute; a plain string there is a
 *   tempid.
 * - :db/cas on cardinality many adds the new value and leaves the old one, as DataScript does.
 * - A tempid that turns out to be an entity that is there makes the forms run once more (tempid.h).
 */
#ifndef STOA_TXD_TX_TX_H
#define STOA_TXD_TX_TX_H

#include "txd/db/graph.h"

struct tx_request {
    bool has_tx_id;
    struct uuid tx_id;
    struct value tx_data; /* a vector or list of forms, or one string that holds them as EDN */
    struct value meta;    /* a map of attributes for the transaction entity, or nil */
    struct value user;    /* the session's user map, or nil */
    struct bytes session; /* the session's id, or empty */
};

struct tx_result {
    uint32_t t;
    uint32_t tx;          /* the transaction's entity: TX_ENTITY_BASE + t */
    bool replayed;        /* the tx_id was there: this is the first result, nothing was written */
    struct bytes tempids; /* encoded map: tempid as written -> entity; in the arena */
    struct bytes message; /* encoded client message `tx`; in the arena; empty when replayed */
    uint64_t checksum;    /* after t */
};

/*
 * Transacts on the graph's head, by the graph's writer. On true the transaction is written (not
 * yet synced) and the head has moved on, or the tx_id was there before. On false nothing changed;
 * after a failed write (fault) the graph has been stopped. `arena` gets the result and nothing
 * else: many transactions wait in it to be answered, and each may have read much.
 */
bool tx_transact(struct graph *graph, const struct tx_request *request, struct arena *arena,
                 struct tx_result *out, struct error *err) MUST_USE;

/*
 * The database as it would be after a transaction of `tx_data`, which is not committed: a snapshot
 * at t + 1 over `now`, for one thread. Errors: as tx_transact(), without fault.
 */
bool tx_with(struct snapshot *now, const struct value *tx_data, struct arena *arena,
             struct snapshot **out, struct error *err) MUST_USE;

#endif
