/* The data directory: names, making, dropping and closing graphs, and what a death leaves. */
#include "tests/unit/graph_test.h"

#include "txd/db/catalog.h"

#include <pthread.h>
#include <sys/stat.h>

struct catalog_test {
    struct db_test test; /* only its folder */
    char dir[96];
    struct catalog *catalog;
};

static const struct catalog_options options = { .cache_bytes = CACHE_BYTES,
                                                .write_buffer_bytes = WRITE_BUFFER_BYTES,
                                                .open_max = 3 };

static void catalog_test_open(struct catalog_test *test)
{
    struct error err;

    db_test_dir(&test->test);
    snprintf(test->dir, sizeof(test->dir), "%s/deep/data", test->test.dir);
    assert_ok(catalog_open(test->dir, &options, &test->catalog, &err));
}

static void catalog_test_reopen(struct catalog_test *test)
{
    struct error err;

    catalog_close(test->catalog);
    assert_ok(catalog_open(test->dir, &options, &test->catalog, &err));
}

static void catalog_test_close(struct catalog_test *test)
{
    struct error err;

    catalog_close(test->catalog);
    assert_ok(folder_remove(test->test.dir, &err));
}

/* How many names are in a folder of the data directory. */
static size_t count_names(const struct catalog_test *test, const char *folder)
{
    char path[128];
    struct stat status;

    snprintf(path, sizeof(path), "%s/%s", test->dir, folder);
    assert_int_equal(stat(path, &status), 0);
    return status.st_nlink - 2; /* folders only */
}

static void test_names(void **state)
{
    static const struct {
        const char *name;
        bool ok;
    } examples[] = {
        { "main", true },
        { "0", true },
        { "a-b_c9", true },
        { "", false },
        { "-a", false },
        { "_a", false },
        { "A", false },
        { "a.b", false },
        { "a/b", false },
        { "..", false },
        { "\xc3\xa9", false },
        { "a b", false },
        { "a23456789012345678901234567890123456789012345678901234567890123", true },
        { "a234567890123456789012345678901234567890123456789012345678901234", false },
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++)
        if (graph_name_check(bytes_of(examples[i].name), &err) != examples[i].ok)
            fail_msg("\"%s\"", examples[i].name);
    assert_fails(graph_name_check(BYTES("A"), &err), ERROR_INCORRECT, "\"A\" is no graph name");
}

static void test_main_and_lock(void **state)
{
    struct catalog_test test;
    struct catalog *second;
    struct graph *graph;
    struct error err;

    (void)state;
    catalog_test_open(&test);
    assert_ok(catalog_get(test.catalog, BYTES("main"), &graph, &err));
    assert_int_equal(graph_flexibility(graph), FLEXIBILITY_READ);
    graph_release(graph);
    assert_fails(catalog_open(test.dir, &options, &second, &err), ERROR_BUSY, test.dir);
    catalog_test_reopen(&test);
    catalog_test_close(&test);
}

static void test_create(void **state)
{
    struct catalog_test test;
    struct graph *graph;
    struct error err;
    bool created;

    (void)state;
    catalog_test_open(&test);
    assert_fails(catalog_get(test.catalog, BYTES("a"), &graph, &err), ERROR_NOT_FOUND,
                 "there is no graph \"a\"");
    assert_ok(catalog_create(test.catalog, BYTES("a"), FLEXIBILITY_WRITE, &created, &err));
    assert_true(created);
    assert_ok(catalog_create(test.catalog, BYTES("a"), FLEXIBILITY_WRITE, &created, &err));
    assert_false(created);
    assert_fails(catalog_create(test.catalog, BYTES("a"), FLEXIBILITY_READ, &created, &err),
                 ERROR_CONFLICT, "a graph \"a\" already, with schema flexibility :write");
    assert_fails(catalog_create(test.catalog, BYTES("main"), FLEXIBILITY_WRITE, &created, &err),
                 ERROR_CONFLICT, "with schema flexibility :read");
    assert_fails(catalog_create(test.catalog, BYTES("A"), FLEXIBILITY_READ, &created, &err),
                 ERROR_INCORRECT, "no graph name");
    assert_int_equal(count_names(&test, "tmp"), 0);
    assert_true(catalog_exists(test.catalog, BYTES("a")));
    assert_false(catalog_exists(test.catalog, BYTES("b")));
    catalog_test_close(&test);
}

