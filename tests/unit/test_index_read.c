/* Index reads: components, walks, and pages on any basis. */
#include "proto/mp.h"
#include "tests/unit/db_test.h"
#include "tests/unit/query_case.h"

static const char people[] =
    "[[{:db/ident :age :db/index true}"
    "  {:db/ident :name :db/unique :db.unique/identity}"
    "  {:db/ident :friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    "  {:db/ident :note :db/cardinality :db.cardinality/one}]"
    " [{:db/id 1 :name \"Ivan\" :age 15 :friend [2 3]} {:db/id 2 :name \"Petr\" :age 37 :friend 3}"
    "  {:db/id 3 :name \"Oleg\" :age 20 :note \"x\"}]]";

static const struct index_case {
    const char *index;
    enum index_walk walk;
    const char *components, *end;
    const char *expected; /* [e a v]; NULL: an error */
    const char *says;
} rows[] = {
    { "eavt", INDEX_WALK_DATOMS, "[3]", NULL, "[[3 :age 20] [3 :name \"Oleg\"] [3 :note \"x\"]]",
      NULL },
    { "eavt", INDEX_WALK_DATOMS, "[[:name \"Ivan\"] :friend]", NULL,
      "[[1 :friend 2] [1 :friend 3]]", NULL },
    { "eavt", INDEX_WALK_DATOMS, "[1 :friend [:name \"Oleg\"]]", NULL, "[[1 :friend 3]]", NULL },
    { "eavt", INDEX_WALK_DATOMS, "[1 :age 15 536870914]", NULL, "[[1 :age 15]]", NULL },
    { "eavt", INDEX_WALK_DATOMS, "[1 :age 15 536870913]", NULL, "[]", NULL },
    { "aevt", INDEX_WALK_DATOMS, "[:age]", NULL, "[[1 :age 15] [2 :age 37] [3 :age 20]]", NULL },
    { "aevt", INDEX_WALK_DATOMS, "[:age 2]", NULL, "[[2 :age 37]]", NULL },
    { "aevt", INDEX_WALK_DATOMS, "[:none]", NULL, "[]", NULL },
    { "avet", INDEX_WALK_DATOMS, "[:age]", NULL, "[[1 :age 15] [3 :age 20] [2 :age 37]]", NULL },
    { "avet", INDEX_WALK_DATOMS, "[:name \"Petr\"]", NULL, "[[2 :name \"Petr\"]]", NULL },
    { "avet", INDEX_WALK_DATOMS, "[:friend 3]", NULL, "[[1 :friend 3] [2 :friend 3]]", NULL },
    { "avet", INDEX_WALK_DATOMS, "[:friend]", NULL, "[[1 :friend 2] [1 :friend 3] [2 :friend 3]]",
      NULL },
    { "vaet", INDEX_WALK_DATOMS, "[3]", NULL, "[[1 :friend 3] [2 :friend 3]]", NULL },
    { "vaet", INDEX_WALK_DATOMS, "[3 :friend 2]", NULL, "[[2 :friend 3]]", NULL },
    { "avet", INDEX_WALK_RANGE, "[:age 15]", "20", "[[1 :age 15] [3 :age 20]]", NULL },
    { "avet", INDEX_WALK_RANGE, "[:age 16]", "nil", "[[3 :age 20] [2 :age 37]]", NULL },
    { "avet", INDEX_WALK_RANGE, "[:age nil]", "19.5", "[[1 :age 15]]", NULL },
    { "avet", INDEX_WALK_RANGE, "[:friend 3]", "[:name \"Oleg\"]", "[[1 :friend 3] [2 :friend 3]]",
      NULL },
    { "avet", INDEX_WALK_SEEK, "[:name \"Oleg\"]", NULL,
      "[[3 :name \"Oleg\"] [2 :name \"Petr\"] [1 :friend 2] [1 :friend 3] [2 :friend 3]]", NULL },
    { "avet", INDEX_WALK_REVERSE, "[:name \"N\"]", NULL,
      "[[1 :name \"Ivan\"] [2 :age 37] [3 :age 20] [1 :age 15]]", NULL },
    { "eavt", INDEX_WALK_REVERSE, "[1]", NULL,
      "[[1 :friend 3] [1 :friend 2] [1 :name \"Ivan\"] [1 :age 15]]", NULL },
    { "avet", INDEX_WALK_DATOMS, "[:note]", NULL, NULL, "attribute :note is not in avet" },
    { "avet", INDEX_WALK_RANGE, "[]", "3", NULL, "needs index avet and an attribute" },
    { "tave", INDEX_WALK_DATOMS, "[]", NULL, NULL, "there is no index tave" },
    { "eavt", INDEX_WALK_DATOMS, "[\"x\"]", NULL, NULL, "is no entity" },
    { "eavt", INDEX_WALK_DATOMS, "[1 2 3 4 5]", NULL, NULL, "at most four" },
    { "eavt", INDEX_WALK_DATOMS, "7", NULL, NULL, "at most four" },
};

