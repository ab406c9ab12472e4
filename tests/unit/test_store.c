/*
 * The store: batches, views, iterators, and what is there after a process died. The program runs
 * itself again as the process that dies: `test_store --die DIR`.
 */
#include "tests/unit/db_test.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORDS 200

static void put(struct store_batch *batch, const char *key, const char *value)
{
    store_batch_put(batch, bytes_of(key), bytes_of(value));
}

static void write_one(struct store *store, const char *key, const char *value)
{
    struct store_batch *batch = store_batch_new();
    struct error err;

    put(batch, key, value);
    assert_ok(store_write(store, batch, &err));
    store_batch_free(batch);
}

/* The value as text in `out`, or NULL when the key is not there. */
static const char *get(struct store *store, const struct store_view *view, const char *key,
                       struct buffer *out)
{
    struct error err;
    bool found;

    buffer_clear(out);
    assert_ok(store_get(store, view, bytes_of(key), out, &found, &err));
    buffer_append_u8(out, 0);
    return found ? out->data : NULL;
}

static void test_batch(void **state)
{
    struct db_test test;
    struct buffer value = { 0 };
    struct error err;
    struct store_batch *batch = store_batch_new();

    (void)state;
    db_test_open(&test);
    put(batch, "b", "1"); /* of several on one key the last counts */
    put(batch, "a", "1");
    store_batch_delete(batch, BYTES("b"));
    put(batch, "b", "2");
    store_batch_delete(batch, BYTES("a"));
    assert_int_equal(store_batch_count(batch), 5);
    assert_null(get(test.store, NULL, "b", &value));
    assert_ok(store_write(test.store, batch, &err));
    assert_null(get(test.store, NULL, "a", &value));
    assert_string_equal(get(test.store, NULL, "b", &value), "2");
    size_t bytes = store_batch_bytes(batch);
    store_batch_clear(batch);
    assert_int_equal(store_batch_count(batch), 0);
    assert_true(store_batch_bytes(batch) < bytes);
    store_batch_free(batch);
    buffer_release(&value);
    db_test_close(&test);
}

/* A key of avet: attribute 1, `value`, `entity`. */
static struct bytes avet_key(struct buffer *key, const char *value, uint32_t entity)
{
    buffer_clear(key);
    buffer_append_u8(key, 'V');
    buffer_append_u16be(key, 1);
    buffer_append_bytes(key, bytes_of(value));
    buffer_append_u32be(key, entity);
    return buffer_bytes(key);
}

/* The entity at or after `from` that has the value; 0: none. */
static uint32_t find(struct store *store, const struct store_view *view, const char *value,
                     uint32_t from)
{
    struct buffer key = { 0 }, out = { 0 };
    struct error err;
    bool found;

    assert_ok(store_find(store, view, avet_key(&key, value, from), &out, &found, &err));
    uint32_t e = found ? load_u32be((const uint8_t *)out.data + out.len - 4) : 0;
    buffer_release(&key);
    buffer_release(&out);
    return e;
}

/* A batch that is put in order before it is written: of several on one key still the last counts.
 */
static void test_large_batch(void **state)
{
    enum { KEYS = 100, ROUNDS = 3 };
    struct db_test test;
    struct buffer value = { 0 };
    struct store_batch *batch = store_batch_new();
    struct error err;
    char key[32], text[16];

    (void)state;
    db_test_open(&test);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = KEYS; i-- > 0;) {
            snprintf(key, sizeof(key), "%s%d", i % 2 ? "the same bytes " : "", i);
            snprintf(text, sizeof(text), "%d", i * ROUNDS + round);
            if (i % 5 == round)
                store_batch_delete(batch, bytes_of(key));
            else
                put(batch, key, text);
        }
    assert_ok(store_write(test.store, batch, &err));
    for (int i = 0; i < KEYS; i++) {
        snprintf(key, sizeof(key), "%s%d", i % 2 ? "the same bytes " : "", i);
        snprintf(text, sizeof(text), "%d", i * ROUNDS + ROUNDS - 1);
        const char *got = get(test.store, NULL, key, &value);
        if (i % 5 == ROUNDS - 1)
            assert_null(got);
        else
            assert_string_equal(got, text);
    }
    store_batch_free(batch);
    buffer_release(&value);
    db_test_close(&test);
}