static void check_list(struct catalog *catalog, const char *want)
{
    struct arena arena = { 0 };
    struct buffer said = { 0 };
    struct bytes *names;
    struct error err;
    size_t count;

    assert_ok(catalog_list(catalog, &arena, &names, &count, &err));
    for (size_t i = 0; i < count; i++)
        buffer_printf(&said, "%.*s ", BYTES_ARG(names[i]));
    buffer_append_u8(&said, 0);
    assert_string_equal(said.data, want);
    buffer_release(&said);
    arena_release(&arena);
}

static void test_list_and_eviction(void **state)
{
    static const char *const names[] = { "z", "b-2", "a", "c", "d" };
    struct catalog_test test;
    struct graph *graph;
    struct error err;
    bool created;

    (void)state;
    catalog_test_open(&test);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_ok(
            catalog_create(test.catalog, bytes_of(names[i]), FLEXIBILITY_READ, &created, &err));
        assert_ok(catalog_get(test.catalog, bytes_of(names[i]), &graph, &err));
        graph_test_add(graph, 1, "n", value_long((int64_t)i));
        graph_release(graph);
    }
    check_list(test.catalog, "a b-2 c d main z ");
    assert_int_equal(catalog_open_count(test.catalog), options.open_max);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) { /* what was closed comes back */
        assert_ok(catalog_get(test.catalog, bytes_of(names[i]), &graph, &err));
        assert_int_equal(graph_head(graph)->t, 1);
        graph_release(graph);
    }
    catalog_test_close(&test);
}

/* A graph in use is not closed under its user, however many are open. */
static void test_eviction_spares_users(void **state)
{
    struct catalog_test test;
    struct graph *held[6];
    struct error err;
    bool created;
    char name[] = "g0";

    (void)state;
    catalog_test_open(&test);
    for (size_t i = 0; i < ARRAY_LEN(held); i++) {
        name[1] = (char)('0' + i);
        assert_ok(catalog_create(test.catalog, bytes_of(name), FLEXIBILITY_READ, &created, &err));
        assert_ok(catalog_get(test.catalog, bytes_of(name), &held[i], &err));
    }
    assert_int_equal(catalog_open_count(test.catalog), ARRAY_LEN(held));
    for (size_t i = 0; i < ARRAY_LEN(held); i++) {
        graph_test_add(held[i], 1, "n", value_long(1));
        graph_release(held[i]);
    }
    catalog_test_close(&test);
}

static void test_drop(void **state)
{
    struct catalog_test test;
    struct graph *graph;
    struct error err;
    bool created;

    (void)state;
    catalog_test_open(&test);
    for (int open = 0; open < 2; open++) {
        assert_ok(catalog_create(test.catalog, BYTES("a"), FLEXIBILITY_READ, &created, &err));
        assert_true(created);
        if (open) {
            assert_ok(catalog_get(test.catalog, BYTES("a"), &graph, &err));
            graph_release(graph);
        }
        assert_ok(catalog_drop(test.catalog, BYTES("a"), &err));
        assert_fails(catalog_get(test.catalog, BYTES("a"), &graph, &err), ERROR_NOT_FOUND, "\"a\"");
        assert_fails(catalog_drop(test.catalog, BYTES("a"), &err), ERROR_NOT_FOUND, "\"a\"");
        check_list(test.catalog, "main ");
        assert_int_equal(count_names(&test, "tmp"), 0);
        assert_int_equal(count_names(&test, "graphs"), 1);
    }
    catalog_test_close(&test);
}

static void *release_snapshot(void *arg)
{
    snapshot_release(arg);
    return NULL;
}

/* Dropped while it is read: gone by its name, readable to the end, and its name is free once its
 * last reader has let go. */
