#include "txd/db/store.h"

#include "txd/db/key.h"
#include "txd/db/wal.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Per graph. Tables are tens of megabytes, so this many hold gigabytes; more are reopened. */
#define OPEN_FILES_MAX 256

/* Memory is taken from the allocator in blocks of this size as a memtable grows. */
#define ARENA_BLOCK_BYTES ((size_t)128 << 10)

/* Of a memtable, for the Bloom filter of its look-up parts: some 20 bits for each. */
#define MEMTABLE_BLOOM_RATIO 0.01

/* A batch of so many operations is put in order before it is written. */
#define ORDERED_MIN 64

#define BLOCK_BYTES        ((size_t)8 << 10)
#define BLOOM_BITS         10
#define TABLE_FORMAT       5 /* the newest of RocksDB 7 with its fast Bloom filter */
#define INFO_LOG_BYTES_MAX ((size_t)256 << 10)
#define INFO_LOG_FILES_MAX 2

/*
 * rocksdb::InfoLogLevel::FATAL_LEVEL, so that RocksDB's own log has its settings and little else.
 * Debian builds RocksDB with assertions, and one of them ends the process at the next line after
 * one that could not be written: on a full disk that would be the message about the full disk.
 * What fails is in the errors that calls return, and txd logs those.
 */
#define INFO_LOG_LEVEL_FATAL 4

struct store_shared {
    rocksdb_env_t *env;
    rocksdb_cache_t *cache;
    size_t write_buffer_bytes;
};

struct store {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_readoptions_t *read; /* of gets of what is written now; never changed */
    rocksdb_writeoptions_t *write;
    rocksdb_writeoptions_t *unlogged;
    rocksdb_flushoptions_t *flush;
};

struct store_batch {
    rocksdb_writebatch_t *operations;
};

struct store_view {
    const rocksdb_snapshot_t *snapshot;
    rocksdb_readoptions_t *read;   /* of gets; never changed, so threads may share it */
    rocksdb_writebatch_wi_t *over; /* the batch over the snapshot, which is another view's; NULL */
};

struct store_iterator {
    rocksdb_iterator_t *iterator;
    rocksdb_readoptions_t *read;
    bool unbounded; /* RocksDB does not keep what is over a snapshot to the bounds: we do */
    size_t lower_len, upper_len;
    char bounds[]; /* lower, then upper; RocksDB keeps pointers to them */
};

struct store_shared *store_shared_open(size_t cache_bytes, size_t write_buffer_bytes)
{
    struct store_shared *shared = xcalloc(1, sizeof(*shared));

    shared->env = rocksdb_create_default_env();
    rocksdb_env_set_background_threads(shared->env, 2);
    rocksdb_env_set_high_priority_background_threads(shared->env, 1);
    shared->cache = rocksdb_cache_create_lru(cache_bytes);
    shared->write_buffer_bytes = write_buffer_bytes;
    return shared;
}

void store_shared_close(struct store_shared *shared)
{
    if (!shared)
        return;
    rocksdb_cache_destroy(shared->cache);
    rocksdb_env_destroy(shared->env);
    free(shared);
}

/* Turns RocksDB's message, which it frees, into ours. */
static bool failed(char *reason, struct error *err, const char *what)
{
    fail(err, ERROR_FAULT, "%s: %s", what, reason);
    rocksdb_free(reason);
    return false;
}

/* RocksDB counts every comparison of keys in variables of the thread, unless the thread says that
 * nobody reads them: some 15 % of the time of a write. */
static void count_nothing(void)
{
    rocksdb_set_perf_level(rocksdb_disable);
}

