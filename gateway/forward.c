#include "gateway/forward.h"

#include "common/hashmap.h"
#include "common/limits.h"
#include "proto/bus.h"
#include "proto/mp.h"

#define READ_TIMEOUT_MS     LIMIT_QUERY_MS_MAX /* a query may say so itself */
#define READ_TIMEOUT_MS_MAX 600000
#define LOG_TIMEOUT_MS      30000
#define ANSWER_MARGIN_MS    5000 /* beyond the limit that txd itself keeps */

static void write_entry(struct buffer *out, const char *key, const struct value *value)
{
    mp_write_string(out, bytes_of(key));
    mp_write(out, value);
}

static void write_field(struct buffer *out, const struct message *message, enum message_field field)
{
    if (message->fields[field])
        write_entry(out, message_field_name(field), message->fields[field]);
}

struct uuid forward_transaction(struct buffer *out, const struct message *message,
                                struct bytes user, struct bytes session)
{
    struct uuid uuid;

    if (!message_uuid(message, FIELD_TX_ID, &uuid))
        uuid = uuid_random();
    struct value tx_id = value_uuid(uuid);
    mp_write_map(out, 3u + (session.len > 0) + (message->fields[FIELD_META] != NULL));
    write_entry(out, "tx_id", &tx_id);
    write_field(out, message, FIELD_TX_DATA);
    write_field(out, message, FIELD_META);
    mp_write_string(out, BYTES("user"));
    buffer_append_bytes(out, user);
    if (session.len) {
        mp_write_string(out, BYTES("session"));
        mp_write_string(out, session);
    }
    return uuid;
}

/* -1 and "-1" are two tempids, and JSON has one key for them: the first stands. */
static struct value text_keyed(const struct value *tempids, struct arena *arena)
{
    struct value_builder map = { 0 };
    struct hashmap keys = { 0 };

    for (uint32_t i = 0; i < tempids->count; i++) {
        struct value key = tempids->items[(size_t)2 * i];
        if (key.type == VALUE_LONG)
            key = value_string(arena_printf(arena, "%lld", (long long)key.number));
        if (hashmap_put(&keys, key.text, &keys))
            continue;
        value_builder_add(&map, arena, key);
        value_builder_add(&map, arena, tempids->items[(size_t)2 * i + 1]);
    }
    hashmap_release(&keys);
    return value_builder_end(&map, VALUE_MAP);
}

void forward_result(struct value_builder *map, struct arena *arena, const struct value *result,
                    bool text_keys)
{
    const struct value *given = value_get(result, "tempids");
    struct value tempids = value_collection(VALUE_MAP, NULL, 0);

    if (given && given->type == VALUE_MAP)
        tempids = text_keys ? text_keyed(given, arena) : *given;
    value_builder_entry(map, arena, "t", value_long(bus_number(result, "t")));
    value_builder_entry(map, arena, "tx", value_long(bus_number(result, "tx")));
    value_builder_entry(map, arena, "tempids", tempids);
}

void forward_read(struct buffer *out, const struct message *message, struct bytes graph,
                  struct bytes reader)
{
    static const char *const types[MESSAGE_TYPES] = {
        [MESSAGE_QUERY] = "query", [MESSAGE_PULL] = "pull", [MESSAGE_INDEX] = "index"
    };
    uint32_t count = 3;

    for (int i = 0; i < MESSAGE_FIELDS; i++)
        count += i != FIELD_ID && message->fields[i];
    mp_write_map(out, count);
    mp_write_string(out, BYTES("type"));
    mp_write_string(out, bytes_of(types[message->type]));
    mp_write_string(out, BYTES("graph"));
    mp_write_string(out, graph);
    mp_write_string(out, BYTES("reader"));
    mp_write_string(out, reader);
    for (int i = 0; i < MESSAGE_FIELDS; i++)
        if (i != FIELD_ID && i != FIELD_INDEX)
            write_field(out, message, (enum message_field)i);
    if (message->fields[FIELD_INDEX]) { /* clients may write a keyword */
        mp_write_string(out, BYTES("index"));
        mp_write_string(out, message->fields[FIELD_INDEX]->text);
    }
}

void forward_cancel(struct buffer *out, struct bytes reader)
{
    mp_write_map(out, 2);
    mp_write_string(out, BYTES("type"));
    mp_write_string(out, BYTES("cancel"));
    mp_write_string(out, BYTES("reader"));
    mp_write_string(out, reader);
}

int64_t forward_read_timeout_ms(const struct message *message)
{
    const struct value *limit = message->fields[FIELD_TIMEOUT_MS];
    int64_t timeout_ms = limit ? limit->number : READ_TIMEOUT_MS;

    return (timeout_ms < READ_TIMEOUT_MS_MAX ? timeout_ms : READ_TIMEOUT_MS_MAX) + ANSWER_MARGIN_MS;
}

void forward_answer(struct value_builder *map, struct arena *arena, const struct value *answer)
{
    const struct value *result = value_get(answer, "result"), *after = value_get(answer, "after");

    value_builder_entry(map, arena, "t", value_long(bus_number(answer, "t")));
    value_builder_entry(map, arena, "result", result ? *result : value_nil());
    if (after && after->type != VALUE_NIL)
        value_builder_entry(map, arena, "after", *after);
}

void forward_log(struct bus *bus, const struct forward_log *log, bus_answer_fn fn, void *arg)
{
    struct buffer text = { 0 };
    struct error error;
    struct value epoch = value_uuid(log->epoch);

    mp_write_map(&text, 4);
    mp_write_string(&text, BYTES("type"));
    mp_write_string(&text, BYTES("log"));
    mp_write_string(&text, BYTES("graph"));
    mp_write_string(&text, log->graph);
    write_entry(&text, "epoch", &epoch);
    mp_write_string(&text, BYTES("from"));
    mp_write_long(&text, log->from);
    struct bus_call call = { .request = buffer_bytes(&text),
                             .class = BUS_QUICK,
                             .repeatable = true,
                             .timeout_ms = LOG_TIMEOUT_MS,
                             .patience_ms = LOG_TIMEOUT_MS,
                             .fn = fn,
                             .arg = arg };
    if (!bus_request(bus, &call, &error))
        fn(arg, NULL, &error);
    buffer_release(&text);
}
