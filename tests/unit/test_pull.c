/* Pull patterns. */
#include "proto/edn.h"
#include "tests/unit/db_test.h"
#include "tests/unit/query_case.h"

static const char people[] =
    "[[{:db/ident :name :db/unique :db.unique/identity}"
    "  {:db/ident :aka :db/cardinality :db.cardinality/many}"
    "  {:db/ident :friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    "  {:db/ident :enemy :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    "  {:db/ident :boss :db/valueType :db.type/ref}"
    "  {:db/ident :part/of :db/valueType :db.type/ref}"
    "  {:db/ident :part :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "   :db/isComponent true}"
    "  {:db/ident :spec :db/valueType :db.type/ref :db/isComponent true}"
    "  {:db/ident :seat :db/tupleAttrs [:seat/of :seat/row] :db/unique :db.unique/identity}"
    "  {:db/ident :seat/of :db/valueType :db.type/ref}]"
    " [{:db/id 1 :name \"A\" :aka [\"a\" \"aa\"] :friend 2 :boss 2 :age 7}"
    "  {:db/id 2 :name \"B\" :friend [3 1] :enemy 4 :part/of 1}"
    "  {:db/id 3 :name \"C\" :friend 4 :part/of 1}"
    "  {:db/id 4 :name \"D\" :enemy 1}"
    "  {:db/id 10 :name \"P\" :part [11 12]} {:db/id 11 :name \"P1\" :part 13}"
    "  {:db/id 12 :name \"P2\" :spec 14} {:db/id 13 :name \"P11\"} {:db/id 14 :name \"S\"}"
    "  {:db/id 20 :db/ident :root :age 1}"
    "  {:db/id 30 :part 30} {:db/id 31 :part 32} {:db/id 32 :part 31}"
    "  {:db/id 40 :part 42} {:db/id 41 :name \"Q\" :part 42}"
    "  {:db/id 50 :seat/of 1 :seat/row 3}]]";

