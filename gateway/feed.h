/*
 * What a session is fed: the pages of a snapshot or of the log until it is in step, then the
 * relay's ring, of which it knows the next t that it is owed. Whatever feeds it delivers exactly
 * that one next, so that nothing is missed or doubled where one source follows another.
 */
#ifndef STOA_GATEWAY_FEED_H
#define STOA_GATEWAY_FEED_H

#include "gateway/session.h"

/* Begins as txd's answer to `sync` says: `how` is log, snapshot or none. */
void feed_begin(struct session *session, const struct value *answer, struct bytes how);

/* Sees to it that there is something to send, if there is anything. */
void feed_pump(struct session *session);

/* Tells a browser, which sees no pings, where the socket is, when it has been quiet for long. */
void feed_heartbeat(struct session *session, int64_t now_us);

#endif
