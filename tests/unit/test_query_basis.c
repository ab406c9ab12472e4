/* as_of, since and history, and the limits of a query. */
#include "common/clock.h"
#include "tests/unit/db_test.h"
#include "tests/unit/query_case.h"

/* t 1 schema, then four transactions. */
static const char changes[] = "[[{:db/ident :aka :db/cardinality :db.cardinality/many}"
                              "  {:db/ident :name :db/unique :db.unique/identity}]"
                              " [{:db/id 1 :name \"Ivan\" :age 15 :aka \"I\"}]"
                              " [[:db/add 1 :age 16] [:db/add 2 :name \"Petr\"]]"
                              " [[:db/retract 1 :aka \"I\"] [:db/add 1 :name \"Vanya\"]]"
                              " [[:db/add 1 :aka \"I\"] [:db/add 1 :age 17]]]";

static const struct basis_case {
    const char *query;
    struct query_basis basis;
    const char *expected; /* NULL: an error */
    const char *says;
} rows[] = {
    { "[:find ?a . :where [1 :age ?a]]", { 0 }, "17", NULL },
    { "[:find ?a . :where [1 :age ?a]]", { .has_as_of = true, .as_of = 1 }, "nil", NULL },
    { "[:find ?a . :where [1 :age ?a]]", { .has_as_of = true, .as_of = 2 }, "15", NULL },
    { "[:find ?a . :where [1 :age ?a]]", { .has_as_of = true, .as_of = 4 }, "16", NULL },
    { "[:find ?a . :where [1 :age ?a]]", { .has_as_of = true, .as_of = 5 }, "17", NULL },
    { "[:find ?e . :where [?e :name \"Ivan\"]]", { .has_as_of = true, .as_of = 3 }, "1", NULL },
    { "[:find ?a . :where [[:name \"Ivan\"] :age ?a]]",
      { .has_as_of = true, .as_of = 3 },
      "16",
      NULL },
    { "[:find ?a . :where [[:name \"Ivan\"] :age ?a]]", { 0 }, NULL, "Ivan" },
    { "[:find (pull ?e [*]) . :where [?e :name]]",
      { .has_as_of = true, .as_of = 2 },
      "{:db/id 1 :name \"Ivan\" :age 15 :aka [\"I\"]}",
      NULL },
    { "[:find ?e ?a ?v :where [?e ?a ?v]]",
      { .has_since = true, .since = 3 },
      "[[1 :name \"Vanya\"] [1 :aka \"I\"] [1 :age 17]]",
      NULL },
    { "[:find ?e ?a ?v :where [?e ?a ?v]]",
      { .has_since = true, .since = 2, .has_as_of = true, .as_of = 3 },
      "[[1 :age 16] [2 :name \"Petr\"]]",
      NULL },
    { "[:find ?v ?t ?added :where [1 :age ?v ?t ?added]]",
      { .history = true },
      "[[15 536870914 true] [15 536870915 false] [16 536870915 true] [16 536870917 false]"
      " [17 536870917 true]]",
      NULL },
    { "[:find ?v ?added :where [1 :aka ?v _ ?added]]",
      { .history = true, .has_as_of = true, .as_of = 4 },
      "[[\"I\" true] [\"I\" false]]",
      NULL },
    { "[:find ?v :where [1 :age ?v _ false]]", { .history = true }, "[[15] [16]]", NULL },
    { "[:find ?v :where [1 :age ?v 536870915]]", { .history = true }, "[[15] [16]]", NULL },
    { "[:find ?e :where [?e :name]]",
      { .has_as_of = true, .as_of = 6 },
      NULL,
      "as_of 6 is beyond the graph's t 5" },
    { "[:find ?e :where [?e :name]]", { .has_since = true, .since = 9 }, NULL, "since 9" },
    { "[:find ?e :where [?e :name]]",
      { .has_as_of = true, .as_of = INT64_MAX },
      NULL,
      "as_of 9223372036854775807 is beyond the graph's t 5" },
};

