/* The built-in functions, predicates and aggregates. */
#include "tests/unit/query_case.h"

static const char people[] = "[[{:db/ident :tag :db/cardinality :db.cardinality/many}"
                             "  {:db/ident :parent :db/valueType :db.type/ref}]"
                             " [{:db/id 1 :name \"Ivan\" :age 15 :on false} {:db/id 2 :name "
                             "\"Petr\" :height 240 :parent 1}]]";

/* An expression and what it gives; NULL: the row is dropped. */
static const struct expression {
    const char *call;
    const char *gives;
} expressions[] = {
    { "(= 1 1.0)", "true" },
    { "(== 1 1 2)", "false" },
    { "(= [1 2] (1 2))", "true" },
    { "(not= 1 2)", "true" },
    { "(!= 1 1)", "false" },
    { "(< 1 2.5 3)", "true" },
    { "(< 1 3 2)", "false" },
    { "(<= 1 1 2)", "true" },
    { "(> \"b\" \"a\")", "true" },
    { "(>= :b :a :a)", "true" },
    { "(< 1 \"a\")", "true" },
    { "(< :a/b :a/c :a-/b)", "true" },
    { "(compare 2 1)", "1" },
    { "(-differ? 1 2 1 3)", "true" },
    { "(identity nil)", NULL },
    { "(ground [1 2])", "[1 2]" },
    { "(and 1 nil 2)", NULL },
    { "(or false 3)", "3" },
    { "(not nil)", "true" },
    { "(true? 1)", "false" },
    { "(false? false)", "true" },
    { "(nil? nil)", "true" },
    { "(some? 0)", "true" },
    { "(+ 1 2 3)", "6" },
    { "(+ 1 0.5)", "1.5" },
    { "(+)", "0" },
    { "(- 5)", "-5" },
    { "(- 5 2 1)", "2" },
    { "(* 2 3)", "6" },
    { "(/ 6 3)", "2" },
    { "(/ 1 4)", "0.25" },
    { "(quot -7 2)", "-3" },
    { "(rem -7 2)", "-1" },
    { "(mod -7 2)", "1" },
    { "(mod 7 -2)", "-1" },
    { "(inc 1)", "2" },
    { "(dec 1)", "0" },
    { "(max 1 3 2)", "3" },
    { "(min \"b\" \"a\")", "\"a\"" },
    { "(zero? 0.0)", "true" },
    { "(pos? -1)", "false" },
    { "(neg? -1)", "true" },
    { "(even? 4)", "true" },
    { "(odd? -3)", "true" },
    { "(str \"a\" 1 :b nil 2.5)", "\"a1:b2.5\"" },
    { "(pr-str \"a\" 1)", "\"\\\"a\\\" 1\"" },
    { "(subs \"h\u00e9llo\" 1 3)", "\"\u00e9l\"" },
    { "(subs \"hello\" 2)", "\"llo\"" },
    { "(starts-with? \"hello\" \"he\")", "true" },
    { "(clojure.string/ends-with? \"hello\" \"lo\")", "true" },
    { "(includes? \"hello\" \"ell\")", "true" },
    { "(index-of \"h\u00e9llo\" \"l\")", "2" },
    { "(index-of \"hello\" \"x\")", NULL },
    { "(blank? \" \n\")", "true" },
    { "(trim \" a \")", "\"a\"" },
    { "(triml \" a \")", "\"a \"" },
    { "(trimr \" a \")", "\" a\"" },
    { "(upper-case \"a\u00e9\u00f7z\")", "\"A\u00c9\u00f7Z\"" },
    { "(lower-case \"A\u00c9\u00d7Z\")", "\"a\u00e9\u00d7z\"" },
    { "(capitalize \"hELLO\")", "\"Hello\"" },
    { "(replace \"aXbXc\" \"X\" \"--\")", "\"a--b--c\"" },
    { "(replace-first \"aXbXc\" \"X\" \"\")", "\"abXc\"" },
    { "(join \", \" [1 \"a\" :b])", "\"1, a, :b\"" },
    { "(join [1 2])", "\"12\"" },
    { "(re-find \"l+\" \"hello\")", "\"ll\"" },
    { "(re-find \"(l)(x)?\" \"hello\")", "[\"l\" \"l\" nil]" },
    { "(re-find \"x\" \"hello\")", NULL },
    { "(re-matches \"hel\" \"hello\")", NULL },
    { "(re-matches \"h.*o\" \"hello\")", "\"hello\"" },
    { "(re-seq \"[a-z]\" \"a1b\")", "(\"a\" \"b\")" },
    { "(re-seq \"\" \"ab\")", "(\"\" \"\" \"\")" },
    { "(split \"a,b,,c,,\" \",\")", "[\"a\" \"b\" \"\" \"c\"]" },
    { "(split \"abc\" \"\")", "[\"a\" \"b\" \"c\"]" },
    { "(split-lines \"a\nb\")", "[\"a\" \"b\"]" },
    { "(name :a/b)", "\"b\"" },
    { "(namespace :a/b)", "\"a\"" },
    { "(namespace :b)", NULL },
    { "(keyword \"a\" \"b\")", ":a/b" },
    { "(symbol \"a\")", "a" },
    { "(string? \"a\")", "true" },
    { "(keyword? \"a\")", "false" },
    { "(vector 1 2)", "[1 2]" },
    { "(list 1 2)", "(1 2)" },
    { "(tuple 1 :a)", "[1 :a]" },
    { "(hash-map :a 1 :a 2)", "{:a 2}" },
    { "(array-map)", "{}" },
    { "(hash-set 1 2 1)", "#{1 2}" },
    { "(set [1 1])", "#{1}" },
    { "(count \"h\u00e9\")", "2" },
    { "(count {:a 1})", "1" },
    { "(empty? [])", "true" },
    { "(not-empty \"\")", NULL },
    { "(get {:a 1} :a)", "1" },
    { "(get [5 6] 1)", "6" },
    { "(get {:a 1} :b 7)", "7" },
    { "(contains? #{1} 1)", "true" },
    { "(contains? [5] 5)", "false" },
    { "(first [1 2])", "1" },
    { "(last (1 2))", "2" },
    { "(range 3)", "(0 1 2)" },
    { "(range 5 1 -2)", "(5 3)" },
    { "(keys {:a 1})", "(:a)" },
    { "(vals {:a 1})", "(1)" },
    { "(get-else $ 1 :height 300)", "300" },
    { "(get-else $ 2 :height 300)", "240" },
    { "(get-else $ 1 :on true)", "false" },
    { "(get-some $ 2 :age :height)", "[:height 240]" },
    { "(get-some $ 2 :age :none)", NULL },
    { "(missing? $ 1 :height)", "true" },
    { "(missing? $ 1 :on)", "false" },
    { "(missing? $ 1 :_parent)", "false" },
    { "(missing? $ 2 :_parent)", "true" },
};

