/*
 * Who a client is. In trust mode, the only one so far, it is who it says it is: for teams behind
 * their own proxy or network.
 */
#ifndef STOA_GATEWAY_AUTH_H
#define STOA_GATEWAY_AUTH_H

#include "common/arena.h"
#include "common/error.h"
#include "proto/message.h"

/*
 * The user of a hello or an HTTP body, in `arena`; its `name` is "anonymous" when it gives none.
 * Errors: forbidden.
 */
bool auth_check(const struct message *message, struct arena *arena, struct value *user,
                struct error *err) MUST_USE;

/*
 * True when a browser's page of `origin` may use a gateway that it reached as `host`: the same
 * origin, or one of `allowed`, which are separated by commas ("*": any). A request without Origin
 * is none of a browser's, and allowed.
 */
bool auth_origin(struct bytes origin, struct bytes host, const char *allowed);

#endif
