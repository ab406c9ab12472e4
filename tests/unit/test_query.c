/* Data patterns, :in, :find, and what is said about a query that is wrong. */
#include "tests/unit/query_case.h"

static const char people[] =
    "[[{:db/ident :name :db/unique :db.unique/identity}"
    "  {:db/ident :age :db/index true}"
    "  {:db/ident :aka :db/cardinality :db.cardinality/many}"
    "  {:db/ident :friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    "  {:db/ident :boss :db/valueType :db.type/ref}"
    "  {:db/ident :score :db/valueType :db.type/double}]"
    " [{:db/id 1 :name \"Ivan\" :age 15 :aka [\"I\" \"V\"] :friend [2 3] :score 1}"
    "  {:db/id 2 :name \"Petr\" :age 37 :aka \"I\" :friend [2] :boss 1}"
    "  {:db/id 3 :name \"Oleg\" :age 37 :boss 1 :note {:a #{1 2}}}"
    "  {:db/id 4 :db/ident :root :age 1.0}]]";

static const struct query_case patterns[] = {
    { "[:find ?e :where [?e :name]]", NULL, "[[1] [2] [3]]", NULL, NULL },
    { "[:find ?e :where [?e :age 37]]", NULL, "[[2] [3]]", NULL, NULL },
    { "[:find ?v :where [1 :name ?v]]", NULL, "[[\"Ivan\"]]", NULL, NULL },
    { "[:find ?a :where [4 ?a _]]", NULL, "[[:db/ident] [:age]]", NULL, NULL },
    { "[:find ?e :where [?e :none _]]", NULL, "[]", NULL, NULL },
    { "[:find ?e :where [?e \"name\" \"Ivan\"]]", NULL, "[[1]]", NULL, NULL },
    { "[:find ?e ?f :where [?e :friend ?f] [?f :friend ?e]]", NULL, "[[2 2]]", NULL, NULL },
    { "[:find ?e :where [?e :friend ?e]]", NULL, "[[2]]", NULL, NULL },
    { "[:find ?e ?a ?v :where [?e ?a ?v] [?e :boss] [?v :age 15]]", NULL,
      "[[2 :boss 1] [3 :boss 1]]", NULL, NULL },
    { "[:find ?n :where [?e :boss ?b] [?b :name \"Ivan\"] [?e :name ?n]]", NULL,
      "[[\"Petr\"] [\"Oleg\"]]", NULL, NULL },
    { "[:find ?a ?b :where [?a :age ?x] [?b :age ?x] [(< ?a ?b)]]", NULL, "[[2 3]]", NULL, NULL },
    /* entities by name */
    { "[:find ?f :where [[:name \"Ivan\"] :friend ?f]]", NULL, "[[2] [3]]", NULL, NULL },
    { "[:find ?e :where [?e :boss [:name \"Ivan\"]]]", NULL, "[[2] [3]]", NULL, NULL },
    { "[:find ?v :where [:root :age ?v]]", NULL, "[[1.0]]", NULL, NULL },
    { "[:find ?e :where [?e :friend [:name \"Nobody\"]]]", NULL, NULL, "not-found", "Nobody" },
    { "[:find ?e :where [[:age 15] :name ?e]]", NULL, NULL, "incorrect", "not unique" },
    /* values are of one type or another */
    { "[:find ?e :where [?e :age 1]]", NULL, "[]", NULL, NULL },
    { "[:find ?e :where [?e :age 1.0]]", NULL, "[[4]]", NULL, NULL },
    { "[:find ?e :where [?e :score 1]]", NULL, "[[1]]", NULL, NULL },
    { "[:find ?e :where [?e :note {:a #{2 1}}]]", NULL, "[[3]]", NULL, NULL },
    /* what clients do not hold is seen by constant attributes only */
    { "[:find ?e :where [?e ?a :friend]]", NULL, "[]", NULL, NULL },
    { "[:find ?t :where [?e :db/ident :friend] [?e :db/valueType ?t]]", NULL, "[[:db.type/ref]]",
      NULL, NULL },
    { "[:find (count ?e) . :where [?e :db/txInstant]]", NULL, "2", NULL, NULL },
    /* an attribute that was found is an entity too */
    { "[:find ?a ?i :where [_ ?a 37] [?a :db/ident ?i]]", NULL, "[[:age :age]]", NULL, NULL },
    { "[:find ?a :where [?e ?a _] [?a :db/valueType :db.type/ref]]", NULL, "[[:friend] [:boss]]",
      NULL, NULL },
    { "[:find ?a ?b :where [?a ?b _] [?b ?a _]]", NULL, "[]", NULL, NULL },
    { "[:find ?a ?v :in $ $c :where [$c ?a] [1 ?a ?v]]", "[[[:age]]]", "[[:age 15]]", NULL, NULL },
    /* tx and added */
    { "[:find ?t :where [1 :name _ ?t]]", NULL, "[[536870914]]", NULL, NULL },
    { "[:find ?e :where [?e :boss _ 536870914 true]]", NULL, "[[2] [3]]", NULL, NULL },
    { "[:find ?e :where [?e :boss _ 536870913]]", NULL, "[]", NULL, NULL },
    { "[:find ?e :where [?e :boss _ _ false]]", NULL, "[]", NULL, NULL },
    { "[:find ?e ?n :where [?e :boss _ ?t] [?t :db/txInstant ?i] [?e :name ?n]]", NULL,
      "[[2 \"Petr\"] [3 \"Oleg\"]]", NULL, NULL },
};

