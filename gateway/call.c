#include "gateway/call.h"

#include "proto/mp.h"

#include <stdlib.h>

#define PATIENCE_MS 1500

struct pending {
    struct exchange *exchange;
    call_fn fn;
};

static void on_answer(void *arg, const struct value *answer, const struct error *error)
{
    struct pending *pending = arg;

    if (error)
        exchange_reply_error(pending->exchange, 0, error);
    else if (!exchange_gone(pending->exchange))
        pending->fn(pending->exchange, answer);
    exchange_release(pending->exchange);
    free(pending);
}

void call_txd(struct exchange *exchange, const struct call *call, const char *type,
              const struct value *fields)
{
    struct arena arena = { 0 };
    struct value_builder map = { 0 };
    struct buffer text = { 0 };
    struct error error;

    value_builder_entry(&map, &arena, "type", value_string(bytes_of(type)));
    if (*exchange->graph)
        value_builder_entry(&map, &arena, "graph", value_string(bytes_of(exchange->graph)));
    for (uint32_t i = 0; fields && i < 2 * fields->count; i++)
        value_builder_add(&map, &arena, fields->items[i]);
    struct value request = value_builder_end(&map, VALUE_MAP);
    mp_write(&text, &request);
    struct pending *pending = xmalloc(sizeof(*pending));
    *pending = (struct pending){ .exchange = exchange_retain(exchange), .fn = call->fn };
    struct bus_call bus_call = { .request = buffer_bytes(&text),
                                 .class = call->class,
                                 .repeatable = call->repeatable,
                                 .timeout_ms = call->timeout_ms,
                                 .patience_ms = PATIENCE_MS,
                                 .fn = on_answer,
                                 .arg = pending };
    if (!bus_request(exchange->gateway->bus, &bus_call, &error))
        on_answer(pending, NULL, &error);
    buffer_release(&text);
    arena_release(&arena);
}