static rocksdb_block_based_table_options_t *table_options(struct store_shared *shared)
{
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();

    rocksdb_block_based_options_set_block_cache(table, shared->cache);
    rocksdb_block_based_options_set_block_size(table, BLOCK_BYTES);
    rocksdb_block_based_options_set_format_version(table, TABLE_FORMAT);
    rocksdb_block_based_options_set_filter_policy(
        table, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS));
    rocksdb_block_based_options_set_whole_key_filtering(table, 1);
    /* In the cache, so that hundreds of graphs share one bound. In parts, since the filter of a
     * table in one piece is larger than a shard of the cache can hold: each look-up read it anew.
     */
    rocksdb_block_based_options_set_index_type(
        table, rocksdb_block_based_table_index_type_two_level_index_search);
    rocksdb_block_based_options_set_partition_filters(table, 1);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1);
    return table;
}

static char *transform(void *state, const char *key, size_t len, size_t *part_len)
{
    struct bytes part = key_lookup_part((struct bytes){ key, len });

    (void)state;
    *part_len = part.len;
    return (char *)(uintptr_t)part.data; /* RocksDB only reads it */
}

static unsigned char in_domain(void *state, const char *key, size_t len)
{
    (void)state;
    return key_lookup_part((struct bytes){ key, len }).len > 0;
}

static const char *transform_name(void *state)
{
    (void)state;
    return "stoa.lookup-part.3"; /* another name when the parts change: filters are made of them */
}

static void transform_destroy(void *state)
{
    (void)state;
}

/*
 * What makes writing and looking up cheap (tests/bench/transact.c): a key finds its place in the
 * memtable next to the last one of its kind, in place of a search from the top, and Bloom filters
 * of memtables and tables answer for most tx_ids, unique values, attributes of entities and
 * references to them that are not there. The first has no function in RocksDB's C interface, so it
 * is read from a text, into a copy of `options`, which is freed.
 */
static rocksdb_options_t *with_key_order(rocksdb_options_t *options)
{
    rocksdb_options_t *with = rocksdb_options_create();
    char text[80], *reason = NULL;

    snprintf(text, sizeof(text), "memtable_insert_with_hint_prefix_extractor=fixed:%d",
             KEY_KIND_BYTES);
    rocksdb_get_options_from_string(options, text, with, &reason);
    if (reason)
        abort(); /* this is another RocksDB than it was built for */
    rocksdb_options_destroy(options);
    rocksdb_options_set_prefix_extractor(
        with, rocksdb_slicetransform_create(NULL, transform_destroy, transform, in_domain,
                                            in_domain, transform_name));
    rocksdb_options_set_memtable_prefix_bloom_size_ratio(with, MEMTABLE_BLOOM_RATIO);
    return with;
}

static rocksdb_options_t *store_options(struct store_shared *shared, bool create)
{
    rocksdb_options_t *options = with_key_order(rocksdb_options_create());

    rocksdb_options_set_env(options, shared->env);
    rocksdb_options_set_create_if_missing(options, create);
    rocksdb_options_set_error_if_exists(options, create);
    rocksdb_options_set_paranoid_checks(options, 1);

    /* The default, point in time, would stop at the first broken record and silently drop the
     * acknowledged transactions after it. This one refuses, except for an incomplete last record,
     * which was never acknowledged. What is recovered is flushed to tables and fsynced on open. */
    rocksdb_options_set_wal_recovery_mode(options,
                                          rocksdb_tolerate_corrupted_tail_records_recovery);

    rocksdb_options_set_write_buffer_size(options, shared->write_buffer_bytes);
    rocksdb_options_set_db_write_buffer_size(options, 2 * shared->write_buffer_bytes);
    rocksdb_options_set_max_write_buffer_number(options, 3);
    rocksdb_options_set_arena_block_size(options, ARENA_BLOCK_BYTES);
    /* One writer a graph: there is nothing to run side by side. */
    rocksdb_options_set_allow_concurrent_memtable_write(options, 0);
    rocksdb_options_set_max_open_files(options, OPEN_FILES_MAX);
    rocksdb_options_set_max_background_jobs(options, 2);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1);
    rocksdb_options_set_compression(options, rocksdb_lz4_compression);
    rocksdb_options_set_bottommost_compression(options, rocksdb_zstd_compression);

    rocksdb_options_set_stats_dump_period_sec(options, 0);
    rocksdb_options_set_stats_persist_period_sec(options, 0);
    rocksdb_options_set_info_log_level(options, INFO_LOG_LEVEL_FATAL);
    rocksdb_options_set_max_log_file_size(options, INFO_LOG_BYTES_MAX);
    rocksdb_options_set_keep_log_file_num(options, INFO_LOG_FILES_MAX);

    rocksdb_block_based_table_options_t *table = table_options(shared);
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);
    return options;
}

