/*
 * A graph's RocksDB. The only file that knows RocksDB; everything above reads through iterators
 * and gets, and writes through batches.
 *
 * Writes are not durable until store_sync() returns true: it fsyncs the WAL with everything
 * written before the call, and may run on one thread while another writes. What a failed write or
 * sync leaves is unknown: the caller stops the graph.
 */
#ifndef STOA_TXD_DB_STORE_H
#define STOA_TXD_DB_STORE_H

#include "common/buffer.h"
#include "common/error.h"

struct store_shared; /* environment, block cache and limits that all graphs of a txd share */
struct store;
struct store_batch;
struct store_view; /* RocksDB's snapshot: what was written when it was taken, and perhaps a batch
                      over it that is not written */
struct store_iterator;

struct store_shared *store_shared_open(size_t cache_bytes, size_t write_buffer_bytes);
void store_shared_close(struct store_shared *shared);

/*
 * Opens the database in folder `dir`, making it when `create`. What the WAL brings back is durable
 * when this returns. Errors: not-found when it is not there; fault when a WAL or table is broken
 * anywhere but at the WAL's torn tail.
 */
bool store_open(struct store_shared *shared, const char *dir, bool create, struct store **out,
                struct error *err) MUST_USE;
void store_close(struct store *store);

/* Puts and deletes that are applied together; of several on one key the last counts. A batch can be
 * written more than once. */
struct store_batch *store_batch_new(void);
void store_batch_free(struct store_batch *batch);
void store_batch_clear(struct store_batch *batch);
void store_batch_put(struct store_batch *batch, struct bytes key, struct bytes value);
void store_batch_delete(struct store_batch *batch, struct bytes key);
size_t store_batch_count(const struct store_batch *batch);
size_t store_batch_bytes(const struct store_batch *batch); /* as in the WAL */

/* Applies the batch atomically; in the WAL, not fsynced. */
bool store_write(struct store *store, struct store_batch *batch, struct error *err) MUST_USE;

/* The same without the WAL, for bulk loads that end with store_flush(). */
bool store_write_unlogged(struct store *store, struct store_batch *batch,
                          struct error *err) MUST_USE;

bool store_sync(struct store *store, struct error *err) MUST_USE;

/* Writes all memtables to tables and fsyncs them. */
bool store_flush(struct store *store, struct error *err) MUST_USE;

struct store_view *store_view_take(struct store *store);
/* What `under` would be with the batch written; for one thread. `under` must outlive it. */
struct store_view *store_view_with(const struct store_view *under, struct store_batch *batch);
void store_view_release(struct store *store, struct store_view *view);

/* `view` NULL: what is written now. *found is false when the key is not there; else its value is
 * appended to `out`. */
bool store_get(struct store *store, const struct store_view *view, struct bytes key,
               struct buffer *out, bool *found, struct error *err) MUST_USE;

/*
 * The first key at or after `from` that has its look-up part (key.h), appended to `out`; *found is
 * false when there is none. Most that are not there cost a look at Bloom filters.
 */
bool store_find(struct store *store, const struct store_view *view, struct bytes from,
                struct buffer *out, bool *found, struct error *err) MUST_USE;

/*
 * An iterator over keys in [lower, upper), which are copied; an empty `upper` has no bound.
 * `one_part`: all keys between them have one look-up part (key.h), and it only goes forwards: then
 * the filters are asked first.
 * It stands nowhere until one of the seeks. Keys and values are valid until it moves.
 */
struct store_iterator *store_iterator_open(struct store *store, const struct store_view *view,
                                           struct bytes lower, struct bytes upper, bool one_part);
void store_iterator_close(struct store_iterator *iterator);
void store_iterator_seek(struct store_iterator *iterator, struct bytes key);          /* first >= */
void store_iterator_seek_for_prev(struct store_iterator *iterator, struct bytes key); /* last <= */
void store_iterator_seek_first(struct store_iterator *iterator);
void store_iterator_seek_last(struct store_iterator *iterator);
void store_iterator_next(struct store_iterator *iterator);
void store_iterator_prev(struct store_iterator *iterator);
bool store_iterator_valid(const struct store_iterator *iterator);
struct bytes store_iterator_key(const struct store_iterator *iterator);
struct bytes store_iterator_value(const struct store_iterator *iterator);

/* Why the iterator is not valid: true when it is at its end, false when reading failed. */
bool store_iterator_check(const struct store_iterator *iterator, struct error *err) MUST_USE;

#endif
