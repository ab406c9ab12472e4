#include "gateway/export.h"

#include "gateway/call.h"
#include "proto/bus.h"
#include "proto/edn.h"
#include "proto/mp.h"

#include <stdlib.h>

#define TIMEOUT_MS 30000
#define PAGE_BYTES (1 << 20)

struct export
{
    struct uuid epoch;
    uint32_t t;
    struct buffer after; /* where the next page begins */
    bool asked, ended;
};

static void export_free(struct exchange *exchange)
{
    struct export *export = exchange->state;

    if (export)
        buffer_release(&export->after);
    free(export);
    exchange->state = NULL;
}

/* Each datom is read and written again; memory holds one. */
static bool write_datoms(struct exchange *exchange, struct bytes datoms)
{
    struct buffer text = { 0 };
    struct arena arena = { 0 };
    struct value datom;
    struct error error;
    size_t len;
    bool ok = true;

    while (datoms.len && ok) {
        ok = mp_skip(datoms, &len, &error) &&
             mp_read((struct bytes){ datoms.data, len }, &arena, &datom, &error);
        if (!ok)
            break;
        buffer_append_u8(&text, '\n');
        edn_write(&text, &datom);
        arena_reset(&arena);
        datoms = (struct bytes){ datoms.data + len, datoms.len - len };
    }
    if (ok)
        exchange_write(exchange, buffer_bytes(&text));
    arena_release(&arena);
    buffer_release(&text);
    return ok;
}

static void on_page(void *arg, const struct value *answer, const struct error *error)
{
    struct exchange *exchange = arg;
    struct export *export = exchange->state;

    if (!exchange_gone(exchange)) {
        export->asked = false;
        buffer_clear(&export->after);
        if (!error)
            buffer_append_bytes(&export->after, bus_text(answer, "after"));
        if (error || !write_datoms(exchange, bus_text(answer, "datoms"))) {
            exchange_break(exchange);
        } else if (export->after.len == 0) {
            export->ended = true;
            exchange_write(exchange, BYTES("]}\n"));
            exchange_end(exchange);
        }
        if (error || export->ended)
            export_free(exchange);
    }
    exchange_release(exchange);
}

static void ask_page(struct exchange *exchange)
{
    struct export *export = exchange->state;
    struct arena arena = { 0 };
    struct value_builder map = { 0 };
    struct buffer text = { 0 };
    struct error error;

    value_builder_entry(&map, &arena, "type", value_string(BYTES("snapshot")));
    value_builder_entry(&map, &arena, "graph", value_string(bytes_of(exchange->graph)));
    value_builder_entry(&map, &arena, "epoch", value_uuid(export->epoch));
    value_builder_entry(&map, &arena, "t", value_long(export->t));
    value_builder_entry(&map, &arena, "bytes_max", value_long(PAGE_BYTES));
    value_builder_entry(&map, &arena, "tx_entities", value_boolean(true));
    if (export->after.len)
        value_builder_entry(&map, &arena, "after",
                            value_text(VALUE_BYTES, buffer_bytes(&export->after)));
    struct value request = value_builder_end(&map, VALUE_MAP);
    mp_write(&text, &request);
    export->asked = true;
    struct bus_call call = { .request = buffer_bytes(&text),
                             .class = BUS_QUICK,
                             .repeatable = true,
                             .timeout_ms = TIMEOUT_MS,
                             .patience_ms = TIMEOUT_MS,
                             .fn = on_page,
                             .arg = exchange_retain(exchange) };
    if (!bus_request(exchange->gateway->bus, &call, &error))
        on_page(exchange, NULL, &error);
    buffer_release(&text);
    arena_release(&arena);
}

static void drained(struct exchange *exchange)
{
    const struct export *export = exchange->state;

    if (export && !export->asked)
        ask_page(exchange);
}

static const struct exchange_operations operations = { .drained = drained, .gone = export_free };

static void on_sync(struct exchange *exchange, const struct value *answer)
{
    struct export *export;
    const struct value *schema = value_get(answer, "schema");
    struct value none = value_collection(VALUE_MAP, NULL, 0);
    struct buffer text = { 0 };
    struct error error;

    if (exchange->method == METHOD_HEAD) { /* nothing is read for it */
        exchange_begin(exchange, 200, "application/edn");
        return;
    }
    export = xcalloc(1, sizeof(*export));
    exchange->state = export;
    export->t = (uint32_t)bus_number(answer, "t");
    if (!bus_field_uuid(answer, "epoch", true, &export->epoch, &error)) {
        exchange_reply_error(exchange, 500, &error);
        export_free(exchange);
        return;
    }
    exchange->operations = &operations;
    exchange_begin(exchange, 200, "application/edn");
    buffer_append_bytes(&text, BYTES("#datascript/DB {:schema "));
    edn_write(&text, schema ? schema : &none);
    buffer_append_bytes(&text, BYTES(" :datoms ["));
    exchange_write(exchange, buffer_bytes(&text));
    buffer_release(&text);
}

void export_start(struct exchange *exchange)
{
    static const struct call call = {
        .class = BUS_QUICK, .repeatable = true, .timeout_ms = TIMEOUT_MS, .fn = on_sync
    };
    struct value entries[] = { value_string(BYTES("sync")), value_string(BYTES("snapshot")) };
    struct value fields = value_collection(VALUE_MAP, entries, 1);

    call_txd(exchange, &call, "sync", &fields);
}
