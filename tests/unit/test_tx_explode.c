/* Maps: nested, reversed, collections; components; lookup refs. */
#include "tests/unit/tx_case.h"

static const char schema[] =
    "[{:db/ident :name :db/unique :db.unique/identity}"
    " {:db/ident :aka :db/cardinality :db.cardinality/many}"
    " {:db/ident :friend :db/valueType :db.type/ref}"
    " {:db/ident :friends :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :own/part :db/valueType :db.type/ref :db/isComponent true}"
    " {:db/ident :own/parts :db/valueType :db.type/ref :db/isComponent true"
    "  :db/cardinality :db.cardinality/many}]";

static const struct tx_case cases[] = {
    /* collections */
    { NULL, "[{:aka [\"x\" \"y\"]}]", "#{[1 :aka \"x\"] [1 :aka \"y\"]}", NULL, NULL, NULL },
    { NULL, "[{:aka (\"x\" \"y\")} {:aka #{\"z\"}} {:aka \"q\"} {:db/id -1 :aka []}]",
      "#{[1 :aka \"x\"] [1 :aka \"y\"] [2 :aka \"z\"] [3 :aka \"q\"]}", NULL, NULL, NULL },
    { NULL, "[{:aka {:a 1}}]", "#{[1 :aka {:a 1}]}", NULL, NULL, NULL },
    { NULL, "[{:db/id 1 :name \"A\"} {:aka [:name \"A\"]}]",
      "#{[1 :name \"A\"] [2 :aka :name] [2 :aka \"A\"]}", NULL, NULL, NULL },

    /* nested maps */
    { NULL, "[{:name \"A\" :friend {:age 2}}]", "#{[1 :name \"A\"] [1 :friend 2] [2 :age 2]}", "{}",
      NULL, NULL },
    { NULL, "[{:friends [{:age 2} {:age 3 :friend {:age 4}} 9]}]",
      "#{[1 :friends 2] [2 :age 2] [1 :friends 3] [3 :age 3] [3 :friend 4] [4 :age 4] [1 :friends "
      "9]}",
      NULL, NULL, NULL },
    { NULL, "[{:db/id 5 :friend {:age 1}}]", "#{[5 :friend 6] [6 :age 1]}", NULL, NULL, NULL },
    { NULL, "[[:db/add 5 :m {:age 1}]]", "#{[5 :m {:age 1}]}", NULL, NULL, NULL },
    { "[[{:db/id 1 :name \"A\"}]]", "[{:friend {:name \"A\" :age 3}}]",
      "#{[1 :name \"A\"] [1 :age 3] [2 :friend 1]}", NULL, NULL, NULL },
    { NULL, "[{:db/id -1 :friend {:db/id -2 :friend -1}}]", "#{[1 :friend 2] [2 :friend 1]}",
      "{-1 1 -2 2}", NULL, NULL },

    /* reverse */
    { NULL, "[{:db/id 1 :_friend 2}]", "#{[2 :friend 1]}", NULL, NULL, NULL },
    { NULL, "[{:db/id 1 :_friends [2 3]}]", "#{[2 :friends 1] [3 :friends 1]}", NULL, NULL, NULL },
    { NULL, "[{:db/id 1 :own/_part {:age 5}}]", "#{[2 :own/part 1] [2 :age 5]}", NULL, NULL, NULL },
    { NULL, "[{:age 1 :_friend [{:age 2} {:age 3}]}]",
      "#{[1 :age 1] [2 :age 2] [2 :friend 1] [3 :age 3] [3 :friend 1]}", NULL, NULL, NULL },
    { "[[{:db/id 7 :name \"A\"}]]", "[{:age 1 :_friends [:name \"A\"]}]",
      "#{[7 :name \"A\"] [8 :age 1] [7 :friends 8]}", NULL, NULL, NULL },
    { NULL, "[{:db/id 1 :_friend \"x\"} [:db/add \"x\" :age 4]]", "#{[2 :friend 1] [2 :age 4]}",
      "{\"x\" 2}", NULL, NULL },
    { NULL, "[{:db/id 1 \":_friend\" 2 \"own/_part\" 3}]", "#{[2 :friend 1] [3 :own/part 1]}", NULL,
      NULL, NULL },

    /* lookup refs: an entity made earlier in the transaction; among many refs one, not two */
    { NULL,
      "[[:db/add 3 :name \"C\"] [:db/add [:name \"C\"] :age 1] [:db/add 1 :friend [:name "
      "\"C\"]]]",
      "#{[3 :name \"C\"] [3 :age 1] [1 :friend 3]}", NULL, NULL, NULL },
    { "[[{:db/id 1 :name \"A\"} {:db/id 2 :name \"B\"}]]",
      "[{:db/id 9 :friends [:name \"A\"]} {:db/id 8 :friends [[:name \"A\"] [:name \"B\"] 3]}"
      " {:db/id 7 :friends [\":name\" \"A\"]}]",
      "#{[1 :name \"A\"] [2 :name \"B\"] [9 :friends 1] [8 :friends 1] [8 :friends 2] [8 :friends "
      "3]"
      " [7 :friends 1]}",
      NULL, NULL, NULL },
    { "[[{:db/id 1 :name \"A\"}]]", "[{:db/id [\"name\" \"A\"] :age 1}]",
      "#{[1 :name \"A\"] [1 :age 1]}", NULL, NULL, NULL },
    { "[[{:db/id 1 :db/ident :the/one}]]",
      "[[:db/add :the/one :age 1] {:db/id 2 :friend :the/one}]",
      "#{[1 :db/ident :the/one] [1 :age 1] [2 :friend 1]}", NULL, NULL, NULL },

    /* components go with what owns them, and cycles end */
    { "[[{:db/id 1 :own/parts [{:age 1 :own/part {:age 2}} {:age 3}]} {:db/id 9 :friends [2 3]}]]",
      "[[:db/retractEntity 1]]", "#{}", NULL, NULL, NULL },
    { "[[{:db/id 1 :own/part 2} {:db/id 2 :own/part 3 :age 2} {:db/id 3 :own/part 1 :age 3}]]",
      "[[:db/retractEntity 2]]", "#{}", NULL, NULL, NULL },
    { "[[{:db/id 1 :own/part {:age 1}}]]", "[[:db/retract 1 :own/part]]", "#{}", NULL, NULL, NULL },
    { "[[{:db/id 1 :own/part {:age 1}}]]", "[[:db/retract 1 :own/part 2]]", "#{[2 :age 1]}", NULL,
      NULL, NULL },
    { "[[{:db/id 1 :own/part {:age 1}}]]", "[{:db/id 1 :own/part {:age 2}}]",
      "#{[1 :own/part 3] [2 :age 1] [3 :age 2]}", NULL, NULL, NULL },
    { "[[{:db/id 1 :own/part 1}]]", "[[:db/retractEntity 1]]", "#{}", NULL, NULL, NULL },
};

static void test_explode(void **state)
{
    (void)state;
    tx_cases_run(cases, ARRAY_LEN(cases), schema, FLEXIBILITY_READ);
}

/* A chain of components as long as the limit of a transaction is retracted without recursion. */
static void test_deep_components(void **state)
{
    struct arena arena = { 0 };
    struct buffer tx = { 0 };
    struct tx_fixture fixture;

    (void)state;
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    tx_must(&fixture, schema, &arena);
    buffer_printf(&tx, "[");
    for (int i = 1; i < 10000; i++)
        buffer_printf(&tx, "[:db/add %d :own/part %d]", i, i + 1);
    buffer_append(&tx, "]", 2);
    tx_must(&fixture, tx.data, &arena);
    tx_must(&fixture, "[[:db/retractEntity 1]]", &arena);
    tx_expect(&fixture, "#{}", &arena);
    tx_verify(&fixture);
    tx_fixture_close(&fixture);
    buffer_release(&tx);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explode),
        cmocka_unit_test(test_deep_components),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
