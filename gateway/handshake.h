/* Whether a request to upgrade becomes a socket (PROTOCOL.md, "Endpoint"). */
#ifndef STOA_GATEWAY_HANDSHAKE_H
#define STOA_GATEWAY_HANDSHAKE_H

#include "gateway/gateway.h"

#include <libwebsockets.h>

#define SUBPROTOCOL_JSON    "stoa.v1.json"
#define SUBPROTOCOL_MSGPACK "stoa.v1.msgpack"

/*
 * False when it has been refused, with an HTTP status; the connection is to be closed. `upgrade` is
 * what libwebsockets goes by afterwards, and is changed where the request is to be taken without.
 */
bool handshake_check(struct gateway *gateway, struct lws *wsi, char *upgrade) MUST_USE;

/* The graph that a checked request names, in `path`, which has room for `size` bytes. */
struct bytes handshake_graph(struct lws *wsi, char *path, size_t size);

#endif
