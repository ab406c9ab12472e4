/*
 * What is said about a query or a pull that is wrong: the clause, the variable or value, and what
 * to do. Calls of functions that are wrong are in test_functions.c.
 */
#include "tests/unit/query_case.h"

static const char people[] =
    "[[{:db/ident :name :db/unique :db.unique/identity}"
    "  {:db/ident :friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]"
    " [{:db/id 1 :name \"Ivan\" :age 15 :friend 2} {:db/id 2 :name \"Petr\" :age 37}]]";

#define Q(query, args, says)                                                                       \
    {                                                                                              \
        query, args, NULL, "incorrect", says                                                       \
    }

static const struct query_case forms[] = {
    /* the whole */
    Q("[]", NULL, "a query begins with :find"),
    Q("[?e :find ?e]", NULL, "a query begins with :find"),
    Q("[:where [?e :name]]", NULL, "the query has no :find"),
    Q("[:find]", NULL, "the query has no :find, or it is empty"),
    Q("[:find ?e :find ?e :where [?e :name]]", NULL, "the query has :find twice"),
    Q("[:find ?e :wher [?e :name]]", NULL, "a query has no section :wher: it has :find"),
    Q("[:find ?e :keys]", NULL, ":keys has 0 names for 1 elements"),
    /* :find */
    Q("[:find 5 :where [?e :name]]", NULL, "expected ?variable, (aggregate ?x) or (pull ?e ..)"),
    Q("[:find \"?e\" :where [?e :name]]", NULL, "in :find \"?e\""),
    Q("[:find (frob ?e) :where [?e :name]]", NULL, "unknown aggregate in :find (frob ?e)"),
    Q("[:find (count) :where [?e :name]]", NULL, "an aggregate's last argument must be a variable"),
    Q("[:find (count 5) :where [?e :name]]", NULL, "in :find (count 5)"),
    Q("[:find (sum 1 ?e) :where [?e :name]]", NULL, "too many arguments in :find (sum 1 ?e)"),
    Q("[:find (min 0 ?e) :where [?e :name]]", NULL, "must be a number from 1 to 100000"),
    Q("[:find (min :a ?e) :where [?e :name]]", NULL, "in :find (min :a ?e)"),
    Q("[:find (sample ?e) :where [?e :name]]", NULL, "must be a number from 1 to 100000"),
    Q("[:find (sum ?n) :where [?e :name ?n]]", NULL,
      ":find (sum ?n): sum takes numbers, given the string"),
    Q("[:find (avg ?n) :where [?e :name ?n]]", NULL, ":find (avg ?n): avg takes numbers"),
    Q("[:find (median ?n) :where [?e :name ?n]]", NULL, "median takes numbers"),
    Q("[:find (stddev ?n) :where [?e :name ?n]]", NULL, "variance takes numbers"),
    Q("[:find (pull ?e) :where [?e :name]]", NULL, "expected (pull ?entity pattern)"),
    Q("[:find (pull 1 [:name]) :where [?e :name]]", NULL, "expected (pull ?entity pattern)"),
    Q("[:find (pull ?x [:name]) :where [?e :name]]", NULL, "cannot resolve ?x in :find"),
    Q("[:find (pull ?e ?p) :where [?e :name]]", NULL, "cannot resolve ?p in :find"),
    Q("[:find (pull $9 ?e [:name]) :where [?e :name]]", NULL, "unknown source $9"),
    Q("[:find (pull ?e []) :where [?e :name]]", NULL, "a pattern is a vector of attributes"),
    Q("[:find (pull $r ?e [:name]) :in $ $r :where [?e :name]]", "[[[1]]]",
      "pull needs the graph as its source"),
    Q("[:find ?x :where [?e :name]]", NULL, "cannot resolve ?x in :find: bound by no clause"),
    Q("[:find ?x :where [?e :name] (not [?e :age ?x])]", NULL, "cannot resolve ?x in :find"),
    /* :keys, :with, paging */
    Q("[:find ?e :keys a :strs b :where [?e :name]]", NULL, "only one of :keys, :strs and :syms"),
    Q("[:find ?e :keys a b :where [?e :name]]", NULL, ":keys has 2 names for 1 elements"),
    Q("[:find [?e ...] :keys a :where [?e :name]]", NULL, ":keys needs a relation or a tuple"),
    Q("[:find ?e :keys 5 :where [?e :name]]", NULL, ":keys takes symbols"),
    Q("[:find ?e :with 5 :where [?e :name]]", NULL, ":with takes variables"),
    Q("[:find ?e :with ?w :where [?e :name]]", NULL, "cannot resolve ?w in :with"),
    Q("[:find (count ?e) :with ?e :where [?e :name]]", NULL, ":find and :with both have ?e"),
    Q("[:find (count ?n) :with ?e ?e :where [?e :name ?n]]", NULL, ":with has ?e twice"),
    Q("[:find ?e :limit -1 :where [?e :name]]", NULL, ":limit takes one number from 1"),
    Q("[:find ?e :limit 1 2 :where [?e :name]]", NULL, ":limit takes one number"),
    Q("[:find ?e :offset \"x\" :where [?e :name]]", NULL, ":offset takes one number from 0"),
    Q("[:find ?e :timeout 999999 :where [?e :name]]", NULL, ":timeout takes one number from 1"),
    Q("[:find ?e :order-by ?x :where [?e :name ?x]]", NULL, ":order-by ?x: :find has no such"),
    Q("[:find ?e :order-by [?e :asc :desc] :where [?e :name]]", NULL, "stand behind a variable"),
    /* :in */
    Q("[:find ?e :in $ $ :where [?e :name]]", NULL, ":in names the source $ twice"),
    Q("[:find ?e :in $ % % :where [?e :name]]", "[[] []]", ":in has % twice"),
    Q("[:find ?e :in $ 5 :where [?e :name]]", "[1]", "cannot bind to 5: give ?x, _"),
    Q("[:find ?e :in $ [] :where [?e :name]]", "[1]", "cannot bind to []"),
    Q("[:find ?e :in $ ?x ?y :where [?e :name ?x]]", "[1]",
      "too few arguments: :in has 3 inputs (the first source may be left out: it is the graph)"),
    Q("[:find ?e :in $ ?x :where [?e :name ?x]]", "[1 2 3]", "too many arguments"),
    Q("[:find ?x :in ?x]", "[]", "too few arguments: :in has 1 inputs, given 0"),
    Q("[:find ?x :where [(inc 1) ?x]]", "[nil]", "no :in and looks into no source, given 1"),
    Q("[:find ?x :in [?x ...]]", "[5]", ":in: cannot bind 5 to [?x ...]: it is no collection"),
    Q("[:find ?x :in [?x ?y]]", "[[1]]", "cannot bind [1] to [?x ?y]: it has too few items"),
    Q("[:find ?x :in [[?x ?y]]]", "[[[1 2] 3]]", "cannot bind 3 to [?x ?y]: it is no tuple"),
    Q("[:find ?e :in $ $2 :where [$2 ?e]]", "[\"x\"]", "the source $2 must be nil for the graph"),
    Q("[:find ?e :in $ $2 :where [$2 ?e]]", "[{:db {:frob 1}}]", ":in $2: a database has"),
    Q("[:find ?e :in $ $2 :where [$2 ?e]]", "[{:db {:history 1}}]",
      "\"history\" of a database must be true or false, given 1"),
    Q("[:find ?e :in ?e :where [?e :name]]", "[1]", "there is no source $ in :in"),
    /* clauses */
    Q("[:find ?e :where 5]", NULL, "expected a vector or a list in clause 5"),
    Q("[:find ?e :where []]", NULL, "nothing to match: give at least one position in clause []"),
    Q("[:find ?e :where [?e :a 1 2 true 3]]", NULL, "more than entity, attribute, value, tx"),
    Q("[:find ?e :where [$9 ?e :name]]", NULL, "unknown source $9 in clause [$9 ?e :name]"),
    Q("[:find ?e :where [?e $ :name]]", NULL, "a source must come first in clause"),
    Q("[:find ?e :where [?e :name] [(frob ?e)]]", NULL,
      "unknown function frob in clause [(frob ?e)]"),
    Q("[:find ?e :where [?e :name] [(count ?e) ?x ?y]]", NULL, "with at most one binding"),
    Q("[:find ?e :where [?e :name] [(count _) ?x]]", NULL, "_ cannot be an argument in clause"),
    Q("[:find ?e :where [?e :name] [(inc $ ?e) ?x]]", NULL, "inc takes no source in clause"),
    Q("[:find ?e :where [?e :name] [(missing? ?e $ :age)]]", NULL,
      "missing? takes one source, first"),
    Q("[:find ?e :where [?e :name] [(inc) ?x]]", NULL, "inc takes 1 arguments, given 0"),
    Q("[:find ?e :where [?e :name] [(subs ?e) ?x]]", NULL, "subs takes 2 to 3 arguments, given 1"),
    Q("[:find ?e :where [?e :name] [(inc ?e) 5]]", NULL, "cannot bind to 5"),
    Q("[:find ?e :where [?e :age ?a] [(inc ?a) [?x]]]", NULL,
      "cannot bind 16 to [?x]: it is no tuple"),
    Q("[:find ?e :where [?e :name] [(< ?x 3)]]", NULL,
      "cannot resolve ?x in clause [(< ?x 3)]: bound by no clause"),
    Q("[:find ?e :where [[:age 15] :name ?e]]", NULL,
      "lookup ref [:age 15]: the attribute is not unique"),
    Q("[:find ?e :where [\"x\" :name ?e]]", NULL, "\"x\" is no entity: give an id, a lookup ref"),
    Q("[:find ?e :where (or)]", NULL, "no branches in clause (or)"),
    Q("[:find ?e :where [?e :name] (not)]", NULL, "no clauses in clause (not)"),
    Q("[:find ?e :where (or-join [?e])]", NULL, "no branches in clause (or-join [?e])"),
    Q("[:find ?e :where (or-join ?e [?e :name])]", NULL, "expected a vector of variables"),
    Q("[:find ?e :where (or-join [] [?e :name])]", NULL, "no variables are listed in clause"),
    Q("[:find ?e :where (or-join [?e 5] [?e :name])]", NULL, "only variables can be listed"),
    Q("[:find ?e :where (or-join [?e ?e] [?e :name])]", NULL, "a variable is listed twice"),
    Q("[:find ?e :where [?e :name] (or [?e :age] [?e :age ?a])]", NULL,
      "cannot resolve ?a in clause"),
    Q("[:find ?e :where (or-join [[?e]] [?e :name])]", NULL,
      "cannot resolve ?e in clause (or-join"),
    Q("[:find ?e :where [?e :name] (not [?x :age 3])]", NULL,
      "cannot resolve ?x in clause (not [?x :age 3])"),
    Q("[:find ?e :where [?e :name] (not [1 :age 3])]", NULL, "shares no bound variable"),
    /* rules */
    Q("[:find ?e :where [?e :name] (r ?e)]", NULL, "unknown rule r in clause (r ?e)"),
    Q("[:find ?e :in $ % :where (r ?e)]", "[5]", "rules must be a vector, given a long"),
    Q("[:find ?e :in $ % :where (r ?e)]", "[[5]]", "expected [(name ?variable ..) clause ..]"),
    Q("[:find ?e :in $ % :where (r ?e)]", "[[[(r ?e)]]]", "in rule [(r ?e)]"),
    Q("[:find ?e :in $ % :where (r ?e)]", "[[[(r 5) [?e :name]]]]", "only variables can be listed"),
    Q("[:find ?e :in $ % :where (r ?e)]", "[[[(r ?a ?b) [?a :friend ?b]]]]",
      "rule r takes 2 arguments, given 1, in clause (r ?e)"),
    Q("[:find ?e :in $ % :where (r ?e)]", "[[[(r ?a) [?a :age]] [(r ?a ?b) [?a :friend ?b]]]]",
      "not as many variables as in the rule's first branch"),
    Q("[:find ?e :in $ % :where (r ?e $)]", "[[[(r ?a ?b) [?a :friend ?b]]]]",
      "a source must come before the rule's name"),
    Q("[:find ?e :in $ % :where [?e :name] (r ?e)]", "[[[(r ?a) [?a :age] (not (r ?a))]]]",
      "rule r depends on the negation of itself"),
    Q("[:find ?e :in $ % :where (r ?x ?e)]", "[[[(r [?a] ?b) [?a :friend ?b]]]]",
      "cannot resolve ?x in clause (r ?x ?e)"),
    Q("[:find ?e :in $ % :where [?e :name] (r ?e)]", "[\"[[(r ?a\"]", "the rules: EDN"),
    { "[:find ?e :where [?e :friend [:name \"Nobody\"]]]", NULL, NULL, "not-found",
      "clause [?e :friend [:name \"Nobody\"]]: nothing is found for [:name \"Nobody\"]" },
    { "[:find ?e :where [:nobody :name ?e]]", NULL, NULL, "not-found",
      "nothing is found for :nobody" },
    { "[:find ?e :in $ $2 :where [$2 ?e]]", "[{:db {:as-of 99}}]", NULL, "not-found",
      ":in $2: as_of 99 is beyond the graph's t 2" },
    { "[:find ?e :in $ $2 :where [$2 ?e]]", "[{:db {:graph \"x\"}}]", NULL, "unsupported",
      "no other graph can be named here" },
};

