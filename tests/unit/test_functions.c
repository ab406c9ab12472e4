/* The built-in functions, predicates and aggregates. */
#include "common/hashmap.h"
#include "tests/unit/query_case.h"
#include "txd/query/functions.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

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
    { "(upper-case \"ωжß\")", "\"ΩЖSS\"" },
    { "(lower-case \"ΩАԳ\")", "\"ωаգ\"" },
    { "(capitalize \"ёЖ\")", "\"Ёж\"" },
    { "(capitalize \"\")", "\"\"" },
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
    /* edges of numbers */
    { "(< 1 2 ##NaN)", "true" },
    { "(= ##NaN ##NaN)", "true" },
    { "(< ##NaN 1)", "false" },
    { "(max 1 ##NaN)", "##NaN" },
    { "(= 0.0 -0.0)", "true" },
    { "(< 9007199254740992 9007199254740993)", "true" },
    { "(= 9007199254740993 9007199254740992.0)", "false" },
    { "(< 9223372036854775807 ##Inf)", "true" },
    { "(> -9223372036854775808 ##-Inf)", "true" },
    { "(- 9223372036854775807 1)", "9223372036854775806" },
    { "(+ 9223372036854775807 1.0)", "9223372036854775808.0" },
    { "(/ 6 -1)", "-6" },
    { "(/ 4)", "0.25" },
    { "(/ 1.0 0)", "##Inf" },
    { "(* 0.5 4)", "2.0" },
    { "(quot 7.5 2)", "3.0" },
    { "(rem -7.5 2)", "-1.5" },
    { "(mod -7.5 2)", "0.5" },
    { "(mod 5 -5)", "0" },
    { "(quot -9223372036854775808 1)", "-9223372036854775808" },
    { "(abs -3)", "3" },
    { "(abs -1.5)", "1.5" },
    { "(rand-int 1)", "0" },
    { "(rand 0)", "0.0" },
    { "(zero? ##NaN)", "false" },
    { "(pos? ##NaN)", "false" },
    { "(even? 0)", "true" },
    { "(odd? -9223372036854775807)", "true" },
    { "(long 2.9)", "2" },
    { "(long -2.9)", "-2" },
    { "(double 3)", "3.0" },
    { "(parse-long \"-12\")", "-12" },
    { "(parse-long \"9223372036854775808\")", NULL },
    { "(parse-long \"1.5\")", NULL },
    { "(parse-long \" 1\")", NULL },
    { "(parse-double \"1e3\")", "1000.0" },
    { "(parse-double \"x\")", NULL },
    { "(parse-double \"e3\")", NULL },
    { "(parse-double \"\")", NULL },
    { "(parse-double \"nan\")", NULL },
    { "(inst-ms #inst \"1970-01-01T00:00:01Z\")", "1000" },
    /* across types: nil, booleans, numbers, instants, uuids, strings, keywords, symbols,
     * collections */
    { "(< nil false true -1 0.5 #inst \"1970-01-01\""
      " #uuid \"00000000-0000-0000-0000-000000000000\""
      " \"\" :a [] #{} {})",
      "true" },
    { "(< :z :a/a)", "true" },
    { "(< [1 2] [1 2 3] [1 3])", "true" },
    { "(= [1 [2.0]] (1 [2]))", "true" },
    { "(= #{1 2} #{2 1})", "true" },
    { "(= {:a 1 :b 2} {:b 2 :a 1})", "true" },
    { "(= \"1\" 1)", "false" },
    { "(compare \"a\" \"c\")", "-1" },
    { "(compare 1 1.0)", "0" },
    { "(min nil 1)", NULL },
    { "(= nil nil)", "true" },
    { "(-differ? 1)", "true" },
    { "(-differ? 1 2 1 2)", "false" },
    { "(and)", "true" },
    { "(or)", NULL },
    { "(or nil false)", "false" },
    { "(identical? :a :a)", "true" },
    /* nil */
    { "(count nil)", "0" },
    { "(empty? nil)", "true" },
    { "(first nil)", NULL },
    { "(get nil :a)", NULL },
    { "(get nil :a 1)", "1" },
    { "(contains? nil 1)", "false" },
    { "(set nil)", "#{}" },
    { "(str nil)", "\"\"" },
    { "(blank? nil)", "true" },
    /* strings */
    { "(str)", "\"\"" },
    { "(str [1 \"a\"] #{:b})", "\"[1 \\\"a\\\"]#{:b}\"" },
    { "(print-str \"a\" nil :b)", "\"a nil :b\"" },
    { "(println-str \"a\")", "\"a\n\"" },
    { "(prn-str \"a\")", "\"\\\"a\\\"\n\"" },
    { "(subs \"abc\" 2 9)", "\"c\"" },
    { "(subs \"abc\" 3)", "\"\"" },
    { "(subs \"abc\" 9)", "\"\"" },
    { "(index-of \"abc\" \"\")", "0" },
    { "(includes? \"\" \"\")", "true" },
    { "(replace \"aaa\" \"\" \"x\")", "\"aaa\"" },
    { "(split \"\" \",\")", "[\"\"]" },
    { "(re-seq \"x\" \"\")", NULL },
    { "(re-find \"\" \"\")", "\"\"" },
    { "(re-find \"\\\\w+\" \"héllo\")", "\"h\"" },
    { "(re-find \"h.l\" \"hél\")", "\"hél\"" },
    /* collections */
    { "(get #{1} 1)", "1" },
    { "(get [1] -1)", NULL },
    { "(get \"abc\" 0)", NULL },
    { "(contains? {:a nil} :a)", "true" },
    { "(contains? [5] 0)", "true" },
    { "(nth [1 2] 1)", "2" },
    { "(nth [1 2] 2)", NULL },
    { "(nth [1 2] 2 :x)", ":x" },
    { "(second (1 2))", "2" },
    { "(last [])", NULL },
    { "(range 0)", "()" },
    { "(range 3 3)", "()" },
    { "(hash-map)", "{}" },
    { "(hash-set 1 1.0)", "#{1 1.0}" },
    { "(keys {})", NULL },
    { "(type 1)", ":long" },
    { "(type [])", ":vector" },
    { "(map? {})", "true" },
    { "(vector? ())", "false" },
    { "(sequential? ())", "true" },
    { "(coll? #{})", "true" },
    { "(int? 1.0)", "false" },
    { "(inst? #inst \"1970-01-01\")", "true" },
    { "(name \"a/b\")", "\"a/b\"" },
    { "(name :/)", "\"/\"" },
    { "(keyword \"a/b\")", ":a/b" },
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

