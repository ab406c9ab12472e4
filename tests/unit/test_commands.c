/*
 * The bus, request by request: a table of EDN requests to a txd in this process and what the
 * answers must hold. The rows share one txd and run in order.
 */
#include "tests/unit/bus_client.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "proto/edn.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct txd_fixture fixture;

static const struct row {
    const char *request;
    const char *answer[3]; /* each must stand in the answer's EDN */
} rows[] = {
    /* status, and what is no request */
    { "{\"type\" \"status\"}", { "\"bus\" 1", "\"server\" \"stoa " } },
    { "{\"type\" \"dance\"}", { "\"unsupported\"", "\\\"dance\\\"" } },
    { "{}", { "\"incorrect\"", "\\\"type\\\" is missing" } },
    { "{\"type\" 7}", { "\"incorrect\"", "must be a string" } },
    { "[1 2]", { "\"incorrect\"" } },

    /* graphs */
    { "{\"type\" \"graphs\"}", { "\"graph\" \"main\"", "\"flexibility\" \"read\"", "\"t\" 0" } },
    { "{\"type\" \"create\" \"graph\" \"two\" \"flexibility\" \"write\"}", { "\"created\" true" } },
    { "{\"type\" \"create\" \"graph\" \"two\" \"flexibility\" \"write\"}",
      { "\"created\" false" } },
    { "{\"type\" \"create\" \"graph\" \"two\" \"flexibility\" \"read\"}", { "\"conflict\"" } },
    { "{\"type\" \"create\" \"graph\" \"../two\" \"flexibility\" \"read\"}",
      { "\"incorrect\"", "../two" } },
    { "{\"type\" \"create\" \"graph\" \"three\" \"flexibility\" \"both\"}",
      { "\"incorrect\"", "\\\"both\\\"" } },
    { "{\"type\" \"drop\" \"graph\" \"two\"}", { "{}" } },
    { "{\"type\" \"drop\" \"graph\" \"two\"}", { "\"not-found\"", "two" } },

    /* transact */
    { "{\"type\" \"transact\" \"graph\" \"main\" \"txs\" [{\"tx_data\" [[:db/add -1 :name "
      "\"Ivan\"]]}"
      " {\"tx_data\" [[:db/add -1 :name]]} {\"tx_data\" [{:name \"Oleg\" :age 5}]}]}",
      { "\"t\" 1", "\"incorrect\"", "\"t\" 2" } },
    { "{\"type\" \"transact\" \"graph\" \"main\" \"txs\" [{}]}",
      { "\"incorrect\"", "\\\"tx_data\\\" is missing" } },
    { "{\"type\" \"transact\" \"graph\" \"main\" \"txs\" 5}", { "\"incorrect\"", "txs" } },
    { "{\"type\" \"transact\" \"graph\" \"none\" \"txs\" []}", { "\"not-found\"", "none" } },
    { "{\"type\" \"transact\" \"graph\" \"main\" \"txs\" [{\"tx_data\" [] \"tx_id\" 5}]}",
      { "\"incorrect\"", "tx_id" } },

    /* reads */
    { "{\"type\" \"query\" \"graph\" \"main\" \"query\" \"[:find ?n . :where [1 :name ?n]]\"}",
      { "\"t\" 2", "\"result\" \"Ivan\"" } },
    { "{\"type\" \"query\" \"graph\" \"main\" \"query\" \"[:find ?n . :where [2 :name ?n]]\""
      " \"as_of\" 1}",
      { "\"result\" nil" } },
    { "{\"type\" \"query\" \"graph\" \"main\" \"query\" \"[:find ?n :where [2 :name ?n]]\""
      " \"as_of\" 3}",
      { "\"not-found\"", "3" } },
    { "{\"type\" \"query\" \"graph\" \"main\" \"query\" \"[:find ?n\"}", { "\"incorrect\"" } },
    { "{\"type\" \"query\" \"graph\" \"main\" \"query\" \"[:find ?n :where [2 :name ?n]]\""
      " \"limit\" 0}",
      { "\"incorrect\"", "\\\"limit\\\" is 0" } },
    { "{\"type\" \"query\" \"graph\" \"main\" \"query\" \"[:find ?i ?s :where"
      " [(range 0 1000) [?i ...]] [(range 0 100000) ?l] [(str ?l) ?s]]\"}",
      { "\"interrupted\"", "more than the 67108864 bytes" } }, /* the text is in memory once */
    { "{\"type\" \"pull\" \"graph\" \"main\" \"pattern\" \"[:name]\" \"eid\" 2}",
      { "{:name \"Oleg\"}" } },
    { "{\"type\" \"index\" \"graph\" \"main\" \"index\" \"eavt\" \"components\" [2]}",
      { "[[2 :name \"Oleg\" 536870914] [2 :age 5 536870914]]" } },
    { "{\"type\" \"index\" \"graph\" \"main\" \"index\" \"xyz\"}", { "\"incorrect\"", "xyz" } },
    { "{\"type\" \"index\" \"graph\" \"main\" \"index\" \"eavt\" \"components\" [1] \"walk\" "
      "\"seek\""
      " \"limit\" 2}",
      { "[[1 :name \"Ivan\" 536870913] [2 :name \"Oleg\" 536870914]]" } },
    { "{\"type\" \"index\" \"graph\" \"main\" \"index\" \"eavt\" \"components\" [2] \"walk\""
      " \"reverse\" \"limit\" 2}",
      { "[[2 :age 5 536870914] [2 :name \"Oleg\" 536870914]]" } },
    { "{\"type\" \"index\" \"graph\" \"main\" \"index\" \"avet\" \"components\" [:db/ident :n]"
      " \"end\" :o \"walk\" :range}",
      { "[[536805440 :db/ident :name" } },
    { "{\"type\" \"index\" \"graph\" \"main\" \"index\" \"eavt\" \"walk\" \"away\"}",
      { "\"incorrect\"", "reverse" } },

    /* what a transaction would give */
    { "{\"type\" \"query\" \"graph\" \"main\" \"with\" [[:db/add 2 :name \"Anna\"]]"
      " \"query\" \"[:find [?n ...] :order-by ?n :where [_ :name ?n]]\"}",
      { "\"t\" 3", "\"result\" [\"Anna\" \"Ivan\"]" } },
    { "{\"type\" \"pull\" \"graph\" \"main\" \"with\" \"[{:db/id 7 :name \\\"Eva\\\"}]\""
      " \"pattern\" [:name] \"eid\" 7}",
      { "{:name \"Eva\"}" } },
    { "{\"type\" \"query\" \"graph\" \"main\" \"args\" [{\"db\" {\"with\" [{:name \"Zoe\"}]}}]"
      " \"query\" \"[:find [?n ...] :in $ $2 :where [$2 ?e :name ?n] (not [$ ?e :name ?n])]\"}",
      { "\"t\" 2", "\"result\" [\"Zoe\"]" } },
    { "{\"type\" \"query\" \"graph\" \"main\" \"with\" [[:db/add 2]] \"query\" [:find ?e :where "
      "[?e]]}",
      { "\"incorrect\"", "with: " } },
    { "{\"type\" \"query\" \"graph\" \"main\" \"query\" \"[:find [?n ...] :where [_ :name ?n]]\"}",
      { "\"t\" 2", "Oleg" } },
    { "{\"type\" \"create\" \"graph\" \"other\" \"flexibility\" \"read\"}", { "true" } },
    { "{\"type\" \"transact\" \"graph\" \"other\" \"txs\" [{\"tx_data\" [{:name \"Ivan\" :is "
      ":here}]}]}",
      { "\"t\" 1" } },
    { "{\"type\" \"query\" \"graph\" \"main\" \"args\" [{\"db\" {\"graph\" \"other\"}}]"
      " \"query\" \"[:find ?n ?a ?v :in $ $2 :where [_ :name ?n] [$2 ?e :name ?n] [$2 ?e ?a "
      "?v]]\"}",
      { "[\"Ivan\" :is :here]", "[\"Ivan\" :name \"Ivan\"]" } },
    { "{\"type\" \"query\" \"graph\" \"main\" \"args\" [{\"db\" {\"graph\" \"nowhere\"}}]"
      " \"query\" \"[:find ?n :in $ $2 :where [$2 _ :name ?n]]\"}",
      { "\"not-found\"", ":in $2: ", "nowhere" } },
    { "{\"type\" \"drop\" \"graph\" \"other\"}", { "{}" } },

    /* cancelling what does not run */
    { "{\"type\" \"cancel\" \"reader\" \"r1\"}", { "{}" } },
    { "{\"type\" \"cancel\"}", { "\"incorrect\"", "reader" } },

    /* the ways to be brought in step */
    { "{\"type\" \"sync\" \"graph\" \"main\"}",
      { "\"sync\" \"snapshot\"", "\"t\" 2", "\"count\" 3" } },
    { "{\"type\" \"sync\" \"graph\" \"main\" \"sync\" \"none\"}", { "\"sync\" \"none\"" } },
    { "{\"type\" \"sync\" \"graph\" \"main\" \"sync\" \"half\"}", { "\"incorrect\"", "half" } },
    { "{\"type\" \"sync\" \"graph\" \"main\" \"since\" 1}", { "\"sync\" \"snapshot\"" } },
    { "{\"type\" \"sync\" \"graph\" \"main\" \"since\" 1 \"sync\" \"log\"}",
      { "\"sync\" \"log\"" } },
    { "{\"type\" \"sync\" \"graph\" \"main\" \"since\" 3 \"sync\" \"log\"}",
      { "\"sync\" \"snapshot\"" } },
    { "{\"type\" \"sync\" \"graph\" \"main\" \"since\" 1 \"sync\" \"log\""
      " \"epoch\" #uuid \"00000000-0000-4000-8000-000000000000\"}",
      { "\"sync\" \"snapshot\"" } },
    { "{\"type\" \"log\" \"graph\" \"main\" \"from\" 1}", { "\"incorrect\"", "epoch" } },
    { "{\"type\" \"log\" \"graph\" \"main\" \"from\" 1"
      " \"epoch\" #uuid \"00000000-0000-4000-8000-000000000000\"}",
      { "\"conflict\"", "epoch" } },

    /* imports */
    { "{\"type\" \"import-open\" \"graph\" \"main\"}", { "\"conflict\"", "main" } },
    { "{\"type\" \"import-feed\" \"import\" 99 \"text\" #bytes \"AA==\"}",
      { "\"not-found\"", "99" } },
    { "{\"type\" \"import-open\" \"graph\" \"four\"}", { "\"import\" " } },
};