static const struct pull_case {
    const char *pattern, *eid;
    const char *expected; /* NULL: an error */
    const char *says;
} rows[] = {
    { "[:name :age]", "1", "{:name \"A\" :age 7}", NULL },
    { "[:aka]", "1", "{:aka [\"a\" \"aa\"]}", NULL },
    { "[:none]", "1", "nil", NULL },
    { "[:name :none]", "99", "nil", NULL },
    { "[*]", "99", "{:db/id 99}", NULL },
    { "[:db/id]", "99", "{:db/id 99}", NULL },
    { "[*]", "1",
      "{:db/id 1 :name \"A\" :aka [\"a\" \"aa\"] :friend [{:db/id 2}] :boss {:db/id 2} :age 7}",
      NULL },
    { "[:age]", "[:name \"A\"]", "{:age 7}", NULL },
    { "[:age]", "[:name \"none\"]", "nil", NULL },
    { "[*]", ":root", "{:db/id 20 :db/ident :root :age 1}", NULL },
    { "[:db/id]", "[:seat [1 3]]", "{:db/id 50}", NULL },
    { "[:db/id]", "[:seat [[:name \"A\"] 3]]", "{:db/id 50}", NULL },
    { "[:db/id]", "[:seat [[:name \"none\"] 3]]", "nil", NULL },
    { "[\"name\" \":age\"]", "1", "{:name \"A\" :age 7}", NULL },
    /* refs */
    { "[:friend]", "2", "{:friend [{:db/id 1} {:db/id 3}]}", NULL },
    { "[{:friend [:name]}]", "2", "{:friend [{:name \"A\"} {:name \"C\"}]}", NULL },
    { "[{:boss [:name {:friend [:db/id]}]}]", "1",
      "{:boss {:name \"B\" :friend [{:db/id 1} {:db/id 3}]}}", NULL },
    { "[{:friend [:age]}]", "2", "{:friend [{:age 7}]}", NULL },
    { "[{:friend [:none]}]", "2", "nil", NULL },
    { "[:_friend]", "4", "{:_friend [{:db/id 3}]}", NULL },
    { "[{:_friend [:name]} :_boss]", "2", "{:_friend [{:name \"A\"}] :_boss [{:db/id 1}]}", NULL },
    { "[:part/_of]", "1", "{:part/_of [{:db/id 2} {:db/id 3}]}", NULL },
    /* components */
    { "[:part]", "10",
      "{:part [{:db/id 11 :name \"P1\" :part [{:db/id 13 :name \"P11\"}]}"
      " {:db/id 12 :name \"P2\" :spec {:db/id 14 :name \"S\"}}]}",
      NULL },
    { "[{:part [:name]}]", "10", "{:part [{:name \"P1\"} {:name \"P2\"}]}", NULL },
    { "[:_part]", "13", "{:_part {:db/id 11}}", NULL },
    { "[{:_part [:name {:_part [:name]}]}]", "13", "{:_part {:name \"P1\" :_part {:name \"P\"}}}",
      NULL },
    { "[:_part]", "42", "{:_part {:db/id 40}}", NULL }, /* the first of two */
    { "[{:_part [:name]}]", "42", "nil", NULL },        /* though it has no name */
    /* circles of components */
    { "[*]", "30", "{:db/id 30 :part [{:db/id 30 :part [{:db/id 30}]}]}", NULL },
    { "[{:part [*]}]", "30", "{:part [{:db/id 30 :part [{:db/id 30}]}]}", NULL },
    { "[* {:part [*]}]", "30", "{:db/id 30 :part [{:db/id 30 :part [{:db/id 30}]}]}", NULL },
    { "[{:part [:name {:part [*]}]}]", "30", "{:part [{:part [{:db/id 30 :part [{:db/id 30}]}]}]}",
      NULL },
    { "[*]", "31", "{:db/id 31 :part [{:db/id 32 :part [{:db/id 31 :part [{:db/id 32}]}]}]}",
      NULL },
    { "[{:part [*]}]", "31", "{:part [{:db/id 32 :part [{:db/id 31 :part [{:db/id 32}]}]}]}",
      NULL },
    { "[{:part [{:part [*]}]}]", "31",
      "{:part [{:part [{:db/id 31 :part [{:db/id 32 :part [{:db/id 31}]}]}]}]}", NULL },
    { "[{:_part [*]}]", "30", "{:_part {:db/id 30 :part [{:db/id 30}]}}", NULL },
    { "[{:_part [{:part [*]}]}]", "30", "{:_part {:part [{:db/id 30 :part [{:db/id 30}]}]}}",
      NULL },
    { "[{:_part [* {:_part [*]}]}]", "30",
      "{:_part {:db/id 30 :part [{:db/id 30}] :_part {:db/id 30}}}", NULL },
    /* options */
    { "[[:name :as :n] [:aka :as \"Aka\"]]", "1", "{:n \"A\" \"Aka\" [\"a\" \"aa\"]}", NULL },
    { "[[:aka :limit 1]]", "1", "{:aka [\"a\"]}", NULL },
    { "[(limit :aka 1)]", "1", "{:aka [\"a\"]}", NULL },
    { "[[:aka :limit nil]]", "1", "{:aka [\"a\" \"aa\"]}", NULL },
    { "[{[:friend :limit 1] [:name]}]", "2", "{:friend [{:name \"A\"}]}", NULL },
    { "[[:none :default 5] (default :age 3)]", "1", "{:none 5 :age 7}", NULL },
    { "[:name :name]", "1", "{:name \"A\"}", NULL },
    { "[[:aka :as :n] [:name :as :n] [:none :as :n]]", "1", "{:n \"A\"}", NULL },
    { "[[:none :default false :as :n]]", "1", "{:n false}", NULL },
    { "[[:_enemy :default []]]", "2", "{:_enemy []}", NULL },
    { "[[:age :xform inc] [:aka :xform count]]", "1", "{:age 8 :aka 2}", NULL },
    { "[[:age :xform vector] [:none :xform vector] [:other :xform inc] [:last :xform identity]]",
      "1", "{:age [7] :none [nil]}", NULL },
    { "[[:none :xform vector :default 3] [:age :xform str :default 3]]", "1",
      "{:none 3 :age \"7\"}", NULL },
    { "[{[:friend :xform count] [:name]}]", "2", "{:friend 2}", NULL },
    /* one key twice: the last that has a value */
    { "[:name [:age :as :name] [:none :as :name]]", "1", "{:name 7}", NULL },
    { "[:name [:name :limit 3]]", "1", "{:name \"A\"}", NULL },
    { "[* [:age :as :db/id]]", "20", "{:db/id 1 :db/ident :root}", NULL },
    { "[* [:age :as :db/ident]]", "20", "{:db/id 20 :db/ident 1}", NULL },
    { "[[:name :as nil]]", "1", "{nil \"A\"}", NULL },
    { "[:boss {:boss [:name]}]", "1", "{:boss {:name \"B\"}}", NULL },
    { "[(limit :friend nil) (default :none {:a 1})]", "1", "{:friend [{:db/id 2}] :none {:a 1}}",
      NULL },
    { "[{(limit :friend 1) [:name]}]", "2", "{:friend [{:name \"A\"}]}", NULL },
    { "[{(default :boss :nobody) [:name]}]", "3", "{:boss :nobody}", NULL },
    { "[{[:_friend :limit 1 :as :fans] [:name]}]", "2", "{:fans [{:name \"A\"}]}", NULL },
    { "[:name {:part 1}]", "10", "{:name \"P\" :part [{:name \"P1\"} {:name \"P2\"}]}", NULL },
    { "[{:part ...} :name]", "10",
      "{:name \"P\" :part [{:name \"P1\" :part [{:name \"P11\"}]} {:name \"P2\"}]}", NULL },
    { "[:name {:friend [:none]}]", "1", "{:name \"A\"}", NULL },
    { "[\"*\"]", "99", "{:db/id 99}", NULL },
    { "[:*]", "99", "{:db/id 99}", NULL },
    { "[* [:age :as :years] [:friend :limit 1]]", "1",
      "{:db/id 1 :name \"A\" :aka [\"a\" \"aa\"] :boss {:db/id 2} :years 7 :friend [{:db/id 2}]}",
      NULL },
    { "[* :_boss]", "4", "{:db/id 4 :name \"D\" :enemy [{:db/id 1}]}", NULL },
    /* recursion */
    { "[:name {:friend 1}]", "1", "{:name \"A\" :friend [{:name \"B\"}]}", NULL },
    { "[:name {:friend 2}]", "1",
      "{:name \"A\" :friend [{:name \"B\" :friend [{:name \"A\" :friend [{:db/id 2}]} {:name "
      "\"C\"}]}]}",
      NULL },
    { "[:name {:friend ...}]", "1",
      "{:name \"A\" :friend [{:name \"B\" :friend [{:name \"A\" :friend [{:db/id 2}]}"
      " {:name \"C\" :friend [{:name \"D\"}]}]}]}",
      NULL },
    { "[:db/id {:friend 1 :enemy 1}]", "1", "{:db/id 1 :friend [{:db/id 2 :enemy [{:db/id 4}]}]}",
      NULL },
    { "[:name {:_part ...}]", "13", "{:name \"P11\" :_part {:name \"P1\" :_part {:name \"P\"}}}",
      NULL },
    /* what is wrong */
    { "[]", "1", NULL, "a pattern is a vector" },
    { "[[:aka :limit 0]]", "1", NULL, ":limit takes a number above 0" },
    { "[[:aka :frob 0]]", "1", NULL, "an attribute has" },
    { "[{:name [:x]}]", "1", NULL, "only a ref" },
    { "[:_name]", "1", NULL, "only a ref" },
    { "[{:friend 0}]", "1", NULL, "above 0" },
    { "[[:age :xform frob]]", "1", NULL, ":xform" },
    { "[5]", "1", NULL, "expected an attribute" },
    { "[\"a b\"]", "1", NULL, "the name of an attribute holds" },
    { "[:name]", "\"x\"", NULL, "is no entity" },
    { "[:name]", "[:age 7]", NULL, "not unique" },
};