/* Calls that are wrong, and what their errors say. */
static const struct wrong {
    const char *call;
    const char *says;
} wrongs[] = {
    { "(+ 1 \"a\")", "+ takes numbers, given the string \"a\"" },
    { "(- nil)", "- takes numbers, given the nil nil" },
    { "(* 2 :a)", "* takes numbers" },
    { "(* 9223372036854775807 2)", "*: the result does not fit" },
    { "(- -9223372036854775808)", "-: the result does not fit" },
    { "(inc 9223372036854775807)", "inc: the result does not fit" },
    { "(dec -9223372036854775808)", "dec: the result does not fit" },
    { "(inc \"a\")", "inc takes numbers" },
    { "(abs -9223372036854775808)", "abs: the result does not fit" },
    { "(/ 0)", "/: division by zero" },
    { "(/ 5 1 0)", "/: division by zero" },
    { "(quot 1 0)", "quot: division by zero" },
    { "(rem 1 0)", "rem: division by zero" },
    { "(mod 1.5 0.0)", "mod: division by zero" },
    { "(mod 1 \"2\")", "mod takes numbers" },
    { "(rand-int 0)", "rand-int takes a long above 0" },
    { "(rand :a)", "rand takes numbers" },
    { "(even? 1.0)", "even? takes a long" },
    { "(odd? nil)", "odd? takes a long" },
    { "(zero? :a)", "zero? takes numbers" },
    { "(pos? \"1\")", "pos? takes numbers" },
    { "(neg? [])", "neg? takes numbers" },
    { "(long ##Inf)", "long takes what fits" },
    { "(long \"1\")", "long takes a number" },
    { "(double nil)", "double takes a number" },
    { "(parse-long 1)", "parse-long takes strings" },
    { "(parse-double 1)", "parse-double takes strings" },
    { "(inst-ms 5)", "inst-ms takes an instant" },
    { "(subs 5 1)", "subs takes a string" },
    { "(subs \"abc\" -1)", "subs takes positions" },
    { "(subs \"abc\" \"1\")", "subs takes positions" },
    { "(subs \"abc\" 2 1)", "subs takes a start before the end" },
    { "(starts-with? \"a\" 1)", "starts-with? takes strings" },
    { "(ends-with? nil \"a\")", "ends-with? takes strings" },
    { "(includes? \"a\" :a)", "includes? takes strings" },
    { "(index-of 1 \"a\")", "index-of takes strings" },
    { "(blank? 1)", "blank? takes strings" },
    { "(trim nil)", "trim takes strings" },
    { "(triml 1)", "triml takes strings" },
    { "(trimr 1)", "trimr takes strings" },
    { "(upper-case :a)", "upper-case takes strings" },
    { "(lower-case 1)", "lower-case takes strings" },
    { "(capitalize 1)", "capitalize takes strings" },
    { "(replace \"a\" \"b\" 1)", "replace takes strings" },
    { "(replace-first 1 \"b\" \"c\")", "replace-first takes strings" },
    { "(join \",\" 5)", "join takes a vector, list or set last" },
    { "(re-find 5 \"a\")", "re-find takes strings" },
    { "(re-find \"[\" \"a\")", "is wrong at byte" },
    { "(re-matches \"a\" :a)", "re-matches takes strings" },
    { "(re-seq \"a\" 1)", "re-seq takes strings" },
    { "(re-pattern 1)", "re-pattern takes strings" },
    { "(split 1 \",\")", "split takes strings" },
    { "(split-lines 1)", "takes strings" },
    { "(name 1)", "name takes a keyword" },
    { "(namespace \"a\")", "namespace takes a keyword" },
    { "(keyword 1)", "keyword takes strings" },
    { "(keyword \"\")", "keyword: the name is empty" },
    { "(keyword \"a b\")", "keyword: the name holds a character" },
    { "(symbol \"1\")", "symbol: the name begins as no symbol may" },
    { "(symbol \"nil\")", "symbol: the name is a word of EDN" },
    { "(count 5)", "count takes a string or a collection, given the long 5" },
    { "(empty? :a)", "empty? takes" },
    { "(not-empty 1)", "not-empty takes" },
    { "(contains? \"abc\" 1)", "contains? takes a collection first" },
    { "(first {:a 1})", "first takes a vector, list or set" },
    { "(second 1)", "second takes a vector" },
    { "(last \"a\")", "last takes a vector" },
    { "(nth [1] :a)", "nth takes a long" },
    { "(nth 5 1)", "nth takes a vector" },
    { "(range 1.5)", "range takes longs" },
    { "(range 0 1 0)", "never ends" },
    { "(set 5)", "set takes a vector" },
    { "(hash-map 1)", "hash-map takes keys and values, given 1" },
    { "(keys [])", "keys takes a map" },
    { "(vals nil)", "vals takes a map" },
    { "(untuple 5)", "untuple takes a tuple" },
    { "(get-else $ 1 :age nil)", "nil cannot be the default" },
    { "(get-else $ 1 5 0)", "get-else takes an attribute" },
    { "(missing? $ 1 nil)", "missing? takes an attribute" },
    { "(get-some $ 1 :none 5)", "get-some takes an attribute" },
    { "(get-else $ [:age 15] :on 0)", "not unique" },
};