static void test_forms(void **state)
{
    (void)state;
    assert_true(ARRAY_LEN(forms) >= 80);
    query_cases_run(people, forms, ARRAY_LEN(forms));
}

/* What is no query at all, and text that cannot be read. */
static const struct text_case {
    const char *query, *says;
} texts[] = {
    { "\"5\"", "a query is a vector, a map, or a string of EDN, given a long" },
    { "5", "a query is a vector, a map, or a string of EDN, given a long" },
    { "nil", "given a nil" },
    { "\"[:find ?e\"", "the query: EDN" },
    { "[:find ?e :where ()]", "expected a rule, not, not-join, or, or-join or and" },
    { "{:find [?e] :where [[?e :name]] :frob 1}", "a query has no section :frob" },
    { "{:find [?e] \"where\" [[?e :name]]}", "a query has no section \"where\"" },
};

static void expect_incorrect(bool ok, const struct error *err, const char *what, const char *says)
{
    if (ok)
        fail_msg("%s: expected an error: %s", what, says);
    if (err->kind != ERROR_INCORRECT || !strstr(err->message, says))
        fail_msg("%s\n  expected %s\n  actual   %s: %s", what, says, error_code(err->kind),
                 err->message);
}

static void test_texts(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    query_fixture_open(&fixture, people);
    struct snapshot *snapshot = graph_snapshot(fixture.graph);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++, arena_reset(&arena)) {
        struct query_limits limits = query_limits_wide();
        struct query_request request = { .query = tx_edn(texts[i].query, &arena) };
        struct value out;
        struct error err;
        bool ok = query_run(snapshot, &request, &limits, &arena, &out, &err);
        expect_incorrect(ok, &err, texts[i].query, texts[i].says);
    }
    snapshot_release(snapshot);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