/* Reads back what is put behind other bytes. */
static bool run_within(struct tx_fixture *fixture, const struct index_request *request,
                       const struct query_limits *limits, struct arena *arena, struct value *out,
                       struct bytes *next, struct error *err)
{
    struct snapshot *snapshot = graph_snapshot(fixture->graph);
    struct buffer text = { 0 };

    buffer_append_bytes(&text, BYTES("before"));
    bool ok = index_run(snapshot, request, limits, arena, &text, next, err);
    struct bytes copy = arena_copy(arena, buffer_bytes(&text));
    assert_true(bytes_starts_with(copy, BYTES("before")));
    copy = (struct bytes){ copy.data + 6, copy.len - 6 };
    assert_true(ok || copy.len == 0);
    buffer_release(&text);
    snapshot_release(snapshot);
    return ok && mp_read(copy, arena, out, err);
}

static bool run(struct tx_fixture *fixture, const struct index_request *request,
                struct arena *arena, struct value *out, struct bytes *next, struct error *err)
{
    struct query_limits limits = query_limits_wide();

    return run_within(fixture, request, &limits, arena, out, next, err);
}

/* [e a v] of the user entities. */
static struct value users(const struct value *datoms, struct arena *arena)
{
    struct value_builder kept = { 0 };

    for (uint32_t i = 0; i < datoms->count; i++)
        if (entity_is_user((uint32_t)datoms->items[i].items[0].number))
            value_builder_add(&kept, arena,
                              value_collection(VALUE_VECTOR, datoms->items[i].items, 3));
    return value_builder_end(&kept, VALUE_VECTOR);
}

static void test_rows(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    query_fixture_open(&fixture, people);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++, arena_reset(&arena)) {
        const struct index_case *row = &rows[i];
        struct index_request request = { .index = bytes_of(row->index),
                                         .walk = row->walk,
                                         .components = tx_edn(row->components, &arena),
                                         .end = tx_edn(row->end ? row->end : "nil", &arena) };
        struct value actual;
        struct bytes next;
        struct error err;
        bool ok = run(&fixture, &request, &arena, &actual, &next, &err);
        if (ok != (row->expected != NULL))
            fail_msg("%s %s: %s", row->index, row->components, ok ? "no error" : err.message);
        if (!ok) {
            assert_int_equal(err.kind, ERROR_INCORRECT);
            if (!strstr(err.message, row->says))
                fail_msg("%s %s: %s", row->index, row->components, err.message);
            continue;
        }
        struct value kept = users(&actual, &arena), expected = tx_edn(row->expected, &arena);
        if (!value_equal(&kept, &expected))
            query_expect(row->components, &kept, "[:in-order]", &arena);
        assert_int_equal(next.len, 0);
    }
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

/* --- pages --- */

/* Random datoms over a few transactions, with long texts that share their beginnings. */
static void change(struct tx_fixture *fixture, struct arena *arena)
{
    struct value_builder forms = { 0 };
    struct tx_result result;
    struct error err;

    for (uint32_t i = 0; i < 30; i++) {
        static const char *const idents[] = { "age", "text", "texts", "friend", "whole" };
        uint32_t which = random_below(ARRAY_LEN(idents));
        struct value *form = ARENA_ARRAY(arena, struct value, 4);
        form[0] = value_keyword(random_below(4) ? BYTES("db/add") : BYTES("db/retract"));
        form[1] = value_long(1 + random_below(12));
        form[2] = value_keyword(bytes_of(idents[which]));
        form[3] = value_long(1 + random_below(5));
        if (which == 1 || which == 2)
            form[3] = value_string(
                arena_printf(arena, "%0*u", random_below(2) ? 3 : 700, random_below(6)));
        else if (which == 4)
            form[3] = value_collection(VALUE_SET, &form[1], 1);
        value_builder_add(&forms, arena, value_collection(VALUE_VECTOR, form, 4));
    }
    struct tx_request request = { .tx_data = value_builder_end(&forms, VALUE_VECTOR) };
    assert_ok(tx_transact(fixture->graph, &request, arena, &result, &err));
    graph_publish(fixture->graph, graph_snapshot_take(fixture->graph));
}