static void test_rows(void **state)
{
    struct bus_client *client = bus_client_open(&fixture);
    struct arena arena = { 0 };
    struct buffer text = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct value answer = bus_client_ask(client, rows[i].request, &arena);
        buffer_clear(&text);
        edn_write(&text, &answer);
        buffer_append_u8(&text, 0);
        for (size_t j = 0; j < ARRAY_LEN(rows[i].answer) && rows[i].answer[j]; j++)
            if (!strstr(text.data, rows[i].answer[j]))
                fail_msg("%s\n  gave %s\n  without %s", rows[i].request, text.data,
                         rows[i].answer[j]);
        arena_reset(&arena);
    }
    buffer_release(&text);
    arena_release(&arena);
    bus_client_close(client);
}

/* The log and the snapshot of the epoch that `sync` names. */
static void test_log_and_snapshot(void **state)
{
    struct bus_client *client = bus_client_open(&fixture);
    struct arena arena = { 0 };
    struct buffer question = { 0 }, epoch = { 0 };

    (void)state;
    struct value sync = bus_client_ask(client, "{\"type\" \"sync\" \"graph\" \"main\"}", &arena);
    edn_write(&epoch, value_get(&sync, "epoch"));
    buffer_append_u8(&epoch, 0);
    static const struct {
        const char *type, *more, *field;
        uint32_t count;
    } reads[] = {
        { "log", "\"from\" 1", "txs", 2 },
        { "log", "\"from\" 2", "txs", 1 },
        { "log", "\"from\" 3", "txs", 0 },
        { "log", "\"from\" 1 \"bytes_max\" 1", "txs", 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
        buffer_clear(&question);
        buffer_printf(&question, "{\"type\" \"%s\" \"graph\" \"main\" \"epoch\" %s %s}",
                      reads[i].type, epoch.data, reads[i].more);
        buffer_append_u8(&question, 0);
        struct value answer = bus_client_ask(client, question.data, &arena);
        assert_non_null(value_get(&answer, reads[i].field));
        assert_int_equal(value_get(&answer, reads[i].field)->count, reads[i].count);
    }
    buffer_clear(&question);
    buffer_printf(&question, "{\"type\" \"log\" \"graph\" \"main\" \"epoch\" %s \"from\" 9}",
                  epoch.data);
    buffer_append_u8(&question, 0);
    struct value beyond = bus_client_ask(client, question.data, &arena);
    const struct value *message = value_get(value_get(&beyond, "error"), "message");
    assert_true(bytes_equal(
        message->text, BYTES("there is no t 9: the log begins at t 1, and its next will be t 3")));
    buffer_clear(&question);
    buffer_printf(&question, "{\"type\" \"snapshot\" \"graph\" \"main\" \"epoch\" %s \"t\" 1}",
                  epoch.data);
    buffer_append_u8(&question, 0);
    struct value page = bus_client_ask(client, question.data, &arena);
    assert_int_equal(value_get(&page, "count")->number, 1);
    assert_null(value_get(&page, "after"));
    buffer_release(&question);
    buffer_release(&epoch);
    arena_release(&arena);
    bus_client_close(client);
}

/* A page at t holds what was there at t, also of attributes that keep no history. */
static void test_snapshot_without_history(void **state)
{
    struct bus_client *client = bus_client_open(&fixture);
    struct arena arena = { 0 };
    struct buffer question = { 0 };

    (void)state;
    bus_client_ask(client, "{\"type\" \"create\" \"graph\" \"forgets\" \"flexibility\" \"read\"}",
                   &arena);
    bus_client_ask(
        client,
        "{\"type\" \"transact\" \"graph\" \"forgets\" \"txs\" [{\"tx_data\" "
        "[{:db/ident :cursor :db/noHistory true} {:db/id 1 :name \"Ivan\" :cursor 7}]}]}",
        &arena);
    struct value sync = bus_client_ask(client, "{\"type\" \"sync\" \"graph\" \"forgets\"}", &arena);
    bus_client_ask(client,
                   "{\"type\" \"transact\" \"graph\" \"forgets\" \"txs\" "
                   "[{\"tx_data\" [[:db/add 1 :cursor 8]]}]}",
                   &arena);
    buffer_printf(&question, "{\"type\" \"snapshot\" \"graph\" \"forgets\" \"t\" 1 \"epoch\" ");
    edn_write(&question, value_get(&sync, "epoch"));
    buffer_append(&question, "}", 2);
    struct value page = bus_client_ask(client, question.data, &arena);
    assert_int_equal(value_get(&page, "count")->number, value_get(&sync, "count")->number);
    assert_non_null(memmem(value_get(&page, "datoms")->text.data,
                           value_get(&page, "datoms")->text.len, "cursor\x07", 7));

    /* what is held keeps nobody from dropping the graph and making another of its name */
    bus_client_ask(client, "{\"type\" \"drop\" \"graph\" \"forgets\"}", &arena);
    struct value again = bus_client_ask(
        client, "{\"type\" \"create\" \"graph\" \"forgets\" \"flexibility\" \"read\"}", &arena);
    assert_true(value_get(&again, "created") && value_get(&again, "created")->boolean);
    buffer_release(&question);
    arena_release(&arena);
    bus_client_close(client);
}

static void *run_forever(void *arg)
{
    struct bus_client *client = bus_client_open(&fixture);
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    atomic_bool *ended = arg;
    struct value answer = bus_client_ask(
        client,
        "{\"type\" \"query\" \"graph\" \"main\" \"reader\" \"g-1\" \"timeout_ms\" 60000"
        " \"query\" \"[:find (count ?a) . :where [(range 900000) [?a ...]] [(range 9) [?b ...]]"
        " [(range 900000) [?c ...]] [(= -1 ?a ?b ?c)]]\"}",
        &arena);

    edn_write(&text, &answer);
    buffer_append_u8(&text, 0);
    atomic_store(ended, true);
    if (!strstr(text.data, "\"interrupted\"") || !strstr(text.data, "cancelled"))
        fail_msg("gave %s", text.data);
    buffer_release(&text);
    arena_release(&arena);
    bus_client_close(client);
    return NULL;
}

/* A query that runs ends soon after it is cancelled, from another connection. */
static void test_cancel(void **state)
{
    struct bus_client *client = bus_client_open(&fixture);
    struct arena arena = { 0 };
    atomic_bool ended = false;
    pthread_t thread;
    int64_t begin_us = clock_monotonic_us();

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, run_forever, &ended), 0);
    while (!atomic_load(&ended)) /* it may not have come yet */
        bus_client_ask(client, "{\"type\" \"cancel\" \"reader\" \"g-1\"}", &arena);
    pthread_join(thread, NULL);
    assert_true(clock_monotonic_us() - begin_us < 30000000);
    arena_release(&arena);
    bus_client_close(client);
}

