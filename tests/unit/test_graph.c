/*
 * A graph's head, snapshots and counts, also after it was closed or its process died. The program
 * runs itself again as the process that dies: `test_graph --die DIR COUNT`.
 */
#include "tests/unit/graph_test.h"

#include <sys/wait.h>
#include <unistd.h>

struct graph_test {
    struct db_test test;
    char path[96];
    struct graph *graph;
};

static void graph_test_open(struct graph_test *test)
{
    struct error err;

    db_test_dir(&test->test);
    test->test.shared = store_shared_open(CACHE_BYTES, WRITE_BUFFER_BYTES);
    snprintf(test->path, sizeof(test->path), "%s/graph", test->test.dir);
    assert_ok(graph_create(test->test.shared, test->path, FLEXIBILITY_WRITE, &err));
    assert_ok(graph_open(test->test.shared, "g", test->path, &test->graph, &err));
}

static void graph_test_reopen(struct graph_test *test)
{
    struct error err;

    graph_release(test->graph);
    assert_ok(graph_open(test->test.shared, "g", test->path, &test->graph, &err));
}

static void graph_test_close(struct graph_test *test)
{
    graph_release(test->graph);
    db_test_close(&test->test);
}

/* The counts that a walk over the snapshot finds. */
static void check_counts(const struct snapshot *snapshot)
{
    struct db db = snapshot_db(snapshot);
    struct cursor *cursor = cursor_open(&db, INDEX_EAVT, NULL, NULL, false);
    uint64_t *counts = xcalloc(snapshot->counts->size, sizeof(*counts)), user = 0;
    struct datom datom;
    struct error err;

    while (cursor_next(cursor, &datom)) {
        assert_true(datom.a < snapshot->counts->size);
        counts[datom.a]++;
        user += entity_is_user(datom.e);
    }
    assert_ok(cursor_check(cursor, &err));
    cursor_close(cursor);
    for (uint32_t a = 0; a < snapshot->counts->size; a++)
        if (counts[a] != snapshot->counts->datoms[a])
            fail_msg("attribute %u: %llu datoms, counted %llu", a, (unsigned long long)counts[a],
                     (unsigned long long)snapshot->counts->datoms[a]);
    assert_int_equal(user, snapshot->datoms);
    free(counts);
}

static void check_head(struct graph *graph, const struct head *want)
{
    const struct head *head = graph_head(graph);
    struct snapshot *snapshot = graph_snapshot(graph);

    assert_int_equal(head->t, want->t);
    assert_int_equal(head->next_e, want->next_e);
    assert_int_equal(head->next_a, want->next_a);
    assert_true(head->checksum == want->checksum);
    assert_true(head->datoms == want->datoms);
    assert_true(head->instant_ms == want->instant_ms);
    assert_int_equal(snapshot->t, want->t);
    assert_true(snapshot->checksum == want->checksum);
    check_counts(snapshot);
    snapshot_release(snapshot);
}

static void test_new(void **state)
{
    struct graph_test test;
    struct head want = { .next_e = 1, .next_a = ATTR_USER_FIRST };

    (void)state;
    graph_test_open(&test);
    check_head(test.graph, &want);
    struct uuid epoch = graph_epoch(test.graph);
    assert_int_equal(graph_flexibility(test.graph), FLEXIBILITY_WRITE);
    assert_int_equal(graph_base(test.graph), 0);
    assert_string_equal(graph_name(test.graph), "g");
    graph_test_reopen(&test);
    check_head(test.graph, &want);
    struct uuid again = graph_epoch(test.graph);
    assert_true(uuid_equal(&epoch, &again));
    graph_test_close(&test);
}

/* Built-in attributes can be read like any other entity. */
static void test_built_in(void **state)
{
    struct graph_test test;
    struct error err;
    bool found;
    uint32_t e = 0, t = 1;

    (void)state;
    graph_test_open(&test);
    struct db db = graph_writer_db(test.graph);
    struct value ident = value_keyword(BYTES("db/txInstant")),
                 type = value_keyword(BYTES("db.type/instant"));
    assert_ok(
        index_find_entity(&db, schema_by_id(db.schema, ATTR_IDENT), &ident, &found, &e, &err));
    assert_true(found && e == ATTRIBUTE_ENTITY_BASE + ATTR_TX_INSTANT);
    assert_ok(
        index_find(&db, e, schema_by_id(db.schema, ATTR_VALUE_TYPE), &type, &found, &t, &err));
    assert_true(found && t == 0);
    graph_test_close(&test);
}

