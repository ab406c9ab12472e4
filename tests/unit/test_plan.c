/*
 * Plans: a query is run in the same steps however its clauses are written, from the store and from
 * extents; and explain says what was done.
 */
#include "tests/unit/query_case.h"

#include "proto/edn.h"
#include "tests/unit/db_test.h"
#include "tests/unit/test.h"

#define PEOPLE   300
#define SHUFFLES 12
#define WARM     40

static const char schema[] =
    "[{:db/ident :name :db/index true} {:db/ident :age :db/cardinality :db.cardinality/one}"
    " {:db/ident :sex :db/cardinality :db.cardinality/one}"
    " {:db/ident :friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]";

static void open_people(struct tx_fixture *fixture)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 };

    tx_fixture_open(fixture, FLEXIBILITY_READ);
    tx_must(fixture, schema, &arena);
    buffer_printf(&text, "[");
    for (int i = 1; i <= PEOPLE; i++)
        buffer_printf(&text, "{:db/id %d :name \"n%d\" :age %d :sex :%s :friend [%d %d]}", i, i % 8,
                      i % 50, i % 2 ? "male" : "female", i % PEOPLE + 1, i * 7 % PEOPLE + 1);
    buffer_printf(&text, "]");
    buffer_append_u8(&text, 0);
    tx_must(fixture, text.data, &arena);
    graph_publish(fixture->graph, graph_snapshot_take(fixture->graph));
    buffer_release(&text);
    arena_release(&arena);
}

/* The explanation of a query, from extents or from the store alone. */
static struct value explain(struct tx_fixture *fixture, const struct value *query, bool extents,
                            struct arena *arena)
{
    struct query_request request = { .query = *query, .explain = true };
    struct query_limits limits = query_limits_wide();
    struct snapshot *snapshot = graph_snapshot(fixture->graph);
    struct snapshot seen = query_seen(snapshot, true);
    struct value out = value_nil();
    struct error err;

    if (!extents)
        seen = query_seen(snapshot, false);
    assert_ok(query_run(&seen, &request, &limits, arena, &out, &err));
    snapshot_release(snapshot);
    return out;
}

/* What must not depend on how a query is written: of each step but its time. */
static void steps_text(const struct value *explained, struct buffer *out)
{
    static const char *const fields[] = { "clause", "method", "estimated", "rows", "depth" };
    const struct value *steps = value_get(explained, "steps");

    for (uint32_t i = 0; i < steps->count; i++) {
        for (size_t j = 0; j < ARRAY_LEN(fields); j++) {
            edn_write(out, value_get(&steps->items[i], fields[j]));
            buffer_printf(out, " ");
        }
        buffer_printf(out, "\n");
    }
}

static void shuffle_clauses(struct value *query)
{
    uint32_t first = 0;

    while (!value_is_keyword(&query->items[first++], "where"))
        ;
    for (uint32_t i = first; i < query->count; i++) {
        uint32_t j = first + random_below(i - first + 1);
        struct value swap = query->items[i];
        query->items[i] = query->items[j];
        query->items[j] = swap;
    }
}

static const char *const queries[] = {
    "[:find ?e ?a :where [?e :name \"n1\"] [?e :age ?a] [?e :sex :male]]",
    "[:find ?a ?b :where [?a :friend ?b] [?b :friend ?c] [?c :friend ?a] [?a :sex :male]]",
    "[:find ?e ?f :where [?e :age ?a] [?f :age ?a] [?f :name \"n2\"] [(> ?a 10)] [(< ?a 20)]]",
    "[:find ?e :where [?e :age ?a] (not [?e :sex :male]) (or [?e :name \"n2\"] [?e :age 4])]",
    "[:find ?e ?x :where [?e :age ?a] [(inc ?a) ?b] [?x :age ?b] [?x :name ?n] [?e :name ?n]]",
    "[:find ?a ?b :where [?a :name ?n] [?b :name ?n] [?a :age ?x] [?b :age ?x] [?a :sex :male]]",
};

