/*
 * The gateway without its sockets: the way to txd, presence, and the graphs that anyone here has
 * to do with. Everything runs on the thread of the event loop.
 */
#ifndef STOA_GATEWAY_GATEWAY_H
#define STOA_GATEWAY_GATEWAY_H

#include "common/hashmap.h"
#include "gateway/bus.h"
#include "gateway/presence.h"
#include "gateway/settings.h"

struct session;

struct gateway_loop {
    void (*wake)(void *arg); /* from any thread: call gateway_dispatch() on the loop's */
    void (*within)(void *arg, int64_t us); /* call gateway_tick() in so long at the latest */
    void *arg;
};

struct gateway {
    const struct settings *settings;
    struct gateway_loop loop;
    struct uuid incarnation; /* of this process, for presence */
    struct bus *bus;
    struct presence *presence;
    struct hashmap rooms;   /* name -> struct room */
    struct session *opened; /* those that have not said hello, and are in no room */
    int64_t swept_us;       /* when all sessions were last looked at */
    struct arena arena;     /* for decoding one frame */
    uint64_t readings;      /* so many have been asked */
    bool draining;
    int64_t drain_until_us;
};

bool gateway_open(const struct settings *settings, const struct gateway_loop *loop,
                  struct gateway **out, struct error *err) MUST_USE;

/* No more news from txd, and no more calls of the loop's `wake`; what waits for txd fails. */
void gateway_stop(struct gateway *gateway);

/* Accepts NULL. It is stopped, and all sessions are closed by now. */
void gateway_close(struct gateway *gateway);

void gateway_dispatch(struct gateway *gateway);

/* To be called ten times a second, and when asked for by `within`. */
void gateway_tick(struct gateway *gateway);

/* Tells all sessions to go elsewhere, and closes them as soon as their requests are answered. */
void gateway_drain(struct gateway *gateway);

/* True when the draining gateway has told txd that its sessions have ended. */
bool gateway_is_drained(const struct gateway *gateway);

/* False, with the reason, when this gateway should not be sent clients. */
bool gateway_ready(const struct gateway *gateway, struct error *err) MUST_USE;

#endif