bool store_open(struct store_shared *shared, const char *dir, bool create, struct store **out,
                struct error *err)
{
    char current[PATH_MAX];
    struct stat status;

    snprintf(current, sizeof(current), "%s/CURRENT", dir);
    if (!create && stat(current, &status) < 0)
        return fail(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_FAULT,
                    "cannot open the database in %s: %s", dir, strerror(errno));
    if (!create && !wal_check(dir, err))
        return false;

    struct store *store = xcalloc(1, sizeof(*store));
    store->options = store_options(shared, create);
    store->read = rocksdb_readoptions_create();
    store->write = rocksdb_writeoptions_create();
    store->unlogged = rocksdb_writeoptions_create();
    rocksdb_writeoptions_disable_WAL(store->unlogged, 1);
    store->flush = rocksdb_flushoptions_create();
    rocksdb_flushoptions_set_wait(store->flush, 1);

    char *reason = NULL;
    store->db = rocksdb_open(store->options, dir, &reason);
    if (reason) {
        store->db = NULL;
        store_close(store);
        failed(reason, err, "cannot open the database");
        return fail_in(err, "%s", dir);
    }
    *out = store;
    return true;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->db)
        rocksdb_close(store->db);
    rocksdb_flushoptions_destroy(store->flush);
    rocksdb_writeoptions_destroy(store->unlogged);
    rocksdb_writeoptions_destroy(store->write);
    rocksdb_readoptions_destroy(store->read);
    rocksdb_options_destroy(store->options);
    free(store);
}

/* --- writing --- */

struct store_batch *store_batch_new(void)
{
    struct store_batch *batch = xcalloc(1, sizeof(*batch));

    batch->operations = rocksdb_writebatch_create();
    return batch;
}

void store_batch_free(struct store_batch *batch)
{
    if (!batch)
        return;
    rocksdb_writebatch_destroy(batch->operations);
    free(batch);
}

void store_batch_clear(struct store_batch *batch)
{
    rocksdb_writebatch_clear(batch->operations);
}

void store_batch_put(struct store_batch *batch, struct bytes key, struct bytes value)
{
    rocksdb_writebatch_put(batch->operations, key.data, key.len, value.data, value.len);
}

void store_batch_delete(struct store_batch *batch, struct bytes key)
{
    rocksdb_writebatch_delete(batch->operations, key.data, key.len);
}

size_t store_batch_count(const struct store_batch *batch)
{
    return (size_t)rocksdb_writebatch_count(batch->operations);
}

size_t store_batch_bytes(const struct store_batch *batch)
{
    size_t bytes;

    rocksdb_writebatch_data(batch->operations, &bytes);
    return bytes;
}

/* One operation of a batch, into which its key and value point. */
struct operation {
    uint64_t head; /* the key's first bytes, as a number that sorts like them */
    struct bytes key, value;
    size_t number; /* in the batch */
    bool put;
};

struct operations {
    struct operation *items;
    size_t count;
};

static void add_operation(struct operations *operations, struct operation operation)
{
    uint8_t head[sizeof(operation.head)] = { 0 };
    size_t len = operation.key.len < sizeof(head) ? operation.key.len : sizeof(head);

    memcpy(head, operation.key.data, len);
    operation.head = load_u64be(head);
    operation.number = operations->count;
    operations->items[operations->count++] = operation;
}

static void add_put(void *operations, const char *key, size_t key_len, const char *value,
                    size_t value_len)
{
    add_operation(
        operations,
        (struct operation){ .key = { key, key_len }, .value = { value, value_len }, .put = true });
}

