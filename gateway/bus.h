/*
 * The way to txd (proto/BUS.md). With inbox.h the only file of the gateway that knows nng.
 *
 * Answers and the feed arrive on nng's threads. They wait in an inbox and are handed out by
 * bus_dispatch(), so every callback runs on the thread of the event loop; `wake` is called, from
 * any thread, when the inbox is no longer empty. All other functions belong to the loop's thread.
 *
 * txd is `up` from its answer to `status` until the connection breaks or it says nothing for
 * BUS_SILENCE_MS. A request made while it is not up waits for it, within its patience; one whose
 * connection broke is asked again if it may be.
 */
#ifndef STOA_GATEWAY_BUS_H
#define STOA_GATEWAY_BUS_H

#include "common/error.h"
#include "proto/value.h"

/* txd says that it is alive every second; after so much silence it is taken to be away. */
#define BUS_SILENCE_MS 5000

struct bus;

enum bus_class {
    BUS_QUICK, /* answered in milliseconds: transactions, pages, presence */
    BUS_SLOW,  /* queries: only some of the contexts, so that they never hold up the rest */
};

/*
 * `answer` is NULL on error, else the decoded map; both last as long as the callback. An error
 * that txd answered with comes as it was said; `unavailable` is also what the bus itself says.
 */
typedef void (*bus_answer_fn)(void *arg, const struct value *answer, const struct error *error);

struct bus_call {
    struct bytes request; /* one MessagePack map; copied */
    enum bus_class class;
    bool repeatable;     /* may be sent again when the connection broke: reads, and tx_ids */
    int64_t timeout_ms;  /* in all */
    int64_t patience_ms; /* how long to wait for a txd that is away; at most timeout_ms */
    bus_answer_fn fn;
    void *arg;
};

struct bus_options {
    const char *request_url;
    const char *feed_url;
    void (*wake)(void *arg); /* from any thread */
    void (*feed)(void *arg, struct bytes topic, const struct value *message);
    void (*changed)(void *arg); /* txd is up, or is no longer */
    void *arg;
};

bool bus_open(const struct bus_options *options, struct bus **out, struct error *err) MUST_USE;

/* No more calls of `wake`; every request that waits is answered with `unavailable`. */
void bus_stop(struct bus *bus);

/* Stops it, unless that has been done. Accepts NULL. */
void bus_close(struct bus *bus);

/* On true, `fn` will be called exactly once, later, also when the bus closes. Errors: busy when
 * too many wait; incorrect when the request is over LIMIT_BUS_BYTES. */
bool bus_request(struct bus *bus, const struct bus_call *call, struct error *err) MUST_USE;

/* Takes back the request of `arg` that has not been sent: its `fn` is not called any more. False
 * when it has been; then it will not be asked again should the connection break. */
bool bus_withdraw(struct bus *bus, enum bus_class class, const void *arg);

/*
 * Asks and waits for the answer, at most `timeout_ms`, on the loop's thread: for the few places
 * where libwebsockets wants to know at once. The answer is in `arena`.
 */
bool bus_ask(struct bus *bus, struct bytes request, int32_t timeout_ms, struct arena *arena,
             struct value *answer, struct error *err) MUST_USE;

/* The feed of a topic: "txd", or "g:" and a graph's name. */
void bus_subscribe(struct bus *bus, struct bytes topic);
void bus_unsubscribe(struct bus *bus, struct bytes topic);

/* Hands out what has arrived. */
void bus_dispatch(struct bus *bus);

/* Sees to deadlines; to be called several times a second. */
void bus_tick(struct bus *bus);

/* False, with the reason, while txd is not up. */
bool bus_up(const struct bus *bus, struct error *err) MUST_USE;

/* Which life of txd was last heard; all zeroes before the first. */
struct uuid bus_incarnation(const struct bus *bus);

size_t bus_waiting(const struct bus *bus);
size_t bus_in_flight(const struct bus *bus);

#endif
