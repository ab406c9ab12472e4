/* Transactions on their way: one request at a time, in order, and what waits goes together. */
#include "tests/unit/test.h"

#include "gateway/lane.h"
#include "proto/mp.h"
#include "tests/unit/fake_bus.h"

#include <stdlib.h>

struct fixture {
    struct bus *bus;
    struct lane lane;
    struct buffer finished; /* as "1:58 2:conflict ", in the order of their ends; and "txs " for
                             * an answer that has some */
    struct error error;     /* the last one */
};

struct sent {
    struct fixture *fixture;
    int number;
};

static void on_result(void *arg, const struct value *result, const struct error *error)
{
    struct sent *sent = arg;

    if (error) {
        buffer_printf(&sent->fixture->finished, "%d:%s ", sent->number, error_code(error->kind));
        sent->fixture->error = *error;
    } else {
        buffer_printf(&sent->fixture->finished, "%d:%lld ", sent->number,
                      (long long)value_get(result, "t")->number);
    }
    free(sent);
}

static void on_answer(void *arg, const struct value *answer)
{
    struct fixture *fixture = arg;

    if (value_get(answer, "txs"))
        buffer_printf(&fixture->finished, "txs ");
}

/* The transaction {"n" number}, with so many bytes in it. */
static void add(struct fixture *fixture, int number, size_t bytes)
{
    struct sent *sent = xmalloc(sizeof(*sent));
    struct buffer text = { 0 };
    struct uuid tx_id = { .octets[15] = (uint8_t)number };
    struct error error;
    char *filler = xcalloc(1, bytes + 1);

    *sent = (struct sent){ .fixture = fixture, .number = number };
    mp_write_map(&text, 2);
    mp_write_string(&text, BYTES("n"));
    mp_write_long(&text, number);
    mp_write_string(&text, BYTES("filler"));
    mp_write_string(&text, (struct bytes){ filler, bytes });
    assert_true(lane_add(&fixture->lane, &tx_id, buffer_bytes(&text), on_result, sent, &error));
    buffer_release(&text);
    free(filler);
}

/* The request that is under way holds these transactions: "1 2 ". */
static void assert_sent(struct fixture *fixture, const char *numbers)
{
    const struct value *request = fake_bus_asked(fixture->bus, "transact");
    const struct value *txs = request ? value_get(request, "txs") : NULL;
    struct buffer is = { 0 };

    for (uint32_t i = 0; txs && i < txs->count; i++)
        buffer_printf(&is, "%lld ", (long long)value_get(&txs->items[i], "n")->number);
    buffer_append_u8(&is, 0);
    assert_string_equal(is.data, numbers);
    assert_true(fake_bus_count(fixture->bus, "transact") <= 1);
    buffer_release(&is);
}

static void answer(struct fixture *fixture, const char *text)
{
    struct arena arena = { 0 };
    struct value value = fake_bus_value(&arena, text);

    fake_bus_answer(fixture->bus, "transact", &value);
    arena_release(&arena);
}

static void assert_finished(struct fixture *fixture, const char *wanted)
{
    buffer_append_u8(&fixture->finished, 0);
    assert_string_equal(fixture->finished.data, wanted);
    buffer_clear(&fixture->finished);
}

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    const struct bus_options options = { 0 };
    struct error error;

    assert_true(bus_open(&options, &fixture->bus, &error));
    lane_open(&fixture->lane, fixture->bus, "main", on_answer, fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    bus_close(fixture->bus);
    lane_close(&fixture->lane);
    buffer_release(&fixture->finished);
    free(fixture);
    return 0;
}

static void test_joins_what_waits(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 1; i <= 4; i++)
        add(fixture, i, 0);
    assert_sent(fixture, "1 ");
    answer(fixture, "{\"results\" [{\"t\" 58}]}");
    assert_finished(fixture, "1:58 ");
    assert_sent(fixture, "2 3 4 ");
    answer(fixture, "{\"results\" [{\"t\" 59} {\"error\" {\"code\" \"conflict\" \"message\" \"\"}} "
                    "{\"t\" 60}]}");
    assert_finished(fixture, "2:59 3:conflict 4:60 ");
    assert_true(lane_is_idle(&fixture->lane));
}

static void test_large_ones_go_alone(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 1, 0);
    add(fixture, 2, 5 << 20);
    add(fixture, 3, 5 << 20);
    answer(fixture, "{\"results\" [{\"t\" 58}]}");
    assert_sent(fixture, "2 ");
    answer(fixture, "{\"results\" [{\"t\" 59}]}");
    assert_sent(fixture, "3 ");
    answer(fixture, "{\"results\" [{\"t\" 60}]}");
    assert_finished(fixture, "1:58 2:59 3:60 ");
}

/* What an answer brings is there when its results are given out. */
static void test_the_answer_before_its_results(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 1, 0);
    answer(fixture, "{\"txs\" [] \"results\" [{\"t\" 58}]}");
    assert_finished(fixture, "txs 1:58 ");
}

static void test_a_short_answer_is_a_fault(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 1, 0);
    add(fixture, 2, 0);
    add(fixture, 3, 0);
    answer(fixture, "{}");
    answer(fixture, "{\"results\" [{\"t\" 58}]}");
    assert_finished(fixture, "1:fault 2:58 3:fault ");
}

/* Those behind one that found txd away have not waited as long yet: they are tried. */
static void test_txd_away(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 1, 0);
    add(fixture, 2, 0);
    fake_bus_fail(fixture->bus, "transact", ERROR_UNAVAILABLE);
    assert_finished(fixture, "1:unavailable ");
    assert_string_equal(fixture->error.message,
                        "the test says so (with tx_id 00000000-0000-0000-0000-000000000001: so the "
                        "transaction is committed once, whether or not it has been already)");
    assert_sent(fixture, "2 ");
    answer(fixture, "{\"results\" [{\"t\" 58}]}");
    assert_finished(fixture, "2:58 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_joins_what_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_ones_go_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_answer_before_its_results, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_short_answer_is_a_fault, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_txd_away, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