static void add_delete(void *operations, const char *key, size_t key_len)
{
    add_operation(operations, (struct operation){ .key = { key, key_len } });
}

static int compare_operations(const void *left, const void *right)
{
    const struct operation *a = left, *b = right;

    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    int order = bytes_compare(a->key, b->key);
    return order != 0 ? order : a->number < b->number ? -1 : 1;
}

/* The batch with its keys in ascending order, so that each finds its place in the memtable next to
 * the one before; of one key the order is kept. */
static rocksdb_writebatch_t *in_order(struct store_batch *batch)
{
    struct operations operations = {
        .items = xcalloc(store_batch_count(batch), sizeof(*operations.items)),
    };
    rocksdb_writebatch_t *ordered = rocksdb_writebatch_create();

    rocksdb_writebatch_iterate(batch->operations, &operations, add_put, add_delete);
    qsort(operations.items, operations.count, sizeof(*operations.items), compare_operations);
    for (size_t i = 0; i < operations.count; i++) {
        const struct operation *at = &operations.items[i];
        if (at->put)
            rocksdb_writebatch_put(ordered, at->key.data, at->key.len, at->value.data,
                                   at->value.len);
        else
            rocksdb_writebatch_delete(ordered, at->key.data, at->key.len);
    }
    free(operations.items);
    return ordered;
}

static bool write_batch(struct store *store, const rocksdb_writeoptions_t *options,
                        struct store_batch *batch, struct error *err)
{
    bool many = store_batch_count(batch) >= ORDERED_MIN;
    rocksdb_writebatch_t *operations = many ? in_order(batch) : batch->operations;
    char *reason = NULL;

    count_nothing();
    rocksdb_write(store->db, options, operations, &reason);
    if (many)
        rocksdb_writebatch_destroy(operations);
    return !reason || failed(reason, err, "cannot write to the database");
}

bool store_write(struct store *store, struct store_batch *batch, struct error *err)
{
    return write_batch(store, store->write, batch, err);
}

bool store_write_unlogged(struct store *store, struct store_batch *batch, struct error *err)
{
    return write_batch(store, store->unlogged, batch, err);
}

/*
 * FlushWAL(sync): every write has already gone to the kernel (manual_wal_flush is off), so this is
 * fdatasync of the WALs that are not synced yet, and fsync of their directory after a new one. It
 * holds no lock that writers wait for while it syncs: what is appended meanwhile, also to a WAL
 * that is switched, is left for the next call. Before RocksDB 7.7.0 that next call forgot the tail
 * of the switched WAL (its HISTORY.md; pull request 10560), so an older one will not do.
 */
bool store_sync(struct store *store, struct error *err)
{
    char *reason = NULL;

    rocksdb_flush_wal(store->db, 1, &reason);
    return !reason || failed(reason, err, "cannot make the database durable");
}

bool store_flush(struct store *store, struct error *err)
{
    char *reason = NULL;

    rocksdb_flush(store->db, store->flush, &reason);
    return !reason || failed(reason, err, "cannot write the database's tables");
}

/* --- reading --- */

struct store_view *store_view_take(struct store *store)
{
    struct store_view *view = xcalloc(1, sizeof(*view));

    view->snapshot = rocksdb_create_snapshot(store->db);
    view->read = rocksdb_readoptions_create();
    rocksdb_readoptions_set_snapshot(view->read, view->snapshot);
    return view;
}

static void put_over(void *over, const char *key, size_t key_len, const char *value,
                     size_t value_len)
{
    rocksdb_writebatch_wi_put(over, key, key_len, value, value_len);
}

static void delete_over(void *over, const char *key, size_t key_len)
{
    rocksdb_writebatch_wi_delete(over, key, key_len);
}

struct store_view *store_view_with(const struct store_view *under, struct store_batch *batch)
{
    struct store_view *view = xcalloc(1, sizeof(*view));

