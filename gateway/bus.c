#include "gateway/bus.h"

#include "common/clock.h"
#include "common/limits.h"
#include "common/log.h"
#include "gateway/inbox.h"
#include "proto/bus.h"
#include "proto/mp.h"
#include "proto/nng_threads.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>

/* Each context holds one request. 64 give the most round trips; a few stay for bus_ask(). */
#define CONTEXTS      48
#define CONTEXTS_SLOW 24

#define WAITING_MAX       8192
#define WAITING_BYTES_MAX (256 << 20)

/* What the loop has not yet taken of the feed; more is dropped, as nng drops it, and repaired. */
#define FEED_BYTES_MAX (128 << 20)

#define RECONNECT_MS_MIN  50
#define RECONNECT_MS_MAX  500
#define STATUS_TIMEOUT_MS 2000
#define STATUS_AGAIN_MS   1000
#define SUB_MESSAGES      8192

/* Why txd is away, when the connection is there. */
#define SILENT "it says nothing"

/* --- requests --- */

struct request {
    struct request *next;
    nng_msg *message; /* kept, since it may be sent again */
    enum bus_class class;
    bool repeatable;
    bool sent; /* so txd may have done it */
    int64_t timeout_ms;
    int64_t deadline_us;
    int64_t impatient_us; /* when to give up on a txd that is away */
    bus_answer_fn fn;
    void *arg;
};

enum phase { PHASE_IDLE, PHASE_SENDING, PHASE_RECEIVING };

struct context {
    struct bus *bus;
    struct context *next_idle;
    struct request *request;
    nng_ctx ctx;
    nng_aio *aio;
    enum phase phase; /* the loop's while idle, else the aio's */
};

struct waiting {
    struct request *head, **tail;
};

struct bus {
    struct bus_options options;
    nng_socket req, sub;
    bool closing;
    nng_aio *feed_aio, *send_aio;
    struct context contexts[CONTEXTS];
    nng_ctx ask_ctx;
    nng_aio *ask_aio;
    struct context *idle;
    size_t in_flight, in_flight_slow;
    struct waiting waiting[BUS_SLOW + 1];
    size_t waiting_count, waiting_bytes;
    struct inbox inbox;
    struct arena arena;

    int request_pipes, feed_pipes; /* connections of the sockets: 1 or 0, if not for a moment */
    bool up;
    bool status_asked;
    int64_t status_again_us;
    int64_t heard_us; /* when txd last said anything */
    struct uuid incarnation;
    char reason[256]; /* why it is not up */
};

/* --- on nng's threads --- */

static void arrive_pipe(struct bus *bus, int *pipes, nng_pipe_ev event)
{
    inbox_put(&bus->inbox, &(struct arrival){ .type = ARRIVAL_PIPE,
                                              .pipes = pipes,
                                              .change = event == NNG_PIPE_EV_ADD_POST ? 1 : -1 });
}

static void on_request_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    struct bus *bus = arg;

    (void)pipe;
    arrive_pipe(bus, &bus->request_pipes, event);
}

static void on_feed_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    struct bus *bus = arg;

    (void)pipe;
    arrive_pipe(bus, &bus->feed_pipes, event);
}

/* The receive is started inside the completion of a send that had to wait, or its answer can be
 * lost. */
static void on_context(void *arg)
{
    struct context *context = arg;
    int result = nng_aio_result(context->aio);
    struct arrival arrival = { .type = ARRIVAL_ANSWER, .context = context, .result = result };

    if (context->phase == PHASE_SENDING) {
        if (result == 0) {
            context->phase = PHASE_RECEIVING;
            nng_ctx_recv(context->ctx, context->aio);
            return;
        }
        nng_msg_free(nng_aio_get_msg(context->aio));
        nng_aio_set_msg(context->aio, NULL);
    } else if (result == 0) {
        arrival.message = nng_aio_get_msg(context->aio);
    }
    inbox_put(&context->bus->inbox, &arrival);
}

static void on_feed(void *arg)
{
    struct bus *bus = arg;
    int result = nng_aio_result(bus->feed_aio);

    if (result == NNG_ECLOSED || result == NNG_ECANCELED)
        return;
    if (result == 0)
        inbox_put(&bus->inbox, &(struct arrival){ .type = ARRIVAL_FEED,
                                                  .message = nng_aio_get_msg(bus->feed_aio) });
    nng_recv_aio(bus->sub, bus->feed_aio);
}