static bool run(struct tx_fixture *fixture, struct pull_request *request, struct arena *arena,
                struct value *out, struct error *err)
{
    struct query_limits limits = query_limits_wide();
    struct snapshot *snapshot = graph_snapshot(fixture->graph);
    bool ok = pull_run(snapshot, request, &limits, arena, out, err);

    snapshot_release(snapshot);
    return ok;
}

static void test_rows(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    query_fixture_open(&fixture, people);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++, arena_reset(&arena)) {
        struct pull_request request = { .pattern = value_string(bytes_of(rows[i].pattern)),
                                        .eid = tx_edn(rows[i].eid, &arena) };
        struct value actual;
        struct error err;
        bool ok = run(&fixture, &request, &arena, &actual, &err);
        if (ok && rows[i].expected)
            query_expect(rows[i].pattern, &actual, rows[i].expected, &arena);
        else if (ok)
            fail_msg("%s: expected an error: %s", rows[i].pattern, rows[i].says);
        else if (rows[i].expected)
            fail_msg("%s: %s", rows[i].pattern, err.message);
        else if (err.kind != ERROR_INCORRECT || !strstr(err.message, rows[i].says))
            fail_msg("%s: %s", rows[i].pattern, err.message);
    }
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

static void test_many(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };
    struct pull_request request = { .pattern = tx_edn("[:age]", &arena),
                                    .eid = tx_edn("[1 [:name \"none\"] :root]", &arena),
                                    .many = true };
    struct value actual;
    struct error err;

    (void)state;
    query_fixture_open(&fixture, people);
    assert_ok(run(&fixture, &request, &arena, &actual, &err));
    struct value expected = tx_edn("[{:age 7} nil {:age 1}]", &arena);
    assert_true(value_equal(&actual, &expected));
    request.basis.history = true;
    assert_fails(run(&fixture, &request, &arena, &actual, &err), ERROR_INCORRECT, "history");
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

