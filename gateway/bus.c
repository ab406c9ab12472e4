#include "gateway/bus.h"

#include "common/clock.h"
#include "common/hashmap.h"
#include "common/limits.h"
#include "common/log.h"
#include "gateway/dialer.h"
#include "proto/bus.h"
#include "proto/mp.h"
#include "proto/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/* So many requests are under way at a time: txd has 128 channels for all gateways. */
#define CONTEXTS      48
#define CONTEXTS_SLOW 24

/* The number of a request: nng's bit that says so, a count, and its context. That of bus_ask() has
 * none, so its answer is nobody's but who waits for it. */
#define NUMBER_BIT      UINT32_C(0x80000000)
#define NUMBER_CONTEXTS 64
#define NUMBER_BYTES    4

#define WAITING_MAX       8192
#define WAITING_BYTES_MAX (256 << 20)

#define STATUS_TIMEOUT_MS 2000
#define STATUS_AGAIN_MS   1000

/* Why txd is away, when the connection is there. */
#define SILENT "it says nothing"

struct request {
    struct request *next;
    enum bus_class class;
    bool repeatable;
    bool sent; /* so txd may have done it */
    int64_t timeout_ms;
    int64_t deadline_us;
    int64_t impatient_us; /* when to give up on a txd that is away */
    bus_answer_fn fn;
    void *arg;
    size_t len;
    char data[]; /* kept, since it may be sent again */
};

/* A request under way. */
struct context {
    struct context *next_idle;
    struct request *request; /* NULL while idle */
    uint32_t number;
};

struct waiting {
    struct request *head, **tail;
};

/* A connection, or the making of one. */
struct link {
    struct bus *bus;
    struct dialer *dialer;
    struct wire wire;
    enum wire_protocol own, peer;
    ev_async dialed;
    ev_io io; /* of the wire, while it is open */
    void (*take)(struct bus *bus, struct bytes message);
};

struct bus {
    struct bus_options options;
    bool closing;
    struct link requests, feed;
    struct hashmap topics; /* that are subscribed to */
    struct context contexts[CONTEXTS];
    struct context *idle;
    uint32_t count; /* of requests, for their numbers */
    size_t in_flight, in_flight_slow;
    struct waiting waiting[BUS_SLOW + 1];
    size_t waiting_count, waiting_bytes;
    struct arena arena;

    bool up;
    bool status_asked;
    int64_t status_again_us;
    int64_t heard_us; /* when txd last said anything */
    struct uuid incarnation;
    char reason[256]; /* why it is not up */
};

/* --- sending --- */

/* Looks for more to read, and for room to write when something waits for that. */
static void link_watch(struct link *link)
{
    int events = EV_READ | (wire_waiting(&link->wire) > 0 ? EV_WRITE : 0);

    if (ev_is_active(&link->io) && link->io.events == events)
        return;
    ev_io_stop(link->bus->options.loop, &link->io);
    ev_io_set(&link->io, link->wire.fd, events);
    ev_io_start(link->bus->options.loop, &link->io);
}

static void send_numbered(struct bus *bus, uint32_t number, struct bytes request)
{
    uint8_t head[NUMBER_BYTES];

    store_u32be(head, number);
    wire_send(&bus->requests.wire, (struct bytes){ (char *)head, sizeof(head) }, request);
    link_watch(&bus->requests);
}

static uint32_t next_number(struct bus *bus, size_t context)
{
    return NUMBER_BIT | (++bus->count * NUMBER_CONTEXTS + (uint32_t)context);
}

static struct request *request_new(struct bytes bytes)
{
    struct request *request = xcalloc(1, sizeof(*request) + bytes.len);

    request->len = bytes.len;
    memcpy(request->data, bytes.data, bytes.len);
    return request;
}

static void request_fail(struct request *request, const struct error *error)
{
    request->fn(request->arg, NULL, error);
    free(request);
}

static void waiting_push(struct bus *bus, struct request *request)
{
    struct waiting *waiting = &bus->waiting[request->class];

    request->next = NULL;
    *waiting->tail = request;
    waiting->tail = &request->next;
    bus->waiting_count++;
    bus->waiting_bytes += request->len;
}

static struct request *waiting_take(struct bus *bus, struct waiting *waiting, struct request **at)
{
    struct request *request = *at;

    *at = request->next;
    if (!request->next)
        waiting->tail = at;
    bus->waiting_count--;
    bus->waiting_bytes -= request->len;
    return request;
}

