/* From a session's hello to its welcome. */
#ifndef STOA_GATEWAY_HELLO_H
#define STOA_GATEWAY_HELLO_H

#include "gateway/session.h"
#include "proto/message.h"

/* Asks txd how to bring the client in step; `welcomed` is called when that has begun. Or refuses
 * the hello and ends the session. */
void hello_start(struct session *session, const struct message *message,
                 void (*welcomed)(struct session *session));

/* Answers a hello that cannot even be read; `id` NULL: it names none. */
void hello_refuse(struct session *session, const struct value *id, const struct error *error);

#endif
