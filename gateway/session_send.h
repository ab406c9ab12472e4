/* What is said to a client: at the bottom of everything that a session does. See session.h too. */
#ifndef STOA_GATEWAY_SESSION_SEND_H
#define STOA_GATEWAY_SESSION_SEND_H

#include "gateway/session.h"

/* There is something to send. */
void session_wake(struct session *session);

void session_send_value(struct session *session, const struct value *value);

/* The message of an error, for session_send_after(), counted as sent. In the arena but for its
 * text, which is the error's. */
struct value session_error_message(struct arena *arena, const struct value *re,
                                   const struct error *error);

/* `re` NULL: there is no request to name. */
void session_send_error(struct session *session, const struct value *re, const struct error *error);

/* Sends what became of a transaction, once the session has been sent the tx of t and those before.
 */
void session_send_after(struct session *session, uint32_t t, const struct value *message);

/* The client has been given t and what went before it. */
void session_passed(struct session *session, uint32_t t);

/* The client reads too slowly. */
void session_end_slow(struct session *session);

#endif
