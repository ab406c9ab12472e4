/* A request to txd on behalf of an HTTP exchange. */
#ifndef STOA_GATEWAY_CALL_H
#define STOA_GATEWAY_CALL_H

#include "gateway/exchange.h"
#include "proto/value.h"

/* `answer` is txd's; errors, and clients that have gone, are dealt with before. */
typedef void (*call_fn)(struct exchange *exchange, const struct value *answer);

struct call {
    enum bus_class class;
    bool repeatable;
    int64_t timeout_ms;
    call_fn fn;
};

/* Sends {type, graph} with `fields`, a map, added; the exchange's graph is left out when it names
 * none. What goes wrong is answered. Holds a reference until then. */
void call_txd(struct exchange *exchange, const struct call *call, const char *type,
              const struct value *fields);

#endif
