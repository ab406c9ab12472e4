/* not, or, and, rules. */
#include "tests/unit/query_case.h"

static const char people[] =
    "[[{:db/ident :parent :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]"
    " [{:db/id 1 :name \"Ivan\" :age 10} {:db/id 2 :name \"Ivan\" :age 20}"
    "  {:db/id 3 :name \"Oleg\" :age 10} {:db/id 4 :name \"Oleg\" :age 20}"
    "  {:db/id 5 :name \"Anna\" :age 10}]]";

static const struct query_case nots[] = {
    { "[:find [?e ...] :where [?e :name] (not [?e :name \"Ivan\"])]", NULL, "[3 4 5]", NULL, NULL },
    { "[:find [?e ...] :where [?e :name] (not [?e :name \"Ivan\"] [?e :age 10])]", NULL,
      "[2 3 4 5]", NULL, NULL },
    { "[:find [?e ...] :where [?e :name] (not [?e :name \"Ivan\"] (not [?e :age 10]))]", NULL,
      "[1 3 4 5]", NULL, NULL },
    { "[:find ?e ?f :where [?e :name \"Ivan\"] [?f :name \"Oleg\"] (not [?e :age ?a] [?f :age "
      "?a])]",
      NULL, "[[1 4] [2 3]]", NULL, NULL },
    { "[:find ?e ?a :where [?e :age ?a] (not-join [?e] [?e :name \"Oleg\"] [?e :age ?a])]", NULL,
      "[[1 10] [2 20] [5 10]]", NULL, NULL },
    { "[:find ?x :in $ [?x ...] :where (not [?x :name])]", "[[1 9]]", "[[9]]", NULL, NULL },
    { "[:find ?x :in $ [?x ...] :where (not [_ :name \"Ivan\"] [?x :age])]", "[[1 9]]", "[[9]]",
      NULL, NULL },
    { "[:find ?e :where [?e :name ?n] [(ground \"Anna\") ?m] (not [(= ?n ?m)])]", NULL,
      "[[1] [2] [3] [4]]", NULL, NULL },
    { "[:find ?e :where [?e :name] (not [(= ?e 1)]) (not [(= ?e 2)])]", NULL, "[[3] [4] [5]]", NULL,
      NULL },
};

static const struct query_case ors[] = {
    { "[:find [?e ...] :where (or [?e :name \"Anna\"] [?e :age 20])]", NULL, "[2 4 5]", NULL,
      NULL },
    { "[:find [?e ...] :where [?e :name \"Ivan\"] (or [?e :name \"Anna\"] [?e :age 20])]", NULL,
      "[2]", NULL, NULL },
    { "[:find ?e ?n :where (or (and [?e :age 10] [?e :name ?n] [(= ?n \"Ivan\")]) (and [?e :age "
      "20] [?e :name ?n]))]",
      NULL, "[[1 \"Ivan\"] [2 \"Ivan\"] [4 \"Oleg\"]]", NULL, NULL },
    { "[:find [?e ...] :in $ ?a :where (or [?e :age ?a] [?e :name \"Oleg\"])]", "[10]", "[1 3 4 5]",
      NULL, NULL },
    { "[:find [?e ...] :where [?e :name] (or-join [?e] (and [?e :age ?a] [(< ?a 15)]) [?e :name "
      "\"Oleg\"])]",
      NULL, "[1 3 4 5]", NULL, NULL },
    { "[:find [?e ...] :in $ ?a :where (or-join [[?a] ?e] [?e :age ?a] [?e :name \"Oleg\"])]",
      "[20]", "[2 3 4]", NULL, NULL },
    { "[:find [?e ...] :where (and [?e :name \"Ivan\"] [?e :age 10])]", NULL, "[1]", NULL, NULL },
    { "[:find ?e :where (or [?e :age ?a] [?e :name \"Oleg\"])]", NULL, NULL, "incorrect",
      "cannot resolve ?a" },
    { "[:find ?e :where (or-join [[?e]] [?e :name])]", NULL, NULL, "incorrect",
      "cannot resolve ?e" },
    { "[:find ?e :where (or)]", NULL, NULL, "incorrect", "no branches" },
};

