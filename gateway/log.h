/*
 * GET /v1/graphs/{g}/log?from=T&limit=N: the transactions from T on as `tx` messages,
 * `{:t <the last durable> :txs [{..} ..]}`. A page of them: who wants more asks again, from the one
 * after the last, until it has t. Without `from` they begin at the first that the log has.
 */
#ifndef STOA_GATEWAY_LOG_H
#define STOA_GATEWAY_LOG_H

#include "gateway/exchange.h"

void log_start(struct exchange *exchange);

#endif