/* In memtables, with the Bloom filter of a memtable, and in tables, with theirs. */
static void test_find(void **state)
{
    struct db_test test;
    struct buffer key = { 0 };
    struct store_batch *batch = store_batch_new();
    struct error err;

    (void)state;
    db_test_open(&test);
    store_batch_put(batch, avet_key(&key, "b", 7), BYTES(""));
    store_batch_put(batch, avet_key(&key, "b", 9), BYTES(""));
    store_batch_put(batch, avet_key(&key, "bb", 8), BYTES(""));
    store_batch_put(batch, BYTES("a past key"), BYTES("")); /* a seek may come to any key */
    assert_ok(store_write(test.store, batch, &err));
    struct store_view *view = store_view_take(test.store);
    store_batch_clear(batch);
    store_batch_put(batch, avet_key(&key, "c", 5), BYTES(""));
    store_batch_delete(batch, avet_key(&key, "b", 7));
    assert_ok(store_write(test.store, batch, &err));
    for (int flushed = 0; flushed <= 1; flushed++) {
        assert_int_equal(find(test.store, NULL, "b", 0), 9);
        assert_int_equal(find(test.store, NULL, "b", 10), 0); /* "bb" is no answer */
        assert_int_equal(find(test.store, NULL, "a", 0), 0);
        assert_int_equal(find(test.store, NULL, "c", 0), 5);
        assert_int_equal(find(test.store, NULL, "c", 6), 0);
        assert_int_equal(find(test.store, view, "b", 0), 7);
        assert_int_equal(find(test.store, view, "c", 0), 0);
        assert_ok(store_flush(test.store, &err));
    }
    store_view_release(test.store, view);
    store_batch_free(batch);
    buffer_release(&key);
    db_test_close(&test);
}

static void test_view(void **state)
{
    struct db_test test;
    struct buffer value = { 0 };

    (void)state;
    db_test_open(&test);
    write_one(test.store, "a", "old");
    struct store_view *view = store_view_take(test.store);
    write_one(test.store, "a", "new");
    write_one(test.store, "b", "new");
    assert_string_equal(get(test.store, view, "a", &value), "old");
    assert_null(get(test.store, view, "b", &value));
    assert_string_equal(get(test.store, NULL, "a", &value), "new");
    store_view_release(test.store, view);
    buffer_release(&value);
    db_test_close(&test);
}

/* The keys from where the iterator stands to its end. */
static const char *walk(struct store_iterator *iterator, bool reverse, struct buffer *out)
{
    struct error err;

    buffer_clear(out);
    while (store_iterator_valid(iterator)) {
        buffer_append_bytes(out, store_iterator_key(iterator));
        assert_true(bytes_equal(store_iterator_value(iterator), store_iterator_key(iterator)));
        if (reverse)
            store_iterator_prev(iterator);
        else
            store_iterator_next(iterator);
    }
    assert_ok(store_iterator_check(iterator, &err));
    buffer_append_u8(out, 0);
    return out->data;
}

static void test_iterator(void **state)
{
    static const char *const keys[] = { "a", "b", "c", "e", "f" };
    struct db_test test;
    struct buffer out = { 0 };

    (void)state;
    db_test_open(&test);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        write_one(test.store, keys[i], keys[i]);
    struct store_iterator *iterator =
        store_iterator_open(test.store, NULL, BYTES("b"), BYTES("f"), false);
    store_iterator_seek_first(iterator);
    assert_string_equal(walk(iterator, false, &out), "bce");
    store_iterator_seek_last(iterator);
    assert_string_equal(walk(iterator, true, &out), "ecb");
    store_iterator_seek(iterator, BYTES("d"));
    assert_string_equal(walk(iterator, false, &out), "e");
    store_iterator_seek_for_prev(iterator, BYTES("d"));
    assert_string_equal(walk(iterator, true, &out), "cb");
    store_iterator_seek(iterator, BYTES("a")); /* below the bound: from the bound */
    assert_string_equal(walk(iterator, false, &out), "bce");
    store_iterator_seek_for_prev(iterator, BYTES("z"));
    assert_string_equal(walk(iterator, true, &out), "ecb");
    store_iterator_close(iterator);
    iterator = store_iterator_open(test.store, NULL, BYTES("e"), (struct bytes){ 0 }, false);
    store_iterator_seek_first(iterator);
    assert_string_equal(walk(iterator, false, &out), "ef");
    store_iterator_close(iterator);
    buffer_release(&out);
    db_test_close(&test);
}

static void test_open_errors(void **state)
{
    struct db_test test;
    struct store *store;
    struct error err;
    char path[96];

    (void)state;
    db_test_open(&test);
    snprintf(path, sizeof(path), "%s/none", test.dir);
    assert_fails(store_open(test.shared, path, false, &store, &err), ERROR_NOT_FOUND, path);
    snprintf(path, sizeof(path), "%s/db", test.dir);
    assert_fails(store_open(test.shared, path, false, &store, &err), ERROR_FAULT, path);
    db_test_close(&test);
}

