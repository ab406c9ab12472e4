/*
 * Who is there, of every graph that has sessions here. A gateway owns the presence of its own
 * sessions: their changes are known here first, go to the other sockets of this gateway at once,
 * and to txd, which tells the other gateways (BUS.md). What the feed says of own sessions is
 * therefore ignored.
 *
 * Clients and txd are told of changes (roster.h) at most ten times a second.
 *
 * After txd has come back, what is known is kept for BUS_PRESENCE_SETTLE_MS while the other
 * gateways announce themselves again; then txd's word is the truth.
 */
#ifndef STOA_GATEWAY_PRESENCE_H
#define STOA_GATEWAY_PRESENCE_H

#include "common/uuid.h"
#include "gateway/bus.h"

/* The changes of a graph are told at most so often. */
#define PRESENCE_INTERVAL_MS 100

struct presence;
struct presence_graph;

struct presence_operations {
    /* Tell the clients of the graph. `changes` is {joined, updated, left}, for the time of the
     * call; NULL when there are none and only newcomers wait for the full set. */
    void (*tell)(void *arg, const struct value *changes);
};

/* `soon` asks for presence_tick() within about a millisecond. */
struct presence *presence_open(struct bus *bus, struct uuid gateway, void (*soon)(void *arg),
                               void *arg);
void presence_close(struct presence *presence); /* accepts NULL */

/* A graph begins to have sessions here; `name` must live as long. */
struct presence_graph *presence_graph_open(struct presence *presence, const char *name,
                                           const struct presence_operations *operations, void *arg);

/* It has none any more. Accepts NULL. */
void presence_graph_close(struct presence_graph *graph);

/* Own sessions; `session` is the text of its uuid. A newcomer waits for the full set. */
void presence_join(struct presence_graph *graph, const char *session, const struct value *user,
                   const struct value *state);
void presence_update(struct presence_graph *graph, const char *session, const struct value *state);
void presence_leave(struct presence_graph *graph, const char *session);

/* Every session of the graph, [{session, user, state}], as the clients know it. */
struct value presence_full(const struct presence_graph *graph, struct arena *arena);

/* A `presence` message of the graph's feed; txd's `alive`; txd is up again. */
void presence_feed(struct presence_graph *graph, const struct value *message);
void presence_alive(struct presence *presence, const struct uuid *incarnation);
void presence_announce_all(struct presence *presence);

void presence_tick(struct presence *presence);

/* True when txd knows of every change here, or is away: nothing is lost by stopping now. */
bool presence_is_told(const struct presence *presence);

#endif
