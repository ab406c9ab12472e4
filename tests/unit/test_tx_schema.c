/* Schema as data: declaring attributes, using them, changing them, and what may not change. */
#include "tests/unit/tx_case.h"

static const struct tx_case flexible[] = {
    /* an unknown attribute comes with its first use; declaring it later is an upsert */
    { "[[[:db/add 1 :x 1]]]", "[{:db/ident :x :db/cardinality :db.cardinality/many}]",
      "#{[1 :x 1]}", "{}", NULL, NULL },
    { "[[[:db/add 1 :x 1]] [{:db/ident :x :db/cardinality :db.cardinality/many}]]",
      "[[:db/add 1 :x 2]]", "#{[1 :x 1] [1 :x 2]}", NULL, NULL, NULL },
    { "[[{:db/id 1 :x 1} {:db/id 2 :x 2}] [{:db/ident :x :db/unique :db.unique/identity}]]",
      "[{:x 2 :y 5}]", "#{[1 :x 1] [2 :x 2] [2 :y 5]}", NULL, NULL, NULL },
    { "[[{:db/id 1 :x 2} {:db/id 2 :n 2}] [{:db/ident :x :db/valueType :db.type/ref}]]",
      "[[:db/retractEntity 2]]", "#{}", NULL, NULL, NULL },
    { "[[{:db/id 1 :x 1}]]", "[{:db/ident :x :db/index true :db/doc \"an x\"}]", "#{[1 :x 1]}",
      NULL, NULL, NULL },

    /* declared and used in one transaction, by a map, by forms, by a tempid */
    { NULL, "[{:db/ident :x :db/unique :db.unique/identity} {:x 1 :y 1} {:x 1 :y 2}]",
      "#{[1 :x 1] [1 :y 2]}", NULL, NULL, NULL },
    { NULL,
      "[[:db/add \"x\" :db/ident :x] [:db/add \"x\" :db/cardinality :db.cardinality/many]"
      " {:x [1 2]}]",
      "#{[1 :x 1] [1 :x 2]}", "{\"x\" 536805440}", NULL, NULL },
    { NULL,
      "[{:db/ident :a+b :db/tupleAttrs [:a :b]} {:db/ident :a :db/cardinality "
      ":db.cardinality/one} {:db/ident :b :db/cardinality :db.cardinality/one} {:a 1}]",
      "#{[1 :a 1] [1 :a+b [1 nil]]}", NULL, NULL, NULL },

    /* any other entity with an ident is a user's */
    { NULL, "[{:db/ident :color/red} [:db/add 7 :color :color/red]]",
      "#{[1 :db/ident :color/red] [7 :color :color/red]}", NULL, NULL, NULL },

    /* an attribute without datoms may be renamed and retracted; its id is not used again */
    { "[[{:db/ident :x :db/index true}] [[:db/add :x :db/ident :z]]]", "[{:z 1}]", "#{[1 :z 1]}",
      NULL, NULL, NULL },
    { "[[{:db/ident :x :db/cardinality :db.cardinality/many}] [[:db/retractEntity :x]]]",
      "[{:db/id \"t\" :db/ident :x :db/index true}]", "#{}", "{\"t\" 536805441}", NULL, NULL },

    /* what has or had datoms keeps its name and type */
    { "[[[:db/add 1 :x 1]]]", "[[:db/add :x :db/ident :z]]", NULL, NULL, "conflict",
      ":x has or had datoms" },
    { "[[[:db/add 1 :x 1]] [[:db/retract 1 :x 1]]]", "[[:db/retractEntity :x]]", NULL, NULL,
      "conflict", ":x has or had datoms" },
    { "[[[:db/add 1 :x \"s\"]]]", "[{:db/ident :x :db/valueType :db.type/string}]", NULL, NULL,
      "conflict", ":x has or had datoms" },
    { "[[[:db/add 1 :x \"s\"]]]", "[{:db/ident :x :db/valueType :db.type/ref}]", NULL, NULL,
      "conflict", ":x" },
    { "[[[:db/add 1 :x 1] [:db/add 2 :x 1]]]", "[{:db/ident :x :db/unique :db.unique/value}]", NULL,
      NULL, "conflict", ":x" },
    { "[[{:db/ident :x :db/cardinality :db.cardinality/many} {:x [1 2]}]]",
      "[{:db/ident :x :db/cardinality :db.cardinality/one}]", NULL, NULL, "conflict", ":x" },

    /* a change and writes of the same attribute do not go together */
    { "[[[:db/add 1 :x 1]]]", "[{:db/ident :x :db/unique :db.unique/value} [:db/add 2 :x 1]]", NULL,
      NULL, "incorrect", ":x changes in this transaction" },
    { NULL, "[[:db/add 1 :x 1] {:db/ident :x :db/cardinality :db.cardinality/many}]", NULL, NULL,
      "incorrect", ":x is declared after its first use" },

    { NULL, "[{:db/ident :x :db/valueType :db.type/banana}]", NULL, NULL, "incorrect", "banana" },
    { NULL, "[{:db/ident :x :db/cardinality :many}]", NULL, NULL, "incorrect", ":x" },
    { NULL, "[{:db/ident :x :db/isComponent true}]", NULL, NULL, "incorrect", ":x" },
    { NULL, "[{:db/ident :x :db/tupleAttrs [:p 7]}]", NULL, NULL, "incorrect", ":x" },
    { NULL, "[{:db/ident :a/_b :db/index true}]", NULL, NULL, "incorrect", "the reverse of" },
    { NULL, "[{:db/ident :db/mine :db/index true}]", NULL, NULL, "incorrect", "reserved" },
    { NULL, "[{:db/ident :db/doc :db/index true}]", NULL, NULL, "incorrect", "built-in" },
    { NULL, "[{:db/id 5 :db/ident :x :db/index true}]", NULL, NULL, "incorrect",
      "entity 5 is no attribute" },
    { "[[{:db/id 5 :db/ident :x}]]", "[[:db/add 1 :x 1]]", NULL, NULL, "conflict",
      "entity 5 has it as its :db/ident" },
    { "[[{:db/ident :x :db/index true}]]", "[[:db/retract :x :db/ident :x]]", NULL, NULL,
      "incorrect", "has no :db/ident" },
    { "[[{:db/ident :a :db/index true} {:db/ident :b :db/index true}"
      "  {:db/ident :a+b :db/tupleAttrs [:a :b]}]]",
      "[[:db/retractEntity :a]]", NULL, NULL, "conflict", ":a" },
    { NULL, "[[:db/add 536805500 :db/doc \"none\"]]", NULL, NULL, "incorrect",
      "no such attribute" },
    { NULL, "[[:db/add 536805376 :db/doc \"mine\"]]", NULL, NULL, "incorrect", "built-in" },
};

