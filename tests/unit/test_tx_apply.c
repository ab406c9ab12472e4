/*
 * What a transaction leaves behind: the message that clients get, the log, the transaction's own
 * entity, the past, and that a tx_id is applied once.
 */
#include "common/clock.h"
#include "common/limits.h"
#include "proto/mp.h"
#include "tests/unit/tx_case.h"

#include "txd/db/trie.h"

#include <signal.h>
#include <sys/resource.h>

static struct value message_of(const struct tx_result *result, struct arena *arena)
{
    struct value message;
    struct error err;

    assert_true(mp_read(result->message, arena, &message, &err));
    return message;
}

static void expect_field(const struct value *message, const char *field, const char *edn,
                         struct arena *arena)
{
    const struct value *actual = value_get(message, field);
    struct value expected = tx_edn(edn, arena);

    if (!actual || !value_equal(actual, &expected))
        fail_msg("%s is not %s", field, edn);
}

static void test_message(void **state)
{
    struct arena arena = { 0 };
    struct tx_fixture fixture;
    struct tx_result result;
    struct value message;

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);

    struct tx_request request = {
        .tx_data = tx_edn("[{:db/ident :tag :db/cardinality :db.cardinality/many}"
                          " {:db/id -1 :title \"A\" :tag [\"x\" \"y\"]}]",
                          &arena),
        .meta = tx_edn("{:tx/note \"first\"}", &arena),
        .user = tx_edn("{\"name\" \"Plato\" \"color\" \"#7c3aed\"}", &arena),
        .session = BYTES("s-1"),
    };
    struct error err;
    int64_t before = clock_wall_ms();
    assert_true(tx_transact(fixture.graph, &request, &arena, &result, &err));
    message = message_of(&result, &arena);
    expect_field(&message, "type", "\"tx\"", &arena);
    expect_field(&message, "t", "1", &arena);
    expect_field(&message, "tx", "536870913", &arena);
    expect_field(&message, "user", "{\"name\" \"Plato\" \"color\" \"#7c3aed\"}", &arena);
    expect_field(&message, "session", "\"s-1\"", &arena);
    expect_field(&message, "schema", "{:tag {:db/cardinality :db.cardinality/many}}", &arena);
    expect_field(&message, "datoms",
                 "[[1 :title \"A\" true] [1 :tag \"x\" true] [1 :tag \"y\" true]]", &arena);
    assert_true(value_get(&message, "instant")->number >= before);
    assert_int_equal(result.t, 1);
    assert_int_equal(result.tx, TX_ENTITY_BASE + 1);
    tx_expect(&fixture,
              "#{[1 :title \"A\"] [1 :tag \"x\"] [1 :tag \"y\"] [:tx :tx/note \"first\"]}", &arena);

    /* Retractions first; what comes to nothing is left out; no schema when it stayed. */
    result = tx_must(&fixture,
                     "[[:db/add 1 :title \"B\"] [:db/add 1 :tag \"z\"] [:db/retract 1 :tag \"x\"]"
                     " [:db/add 1 :tag \"q\"] [:db/retract 1 :tag \"q\"] [:db/retract 1 :tag \"y\"]"
                     " [:db/add 1 :tag \"y\"] [:db/add :tag :db/doc \"d\"] {:auto 1}]",
                     &arena);
    message = message_of(&result, &arena);
    struct value datoms = *value_get(&message, "datoms");
    assert_int_equal(datoms.count, 5);
    for (uint32_t i = 0; i < datoms.count; i++)
        assert_int_equal(datoms.items[i].items[3].boolean, i >= 2);
    assert_null(value_get(&message, "schema"));
    assert_null(value_get(&message, "user"));

    /* No effect still takes a t. */
    result = tx_must(&fixture, "[[:db/add 1 :title \"B\"]]", &arena);
    message = message_of(&result, &arena);
    expect_field(&message, "datoms", "[]", &arena);
    assert_int_equal(result.t, 3);
    tx_verify(&fixture);
    tx_fixture_close(&fixture);
    arena_release(&arena);
}

/* The t of [1 :tag v]. */
static uint32_t t_of(struct tx_fixture *fixture, const char *v)
{
    struct db db = graph_writer_db(fixture->graph);
    const struct attribute *a = schema_by_ident(db.schema, BYTES("tag"));
    struct value value = value_string(bytes_of(v));
    struct error err;
    uint32_t t = 0;
    bool found;

    assert_true(index_find(&db, 1, a, &value, &found, &t, &err));
    return found ? t : 0;
}

