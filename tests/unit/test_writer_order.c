/*
 * What leaves txd first, the answer or the feed, and which answers bring what was written: the
 * writer with a server that only notes what it is given. One thread, so that what is submitted
 * while an answer is given is synced together.
 */
#include "tests/unit/test.h"

#include "tests/unit/tx_case.h"

#include "proto/bus.h"
#include "proto/mp.h"
#include "txd/writer.h"

#include <stdio.h>

#define REQUESTS_MAX 3

struct server {
    struct writer *writer;
    struct graph *graph;
    struct request requests[REQUESTS_MAX];
    int count, submitted, answered;
    int alone;            /* so many of the requests come one by one, the others all at once */
    struct buffer events; /* "answer 1 feed 1 ", each with the t that it brings */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool done; /* all are answered */
};

static void submit(struct server *server)
{
    writer_submit(server->writer, graph_retain(server->graph),
                  &server->requests[server->submitted++]);
}

static void submit_next(struct server *server)
{
    do
        submit(server);
    while (server->submitted > server->alone && server->submitted < server->count);
}

static void note(struct server *server, const char *what, struct bytes message)
{
    struct arena arena = { 0 };
    struct value map;
    struct error err;

    if (!mp_read(message, &arena, &map, &err)) {
        buffer_printf(&server->events, "unreadable %s: %s ", what, err.message);
        return;
    }
    buffer_printf(&server->events, "%s ", what);
    const struct value *txs = value_get(&map, "txs");
    for (uint32_t i = 0; txs && i < txs->count; i++)
        buffer_printf(&server->events, "%lld ", (long long)txs->items[i].items[0].number);
    arena_release(&arena);
}

/* --- txd/server.h --- */

void server_reply(struct request *request)
{
    struct server *server = request->server;

    note(server, "answer", buffer_bytes(&request->reply));
    arena_release(&request->arena); /* so that nobody can read on in it */
    buffer_release(&request->reply);
    if (++server->answered == server->submitted && server->submitted < server->count)
        submit_next(server);
    pthread_mutex_lock(&server->mutex);
    server->done = server->answered == server->count;
    pthread_cond_signal(&server->changed);
    pthread_mutex_unlock(&server->mutex);
}

void server_reply_error(struct request *request, const struct error *error)
{
    bus_write_error(&request->reply, error);
    server_reply(request); /* which notes that it cannot be read */
}

void server_publish(struct server *server, struct bytes topic, struct bytes message)
{
    note(server, bytes_equal(topic, BYTES("g:test")) ? "feed" : "wrong topic", message);
}

/* --- cases --- */

#define ONE   "[{\"tx_data\" [{:n 1}]}]"
#define TWO   "[{\"tx_data\" [{:n 2}]} {\"tx_data\" [[:db/dance 1]]} {\"tx_data\" [{:n 3}]}]"
#define NONE  "[{\"tx_data\" [[:db/dance 1]]}]"
#define AGAIN "[{\"tx_id\" #uuid \"00000000-0000-4000-8000-000000000001\" \"tx_data\" [{:n 1}]}]"
#define LARGE "large"

static const struct {
    const char *name;
    const char *requests[REQUESTS_MAX];
    int alone;
    const char *events;
} cases[] = {
    { "one by one", { ONE, TWO, ONE }, 3, "answer 1 feed 1 answer 2 3 feed 2 3 answer 4 feed 4 " },
    { "together", { ONE, ONE, TWO }, 1, "answer 1 feed 1 feed 2 3 4 answer answer " },
    { "nothing written", { NONE, AGAIN, AGAIN }, 3, "answer answer 1 feed 1 answer " },
    { "too large to go twice", { LARGE, ONE }, 2, "feed 1 answer answer 2 feed 2 " },
};

static void ask(struct server *server, const char *edn)
{
    struct request *request = &server->requests[server->count++];
    struct arena *arena = &request->arena;
    struct value_builder map = { 0 };
    char text[BUS_ANSWER_BYTES + 64], filler[BUS_ANSWER_BYTES + 1];

    if (!strcmp(edn, LARGE)) {
        memset(filler, 'x', sizeof(filler) - 1);
        filler[sizeof(filler) - 1] = '\0';
        snprintf(text, sizeof(text), "[{\"tx_data\" [{:s \"%s\"}]}]", filler);
        edn = text;
    }
    request->server = server;
    value_builder_entry(&map, arena, "txs", tx_edn(arena_printf(arena, "%s", edn).data, arena));
    request->body = value_builder_end(&map, VALUE_MAP);
}

static void test_order(void **state)
{
    const struct writer_options options = { .threads = 1, .waiting_max = 100 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct server server = { .alone = cases[i].alone,
                                 .mutex = PTHREAD_MUTEX_INITIALIZER,
                                 .changed = PTHREAD_COND_INITIALIZER };
        struct tx_fixture fixture;
        tx_fixture_open(&fixture, FLEXIBILITY_READ);
        server.graph = fixture.graph;
        server.writer = writer_open(&options, &server);
        for (int j = 0; j < REQUESTS_MAX && cases[i].requests[j]; j++)
            ask(&server, cases[i].requests[j]);
        submit_next(&server);
        pthread_mutex_lock(&server.mutex);
        while (!server.done)
            pthread_cond_wait(&server.changed, &server.mutex);
        pthread_mutex_unlock(&server.mutex);
        writer_close(server.writer);
        buffer_append_u8(&server.events, 0);
        if (strcmp(server.events.data, cases[i].events) != 0)
            fail_msg("%s: %s", cases[i].name, server.events.data);
        buffer_release(&server.events);
        tx_fixture_close(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_order) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
