/* The flat forms: add, retract, retractEntity, retractAttribute, cas, the transaction's own
 * entity. */
#include "tests/unit/tx_case.h"

static const char schema[] =
    "[{:db/ident :name :db/unique :db.unique/identity}"
    " {:db/ident :code :db/unique :db.unique/value}"
    " {:db/ident :aka :db/cardinality :db.cardinality/many}"
    " {:db/ident :friend :db/valueType :db.type/ref}"
    " {:db/ident :friends :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :part :db/valueType :db.type/ref :db/isComponent true"
    "  :db/cardinality :db.cardinality/many}]";

static const struct tx_case cases[] = {
    { NULL, "[]", "#{}", "{}", NULL, NULL },
    { NULL, "[nil [:db/add -1 :age 1] nil]", "#{[1 :age 1]}", "{-1 1}", NULL, NULL },
    { NULL, "([:db/add \"x\" :age 1])", "#{[1 :age 1]}", "{\"x\" 1}", NULL, NULL },
    { NULL, "\"[[:db/add -1 :age 1]]\"", "#{[1 :age 1]}", "{-1 1}", NULL, NULL },
    { NULL, "[[\"db/add\" -1 \"age\" 1] [\":db/add\" -1 \":aka\" \"x\"]]",
      "#{[1 :age 1] [1 :aka \"x\"]}", "{-1 1}", NULL, NULL },
    { NULL, "[{\"name\" \"A\" \":age\" 2 \":db/id\" \"q\"}]", "#{[1 :name \"A\"] [1 :age 2]}",
      "{\"q\" 1}", NULL, NULL },

    /* sequential; the last of two values stands */
    { NULL, "[[:db/add 1 :age 1] [:db/add 1 :age 2]]", "#{[1 :age 2]}", NULL, NULL, NULL },
    { "[[[:db/add 1 :age 1]]]", "[[:db/add 1 :age 2] [:db/add 1 :age 3]]", "#{[1 :age 3]}", NULL,
      NULL, NULL },
    { "[[[:db/add 1 :age 1]]]", "[[:db/add 1 :age 1]]", "#{[1 :age 1]}", NULL, NULL, NULL },
    { "[[[:db/add 1 :age 1]]]", "[[:db/add 1 :age 1.0]]", "#{[1 :age 1.0]}", NULL, NULL, NULL },
    { "[[[:db/add 1 :aka \"a\"]]]", "[[:db/add 1 :aka \"b\"] [:db/add 1 :aka \"a\"]]",
      "#{[1 :aka \"a\"] [1 :aka \"b\"]}", NULL, NULL, NULL },

    { "[[[:db/add 1 :aka 1] [:db/add 1 :aka [1]] [:db/add 1 :aka #{1 2}]]]",
      "[[:db/add 1 :aka 1.0] [:db/add 1 :aka [1.0]] [:db/add 1 :aka #{1.0 2}]]",
      "#{[1 :aka 1] [1 :aka [1]] [1 :aka #{1 2}] [1 :aka 1.0] [1 :aka [1.0]] [1 :aka #{1.0 2}]}",
      NULL, NULL, NULL },

    /* retract */
    { "[[[:db/add 1 :aka [1]] [:db/add 1 :aka [1.0]]]]", "[[:db/retract 1 :aka [1]]]",
      "#{[1 :aka [1.0]]}", NULL, NULL, NULL },
    { "[[[:db/add 1 :age 1]]]", "[[:db/retract 1 :age 1]]", "#{}", NULL, NULL, NULL },
    { "[[[:db/add 1 :age 1]]]", "[[:db/retract 1 :age 2]]", "#{[1 :age 1]}", NULL, NULL, NULL },
    { "[[[:db/add 1 :age 1]]]", "[[:db/retract 1 :age 1.0]]", "#{[1 :age 1]}", NULL, NULL, NULL },
    { "[[[:db/add 1 :age 1]]]", "[[:db/retract 1 :age]]", "#{}", NULL, NULL, NULL },
    { "[[[:db/add 1 :age 1]]]", "[[:db/retract 1 :age nil]]", "#{}", NULL, NULL, NULL },
    { "[[[:db/add 1 :age 1]]]", "[[:db/retract 1 :other 1] [:db/retract 9 :age 1]]",
      "#{[1 :age 1]}", NULL, NULL, NULL },
    { "[[{:db/id 1 :aka [\"a\" \"b\"]}]]", "[[:db.fn/retractAttribute 1 :aka]]", "#{}", NULL, NULL,
      NULL },
    { "[[{:db/id 1 :aka [\"a\" \"b\"]}]]", "[[:db/retractAttribute 1 :aka] [:db/add 1 :aka \"c\"]]",
      "#{[1 :aka \"c\"]}", NULL, NULL, NULL },
    { NULL, "[[:db/add 1 :age 1] [:db/retract 1 :age 1]]", "#{}", NULL, NULL, NULL },
    { "[[[:db/add 1 :age 1]]]", "[[:db/retract 1 :age 1] [:db/add 1 :age 1]]", "#{[1 :age 1]}",
      NULL, NULL, NULL },
    { "[[[:db/add 1 :name \"A\"]]]", "[[:db/retract [:name \"B\"] :name \"B\"]]",
      "#{[1 :name \"A\"]}", NULL, NULL, NULL },
    { "[[[:db/add 1 :name \"A\"]]]", "[[:db/retractEntity [:name \"B\"]] [:db/retractEntity :no]]",
      "#{[1 :name \"A\"]}", NULL, NULL, NULL },

    /* retractEntity: references from elsewhere, and those made in this transaction */
    { "[[{:db/id 1 :age 1} {:db/id 2 :friend 1 :friends [1 3]} {:db/id 3 :age 3}]]",
      "[[:db/retractEntity 1]]", "#{[2 :friends 3] [3 :age 3]}", NULL, NULL, NULL },
    { "[[{:db/id 1 :age 1}]]",
      "[[:db/add 2 :friend 1] [:db.fn/retractEntity 1] [:db/add 1 :age 5]]", "#{[1 :age 5]}", NULL,
      NULL, NULL },

    /* unique values move by retract and add */
    { "[[{:db/id 1 :code 7}]]", "[[:db/retract 1 :code 7] [:db/add 2 :code 7]]", "#{[2 :code 7]}",
      NULL, NULL, NULL },
    { "[[{:db/id 1 :code 7}]]", "[[:db/add 1 :code 8] [:db/add 2 :code 7]]",
      "#{[1 :code 8] [2 :code 7]}", NULL, NULL, NULL },
    { "[[{:db/id 1 :code 7}]]", "[[:db/retractEntity 1] [:db/add 2 :code 7]]", "#{[2 :code 7]}",
      NULL, NULL, NULL },

    /* cas */
    { "[[[:db/add 1 :age 1]]]", "[[:db/cas 1 :age 1 2] [:db.fn/cas 1 :age 2 3]]", "#{[1 :age 3]}",
      NULL, NULL, NULL },
    { NULL, "[[:db/cas 1 :age nil 2]]", "#{[1 :age 2]}", NULL, NULL, NULL },
    { "[[{:db/id 1 :aka [\"a\" \"b\"]}]]", "[[:db/cas 1 :aka \"a\" \"c\"]]",
      "#{[1 :aka \"a\"] [1 :aka \"b\"] [1 :aka \"c\"]}", NULL, NULL, NULL },
    { "[[{:db/id 1 :name \"A\" :friend 2} {:db/id 2 :name \"B\"}]]",
      "[[:db/cas [:name \"A\"] :friend [:name \"B\"] [:name \"A\"]]]",
      "#{[1 :name \"A\"] [1 :friend 1] [2 :name \"B\"]}", NULL, NULL, NULL },

    /* the transaction's own entity, in value position of refs only */
    { NULL, "[[:db/add :db/current-tx :note \"n\"] {:db/id \"datomic.tx\" :who \"w\"}]",
      "#{[:tx :note \"n\"] [:tx :who \"w\"]}", "{}", NULL, NULL },
    { NULL, "[[:db/add 1 :note \"datomic.tx\"]]", "#{[1 :note \"datomic.tx\"]}", "{}", NULL, NULL },
    { NULL, "[[:db/add 1 :note :db/current-tx]]", "#{[1 :note :db/current-tx]}", "{}", NULL, NULL },
    { NULL, "[[:db/add 1 :friend \"datascript.tx\"] [:db/add 1 :friends :db/current-tx]]",
      "#{[1 :friend 536870914] [1 :friends 536870914]}", "{}", NULL, NULL },

    /* ids: the highest ever used and one, retracted ones and dangling references too */
    { "[[[:db/add 41 :age 1]] [[:db/retractEntity 41]]]", "[{:age 2}]", "#{[42 :age 2]}", NULL,
      NULL, NULL },
    { NULL, "[[:db/add 1 :friend 70] {:age 2}]", "#{[1 :friend 70] [71 :age 2]}", NULL, NULL,
      NULL },
    { NULL, "[[:db/add -7 :age 1] {:db/id 10 :age 2} [:db/add -3 :age 3] {:age 4}]",
      "#{[1 :age 1] [10 :age 2] [11 :age 3] [12 :age 4]}", "{-7 1 -3 11}", NULL, NULL },

    /* any value under :read, whole collections too */
    { NULL, "[[:db/add 1 :m {:a [1 2]}] [:db/add 1 :s #{1 2}] [:db/add 1 :v [1 [2]]]]",
      "#{[1 :m {:a [1 2]}] [1 :s #{2 1}] [1 :v [1 [2]]]}", NULL, NULL, NULL },
    { "[[[:db/add 1 :m {:a 1 :b 2}]]]", "[[:db/retract 1 :m {:b 2 :a 1}]]", "#{}", NULL, NULL,
      NULL },
    { NULL, "[{:db/id 1 :m {:a 1} :v [1 2]}]", "#{[1 :m {:a 1}] [1 :v [1 2]]}", NULL, NULL, NULL },
};

static void test_transact(void **state)
{
    (void)state;
    tx_cases_run(cases, ARRAY_LEN(cases), schema, FLEXIBILITY_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_transact) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
