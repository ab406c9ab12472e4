#include "tests/bench/writers.h"

#include "common/clock.h"
#include "tests/load/session.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define WARM_UP_US    500000
#define HELLO_US      10000000
#define STALL_US      10000000
#define EVENTS_A_TURN 256

static const char schema[] = "{:tx-data [{:db/ident :block/uid :db/unique :db.unique/identity}"
                             " {:db/ident :block/page :db/valueType :db.type/ref}"
                             " {:block/uid \"the page\" :node/title \"A page\"}]}";

struct writer {
    struct session session;
    int64_t begun_us;
};

struct writers {
    struct writer *list;
    unsigned count;
    int epoll;
    uint64_t next; /* number of the next transaction, in its uid */
    bool json;
    int64_t warm_us; /* from then on it counts */
    int64_t last_us; /* when the last result came */
    size_t done;
    struct latency *latency;
};

bool writers_prepare(const struct world *world, struct error *err)
{
    struct arena arena = { 0 };
    struct value answer;
    struct http *http = world_http(world, 0);
    bool ok =
        http_call(http, "main", "transact", bytes_of(schema), &arena, &answer, err) == OUTCOME_OK;

    http_close(http);
    arena_release(&arena);
    return ok;
}

static void add_entry(struct value_builder *map, struct arena *arena, const char *attribute,
                      struct value value)
{
    value_builder_add(map, arena, value_keyword(bytes_of(attribute)));
    value_builder_add(map, arena, value);
}

/* A block as people write them: its uid, its text, its place, its time, its page. */
static void begin(struct writers *writers, struct writer *writer)
{
    struct arena *arena = &writer->session.arena;
    struct value_builder block = { 0 };
    struct uuid tx_id = uuid_random();
    uint64_t number = writers->next++;
    struct value page[] = { value_keyword(BYTES("block/uid")), value_string(BYTES("the page")) };

    arena_reset(arena);
    add_entry(&block, arena, "block/uid",
              value_string(arena_printf(arena, "%09llx", (unsigned long long)number)));
    add_entry(&block, arena, "block/string",
              value_string(arena_printf(arena, "a block of some forty bytes, number %llu",
                                        (unsigned long long)number)));
    add_entry(&block, arena, "block/order", value_long((int64_t)(number % 100)));
    add_entry(&block, arena, "create/time", value_long(clock_wall_ms()));
    add_entry(&block, arena, "block/page", value_collection(VALUE_VECTOR, page, 2));
    struct value form = value_builder_end(&block, VALUE_MAP);
    struct value forms = value_collection(VALUE_VECTOR, &form, 1);
    writer->begun_us = clock_monotonic_us();
    session_transact(&writer->session, 1, &tx_id, &forms);
}

static bool open_writer(struct writers *writers, const struct world *world, unsigned i,
                        struct error *err)
{
    struct writer *writer = &writers->list[i];
    struct session_hello hello = { .user = "writer", .sync = "none" };
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
    struct value message;

    if (!session_open(&writer->session, world->http_ports[0], "main", writers->json, &hello, err) ||
        !session_await_type(&writer->session, "welcome", clock_monotonic_us() + HELLO_US, &message,
                            err))
        return false;
    if (epoll_ctl(writers->epoll, EPOLL_CTL_ADD, writer->session.ws.fd, &event))
        return fail(err, ERROR_FAULT, "epoll_ctl: %s", strerror(errno));
    return true;
}

/*
 * Whether the answer is among the messages of a frame. A writer has one transaction under way and
 * no text in the graph holds these words, so that looking for them is enough; decoding everything
 * that is broadcast would measure this program.
 */
static bool answered(bool json, struct bytes frame, bool *refused)
{
    static const struct bytes result[] = { { "\xa6result", 7 }, { "\"result\"", 8 } };
    static const struct bytes error[] = { { "\xa5"
                                            "error",
                                            6 },
                                          { "\"error\"", 7 } };

    *refused = memmem(frame.data, frame.len, error[json].data, error[json].len) != NULL;
    return *refused || memmem(frame.data, frame.len, result[json].data, result[json].len);
}

static bool receive(struct writers *writers, struct writer *writer, struct error *err)
{
    struct bytes frame;
    bool found, refused;

    if (!ws_fill(&writer->session.ws, err))
        return false;
    for (;;) {
        if (!ws_next(&writer->session.ws, &frame, &found, err))
            return false;
        if (!found)
            return ws_flush(&writer->session.ws, err);
        if (!answered(writers->json, frame, &refused))
            continue;
        if (refused)
            return fail(err, ERROR_FAULT, "a transaction was refused: %.*s", BYTES_ARG(frame));
        int64_t now_us = clock_monotonic_us();
        writers->last_us = now_us;
        if (now_us >= writers->warm_us) {
            latency_add(writers->latency, now_us - writer->begun_us);
            writers->done++;
        }
        begin(writers, writer);
    }
}

static bool work(struct writers *writers, int64_t end_us, struct error *err)
{
    struct epoll_event events[EVENTS_A_TURN];

    for (unsigned i = 0; i < writers->count; i++) {
        begin(writers, &writers->list[i]);
        if (!ws_flush(&writers->list[i].session.ws, err))
            return false;
    }
    while (clock_monotonic_us() < end_us) {
        int count = epoll_wait(writers->epoll, events, EVENTS_A_TURN, 100);
        for (int e = 0; e < count; e++)
            if (!receive(writers, &writers->list[events[e].data.u32], err))
                return false;
        if (clock_monotonic_us() - writers->last_us > STALL_US)
            return fail(err, ERROR_INTERRUPTED, "no answer for ten seconds");
    }
    return true;
}

bool writers_run(const struct world *world, unsigned count, bool json, double seconds,
                 struct latency *latency, double *per_second, struct error *err)
{
    struct writers writers = {
        .list = xcalloc(count, sizeof(*writers.list)),
        .count = count,
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .next = (uint64_t)clock_monotonic_us(),
        .json = json,
        .latency = latency,
    };
    bool ok = writers.epoll >= 0 || fail(err, ERROR_FAULT, "epoll: %s", strerror(errno));

    for (unsigned i = 0; i < count; i++)
        writers.list[i].session.ws.fd = -1;
    for (unsigned i = 0; ok && i < count; i++)
        ok = open_writer(&writers, world, i, err);
    if (ok) {
        writers.last_us = clock_monotonic_us();
        writers.warm_us = writers.last_us + WARM_UP_US;
        ok = work(&writers, writers.warm_us + (int64_t)(seconds * 1e6), err);
        *per_second = (double)writers.done / seconds;
    }
    for (unsigned i = 0; i < count; i++)
        session_close(&writers.list[i].session);
    close(writers.epoll);
    free(writers.list);
    return ok;
}
