/* The HTTP routes of PROTOCOL.md: one table. */
#ifndef STOA_GATEWAY_ROUTES_H
#define STOA_GATEWAY_ROUTES_H

#include "gateway/exchange.h"

/* The head of a request has been read. `graph` has room for the longest name. */
void routes_start(struct exchange *exchange, char *graph);

/* More of its body has come, or (body_ended) all of it. */
void routes_body(struct exchange *exchange);

#endif
