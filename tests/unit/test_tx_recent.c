/*
 * What the writer remembers between transactions is what the store holds: random changes of few
 * attributes against a model, and the slots one by one.
 */
#include "common/clock.h"
#include "tests/unit/tx_case.h"
#include "txd/tx/recent.h"

#include <stdlib.h>

#define ENTITIES   5
#define ATTRIBUTES 3
#define ROUNDS     1500

static const char *const values[] = { "1",     "1.0",   "\"text\"", ":k",
                                      "(1 2)", "[1 2]", "{:a 1}",   "true" };

/* model[e][a]: an index into `values`, or -1 */
static void expect_model(struct tx_fixture *fixture, int model[ENTITIES][ATTRIBUTES],
                         struct arena *arena)
{
    struct buffer text = { 0 };

    buffer_printf(&text, "#{");
    for (int e = 0; e < ENTITIES; e++)
        for (int a = 0; a < ATTRIBUTES; a++)
            if (model[e][a] >= 0)
                buffer_printf(&text, "[%d :a%d %s]", e + 1, a, values[model[e][a]]);
    buffer_append(&text, "}", 2);
    tx_expect(fixture, text.data, arena);
    buffer_release(&text);
}

/* Appends a random form and follows it in the model. */
static void random_form(struct buffer *tx, int model[ENTITIES][ATTRIBUTES])
{
    int e = rand() % ENTITIES, a = rand() % ATTRIBUTES;
    int v = rand() % (int)ARRAY_LEN(values);

    switch (rand() % 8) {
    case 0:
        buffer_printf(tx, "[:db/retract %d :a%d]", e + 1, a);
        model[e][a] = -1;
        break;
    case 1:
        buffer_printf(tx, "[:db/retract %d :a%d %s]", e + 1, a, values[v]);
        if (model[e][a] == v)
            model[e][a] = -1;
        break;
    case 2:
        buffer_printf(tx, "[:db/retractEntity %d]", e + 1);
        for (a = 0; a < ATTRIBUTES; a++)
            model[e][a] = -1;
        break;
    default:
        buffer_printf(tx, "[:db/add %d :a%d %s]", e + 1, a, values[v]);
        model[e][a] = v;
    }
}

static void test_random(void **state)
{
    int model[ENTITIES][ATTRIBUTES];
    unsigned seed = (unsigned)clock_monotonic_us();
    struct arena arena = { 0 };
    struct buffer tx = { 0 };
    struct tx_fixture fixture;

    (void)state;
    printf("seed %u\n", seed);
    srand(seed);
    memset(model, -1, sizeof(model));
    tx_fixture_open(&fixture, FLEXIBILITY_READ);
    for (int i = 0; i < ROUNDS; i++, arena_reset(&arena)) {
        buffer_clear(&tx);
        buffer_printf(&tx, "[");
        for (int n = rand() % 4; n >= 0; n--)
            random_form(&tx, model);
        buffer_append(&tx, "]", 2);
        tx_must(&fixture, tx.data, &arena);
        expect_model(&fixture, model, &arena);
        if (i % 100 == 0) {
            tx_verify(&fixture);
            tx_must(&fixture, "[{:db/ident :other :db/noHistory true}]", &arena);
        }
    }
    tx_verify(&fixture);
    tx_fixture_close(&fixture);
    buffer_release(&tx);
    arena_release(&arena);
}

static void test_slots(void **state)
{
    struct recent *recent = recent_new();
    struct arena arena = { 0 };
    struct value text = value_string(BYTES("text")), v;
    struct value list = value_collection(VALUE_LIST, NULL, 0);
    bool present;
    uint32_t t;

    (void)state;
    recent_added(recent, 7, 64, &text, 3); /* never retracted: passes by */
    assert_false(recent_find(recent, 7, 64, &arena, &present, &v, &t));
    recent_retracted(recent, 7, 64);
    assert_true(recent_find(recent, 7, 64, &arena, &present, &v, &t));
    assert_false(present);
    recent_added(recent, 7, 64, &text, 4);
    assert_true(recent_find(recent, 7, 64, &arena, &present, &v, &t));
    assert_true(present && t == 4 && value_equal(&v, &text));
    assert_false(recent_find(recent, 7, 65, &arena, &present, &v, &t));
    recent_added(recent, 7, 64, &list, 5); /* no collections */
    assert_false(recent_find(recent, 7, 64, &arena, &present, &v, &t));
    for (uint32_t e = 1; e < 5000; e++)
        recent_retracted(recent, e, 64);
    assert_true(recent_find(recent, 4999, 64, &arena, &present, &v, &t));
    recent_clear(recent);
    assert_false(recent_find(recent, 4999, 64, &arena, &present, &v, &t));
    recent_free(recent);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_random),
                                        cmocka_unit_test(test_slots) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