static void expect_pages(struct tx_fixture *fixture, struct index_request request,
                         const struct value *whole, struct arena *arena)
{
    uint32_t at = 0, changes = 0;

    request.limit = 1 + random_below(7);
    do {
        struct value page;
        struct error err;
        assert_ok(run(fixture, &request, arena, &page, &request.after, &err));
        assert_true(page.count <= request.limit);
        for (uint32_t i = 0; i < page.count; i++, at++) {
            assert_true(at < whole->count);
            assert_true(value_equal(&page.items[i], &whole->items[at]));
        }
        if (request.after.len && changes < 2 && random_below(4) == 0 && ++changes)
            change(fixture, arena); /* the pages are of the first one's basis all the same */
    } while (request.after.len);
    assert_int_equal(at, whole->count);
}

static void test_pages(void **state)
{
    static const char *const names[] = { "eavt", "aevt", "avet", "vaet" };
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    random_begin("pages");
    query_fixture_open(&fixture,
                       "[[{:db/ident :age :db/index true}"
                       "  {:db/ident :text :db/index true}"
                       "  {:db/ident :texts :db/index true :db/cardinality :db.cardinality/many}"
                       "  {:db/ident :whole :db/cardinality :db.cardinality/one}"
                       "  {:db/ident :friend :db/valueType :db.type/ref"
                       "   :db/cardinality :db.cardinality/many}]]");
    for (int i = 0; i < 6; i++)
        change(&fixture, &arena);
    for (int i = 0; i < 40; i++, arena_reset(&arena)) {
        struct index_request request = { .index = bytes_of(names[i % 4]), .limit = UINT32_MAX };
        struct value whole;
        struct bytes next;
        struct error err;
        request.basis.history = i % 3 == 0;
        request.basis.has_as_of = i % 5 == 0;
        request.basis.as_of = 2 + random_below(5);
        request.walk = i % 7 == 0 ? INDEX_WALK_REVERSE : INDEX_WALK_DATOMS;
        assert_ok(run(&fixture, &request, &arena, &whole, &next, &err));
        expect_pages(&fixture, request, &whole, &arena);
    }
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

static void test_tokens(void **state)
{
    static const char *const tokens[] = { "x", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    query_fixture_open(&fixture, people);
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        struct index_request request = { .index = BYTES("eavt"), .after = bytes_of(tokens[i]) };
        struct value page;
        struct bytes next;
        struct error err;
        assert_false(run(&fixture, &request, &arena, &page, &next, &err));
        assert_true(err.kind == ERROR_INCORRECT || err.kind == ERROR_NOT_FOUND);
    }
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

/* --- limits --- */

#define MANY 3000

/* What is written counts as memory, and rows as rows. */
static void test_limits(void **state)
{
    static const struct {
        size_t memory_bytes_max;
        uint64_t rows_max;
        const char *says; /* NULL: it goes well */
    } cases[] = {
        { (size_t)1 << 20, MANY, NULL },
        { 40000, MANY, "memory limit of 40000 bytes" },
        { (size_t)1 << 20, 1000, "limit of 1000 rows" },
    };
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    struct buffer data = { 0 };
    buffer_printf(&data, "[[");
    for (int i = 1; i <= MANY; i++)
        buffer_printf(&data, "[:db/add %d :age %d]", i, 100000 + i);
    buffer_append(&data, "]]", sizeof("]]"));
    query_fixture_open(&fixture, data.data);
    struct value component = value_keyword(BYTES("age"));
    struct index_request request = { .index = BYTES("aevt"),
                                     .components = value_collection(VALUE_VECTOR, &component, 1),
                                     .limit = UINT32_MAX };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++, arena_reset(&arena)) {
        struct query_limits limits = query_limits_wide();
        struct value page;
        struct bytes next;
        struct error err;
        limits.memory_bytes_max = cases[i].memory_bytes_max;
        limits.rows_max = cases[i].rows_max;
        bool ok = run_within(&fixture, &request, &limits, &arena, &page, &next, &err);
        assert_int_equal(ok, !cases[i].says);
        if (ok) {
            assert_int_equal(page.count, MANY);
            continue;
        }
        assert_int_equal(err.kind, ERROR_INTERRUPTED);
        if (!strstr(err.message, cases[i].says))
            fail_msg("%s", err.message);
    }
    buffer_release(&data);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_tokens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
