/*
 * One graph as this gateway sees it: its sessions, and what they share: the relay, presence, the
 * lanes to txd and pages of snapshots. A room follows the feed while it has sessions; a while
 * after the last one has left it is forgotten.
 */
#ifndef STOA_GATEWAY_ROOM_H
#define STOA_GATEWAY_ROOM_H

#include "common/limits.h"
#include "gateway/gateway.h"
#include "gateway/lane.h"
#include "gateway/pace.h"
#include "gateway/page.h"
#include "gateway/relay.h"

/* Two requests at least, so that one is applied by txd while the other is on its way. */
#define ROOM_LANES 4

struct session;

struct room {
    struct gateway *gateway;
    char name[LIMIT_GRAPH_NAME_BYTES + 1];
    struct lane lanes[ROOM_LANES];
    struct relay relay;
    struct pages pages;
    struct presence_graph *presence;
    struct session *sessions; /* every session, from its hello on */
    size_t sessions_count;
    bool following; /* the feed */
    bool fetching;  /* the relay waits for the log */
    struct uuid fetch_epoch;
    uint32_t fetch_from;
    bool advanced; /* not all sessions have been told yet */
    struct pace pace;
    struct session *answered; /* those with a result that they have not been sent */
    bool broken;              /* the graph is another one: all sessions must go */
    bool dropped;
    int64_t used_us;
};

/* The form of a graph's name; says nothing of whether there is one. */
bool room_name_valid(struct bytes name);

/* The room of a graph, which is made when there is none. Errors: incorrect for a name that none
 * can have, busy when there are too many. */
bool room_get(struct gateway *gateway, struct bytes name, struct room **out,
              struct error *err) MUST_USE;

/* NULL when nobody here has to do with the graph. */
struct room *room_find(const struct gateway *gateway, struct bytes name);

/* A session belongs to the room from before it asks txd how to get in step, until it closes. */
void room_enter(struct room *room, struct session *session);
void room_leave(struct room *room, struct session *session);

/* The lane of whoever has this key: always the same. */
struct lane *room_lane(struct room *room, struct bytes key);

/* A message of the graph's feed. */
void room_feed(struct room *room, const struct value *message);

/*
 * Tells the sessions what has happened since. To be called when a batch of news has been handed
 * out, and after whatever may have made the relay advance. pace.h says when who is told.
 */
void room_settle(struct room *room);

/* The session has a result that waits for its tx, or to be sent. */
void room_answered(struct room *room, struct session *session);

/* False when the room has been forgotten. */
bool room_tick(struct room *room);

void room_close(struct room *room);

#endif