/* A chain 1 -> 2 -> ... -> 6, a cycle 10 -> 11 -> 12 -> 10, and a branch 2 -> 7. */
static const char graph[] = "[[{:db/ident :to :db/valueType :db.type/ref :db/cardinality "
                            ":db.cardinality/many}]"
                            " [[:db/add 1 :to 2] [:db/add 2 :to 3] [:db/add 3 :to 4]"
                            "  [:db/add 4 :to 5] [:db/add 5 :to 6] [:db/add 2 :to 7]"
                            "  [:db/add 10 :to 11] [:db/add 11 :to 12] [:db/add 12 :to 10]]]";

#define RIGHT  "[(path ?a ?b) [?a :to ?b]] [(path ?a ?b) [?a :to ?x] (path ?x ?b)]"
#define LEFT   "[(path ?a ?b) [?a :to ?b]] [(path ?a ?b) (path ?a ?x) [?x :to ?b]]"
#define DOUBLE "[(path ?a ?b) [?a :to ?b]] [(path ?a ?b) (path ?a ?x) (path ?x ?b)]"
#define ORS    "[(path ?a ?b) (or [?a :to ?b] (hop ?a ?b))] [(hop ?a ?b) [?a :to ?x] (path ?x ?b)]"
#define ORJOIN "[(path ?a ?b) (or-join [?a ?b] [?a :to ?b] (and [?a :to ?x] (path ?x ?b)))]"
#define MUTUAL                                                                                     \
    "[(path ?a ?b) (odd ?a ?b)] [(path ?a ?b) (even ?a ?b)] [(odd ?a ?b) [?a :to ?b]]"             \
    "[(odd ?a ?b) [?a :to ?x] (even ?x ?b)] [(even ?a ?b) [?a :to ?x] (odd ?x ?b)]"

#define PATHS(rules)                                                                               \
    { "[:find [?b ...] :in $ % :where (path 3 ?b)]", "[[" rules "]]", "[4 5 6]", NULL, NULL },     \
        { "[:find [?a ...] :in $ % :where (path ?a 4)]", "[[" rules "]]", "[1 2 3]", NULL, NULL }, \
        { "[:find [?b ...] :in $ % :where (path 10 ?b)]", "[[" rules "]]", "[10 11 12]", NULL,     \
          NULL },                                                                                  \
        { "[:find (count ?b) . :in $ % :where (path ?a ?b)]", "[[" rules "]]", "9", NULL, NULL },  \
        { "[:find ?a ?b :in $ % [?a ...] [?b ...] :where (path ?a ?b)]",                           \
          "[[" rules "] [1 3 10] [7 5 12 99]]", "[[1 7] [1 5] [3 5] [10 12]]", NULL, NULL },       \
        { "[:find ?x :in $ % :where [?x :to ?y] (path ?y ?x)]", "[[" rules "]]",                   \
          "[[10] [11] [12]]", NULL, NULL },                                                        \
    {                                                                                              \
        "[:find ?x :in $ % :where (path ?x ?x)]", "[[" rules "]]", "[[10] [11] [12]]", NULL, NULL  \
    }