static void test_drop_while_read(void **state)
{
    struct catalog_test test;
    struct graph *graph;
    struct error err;
    bool created, found;
    uint32_t t;
    pthread_t thread;

    (void)state;
    catalog_test_open(&test);
    assert_ok(catalog_create(test.catalog, BYTES("a"), FLEXIBILITY_READ, &created, &err));
    assert_ok(catalog_get(test.catalog, BYTES("a"), &graph, &err));
    graph_test_add(graph, 1, "n", value_long(1));
    assert_ok(store_flush(graph_store(graph), &err));
    graph_test_publish(graph);
    struct snapshot *snapshot = graph_snapshot(graph);
    assert_ok(catalog_drop(test.catalog, BYTES("a"), &err));
    assert_fails(graph_check(graph, &err), ERROR_NOT_FOUND, "\"a\" has been dropped");
    graph_release(graph);
    assert_fails(catalog_get(test.catalog, BYTES("a"), &graph, &err), ERROR_NOT_FOUND, "\"a\"");
    check_list(test.catalog, "main ");
    struct db db = snapshot_db(snapshot);
    struct value v = value_long(1);
    assert_ok(index_find(&db, 1, schema_by_ident(db.schema, BYTES("n")), &v, &found, &t, &err));
    assert_true(found);
    assert_int_equal(pthread_create(&thread, NULL, release_snapshot, snapshot), 0);
    assert_ok(catalog_create(test.catalog, BYTES("a"), FLEXIBILITY_WRITE, &created, &err));
    assert_true(created);
    pthread_join(thread, NULL);
    catalog_test_close(&test);
}

/* Its files cannot be removed when the last reader lets go: making a graph of the name tries again.
 */
static void test_drop_that_failed(void **state)
{
    struct catalog_test test;
    struct graph *graph;
    struct error err;
    bool created;
    char tmp[128], away[128];

    (void)state;
    catalog_test_open(&test);
    snprintf(tmp, sizeof(tmp), "%s/tmp", test.dir);
    snprintf(away, sizeof(away), "%s/away", test.dir);
    assert_ok(catalog_create(test.catalog, BYTES("a"), FLEXIBILITY_READ, &created, &err));
    assert_ok(catalog_get(test.catalog, BYTES("a"), &graph, &err));
    assert_ok(catalog_drop(test.catalog, BYTES("a"), &err));
    assert_int_equal(rename(tmp, away), 0);
    graph_release(graph);
    assert_int_equal(count_names(&test, "graphs"), 2);
    assert_fails(catalog_get(test.catalog, BYTES("a"), &graph, &err), ERROR_NOT_FOUND, "\"a\"");
    assert_int_equal(rename(away, tmp), 0);
    assert_ok(catalog_create(test.catalog, BYTES("a"), FLEXIBILITY_WRITE, &created, &err));
    assert_true(created);
    assert_ok(catalog_get(test.catalog, BYTES("a"), &graph, &err));
    assert_int_equal(graph_flexibility(graph), FLEXIBILITY_WRITE);
    graph_release(graph);
    assert_int_equal(count_names(&test, "tmp"), 0);
    catalog_test_close(&test);
}

/* A process that died: graphs half made, half dropped. */
static void test_clean_start(void **state)
{
    struct catalog_test test;
    struct error err;
    bool created;
    char path[160];

    (void)state;
    catalog_test_open(&test);
    assert_ok(catalog_create(test.catalog, BYTES("a"), FLEXIBILITY_READ, &created, &err));
    assert_ok(catalog_create(test.catalog, BYTES("b"), FLEXIBILITY_READ, &created, &err));
    snprintf(path, sizeof(path), "%s/tmp/7/deep", test.dir);
    assert_ok(folder_make(path, &err));
    snprintf(path, sizeof(path), "%s/graphs/a/DROPPED", test.dir);
    FILE *marker = fopen(path, "w");
    assert_non_null(marker);
    fclose(marker);
    catalog_test_reopen(&test);
    check_list(test.catalog, "b main ");
    assert_int_equal(count_names(&test, "tmp"), 0);
    assert_int_equal(count_names(&test, "graphs"), 2);
    catalog_test_close(&test);
}

