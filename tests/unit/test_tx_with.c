/*
 * A transaction that is not committed shows what committing it gives: random transactions, first
 * previewed and then made, and every index compared in both directions and at several bases.
 */
#include "common/limits.h"
#include "tests/unit/db_test.h"
#include "tests/unit/tx_case.h"

#define ROUNDS 120

static const char schema[] =
    "[{:db/ident :name :db/unique :db.unique/identity}"
    " {:db/ident :age :db/index true}"
    " {:db/ident :aka :db/cardinality :db.cardinality/many}"
    " {:db/ident :friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :note}]";

static void add_form(struct buffer *tx)
{
    unsigned e = 1 + random_below(12), v = random_below(6);

    switch (random_below(9)) {
    case 0:
        buffer_printf(tx, "[:db/retractEntity %u]", e);
        break;
    case 1:
        buffer_printf(tx, "{:db/id %u :name \"n%u\" :aka [\"a%u\" \"b\"]}", e, e, v);
        break;
    case 2:
        buffer_printf(tx, "[:db/add %u :friend %u]", e, 1 + random_below(12));
        break;
    case 3:
        buffer_printf(tx, "[:db/retract %u :aka]", e);
        break;
    case 4:
        buffer_printf(tx, "[:db/add %u :fresh%u %u]", e, random_below(40), v);
        break;
    case 5:
        buffer_printf(tx, "{:db/ident :note :db/index %s}", v % 2 ? "true" : "false");
        break;
    case 6:
        buffer_printf(tx, "{:db/id \"x\" :age %u}", v);
        break;
    case 7:
        buffer_printf(tx, "[:db/add %u :note \"%0600u\"]", e, v);
        break;
    default:
        buffer_printf(tx, "[:db/add %u :age %u]", e, v);
        break;
    }
}

static void write_datom(struct buffer *out, const struct datom *datom)
{
    buffer_printf(out, "%u %u %u %d ", datom->e, datom->a, datom->t, datom->added);
    if (datom->a != ATTR_TX_INSTANT) /* which is when it was */
        edn_write(out, &datom->v);
    buffer_append_u8(out, '\n');
}

/* All that a snapshot shows. */
static void dump(const struct snapshot *snapshot, struct buffer *out)
{
    for (unsigned i = 0; i < 4 * 2 * 3; i++) {
        enum index index = (enum index)(i % 4);
        struct db db = snapshot_db(snapshot);
        struct datom datom;
        struct error err;
        db.history = i / 8 == 1;
        if (i / 8 == 2)
            db.as_of = snapshot->t / 2;
        struct cursor *cursor = cursor_open(&db, index, NULL, NULL, i / 4 % 2);
        buffer_printf(out, "index %u\n", i);
        while (cursor_next(cursor, &datom))
            write_datom(out, &datom);
        assert_ok(cursor_check(cursor, &err));
        cursor_close(cursor);
    }
}

/* Look-ups of single datoms and of unique values, which go another way than cursors. */
static void expect_found(const struct snapshot *snapshot)
{
    struct db db = snapshot_db(snapshot);
    struct cursor *cursor = cursor_open(&db, INDEX_EAVT, NULL, NULL, false);
    struct datom datom;
    struct error err;

    while (cursor_next(cursor, &datom)) {
        const struct attribute *a = schema_by_id(db.schema, datom.a);
        bool found = false;
        uint32_t t, e;
        assert_ok(index_find(&db, datom.e, a, &datom.v, &found, &t, &err));
        assert_true(found && t == datom.t);
        if (a->unique == UNIQUE_NONE)
            continue;
        assert_ok(index_find_entity(&db, a, &datom.v, &found, &e, &err));
        assert_true(found && e == datom.e);
    }
    cursor_close(cursor);
}

static void test_preview(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    random_begin("with");
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    tx_must(&fixture, schema, &arena);
    for (int round = 0; round < ROUNDS; round++, arena_reset(&arena)) {
        struct buffer tx = { 0 }, before = { 0 }, after = { 0 }, shown = { 0 }, made = { 0 };
        struct snapshot *with = NULL;
        struct tx_result result;
        struct error err;
        graph_publish(fixture.graph, graph_snapshot_take(fixture.graph));
        struct snapshot *now = graph_snapshot(fixture.graph);
        dump(now, &before);
        buffer_append_u8(&tx, '[');
        for (unsigned i = random_below(5); i < 5; i++)
            add_form(&tx);
        buffer_append(&tx, "]", 2);
        struct value forms = tx_edn(tx.data, &arena);
        bool ok = tx_with(now, &forms, &arena, &with, &err);
        if (ok) {
            dump(with, &shown);
            expect_found(with);
        }
        dump(now, &after);
        assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
        assert_int_equal(tx_transact_edn(&fixture, tx.data, &arena, &result, &err), ok);
        if (ok) {
            graph_publish(fixture.graph, graph_snapshot_take(fixture.graph));
            struct snapshot *then = graph_snapshot(fixture.graph);
            dump(then, &made);
            if (!bytes_equal(buffer_bytes(&shown), buffer_bytes(&made)))
                fail_msg("round %d: %s", round, tx.data);
            snapshot_release(then);
        }
        snapshot_release(with);
        snapshot_release(now);
        buffer_release(&tx);
        buffer_release(&before);
        buffer_release(&after);
        buffer_release(&shown);
        buffer_release(&made);
    }
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

/* A preview of a preview, and a transaction that another one made meanwhile does not change it. */
static void test_stacked(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };
    struct snapshot *one, *two;
    struct buffer before = { 0 }, after = { 0 };
    struct error err;

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    tx_must(&fixture, schema, &arena);
    graph_publish(fixture.graph, graph_snapshot_take(fixture.graph));
    struct snapshot *now = graph_snapshot(fixture.graph);
    struct value forms = tx_edn("[{:name \"A\" :age 1}]", &arena);
    assert_ok(tx_with(now, &forms, &arena, &one, &err));
    dump(one, &before);
    tx_must(&fixture, "[{:name \"B\" :age 2} {:name \"A\" :age 3}]", &arena);
    dump(one, &after);
    assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    assert_fails(tx_with(one, &forms, &arena, &two, &err), ERROR_UNSUPPORTED, "one transaction");
    snapshot_release(one);
    snapshot_release(now);
    buffer_release(&before);
    buffer_release(&after);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

/* What a transaction reads and makes of little text is bounded. */
static void test_memory(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };
    struct snapshot *with;
    struct error err;

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    tx_must(&fixture, "[[:db/add 1 :n 1]]", &arena);
    graph_publish(fixture.graph, graph_snapshot_take(fixture.graph));
    struct snapshot *now = graph_snapshot(fixture.graph);
    struct value forms = tx_edn("[[:db/retractEntity 1]]", &arena);
    arena.used = LIMIT_TX_MEMORY_BYTES; /* as if so much had been read already */
    assert_fails(tx_with(now, &forms, &arena, &with, &err), ERROR_INCORRECT, "split it");
    snapshot_release(now);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preview),
        cmocka_unit_test(test_stacked),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