static const struct query_case inputs[] = {
    { "[:find ?e :in $ ?n :where [?e :name ?n]]", "[\"Ivan\"]", "[[1]]", NULL, NULL },
    { "[:find ?e :in $ ?n :where [?e :name ?n]]", "[nil \"Ivan\"]", "[[1]]", NULL, NULL },
    { "[:find ?e ?n :in $ [?n ...] :where [?e :name ?n]]", "[[\"Ivan\" \"Oleg\" \"X\"]]",
      "[[1 \"Ivan\"] [3 \"Oleg\"]]", NULL, NULL },
    { "[:find ?e ?x :in $ [[?n ?x]] :where [?e :name ?n]]", "[[[\"Ivan\" 7] [\"Petr\" 8]]]",
      "[[1 7] [2 8]]", NULL, NULL },
    { "[:find ?e ?x :in $ [?n _ ?x] :where [?e :name ?n]]", "[[\"Ivan\" 1 2 3]]", "[[1 2]]", NULL,
      NULL },
    { "[:find ?k ?v :in [[?k ?v] ...]]", "[{:a 1 :b 2}]", "[[:a 1] [:b 2]]", NULL, NULL },
    { "[:find ?a ?b :in [?a ...] [?b ...]]", "[[1 2] [3]]", "[[1 3] [2 3]]", NULL, NULL },
    { "[:find ?a :in [[?a ?a]]]", "[[[1 1] [1 2]]]", "[[1]]", NULL, NULL },
    { "[:find ?v :in $ ?a :where [1 ?a ?v]]", "[:age]", "[[15]]", NULL, NULL },
    { "[:find ?a ?v :in $ [?a ...] :where [1 ?a ?v]]", "[[:age :name :none]]",
      "[[:age 15] [:name \"Ivan\"]]", NULL, NULL },
    /* a lookup ref comes out as it was passed */
    { "[:find ?e ?a :in $ ?e :where [?e :age ?a]]", "[[:name \"Ivan\"]]", "[[[:name \"Ivan\"] 15]]",
      NULL, NULL },
    { "[:find ?e ?a :in $ [?e ...] :where [?e :age ?a]]", "[[[:name \"Ivan\"] 2 :root \"x\"]]",
      "[[[:name \"Ivan\"] 15] [2 37] [:root 1.0]]", NULL, NULL },
    { "[:find ?e ?b :in $ [?b ...] :where [?e :boss ?b]]", "[[[:name \"Ivan\"] [:name \"Oleg\"]]]",
      "[[2 [:name \"Ivan\"]] [3 [:name \"Ivan\"]]]", NULL, NULL },
    /* collections as sources */
    { "[:find ?y :in $ $r :where [?e :age ?x] [$r ?x ?y]]", "[[[15 :a] [37 :b] [99 :c]]]",
      "[[:a] [:b]]", NULL, NULL },
    { "[:find ?x ?y :in $ :where [?x :to ?y]]", "[[[1 :to 2] [1 :from 2] [3]]]", "[[1 2]]", NULL,
      NULL },
    { "[:find ?a :in [?a ...]]", "[7]", NULL, "incorrect", "cannot bind 7 to [?a ...]" },
    { "[:find ?a :in [?a ?b]]", "[[1]]", NULL, "incorrect", "too few items" },
    { "[:find ?e :in $ ?x :where [?e :name ?x]]", "[]", NULL, "incorrect", "too few arguments" },
    { "[:find ?e :in $ ?x :where [?e :name ?x]]", "[1 2 3]", NULL, "incorrect",
      "too many arguments" },
};