static bool run_call(struct tx_fixture *fixture, const char *call, struct arena *arena,
                     struct error *err)
{
    struct query_limits limits = query_limits_wide();
    struct query_request request = { .query = value_string(arena_printf(
                                         arena, "[:find ?x :in $ :where [%s ?x]]", call)) };
    struct snapshot *snapshot = graph_snapshot(fixture->graph);
    struct value actual;
    bool ok = query_run(snapshot, &request, &limits, arena, &actual, err);

    snapshot_release(snapshot);
    return ok;
}

static void expect_wrong(struct tx_fixture *fixture, const char *call, const char *says)
{
    struct arena arena = { 0 };
    struct error err;

    if (run_call(fixture, call, &arena, &err))
        fail_msg("%s: expected to fail: %s", call, says);
    if (err.kind != ERROR_INCORRECT || !strstr(err.message, says) || !strstr(err.message, call))
        fail_msg("%s\n  expected %s\n  actual   %s: %s", call, says, error_code(err.kind),
                 err.message);
    arena_release(&arena);
}

static void test_wrongs(void **state)
{
    struct tx_fixture fixture;

    (void)state;
    query_fixture_open(&fixture, people);
    for (size_t i = 0; i < ARRAY_LEN(wrongs); i++)
        expect_wrong(&fixture, wrongs[i].call, wrongs[i].says);
    tx_fixture_close(&fixture);
}

