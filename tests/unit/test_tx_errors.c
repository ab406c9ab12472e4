/* Bad transactions: each with its code and words, the graph unchanged and usable afterwards. */
#include "tests/unit/tx_case.h"

static const char schema[] =
    "[{:db/ident :name :db/unique :db.unique/identity}"
    " {:db/ident :code :db/unique :db.unique/value}"
    " {:db/ident :aka :db/cardinality :db.cardinality/many}"
    " {:db/ident :friend :db/valueType :db.type/ref}"
    " {:db/ident :friends :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :count :db/valueType :db.type/long}]";

#define A_B "[[{:db/id 1 :name \"A\" :age 5} {:db/id 2 :name \"B\"}]]"

static const struct tx_case cases[] = {
    /* the shape of tx_data */
    { NULL, "nil", NULL, NULL, "incorrect", "tx_data: a vector of forms is expected" },
    { NULL, "5", NULL, NULL, "incorrect", "tx_data: a vector of forms is expected" },
    { NULL, "{:name \"x\"}", NULL, NULL, "incorrect", "tx_data: a vector of forms is expected" },
    { NULL, "#{[:db/add 1 :a 1]}", NULL, NULL, "incorrect", "tx_data: a vector of forms" },
    { NULL, "\"[[:db/add 1 :a 1]\"", NULL, NULL, "incorrect", "tx_data" },
    { NULL, "\"[[:db/add 1 :a 1]] 5\"", NULL, NULL, "incorrect", "tx_data" },
    { NULL, "\"7\"", NULL, NULL, "incorrect", "not 7" },
    { NULL, "[:db/add 1 :name \"A\"]", NULL, NULL, "incorrect", "a map or a vector is expected" },
    { NULL, "[5]", NULL, NULL, "incorrect", "5: a map or a vector is expected" },
    { NULL, "[\"x\"]", NULL, NULL, "incorrect", "a map or a vector is expected" },
    { NULL, "[#{1}]", NULL, NULL, "incorrect", "a map or a vector is expected" },

    /* operations */
    { NULL, "[[]]", NULL, NULL, "incorrect", "unknown operation" },
    { NULL, "[[:db/dance 1 :a 2]]", NULL, NULL, "incorrect", "unknown operation :db/dance" },
    { NULL, "[[\"dance\" 1]]", NULL, NULL, "incorrect", "unknown operation \"dance\"" },
    { NULL, "[[nil 1 :a 2]]", NULL, NULL, "incorrect", "unknown operation nil" },
    { NULL, "[[1 :a 2 536870913 true]]", NULL, NULL, "incorrect", "unknown operation 1" },
    { NULL, "[[:db.fn/call f]]", NULL, NULL, "incorrect", "unknown operation :db.fn/call" },
    { NULL, "[[:db/add]]", NULL, NULL, "incorrect", "[:db/add e a v] is expected" },
    { NULL, "[[:db/add 1 :a]]", NULL, NULL, "incorrect", "[:db/add e a v] is expected" },
    { NULL, "[[:db/add 1 :a 1 2]]", NULL, NULL, "incorrect", "[:db/add e a v] is expected" },
    { NULL, "[[:db/retract 1]]", NULL, NULL, "incorrect", "[:db/retract e a]" },
    { NULL, "[[:db/retractEntity 1 :a]]", NULL, NULL, "incorrect", "[:db/retractEntity e]" },
    { NULL, "[[:db/cas 1 :a 1]]", NULL, NULL, "incorrect", "[:db/cas e a old new]" },

    /* attributes */
    { NULL, "[[:db/add -1 nil \"x\"]]", NULL, NULL, "incorrect", "nil cannot be an attribute" },
    { NULL, "[[:db/add -1 5 \"x\"]]", NULL, NULL, "incorrect", "5 cannot be an attribute" },
    { NULL, "[{17 \"x\"}]", NULL, NULL, "incorrect", "17 cannot be an attribute" },
    { NULL, "[{\"\" \"x\"}]", NULL, NULL, "incorrect", "cannot be an attribute" },
    { NULL, "[{\":\" \"x\"}]", NULL, NULL, "incorrect", "cannot be an attribute" },
    { NULL, "[{\"a b\" 1}]", NULL, NULL, "incorrect", "cannot be in a keyword" },
    { NULL, "[{\"a/\" 1}]", NULL, NULL, "incorrect", "is no name for an attribute" },
    { NULL, "[{:db/cardinalty 1}]", NULL, NULL, "incorrect", "no attribute :db/cardinalty" },
    { NULL, "[[:db/add 1 :_friend 2]]", NULL, NULL, "incorrect", "the reverse of" },
    { NULL, "[{:db/id 1 :_name \"x\"}]", NULL, NULL, "incorrect", "it is no :db.type/ref" },
    { NULL, "[{:db/id 1 :_nowhere 2}]", NULL, NULL, "incorrect", "it is no :db.type/ref" },

    /* entities */
    { NULL, "[[:db/add nil :a 1]]", NULL, NULL, "incorrect", "nil is no entity" },
    { NULL, "[[:db/add {} :a 1]]", NULL, NULL, "incorrect", "{} is no entity" },
    { NULL, "[[:db/add 1.5 :a 1]]", NULL, NULL, "incorrect", "1.5 is no entity" },
    { NULL, "[[:db/add true :a 1]]", NULL, NULL, "incorrect", "true is no entity" },
    { NULL, "[[:db/add 0 :a 1]]", NULL, NULL, "incorrect", "0 is no entity id" },
    { NULL, "[{:db/id 285873023227265 :a 1}]", NULL, NULL, "incorrect", "is no entity id" },
    { NULL, "[{:db/id 4294967297 :a 1}]", NULL, NULL, "incorrect", "is no entity id" },
    { NULL, "[{:db/id {:a 1} :a 1}]", NULL, NULL, "incorrect", "is no entity" },
    { NULL, "[[:db/add 536870913 :a 1]]", NULL, NULL, "incorrect", "is another transaction" },
    { NULL, "[[:db/retractEntity 536870913]]", NULL, NULL, "incorrect", "is another transaction" },
    { NULL, "[[:db/retractEntity :db/current-tx]]", NULL, NULL, "incorrect",
      "cannot retract itself" },
    { NULL, "[[:db/retractEntity -1]]", NULL, NULL, "incorrect", "tempid -1 cannot stand here" },
    { NULL, "[[:db/retract \"x\" :a 1]]", NULL, NULL, "incorrect", "tempid \"x\" cannot stand" },
    { NULL, "[[:db/retract 1 :friend -1]]", NULL, NULL, "incorrect", "tempid -1 cannot stand" },
    { NULL, "[[:db/retract [:name \"missing\"] :friend -1]]", NULL, NULL, "incorrect",
      "tempid -1 cannot stand" },
    { NULL, "[[:db/cas -1 :a nil 1]]", NULL, NULL, "incorrect", "tempid -1 cannot stand here" },
    { NULL, "[[:db/cas 1 :friend nil -1]]", NULL, NULL, "incorrect", "tempid -1 cannot stand" },
    { NULL, "[[:db/add -1 :friend -2]]", NULL, NULL, "incorrect",
      "tempid -2 is used only as a value" },
    { NULL, "[{:db/id -1} [:db/add -2 :friend -1]]", NULL, NULL, "incorrect",
      "tempid -1 is used only as a value" },
    { NULL, "[{:db/id 1 :friends [2 \"x\"]}]", NULL, NULL, "incorrect",
      "tempid \"x\" is used only as a value" },
    { NULL, "[{:db/id -1 :_friend 9}]", NULL, NULL, "incorrect",
      "tempid -1 is used only as a value" },
    { NULL, "[{:_friend 9}]", NULL, NULL, "incorrect",
      "the entity of {:_friend 9} is used only as a value" },
    { NULL, "[{:_friend {:age 1}}]", NULL, NULL, "incorrect",
      "the entity of {:_friend {:age 1}} is used only as a value" },
    { NULL, "[{:db/id 1 :friends [{}]}]", NULL, NULL, "incorrect",
      "the entity of {} is used only as a value" },

    /* lookup refs and idents */
    { A_B, "[[:db/add [:name \"Z\"] :age 1]]", NULL, NULL, "not-found", "[:name \"Z\"]" },
    { A_B, "[{:db/id [:name \"Z\"] :age 1}]", NULL, NULL, "not-found", "[:name \"Z\"]" },
    { A_B, "[[:db/add 1 :friend [:name \"Z\"]]]", NULL, NULL, "not-found", "[:name \"Z\"]" },
    { A_B, "[[:db/add 1 :friend [:name nil]]]", NULL, NULL, "not-found", "[:name nil]" },
    { A_B, "[[:db/add 1 :friend [:name \"C\"]] [:db/add 3 :name \"C\"]]", NULL, NULL, "not-found",
      "[:name \"C\"]" },
    { A_B, "[[:db/cas [:name \"Z\"] :age 1 2]]", NULL, NULL, "not-found", "[:name \"Z\"]" },
    { A_B, "[[:db/add [:age 5] :a 1]]", NULL, NULL, "incorrect", ":age is not unique" },
    { A_B, "[[:db/add [:nowhere 5] :a 1]]", NULL, NULL, "incorrect", ":nowhere is not unique" },
    { A_B, "[[:db/add [:name] :a 1]]", NULL, NULL, "incorrect", "is no lookup ref" },
    { A_B, "[[:db/add [:name \"A\" 1] :a 1]]", NULL, NULL, "incorrect", "is no lookup ref" },
    { A_B, "[[:db/add [5 \"A\"] :a 1]]", NULL, NULL, "incorrect", "5 cannot be an attribute" },
    { A_B, "[[:db/add :no/ident :a 1]]", NULL, NULL, "not-found", ":no/ident" },
    { A_B, "[[:db/add 1 :friend :no/ident]]", NULL, NULL, "not-found", ":no/ident" },

    /* values */
    { NULL, "[[:db/add 1 :a nil]]", NULL, NULL, "incorrect", "nil is no value" },
    { NULL, "[{:db/id -1 :a nil}]", NULL, NULL, "incorrect", "attribute :a of entity 1" },
    { NULL, "[{:db/id -1 :name \"A\"} {:db/id -1 :name nil}]", NULL, NULL, "incorrect",
      "nil is no value" },
    { NULL, "[{:aka [\"x\" nil]}]", NULL, NULL, "incorrect", "nil is no value" },
    { A_B, "[[:db/cas 1 :age 5 nil]]", NULL, NULL, "incorrect", "nil is no value" },
    { NULL, "[[:db/add 1 :friend nil]]", NULL, NULL, "incorrect", "nil is no value" },
    { NULL, "[[:db/add 1 :friend 1.5]]", NULL, NULL, "incorrect", "1.5 is no entity" },
    { NULL, "[[:db/add 1 :friend 0]]", NULL, NULL, "incorrect", "0 is no entity id" },
    { NULL, "[[:db/add 1 :friend 2147483648]]", NULL, NULL, "incorrect", "is no entity id" },
    { NULL, "[[:db/add 1 :friend {:name \"A\"}]]", NULL, NULL, "incorrect", "is no entity" },
    { NULL, "[[:db/add 1 :count \"x\"]]", NULL, NULL, "incorrect", ":count" },
    { NULL, "[{:friends [1 true]}]", NULL, NULL, "incorrect", "true is no entity" },

    /* constraints */
    { A_B, "[[:db/add 2 :name \"A\"]]", NULL, NULL, "conflict",
      "cannot add :name \"A\" to entity 2: entity 1 already has it (:db.unique/identity)" },
    { A_B, "[{:name \"C\" :code 1} {:code 1}]", NULL, NULL, "conflict", "(:db.unique/value)" },
    { A_B, "[[:db/cas 1 :age 4 6]]", NULL, NULL, "conflict",
      ":db/cas failed: :age of entity 1 is 5, not 4" },
    { A_B, "[[:db/cas 1 :age 5.0 6]]", NULL, NULL, "conflict", "is 5, not 5.0" },
    { A_B, "[[:db/cas 1 :age nil 6]]", NULL, NULL, "conflict", "is 5, not nil" },
    { A_B, "[[:db/cas 9 :age 5 6]]", NULL, NULL, "conflict", "is nothing, not 5" },
    { A_B, "[[:db/add 1 :age 6] [:db/cas 1 :age 5 7]]", NULL, NULL, "conflict", "is 6, not 5" },
    { "[[{:db/id 1 :aka [\"x\"]}]]", "[[:db/cas 1 :aka \"y\" \"z\"]]", NULL, NULL, "conflict",
      "is \"x\", not \"y\"" },

    /* what only the server writes */
    { NULL, "[[:db/add :db/current-tx :db/txInstant #inst \"2021\"]]", NULL, NULL, "incorrect",
      ":db/txInstant is written by the server alone" },
    { NULL, "[[:db/add 1 :tx/user \"x\"]]", NULL, NULL, "incorrect", ":tx/user" },
    { NULL, "[[:db/retract :db/current-tx :tx/id]]", NULL, NULL, "incorrect", ":tx/id" },
    { NULL, "[[:db/add 1 :db/valueType :db.type/ref]]", NULL, NULL, "incorrect",
      "entity 1 is no attribute" },

    /* late in a transaction that began well */
    { A_B, "[{:name \"C\"} [:db/add 1 :age 7] {:brand/new 1} [:db/add 2 :name \"A\"]]", NULL, NULL,
      "conflict", "[:db/add 2 :name \"A\"]: cannot add" },
};

static void test_errors(void **state)
{
    (void)state;
    tx_cases_run(cases, ARRAY_LEN(cases), schema, FLEXIBILITY_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_errors) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
