#include "tests/bench/writers.h"

#include "common/clock.h"
#include "proto/mp.h"
#include "tests/bench/post.h"
#include "tests/load/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define WARM_UP_US    500000
#define HELLO_US      10000000
#define STALL_US      10000000
#define EVENTS_A_TURN 256

static const char schema[] = "{:tx-data [{:db/ident :block/uid :db/unique :db.unique/identity}"
                             " {:db/ident :block/page :db/valueType :db.type/ref}"
                             " {:block/uid \"the page\" :node/title \"A page\"}]}";

struct writer {
    struct session session; /* on a WebSocket */
    struct post post;       /* over HTTP */
    int64_t begun_us;
};

struct writers {
    struct writer *list;
    unsigned count;
    int epoll;
    uint64_t next; /* number of the next transaction, in its uid */
    enum transport transport;
    int64_t warm_us; /* from then on it counts */
    int64_t last_us; /* when the last result came */
    struct latency latency;
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
static struct value block_form(uint64_t number, struct arena *arena)
{
    struct value_builder block = { 0 };
    struct value page[] = { value_keyword(BYTES("block/uid")), value_string(BYTES("the page")) };
    struct value lookup = value_collection(VALUE_VECTOR, page, 2);

    add_entry(&block, arena, "block/uid",
              value_string(arena_printf(arena, "%09llx", (unsigned long long)number)));
    add_entry(&block, arena, "block/string",
              value_string(arena_printf(arena, "a block of some forty bytes, number %llu",
                                        (unsigned long long)number)));
    add_entry(&block, arena, "block/order", value_long((int64_t)(number % 100)));
    add_entry(&block, arena, "create/time", value_long(clock_wall_ms()));
    add_entry(&block, arena, "block/page", value_copy(arena, &lookup));
    return value_builder_end(&block, VALUE_MAP);
}

static bool post_transact(struct writer *writer, const struct uuid *tx_id,
                          const struct value *forms, struct arena *arena, struct error *err)
{
    struct value_builder message = { 0 };
    struct buffer body = { 0 };

    value_builder_entry(&message, arena, "tx_id", value_uuid(*tx_id));
    value_builder_entry(&message, arena, "tx_data", *forms);
    struct value value = value_builder_end(&message, VALUE_MAP);
    mp_write(&body, &value);
    bool ok = post_send(&writer->post, "/v1/graphs/main/transact", buffer_bytes(&body), err);
    buffer_release(&body);
    return ok;
}

static bool begin(struct writers *writers, struct writer *writer, struct error *err)
{
    struct arena arena = { 0 };
    struct uuid tx_id = uuid_random();
    struct value form = block_form(writers->next++, &arena);
    struct value forms = value_collection(VALUE_VECTOR, &form, 1);
    bool ok = true;

    writer->begun_us = clock_monotonic_us();
    if (writers->transport == TRANSPORT_HTTP) {
        ok = post_transact(writer, &tx_id, &forms, &arena, err);
    } else {
        session_transact(&writer->session, 1, &tx_id, &forms);
        ok = ws_flush(&writer->session.ws, err);
    }
    arena_release(&arena);
    return ok;
}

static bool connect_writer(struct writers *writers, const struct world *world,
                           struct writer *writer, struct error *err)
{
    struct session_hello hello = { .user = "writer", .sync = "none" };
    struct value message;

    if (writers->transport == TRANSPORT_HTTP)
        return post_open(&writer->post, world->http_ports[0], err);
    return session_open(&writer->session, world->http_ports[0], "main",
                        writers->transport == TRANSPORT_JSON, &hello, err) &&
           session_await_type(&writer->session, "welcome", clock_monotonic_us() + HELLO_US,
                              &message, err);
}

static bool open_writer(struct writers *writers, const struct world *world, unsigned i,
                        struct error *err)
{
    struct writer *writer = &writers->list[i];
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };

    if (!connect_writer(writers, world, writer, err))
        return false;
    int fd = writers->transport == TRANSPORT_HTTP ? writer->post.fd : writer->session.ws.fd;
    if (epoll_ctl(writers->epoll, EPOLL_CTL_ADD, fd, &event))
        return fail(err, ERROR_FAULT, "epoll_ctl: %s", strerror(errno));
    return true;
}

/*
 * Whether the answer is among the messages of a frame. A writer has one transaction under way and
 * no text in the graph holds these words, so that looking for them is enough (the longer they are,
 * the quicker); decoding everything that is broadcast would measure this program. That all of it
 * comes, in order, is what tests/e2e and tests/fault see to.
 */
static bool answered(bool json, struct bytes frame, bool *refused)
{
    const struct bytes result =
        json ? BYTES("{\"type\":\"result\",\"re\":") : BYTES("\xa4type\xa6result\xa2re");
    const struct bytes error = json ? BYTES("{\"type\":\"error\",\"re\":")
                                    : BYTES("\xa4type\xa5"
                                            "error\xa2re");

    *refused = memmem(frame.data, frame.len, error.data, error.len) != NULL;
    return *refused || memmem(frame.data, frame.len, result.data, result.len);
}