/* --- sending --- */

static void request_free(struct request *request)
{
    nng_msg_free(request->message);
    free(request);
}

static void request_fail(struct request *request, const struct error *error)
{
    request->fn(request->arg, NULL, error);
    request_free(request);
}

static void waiting_push(struct bus *bus, struct request *request)
{
    struct waiting *waiting = &bus->waiting[request->class];

    request->next = NULL;
    *waiting->tail = request;
    waiting->tail = &request->next;
    bus->waiting_count++;
    bus->waiting_bytes += nng_msg_len(request->message);
}

static struct request *waiting_take(struct bus *bus, struct waiting *waiting, struct request **at)
{
    struct request *request = *at;

    *at = request->next;
    if (!request->next)
        waiting->tail = at;
    bus->waiting_count--;
    bus->waiting_bytes -= nng_msg_len(request->message);
    return request;
}

/*
 * Sends on this thread when the connection is free, as it is unless several requests come at once;
 * false, and the message stays the caller's, when it is not. An aio that calls nobody back is not
 * handed to nng's threads, of which each would wake another before the message has left.
 */
static bool send_at_once(struct bus *bus, nng_ctx ctx, nng_msg *message)
{
    nng_aio_set_msg(bus->send_aio, message);
    nng_ctx_send(ctx, bus->send_aio);
    nng_aio_wait(bus->send_aio); /* not for long: its timeout is zero */
    return nng_aio_result(bus->send_aio) == 0;
}

static void context_start(struct bus *bus, struct request *request)
{
    struct context *context = bus->idle;
    int64_t left_ms = (request->deadline_us - clock_monotonic_us()) / 1000;
    nng_msg *copy;

    if (nng_msg_dup(&copy, request->message))
        abort(); /* out of memory */
    bus->idle = context->next_idle;
    bus->in_flight++;
    if (request->class == BUS_SLOW)
        bus->in_flight_slow++;
    request->sent = true;
    context->request = request;
    nng_aio_set_timeout(context->aio, left_ms > 1 ? (nng_duration)left_ms : 1);
    if (send_at_once(bus, context->ctx, copy)) {
        context->phase = PHASE_RECEIVING;
        nng_ctx_recv(context->ctx, context->aio);
    } else {
        context->phase = PHASE_SENDING;
        nng_aio_set_msg(context->aio, copy);
        nng_ctx_send(context->ctx, context->aio);
    }
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
    struct request *request = xcalloc(1, sizeof(*request));
    *request = (struct request){ .class = call->class,
                                 .repeatable = call->repeatable,
                                 .timeout_ms = call->timeout_ms,
                                 .deadline_us = now + call->timeout_ms * 1000,
                                 .impatient_us = now + call->patience_ms * 1000,
                                 .fn = call->fn,
                                 .arg = call->arg };
    if (nng_msg_alloc(&request->message, 0) ||
        nng_msg_append(request->message, call->request.data, call->request.len))
        abort(); /* out of memory */
    waiting_push(bus, request);
    send_waiting(bus);
    return true;
}

