/*
 * POST /v1/graphs/{g}/import: the body goes to txd in pieces, one at a time, as it comes; a client
 * that sends faster than txd takes is made to wait, and one that goes away ends the import.
 */
#ifndef STOA_GATEWAY_IMPORT_H
#define STOA_GATEWAY_IMPORT_H

#include "gateway/exchange.h"

void import_start(struct exchange *exchange);

#endif
