/* Upserts by one or several identities, and tempids that turn out to be what is there. */
#include "tests/unit/tx_case.h"

static const char schema[] =
    "[{:db/ident :name :db/unique :db.unique/identity}"
    " {:db/ident :email :db/unique :db.unique/identity}"
    " {:db/ident :code :db/unique :db.unique/value}"
    " {:db/ident :slugs :db/unique :db.unique/identity :db/cardinality :db.cardinality/many}"
    " {:db/ident :ref :db/valueType :db.type/ref :db/unique :db.unique/identity}"
    " {:db/ident :friend :db/valueType :db.type/ref}]";

#define PEOPLE                                                                                     \
    "[[{:db/id 1 :name \"A\" :email \"a@\"} {:db/id 2 :name \"B\" :email \"b@\"} {:db/id 3 :ref "  \
    "2}]]"
#define STILL  "[1 :name \"A\"] [1 :email \"a@\"] [2 :email \"b@\"] [3 :ref 2] "
#define STILL2 STILL "[2 :name \"B\"] "

static const struct tx_case cases[] = {
    { PEOPLE, "[{:name \"A\" :age 5}]", "#{" STILL2 "[1 :age 5]}", "{}", NULL, NULL },
    { PEOPLE, "[{:db/id -1 :name \"A\" :email \"a@\" :age 5}]", "#{" STILL2 "[1 :age 5]}", "{-1 1}",
      NULL, NULL },
    { PEOPLE, "[[:db/add -1 :name \"A\"] [:db/add -1 :age 5]]", "#{" STILL2 "[1 :age 5]}", "{-1 1}",
      NULL, NULL },
    { PEOPLE, "[{:name \"A\" :email \"new@\"}]",
      "#{[1 :name \"A\"] [1 :email \"new@\"] [2 :name \"B\"] [2 :email \"b@\"] [3 :ref 2]}", "{}",
      NULL, NULL },
    { PEOPLE, "[{:db/id [:name \"A\"] :name \"A\" :age 5}]", "#{" STILL2 "[1 :age 5]}", "{}", NULL,
      NULL },

    /* a tempid used before the form that upserts it; no gap is left in the ids */
    { PEOPLE, "[[:db/add -5 :age 5] [:db/add -5 :name \"A\"] [:db/add -6 :age 6]]",
      "#{" STILL2 "[1 :age 5] [4 :age 6]}", "{-5 1 -6 4}", NULL, NULL },
    { PEOPLE,
      "[[:db/add -5 :age 5] [:db/add -6 :age 6] [:db/add -5 :name \"A\"] [:db/add -6 :name "
      "\"B\"] [:db/add -7 :age 7]]",
      "#{" STILL2 "[1 :age 5] [2 :age 6] [4 :age 7]}", "{-5 1 -6 2 -7 4}", NULL, NULL },
    { PEOPLE, "[{:db/id -1 :age 1} {:db/id -1 :name \"A\" :age 2}]", "#{" STILL2 "[1 :age 2]}",
      "{-1 1}", NULL, NULL },
    { PEOPLE, "[{:friend \"x\"} {:db/id \"x\" :name \"A\"}]", "#{" STILL2 "[4 :friend 1]}",
      "{\"x\" 1}", NULL, NULL },
    { PEOPLE, "[[:db/add -1 :name \"new\"] [:db/add -1 :email \"b@\"]]",
      "#{" STILL "[2 :name \"new\"]}", "{-1 2}", NULL, NULL },

    /* two tempids with one new identity become one entity */
    { NULL,
      "[[:db/add -1 :age 4] [:db/add -2 :likes \"p\"] [:db/add -2 :name \"Z\"] [:db/add -1 "
      ":name \"Z\"]]",
      "#{[1 :age 4] [1 :likes \"p\"] [1 :name \"Z\"]}", "{-1 1 -2 1}", NULL, NULL },
    { NULL, "[{:db/id -1 :name \"Z\"} {:db/id -2 :name \"Z\" :age 1} {:name \"Z\" :likes \"p\"}]",
      "#{[1 :age 1] [1 :likes \"p\"] [1 :name \"Z\"]}", "{-1 1 -2 1}", NULL, NULL },
    { NULL, "[[:db/add -1 :age 4] {:name \"Z\"} [:db/add -1 :name \"Z\"] {:age 9}]",
      "#{[1 :age 4] [1 :name \"Z\"] [2 :age 9]}", "{-1 1}", NULL, NULL },

    /* ... also when one is of a map nested in the other's */
    { NULL, "[{:db/id \"x\" :friend {:db/id -2 :age 4 :name \"Z\"} :name \"Z\"}]",
      "#{[1 :age 4] [1 :friend 1] [1 :name \"Z\"]}", "{\"x\" 1 -2 1}", NULL, NULL },

    /* identities that hold several values, or refs */
    { "[[{:db/id 1 :slugs [\"x\" \"y\"]}]]", "[{:slugs [\"y\" \"z\"] :age 1}]",
      "#{[1 :slugs \"x\"] [1 :slugs \"y\"] [1 :slugs \"z\"] [1 :age 1]}", NULL, NULL, NULL },
    { PEOPLE, "[{:ref 2 :age 3}]", "#{" STILL2 "[3 :age 3]}", NULL, NULL, NULL },
    { PEOPLE, "[{:ref [:name \"B\"] :age 3}]", "#{" STILL2 "[3 :age 3]}", NULL, NULL, NULL },
    { PEOPLE, "[{:db/id -1 :name \"C\"} {:ref -1 :age 3}]",
      "#{" STILL2 "[4 :name \"C\"] [5 :ref 4] [5 :age 3]}", "{-1 4}", NULL, NULL },

    /* ... by a ref to a tempid that an identity has led to, or leads to later */
    { PEOPLE, "[[:db/add -1 :name \"B\"] [:db/add -2 :ref -1] [:db/add -2 :age 3]]",
      "#{" STILL2 "[3 :age 3]}", "{-1 2 -2 3}", NULL, NULL },
    { PEOPLE, "[[:db/add -2 :ref -1] [:db/add -2 :age 3] [:db/add -1 :name \"B\"]]",
      "#{" STILL2 "[3 :age 3]}", "{-1 2 -2 3}", NULL, NULL },
    { PEOPLE, "[{:ref -1 :age 3} {:db/id -1 :name \"B\"}]", "#{" STILL2 "[3 :age 3]}", "{-1 2}",
      NULL, NULL },

    /* sees the forms before it */
    { PEOPLE, "[[:db/retract 1 :name \"A\"] {:name \"A\"}]",
      "#{[1 :email \"a@\"] [2 :name \"B\"] [2 :email \"b@\"] [3 :ref 2] [4 :name \"A\"]}", NULL,
      NULL, NULL },
    { PEOPLE, "[[:db/add 1 :name \"C\"] {:name \"C\" :age 1}]",
      "#{[1 :name \"C\"] [1 :email \"a@\"] [1 :age 1] [2 :name \"B\"] [2 :email \"b@\"] [3 :ref "
      "2]}",
      NULL, NULL, NULL },

    { PEOPLE, "[{:name \"A\" :email \"b@\"}]", NULL, NULL, "conflict",
      ":name \"A\" is entity 1, and :email \"b@\" is entity 2" },
    { PEOPLE, "[{:db/id 7 :name \"A\" :email \"b@\"}]", NULL, NULL, "conflict", "is entity 2" },
    { PEOPLE, "[{:db/id 7 :name \"A\"}]", NULL, NULL, "conflict", "is entity 1, not entity 7" },
    { PEOPLE, "[{:db/id :db/current-tx :name \"A\"}]", NULL, NULL, "conflict", "is entity 1" },
    { PEOPLE, "[[:db/add 3 :name \"A\"]]", NULL, NULL, "conflict",
      "cannot add :name \"A\" to entity 3: entity 1 already has it (:db.unique/identity)" },
    { PEOPLE, "[[:db/add -1 :name \"A\"] [:db/add -1 :email \"b@\"]]", NULL, NULL, "conflict",
      "tempid -1 is both entity 1 and entity 2" },
    { PEOPLE, "[[:db/add -1 :age 1] [:db/add -1 :name \"A\"] [:db/add -1 :email \"b@\"]]", NULL,
      NULL, "conflict", "tempid -1 is both" },
    { "[[{:db/id 1 :slugs \"x\"} {:db/id 2 :slugs \"y\"}]]", "[{:slugs [\"x\" \"y\"]}]", NULL, NULL,
      "conflict", "conflicting upsert" },
    { "[[{:db/id 1 :code 1}]]", "[{:code 1}]", NULL, NULL, "conflict", "(:db.unique/value)" },
    { NULL, "[[:db/add 1 :code 1] [:db/add 2 :code 1]]", NULL, NULL, "conflict",
      "cannot add :code 1 to entity 2: entity 1 already has it" },
    { "[[{:db/id 1 :code 1}]]", "[[:db/add 2 :code 1] [:db/retract 1 :code 1]]", NULL, NULL,
      "conflict", "entity 1 already has it" },
};