static void test_basis(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    query_fixture_open(&fixture, changes);
    struct snapshot *snapshot = graph_snapshot(fixture.graph);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++, arena_reset(&arena)) {
        struct query_limits limits = query_limits_wide();
        struct query_request request = { .query = value_string(bytes_of(rows[i].query)),
                                         .basis = rows[i].basis };
        struct value actual;
        struct error err;
        if (!rows[i].expected) {
            assert_fails(query_run(snapshot, &request, &limits, &arena, &actual, &err),
                         ERROR_NOT_FOUND, rows[i].says);
            continue;
        }
        assert_ok(query_run(snapshot, &request, &limits, &arena, &actual, &err));
        query_expect(rows[i].query, &actual, rows[i].expected, &arena);
    }
    snapshot_release(snapshot);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

/* --- limits --- */

/* Queries that would go on for very long. */
static const char *const endless[] = {
    "[:find (count ?a) . :with ?b ?c :where [(range 5000) [?a ...]] [(range 5000) [?b ...]]"
    " [(range 5000) [?c ...]]]",
    "[:find ?a :where [(range 5000) [?a ...]] [(range 5000) [?b ...]] [(range 5000) [?c ...]]"
    " [(= -1 ?a ?b ?c)]]",
    "[:find ?n :in $ % :where (up 0 ?n)]",
};

static void run_endless(const struct query_limits *limits, const char *says)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    query_fixture_open(&fixture, changes);
    struct snapshot *snapshot = graph_snapshot(fixture.graph);
    for (size_t i = 0; i < ARRAY_LEN(endless); i++, arena_reset(&arena)) {
        struct query_limits now = *limits;
        struct query_request request = { .query = value_string(bytes_of(endless[i])) };
        struct value actual;
        struct error err;
        int64_t begin = clock_monotonic_us();
        now.deadline_us += begin;
        if (strstr(endless[i], "%"))
            request.args = tx_edn("[[[(up ?a ?b) [(inc ?a) ?b]] [(up ?a ?b) [(inc ?a) ?x] (up ?x "
                                  "?b)]]]",
                                  &arena);
        assert_fails(query_run(snapshot, &request, &now, &arena, &actual, &err), ERROR_INTERRUPTED,
                     says);
        assert_true(clock_monotonic_us() - begin < 20000000);
    }
    snapshot_release(snapshot);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

static void test_limits(void **state)
{
    atomic_bool cancel = true;
    struct query_limits wide = { .deadline_us = 60000000,
                                 .memory_bytes_max = (size_t)1 << 30,
                                 .rows_max = 100000000 };
    struct query_limits time = wide, memory = wide, few = wide, cancelled = wide;

    (void)state;
    time.deadline_us = 50000;
    run_endless(&time, "time limit");
    memory.memory_bytes_max = (size_t)64 << 20;
    few.rows_max = 100000;
    run_endless(&memory, "limit");
    run_endless(&few, "rows");
    cancelled.cancel = &cancel;
    run_endless(&cancelled, "cancelled");
}

/* Work inside one function, sort or fold, which must look at the limits by itself. */
static const struct heavy {
    const char *query;
    int64_t time_us;
    size_t memory_bytes;
    const char *says;
} heavies[] = {
    { "[:find ?a ?b :order-by [?b :desc] :where [(range 2000) [?a ...]] [(range 500) [?b ...]]]",
      30000, (size_t)1 << 30, "time limit" },
    { "[:find (median ?a) . :with ?b :where [(range 2000) [?a ...]] [(range 500) [?b ...]]]", 30000,
      (size_t)1 << 30, "time limit" },
    { "[:find (max 3 ?a) . :with ?b :where [(range 2000) [?a ...]] [(range 500) [?b ...]]]", 30000,
      (size_t)1 << 30, "time limit" },
    { "[:find ?z :where [(range 1000000) ?r] [(str ?r ?r ?r ?r ?r ?r ?r ?r ?r) ?s]"
      " [(count ?s) ?z]]",
      60000000, (size_t)64 << 20, "memory limit" },
    { "[:find ?z :where [(range 100000) ?r] [(str ?r) ?s] [(replace ?s \" \" ?s) ?z]]", 60000000,
      (size_t)64 << 20, "memory limit" },
    { "[:find ?z :where [(range 100000) ?r] [(str ?r) ?s] [(join ?s ?r) ?z]]", 60000000,
      (size_t)64 << 20, "memory limit" },
    { "[:find ?z :where [(range 1000000) ?r] [(set ?r) ?z]]", 20000, (size_t)1 << 30,
      "time limit" },
    { "[:find ?z :where [(range 1000000) ?r] [(str ?r) ?s] [(re-seq \"\" ?s) ?z]]", 500000,
      (size_t)1 << 30, "limit" },
    { "[:find ?z :where [(range 30) ?r] [(vector ?r ?r ?r ?r ?r ?r ?r ?r []) "
      "[[_ ...] [_ ...] [_ ...] [_ ...] [_ ...] [_ ...] [_ ...] [_ ...] [?z ...]]]]",
      30000, (size_t)1 << 30, "time limit" },
};