/* One is done: the next. */
static bool finish(struct writers *writers, struct writer *writer, struct error *err)
{
    int64_t now_us = clock_monotonic_us();

    writers->last_us = now_us;
    if (now_us >= writers->warm_us)
        latency_add(&writers->latency, now_us - writer->begun_us);
    return begin(writers, writer, err);
}

static bool receive_posted(struct writers *writers, struct writer *writer, struct error *err)
{
    bool done;
    int status;

    if (!post_receive(&writer->post, &done, &status, err))
        return false;
    if (done && status != 200)
        return fail(err, ERROR_FAULT, "a transaction was refused with status %d", status);
    return !done || finish(writers, writer, err);
}

static bool receive(struct writers *writers, struct writer *writer, struct error *err)
{
    struct bytes frame;
    bool found, refused;

    if (writers->transport == TRANSPORT_HTTP)
        return receive_posted(writers, writer, err);
    if (!ws_fill(&writer->session.ws, err))
        return false;
    for (;;) {
        if (!ws_next(&writer->session.ws, &frame, &found, err))
            return false;
        if (!found)
            return ws_flush(&writer->session.ws, err);
        if (!answered(writers->transport == TRANSPORT_JSON, frame, &refused))
            continue;
        if (refused)
            return fail(err, ERROR_FAULT, "a transaction was refused: %.*s", BYTES_ARG(frame));
        if (!finish(writers, writer, err))
            return false;
    }
}

static bool work_until(struct writers *writers, int64_t end_us, struct error *err)
{
    struct epoll_event events[EVENTS_A_TURN];

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

/* What has been used up to a moment. */
struct usage {
    double txd_us, gateway_us, load_us, frames, bytes;
};

/* The number of a metric of the gateway. */
static double metric(const struct buffer *metrics, const char *name)
{
    size_t len = strlen(name);
    const char *at = memmem(metrics->data, metrics->len, name, len);

    return at ? strtod(at + len, NULL) : 0;
}

static bool read_usage(const struct world *world, struct usage *out, struct error *err)
{
    struct buffer metrics = { 0 };
    struct rusage own;
    struct http *http = world_http(world, 0);
    bool ok = http_send(http, &(struct http_request){ .method = "GET", .path = "/metrics" },
                        &metrics, err) == OUTCOME_OK;

    http_close(http);
    buffer_append_u8(&metrics, 0);
    getrusage(RUSAGE_SELF, &own);
    *out = (struct usage){
        .txd_us = (double)world_processor_us(world, 0),
        .gateway_us = (double)world_processor_us(world, 1),
        .load_us = (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) * 1e6 +
                   (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec),
        .frames = metric(&metrics, "\nstoa_gateway_frames_out_total "),
        .bytes = metric(&metrics, "\nstoa_gateway_bytes_out_total "),
    };
    buffer_release(&metrics);
    return ok;
}

static bool work(struct writers *writers, const struct world *world, double seconds,
                 struct writers_result *out, struct error *err)
{
    struct usage before, after;

    for (unsigned i = 0; i < writers->count; i++)
        if (!begin(writers, &writers->list[i], err))
            return false;
    writers->last_us = clock_monotonic_us();
    writers->warm_us = writers->last_us + WARM_UP_US;
    if (!work_until(writers, writers->warm_us, err))
        return false;
    if (!read_usage(world, &before, err) ||
        !work_until(writers, writers->warm_us + (int64_t)(seconds * 1e6), err) ||
        !read_usage(world, &after, err))
        return false;
    double done = (double)writers->latency.count;
    *out = (struct writers_result){
        .latency = writers->latency,
        .per_second = done / seconds,
        .txd_us = (after.txd_us - before.txd_us) / done,
        .gateway_us = (after.gateway_us - before.gateway_us) / done,
        .load_us = (after.load_us - before.load_us) / done,
        .frames = (after.frames - before.frames) / done,
        .bytes = (after.bytes - before.bytes) / done,
    };
    writers->latency = (struct latency){ 0 };
    return true;
}

bool writers_run(const struct world *world, unsigned count, enum transport transport,
                 double seconds, struct writers_result *out, struct error *err)
{
    struct writers writers = {
        .list = xcalloc(count, sizeof(*writers.list)),
        .count = count,
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .next = (uint64_t)clock_monotonic_us(),
        .transport = transport,
    };
    bool ok = writers.epoll >= 0 || fail(err, ERROR_FAULT, "epoll: %s", strerror(errno));

    for (unsigned i = 0; i < count; i++)
        writers.list[i].session.ws.fd = writers.list[i].post.fd = -1;
    for (unsigned i = 0; ok && i < count; i++)
        ok = open_writer(&writers, world, i, err);
    ok = ok && work(&writers, world, seconds, out, err);
    for (unsigned i = 0; i < count; i++) {
        session_close(&writers.list[i].session);
        post_close(&writers.list[i].post);
    }
    latency_release(&writers.latency);
    close(writers.epoll);
    free(writers.list);
    return ok;
}
