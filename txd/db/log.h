/*
 * The log: the transactions of a graph in order, the source of truth. A record is one key, written
 * in the same batch as the datoms of its transaction.
 *
 * Record, MessagePack: [tx_id bin16 or nil, checksum as an int64, next_e uint, next_a uint, datoms
 * uint, tempids map, tx message]. The tx message is the last, and is the exact bytes of the client
 * protocol's MessagePack `tx`, so that broadcasting and catching up copy it.
 */
#ifndef STOA_TXD_DB_LOG_H
#define STOA_TXD_DB_LOG_H

#include "proto/value.h"
#include "txd/db/store.h"

struct log_record {
    uint32_t t;
    bool has_tx_id;
    struct uuid tx_id;
    uint64_t checksum;    /* of what clients hold, after this t (mp.h) */
    uint32_t next_e;      /* the next free user entity after this t */
    uint32_t next_a;      /* the next free attribute id */
    uint64_t datoms;      /* how many datoms clients hold after this t */
    struct bytes tempids; /* encoded map: tempid as it was written -> entity */
    struct bytes message; /* encoded `tx` */
};

/* Adds the record and its tx_id to the batch. */
void log_append(struct store_batch *batch, const struct log_record *record);

/* Reads record t into `arena`. *found false: no such t. */
bool log_read(struct store *store, const struct store_view *view, uint32_t t, struct arena *arena,
              struct log_record *out, bool *found, struct error *err) MUST_USE;

/*
 * Reads records from t on, into `arena`, until `t_last`, or `count_max` records, or their messages
 * pass `bytes_max` (one at least). *count is how many are in `out`, which has room for count_max.
 * Errors: not-found when the log begins after t (the graph's base), fault when it has a hole.
 */
bool log_read_range(struct store *store, const struct store_view *view, uint32_t t, uint32_t t_last,
                    size_t bytes_max, uint32_t count_max, struct arena *arena,
                    struct log_record *out, uint32_t *count, struct error *err) MUST_USE;

/* The bytes of the messages with t in (from, to]: the size of a catch-up; stops counting once it
 * is over `enough`. */
bool log_size(struct store *store, const struct store_view *view, uint32_t from, uint32_t to,
              size_t enough, size_t *out, struct error *err) MUST_USE;

/* The last t, or 0 when the log is empty. */
bool log_last(struct store *store, uint32_t *t, struct error *err) MUST_USE;

/* The t of the transaction with this tx_id. */
bool log_find(struct store *store, const struct uuid *tx_id, bool *found, uint32_t *t,
              struct error *err) MUST_USE;

#endif