static void test_heavy(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    query_fixture_open(&fixture, changes);
    struct snapshot *snapshot = graph_snapshot(fixture.graph);
    for (size_t i = 0; i < ARRAY_LEN(heavies); i++, arena_release(&arena)) {
        const struct heavy *row = &heavies[i];
        struct query_limits limits = query_limits_wide();
        struct query_request request = { .query = value_string(bytes_of(row->query)) };
        struct value actual;
        struct error err;
        int64_t begin_us = clock_monotonic_us();
        limits.deadline_us = begin_us + row->time_us;
        limits.memory_bytes_max = row->memory_bytes;
        if (query_run(snapshot, &request, &limits, &arena, &actual, &err))
            fail_msg("%s: expected to pass its limit", row->query);
        if (err.kind != ERROR_INTERRUPTED || !strstr(err.message, row->says))
            fail_msg("%s: %s", row->query, err.message);
        assert_true(clock_monotonic_us() - begin_us < row->time_us + 10000000);
    }
    snapshot_release(snapshot);
    tx_fixture_close(&fixture);
}

/* A rule that calls itself with its arguments turned and with one of them left out: there are two
 * to the power of their number ways in which they are bound. */
static void test_many_ways_to_call_a_rule(void **state)
{
    static const char rest[] = "?b ?c ?d ?e ?f ?g ?h ?i ?j ?k ?l ?m ?n";
    struct tx_fixture fixture;
    struct arena arena = { 0 };
    struct value actual;
    struct error err;

    (void)state;
    query_fixture_open(&fixture, changes);
    struct snapshot *snapshot = graph_snapshot(fixture.graph);
    struct bytes args = arena_printf(
        &arena, "[[[(r ?a %s) [?a :name]] [(r ?a %s) (r %s ?a)] [(r ?a %s) (r _ %s)]]]%c", rest,
        rest, rest, rest, rest, 0);
    struct query_limits limits = query_limits_wide();
    struct query_request request = {
        .query = value_string(BYTES("[:find ?a . :in $ % :where [?a :name]"
                                    " (r ?a ?a ?a ?a ?a ?a ?a ?a ?a ?a ?a ?a ?a ?a)]")),
        .args = tx_edn(args.data, &arena),
    };
    int64_t begin_us = clock_monotonic_us();
    limits.deadline_us = begin_us + 100000;
    assert_fails(query_run(snapshot, &request, &limits, &arena, &actual, &err), ERROR_INTERRUPTED,
                 "time limit");
    assert_true(clock_monotonic_us() - begin_us < 2000000);
    snapshot_release(snapshot);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

static void repeat(struct buffer *out, const char *text, int times)
{
    for (int i = 0; i < times; i++)
        buffer_append_bytes(out, bytes_of(text));
}

/* Each rule calls the next one from as deep as a form can be. */
static void test_deep_rules(void **state)
{
    enum { RULES = 250, NOTS = 110 };
    struct tx_fixture fixture;
    struct arena arena = { 0 };
    struct buffer args = { 0 };
    struct value actual;
    struct error err;

    (void)state;
    query_fixture_open(&fixture, changes);
    struct snapshot *snapshot = graph_snapshot(fixture.graph);
    buffer_append_bytes(&args, BYTES("[["));
    for (int i = 0; i < RULES; i++) {
        buffer_printf(&args, "[(r%d ?e) [?e :name] ", i);
        repeat(&args, "(not [?e :name] ", NOTS);
        buffer_printf(&args, "(r%d ?e)", i + 1);
        repeat(&args, ")", NOTS);
        buffer_append_u8(&args, ']');
    }
    buffer_printf(&args, "[(r%d ?e) [?e :name]]]]%c", RULES, 0);
    struct query_limits limits = query_limits_wide();
    struct query_request request = {
        .query = value_string(BYTES("[:find ?e :in $ % :where (r0 ?e)]")),
        .args = tx_edn(args.data, &arena),
    };
    assert_fails(query_run(snapshot, &request, &limits, &arena, &actual, &err), ERROR_INTERRUPTED,
                 "limit of 512 clauses and rules in one another");
    buffer_release(&args);
    snapshot_release(snapshot);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

/* Databases, and whose client goes while the first is opened. */
struct opening {
    struct snapshot *snapshot;
    atomic_bool cancel;
    int opened;
};

static bool open_first(void *arg, struct bytes name, const struct value *tx_data,
                       struct arena *arena, struct snapshot **out, struct error *err)
{
    struct opening *opening = arg;

    (void)name, (void)tx_data, (void)arena, (void)err;
    opening->opened++;
    opening->cancel = true;
    *out = snapshot_retain(opening->snapshot);
    return true;
}

/* Each may have a transaction of its own, which takes time and memory. */
static void test_databases_are_within_the_limits(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };
    struct error err;
    struct value actual;

    (void)state;
    query_fixture_open(&fixture, changes);
    struct opening opening = { .snapshot = graph_snapshot(fixture.graph) };
    struct query_graphs graphs = { open_first, &opening };
    struct query_limits limits = query_limits_wide();
    limits.cancel = &opening.cancel;
    struct query_request request = {
        .query = tx_edn("[:find ?e :in $ $2 :where [?e :name] [$2 ?e :age]]", &arena),
        .args = tx_edn("[{:db {:with []}} {:db {:with []}}]", &arena),
        .graphs = &graphs,
    };
    assert_fails(query_run(opening.snapshot, &request, &limits, &arena, &actual, &err),
                 ERROR_INTERRUPTED, "cancelled");
    assert_int_equal(opening.opened, 1);
    snapshot_release(opening.snapshot);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

/* A query as large as a frame may make it is refused or answered, and soon. */
static void test_large(void **state)
{
    static const struct {
        const char *begin, *middle, *end;
        int times;
    } larges[] = {
        { "[:find ?e :where ", "[?e :name]", "]", 900 },
        { "[:find ?e :where ", "[?e :name]", "]", 100000 },
        { "[:find ?e :where [?e :name] [(+ ", "1 ", ") ?x]]", 300000 },
        { "[:find ?e :where [?e :name] ", "(not [?e :age 3])", "]", 900 },
        { "[:find ?e :in $ [", "?x ", "] :where [?e :name]]", 300000 },
        { "[:find ?e :where [?e :name]", "(or [?e :age] [?e :name])", "]", 900 },
        { "[:find ?e ", "(count ?e) ", " :where [?e :name]]", 50000 },
    };
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    query_fixture_open(&fixture, changes);
    struct snapshot *snapshot = graph_snapshot(fixture.graph);
    for (size_t i = 0; i < ARRAY_LEN(larges); i++, arena_reset(&arena)) {
        struct buffer text = { 0 };
        struct query_limits limits = query_limits_wide();
        struct query_request request = { 0 };
        struct value actual;
        struct error err;
        int64_t begin = clock_monotonic_us();
        buffer_printf(&text, "%s", larges[i].begin);
        for (int j = 0; j < larges[i].times; j++)
            buffer_printf(&text, "%s", larges[i].middle);
        buffer_printf(&text, "%s", larges[i].end);
        request.query = value_string(buffer_bytes(&text));
        if (!query_run(snapshot, &request, &limits, &arena, &actual, &err))
            assert_int_equal(err.kind, ERROR_INCORRECT);
        assert_true(clock_monotonic_us() - begin < 20000000);
        buffer_release(&text);
    }
    snapshot_release(snapshot);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basis),      cmocka_unit_test(test_limits),
        cmocka_unit_test(test_heavy),      cmocka_unit_test(test_many_ways_to_call_a_rule),
        cmocka_unit_test(test_deep_rules), cmocka_unit_test(test_databases_are_within_the_limits),
        cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