static void test_reopen_keeps_all(void **state)
{
    struct graph_test test;
    struct arena arena = { 0 };

    (void)state;
    graph_test_open(&test);
    graph_test_add(test.graph, 1, "name*", read_value(&arena, "\"Plato\""));
    graph_test_add(test.graph, 2, "tags*", read_value(&arena, "{:a [1 2.0 #{3}]}"));
    graph_test_retract(test.graph, 1, "name*", read_value(&arena, "\"Plato\""));
    graph_test_publish(test.graph);
    for (int i = 0; i < 2; i++) {
        struct head want = *graph_head(test.graph);
        graph_test_reopen(&test);
        check_head(test.graph, &want);
        assert_non_null(schema_by_ident(graph_head(test.graph)->schema, BYTES("tags*")));
        graph_test_add(test.graph, 3, "name*", value_long(i));
        graph_test_publish(test.graph);
    }
    arena_release(&arena);
    graph_test_close(&test);
}

/* Composite tuples come back with what they are made of, whatever their order. */
static void test_reopen_keeps_schema(void **state)
{
    struct graph_test test;
    struct arena arena = { 0 };
    struct error err;

    (void)state;
    graph_test_open(&test);
    struct store_batch *batch = store_batch_new();
    uint32_t e = ATTRIBUTE_ENTITY_BASE + ATTR_USER_FIRST; /* the tuple before its parts */
    const struct schema_datom datoms[] = {
        { ATTR_IDENT, value_keyword(BYTES("both")) },
        { ATTR_TUPLE_ATTRS, read_value(&arena, "[:one :two]") },
    };
    graph_head(test.graph)->next_a++;
    graph_test_add(test.graph, 1, "one", value_long(1));
    graph_test_add(test.graph, 1, "two", value_long(1));
    for (size_t i = 0; i < ARRAY_LEN(datoms); i++) {
        struct datom datom = { .e = e, .a = datoms[i].a, .t = 1, .added = true, .v = datoms[i].v };
        index_add(batch, schema_by_id(graph_head(test.graph)->schema, datom.a), &datom);
    }
    assert_ok(store_write(graph_store(test.graph), batch, &err));
    store_batch_free(batch);
    graph_test_reopen(&test);
    const struct schema *schema = graph_head(test.graph)->schema;
    const struct attribute *both = schema_by_ident(schema, BYTES("both"));
    assert_non_null(both);
    assert_int_equal(both->tuple_attr_count, 2);
    assert_ptr_equal(schema_by_id(schema, both->tuple_attrs[1]),
                     schema_by_ident(schema, BYTES("two")));
    arena_release(&arena);
    graph_test_close(&test);
}

static void test_snapshots(void **state)
{
    struct graph_test test;
    struct error err;
    bool found;
    uint32_t t;

    (void)state;
    graph_test_open(&test);
    graph_test_add(test.graph, 1, "name*", value_long(1));
    graph_test_publish(test.graph);
    struct snapshot *old = graph_snapshot(test.graph);
    graph_test_add(test.graph, 1, "name*", value_long(2));
    struct snapshot *unpublished = graph_snapshot(test.graph); /* what is not durable is not seen */
    assert_int_equal(unpublished->t, 1);
    snapshot_release(unpublished);
    graph_test_publish(test.graph);
    struct snapshot *fresh = graph_snapshot(test.graph);
    assert_int_equal(old->t, 1);
    assert_int_equal(fresh->t, 2);
    const struct snapshot *snapshots[] = { old, fresh };
    for (int i = 0; i < 2; i++) {
        struct db db = snapshot_db(snapshots[i]);
        struct value v = value_long(2);
        assert_ok(
            index_find(&db, 1, schema_by_ident(db.schema, BYTES("name*")), &v, &found, &t, &err));
        assert_int_equal(found, i == 1);
        check_counts(snapshots[i]);
    }
    graph_release(test.graph); /* snapshots keep the graph */
    check_counts(old);
    snapshot_release(old);
    snapshot_release(fresh);
    assert_ok(graph_open(test.test.shared, "g", test.path, &test.graph, &err));
    graph_test_close(&test);
}

static void closed(void *arg)
{
    *(bool *)arg = true;
}

