#include "tests/bench/bare.h"

#include "common/buffer.h"
#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SYNC_BYTES 4096

bool bare_sync(const char *dir, size_t count, struct latency *out, struct error *err)
{
    static const char block[SYNC_BYTES];
    char name[512];

    snprintf(name, sizeof(name), "%s/bare-sync", dir);
    int fd = open(name, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0666);
    bool ok = fd >= 0;
    for (size_t i = 0; ok && i < count; i++) {
        int64_t begun_us = clock_monotonic_us();
        ok = write(fd, block, sizeof(block)) == sizeof(block) && fdatasync(fd) == 0;
        latency_add(out, clock_monotonic_us() - begun_us);
    }
    if (!ok)
        fail(err, ERROR_FAULT, "%s: %s", name, strerror(errno));
    if (fd >= 0)
        close(fd);
    unlink(name);
    return ok;
}

/* --- the keys of a graph --------------------------------------------------------------------- */

struct pair {
    uint32_t t;
    size_t at; /* of the key in `bytes`; the value follows it */
    uint32_t key_len, value_len;
};

struct pairs {
    struct pair *list;
    size_t count, cap;
    struct buffer bytes;
};

/* Which transaction wrote a key (txd/db/key.h); 0: none that counts. */
static uint32_t written_by(struct bytes key, struct bytes value)
{
    const uint8_t *k = (const uint8_t *)key.data, *v = (const uint8_t *)value.data;

    switch (key.data[0]) {
    case 'E':
    case 'A':
    case 'V':
    case 'R':
    case 'X':
        return value.len >= 4 ? load_u32be(v) : 0;
    case 'L':
        return load_u32be(k + 1);
    default:
        return 0;
    }
}

static void add_pair(struct pairs *pairs, uint32_t t, struct bytes key, struct bytes value)
{
    if (pairs->count == pairs->cap) {
        pairs->cap = pairs->cap ? 2 * pairs->cap : 65536;
        pairs->list = xrealloc(pairs->list, pairs->cap * sizeof(*pairs->list));
    }
    pairs->list[pairs->count++] =
        (struct pair){ t, pairs->bytes.len, (uint32_t)key.len, (uint32_t)value.len };
    buffer_append_bytes(&pairs->bytes, key);
    buffer_append_bytes(&pairs->bytes, value);
}

static int by_t(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;

    if (left->t != right->t)
        return left->t < right->t ? -1 : 1;
    return left->at < right->at ? -1 : left->at > right->at;
}

/* ftw gives no argument to its visitor. */
static char found_dir[512];

static int find_graph(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    if (type == FTW_F && !strcmp(path + ftw->base, "CURRENT"))
        snprintf(found_dir, sizeof(found_dir), "%.*s", ftw->base - 1, path);
    return 0;
}

static bool read_pairs(const char *data_dir, uint32_t t_min, struct pairs *pairs, struct error *err)
{
    rocksdb_options_t *options = rocksdb_options_create();
    char *reason = NULL;

    found_dir[0] = '\0';
    nftw(data_dir, find_graph, 16, FTW_PHYS);
    rocksdb_t *db = rocksdb_open_for_read_only(options, found_dir, 0, &reason);
    rocksdb_options_destroy(options);
    if (reason) {
        fail(err, ERROR_FAULT, "the graph in \"%s\" cannot be read: %s", found_dir, reason);
        rocksdb_free(reason);
        return false;
    }
    rocksdb_readoptions_t *reading = rocksdb_readoptions_create();
    rocksdb_iterator_t *iterator = rocksdb_create_iterator(db, reading);
    for (rocksdb_iter_seek_to_first(iterator); rocksdb_iter_valid(iterator);
         rocksdb_iter_next(iterator)) {
        struct bytes key, value;
        key.data = rocksdb_iter_key(iterator, &key.len);
        value.data = rocksdb_iter_value(iterator, &value.len);
        uint32_t t = written_by(key, value);
        if (t >= t_min && t > 0)
            add_pair(pairs, t, key, value);
    }
    rocksdb_iter_destroy(iterator);
    rocksdb_readoptions_destroy(reading);
    rocksdb_close(db);
    if (pairs->count == 0)
        return fail(err, ERROR_FAULT, "the graph in \"%s\" is empty", found_dir);
    qsort(pairs->list, pairs->count, sizeof(*pairs->list), by_t);
    return true;
}

/* --- writing them again ---------------------------------------------------------------------- */

static bool write_pairs(rocksdb_t *db, const struct pairs *pairs, size_t batch_txs,
                        size_t *transactions, struct error *err)
{
    rocksdb_writeoptions_t *writing = rocksdb_writeoptions_create();
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    char *reason = NULL;
    size_t waiting = 0;

    rocksdb_writeoptions_set_sync(writing, 1);
    for (size_t i = 0; i < pairs->count && !reason; i++) {
        const struct pair *pair = &pairs->list[i];
        const char *key = pairs->bytes.data + pair->at;
        rocksdb_writebatch_put(batch, key, pair->key_len, key + pair->key_len, pair->value_len);
        bool last = i + 1 == pairs->count;
        if (!last && pairs->list[i + 1].t == pair->t)
            continue;
        (*transactions)++;
        if (++waiting < batch_txs && !last)
            continue;
        rocksdb_write(db, writing, batch, &reason);
        rocksdb_writebatch_clear(batch);
        waiting = 0;
    }
    rocksdb_writebatch_destroy(batch);
    rocksdb_writeoptions_destroy(writing);
    if (!reason)
        return true;
    fail(err, ERROR_FAULT, "bare RocksDB: %s", reason);
    rocksdb_free(reason);
    return false;
}

bool bare_replay(const char *data_dir, const char *dir, uint32_t t_min, size_t batch,
                 size_t *transactions, size_t *keys, double *seconds, struct error *err)
{
    struct pairs pairs = { 0 };
    char *reason = NULL;

    if (!read_pairs(data_dir, t_min, &pairs, err))
        return false;
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_t *db = rocksdb_open(options, dir, &reason);
    rocksdb_options_destroy(options);
    bool ok = !reason || fail(err, ERROR_FAULT, "bare RocksDB in %s: %s", dir, reason);
    if (ok) {
        int64_t begun_us = clock_monotonic_us();
        *transactions = 0;
        *keys = pairs.count;
        ok = write_pairs(db, &pairs, batch, transactions, err);
        *seconds = (double)(clock_monotonic_us() - begun_us) / 1e6;
        rocksdb_close(db);
    }
    rocksdb_free(reason);
    free(pairs.list);
    buffer_release(&pairs.bytes);
    return ok;
}