static const struct function *const functions[] = {
    functions_collection, functions_graph, functions_logic,  functions_name,
    functions_number,     functions_regex, functions_string, functions_type,
};

/* A call of so many arguments. */
static const char *call_of(const struct function *function, uint32_t count, struct buffer *text)
{
    buffer_clear(text);
    buffer_printf(text, "(%s%s", function->name, function->takes_source ? " $" : "");
    for (uint32_t i = 0; i < count; i++)
        buffer_printf(text, " 1");
    buffer_append(text, ")", 2);
    return text->data;
}

/* Every built-in is found, its table is sorted, and it refuses too few and too many arguments. */
static void test_arities(void **state)
{
    struct tx_fixture fixture;
    struct buffer text = { 0 };

    (void)state;
    query_fixture_open(&fixture, people);
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        for (const struct function *function = functions[i]; function->name; function++) {
            assert_ptr_equal(function_find(bytes_of(function->name)), function);
            if (function != functions[i] && strcmp(function[-1].name, function->name) >= 0)
                fail_msg("%s is behind %s", function->name, function[-1].name);
            if (function->min > 0)
                expect_wrong(&fixture, call_of(function, function->min - 1, &text), "takes");
            if (function->max < ARGUMENTS_MAX)
                expect_wrong(&fixture, call_of(function, function->max + 1, &text), "takes");
        }
    }
    buffer_release(&text);
    tx_fixture_close(&fixture);
}

/* The text between the next two backquotes; *at moves behind it. */
static bool quoted(const char **at, struct bytes *out)
{
    const char *begin = strchr(*at, '`'), *end = begin ? strchr(begin + 1, '`') : NULL;

    if (!end)
        return false;
    *out = (struct bytes){ begin + 1, (size_t)(end - begin - 1) };
    *at = end + 1;
    return true;
}

/* A row `(call)` | `result` of the manual; false when the line is none. */
static bool run_example(struct tx_fixture *fixture, const char *line, struct bytes *call)
{
    struct arena arena = { 0 };
    struct bytes result;

    if (strncmp(line, "| `(", 4) != 0 || !quoted(&line, call) || strncmp(line, " | `", 4) != 0 ||
        !quoted(&line, &result))
        return false;
    struct query_request request = {
        .query =
            value_string(arena_printf(&arena, "[:find ?x . :where [%.*s ?x]]", BYTES_ARG(*call)))
    };
    struct value actual = query_must(fixture, &request, &arena);
    query_expect(call->data, &actual, arena_printf(&arena, "%.*s%c", BYTES_ARG(result), 0).data,
                 &arena);
    arena_release(&arena);
    return true;
}

static bool shows(const struct hashmap *shown, const char *name)
{
    return hashmap_get(shown, bytes_of(name)) != NULL;
}

