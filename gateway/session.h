/*
 * One client: the protocol of one socket, from its hello to its end (proto/PROTOCOL.md). It knows
 * nothing of libwebsockets; the socket gives it frames and takes from it what is to be sent.
 *
 * What waits to be sent is in two places: `outbox` holds the messages for this session alone, and
 * the rest is the relay's ring from `next_t` on. The result of a transaction is held back until
 * next_t has passed its t.
 *
 * session.c takes frames and messages apart and sees to time; what a message asks for is done by
 * hello.c, errand.c and feed.c, and all of them speak through session_send.c.
 *
 * States: opened -> greeted (txd is asked how to get in step) -> snapshot (pages are on their way)
 * -> feed (the log, then live) ; from any of them -> ending (only the outbox is still sent).
 */
#ifndef STOA_GATEWAY_SESSION_H
#define STOA_GATEWAY_SESSION_H

#include "gateway/outbox.h"
#include "gateway/room.h"

enum close_code {
    CLOSE_GOING_AWAY = 1001,
    CLOSE_NOT_ACCEPTED = 1003,
    CLOSE_NOT_DECODED = 1007,
    CLOSE_POLICY = 1008,
    CLOSE_TOO_LARGE = 1009,
    CLOSE_FAULT = 1011,
    CLOSE_RESTART = 1012,
    CLOSE_TRY_LATER = 1013,
    CLOSE_NO_HELLO_FIRST = 4401,
    CLOSE_FORBIDDEN = 4403,
    CLOSE_HELLO_TIMEOUT = 4408,
    CLOSE_SECOND_HELLO = 4429,
};

enum session_state {
    SESSION_OPENED,
    SESSION_GREETED,
    SESSION_SNAPSHOT,
    SESSION_FEED,
    SESSION_ENDING,
};

struct session_operations {
    void (*wake)(void *socket);               /* there is something to send, or the end */
    void (*pause)(void *socket, bool paused); /* take no more frames for a while */
};

struct errand; /* what txd was asked */
struct early;  /* a frame that came before the welcome */

struct session {
    struct gateway *gateway;
    const struct session_operations *operations;
    void *socket;
    enum encoding encoding;
    enum session_state state;
    char graph[LIMIT_GRAPH_NAME_BYTES + 1];
    char id[UUID_TEXT_BYTES];
    struct room *room;               /* from the hello on */
    struct session *next, *previous; /* in the room, or in the gateway's `opened` */
    struct session *answered_next;   /* in the room's list of those, if `answered` */
    bool answered;
    struct blob *user, *presence; /* MessagePack; until the welcome, then the user only */

    struct outbox outbox;
    struct errand *errands;
    size_t requests_count, transacts_count; /* of the client's that are not answered */
    struct early *early;
    size_t early_bytes;

    struct uuid epoch;
    uint32_t next_t;        /* the next to be queued; 0 before there is a start */
    uint32_t told_t;        /* the relay's t when it was last told */
    int64_t told_us;        /* when that was */
    bool live;              /* has been at the relay's t: may not fall behind any more */
    bool fetching;          /* a page of the log */
    int64_t fetch_again_us; /* after one that failed */

    uint32_t snapshot_t;
    char snapshot_checksum[CHECKSUM_TEXT_BYTES];
    struct blob *page;       /* read ahead */
    struct blob *page_after; /* where to go on behind it */
    bool page_ready;

    bool wants_presence; /* the full set, after the welcome */
    bool told_presence;
    void (*welcomed)(struct session *session); /* what comes after the hello */
    bool draining;
    uint16_t close_code;
    const char *close_reason;
    int64_t opened_us, sent_us;
    double tokens; /* of the rate limit */
    int64_t tokens_us;
};

struct session *session_open(struct gateway *gateway, struct bytes graph, enum encoding encoding,
                             const struct session_operations *operations, void *socket);

/* The socket is gone. */
void session_close(struct session *session);

/* A whole frame. */
void session_receive(struct session *session, struct bytes frame, bool binary);

/* Adds messages to the frame, as many as one frame should have; false when there are none. */
bool session_fill(struct session *session, struct frame *frame);

/* True when all has been sent and the socket is to be closed, with this code. */
bool session_ended(const struct session *session, uint16_t *code, const char **reason);

/* No more is taken; what is in the outbox is still sent. */
void session_end(struct session *session, enum close_code code, const char *reason);

/* In and out of a list. */
void session_link(struct session *session, struct session **list);
void session_unlink(struct session *session, struct session **list);

/* --- for the room --- */

/* What the session waits for. */
enum pace_own session_own(const struct session *session);

/* It is told that the relay has advanced. */
void session_advanced(struct session *session, int64_t now_us);

/* Sends a message; ends the session instead when too much waits for it already. */
void session_send(struct session *session, struct blob *message);

void session_tick(struct session *session, int64_t now_us);

/* Takes no more requests, and ends once those that are open are answered. */
void session_drain(struct session *session, int64_t retry_ms);

#endif
