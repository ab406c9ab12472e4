/*
 * What a session has asked of txd and waits for. An errand may outlive its session, which it then
 * no longer knows. Those of the client carry the `id` of its request; the session's own have none.
 */
#ifndef STOA_GATEWAY_ERRAND_H
#define STOA_GATEWAY_ERRAND_H

#include "gateway/session.h"
#include "proto/message.h"

struct errand {
    struct errand *next, **at; /* among those of the session */
    struct session *session;   /* NULL: it is gone */
    struct reading *reading;   /* of a query, pull or index */
    int64_t started_us;
    bool transacts;
    struct value id; /* nil: not the client's; a string's text is behind the struct */
};

/* `id` NULL: not the client's. */
struct errand *errand_open(struct session *session, const struct value *id);

/* Frees the errand; NULL when its session is gone. */
struct session *errand_close(struct errand *errand);

/* Does a transact, query, pull or index, and sends the session the result; or says why not. */
void errand_start(struct session *session, const struct message *message);

/* The session goes: transactions are finished for nobody, readings are cancelled. */
void errands_abandon(struct session *session);

#endif
