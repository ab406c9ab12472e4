/*
 * The WebSocket of one session: libwebsockets' fragments become frames, and what the session has
 * to say becomes frames again, one write for each writeable callback.
 */
#ifndef STOA_GATEWAY_SOCKET_H
#define STOA_GATEWAY_SOCKET_H

#include "gateway/session.h"

#include <libwebsockets.h>

struct socket;

/* The handshake is done. */
struct socket *socket_open(struct gateway *gateway, struct lws *wsi, struct bytes graph,
                           enum encoding encoding);

/* A part of a frame. */
void socket_receive(struct socket *socket, struct bytes part);

/* Writes one frame, or closes: false when the connection is to be closed. */
bool socket_write(struct socket *socket, struct frame *frame) MUST_USE;

void socket_close(struct socket *socket); /* accepts NULL */

#endif