static void context_start(struct bus *bus, struct request *request)
{
    struct context *context = bus->idle;

    bus->idle = context->next_idle;
    bus->in_flight++;
    if (request->class == BUS_SLOW)
        bus->in_flight_slow++;
    request->sent = true;
    context->request = request;
    context->number = next_number(bus, (size_t)(context - bus->contexts));
    send_numbered(bus, context->number, (struct bytes){ request->data, request->len });
}

/* Gives the request back. */
static struct request *context_end(struct bus *bus, struct context *context)
{
    struct request *request = context->request;

    context->request = NULL;
    context->next_idle = bus->idle;
    bus->idle = context;
    bus->in_flight--;
    if (request->class == BUS_SLOW)
        bus->in_flight_slow--;
    return request;
}

static void send_waiting(struct bus *bus)
{
    while (bus->up && bus->idle) {
        struct waiting *waiting = &bus->waiting[BUS_QUICK];
        if (!waiting->head && bus->in_flight_slow < CONTEXTS_SLOW)
            waiting = &bus->waiting[BUS_SLOW];
        if (!waiting->head)
            return;
        context_start(bus, waiting_take(bus, waiting, &waiting->head));
    }
}

bool bus_request(struct bus *bus, const struct bus_call *call, struct error *err)
{
    if (call->request.len > LIMIT_BUS_BYTES)
        return fail(err, ERROR_INCORRECT,
                    "the request has %zu bytes; at most %d can be sent to txd", call->request.len,
                    LIMIT_BUS_BYTES);
    if (bus->closing)
        return fail(err, ERROR_UNAVAILABLE, "the gateway is closing");
    if (bus->waiting_count >= WAITING_MAX || bus->waiting_bytes >= WAITING_BYTES_MAX)
        return fail(err, ERROR_BUSY, "%zu requests wait for txd; try again later",
                    bus->waiting_count);
    int64_t now = clock_monotonic_us();
    struct request *request = request_new(call->request);
    request->class = call->class;
    request->repeatable = call->repeatable;
    request->timeout_ms = call->timeout_ms;
    request->deadline_us = now + call->timeout_ms * 1000;
    request->impatient_us = now + call->patience_ms * 1000;
    request->fn = call->fn;
    request->arg = call->arg;
    waiting_push(bus, request);
    send_waiting(bus);
    return true;
}

bool bus_withdraw(struct bus *bus, enum bus_class class, const void *arg)
{
    struct waiting *waiting = &bus->waiting[class];

    for (struct request **at = &waiting->head; *at; at = &(*at)->next) {
        if ((*at)->arg == arg) {
            free(waiting_take(bus, waiting, at));
            return true;
        }
    }
    for (size_t i = 0; i < CONTEXTS; i++)
        if (bus->contexts[i].request && bus->contexts[i].request->arg == arg)
            bus->contexts[i].request->repeatable = false;
    return false;
}

/* --- txd comes and goes --- */

/* Without the feed a gateway would not know what it does not know. */
static bool is_connected(const struct bus *bus)
{
    return bus->requests.wire.greeted && bus->feed.wire.greeted;
}

/* What became of a request that txd was sent. */
static void fail_unanswered(const struct bus *bus, const struct request *request, bool timed_out,
                            struct error *err)
{
    if (timed_out)
        fail(err, ERROR_UNAVAILABLE, "txd did not answer within %lld ms; ask again",
             (long long)request->timeout_ms);
    else
        fail(err, ERROR_UNAVAILABLE, "txd went away before it answered: %s; ask again",
             bus->reason);
}

/* Nothing is under way to a txd that is away. */
static void give_up(struct bus *bus)
{
    int64_t now = clock_monotonic_us();
    struct error error;

    for (size_t i = 0; i < CONTEXTS; i++) {
        if (!bus->contexts[i].request)
            continue;
        struct request *request = context_end(bus, &bus->contexts[i]);
        if (request->repeatable && now < request->impatient_us) {
            waiting_push(bus, request);
        } else {
            fail_unanswered(bus, request, false, &error);
            request_fail(request, &error);
        }
    }
}

static void set_down(struct bus *bus, const char *reason)
{
    bool was_up = bus->up;

    snprintf(bus->reason, sizeof(bus->reason), "%.*s", (int)sizeof(bus->reason) - 1, reason);
    bus->up = false;
    bus->status_asked = false;
    bus->status_again_us = clock_monotonic_us() + STATUS_AGAIN_MS * INT64_C(1000);
    if (was_up)
        log_warn("txd is away: %s", reason);
    give_up(bus);
    if (was_up)
        bus->options.changed(bus->options.arg);
}