/* A query with something in it too often. */
static const struct size_case {
    const char *before, *again, *after;
    uint32_t times;
    const char *says;
} sizes[] = {
    { "[:find ?e :where", " [?e :name]", "]", 1001, "1001 clauses side by side, 1000 are allowed" },
    { "[:find ?e :where [?e :name] (or", " [?e :name]", ")]", 1001, "an or of 1001 branches" },
    { "[:find", " ?e", " :where [?e :name]]", 1001, ":find has 1001 items, 1000 are allowed" },
    { "[:find ?e :in $", " _", " :where [?e :name]]", 1000, ":in has 1001 items" },
    { "[:find ?x :in ?x [", " _", "]]", 1001,
      "a binding has at most 1000 items, all of them 4096" },
    { "[:find ?x :in ?x [[_", "] [_ [_ ...] _ _", "]]]", 900, "all of them 4096" },
    { "[:find ?e :where [?e :name] [(+", " 1", ") ?x]]", 1001, "a clause has at most 1000 terms" },
};

static void test_sizes(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };
    struct buffer text = { 0 };

    (void)state;
    query_fixture_open(&fixture, people);
    struct snapshot *snapshot = graph_snapshot(fixture.graph);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++, arena_reset(&arena)) {
        struct query_limits limits = query_limits_wide();
        struct value out;
        struct error err;
        text.len = 0;
        buffer_printf(&text, "%s", sizes[i].before);
        for (uint32_t n = 0; n < sizes[i].times; n++)
            buffer_printf(&text, "%s", sizes[i].again);
        buffer_printf(&text, "%s", sizes[i].after);
        struct query_request request = {
            .query = value_string((struct bytes){ text.data, text.len }),
        };
        bool ok = query_run(snapshot, &request, &limits, &arena, &out, &err);
        expect_incorrect(ok, &err, sizes[i].before, sizes[i].says);
    }
    buffer_release(&text);
    snapshot_release(snapshot);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