static void test_past(void **state)
{
    struct arena arena = { 0 };
    struct tx_fixture fixture;

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    tx_must(&fixture, "[[:db/add 1 :tag \"a\"]]", &arena);
    tx_must(&fixture, "[[:db/retract 1 :tag \"a\"] [:db/add 1 :tag \"a\"]]", &arena);
    assert_int_equal(t_of(&fixture, "a"), 1);
    tx_must(&fixture, "[[:db/add 1 :tag \"b\"] [:db/add 1 :tag \"a\"]]", &arena);
    assert_int_equal(t_of(&fixture, "a"), 1);
    tx_must(&fixture, "[[:db/retract 1 :tag \"a\"]]", &arena);
    tx_must(&fixture, "[[:db/add 1 :tag \"a\"]]", &arena);
    assert_int_equal(t_of(&fixture, "a"), 5);

    struct db db = graph_writer_db(fixture.graph);
    const uint32_t present[] = { 0, 1, 1, 1, 0, 1 };
    for (uint32_t t = 1; t < ARRAY_LEN(present); t++) {
        struct datom datom;
        db.as_of = t;
        struct cursor *cursor =
            cursor_open(&db, INDEX_EAVT, &(struct components){ .count = 1, .e = 1 }, NULL, false);
        assert_int_equal(cursor_next(cursor, &datom), present[t]);
        cursor_close(cursor);
    }
    tx_verify(&fixture);
    tx_fixture_close(&fixture);
    arena_release(&arena);
}

static void test_tx_id(void **state)
{
    struct arena arena = { 0 };
    struct tx_fixture fixture;
    struct tx_result first, again;
    struct error err;

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    struct tx_request request = {
        .has_tx_id = true,
        .tx_id = uuid_random(),
        .tx_data = tx_edn("[{:db/id \"x\" :title \"A\"}]", &arena),
    };
    assert_true(tx_transact(fixture.graph, &request, &arena, &first, &err));
    tx_must(&fixture, "[{:title \"B\"}]", &arena);
    request.tx_data = tx_edn("[[:db/bad]]", &arena); /* not looked at any more */
    assert_true(tx_transact(fixture.graph, &request, &arena, &again, &err));
    assert_true(again.replayed);
    assert_false(first.replayed);
    assert_int_equal(again.t, first.t);
    assert_int_equal(again.tx, first.tx);
    assert_true(again.checksum == first.checksum);
    assert_true(bytes_equal(again.tempids, first.tempids));
    assert_int_equal(again.message.len, 0);
    assert_int_equal(graph_head(fixture.graph)->t, 2);

    /* A refused transaction's tx_id is free. */
    request.tx_id = uuid_random();
    assert_false(tx_transact(fixture.graph, &request, &arena, &again, &err));
    request.tx_data = tx_edn("[{:title \"C\"}]", &arena);
    assert_true(tx_transact(fixture.graph, &request, &arena, &again, &err));
    assert_false(again.replayed);
    tx_verify(&fixture);
    tx_fixture_close(&fixture);
    arena_release(&arena);
}