static void test_on_close(void **state)
{
    struct graph_test test;
    bool is_closed = false;

    (void)state;
    graph_test_open(&test);
    graph_on_close(test.graph, closed, &is_closed);
    struct snapshot *snapshot = graph_snapshot(test.graph);
    assert_int_equal(graph_references(test.graph), 2);
    graph_release(test.graph);
    assert_false(is_closed);
    snapshot_release(snapshot);
    assert_true(is_closed);
    db_test_close(&test.test);
}

static void test_stop(void **state)
{
    struct graph_test test;
    struct error err, first, second;

    (void)state;
    graph_test_open(&test);
    assert_ok(graph_check(test.graph, &err));
    fail(&first, ERROR_FAULT, "the disk is gone");
    fail(&second, ERROR_FAULT, "and so is the rest");
    graph_stop(test.graph, &first);
    graph_stop(test.graph, &second);
    assert_fails(graph_check(test.graph, &err), ERROR_FAULT, "the disk is gone");
    graph_test_reopen(&test);
    assert_ok(graph_check(test.graph, &err));
    graph_test_close(&test);
}

static void test_not_a_graph(void **state)
{
    struct db_test test;
    struct graph *graph;
    struct error err;
    char path[96];

    (void)state;
    db_test_open(&test);
    store_close(test.store);
    test.store = NULL;
    snprintf(path, sizeof(path), "%s/db", test.dir);
    assert_fails(graph_open(test.shared, "g", path, &graph, &err), ERROR_FAULT,
                 "graph \"g\": this is no graph: it has no \"format\"");
    snprintf(path, sizeof(path), "%s/none", test.dir);
    assert_fails(graph_open(test.shared, "g", path, &graph, &err), ERROR_NOT_FOUND, "none");
    db_test_close(&test);
}

/* --- after a death --- */

/* Adds and retracts, and is gone without closing anything. */
static int die(const char *path, const char *count)
{
    struct store_shared *shared = store_shared_open(CACHE_BYTES, WRITE_BUFFER_BYTES);
    struct graph *graph;
    struct error err;
    char ident[16];

    if (!graph_open(shared, "g", path, &graph, &err))
        return 1;
    for (long i = 0, end = strtol(count, NULL, 10); i < end; i++) {
        snprintf(ident, sizeof(ident), "a%ld", i % 7);
        graph_test_add(graph, (uint32_t)(1 + i), ident, value_long(i));
        if (i % 3 == 0)
            graph_test_retract(graph, (uint32_t)(1 + i), ident, value_long(i));
        graph_test_publish(graph);
    }
    _exit(0);
}

static void test_killed(void **state)
{
    static const char *const counts[] = { "10", "900" }; /* before and after counts were saved */
    struct graph_test test;
    struct error err;
    int status;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        graph_test_open(&test);
        graph_release(test.graph);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            execl("/proc/self/exe", "test_graph", "--die", test.path, counts[i], (char *)NULL);
            _exit(127);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_ok(graph_open(test.test.shared, "g", test.path, &test.graph, &err));
        struct snapshot *snapshot = graph_snapshot(test.graph);
        uint32_t made = (uint32_t)strtoul(counts[i], NULL, 10);
        assert_int_equal(snapshot->t, made + (made + 2) / 3);
        assert_int_equal(graph_head(test.graph)->next_e, made + 1);
        check_counts(snapshot);
        snapshot_release(snapshot);
        graph_test_close(&test);
    }
}

/* Counts that are newer than the log mean that the log has lost what was durable. */
static void test_lost_tail(void **state)
{
    struct graph_test test;
    struct store *store;
    struct error err;

    (void)state;
    graph_test_open(&test);
    for (int i = 0; i < 3; i++)
        graph_test_add(test.graph, 1, "name*", value_long(i));
    graph_release(test.graph);
    assert_ok(store_open(test.test.shared, test.path, false, &store, &err));
    struct store_batch *batch = store_batch_new();
    store_batch_delete(batch, (struct bytes){ "L\0\0\0\3", 5 });
    assert_ok(store_write(store, batch, &err));
    store_batch_free(batch);
    store_close(store);
    assert_fails(graph_open(test.test.shared, "g", test.path, &test.graph, &err), ERROR_FAULT,
                 "the log has lost its tail");
    db_test_close(&test.test);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_built_in),
        cmocka_unit_test(test_reopen_keeps_all),
        cmocka_unit_test(test_reopen_keeps_schema),
        cmocka_unit_test(test_snapshots),
        cmocka_unit_test(test_on_close),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_not_a_graph),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_lost_tail),
    };

    if (argc == 4 && strcmp(argv[1], "--die") == 0)
        return die(argv[2], argv[3]);
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