static const char declared[] = "[{:db/ident :s :db/valueType :db.type/string}"
                               " {:db/ident :k :db/valueType :db.type/keyword}"
                               " {:db/ident :y :db/valueType :db.type/symbol}"
                               " {:db/ident :n :db/valueType :db.type/long}"
                               " {:db/ident :d :db/valueType :db.type/double}"
                               " {:db/ident :b :db/valueType :db.type/boolean}"
                               " {:db/ident :i :db/valueType :db.type/instant}"
                               " {:db/ident :u :db/valueType :db.type/uuid}"
                               " {:db/ident :r :db/valueType :db.type/ref}"
                               " {:db/ident :bytes :db/valueType :db.type/bytes}"
                               " {:db/ident :m :db/valueType :db.type/ref"
                               "  :db/cardinality :db.cardinality/many}]";

static const struct tx_case strict[] = {
    { NULL,
      "[{:s \"x\" :k :x :y x :n 1 :d 1 :b false :i #inst \"2021\" :r 5"
      "  :u #uuid \"00000000-0000-0000-0000-000000000001\" :bytes #bytes \"AAE=\"}]",
      "#{[1 :s \"x\"] [1 :k :x] [1 :y x] [1 :n 1] [1 :d 1.0] [1 :b false] [1 :i #inst \"2021\"]"
      " [1 :r 5] [1 :u #uuid \"00000000-0000-0000-0000-000000000001\"] [1 :bytes #bytes \"AAE=\"]}",
      NULL, NULL, NULL },
    { NULL, "[{:m [{:n 1} {:n 2}]}]", "#{[1 :m 2] [2 :n 1] [1 :m 3] [3 :n 2]}", NULL, NULL, NULL },
    { NULL, "[{:db/ident :late :db/valueType :db.type/long} [:db/add 1 :late 3]]", "#{[1 :late 3]}",
      NULL, NULL, NULL },
    { "[[{:db/ident :late :db/valueType :db.type/long}]]",
      "[{:db/ident :late :db/valueType :db.type/string} {:late \"x\"}]", "#{[1 :late \"x\"]}", NULL,
      NULL, NULL },
    { NULL, "[[:db/add 1 :unknown 3]]", NULL, NULL, "incorrect", "attribute :unknown is not" },
    { NULL, "[{:db/ident :x :db/tupleAttrs [:s :unknown]}]", NULL, NULL, "incorrect", ":unknown" },
    { NULL, "[{:db/id 1 :unknown 3}]", NULL, NULL, "incorrect", "attribute :unknown is not" },
    { NULL, "[[:db/retract 1 :unknown 3]]", NULL, NULL, "incorrect", "attribute :unknown is not" },
    { NULL, "[[:db/cas 1 :unknown nil 3]]", NULL, NULL, "incorrect", "attribute :unknown is not" },
    { NULL, "[[:db/add 1 :s 3]]", NULL, NULL, "incorrect", ":db.type/string" },
    { NULL, "[[:db/add 1 :n \"x\"]]", NULL, NULL, "incorrect", ":n" },
    { NULL, "[[:db/add 1 :n 1.5]]", NULL, NULL, "incorrect", ":db.type/long" },
    { NULL, "[[:db/add 1 :k \"x\"]]", NULL, NULL, "incorrect", ":db.type/keyword" },
    { NULL, "[[:db/add 1 :b 1]]", NULL, NULL, "incorrect", ":db.type/boolean" },
    { NULL, "[[:db/add 1 :s [\"x\"]]]", NULL, NULL, "incorrect", ":db.type/string" },
    { NULL, "[{:s {:n 1}}]", NULL, NULL, "incorrect", ":db.type/string" },
    { "[[[:db/add 1 :n 1]]]", "[{:db/ident :n :db/valueType :db.type/ref}]", NULL, NULL, "conflict",
      ":n has or had datoms" },
};

static void test_flexible(void **state)
{
    (void)state;
    tx_cases_run(flexible, ARRAY_LEN(flexible), NULL, FLEXIBILITY_READ);
}

static void test_strict(void **state)
{
    (void)state;
    tx_cases_run(strict, ARRAY_LEN(strict), declared, FLEXIBILITY_WRITE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flexible),
        cmocka_unit_test(test_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