bool bus_withdraw(struct bus *bus, enum bus_class class, const void *arg)
{
    struct waiting *waiting = &bus->waiting[class];

    for (struct request **at = &waiting->head; *at; at = &(*at)->next) {
        if ((*at)->arg == arg) {
            request_free(waiting_take(bus, waiting, at));
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
    return bus->request_pipes > 0 && bus->feed_pipes > 0;
}

static void set_down(struct bus *bus, const char *reason)
{
    bool was_up = bus->up;

    snprintf(bus->reason, sizeof(bus->reason), "%.*s", (int)sizeof(bus->reason) - 1, reason);
    bus->up = false;
    bus->status_asked = false;
    bus->status_again_us = clock_monotonic_us() + STATUS_AGAIN_MS * INT64_C(1000);
    if (!was_up)
        return;
    log_warn("txd is away: %s", reason);
    for (size_t i = 0; i < CONTEXTS; i++) /* nng would send them again by itself */
        if (bus->contexts[i].request)
            nng_aio_cancel(bus->contexts[i].aio);
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
    struct request *request = xcalloc(1, sizeof(*request));
    int64_t deadline = clock_monotonic_us() + STATUS_TIMEOUT_MS * INT64_C(1000);
    *request = (struct request){
        .timeout_ms = STATUS_TIMEOUT_MS, .deadline_us = deadline, .fn = on_status, .arg = bus
    };
    if (nng_msg_alloc(&request->message, 0) ||
        nng_msg_append(request->message, text.data, text.len))
        abort(); /* out of memory */
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

static struct bytes message_bytes(nng_msg *message)
{
    return (struct bytes){ nng_msg_body(message), nng_msg_len(message) };
}

static void hand_out_answer(struct bus *bus, struct request *request, nng_msg *message)
{
    struct value answer;
    struct error error;

    bus->heard_us = clock_monotonic_us();
    if (!mp_read(message_bytes(message), &bus->arena, &answer, &error)) {
        error.kind = ERROR_FAULT;
        fail_in(&error, "cannot read txd's answer");
        request_fail(request, &error);
    } else if (!bus_read_answer(&answer, &error)) {
        request_fail(request, &error);
    } else {
        request->fn(request->arg, &answer, NULL);
        request_free(request);
    }
    arena_reset(&bus->arena);
}

/* What became of a request that txd was sent. */
static void fail_unanswered(const struct bus *bus, const struct request *request, int result,
                            struct error *err)
{
    if (result == NNG_ETIMEDOUT)
        fail(err, ERROR_UNAVAILABLE, "txd did not answer within %lld ms; ask again",
             (long long)request->timeout_ms);
    else
        fail(err, ERROR_UNAVAILABLE, "txd went away before it answered: %s; ask again",
             result == NNG_ECANCELED ? bus->reason : nng_strerror(result));
}

static void take_answer(struct bus *bus, const struct arrival *arrival)
{
    struct context *context = arrival->context;
    struct request *request = context->request;
    int64_t now = clock_monotonic_us();
    struct error error;

    context->request = NULL;
    context->phase = PHASE_IDLE;
    context->next_idle = bus->idle;
    bus->idle = context;
    bus->in_flight--;
    if (request->class == BUS_SLOW)
        bus->in_flight_slow--;
    if (arrival->message) {
        hand_out_answer(bus, request, arrival->message);
    } else if (request->repeatable && arrival->result != NNG_ETIMEDOUT &&
               now < request->impatient_us) {
        waiting_push(bus, request);
    } else {
        fail_unanswered(bus, request, arrival->result, &error);
        request_fail(request, &error);
    }
}

static void take_feed(struct bus *bus, nng_msg *message)
{
    struct bytes body = message_bytes(message);
    const char *nul = body.len ? memchr(body.data, '\0', body.len) : NULL;
    struct value map;
    struct error error;

    if (!nul)
        return;
    struct bytes topic = { body.data, (size_t)(nul - body.data) };
    struct bytes rest = { nul + 1, body.len - topic.len - 1 };
    bus->heard_us = clock_monotonic_us();
    if (!mp_read(rest, &bus->arena, &map, &error))
        log_error("cannot read the feed of %.*s: %s", BYTES_ARG(topic), error.message);
    else
        bus->options.feed(bus->options.arg, topic, &map);
    arena_reset(&bus->arena);
}

static void take_pipe(struct bus *bus, const struct arrival *arrival)
{
    *arrival->pipes += arrival->change;
    if (!is_connected(bus))
        set_down(bus, "the connection is closed");
    else if (!bus->up)
        ask_status(bus);
}

static void take(struct bus *bus, struct arrival *arrival)
{
    switch (arrival->type) {
    case ARRIVAL_ANSWER:
        take_answer(bus, arrival);
        break;
    case ARRIVAL_FEED:
        take_feed(bus, arrival->message);
        break;
    case ARRIVAL_PIPE:
        take_pipe(bus, arrival);
        break;
    }
}

void bus_dispatch(struct bus *bus)
{
    struct arrival *next;

    for (struct arrival *at = inbox_take(&bus->inbox); at; at = next) {
        next = at->next;
        take(bus, at);
        arrival_free(at);
    }
    send_waiting(bus);
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
            fail_unanswered(bus, request, bus->up ? NNG_ETIMEDOUT : NNG_ECANCELED, &error);
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

    if (bus->up && now - bus->heard_us > BUS_SILENCE_MS * INT64_C(1000))
        set_down(bus, SILENT);
    if (!bus->up && is_connected(bus) && now > bus->status_again_us)
        ask_status(bus);
    expire(bus, &bus->waiting[BUS_QUICK], now);
    expire(bus, &bus->waiting[BUS_SLOW], now);
}

/* --- waiting for one answer --- */

bool bus_ask(struct bus *bus, struct bytes request, int32_t timeout_ms, struct arena *arena,
             struct value *answer, struct error *err)
{
    nng_msg *message = NULL;
    nng_aio *aio = bus->ask_aio;

    if (!bus_up(bus, err))
        return false;
    if (nng_msg_alloc(&message, 0) || nng_msg_append(message, request.data, request.len))
        abort(); /* out of memory */
    nng_aio_set_timeout(aio, timeout_ms);
    nng_aio_set_msg(aio, message);
    nng_ctx_send(bus->ask_ctx, aio);
    nng_aio_wait(aio);
    int result = nng_aio_result(aio);
    if (result) {
        nng_msg_free(message);
        return fail(err, ERROR_UNAVAILABLE, "cannot ask txd: %s", nng_strerror(result));
    }
    nng_ctx_recv(bus->ask_ctx, aio);
    nng_aio_wait(aio);
    result = nng_aio_result(aio);
    if (result)
        return fail(err, ERROR_UNAVAILABLE, "txd did not answer: %s", nng_strerror(result));
    message = nng_aio_get_msg(aio);
    bus->heard_us = clock_monotonic_us();
    struct bytes kept = arena_copy(arena, message_bytes(message));
    nng_msg_free(message);
    return mp_read(kept, arena, answer, err) && bus_read_answer(answer, err);
}

/* --- the feed --- */

/* A NUL after the topic, or "g:a" would also be fed with "g:ab". */
static void topic_option(struct bus *bus, const char *option, struct bytes topic)
{
    struct buffer prefix = { 0 };

    if (bus->closing)
        return;
    buffer_append_bytes(&prefix, topic);
    buffer_append_u8(&prefix, 0);
    int result = nng_socket_set(bus->sub, option, prefix.data, prefix.len);
    if (result)
        log_error("%s %.*s: %s", option, BYTES_ARG(topic), nng_strerror(result));
    buffer_release(&prefix);
}

void bus_subscribe(struct bus *bus, struct bytes topic)
{
    topic_option(bus, NNG_OPT_SUB_SUBSCRIBE, topic);
}

void bus_unsubscribe(struct bus *bus, struct bytes topic)
{
    topic_option(bus, NNG_OPT_SUB_UNSUBSCRIBE, topic);
}

/* --- life --- */

static bool check(int result, const char *what, const char *url, struct error *err)
{
    return result == 0 || fail(err, ERROR_FAULT, "bus %s: %s: %s", url, what, nng_strerror(result));
}

static bool set_common(nng_socket socket, const char *url, struct error *err)
{
    return check(
               nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, LIMIT_BUS_BYTES + BUS_OVERHEAD_BYTES),
               "limit", url, err) &&
           check(nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, RECONNECT_MS_MIN), "reconnect", url,
                 err) &&
           check(nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, RECONNECT_MS_MAX), "reconnect", url,
                 err) &&
           check(nng_dial(socket, url, NULL, NNG_FLAG_NONBLOCK), "dial", url, err);
}