/* What was read on the way, and the record of a first result, are not left in it. */
static void test_the_arena_gets_the_result_alone(void **state)
{
    struct arena arena = { 0 }, results = { 0 };
    struct tx_fixture fixture;
    struct tx_result result;
    struct error err;
    struct buffer tx_data = { 0 };

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    buffer_append_u8(&tx_data, '[');
    for (int i = 1; i <= 1000; i++)
        buffer_printf(&tx_data, "[:db/add %d :title \"A title that is kept\"]", i);
    buffer_append_bytes(&tx_data, (struct bytes){ "]", 2 });
    struct tx_request request = { .has_tx_id = true,
                                  .tx_id = uuid_random(),
                                  .tx_data = tx_edn(tx_data.data, &arena) };
    assert_true(tx_transact(fixture.graph, &request, &arena, &result, &err));
    assert_in_range(result.message.len, 20000, 100000);

    assert_true(tx_transact(fixture.graph, &request, &results, &result, &err));
    assert_true(result.replayed);
    buffer_clear(&tx_data);
    buffer_append_u8(&tx_data, '[');
    for (int i = 1; i <= 1000; i++)
        buffer_printf(&tx_data, "[:db/retractEntity %d]", i);
    buffer_append_bytes(&tx_data, (struct bytes){ "[:db/cas 1 :title 1 2]]", 24 });
    assert_false(tx_transact_edn(&fixture, tx_data.data, &results, &result, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    assert_in_range(results.used, 0, 150000); /* the forms alone, which are its caller's */
    buffer_release(&tx_data);
    tx_fixture_close(&fixture);
    arena_release(&results);
    arena_release(&arena);
}

static void test_log(void **state)
{
    struct arena arena = { 0 };
    struct tx_fixture fixture;
    struct log_record record;
    struct error err;
    bool found;

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    tx_must(&fixture, "[{:db/id 9 :title \"A\"}]", &arena);
    struct tx_result result = tx_must(&fixture, "[{:db/id \"n\" :title \"B\"}]", &arena);
    assert_true(log_read(graph_store(fixture.graph), NULL, 2, &arena, &record, &found, &err));
    assert_true(found);
    assert_true(bytes_equal(record.message, result.message));
    assert_true(bytes_equal(record.tempids, result.tempids));
    assert_true(record.checksum == result.checksum);
    assert_int_equal(record.next_e, 11);
    assert_int_equal(record.datoms, 2);
    tx_fixture_close(&fixture);
    arena_release(&arena);
}

static void test_meta(void **state)
{
    static const struct {
        const char *meta, *says;
    } bad[] = {
        { "5", "a map of attributes" },
        { "{:db/id 1 :note \"x\"}", "no :db/id" },
        { "{:db/txInstant #inst \"2021\"}", "by the server alone" },
        { "{:tx/user \"Aristotle\"}", "by the server alone" },
        { "{:note nil}", "meta: nil is no value" },
        { "{5 1}", "meta: 5 cannot be an attribute" },
    };
    struct arena arena = { 0 };
    struct tx_fixture fixture;
    struct tx_result result;
    struct error err;

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct tx_request request = { .tx_data = tx_edn("[{:a 1}]", &arena),
                                      .meta = tx_edn(bad[i].meta, &arena) };
        assert_false(tx_transact(fixture.graph, &request, &arena, &result, &err));
        assert_int_equal(err.kind, ERROR_INCORRECT);
        if (!strstr(err.message, bad[i].says))
            fail_msg("%s: %s", bad[i].meta, err.message);
    }
    tx_expect(&fixture, "#{}", &arena);
    assert_int_equal(graph_head(fixture.graph)->t, 0);
    tx_fixture_close(&fixture);
    arena_release(&arena);
}

static void expect_over_limit(struct tx_fixture *fixture, const struct buffer *tx_data,
                              const char *says, struct arena *arena)
{
    struct tx_request request = { .tx_data = value_string(buffer_bytes(tx_data)) };
    struct tx_result result;
    struct error err;

    assert_false(tx_transact(fixture->graph, &request, arena, &result, &err));
    assert_int_equal(err.kind, ERROR_INCORRECT);
    if (!strstr(err.message, says))
        fail_msg("%s is not in: %s", says, err.message);
    assert_int_equal(graph_head(fixture->graph)->t, 0);
    arena_reset(arena);
}

static void test_limits(void **state)
{
    struct arena arena = { 0 };
    struct buffer tx = { 0 };
    struct tx_fixture fixture;

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    buffer_printf(&tx, "[");
    for (int i = 0; i <= LIMIT_TX_OPS; i++)
        buffer_printf(&tx, "[:db/add 1 :a %d]", i);
    buffer_printf(&tx, "]");
    expect_over_limit(&fixture, &tx, "10001 forms, at most 10000", &arena);

    buffer_clear(&tx);
    buffer_printf(&tx, "[{:db/ident :x :db/cardinality :db.cardinality/many} {:x [");
    for (int i = 0; i <= LIMIT_TX_DATOMS; i++)
        buffer_printf(&tx, "%d ", i);
    buffer_printf(&tx, "]}]");
    expect_over_limit(&fixture, &tx, "more than 100000 datoms", &arena);

    buffer_clear(&tx);
    buffer_printf(&tx, "[{:s \"");
    memset(buffer_reserve(&tx, LIMIT_VALUE_BYTES + 1), 'x', LIMIT_VALUE_BYTES + 1);
    tx.len += LIMIT_VALUE_BYTES + 1;
    buffer_printf(&tx, "\"}]");
    expect_over_limit(&fixture, &tx, "4194304", &arena);

    buffer_clear(&tx);
    buffer_printf(&tx, "[");
    for (int i = 0; i < 5; i++) {
        buffer_printf(&tx, "{:s \"");
        memset(buffer_reserve(&tx, LIMIT_VALUE_BYTES - 1), 'x', LIMIT_VALUE_BYTES - 1);
        tx.len += LIMIT_VALUE_BYTES - 1;
        buffer_printf(&tx, "\"}");
    }
    buffer_printf(&tx, "]");
    expect_over_limit(&fixture, &tx, "bytes, at most 16777216", &arena);

    buffer_clear(&tx);
    buffer_printf(&tx, "[{");
    for (int i = 0; i <= LIMIT_TX_ATTRIBUTES; i++)
        buffer_printf(&tx, ":a%d 1 ", i);
    buffer_printf(&tx, "}]");
    expect_over_limit(&fixture, &tx, "declares attributes more than 32768 times", &arena);

    /* one long value in many tuples, of the transaction itself: none of it is in the message */
    buffer_clear(&tx);
    buffer_printf(&tx, "[{:db/ident :a :db/cardinality :db.cardinality/one}");
    for (int i = 0; i < 40; i++)
        buffer_printf(&tx, "{:db/ident :t%d :db/tupleAttrs [:a :b]}", i);
    buffer_printf(&tx, "{:db/id \"datomic.tx\" :a \"");
    memset(buffer_reserve(&tx, LIMIT_VALUE_BYTES / 2), 'x', LIMIT_VALUE_BYTES / 2);
    tx.len += LIMIT_VALUE_BYTES / 2;
    buffer_printf(&tx, "\"}]");
    expect_over_limit(&fixture, &tx, "bytes, at most 134217728", &arena);

    tx_must(&fixture, "[{:a 1}]", &arena);
    tx_verify(&fixture);
    tx_fixture_close(&fixture);
    buffer_release(&tx);
    arena_release(&arena);
}

/* Each attribute costs the same, however many there are, and all at once as one by one. */
static void test_many_attributes(void **state)
{
    enum { MANY = 20000, NODES_MEAN_MAX = 12 };
    struct arena arena = { 0 };
    struct buffer tx = { 0 };
    struct tx_fixture fixture;

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    uint64_t made = trie_nodes_made();
    buffer_printf(&tx, "[{");
    for (int i = 0; i < MANY; i++)
        buffer_printf(&tx, ":a%d %d ", i, i);
    buffer_printf(&tx, "}]");
    buffer_append_u8(&tx, 0);
    tx_must(&fixture, tx.data, &arena);
    assert_true(trie_nodes_made() - made <= (uint64_t)MANY * NODES_MEAN_MAX);
    assert_non_null(schema_by_ident(graph_head(fixture.graph)->schema, BYTES("a19999")));
    tx_fixture_close(&fixture);
    buffer_release(&tx);
    arena_release(&arena);
}

/* No id is left: an error that changes nothing. */
static void test_ids_run_out(void **state)
{
    static const struct {
        uint32_t next_e, next_a, t;
        const char *fits, *over, *says;
    } cases[] = {
        { 1, 65535, 0, "[[:db/add 1 :a 1]]", "[[:db/add 1 :b 1]]", "no attribute id is left" },
        { USER_ENTITY_MAX, 64, 0, "[{:a 1}]", "[{:a 1}]", "no entity id is left" },
        { 1, 64, T_MAX - 1, "[[:db/add 1 :a 1]]", "[[:db/add 1 :a 2]]", "the graph is full" },
    };
    struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tx_fixture fixture;
        struct tx_result result;
        struct error err;
        tx_fixture_open(&fixture, FLEXIBILITY_READ);
        struct head *head = graph_head(fixture.graph);
        head->next_e = cases[i].next_e;
        head->next_a = cases[i].next_a;
        head->t = cases[i].t;
        tx_must(&fixture, cases[i].fits, &arena);
        struct head before = *head;
        assert_false(tx_transact_edn(&fixture, cases[i].over, &arena, &result, &err));
        assert_int_equal(err.kind, ERROR_INCORRECT);
        assert_non_null(strstr(err.message, cases[i].says));
        assert_memory_equal(head, &before, sizeof(before));
        tx_fixture_close(&fixture);
        arena_reset(&arena);
    }
    arena_release(&arena);
}

