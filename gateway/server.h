/*
 * The server: libwebsockets on a libev loop, one thread. It accepts connections, checks
 * handshakes, and hands callbacks to socket.c and http.c.
 */
#ifndef STOA_GATEWAY_SERVER_H
#define STOA_GATEWAY_SERVER_H

#include "common/error.h"
#include "gateway/settings.h"

struct server;

/* Listens. Errors: unavailable, naming the address. */
bool server_open(const struct settings *settings, struct server **out, struct error *err) MUST_USE;

/* Serves until SIGTERM or SIGINT has been received and the sockets are drained. */
void server_run(struct server *server);

void server_close(struct server *server); /* accepts NULL */

#endif
