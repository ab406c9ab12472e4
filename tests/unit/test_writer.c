/*
 * The commit pipeline under many threads: every transaction is answered once, t has no gap, the
 * feed is in order and complete, a tx_id is applied once, and a restart finds it all.
 */
#include "tests/unit/bus_client.h"

#include "common/buffer.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define CLIENTS  8
#define REQUESTS 50

struct worker {
    const struct txd_fixture *fixture;
    pthread_t thread;
    int number;
    int64_t ts[2 * REQUESTS]; /* of each transaction, in the order sent */
};

static int64_t t_of(const struct value *answer, uint32_t i)
{
    const struct value *results = value_get(answer, "results");

    assert_non_null(results);
    const struct value *t = value_get(&results->items[i], "t");
    return t ? t->number : 0;
}

/* Each request holds two transactions and between them one that is refused. */
static void *worker_thread(void *arg)
{
    struct worker *worker = arg;
    struct bus_client *client = bus_client_open(worker->fixture);
    struct arena arena = { 0 };
    struct buffer question = { 0 };

    for (int i = 0; i < REQUESTS; i++) {
        buffer_clear(&question);
        buffer_printf(&question,
                      "{\"type\" \"transact\" \"graph\" \"main\" \"txs\" ["
                      "{\"tx_data\" [{:who %d :n %d}]} {\"tx_data\" [[:db/dance 1]]}"
                      "{\"tx_data\" [{:who %d :n %d}]}]}",
                      worker->number, 2 * i, worker->number, 2 * i + 1);
        buffer_append_u8(&question, 0);
        struct value answer = bus_client_ask(client, question.data, &arena);
        worker->ts[2 * i] = t_of(&answer, 0);
        assert_non_null(value_get(&value_get(&answer, "results")->items[1], "error"));
        assert_int_equal(t_of(&answer, 1), worker->ts[2 * i]); /* what it was refused on */
        worker->ts[2 * i + 1] = t_of(&answer, 2);
        arena_reset(&arena);
    }
    buffer_release(&question);
    arena_release(&arena);
    bus_client_close(client);
    return NULL;
}

static void test_many_clients(void **state)
{
    static struct worker workers[CLIENTS];
    static bool seen[2 * CLIENTS * REQUESTS + 1];
    struct txd_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    txd_fixture_open(&fixture);
    struct bus_client *opener = bus_client_open(&fixture);
    bus_client_ask(opener, "{\"type\" \"sync\" \"graph\" \"main\"}", &arena); /* heads follow */
    bus_client_close(opener);
    struct bus_feed *feed = bus_feed_open(&fixture, "g:main");
    for (int i = 0; i < CLIENTS; i++) {
        workers[i] = (struct worker){ .fixture = &fixture, .number = i };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_thread, &workers[i]), 0);
    }
    for (int64_t t = 1; t < (int64_t)ARRAY_LEN(seen);) {
        struct value message = bus_feed_next(feed, "txs", &arena);
        const struct value *txs = value_get(&message, "txs");
        for (uint32_t j = 0; j < txs->count; j++, t++)
            assert_int_equal(txs->items[j].items[0].number, t);
        arena_reset(&arena);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(workers[i].thread, NULL);
        for (int j = 0; j < 2 * REQUESTS; j++) {
            int64_t t = workers[i].ts[j];
            assert_in_range(t, 1, ARRAY_LEN(seen) - 1);
            assert_false(seen[t]);
            seen[t] = true;
            assert_true(j == 0 || t > workers[i].ts[j - 1]); /* a client's order is kept */
        }
    }
    bus_feed_close(feed);

    txd_fixture_restart(&fixture);
    struct bus_client *client = bus_client_open(&fixture);
    struct value count = bus_client_ask(client,
                                        "{\"type\" \"query\" \"graph\" \"main\" \"query\""
                                        " \"[:find (count ?e) . :where [?e :who]]\"}",
                                        &arena);
    assert_int_equal(value_get(&count, "result")->number, 2 * CLIENTS * REQUESTS);
    bus_client_close(client);
    arena_release(&arena);
    txd_fixture_close(&fixture);
}

#define TX_ID "#uuid \"00000000-0000-4000-8000-000000000001\""
#define RETRY                                                                                      \
    "{\"type\" \"transact\" \"graph\" \"main\" \"txs\" [{\"tx_id\" " TX_ID                         \
    " \"tx_data\" [{:db/id \"x\" :n 1}]}"

/* The same tx_id twice in a request, again later, and after a restart: one transaction. */
static void test_tx_id_is_applied_once(void **state)
{
    struct txd_fixture fixture;
    struct arena arena = { 0 };

    (void)state;
    txd_fixture_open(&fixture);
    for (int round = 0; round < 3; round++) {
        struct bus_client *client = bus_client_open(&fixture);
        struct value answer =
            bus_client_ask(client, RETRY " {\"tx_id\" " TX_ID " \"tx_data\" [{:n 2}]}]}", &arena);
        assert_int_equal(t_of(&answer, 0), 1);
        assert_int_equal(t_of(&answer, 1), 1);
        const struct value *tempids =
            value_get(&value_get(&answer, "results")->items[1], "tempids");
        assert_int_equal(tempids->count, 1);
        assert_int_equal(value_get(tempids, "x")->number, 1);
        bus_client_close(client);
        if (round == 1)
            txd_fixture_restart(&fixture);
    }
    arena_release(&arena);
    txd_fixture_close(&fixture);
}

/* Small retries ask for large results: an answer holds no more of them than the bus can carry. */
static void test_large_first_results(void **state)
{
    enum { TEMPID_BYTES = 6 << 20, RETRIES = 40 };
    struct txd_fixture fixture;
    struct arena arena = { 0 };
    struct buffer question = { 0 };

    (void)state;
    txd_fixture_open(&fixture);
    struct bus_client *client = bus_client_open(&fixture);
    buffer_printf(&question, "{\"type\" \"transact\" \"graph\" \"main\" \"txs\" [{\"tx_id\" " TX_ID
                             " \"tx_data\" [{:db/id \"");
    for (int i = 0; i < TEMPID_BYTES; i++)
        buffer_append_u8(&question, 'x');
    buffer_append_bytes(&question, (struct bytes){ "\" :n 1}]}]}", 12 });
    struct value answer = bus_client_ask(client, question.data, &arena);
    assert_int_equal(t_of(&answer, 0), 1);

    buffer_clear(&question);
    buffer_printf(&question, "{\"type\" \"transact\" \"graph\" \"main\" \"txs\" [");
    for (int i = 0; i < RETRIES; i++)
        buffer_printf(&question, "{\"tx_id\" " TX_ID " \"tx_data\" []}");
    buffer_append_bytes(&question, (struct bytes){ "]}", 3 });
    answer = bus_client_ask(client, question.data, &arena);
    for (uint32_t i = 0; i < RETRIES; i++)
        assert_int_equal(t_of(&answer, i), 1); /* its own, or the one that it was refused on */
    const struct value *refused = &value_get(&answer, "results")->items[3];
    assert_true(bytes_equal(value_get(value_get(refused, "error"), "code")->text, BYTES("busy")));
    buffer_release(&question);
    bus_client_close(client);
    arena_release(&arena);
    txd_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_clients),
        cmocka_unit_test(test_tx_id_is_applied_once),
        cmocka_unit_test(test_large_first_results),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
