/*
 * Names of entities inside one transaction: negative numbers and strings, and the maps without
 * :db/id, each of which names an entity of its own.
 *
 * Which entity a tempid means may come out only after it has been used: `[:db/add -1 :age 5]
 * [:db/add -1 :name "A"]` gives -1 the entity that is called A. Then the forms are run once more
 * from the start, knowing it (DataScript does the same). Many such findings are taken into one
 * more run; each must then be found true by an identity that leads to it, else the runs go on
 * with one finding at a time, which is slow and exact.
 *
 * The writer of the graph waits meanwhile, so what the runs may cost is bounded: there are at most
 * TEMPID_RUNS_MAX, and after the TEMPID_RUNS_FREE that nearly all transactions do with, no further
 * one when together they have come to TEMPID_WORK_MAX forms, assertions and retractions: half a
 * second or so.
 */
#ifndef STOA_TXD_TX_TEMPID_H
#define STOA_TXD_TX_TEMPID_H

#include "common/limits.h"
#include "txd/tx/draft.h"

/* Runs of one transaction, before its tempids are given up as too entangled. */
#define TEMPID_RUNS_MAX  64
#define TEMPID_RUNS_FREE 3
#define TEMPID_WORK_MAX  ((size_t)4 * LIMIT_TX_DATOMS)

struct tempid {
    struct chain chain;         /* by key, or map */
    struct chain made_chain;    /* by `e`, once it was made */
    struct tempid *next;        /* in the order of first mention */
    struct value key;           /* as written; nil for a map without :db/id */
    const struct value *map;    /* that map */
    bool has_ident, has_schema; /* forms give it :db/ident; :db/valueType and the like */

    /* known from earlier runs */
    uint32_t found_e;         /* an entity that was there; 0: none */
    struct tempid *found_as;  /* another tempid of the same new entity */
    uint16_t found_by;        /* the composite identity that led there by its parts, ... */
    struct value found_parts; /* ... and those; nil for any other identity */

    /* of this run */
    uint32_t e;    /* 0: none yet */
    bool made;     /* the entity was made for it */
    bool upserted; /* the entity was found by an identity */
    bool used_as_value;
};

struct tempids {
    struct draft *draft;
    struct table table;
    struct table made; /* those for which this run has made an entity */
    struct tempid *first, **last;
    bool exact; /* one finding a run */
    bool again; /* this run found something that the forms before it did not know */
};

void tempids_init(struct tempids *tempids, struct draft *draft);

/* True for a negative number and for a string that does not stand for the transaction. */
bool tempid_is(const struct value *value);

/* True for :db/current-tx, "datomic.tx" and "datascript.tx". */
bool tempid_is_transaction(const struct value *value);

/* The tempid written so, or of the map without :db/id; made at the first mention. */
struct tempid *tempid_of(struct tempids *tempids, const struct value *key);
struct tempid *tempid_of_map(struct tempids *tempids, const struct value *map);

/* The entity that the tempid written so is known to have by now; false: none yet. */
bool tempid_known(const struct tempids *tempids, const struct value *key, uint32_t *e);

/* Before each run. */
void tempids_begin(struct tempids *tempids);

/* The entity of the tempid: `upserted` when an identity led to one (else 0), the one it has, or a
 * new one. Errors: conflict when it has two. */
bool tempid_bind(struct tempids *tempids, struct tempid *tempid, uint32_t upserted, uint32_t *e,
                 struct error *err) MUST_USE;

/* For check_tuples(); `arg` is the tempids. A tempid for which the run has made the entity means
 * the holder. Errors: conflict when it has another entity by another identity. */
bool tempids_meet(void *arg, uint32_t e, const struct attribute *a, const struct value *v,
                  uint32_t holder, bool *is, struct error *err) MUST_USE;

/* After a run that ended well or badly: *again when another is to follow. */
bool tempids_run_again(struct tempids *tempids, bool *again, struct error *err) MUST_USE;

/* After the last run: no tempid may be used only as a value, nor may a map. */
bool tempids_check(const struct tempids *tempids, struct error *err) MUST_USE;

/* Appends the map of tempids, as the client wrote them, to entities, as MessagePack. */
void tempids_write(const struct tempids *tempids, struct buffer *out);

#endif
