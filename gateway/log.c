#include "gateway/log.h"

#include "gateway/call.h"
#include "proto/bus.h"
#include "proto/mp.h"

#define TIMEOUT_MS 30000
#define TXS_MAX    1000
#define PAGE_BYTES (1 << 20)

struct range {
    int64_t from; /* 0: the first there is */
    int64_t limit;
};

static bool read_range(const struct exchange *exchange, struct range *out, struct error *err)
{
    *out = (struct range){ .limit = TXS_MAX };
    return exchange_number(exchange, "from", 1, UINT32_MAX, &out->from, err) &&
           exchange_number(exchange, "limit", 1, TXS_MAX, &out->limit, err);
}

static void on_log(struct exchange *exchange, const struct value *answer)
{
    const struct value *txs = value_get(answer, "txs");
    struct arena arena = { 0 };
    struct value_builder map = { 0 }, list = { 0 };
    struct range range;
    struct error error;
    bool ok = read_range(exchange, &range, &error);

    for (uint32_t i = 0; ok && txs && i < txs->count && i < range.limit; i++) {
        struct value tx;
        ok = mp_read(txs->items[i].text, &arena, &tx, &error);
        if (ok)
            value_builder_add(&list, &arena, tx);
    }
    if (ok) {
        value_builder_entry(&map, &arena, "t", value_long(bus_number(answer, "t")));
        value_builder_entry(&map, &arena, "txs", value_builder_end(&list, VALUE_VECTOR));
        struct value value = value_builder_end(&map, VALUE_MAP);
        exchange_reply_list(exchange, 200, &value);
    } else {
        exchange_reply_error(exchange, 500, &error);
    }
    arena_release(&arena);
}

static void on_sync(struct exchange *exchange, const struct value *answer)
{
    static const struct call call = {
        .class = BUS_QUICK, .repeatable = true, .timeout_ms = TIMEOUT_MS, .fn = on_log
    };
    struct arena arena = { 0 };
    struct value_builder map = { 0 };
    struct range range;
    struct uuid epoch;
    struct error error;

    if (read_range(exchange, &range, &error) &&
        bus_field_uuid(answer, "epoch", true, &epoch, &error)) {
        int64_t from = range.from ? range.from : bus_number(answer, "base") + 1;
        value_builder_entry(&map, &arena, "epoch", value_uuid(epoch));
        value_builder_entry(&map, &arena, "from", value_long(from));
        value_builder_entry(&map, &arena, "bytes_max", value_long(PAGE_BYTES));
        struct value fields = value_builder_end(&map, VALUE_MAP);
        call_txd(exchange, &call, "log", &fields);
    } else {
        exchange_reply_error(exchange, 0, &error);
    }
    arena_release(&arena);
}

void log_start(struct exchange *exchange)
{
    static const struct call call = {
        .class = BUS_QUICK, .repeatable = true, .timeout_ms = TIMEOUT_MS, .fn = on_sync
    };
    struct value entries[] = { value_string(BYTES("sync")), value_string(BYTES("none")) };
    struct value fields = value_collection(VALUE_MAP, entries, 1);
    struct range range;
    struct error error;

    if (read_range(exchange, &range, &error))
        call_txd(exchange, &call, "sync", &fields);
    else
        exchange_reply_error(exchange, 0, &error);
}
