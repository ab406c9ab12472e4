/*
 * A query, pull or index that txd has been asked, for a session or over HTTP. Nobody waits for the
 * answer of one whose client has gone: it is cancelled, and txd stops working at it.
 */
#ifndef STOA_GATEWAY_READING_H
#define STOA_GATEWAY_READING_H

#include "gateway/gateway.h"
#include "proto/message.h"

struct reading;

/* Asks txd. `fn` is called exactly once, later or before this returns, unless it is cancelled; the
 * reading is gone then. NULL when that has happened already. */
struct reading *reading_start(struct gateway *gateway, const struct message *message,
                              struct bytes graph, bus_answer_fn fn, void *arg);

/* `fn` is not called any more. Accepts NULL. */
void reading_cancel(struct reading *reading);

#endif