    view->snapshot = under->snapshot;
    view->read = rocksdb_readoptions_create();
    rocksdb_readoptions_set_snapshot(view->read, view->snapshot);
    view->over = rocksdb_writebatch_wi_create(0, 1);
    rocksdb_writebatch_iterate(batch->operations, view->over, put_over, delete_over);
    return view;
}

void store_view_release(struct store *store, struct store_view *view)
{
    if (!view)
        return;
    rocksdb_readoptions_destroy(view->read);
    if (view->over)
        rocksdb_writebatch_wi_destroy(view->over);
    else
        rocksdb_release_snapshot(store->db, view->snapshot);
    free(view);
}

/* store_get() from a batch over a snapshot. */
static bool get_over(struct store *store, const struct store_view *view, struct bytes key,
                     struct buffer *out, bool *found, struct error *err)
{
    char *reason = NULL;
    size_t len;
    char *data = rocksdb_writebatch_wi_get_from_batch_and_db(view->over, store->db, view->read,
                                                             key.data, key.len, &len, &reason);

    if (reason)
        return failed(reason, err, "cannot read the database");
    *found = data != NULL;
    if (data)
        buffer_append(out, data, len);
    rocksdb_free(data);
    return true;
}

bool store_get(struct store *store, const struct store_view *view, struct bytes key,
               struct buffer *out, bool *found, struct error *err)
{
    char *reason = NULL;

    if (view && view->over)
        return get_over(store, view, key, out, found, err);
    count_nothing();
    rocksdb_pinnableslice_t *slice =
        rocksdb_get_pinned(store->db, view ? view->read : store->read, key.data, key.len, &reason);
    if (reason)
        return failed(reason, err, "cannot read the database");
    *found = slice != NULL;
    if (slice) {
        size_t len;
        const char *data = rocksdb_pinnableslice_value(slice, &len);
        buffer_append(out, data, len);
        rocksdb_pinnableslice_destroy(slice);
    }
    return true;
}

static rocksdb_iterator_t *create_iterator(struct store *store, const struct store_view *view,
                                           rocksdb_readoptions_t *read)
{
    rocksdb_iterator_t *iterator = rocksdb_create_iterator(store->db, read);

    if (view && view->over) /* which takes the one below over */
        iterator = rocksdb_writebatch_wi_create_iterator_with_base(view->over, iterator);
    return iterator;
}

bool store_find(struct store *store, const struct store_view *view, struct bytes from,
                struct buffer *out, bool *found, struct error *err)
{
    struct bytes part = key_lookup_part(from), key = { 0 };
    rocksdb_readoptions_t *read = rocksdb_readoptions_create();
    char *reason = NULL;

    count_nothing();
    if (view)
        rocksdb_readoptions_set_snapshot(read, view->snapshot);
    rocksdb_readoptions_set_prefix_same_as_start(read, 1);
    rocksdb_iterator_t *iterator = create_iterator(store, view, read);
    rocksdb_iter_seek(iterator, from.data, from.len);
    if (rocksdb_iter_valid(iterator))
        key.data = rocksdb_iter_key(iterator, &key.len);
    *found = key.len > 0 && bytes_equal(key_lookup_part(key), part);
    if (*found)
        buffer_append_bytes(out, key);
    else
        rocksdb_iter_get_error(iterator, &reason);
    rocksdb_iter_destroy(iterator);
    rocksdb_readoptions_destroy(read);
    return !reason || failed(reason, err, "cannot read the database");
}

struct store_iterator *store_iterator_open(struct store *store, const struct store_view *view,
                                           struct bytes lower, struct bytes upper, bool one_part)
{
    struct store_iterator *iterator = xcalloc(1, sizeof(*iterator) + lower.len + upper.len);

    count_nothing();
    iterator->lower_len = lower.len;
    iterator->upper_len = upper.len;
    if (lower.len)
        memcpy(iterator->bounds, lower.data, lower.len);
    if (upper.len)
        memcpy(iterator->bounds + lower.len, upper.data, upper.len);