static void test_unlogged(void **state)
{
    struct db_test test;
    struct buffer value = { 0 };
    struct error err;
    char path[96];
    struct store_batch *batch = store_batch_new();

    (void)state;
    db_test_open(&test);
    put(batch, "a", "1");
    assert_ok(store_write_unlogged(test.store, batch, &err));
    assert_ok(store_flush(test.store, &err));
    store_close(test.store);
    snprintf(path, sizeof(path), "%s/db", test.dir);
    assert_ok(store_open(test.shared, path, false, &test.store, &err));
    assert_string_equal(get(test.store, NULL, "a", &value), "1");
    store_batch_free(batch);
    buffer_release(&value);
    db_test_close(&test);
}

/* A key as of a tx_id, random. */
static struct bytes random_id_key(char out[19])
{
    uint64_t high = random_next(), low = random_next();

    out[0] = 'X';
    out[1] = out[2] = 0;
    memcpy(out + 3, &high, sizeof(high));
    memcpy(out + 11, &low, sizeof(low));
    return (struct bytes){ out, 19 };
}

/* Looks up ids that are not there. */
static void miss(struct store *store, int times)
{
    struct buffer value = { 0 };
    struct error err;
    char key[19];
    bool found;

    for (int i = 0; i < times; i++) {
        assert_ok(store_get(store, NULL, random_id_key(key), &value, &found, &err));
        assert_false(found);
    }
    buffer_release(&value);
}

/* What this process has read of files, in bytes, as Linux counts it. */
static unsigned long long bytes_read(void)
{
    unsigned long long bytes;
    FILE *io = fopen("/proc/self/io", "r");

    assert_non_null(io);
    assert_int_equal(fscanf(io, "rchar: %llu", &bytes), 1);
    fclose(io);
    return bytes;
}

/* Flushes as many tables as RocksDB then merges into one. */
static void write_ids(struct store *store, int tables, int ids)
{
    struct store_batch *batch = store_batch_new();
    struct error err;
    char key[19];

    for (int i = 1; i <= tables * ids; i++) {
        store_batch_put(batch, random_id_key(key), BYTES("1"));
        if (i % 1000 == 0) {
            assert_ok(store_write_unlogged(store, batch, &err));
            store_batch_clear(batch);
        }
        if (i % ids == 0)
            assert_ok(store_flush(store, &err));
    }
    store_batch_free(batch);
}

static int count_tables(const char *path)
{
    int tables = 0;
    DIR *folder = opendir(path);

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        tables += strstr(entry->d_name, ".sst") != NULL;
    closedir(folder);
    return tables;
}

/* The filter of a merged table is larger than a shard of the cache, but not its parts. (Those of
 * tables that are not merged yet are held outside of it.) */
static void test_filters_stay_in_memory(void **state)
{
    enum { TABLES = 4, IDS = 250000, WARMING = 10000, MISSES = 1000, BYTES_A_MISS = 1024 };
    struct db_test test;
    struct error err;
    char path[96];

    (void)state;
    random_begin("test_filters_stay_in_memory");
    db_test_dir(&test);
    snprintf(path, sizeof(path), "%s/db", test.dir);
    test.shared = store_shared_open(CACHE_BYTES, (size_t)64 << 20);
    assert_ok(store_open(test.shared, path, true, &test.store, &err));
    write_ids(test.store, TABLES, IDS);
    while (count_tables(path) > 1)
        usleep(1000);
    miss(test.store, WARMING);
    unsigned long long before = bytes_read();
    miss(test.store, MISSES);
    assert_in_range(bytes_read() - before, 0, MISSES * BYTES_A_MISS);
    db_test_close(&test);
}

/* One thread writes while another syncs. */
static void *writing_thread(void *arg)
{
    struct store *store = arg;
    char key[16];

    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof(key), "%06d", i);
        write_one(store, key, key);
    }
    return NULL;
}

static void test_sync_while_writing(void **state)
{
    struct db_test test;
    struct error err;
    pthread_t thread;

    (void)state;
    db_test_open(&test);
    assert_int_equal(pthread_create(&thread, NULL, writing_thread, test.store), 0);
    for (int i = 0; i < 50; i++)
        assert_ok(store_sync(test.store, &err));
    pthread_join(thread, NULL);
    assert_ok(store_sync(test.store, &err));
    db_test_close(&test);
}

/* --- after a death --- */

/* What the process that dies does: RECORDS writes, one sync, and gone. */
static int die(const char *dir)
{
    struct store_shared *shared = store_shared_open(CACHE_BYTES, WRITE_BUFFER_BYTES);
    struct store *store;
    struct error err;
    char key[16], value[100];

    if (!store_open(shared, dir, true, &store, &err))
        return 1;
    memset(value, 'v', sizeof(value));
    for (int i = 0; i < RECORDS; i++) {
        struct store_batch *batch = store_batch_new();
        snprintf(key, sizeof(key), "%06d", i);
        store_batch_put(batch, bytes_of(key), (struct bytes){ value, sizeof(value) });
        if (!store_write(store, batch, &err))
            return 1;
        store_batch_free(batch);
    }
    if (!store_sync(store, &err))
        return 1;
    _exit(0);
}