/* A chain longer than what may nest is an error, with `...` and through components alike. */
static void test_depth(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    struct pull_request request = { .eid = value_long(1) };
    struct value actual;
    struct error err;

    (void)state;
    buffer_printf(&text, "[[{:db/ident :next :db/valueType :db.type/ref :db/isComponent true}] [");
    for (int i = 1; i < 1000; i++)
        buffer_printf(&text, "[:db/add %d :next %d]", i, i + 1);
    buffer_printf(&text, "]]%c", 0);
    query_fixture_open(&fixture, text.data);
    request.pattern = value_string(BYTES("[{:next ...}]"));
    assert_fails(run(&fixture, &request, &arena, &actual, &err), ERROR_INCORRECT, "deep");
    request.pattern = value_string(BYTES("[*]"));
    assert_fails(run(&fixture, &request, &arena, &actual, &err), ERROR_INCORRECT, "deep");
    request.pattern = value_string(BYTES("[:db/id {:next 2}]"));
    assert_ok(run(&fixture, &request, &arena, &actual, &err));
    query_expect("depth", &actual, "{:db/id 1 :next {:db/id 2 :next {:db/id 3}}}", &arena);
    buffer_release(&text);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

/* A value of very many is cut at 1000, and does not hide what comes behind it. */
static void test_limit(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    struct pull_request request = { .eid = value_long(1) };
    struct value actual;
    struct error err;

    (void)state;
    buffer_printf(&text, "[[{:db/ident :n :db/cardinality :db.cardinality/many}] [{:db/id 1 :z 5 "
                         ":n [");
    for (int i = 0; i < 2000; i++)
        buffer_printf(&text, "%d ", i);
    buffer_printf(&text, "]}]]%c", 0);
    query_fixture_open(&fixture, text.data);
    request.pattern = value_string(BYTES("[:n :z]"));
    assert_ok(run(&fixture, &request, &arena, &actual, &err));
    assert_int_equal(value_get(&actual, "n")->count, 1000);
    assert_int_equal(value_get(&actual, "z")->number, 5);
    request.pattern = value_string(BYTES("[[:n :limit nil]]"));
    assert_ok(run(&fixture, &request, &arena, &actual, &err));
    assert_int_equal(value_get(&actual, "n")->count, 2000);
    request.pattern = value_string(BYTES("[:z]"));
    assert_ok(run(&fixture, &request, &arena, &actual, &err));
    query_expect("behind", &actual, "{:z 5}", &arena);
    buffer_release(&text);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