static const struct query_case rules[] = {
    PATHS(RIGHT),
    PATHS(LEFT),
    PATHS(DOUBLE),
    PATHS(ORS),
    PATHS(ORJOIN),
    { "[:find [?b ...] :in $ % :where (path 3 ?b)]", "[[" MUTUAL "]]", "[4 5 6]", NULL, NULL },
    { "[:find [?b ...] :in $ % :where (even 10 ?b)]", "[[" MUTUAL "]]", "[10 11 12]", NULL, NULL },
    { "[:find [?b ...] :in $ % :where [1 :to ?b] (not (path ?b 7))]", "[[" RIGHT "]]", "[]", NULL,
      NULL },
    { "[:find [?b ...] :in $ % :where [_ :to ?b] (not (path ?b _))]", "[[" RIGHT "]]", "[6 7]",
      NULL, NULL },
    { "[:find [?b ...] :in $ % :where (leaf ?b)]",
      "[[[(leaf ?x) [_ :to ?x] (not (path ?x _))] " RIGHT "]]", "[6 7]", NULL, NULL },
    { "[:find [?b ...] :in $ % ?n :where (far ?n ?b)]",
      "[[[(far [?n] ?b) [(> ?n 0)] [(- ?n 1) ?m] (far ?m ?a) [?a :to ?b]]"
      "  [(far [?n] ?b) [(= ?n 0)] [(ground 1) ?b]]] 3]",
      "[4]", NULL, NULL },
    { "[:find ?b :in $ % :where (far ?n ?b)]", "[[[(far [?n] ?b) [?n :to ?b]]]]", NULL, "incorrect",
      "cannot resolve ?n in clause (far ?n ?b)" },
    { "[:find ?b :in $ % :where (path 1 ?b ?b)]", "[[" RIGHT "]]", NULL, "incorrect",
      "rule path takes 2 arguments, given 3" },
    { "[:find ?b :in $ % :where (odd ?b)]", "[[[(odd ?x) [?x :to ?y] (not (odd ?y))]]]", NULL,
      "incorrect", "negation of itself" },
    { "[:find ?b :in $ % :where (r ?b)]", "[[[(r $x) [?x :to ?y]]]]", NULL, "incorrect",
      "only variables" },
    { "[:find ?b :in $ % :where (r ?b)]", "[[[(r ?x) [?y :to 2]]]]", NULL, "incorrect",
      "cannot resolve ?x in rule r" },
    { "[:find ?x ?y :in $a $b % :where ($a e ?x ?m) ($b e ?m ?y)]",
      "[[[1 2]] [[2 3]] [[(e ?p ?q) [?p ?q]]]]", "[[1 3]]", NULL, NULL },
};

/* Refused whatever the data are: there is no attribute :none, so no row ever comes so far. */
static const struct query_case unbound[] = {
    { "[:find ?e :where [?e :none] (or [?e :none] [?e :none ?x])]", NULL, NULL, "incorrect",
      "cannot resolve ?x in clause (or [?e :none] [?e :none ?x]): bound by no clause" },
    { "[:find ?e :where [?e :none] (not [?x :none])]", NULL, NULL, "incorrect",
      "cannot resolve ?x in clause (not [?x :none])" },
    { "[:find ?e :where [?e :none] (or [?e :none] (and [?e :none] [(< ?x 1)]))]", NULL, NULL,
      "incorrect", "cannot resolve ?x" },
    { "[:find ?e :where [?e :none] [(inc ?x) ?y] [(dec ?y) ?x]]", NULL, NULL, "incorrect",
      "bound by no clause" },
    { "[:find ?e :where [?e :none] (not-join [?e] [?e :none ?x] [(< ?x ?z)])]", NULL, NULL,
      "incorrect", "cannot resolve ?z in clause [(< ?x ?z)]" },
    { "[:find ?e :in $ % :where [?e :none] (r ?e ?f)]",
      "[[[(r ?a ?b) (or [?a :none ?b] (and [?a :none ?c] (r ?c ?b)))]]]", NULL, "incorrect",
      "rule r: cannot resolve ?c in clause (or" },
    { "[:find ?e :in $ % :where [?e :none] (r ?e ?f)]", "[[[(r ?a ?b) [?a :none ?b] [(< ?c 1)]]]]",
      NULL, "incorrect", "rule r: cannot resolve ?c in clause [(< ?c 1)]" },
    { "[:find ?e :in $ % :where [?e :none] (r ?x ?e)]", "[[[(r [?a] ?b) [?a :none ?b]]]]", NULL,
      "incorrect", "cannot resolve ?x in clause (r ?x ?e)" },
    { "[:find ?e ?a :where [_ :pred ?pred] [?e :age ?a] [(?pred ?a)]]", NULL, "[]", NULL, NULL },
};

static void test_unbound(void **state)
{
    (void)state;
    query_cases_run("[]", unbound, ARRAY_LEN(unbound));
}

static void test_not(void **state)
{
    (void)state;
    query_cases_run(people, nots, ARRAY_LEN(nots));
}

static void test_or(void **state)
{
    (void)state;
    query_cases_run(people, ors, ARRAY_LEN(ors));
}

static void test_rules(void **state)
{
    (void)state;
    query_cases_run(graph, rules, ARRAY_LEN(rules));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unbound),
        cmocka_unit_test(test_not),
        cmocka_unit_test(test_or),
        cmocka_unit_test(test_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