static const struct query_case finds[] = {
    { "[:find [?n ...] :where [_ :name ?n]]", NULL, "[\"Ivan\" \"Petr\" \"Oleg\"]", NULL, NULL },
    { "[:find [?n ?a] :where [1 :name ?n] [1 :age ?a]]", NULL, "[\"Ivan\" 15]", NULL, NULL },
    { "[:find ?n . :where [1 :name ?n]]", NULL, "\"Ivan\"", NULL, NULL },
    { "[:find ?n . :where [9 :name ?n]]", NULL, "nil", NULL, NULL },
    { "[:find [?n] :where [9 :name ?n]]", NULL, "nil", NULL, NULL },
    { "[:find [?n ...] :where [9 :name ?n]]", NULL, "[]", NULL, NULL },
    { "[:find ?n ?a :keys n age :where [1 :name ?n] [1 :age ?a]]", NULL, "[{:n \"Ivan\" :age 15}]",
      NULL, NULL },
    { "[:find ?n :strs n :where [1 :name ?n]]", NULL, "[{\"n\" \"Ivan\"}]", NULL, NULL },
    { "[:find [?n] :syms n :where [1 :name ?n]]", NULL, "{n \"Ivan\"}", NULL, NULL },
    { "[:find ?a :where [_ :age ?a] [(> ?a 10)]]", NULL, "[[15] [37]]", NULL, NULL },
    { "[:find ?a :with ?e :where [?e :age ?a] [(> ?a 15)]]", NULL, "[[37] [37]]", NULL, NULL },
    { "[:find (pull ?e [:name]) :where [?e :age 37]]", NULL,
      "[[{:name \"Petr\"}] [{:name \"Oleg\"}]]", NULL, NULL },
    { "[:find ?e (pull ?e ?p) :in $ ?p :where [?e :age 15]]", "[[:age]]", "[[1 {:age 15}]]", NULL,
      NULL },
    { "[:find [?e ...] :limit 0 :where [?e :name]]", NULL, NULL, "incorrect",
      ":limit takes one number from 1" },
    { "[:find ?e :offset 1 :limit 1 :where [?e :name \"Ivan\"]]", NULL, "[]", NULL, NULL },
    { "[:find ?n :keys a b :where [1 :name ?n]]", NULL, NULL, "incorrect", "2 names for 1" },
    { "[:find ?n ?a :keys n n :where [1 :name ?n] [1 :age ?a]]", NULL, NULL, "incorrect",
      "a name twice" },
    { "[:find ?n :keys \"a b\" :where [1 :name ?n]]", NULL, NULL, "incorrect", "a name of :keys" },
};