/* Leaves a dead process's database in the folder, and the path of its WAL. */
static void db_test_dead(struct db_test *test, char *path, char wal[128])
{
    int status;

    db_test_dir(test);
    test->shared = store_shared_open(CACHE_BYTES, WRITE_BUFFER_BYTES);
    snprintf(path, 96, "%s/db", test->dir);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "test_store", "--die", path, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    wal[0] = '\0';
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strstr(entry->d_name, ".log"))
            snprintf(wal, 128, "%s/%.20s", path, entry->d_name);
    closedir(dir);
    assert_true(wal[0] != '\0');
}

/* How many of the records are there; they must be the first ones. */
static int count_records(struct store *store)
{
    struct store_iterator *iterator =
        store_iterator_open(store, NULL, (struct bytes){ 0 }, (struct bytes){ 0 }, false);
    struct error err;
    char key[16];
    int count = 0;

    for (store_iterator_seek_first(iterator); store_iterator_valid(iterator);
         store_iterator_next(iterator)) {
        snprintf(key, sizeof(key), "%06d", count++);
        assert_true(bytes_equal(store_iterator_key(iterator), bytes_of(key)));
    }
    assert_ok(store_iterator_check(iterator, &err));
    store_iterator_close(iterator);
    return count;
}

static void test_killed(void **state)
{
    struct db_test test;
    struct error err;
    char path[96], wal[128];

    (void)state;
    db_test_dead(&test, path, wal);
    assert_ok(store_open(test.shared, path, false, &test.store, &err));
    assert_int_equal(count_records(test.store), RECORDS);
    db_test_close(&test);
}

static long file_size(const char *path)
{
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    fclose(file);
    return size;
}

/* A last record that was cut off was never acknowledged; what is before it stays, also when the
 * process dies again. */
static void test_torn_tail(void **state)
{
    struct db_test test;
    struct error err;
    char path[96], wal[128];

    (void)state;
    db_test_dead(&test, path, wal);
    assert_int_equal(truncate(wal, file_size(wal) - 20), 0);
    for (int i = 0; i < 2; i++) {
        assert_ok(store_open(test.shared, path, false, &test.store, &err));
        assert_int_equal(count_records(test.store), RECORDS - 1);
        store_close(test.store);
        test.store = NULL;
    }
    db_test_close(&test);
}

/* A byte that changed before the tail may have been acknowledged: the store does not open. */
static void test_broken_wal(void **state)
{
    struct db_test test;
    struct error err;
    char path[96], wal[128];
    static const int places[] = { 10, 50, 90 }; /* per cent */

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        db_test_dead(&test, path, wal);
        FILE *file = fopen(wal, "r+b");
        assert_non_null(file);
        assert_int_equal(fseek(file, file_size(wal) * places[i] / 100, SEEK_SET), 0);
        int byte = fgetc(file);
        assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
        fputc(byte ^ 0x40, file);
        fclose(file);
        assert_fails(store_open(test.shared, path, false, &test.store, &err), ERROR_FAULT, path);
        test.store = NULL;
        db_test_close(&test);
    }
}

/* A record of the log that says it is longer than the file looks like a torn tail, but is none when
 * others follow it. */
static void test_broken_length(void **state)
{
    struct db_test test;
    struct error err;
    char path[96], wal[128];
    uint8_t header[7] = { 0 };

    (void)state;
    db_test_dead(&test, path, wal);
    FILE *file = fopen(wal, "r+b");
    assert_non_null(file);
    for (int record = 0; record < RECORDS / 2; record++) { /* crc:4 length:2 type:1 payload */
        assert_int_equal(fread(header, 1, sizeof(header), file), sizeof(header));
        assert_int_equal(fseek(file, header[4] | header[5] << 8, SEEK_CUR), 0);
    }
    long at = ftell(file);
    assert_int_equal(fseek(file, at + 5, SEEK_SET), 0);
    fputc(0x7f, file);
    fclose(file);
    char place[32];
    snprintf(place, sizeof(place), "at byte %ld:", at);
    assert_fails(store_open(test.shared, path, false, &test.store, &err), ERROR_FAULT, place);
    test.store = NULL;
    db_test_close(&test);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_large_batch),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_view),
        cmocka_unit_test(test_iterator),
        cmocka_unit_test(test_open_errors),
        cmocka_unit_test(test_unlogged),
        cmocka_unit_test(test_filters_stay_in_memory),
        cmocka_unit_test(test_sync_while_writing),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_torn_tail),
        cmocka_unit_test(test_broken_wal),
        cmocka_unit_test(test_broken_length),
    };

    if (argc == 3 && strcmp(argv[1], "--die") == 0)
        return die(argv[2]);
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