/* A write that the disk refuses stops the graph; opened again it has all that was there before. */
static void test_failed_write(void **state)
{
    struct arena arena = { 0 };
    struct tx_fixture fixture;
    struct tx_result result;
    struct rlimit limit;
    struct error err, again;

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    tx_must(&fixture, "[{:a 1}]", &arena);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit none = { 1, limit.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
    bool ok = tx_transact_edn(&fixture, "[{:a 2}]", &arena, &result, &err);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_false(ok);
    assert_int_equal(err.kind, ERROR_FAULT);
    assert_int_equal(graph_head(fixture.graph)->t, 1);

    assert_false(tx_transact_edn(&fixture, "[{:a 3}]", &arena, &result, &again));
    assert_string_equal(again.message, err.message);
    assert_false(graph_check(fixture.graph, &again));

    tx_fixture_reopen(&fixture);
    tx_expect(&fixture, "#{[1 :a 1]}", &arena);
    assert_int_equal(tx_must(&fixture, "[{:a 4}]", &arena).t, 2);
    tx_verify(&fixture);
    tx_fixture_close(&fixture);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message),     cmocka_unit_test(test_past),
        cmocka_unit_test(test_tx_id),       cmocka_unit_test(test_the_arena_gets_the_result_alone),
        cmocka_unit_test(test_log),         cmocka_unit_test(test_meta),
        cmocka_unit_test(test_limits),      cmocka_unit_test(test_many_attributes),
        cmocka_unit_test(test_ids_run_out), cmocka_unit_test(test_failed_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