static const struct query_case orders[] = {
    { "[:find [?n ...] :order-by ?n :where [_ :name ?n]]", NULL, "(\"Ivan\" \"Oleg\" \"Petr\")",
      NULL, NULL },
    { "[:find ?a ?n :order-by [?a :desc ?n] :where [?e :name ?n] [?e :age ?a]]", NULL,
      "([37 \"Oleg\"] [37 \"Petr\"] [15 \"Ivan\"])", NULL, NULL },
    { "[:find ?a ?n :order-by [0 :asc 1 :desc] :where [?e :name ?n] [?e :age ?a]]", NULL,
      "([15 \"Ivan\"] [37 \"Petr\"] [37 \"Oleg\"])", NULL, NULL },
    { "[:find ?a (count ?e) :order-by [(count ?e) :desc] :where [?e :name] [?e :age ?a]]", NULL,
      "([37 2] [15 1])", NULL, NULL },
    { "[:find ?a (pull ?e [:name]) :order-by ?a :limit 1 :where [?e :name] [?e :age ?a]]", NULL,
      "([15 {:name \"Ivan\"}])", NULL, NULL },
    { "[:find [?n ...] :order-by [?n :desc] :offset 1 :limit 1 :where [_ :name ?n]]", NULL,
      "(\"Oleg\")", NULL, NULL },
    { "[:find ?n . :order-by [?n :desc] :where [_ :name ?n]]", NULL, "\"Petr\"", NULL, NULL },
    { "[:find ?n :keys n :order-by [?n :desc] :limit 2 :where [_ :name ?n]]", NULL,
      "({:n \"Petr\"} {:n \"Oleg\"})", NULL, NULL },
    /* across types */
    { "[:find [?x ...] :order-by ?x :in [?x ...]]",
      "[[:k [1] \"s\" 2 1.5 false {:a 1} nil -1 #uuid \"00000000-0000-0000-0000-000000000001\"]]",
      "(nil false -1 1.5 2 #uuid \"00000000-0000-0000-0000-000000000001\" \"s\" :k [1] {:a 1})",
      NULL, NULL },
    { "[:find ?n :order-by ?x :where [?x :name ?n]]", NULL, NULL, "incorrect",
      ":order-by ?x: :find has no such element" },
    { "[:find ?n :order-by [1] :where [?x :name ?n]]", NULL, NULL, "incorrect",
      ":order-by 1: :find has no such element" },
    { "[:find ?n :order-by [:desc ?n] :where [?x :name ?n]]", NULL, NULL, "incorrect",
      "stand behind a variable" },
    { "[:find ?n :order-by [] :where [?x :name ?n]]", NULL, NULL, "incorrect", "at least one" },
    { "[:find (pull ?x [:name]) :order-by [0] :where [?x :name ?n]]", NULL, NULL, "incorrect",
      "maps have no order" },
    { "[:find ?n :timeout 0 :where [?x :name ?n]]", NULL, NULL, "incorrect",
      ":timeout takes one number from 1 to" },
    { "[:find ?n :timeout 5000 :where [1 :name ?n]]", NULL, "[[\"Ivan\"]]", NULL, NULL },
};