static void test_expressions(void **state)
{
    struct tx_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    query_fixture_open(&fixture, people);
    for (size_t i = 0; i < ARRAY_LEN(expressions); i++) {
        const struct expression *row = &expressions[i];
        struct query_request request = { .query = value_string(arena_printf(
                                             &arena, "[:find ?x . :where [%s ?x]]", row->call)) };
        struct value actual = query_must(&fixture, &request, &arena);
        query_expect(row->call, &actual, row->gives ? row->gives : "nil", &arena);
        arena_reset(&arena);
    }
    arena_release(&arena);
    tx_fixture_close(&fixture);
}

static const struct query_case calls[] = {
    { "[:find ?x ?y :in [?x ...] :where [(* ?x ?x) ?y]]", "[[1 -1 2]]", "[[1 1] [-1 1] [2 4]]",
      NULL, NULL },
    { "[:find ?a ?b :where [(ground [[1 2] [3 4]]) [[?a ?b]]]]", NULL, "[[1 2] [3 4]]", NULL,
      NULL },
    { "[:find ?a :where [(range 4) [?a ...]] [(odd? ?a)]]", NULL, "[[1] [3]]", NULL, NULL },
    { "[:find ?a :in ?t :where [(untuple ?t) [_ ?a]]]", "[[1 2]]", "[[2]]", NULL, NULL },
    { "[:find ?n :where [(identity 1) ?n] [(identity 2) ?n]]", NULL, "[]", NULL, NULL },
    { "[:find ?n :in [?n ...] :where [(inc ?n) ?n]]", "[[1 2]]", "[]", NULL, NULL },
    { "[:find ?e ?x :where [?e :name] [(get-some $ ?e :height :age) [_ ?x]]]", NULL,
      "[[1 15] [2 240]]", NULL, NULL },
    { "[:find ?e :where [?e :name] [(missing? $ ?e :age)]]", NULL, "[[2]]", NULL, NULL },
    { "[:find ?x :in [?x ...] :where [(> 1 2)]]", "[[1]]", "[]", NULL, NULL },
    { "[:find ?x ?y :in [?x ...] [?y ...] :where [(< ?x ?y)]]", "[[1 5] [3 9]]",
      "[[1 3] [1 9] [5 9]]", NULL, NULL },
    { "[:find ?e ?x :in $ ?e :where [(get-else $ ?e :age 0) ?x]]", "[9]", "[[9 0]]", NULL, NULL },
    { "[:find ?x :where [(get-else $ 1 :age nil) ?x]]", NULL, NULL, "incorrect", "nil" },
    { "[:find ?x :where [(/ 1 0) ?x]]", NULL, NULL, "incorrect", "division by zero" },
    { "[:find ?x :where [(+ 9223372036854775807 1) ?x]]", NULL, NULL, "incorrect", "64-bit" },
    { "[:find ?x :where [(quot -9223372036854775808 -1) ?x]]", NULL, NULL, "incorrect", "64-bit" },
    { "[:find ?x :where [(re-find \"(\" \"a\") ?x]]", NULL, NULL, "incorrect", "wrong at byte 1" },
    { "[:find ?x :where [(re-find \"(a+)+$\" \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\") "
      "?x]]",
      NULL, NULL, "incorrect", "backtracking" },
    { "[:find ?x :where [(range 0 10 0) ?x]]", NULL, NULL, "incorrect", "never ends" },
    { "[:find ?x :where [(range 99999999999) ?x]]", NULL, NULL, "incorrect", "at most" },
};