static bool notify_pipes(struct bus *bus, nng_socket socket, nng_pipe_cb fn, const char *url,
                         struct error *err)
{
    return check(nng_pipe_notify(socket, NNG_PIPE_EV_ADD_POST, fn, bus), "notify", url, err) &&
           check(nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, fn, bus), "notify", url, err);
}

static bool open_requests(struct bus *bus, struct error *err)
{
    const char *url = bus->options.request_url;

    if (!check(nng_req0_open(&bus->req), "open", url, err))
        return false;
    if (!check(nng_socket_set_ms(bus->req, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE),
               "resend time", url, err) ||
        !notify_pipes(bus, bus->req, on_request_pipe, url, err))
        return false;
    for (size_t i = 0; i < CONTEXTS; i++) {
        struct context *context = &bus->contexts[i];
        context->bus = bus;
        if (!check(nng_aio_alloc(&context->aio, on_context, context), "aio", url, err) ||
            !check(nng_ctx_open(&context->ctx, bus->req), "context", url, err))
            return false;
        context->next_idle = bus->idle;
        bus->idle = context;
    }
    if (!check(nng_aio_alloc(&bus->send_aio, NULL, NULL), "aio", url, err))
        return false;
    nng_aio_set_timeout(bus->send_aio, NNG_DURATION_ZERO);
    return check(nng_aio_alloc(&bus->ask_aio, NULL, NULL), "aio", url, err) &&
           check(nng_ctx_open(&bus->ask_ctx, bus->req), "context", url, err) &&
           set_common(bus->req, url, err);
}