static void on_status(void *arg, const struct value *answer, const struct error *error)
{
    struct bus *bus = arg;
    struct error err = { 0 };
    struct uuid incarnation;

    bus->status_asked = false;
    if (error) {
        if (is_connected(bus) && !bus->up) /* else why it is away, or that it is not, is known */
            set_down(bus, error->kind == ERROR_UNAVAILABLE ? SILENT : error->message);
        return;
    }
    if (bus_number(answer, "bus") != BUS_VERSION) {
        snprintf(err.message, sizeof(err.message), "txd speaks version %lld of the bus, not %d",
                 (long long)bus_number(answer, "bus"), BUS_VERSION);
        set_down(bus, err.message);
        return;
    }
    if (!bus_field_uuid(answer, "incarnation", true, &incarnation, &err)) {
        set_down(bus, err.message);
        return;
    }
    bus->incarnation = incarnation;
    if (bus->up)
        return;
    bus->up = true;
    log_info("txd is there: %.*s", BYTES_ARG(bus_text(answer, "server")));
    bus->options.changed(bus->options.arg);
    send_waiting(bus);
}

/* Asked ahead of everything else: nothing else is sent before txd is up. */
static void ask_status(struct bus *bus)
{
    struct buffer text = { 0 };

    if (!bus->idle || bus->status_asked)
        return;
    bus->status_asked = true;
    mp_write_map(&text, 1);
    mp_write_string(&text, BYTES("type"));
    mp_write_string(&text, BYTES("status"));
    struct request *request = request_new(buffer_bytes(&text));
    request->timeout_ms = STATUS_TIMEOUT_MS;
    request->deadline_us = clock_monotonic_us() + STATUS_TIMEOUT_MS * INT64_C(1000);
    request->fn = on_status;
    request->arg = bus;
    buffer_release(&text);
    context_start(bus, request);
}

bool bus_up(const struct bus *bus, struct error *err)
{
    return bus->up || fail(err, ERROR_UNAVAILABLE, "txd is away: %s", bus->reason);
}

struct uuid bus_incarnation(const struct bus *bus)
{
    return bus->incarnation;
}

size_t bus_waiting(const struct bus *bus)
{
    return bus->waiting_count;
}

size_t bus_in_flight(const struct bus *bus)
{
    return bus->in_flight;
}

/* --- handing out --- */

static void hand_out_answer(struct bus *bus, struct request *request, struct bytes message)
{
    struct value answer;
    struct error error;

    if (!mp_read(message, &bus->arena, &answer, &error)) {
        error.kind = ERROR_FAULT;
        fail_in(&error, "cannot read txd's answer");
        request_fail(request, &error);
    } else if (!bus_read_answer(&answer, &error)) {
        request_fail(request, &error);
    } else {
        request->fn(request->arg, &answer, NULL);
        free(request);
    }
    arena_reset(&bus->arena);
}

/* The number in front of an answer; 0 when there is none. */
static uint32_t number_of(struct bytes message)
{
    return message.len < NUMBER_BYTES ? 0 : load_u32be((const uint8_t *)message.data);
}

static struct bytes behind(struct bytes message, size_t len)
{
    return (struct bytes){ message.data + len, message.len - len };
}

/* One that nobody waits for any more is dropped. */
static void take_answer(struct bus *bus, struct bytes message)
{
    uint32_t number = number_of(message), i = number % NUMBER_CONTEXTS;

    if (i < CONTEXTS && bus->contexts[i].request && bus->contexts[i].number == number)
        hand_out_answer(bus, context_end(bus, &bus->contexts[i]), behind(message, NUMBER_BYTES));
}

/* txd publishes everything to everyone. */
static void take_feed(struct bus *bus, struct bytes message)
{
    const char *nul = message.len ? memchr(message.data, '\0', message.len) : NULL;
    struct value map;
    struct error error;

    if (!nul)
        return;
    struct bytes topic = { message.data, (size_t)(nul - message.data) };
    if (!hashmap_get(&bus->topics, topic))
        return;
    if (!mp_read(behind(message, topic.len + 1), &bus->arena, &map, &error))
        log_error("cannot read the feed of %.*s: %s", BYTES_ARG(topic), error.message);
    else
        bus->options.feed(bus->options.arg, topic, &map);
    arena_reset(&bus->arena);
}