static const struct query_case sources[] = {
    { "[:find ?v :in $ $2 :where [$2 1 :age ?v]]", "[{:db {:as-of 1}}]", "[]", NULL, NULL },
    { "[:find ?v :in $ $2 :where [$2 1 :age ?v]]", "[{\"db\" {\"as_of\" 2}}]", "[[15]]", NULL,
      NULL },
    { "[:find ?v :in $ $2 :where [$ 1 :age ?v] (not [$2 1 :age ?v])]", "[{:db {:as-of 1}}]",
      "[[15]]", NULL, NULL },
    { "[:find ?v :in $ $2 :where [$ 1 :age ?v] (not [$2 1 :age ?v])]", "[{:db {}}]", "[]", NULL,
      NULL },
    { "[:find ?v :in $ $2 :where [$ 1 :age ?v] ($2 not [1 :age ?v])]", "[{:db {:as-of 1}}]",
      "[[15]]", NULL, NULL },
    { "[:find ?e (pull $2 ?e [:name]) :in $ $2 :where [$ ?e :age 15]]", "[{:db {:as-of 2}}]",
      "[[1 {:name \"Ivan\"}]]", NULL, NULL },
    { "[:find ?v ?t :in $h :where [$h 1 :age ?v ?t true]]", "[{:db {:history true}}]",
      "[[15 536870914]]", NULL, NULL },
    { "[:find ?n :in $ $2 % :where ($2 named 1 ?n)]",
      "[{:db {:as-of 2}} [[(named ?e ?n) [?e :name ?n]]]]", "[[\"Ivan\"]]", NULL, NULL },
    { "[:find ?n :in $ $2 % :where ($2 named 1 ?n)]",
      "[{:db {:as-of 1}} [[(named ?e ?n) [?e :name ?n]]]]", "[]", NULL, NULL },
    { "[:find ?n :in $ $2 % :where (named 1 ?n)]",
      "[{:db {:as-of 1}} [[(named ?e ?n) [?e :name ?n]]]]", "[[\"Ivan\"]]", NULL, NULL },
    { "[:find ?x :in $ $2 :where [(get-else $2 1 :age :none) ?x]]", "[{:db {:as-of 1}}]",
      "[[:none]]", NULL, NULL },
    { "[:find ?x ?y :in $r :where [$r ?x ?y]]", "[{:a 1 :b 2}]", "[[:a 1] [:b 2]]", NULL, NULL },
    { "[:find ?k ?v :in $ :where [?k ?v]]", "[{:db 1}]", "[[:db 1]]", NULL, NULL },
    { "[:find ?a ?e :in $r :where [$r ?a _ _ _ ?e]]", "[#{[1 2 3 4 5]}]", "[[1 5]]", NULL, NULL },
    { "[:find ?n :in $ $r ?k :where (or (and [$r ?e ?k]) [?e :age ?k]) [?e :name ?n]]",
      "[[[2 :boss]] :boss]", "[[\"Petr\"]]", NULL, NULL },
    { "[:find ?v :in $ $2 :where [$2 1 :age ?v]]", "[{:db {:as-of 99}}]", NULL, "not-found",
      ":in $2: as_of 99 is beyond" },
    { "[:find ?v :in $ $2 :where [$2 1 :age ?v]]", "[{:db {:asof 1}}]", NULL, "incorrect",
      "a database has" },
    { "[:find ?v :in $ $2 :where [$2 1 :age ?v]]", "[{:db {:as-of \"x\"}}]", NULL, "incorrect",
      "must be a t, given \"x\"" },
    { "[:find ?v :in $ $2 :where [$2 1 :age ?v]]", "[7]", NULL, "incorrect",
      "the source $2 must be nil" },
    { "[:find (pull $h ?e [:name]) :in $ $h :where [?e :age 15]]", "[{:db {:history true}}]", NULL,
      "incorrect", "no one state in history" },
};

/* A name that has gone from one entity to another: what it names depends on the source. */
static const char renamed[] =
    "[[{:db/ident :name :db/unique :db.unique/identity}"
    "  {:db/ident :friend :db/valueType :db.type/ref}]"
    " [{:db/id 1 :name \"Ivan\" :age 15} {:db/id 2 :name \"Petr\" :age 37}"
    "  {:db/id 3 :age 99 :friend 1} {:db/id 4 :friend 3}]"
    " [[:db/add 1 :name \"Was\"] [:db/add 3 :name \"Ivan\"]]]";

static const struct query_case names_by_source[] = {
    { "[:find ?e ?a ?b :in $ $2 [?e ...] :where [$ ?e :age ?a] [$2 ?e :age ?b]]",
      "[{:db {:as-of 2}} [[:name \"Ivan\"] [:name \"Petr\"]]]",
      "[[[:name \"Ivan\"] 99 15] [[:name \"Petr\"] 37 37]]", NULL, NULL },
    { "[:find ?e ?x ?y :in $ $2 [?e ...] :where [$ ?x :friend ?e] [$2 ?y :friend ?e]]",
      "[{:db {:as-of 2}} [[:name \"Ivan\"] [:name \"Petr\"]]]", "[[[:name \"Ivan\"] 4 3]]", NULL,
      NULL },
};