    iterator->read = rocksdb_readoptions_create();
    if (view)
        rocksdb_readoptions_set_snapshot(iterator->read, view->snapshot);
    if (lower.len)
        rocksdb_readoptions_set_iterate_lower_bound(iterator->read, iterator->bounds, lower.len);
    if (upper.len)
        rocksdb_readoptions_set_iterate_upper_bound(iterator->read, iterator->bounds + lower.len,
                                                    upper.len);
    rocksdb_readoptions_set_total_order_seek(iterator->read, !one_part);
    rocksdb_readoptions_set_prefix_same_as_start(iterator->read, one_part);
    iterator->iterator = create_iterator(store, view, iterator->read);
    iterator->unbounded = view && view->over;
    return iterator;
}

void store_iterator_close(struct store_iterator *iterator)
{
    if (!iterator)
        return;
    rocksdb_iter_destroy(iterator->iterator);
    rocksdb_readoptions_destroy(iterator->read);
    free(iterator);
}

static struct bytes lower_bound(const struct store_iterator *iterator)
{
    return (struct bytes){ iterator->bounds, iterator->lower_len };
}

static struct bytes upper_bound(const struct store_iterator *iterator)
{
    return (struct bytes){ iterator->bounds + iterator->lower_len, iterator->upper_len };
}

void store_iterator_seek(struct store_iterator *iterator, struct bytes key)
{
    if (iterator->unbounded && bytes_compare(key, lower_bound(iterator)) < 0)
        key = lower_bound(iterator);
    rocksdb_iter_seek(iterator->iterator, key.data, key.len);
}

void store_iterator_seek_for_prev(struct store_iterator *iterator, struct bytes key)
{
    struct bytes upper = upper_bound(iterator);

    if (iterator->unbounded && upper.len && bytes_compare(key, upper) >= 0) {
        rocksdb_iter_seek_for_prev(iterator->iterator, upper.data, upper.len);
        if (rocksdb_iter_valid(iterator->iterator) &&
            bytes_equal(store_iterator_key(iterator), upper))
            rocksdb_iter_prev(iterator->iterator);
    } else {
        rocksdb_iter_seek_for_prev(iterator->iterator, key.data, key.len);
    }
}

void store_iterator_seek_first(struct store_iterator *iterator)
{
    if (iterator->unbounded && iterator->lower_len)
        store_iterator_seek(iterator, lower_bound(iterator));
    else
        rocksdb_iter_seek_to_first(iterator->iterator);
}

void store_iterator_seek_last(struct store_iterator *iterator)
{
    if (iterator->unbounded && iterator->upper_len)
        store_iterator_seek_for_prev(iterator, upper_bound(iterator));
    else
        rocksdb_iter_seek_to_last(iterator->iterator);
}

void store_iterator_next(struct store_iterator *iterator)
{
    rocksdb_iter_next(iterator->iterator);
}

void store_iterator_prev(struct store_iterator *iterator)
{
    rocksdb_iter_prev(iterator->iterator);
}

bool store_iterator_valid(const struct store_iterator *iterator)
{
    if (!rocksdb_iter_valid(iterator->iterator))
        return false;
    if (!iterator->unbounded)
        return true;
    struct bytes key = store_iterator_key(iterator), upper = upper_bound(iterator);
    return bytes_compare(key, lower_bound(iterator)) >= 0 &&
           (upper.len == 0 || bytes_compare(key, upper) < 0);
}

struct bytes store_iterator_key(const struct store_iterator *iterator)
{
    size_t len;
    const char *data = rocksdb_iter_key(iterator->iterator, &len);

    return (struct bytes){ data, len };
}

struct bytes store_iterator_value(const struct store_iterator *iterator)
{
    size_t len;
    const char *data = rocksdb_iter_value(iterator->iterator, &len);

    return (struct bytes){ data, len };
}

bool store_iterator_check(const struct store_iterator *iterator, struct error *err)
{
    char *reason = NULL;

    rocksdb_iter_get_error(iterator->iterator, &reason);
    return !reason || failed(reason, err, "cannot read the database");
}