static void test_upsert(void **state)
{
    (void)state;
    tx_cases_run(cases, ARRAY_LEN(cases), schema, FLEXIBILITY_READ);
}

/* Many tempids that each turn out to be there must not cost a run of the forms each. */
static void test_many_findings(void **state)
{
    struct arena arena = { 0 };
    struct buffer before = { 0 }, tx = { 0 };
    struct tx_fixture fixture;

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    tx_must(&fixture, schema, &arena);
    buffer_printf(&before, "[");
    buffer_printf(&tx, "[");
    for (int i = 1; i <= 3000; i++) {
        buffer_printf(&before, "{:name \"n%d\"}", i);
        buffer_printf(&tx, "[:db/add -%d :age %d] [:db/add -%d :name \"n%d\"]", i, i, i, i);
    }
    buffer_append(&before, "]", 2);
    buffer_append(&tx, "]", 2);
    tx_must(&fixture, before.data, &arena);
    tx_must(&fixture, tx.data, &arena);
    assert_int_equal(graph_head(fixture.graph)->next_e, 3001);
    assert_int_equal(graph_head(fixture.graph)->datoms, 6000);
    tx_verify(&fixture);
    tx_fixture_close(&fixture);
    buffer_release(&before);
    buffer_release(&tx);
    arena_release(&arena);
}