/* Hands out what has arrived of one connection. */
static bool link_take(struct link *link, struct error *err)
{
    struct bus *bus = link->bus;
    bool greeted = link->wire.greeted, found = false;
    struct bytes message = { 0 };

    do {
        if (!wire_next(&link->wire, &message, &found, err))
            return false;
        if (!greeted && link->wire.greeted && is_connected(bus) && !bus->up)
            ask_status(bus);
        greeted = link->wire.greeted;
        if (found) {
            bus->heard_us = clock_monotonic_us();
            link->take(bus, message);
        }
    } while (found && !bus->closing);
    return true;
}

static void link_lost(struct link *link, const struct error *why)
{
    ev_io_stop(link->bus->options.loop, &link->io);
    wire_close(&link->wire);
    set_down(link->bus, why->message);
    dialer_again(link->dialer);
}

static void on_link(struct ev_loop *loop, ev_io *io, int events)
{
    struct link *link = io->data;
    struct bus *bus = link->bus;
    struct error error;

    (void)loop;
    if (events & EV_WRITE)
        wire_flush(&link->wire);
    if (!wire_receive(&link->wire, &error) || !link_take(link, &error))
        link_lost(link, &error);
    else if (!bus->closing)
        link_watch(link);
    send_waiting(bus);
    bus->options.handed_out(bus->options.arg);
}

static void expire(struct bus *bus, struct waiting *waiting, int64_t now)
{
    struct request **at = &waiting->head;
    struct error error;

    while (*at) {
        struct request *request = *at;
        if (now < request->deadline_us && (bus->up || now < request->impatient_us)) {
            at = &request->next;
            continue;
        }
        waiting_take(bus, waiting, at);
        if (request->sent)
            fail_unanswered(bus, request, bus->up, &error);
        else if (bus->up)
            fail(&error, ERROR_UNAVAILABLE,
                 "txd has too much to do and did not take the request; ask again");
        else
            fail(&error, ERROR_UNAVAILABLE, "txd is away: %s; ask again", bus->reason);
        request_fail(request, &error);
    }
}

void bus_tick(struct bus *bus)
{
    int64_t now = clock_monotonic_us();
    struct error error;

    if (bus->up && now - bus->heard_us > BUS_SILENCE_MS * INT64_C(1000))
        set_down(bus, SILENT);
    if (!bus->up && is_connected(bus) && now > bus->status_again_us)
        ask_status(bus);
    for (size_t i = 0; i < CONTEXTS; i++) {
        struct request *request = bus->contexts[i].request;
        if (!request || now < request->deadline_us)
            continue;
        fail_unanswered(bus, request, true, &error);
        request_fail(context_end(bus, &bus->contexts[i]), &error);
    }
    expire(bus, &bus->waiting[BUS_QUICK], now);
    expire(bus, &bus->waiting[BUS_SLOW], now);
    send_waiting(bus);
}

/* --- waiting for one answer --- */

/* The answer among what has arrived; the rest is left for the loop. */
static bool find_answer(struct wire *wire, uint32_t number, struct bytes *answer, bool *found,
                        struct error *err)
{
    size_t at = 0;

    do {
        if (!wire_peek(wire, &at, answer, found, err))
            return false;
    } while (*found && number_of(*answer) != number);
    return true;
}

static bool await_answer(struct wire *wire, uint32_t number, int32_t timeout_ms,
                         struct bytes *answer, struct error *err)
{
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * INT64_C(1000), left_us;
    bool found = false;

    while ((left_us = deadline_us - clock_monotonic_us()) > 0) {
        struct pollfd poll_fd = { .fd = wire->fd, .events = POLLIN };
        if (wire_waiting(wire) > 0)
            poll_fd.events |= POLLOUT;
        if (poll(&poll_fd, 1, (int)(left_us / 1000) + 1) < 0 && errno != EINTR)
            return fail(err, ERROR_FAULT, "poll: %s", strerror(errno));
        wire_flush(wire);
        if (!wire_receive(wire, err) || !find_answer(wire, number, answer, &found, err))
            return false;
        if (found)
            return true;
    }
    return fail(err, ERROR_UNAVAILABLE, "txd did not answer within %d ms", timeout_ms);
}