/* Sessions come and go by announcements; a full one ends what it does not name. */
static void test_presence(void **state)
{
#define GATEWAY "\"gateway\" #uuid \"00000000-0000-4000-8000-00000000000a\""
    static const struct {
        const char *announcement;
        size_t sessions;
        int64_t seq;
    } steps[] = {
        { "{\"main\" {\"joined\" [{\"session\" \"s1\" \"user\" {} \"state\" {}}"
          " {\"session\" \"s2\" \"user\" {} \"state\" {}}]}}",
          2, 1 },
        { "{\"main\" {\"updated\" [{\"session\" \"s1\" \"state\" {\"page\" \"p\"}}]}}", 2, 2 },
        { "{\"main\" {\"updated\" [{\"session\" \"s1\" \"state\" {\"page\" \"p\"}}]}}", 2, 2 },
        { "{\"main\" {\"left\" [\"s2\" \"s9\"]}}", 1, 3 },
        { "{\"main\" {\"joined\" [{\"session\" \"s3\" \"user\" {} \"state\" {}}]}} \"full\" true",
          1, 4 },
        { "{} \"full\" true", 0, 5 },
    };
    struct bus_client *client = bus_client_open(&fixture);
    struct arena arena = { 0 };
    struct buffer question = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        buffer_clear(&question);
        buffer_printf(&question, "{\"type\" \"presence\" " GATEWAY " \"graphs\" %s}",
                      steps[i].announcement);
        buffer_append_u8(&question, 0);
        struct value answer = bus_client_ask(client, question.data, &arena);
        assert_non_null(value_get(&answer, "incarnation"));
        struct value room =
            bus_client_ask(client, "{\"type\" \"presence-read\" \"graph\" \"main\"}", &arena);
        assert_int_equal(value_get(&room, "sessions")->count, steps[i].sessions);
        assert_int_equal(value_get(&room, "seq")->number, steps[i].seq);
    }
    buffer_release(&question);
    arena_release(&arena);
    bus_client_close(client);
}

static int open_fixture(void **state)
{
    (void)state;
    txd_fixture_open(&fixture);
    return 0;
}

static int close_fixture(void **state)
{
    (void)state;
    txd_fixture_close(&fixture);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_log_and_snapshot),
        cmocka_unit_test(test_snapshot_without_history),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_presence),
    };

    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