static bool open_feed(struct bus *bus, struct error *err)
{
    const char *url = bus->options.feed_url;

    if (!check(nng_sub0_open(&bus->sub), "open", url, err))
        return false;
    if (!check(nng_aio_alloc(&bus->feed_aio, on_feed, bus), "aio", url, err) ||
        !check(nng_socket_set_int(bus->sub, NNG_OPT_RECVBUF, SUB_MESSAGES), "buffer", url, err) ||
        !notify_pipes(bus, bus->sub, on_feed_pipe, url, err) || !set_common(bus->sub, url, err))
        return false;
    bus_subscribe(bus, BYTES(BUS_TOPIC_TXD));
    nng_recv_aio(bus->sub, bus->feed_aio);
    return true;
}

bool bus_open(const struct bus_options *options, struct bus **out, struct error *err)
{
    struct bus *bus = xcalloc(1, sizeof(*bus));

    bus->options = *options;
    nng_threads_park();
    inbox_open(&bus->inbox, FEED_BYTES_MAX, options->wake, options->arg);
    for (size_t i = 0; i < ARRAY_LEN(bus->waiting); i++)
        bus->waiting[i].tail = &bus->waiting[i].head;
    snprintf(bus->reason, sizeof(bus->reason), "not yet connected to %s", options->request_url);
    if (!open_requests(bus, err) || !open_feed(bus, err)) {
        bus_close(bus);
        return false;
    }
    *out = bus;
    return true;
}

static void fail_everything(struct bus *bus)
{
    struct error error;

    fail(&error, ERROR_UNAVAILABLE, "the gateway is closing; ask again, of another one");
    for (size_t i = 0; i < CONTEXTS; i++) {
        struct request *request = bus->contexts[i].request;
        bus->contexts[i].request = NULL;
        if (request)
            request_fail(request, &error);
    }
    for (size_t i = 0; i < ARRAY_LEN(bus->waiting); i++)
        while (bus->waiting[i].head)
            request_fail(waiting_take(bus, &bus->waiting[i], &bus->waiting[i].head), &error);
}

/*
 * The aios are stopped, and the sockets are left to the end of the process: nng_close() of a
 * socket whose connection comes or goes at that moment may never return (nng issues 648, 1543,
 * 1813).
 */
void bus_stop(struct bus *bus)
{
    if (bus->closing)
        return;
    bus->closing = true;
    for (size_t i = 0; i < CONTEXTS; i++)
        if (bus->contexts[i].aio)
            nng_aio_stop(bus->contexts[i].aio);
    if (bus->feed_aio)
        nng_aio_stop(bus->feed_aio);
    inbox_close(&bus->inbox); /* what has arrived is only freed: everything that waits is failed */
    bus->up = false;
    fail_everything(bus);
}

/* The struct stays too, since word of connections may still come. */
void bus_close(struct bus *bus)
{
    if (!bus)
        return;
    bus_stop(bus);
    for (size_t i = 0; i < CONTEXTS; i++)
        if (bus->contexts[i].aio)
            nng_aio_free(bus->contexts[i].aio);
    if (bus->ask_aio)
        nng_aio_free(bus->ask_aio);
    if (bus->send_aio)
        nng_aio_free(bus->send_aio);
    if (bus->feed_aio)
        nng_aio_free(bus->feed_aio);
    arena_release(&bus->arena);
}