bool bus_ask(struct bus *bus, struct bytes request, int32_t timeout_ms, struct arena *arena,
             struct value *answer, struct error *err)
{
    struct link *link = &bus->requests;
    struct bytes message = { 0 };

    if (!bus_up(bus, err))
        return false;
    uint32_t number = next_number(bus, CONTEXTS);
    send_numbered(bus, number, request);
    bool answered = await_answer(&link->wire, number, timeout_ms, &message, err);
    ev_feed_event(bus->options.loop, &link->io, EV_READ); /* what else has arrived, or the end */
    if (!answered)
        return false;
    bus->heard_us = clock_monotonic_us();
    return mp_read(arena_copy(arena, behind(message, NUMBER_BYTES)), arena, answer, err) &&
           bus_read_answer(answer, err);
}

/* --- the feed --- */

void bus_subscribe(struct bus *bus, struct bytes topic)
{
    hashmap_put(&bus->topics, topic, bus);
}

void bus_unsubscribe(struct bus *bus, struct bytes topic)
{
    hashmap_remove(&bus->topics, topic);
}

/* --- life --- */

/* On the dialer's thread. */
static void on_wake(void *arg)
{
    struct link *link = arg;

    ev_async_send(link->bus->options.loop, &link->dialed);
}

static void on_dialed(struct ev_loop *loop, ev_async *dialed, int events)
{
    struct link *link = dialed->data;
    int fd = dialer_take(link->dialer);

    (void)loop, (void)events;
    if (fd < 0)
        return;
    wire_open(&link->wire, fd, link->own, link->peer);
    link_watch(link);
}

static void link_open(struct link *link, const char *url)
{
    ev_init(&link->io, on_link);
    link->io.data = link;
    ev_async_init(&link->dialed, on_dialed);
    link->dialed.data = link;
    ev_async_start(link->bus->options.loop, &link->dialed);
    link->dialer = dialer_open(url, on_wake, link);
}

static void link_close(struct link *link)
{
    if (!link->dialer)
        return;
    dialer_close(link->dialer);
    ev_async_stop(link->bus->options.loop, &link->dialed);
    ev_io_stop(link->bus->options.loop, &link->io);
    wire_close(&link->wire);
}

bool bus_open(const struct bus_options *options, struct bus **out, struct error *err)
{
    if (!wire_check_url(options->request_url, err) || !wire_check_url(options->feed_url, err))
        return false;
    struct bus *bus = xcalloc(1, sizeof(*bus));
    bus->options = *options;
    for (size_t i = 0; i < ARRAY_LEN(bus->waiting); i++)
        bus->waiting[i].tail = &bus->waiting[i].head;
    for (size_t i = 0; i < CONTEXTS; i++) {
        bus->contexts[i].next_idle = bus->idle;
        bus->idle = &bus->contexts[i];
    }
    snprintf(bus->reason, sizeof(bus->reason), "not yet connected to %s", options->request_url);
    bus->requests = (struct link){
        .bus = bus, .wire.fd = -1, .own = WIRE_REQ, .peer = WIRE_REP, .take = take_answer
    };
    bus->feed = (struct link){
        .bus = bus, .wire.fd = -1, .own = WIRE_SUB, .peer = WIRE_PUB, .take = take_feed
    };
    bus_subscribe(bus, BYTES(BUS_TOPIC_TXD));
    link_open(&bus->requests, options->request_url);
    link_open(&bus->feed, options->feed_url);
    *out = bus;
    return true;
}

static void fail_everything(struct bus *bus)
{
    struct error error;

    fail(&error, ERROR_UNAVAILABLE, "the gateway is closing; ask again, of another one");
    for (size_t i = 0; i < CONTEXTS; i++)
        if (bus->contexts[i].request)
            request_fail(context_end(bus, &bus->contexts[i]), &error);
    for (size_t i = 0; i < ARRAY_LEN(bus->waiting); i++)
        while (bus->waiting[i].head)
            request_fail(waiting_take(bus, &bus->waiting[i], &bus->waiting[i].head), &error);
}

void bus_stop(struct bus *bus)
{
    if (bus->closing)
        return;
    bus->closing = true;
    bus->up = false;
    link_close(&bus->requests);
    link_close(&bus->feed);
    fail_everything(bus);
}

void bus_close(struct bus *bus)
{
    if (!bus)
        return;
    bus_stop(bus);
    hashmap_release(&bus->topics);
    arena_release(&bus->arena);
    free(bus);
}