/* Tempids that only one run each could settle: few forms may be run often, many only a few times.
 */
static void test_runs_are_bounded(void **state)
{
    static const struct {
        int others, entangled; /* forms; tempids */
        const char *says;      /* NULL: it is settled */
    } rows[] = {
        { 0, 20, NULL },
        { 0, 100, "which 64 runs" },
        { 9000, 2, NULL },
        { 9000, 20, "which 15 runs" },
    };
    struct arena arena = { 0 };
    struct buffer tx = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tx_fixture fixture;
        struct tx_result result;
        struct error err;
        tx_fixture_open(&fixture, FLEXIBILITY_READ);
        tx_must(&fixture, "[{:db/ident :name :db/unique :db.unique/identity}]", &arena);
        buffer_clear(&tx);
        buffer_printf(&tx, "[");
        for (int k = 0; k < rows[i].entangled; k++)
            buffer_printf(&tx, "{:name \"a%d\"} ", k);
        buffer_printf(&tx, "]");
        buffer_append_u8(&tx, 0);
        tx_must(&fixture, tx.data, &arena);
        buffer_clear(&tx);
        buffer_printf(&tx, "[");
        for (int k = 0; k < rows[i].others; k++)
            buffer_printf(&tx, "[:db/add 1 :age %d] ", k);
        for (int k = 0; k < rows[i].entangled; k++) /* what is found out undoes why */
            buffer_printf(&tx, "[:db/add -%d :name \"b%d\"] [:db/add -%d :name \"a%d\"] ", k + 1, k,
                          k + 1, k);
        buffer_printf(&tx, "]");
        buffer_append_u8(&tx, 0);
        bool ok = tx_transact_edn(&fixture, tx.data, &arena, &result, &err);
        if (ok != !rows[i].says || (!ok && !strstr(err.message, rows[i].says)))
            fail_msg("case %zu: %s", i, ok ? "it was settled" : err.message);
        tx_verify(&fixture);
        tx_fixture_close(&fixture);
        arena_reset(&arena);
    }
    buffer_release(&tx);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upsert),
        cmocka_unit_test(test_many_findings),
        cmocka_unit_test(test_runs_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