#define DEEP_CLAUSES   60
#define DEEP_ITEMS     20000
#define DEEP_BYTES_MAX (16 << 20)

/* A deep clause with much in its midst, as data, whose calls are made lists: once, and not at each
 * level again. */
static void test_deep(void **state)
{
    struct arena arena = { 0 };
    struct value_builder items = { 0 };
    struct value query = tx_edn("[:find ?e :where [?e :name] nil]", &arena), out;
    struct value name = tx_edn("not", &arena);
    struct query_limits limits = query_limits_wide();
    struct query_request request = { .query = query };
    struct tx_fixture fixture;
    struct error err;

    (void)state;
    value_builder_add(&items, &arena, name);
    for (uint32_t i = 0; i < DEEP_ITEMS; i++)
        value_builder_add(&items, &arena, query.items[3]);
    struct value clause = value_builder_end(&items, VALUE_VECTOR);
    for (uint32_t i = 0; i < DEEP_CLAUSES; i++) {
        struct value *around = ARENA_ARRAY(&arena, struct value, 2);
        around[0] = name;
        around[1] = clause;
        clause = value_collection(VALUE_VECTOR, around, 2);
    }
    query.items[4] = clause;
    query_fixture_open(&fixture, people);
    struct snapshot *snapshot = graph_snapshot(fixture.graph);
    size_t before = arena.used;
    bool ok = query_run(snapshot, &request, &limits, &arena, &out, &err);
    expect_incorrect(ok, &err, "a deep clause", "20000 clauses side by side");
    assert_in_range(arena.used - before, 0, DEEP_BYTES_MAX);
    snapshot_release(snapshot);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

static const struct pull_case {
    const char *pattern, *eid, *says;
} pulls[] = {
    { "5", "1", "pull: a pattern is a vector of attributes and maps in 5" },
    { "[]", "1", "pull: a pattern is a vector" },
    { "\"[:name\"", "1", "the pull pattern: EDN" },
    { "[5]", "1", "pull: expected an attribute in 5" },
    { "[nil]", "1", "pull: expected an attribute in nil" },
    { "[[]]", "1", "pull: expected [attribute option value ..] in []" },
    { "[[:name :as]]", "1", "expected [attribute option value ..] in [:name :as]" },
    { "[[:name :frob 1]]", "1", "an attribute has :as, :default, :limit and :xform" },
    { "[[:friend :limit 0]]", "1", ":limit takes a number above 0, or nil in [:friend :limit 0]" },
    { "[[:friend :limit -1]]", "1", ":limit takes a number above 0" },
    { "[[:friend :limit \"x\"]]", "1", ":limit takes a number above 0" },
    { "[(limit :friend 0)]", "1", ":limit takes a number above 0" },
    { "[[:name :xform 5]]", "1", ":xform takes a built-in function of one argument" },
    { "[[:name :xform frob]]", "1", ":xform takes a built-in function of one argument" },
    { "[[:name :xform missing?]]", "1", ":xform takes a built-in function" },
    { "[[:name :xform inc]]", "1", "pull: :xform of :name: inc takes numbers, given the string" },
    { "[:_name]", "1", "only a ref can be followed in reverse in :_name" },
    { "[{:name [:x]}]", "1", "only a ref has a pattern of its own in {:name [:x]}" },
    { "[{:db/id [:x]}]", "1", "only a ref has a pattern of its own" },
    { "[{:friend 0}]", "1", "the depth of a recursion is above 0" },
    { "[{:friend []}]", "1", "a pattern is a vector" },
    { "[{:friend :name}]", "1", "a pattern is a vector of attributes and maps in :name" },
    { "[:name]", "\"x\"", "is no entity: give an id, a lookup ref or an ident" },
    { "[:name]", "[:age 15]", "lookup ref [:age 15]: the attribute is not unique" },
    { "[:name]", "nil", "no entity" },
};

static void test_pulls(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    query_fixture_open(&fixture, people);
    struct snapshot *snapshot = graph_snapshot(fixture.graph);
    for (size_t i = 0; i < ARRAY_LEN(pulls); i++, arena_reset(&arena)) {
        struct query_limits limits = query_limits_wide();
        struct pull_request request = { .pattern = tx_edn(pulls[i].pattern, &arena),
                                        .eid = tx_edn(pulls[i].eid, &arena) };
        struct value out;
        struct error err;
        bool ok = pull_run(snapshot, &request, &limits, &arena, &out, &err);
        expect_incorrect(ok, &err, pulls[i].pattern, pulls[i].says);
    }
    snapshot_release(snapshot);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms), cmocka_unit_test(test_texts), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_deep),  cmocka_unit_test(test_pulls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
