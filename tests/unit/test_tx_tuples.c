/* Composite tuples, which follow their parts, and typed tuples, which are values. */
#include "tests/unit/tx_case.h"

static const char schema[] =
    "[{:db/ident :a :db/cardinality :db.cardinality/one}"
    " {:db/ident :b :db/cardinality :db.cardinality/one}"
    " {:db/ident :ref :db/valueType :db.type/ref}"
    " {:db/ident :name :db/unique :db.unique/identity}"
    " {:db/ident :a+b :db/tupleAttrs [:a :b] :db/unique :db.unique/identity}"
    " {:db/ident :ref+name :db/valueType :db.type/tuple :db/tupleAttrs [:ref :name]"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :pair :db/valueType :db.type/tuple"
    "  :db/tupleTypes [:db.type/ref :db.type/double]}"
    " {:db/ident :path :db/valueType :db.type/tuple :db/tupleType :db.type/string}]";

#define X_Y "[[{:db/id 1 :a \"x\" :b \"y\"}]]"

static const struct tx_case cases[] = {
    { NULL, "[[:db/add 1 :a \"x\"]]", "#{[1 :a \"x\"] [1 :a+b [\"x\" nil]]}", NULL, NULL, NULL },
    { X_Y, "[[:db/add 1 :b \"z\"]]", "#{[1 :a \"x\"] [1 :b \"z\"] [1 :a+b [\"x\" \"z\"]]}", NULL,
      NULL, NULL },
    { X_Y, "[[:db/retract 1 :a \"x\"]]", "#{[1 :b \"y\"] [1 :a+b [nil \"y\"]]}", NULL, NULL, NULL },
    { X_Y, "[[:db/retract 1 :a] [:db/retract 1 :b]]", "#{}", NULL, NULL, NULL },
    { X_Y, "[[:db/retractEntity 1]]", "#{}", NULL, NULL, NULL },
    { X_Y, "[[:db/cas 1 :a \"x\" \"q\"]]", "#{[1 :a \"q\"] [1 :b \"y\"] [1 :a+b [\"q\" \"y\"]]}",
      NULL, NULL, NULL },

    /* upsert by the tuple, by its parts, by a tempid; look-up by it */
    { X_Y, "[{:a+b [\"x\" \"y\"] :n 1}]",
      "#{[1 :a \"x\"] [1 :b \"y\"] [1 :a+b [\"x\" \"y\"]] [1 :n "
      "1]}",
      NULL, NULL, NULL },
    { X_Y, "[{:a \"x\" :b \"y\" :n 1}]",
      "#{[1 :a \"x\"] [1 :b \"y\"] [1 :a+b [\"x\" \"y\"]] [1 :n "
      "1]}",
      NULL, NULL, NULL },
    { X_Y, "[[:db/add -1 :n 1] [:db/add -1 :a \"x\"] [:db/add -1 :b \"y\"] {:n 2}]",
      "#{[1 :a \"x\"] [1 :b \"y\"] [1 :a+b [\"x\" \"y\"]] [1 :n 1] [2 :n 2]}", "{-1 1}", NULL,
      NULL },
    { NULL,
      "[[:db/add -1 :a \"x\"] [:db/add -1 :b \"y\"] {:db/id -2 :n 2} [:db/add -2 :a \"x\"]"
      " [:db/add -2 :b \"y\"]]",
      "#{[1 :a \"x\"] [1 :b \"y\"] [1 :a+b [\"x\" \"y\"]] [1 :n 2]}", "{-1 1 -2 1}", NULL, NULL },
    { X_Y, "[[:db/add -1 :a \"x\"] [:db/add -1 :b \"y\"] [:db/add -1 :b \"z\"]]",
      "#{[1 :a \"x\"] [1 :b \"z\"] [1 :a+b [\"x\" \"z\"]]}", "{-1 1}", NULL, NULL },
    { "[[{:db/id 1 :name \"N\"} {:db/id 2 :ref 1 :name \"M\"}]]",
      "[[:db/add -2 :ref -1] [:db/add -2 :n 1] [:db/add -1 :name \"N\"] [:db/add -2 :name \"M\"]]",
      "#{[1 :name \"N\"] [1 :ref+name [nil \"N\"]] [2 :ref 1] [2 :name \"M\"]"
      " [2 :ref+name [1 \"M\"]] [2 :n 1]}",
      "{-1 1 -2 2}", NULL, NULL },
    { "[[{:db/id 1 :a \"x\" :b \"y\"} {:db/id 2 :name \"N\"}]]",
      "[[:db/add -1 :a \"x\"] [:db/add -1 :b \"y\"] [:db/add -1 :name \"N\"]]", NULL, NULL,
      "conflict", "is both entity 1 and entity 2 by its identities" },
    { X_Y, "[[:db/add -1 :a+b [\"x\" \"y\"]] [:db/add -1 :n 1]]",
      "#{[1 :a \"x\"] [1 :b \"y\"] [1 :a+b [\"x\" \"y\"]] [1 :n 1]}", "{-1 1}", NULL, NULL },
    { X_Y, "[[:db/add -1 :a+b [\"x\" \"y\"]] [:db/add 5 :ref -1]]",
      "#{[1 :a \"x\"] [1 :b \"y\"] [1 :a+b [\"x\" \"y\"]] [5 :ref 1] [5 :ref+name [1 nil]]}",
      "{-1 1}", NULL, NULL },
    { X_Y, "[{:db/id 5 :ref {:a+b [\"x\" \"y\"]}}]",
      "#{[1 :a \"x\"] [1 :b \"y\"] [1 :a+b [\"x\" \"y\"]] [5 :ref 1] [5 :ref+name [1 nil]]}", NULL,
      NULL, NULL },
    { X_Y, "[[:db/add [:a+b [\"x\" \"y\"]] :n 1]]",
      "#{[1 :a \"x\"] [1 :b \"y\"] [1 :a+b [\"x\" \"y\"]] [1 :n 1]}", NULL, NULL, NULL },
    { X_Y, "[{:a+b [\"x\" \"y\"] :b \"z\"}]", "#{[1 :a \"x\"] [1 :b \"z\"] [1 :a+b [\"x\" \"z\"]]}",
      NULL, NULL, NULL },
    { "[[{:db/id 1 :name \"R\"} {:db/id 2 :name \"N\" :ref 1}]]",
      "[{:ref+name [[:name \"R\"] \"N\"] :n 1}]",
      "#{[1 :name \"R\"] [1 :ref+name [nil \"R\"]] [2 :name \"N\"] [2 :ref 1] [2 :ref+name [1 "
      "\"N\"]] [2 :n 1]}",
      NULL, NULL, NULL },

    /* written directly it must equal its parts */
    { NULL, "[{:db/id 1 :a+b [\"x\" \"y\"] :a \"x\" :b \"y\"}]",
      "#{[1 :a \"x\"] [1 :b \"y\"] [1 :a+b [\"x\" \"y\"]]}", NULL, NULL, NULL },
    { X_Y, "[[:db/add 1 :a+b [\"x\" \"y\"]]]",
      "#{[1 :a \"x\"] [1 :b \"y\"] [1 :a+b [\"x\" \"y\"]]}", NULL, NULL, NULL },
    { X_Y, "[[:db/add 1 :a+b [\"x\" \"z\"]]]", NULL, NULL, "incorrect", "it follows its parts" },
    { X_Y, "[[:db/retract 1 :a+b]]", NULL, NULL, "incorrect", ":a+b of entity 1" },
    { X_Y, "[[:db/cas 1 :a+b [\"x\" \"y\"] [\"x\" \"z\"]]]", NULL, NULL, "incorrect",
      "it follows its parts" },
    { NULL, "[[:db/add 1 :a \"x\"] [:db/add 1 :a+b [\"x\" nil]]]", NULL, NULL, "incorrect",
      "it follows its parts" },
    { NULL, "[[:db/add 1 :a+b 7]]", NULL, NULL, "incorrect", "it follows its parts" },

    /* unique after each form, not between the entries of one map */
    { "[[{:db/id 1 :a \"x\" :b \"y\"} {:db/id 3 :a \"x\" :b \"z\"}]]", "[[:db/add 1 :b \"z\"]]",
      NULL, NULL, "conflict",
      "cannot add :a+b [\"x\" \"z\"] to entity 1: entity 3 already has it" },
    { "[[{:db/id 1 :a \"x\" :b \"y\"} {:db/id 3 :a \"x\" :b \"z\"}]]",
      "[{:db/id 1 :a \"q\" :b \"z\"}]",
      "#{[1 :a \"q\"] [1 :b \"z\"] [1 :a+b [\"q\" \"z\"]] [3 :a \"x\"] [3 :b \"z\"] [3 :a+b [\"x\" "
      "\"z\"]]}",
      NULL, NULL, NULL },

    /* declared over datoms that are there: saying a part again fills it in */
    { "[[{:db/id 1 :c 1 :d 2} {:db/id 2 :c 1}] [{:db/ident :c+d :db/tupleAttrs [:c :d]}]]",
      "[[:db/add 1 :c 1]]", "#{[1 :c 1] [1 :d 2] [1 :c+d [1 2]] [2 :c 1]}", NULL, NULL, NULL },

    /* parts that are unknown are made, before, after and inside the declaration's own map */
    { NULL, "[{:db/ident :p+q :db/tupleAttrs [:p :q]} {:db/id 1 :p 1}]",
      "#{[1 :p 1] [1 :p+q [1 nil]]}", NULL, NULL, NULL },
    { "[[{:db/id 1 :q 1}]]", "[{:db/ident :p+q :db/tupleAttrs [:p :q]}]", "#{[1 :q 1]}", NULL, NULL,
      NULL },
    { "[[{:db/ident :p+q :db/tupleAttrs [:p :q]}]]", "[{:db/id 1 :p 1 :q 2}]",
      "#{[1 :p 1] [1 :q 2] [1 :p+q [1 2]]}", NULL, NULL, NULL },
    { NULL, "[{:db/ident :p+q :db/tupleAttrs [:p :q]} {:db/ident :p :db/valueType :db.type/ref}]",
      "#{}", NULL, NULL, NULL },
    { NULL, "[{:db/ident :p+q :db/tupleAttrs [:p :p+q]}]", NULL, NULL, "conflict", ":p+q" },
    { NULL, "[{:db/ident :p+q :db/tupleAttrs [:p :_q]}]", NULL, NULL, "incorrect", ":_q" },

    /* typed tuples */
    { "[[{:db/id 1 :name \"R\"}]]", "[[:db/add 5 :pair [[:name \"R\"] 2]]]",
      "#{[1 :name \"R\"] [1 :ref+name [nil \"R\"]] [5 :pair [1 2.0]]}", NULL, NULL, NULL },
    { NULL, "[[:db/add 5 :path [\"a\" \"b\" \"c\"]]]", "#{[5 :path [\"a\" \"b\" \"c\"]]}", NULL,
      NULL, NULL },
    { NULL, "[[:db/add 5 :path [\"a\" 1]]]", NULL, NULL, "incorrect", ":path" },
    { NULL, "[[:db/add 5 :pair [1]]]", NULL, NULL, "incorrect", ":pair" },
    { NULL, "[[:db/add 5 :pair [1 \"x\"]]]", NULL, NULL, "incorrect", ":db.type/double" },
};

static void test_tuples(void **state)
{
    (void)state;
    tx_cases_run(cases, ARRAY_LEN(cases), schema, FLEXIBILITY_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_tuples) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