/* The manual shows an example of every function, and gives what it says. */
static void test_manual(void **state)
{
    const char *root = getenv("STOA_SOURCE");
    char path[PATH_MAX], line[4096];
    struct tx_fixture fixture;
    struct hashmap shown = { 0 };

    (void)state;
    snprintf(path, sizeof(path), "%s/docs/query.md", root ? root : ".");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    query_fixture_open(&fixture, people);
    while (fgets(line, sizeof(line), file)) {
        struct bytes call;
        if (!run_example(&fixture, line, &call))
            continue;
        struct bytes name = { call.data + 1, strcspn(call.data + 1, " )") };
        hashmap_put(&shown, name, path);
    }
    fclose(file);
    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        for (const struct function *function = functions[i]; function->name; function++)
            if (!shows(&shown, function->name))
                fail_msg("the manual has no example of %s", function->name);
    hashmap_release(&shown);
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
    { "[:find ?x :in ?f [?x ...] :where [(?f ?x)]]", "[odd? [1 2 3]]", "[[1] [3]]", NULL, NULL },
    { "[:find ?y :in [?f ...] :where [(?f 4) ?y]]", "[[:inc \"dec\"]]", "[[5] [3]]", NULL, NULL },
    { "[:find ?y :in ?f :where [(?f 4) ?y]]", "[7]", NULL, "incorrect",
      "a call takes the name of a built-in function that takes no source, given the long 7" },
    { "[:find ?y :in ?f :where [(?f 4 5) ?y]]", "[:inc]", NULL, "incorrect",
      "inc does not take 2 arguments" },
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
    { "[:find (aggregate ?f ?x) . :in [?x ...] ?f]", "[[1 3] sum]", "4", NULL, NULL },
    { "[:find (aggregate ?f 2 ?x) . :in [?x ...] ?f]", "[[1 3 5] :max]", "[3 5]", NULL, NULL },
    { "[:find (aggregate ?f ?x) . :in [?x ...] ?f]", "[[1 3] frob]", NULL, "incorrect",
      "unknown aggregate in :find (aggregate ?f ?x)" },
    { "[:find (aggregate ?f ?x) . :in [?x ...] [?f]]", "[[1 3] [sum]]", NULL, "incorrect",
      "unknown aggregate in :find (aggregate ?f ?x)" },
    { "[:find (aggregate ?f) . :in ?f]", "[sum]", NULL, "incorrect",
      "an aggregate's last argument must be a variable" },
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

/* A value that each clause puts into another, once or twice, until it is refused. */
static const struct growth {
    bool twice;
    uint32_t clauses;
    const char *says; /* NULL: it is not refused */
} growths[] = {
    { false, 101, NULL },
    { false, 102, "more than 100 collections in one another" },
    { true, 18, NULL },
    { true, 60, "or 1048576 values in all" },
};

static void test_growth(void **state)
{
    struct buffer text = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(growths); i++) {
        const struct growth *growth = &growths[i];
        text.len = 0;
        buffer_printf(&text, "[:find ?0 . :in ?0 :where");
        for (uint32_t n = 0; n < growth->clauses; n++) {
            buffer_printf(&text, " [(vector ?%u", n);
            if (growth->twice)
                buffer_printf(&text, " ?%u", n);
            buffer_printf(&text, ") ?%u]", n + 1);
        }
        buffer_append_bytes(&text, (struct bytes){ "]", 2 }); /* and the NUL */
        struct query_case row = { text.data, "[7]", growth->says ? NULL : "7",
                                  growth->says ? "incorrect" : NULL, growth->says };
        query_cases_run(people, &row, 1);
    }
    buffer_release(&text);
}

static void test_aggregates(void **state)
{
    (void)state;
    query_cases_run(people, aggregates, ARRAY_LEN(aggregates));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions), cmocka_unit_test(test_wrongs),
        cmocka_unit_test(test_arities),     cmocka_unit_test(test_manual),
        cmocka_unit_test(test_calls),       cmocka_unit_test(test_aggregates),
        cmocka_unit_test(test_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