static void test_adopt(void **state)
{
    struct catalog_test test;
    struct graph *graph;
    struct error err;
    char path[128];

    (void)state;
    catalog_test_open(&test);
    catalog_temporary(test.catalog, path, sizeof(path));
    assert_ok(graph_create(catalog_shared(test.catalog), path, FLEXIBILITY_READ, &err));
    assert_fails(catalog_adopt(test.catalog, path, BYTES("main"), &err), ERROR_CONFLICT,
                 "a graph \"main\" already");
    assert_ok(catalog_adopt(test.catalog, path, BYTES("a"), &err));
    assert_ok(catalog_get(test.catalog, BYTES("a"), &graph, &err));
    graph_release(graph);
    catalog_test_close(&test);
}

/* A graph that was stopped stays so, held or not, also when others push it out. */
static void test_stopped(void **state)
{
    struct catalog_test test;
    struct graph *graph, *again;
    struct error err, reason;

    (void)state;
    catalog_test_open(&test);
    assert_ok(catalog_get(test.catalog, BYTES("main"), &graph, &err));
    fail(&reason, ERROR_FAULT, "the disk is gone");
    graph_stop(graph, &reason);
    assert_ok(catalog_get(test.catalog, BYTES("main"), &again, &err));
    assert_ptr_equal(graph, again);
    graph_release(graph);
    graph_release(again);
    for (int i = 0; i < 8; i++) { /* more than are held open */
        char name[8];
        bool created;
        snprintf(name, sizeof(name), "g%d", i);
        assert_ok(catalog_create(test.catalog, bytes_of(name), FLEXIBILITY_READ, &created, &err));
        assert_ok(catalog_get(test.catalog, bytes_of(name), &again, &err));
        graph_release(again);
    }
    assert_ok(catalog_get(test.catalog, BYTES("main"), &again, &err));
    assert_false(graph_check(again, &err));
    graph_release(again);
    catalog_test_close(&test);
}

static void count_snapshot(const struct snapshot *snapshot, void *arg)
{
    assert_int_equal(snapshot->t, 0);
    ++*(int *)arg;
}

static void test_each_open(void **state)
{
    struct catalog_test test;
    struct graph *graph;
    struct error err;
    int count = 0;

    (void)state;
    catalog_test_open(&test);
    catalog_each_open(test.catalog, count_snapshot, &count);
    assert_int_equal(count, 0);
    assert_ok(catalog_get(test.catalog, BYTES("main"), &graph, &err));
    catalog_each_open(test.catalog, count_snapshot, &count);
    assert_int_equal(count, 1);
    assert_int_equal(graph_references(graph), 2);
    graph_release(graph);
    catalog_test_close(&test);
}

/* Threads that open, close (by eviction), make and drop graphs at once. */
static void *churn(void *arg)
{
    struct catalog *catalog = arg;
    struct graph *graph;
    struct error err;
    bool created;
    char name[] = "g0";
    unsigned seed = (unsigned)(uintptr_t)pthread_self();

    for (int i = 0; i < 60; i++) {
        name[1] = (char)('0' + rand_r(&seed) % 5);
        switch (rand_r(&seed) % 4) {
        case 0:
            if (!catalog_create(catalog, bytes_of(name), FLEXIBILITY_READ, &created, &err) &&
                err.kind != ERROR_NOT_FOUND) /* dropped again in between */
                fail_msg("%s", err.message);
            break;
        case 1:
            if (!catalog_drop(catalog, bytes_of(name), &err) && err.kind != ERROR_NOT_FOUND)
                fail_msg("%s", err.message);
            break;
        default:
            if (catalog_get(catalog, bytes_of(name), &graph, &err))
                graph_release(graph);
            else if (err.kind != ERROR_NOT_FOUND)
                fail_msg("%s", err.message);
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct catalog_test test;
    pthread_t threads[4];

    (void)state;
    catalog_test_open(&test);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, test.catalog), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(count_names(&test, "tmp"), 0);
    catalog_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_main_and_lock),
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_list_and_eviction),
        cmocka_unit_test(test_eviction_spares_users),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_drop_while_read),
        cmocka_unit_test(test_drop_that_failed),
        cmocka_unit_test(test_clean_start),
        cmocka_unit_test(test_adopt),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_each_open),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
