/*
 * `bench-fanout BUILD [SECONDS]`: one writer with 32 transactions under way, 200 subscribers on one
 * gateway: how many messages they are sent a second, until all have been sent everything.
 */
#include "common/clock.h"
#include "tests/load/session.h"
#include "tests/load/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SUBSCRIBERS 200
#define WRITER      SUBSCRIBERS /* its place among the sessions */
#define SESSIONS    (SUBSCRIBERS + 1)
#define UNDER_WAY   32
#define SECONDS     5
#define TIMEOUT_US  30000000
#define TEXT_BYTES  120 /* makes a message of some 200 bytes */

struct fanout {
    struct session sessions[SESSIONS];
    uint64_t received[SESSIONS]; /* tx messages */
    uint64_t received_bytes;
    uint64_t begun, ended; /* transactions */
    int epoll;
};

static bool open_all(struct fanout *fanout, const struct world *world, struct error *err)
{
    struct session_hello hello = { .user = "reader", .sync = "none" };
    struct value message;

    for (uint32_t i = 0; i < SESSIONS; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
        struct session *session = &fanout->sessions[i];
        if (!session_open(session, world->http_ports[0], "main", false, &hello, err) ||
            !session_await_type(session, "welcome", clock_monotonic_us() + TIMEOUT_US, &message,
                                err))
            return false;
        if (epoll_ctl(fanout->epoll, EPOLL_CTL_ADD, session->ws.fd, &event))
            return fail(err, ERROR_FAULT, "epoll_ctl: %s", strerror(errno));
    }
    return true;
}

static void write_one(struct fanout *fanout)
{
    struct arena arena = { 0 };
    struct uuid tx_id = uuid_random();
    char text[TEXT_BYTES + 1];
    struct value items[] = {
        value_keyword(BYTES("db/add")),
        value_long(-1),
        value_keyword(BYTES("block/string")),
        value_string((struct bytes){ text, TEXT_BYTES }),
    };
    struct value form = value_collection(VALUE_VECTOR, items, 4);
    struct value forms = value_collection(VALUE_VECTOR, &form, 1);

    snprintf(text, sizeof(text), "%0*llu", TEXT_BYTES, (unsigned long long)fanout->begun);
    session_transact(&fanout->sessions[WRITER], (int64_t)++fanout->begun, &tx_id, &forms);
    arena_release(&arena);
}

/* The marks of the two kinds of message that count; texts in the graph are digits. */
static uint64_t count_marks(struct bytes frame, const char *mark, size_t len)
{
    uint64_t count = 0;
    const char *at = frame.data, *end = frame.data + frame.len;

    while ((at = memmem(at, (size_t)(end - at), mark, len))) {
        at += len;
        count++;
    }
    return count;
}

static bool receive(struct fanout *fanout, uint32_t i, struct error *err)
{
    struct ws *ws = &fanout->sessions[i].ws;
    struct bytes frame;
    bool found;

    if (!ws_fill(ws, err))
        return false;
    for (;;) {
        if (!ws_next(ws, &frame, &found, err))
            return false;
        if (!found)
            return ws_flush(ws, err);
        fanout->received[i] += count_marks(frame, "\xa4type\xa2tx", 8);
        fanout->received_bytes += frame.len;
        if (i == WRITER)
            fanout->ended += count_marks(frame, "\xa4type\xa6result", 12);
    }
}

static bool all_received(const struct fanout *fanout)
{
    for (size_t i = 0; i < SUBSCRIBERS; i++)
        if (fanout->received[i] < fanout->begun)
            return false;
    return true;
}

static bool work(struct fanout *fanout, double seconds, struct error *err)
{
    struct epoll_event events[SESSIONS];
    int64_t begun_us = clock_monotonic_us(), end_us = begun_us + (int64_t)(seconds * 1e6);

    for (;;) {
        int64_t now_us = clock_monotonic_us();
        while (now_us < end_us && fanout->begun - fanout->ended < UNDER_WAY)
            write_one(fanout);
        if (!ws_flush(&fanout->sessions[WRITER].ws, err))
            return false;
        if (now_us >= end_us && all_received(fanout))
            return true;
        if (now_us > end_us + TIMEOUT_US)
            return fail(err, ERROR_INTERRUPTED,
                        "%llu transactions, and not all subscribers were "
                        "sent all",
                        (unsigned long long)fanout->begun);
        int count = epoll_wait(fanout->epoll, events, SESSIONS, 100);
        for (int e = 0; e < count; e++)
            if (!receive(fanout, events[e].data.u32, err))
                return false;
    }
}

static bool run(const struct world *world, double seconds, struct error *err)
{
    struct fanout *fanout = xcalloc(1, sizeof(*fanout));

    for (size_t i = 0; i < SESSIONS; i++)
        fanout->sessions[i].ws.fd = -1;
    fanout->epoll = epoll_create1(EPOLL_CLOEXEC);
    bool ok = open_all(fanout, world, err);
    int64_t begun_us = clock_monotonic_us();
    ok = ok && work(fanout, seconds, err);
    double took = (double)(clock_monotonic_us() - begun_us) / 1e6;
    if (ok)
        printf("fan-out to %d subscribers, msgpack: %.0f deliveries/s of %.0f transactions/s, %.0f "
               "bytes each\n",
               SUBSCRIBERS, (double)(fanout->begun * SUBSCRIBERS) / took,
               (double)fanout->begun / took,
               (double)fanout->received_bytes / (double)(fanout->begun * SESSIONS));
    for (size_t i = 0; i < SESSIONS; i++)
        session_close(&fanout->sessions[i]);
    close(fanout->epoll);
    free(fanout);
    return ok;
}

int main(int argc, char **argv)
{
    struct world world = { 0 };
    double seconds = argc > 2 ? strtod(argv[2], NULL) : SECONDS;
    struct error err;

    if (argc < 2 || seconds <= 0) {
        fprintf(stderr, "usage: bench-fanout BUILD [SECONDS]\n");
        return 2;
    }
    bool ok = world_start(&world, argv[1], 1, &err);
    if (ok) {
        ok = run(&world, seconds, &err);
        world_stop(&world);
    }
    if (!ok)
        fprintf(stderr, "bench-fanout: %s\n", err.message);
    return ok ? 0 : 1;
}
