/*
 * GET /v1/graphs/{g}/export: `#datascript/DB {:schema {..} :datoms [[e :a v tx] ..]}`, streamed
 * from pages of the snapshot at one t, and no faster than the client reads.
 */
#ifndef STOA_GATEWAY_EXPORT_H
#define STOA_GATEWAY_EXPORT_H

#include "gateway/exchange.h"

void export_start(struct exchange *exchange);

#endif