static void test_calls(void **state)
{
    (void)state;
    query_cases_run(people, calls, ARRAY_LEN(calls));
}

#define HEADS "[[[\"Cerberus\" 3] [\"Medusa\" 1] [\"Cyclops\" 1] [\"Chimera\" 1]]]"

static const struct query_case aggregates[] = {
    { "[:find (sum ?h) (count ?h) :in [[?m ?h]]]", HEADS, "[[4 2]]", NULL, NULL },
    { "[:find (sum ?h) (count ?h) (count-distinct ?h) (min ?h) (max ?h) :with ?m :in [[?m ?h]]]",
      HEADS, "[[6 4 2 1 3]]", NULL, NULL },
    { "[:find ?h (count ?m) :in [[?m ?h]]]", HEADS, "[[3 1] [1 3]]", NULL, NULL },
    { "[:find (distinct ?h) . :in [[?m ?h]]]", HEADS, "#{1 3}", NULL, NULL },
    { "[:find (avg ?x) (median ?x) (variance ?x) :in [?x ...]]", "[[10 15 20 35 75]]",
      "[[31 20 554]]", NULL, NULL },
    { "[:find (avg ?x) (median ?x) :in [?x ...]]", "[[1 2]]", "[[1.5 1.5]]", NULL, NULL },
    { "[:find (stddev ?x) . :in [?x ...]]", "[[1 3]]", "1.0", NULL, NULL },
    { "[:find (sum ?x) . :in [?x ...]]", "[[1 0.5]]", "1.5", NULL, NULL },
    { "[:find (min 2 ?x) (max 2 ?x) :in [?x ...]]", "[[:a/b :a-/b :a/c]]",
      "[[[:a/b :a/c] [:a/c :a-/b]]]", NULL, NULL },
    { "[:find (max ?n ?x) . :in ?n [?x ...]]", "[2 [1 2 3]]", "[2 3]", NULL, NULL },
    { "[:find (sample 5 ?x) . :in [?x ...]]", "[[7]]", "[7]", NULL, NULL },
    { "[:find (rand ?x) . :in [?x ...]]", "[[7]]", "7", NULL, NULL },
    { "[:find (rand 2 ?x) . :in [?x ...]]", "[[7]]", "[7 7]", NULL, NULL },
    { "[:find (count ?x) . :in [?x ...]]", "[[]]", "nil", NULL, NULL },
    { "[:find (count ?x) :in [?x ...]]", "[[]]", "[]", NULL, NULL },
    { "[:find (sum ?x) . :in [?x ...]]", "[[1 \"a\"]]", NULL, "incorrect", "sum takes numbers" },
    { "[:find (sum ?x) . :in [?x ...]]", "[[9223372036854775807 1]]", NULL, "incorrect", "64-bit" },
    { "[:find (sample ?x) . :in [?x ...]]", "[[1]]", NULL, "incorrect", "from 1 to" },
    { "[:find (rand 999999999 ?x) . :in [?x ...]]", "[[1]]", NULL, "incorrect", "from 1 to" },
    { "[:find (count 1 ?x) . :in [?x ...]]", "[[1]]", NULL, "incorrect", "too many arguments" },
};

static void test_aggregates(void **state)
{
    (void)state;
    query_cases_run(people, aggregates, ARRAY_LEN(aggregates));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_aggregates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