static void test_order_written_is_no_matter(void **state)
{
    (void)state;
    struct tx_fixture fixture;

    random_begin("plan");
    open_people(&fixture);
    for (size_t i = 0; i < 2 * ARRAY_LEN(queries); i++) {
        struct arena arena = { 0 };
        struct buffer first = { 0 }, again = { 0 };
        struct value query = tx_edn(queries[i / 2], &arena);
        for (int j = 0; j < WARM; j++) /* extents are read when they are worth it */
            explain(&fixture, &query, true, &arena);
        struct value explained = explain(&fixture, &query, i % 2, &arena);
        steps_text(&explained, &first);
        for (int j = 0; j < SHUFFLES; j++) {
            shuffle_clauses(&query);
            explained = explain(&fixture, &query, i % 2, &arena);
            buffer_clear(&again);
            steps_text(&explained, &again);
            if (!bytes_equal(buffer_bytes(&first), buffer_bytes(&again)))
                fail_msg("%s\n%.*s\nbut also\n%.*s", queries[i / 2], (int)first.len, first.data,
                         (int)again.len, again.data);
        }
        buffer_release(&first);
        buffer_release(&again);
        arena_release(&arena);
    }
    tx_fixture_close(&fixture);
}

static void expect_steps(struct tx_fixture *fixture, const char *text, bool extents,
                         const char *expected)
{
    struct arena arena = { 0 };
    struct buffer steps = { 0 };
    struct value query = tx_edn(text, &arena);
    struct value explained = explain(fixture, &query, extents, &arena);

    steps_text(&explained, &steps);
    buffer_append_u8(&steps, 0);
    assert_string_equal(steps.data, expected);
    assert_true(value_get(&explained, "us")->real > 0);
    buffer_release(&steps);
    arena_release(&arena);
}

static void test_what_explain_says(void **state)
{
    (void)state;
    static const char query[] = "[:find ?e ?a :where [?e :age ?a] [(> ?a 40)] [?e :name \"n1\"]"
                                " (not [?e :sex :female])]";
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    open_people(&fixture);
    expect_steps(&fixture, query, false,
                 "\"[?e :name \\\"n1\\\"]\" \"store, avet, by two components\" 5 38 0 \n"
                 "\"(not [?e :sex :female])\" \"anti-join\" nil 38 0 \n"
                 "\"[?e :sex :female]\" \"store, aevt, by one component\" 38 0 1 \n"
                 "\"[?e :age ?a]\" \"store, aevt, by one component\" 38 38 0 \n"
                 "\"[(> ?a 40)]\" \"filter\" nil 8 0 \n");
    struct value warm = tx_edn(query, &arena);
    for (int i = 0; i < WARM; i++)
        explain(&fixture, &warm, true, &arena);
    expect_steps(&fixture, query, true,
                 "\"[?e :name \\\"n1\\\"]\" \"column, one value\" 38 38 0 \n"
                 "\"(not [?e :sex :female])\" \"anti-join\" nil 38 0 \n"
                 "\"[?e :sex :female]\" \"column, merged by entity\" 20 0 1 \n"
                 "\"[?e :age ?a]\" \"column, merged by entity\" 38 8 0 \n"
                 "\"[(> ?a 40)]\" \"filter\" nil 8 0 \n");
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

/* Tail calls with one input: what is filtered out on the way must not be gone through. */
static void test_tail_calls(void **state)
{
    static const char graph[] =
        "[[{:db/ident :to :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]"
        " [{:db/id 1 :to [2 3]} {:db/id 2 :to 4 :ok true} {:db/id 3 :to 5} {:db/id 4 :to 1}"
        "  {:db/id 5 :to 6 :ok true} {:db/id 6 :name \"end\"}]]";
    static const struct query_case cases[] = {
        { "[:find ?y :in $ % :where (below 1 ?y)]",
          "[[[(below ?x ?y) [?x :to ?y]] [(below ?x ?y) [?x :to ?z] (below ?z ?y)]]]",
          "[[1] [2] [3] [4] [5] [6]]", NULL, NULL },
        { "[:find ?y :in $ % :where (below 1 ?y)]",
          "[[[(below ?x ?y) [?x :to ?y]] [(below ?x ?y) [?x :to ?z] [?z :ok true] (below ?z ?y)]]]",
          "[[2] [3] [4]]", NULL, NULL },
        { "[:find ?y :in $ % :where (below 6 ?y)]",
          "[[[(below ?x ?y) [?x :to ?y]] [(below ?x ?y) [?x :to ?z] (below ?z ?y)]]]", "[]", NULL,
          NULL },
        { "[:find ?x :in $ % :where [?x :name] (below 1 ?x)]",
          "[[[(below ?x ?y) [?x :to ?y]] [(below ?x ?y) [?x :to ?z] (below ?z ?y)]]]", "[[6]]",
          NULL, NULL },
    };

    (void)state;
    query_cases_run(graph, cases, ARRAY_LEN(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_written_is_no_matter),
        cmocka_unit_test(test_what_explain_says),
        cmocka_unit_test(test_tail_calls),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
