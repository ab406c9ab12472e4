/*
 * What clients did and saw while processes were killed: one event a line, EDN, in the order in
 * which one program with all the clients wrote them down. check.h decides whether it is what
 * Stoa promises.
 *
 * An operation is one transaction: client and number name it, as does the text "CLIENT/NUMBER" that
 * it asserts as :fault/op of a new entity. It is sent again, with the same tx_id, until it is known
 * how it ended.
 *
 *   :invoke  client op session         sent; `session` counts the client's connections
 *   :ok      client op t seen          acknowledged at t; `seen`: the last t it had been sent then
 *   :fail    client op text            refused for good, with this code
 *   :info    client op text            not known: an error that may be retried, or no answer
 *   :base    client t text             what it holds begins at t, by a "snapshot" or the "log"
 *   :tx      client t text ops         was sent t; a hash of its datoms, and the operations in it
 *   :check   client t text other       the checksum at t: its own, and the server's
 *   :broken  client text               what it found wrong by itself
 *   :kill    text                      a process was killed
 *   :final   client t datoms           what it holds at the end
 *   :export  datoms                    what the server holds at the end
 */
#ifndef STOA_TESTS_FAULT_HISTORY_H
#define STOA_TESTS_FAULT_HISTORY_H

#include "proto/value.h"

#include <stdio.h>

enum event_type {
    EVENT_INVOKE,
    EVENT_OK,
    EVENT_FAIL,
    EVENT_INFO,
    EVENT_BASE,
    EVENT_TX,
    EVENT_CHECK,
    EVENT_BROKEN,
    EVENT_KILL,
    EVENT_FINAL,
    EVENT_EXPORT,
};

struct event {
    enum event_type type;
    int64_t client, op, session, t, seen;
    struct bytes text, other;
    struct value ops;    /* vector of strings */
    struct value datoms; /* vector of [e a v tx] */
};

void history_write(FILE *file, const struct event *event);

/* Reads one line; the event points into `arena`. */
bool history_read(struct bytes line, struct arena *arena, struct event *out,
                  struct error *err) MUST_USE;

#endif