static const struct query_case wrongs[] = {
    { "[:where [?e :name]]", NULL, NULL, "incorrect", ":find" },
    { "[:find :where [?e :name]]", NULL, NULL, "incorrect", ":find" },
    { "[:find ?x :where [?e :name]]", NULL, NULL, "incorrect", "cannot resolve ?x in :find" },
    { "[:find ?e :with ?w :where [?e :name]]", NULL, NULL, "incorrect",
      "cannot resolve ?w in :with" },
    { "[:find ?e :where [?e :name] [(< ?x 3)]]", NULL, NULL, "incorrect",
      "cannot resolve ?x in clause [(< ?x 3)]: bound by no clause" },
    { "[:find ?e :where [?e :name] [(frob ?e)]]", NULL, NULL, "incorrect",
      "unknown function frob in clause [(frob ?e)]" },
    { "[:find ?e :where [?e :name] [(get-else ?e)]]", NULL, NULL, "incorrect",
      "takes 3 arguments, given 1" },
    { "[:find ?e :where [?e :name] (frob ?e)]", NULL, NULL, "incorrect",
      "unknown rule frob in clause (frob ?e)" },
    { "[:find ?e :where [$2 ?e :name]]", NULL, NULL, "incorrect", "unknown source $2" },
    { "[:find ?e :in ?e :where [?e :name]]", "[1]", NULL, "incorrect", "no source $" },
    { "[:find ?e :where [?e :name] (not [?x :age 3])]", NULL, NULL, "incorrect",
      "cannot resolve ?x in clause (not [?x :age 3])" },
    { "[:find ?e :where [?e :a :b :c :d :e]]", NULL, NULL, "incorrect", "more than entity" },
    { "[:find ?e :where [:none :name ?e]]", NULL, NULL, "not-found", ":none" },
    { "[:find ?e :where []]", NULL, NULL, "incorrect", "nothing to match" },
    { "[:find ?e :where 7]", NULL, NULL, "incorrect", "in clause 7" },
    { "[:find (frob ?e) :where [?e :name]]", NULL, NULL, "incorrect", "unknown aggregate" },
    { "[:find ?e :frob 1 :where [?e :name]]", NULL, NULL, "incorrect", ":frob" },
    { "[:find ?e :where [?e :name ?n] [(+ ?n 1) ?x]]", NULL, NULL, "incorrect",
      "clause [(+ ?n 1) ?x]: + takes numbers, given the string" },
};

static void test_patterns(void **state)
{
    (void)state;
    query_cases_run(people, patterns, ARRAY_LEN(patterns));
}

static void test_inputs(void **state)
{
    (void)state;
    query_cases_run(people, inputs, ARRAY_LEN(inputs));
}

static void test_finds(void **state)
{
    (void)state;
    query_cases_run(people, finds, ARRAY_LEN(finds));
}

static void test_orders(void **state)
{
    (void)state;
    query_cases_run(people, orders, ARRAY_LEN(orders));
}

static void test_sources(void **state)
{
    (void)state;
    query_cases_run(people, sources, ARRAY_LEN(sources));
    query_cases_run(renamed, names_by_source, ARRAY_LEN(names_by_source));
}

static void test_wrongs(void **state)
{
    (void)state;
    query_cases_run(people, wrongs, ARRAY_LEN(wrongs));
}

/* Map form, a string of EDN, and a page of the rows. */
static void test_forms(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };
    struct query_request request = {
        .query = tx_edn("{:find [?e] :in [$ ?a] :where [[?e :age ?a]]}", &arena),
        .args = tx_edn("[37]", &arena),
    };

    (void)state;
    query_fixture_open(&fixture, people);
    struct value rows = query_must(&fixture, &request, &arena);
    query_expect("map form", &rows, "[[2] [3]]", &arena);
    request.query = value_string(BYTES("[:find ?e :in $ ?a :where [?e :age ?a]]"));
    rows = query_must(&fixture, &request, &arena);
    query_expect("string", &rows, "[[2] [3]]", &arena);
    request.limit = 1;
    struct value first = query_must(&fixture, &request, &arena);
    request.offset = 1;
    struct value second = query_must(&fixture, &request, &arena);
    assert_int_equal(first.count, 1);
    assert_int_equal(second.count, 1);
    assert_false(value_equal(&first, &second));
    request.offset = 2;
    rows = query_must(&fixture, &request, &arena);
    assert_int_equal(rows.count, 0);
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns), cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_finds),    cmocka_unit_test(test_orders),
        cmocka_unit_test(test_sources),  cmocka_unit_test(test_wrongs),
        cmocka_unit_test(test_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
