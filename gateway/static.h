/* Files of the web client, from a folder, or a page of our own where there is none. */
#ifndef STOA_GATEWAY_STATIC_H
#define STOA_GATEWAY_STATIC_H

#include "gateway/exchange.h"

/* Answers GET or HEAD of exchange->path. */
void static_reply(struct exchange *exchange);

#endif
