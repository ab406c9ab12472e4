#include "txd/db/log.h"

#include "proto/mp.h"

#include <assert.h>

enum { KEY_BYTES = 5, ID_KEY_BYTES = 19 };

/* The parts of a record, in order. */
enum {
    PART_TX_ID,
    PART_CHECKSUM,
    PART_NEXT_E,
    PART_NEXT_A,
    PART_DATOMS,
    PART_TEMPIDS,
    PART_MESSAGE,
    PART_COUNT,
};

static struct bytes log_key(uint32_t t, uint8_t out[KEY_BYTES])
{
    out[0] = 'L';
    store_u32be(out + 1, t);
    return (struct bytes){ (const char *)out, KEY_BYTES };
}

static struct bytes id_key(const struct uuid *tx_id, uint8_t out[ID_KEY_BYTES])
{
    out[0] = 'X';
    out[1] = out[2] = 0;
    memcpy(out + 3, tx_id->octets, sizeof(tx_id->octets));
    return (struct bytes){ (const char *)out, ID_KEY_BYTES };
}

void log_append(struct store_batch *batch, const struct log_record *record)
{
    struct buffer value = { 0 };
    uint8_t key[KEY_BYTES], by_id[ID_KEY_BYTES], t[4];

    buffer_reserve(&value, record->message.len + record->tempids.len + 64);
    mp_write_array(&value, PART_COUNT);
    if (record->has_tx_id)
        mp_write_bytes(&value, (struct bytes){ (const char *)record->tx_id.octets,
                                               sizeof(record->tx_id.octets) });
    else
        mp_write_nil(&value);
    mp_write_long(&value, (int64_t)record->checksum);
    mp_write_long(&value, record->next_e);
    mp_write_long(&value, record->next_a);
    mp_write_long(&value, (int64_t)record->datoms);
    buffer_append_bytes(&value, record->tempids);
    buffer_append_bytes(&value, record->message);
    store_batch_put(batch, log_key(record->t, key), buffer_bytes(&value));
    buffer_release(&value);

    if (record->has_tx_id) {
        store_u32be(t, record->t);
        store_batch_put(batch, id_key(&record->tx_id, by_id),
                        (struct bytes){ (const char *)t, sizeof(t) });
    }
}

static bool broken(uint32_t t, struct error *err)
{
    return fail(err, ERROR_FAULT, "the log record of t %u is broken", t);
}

/* The parts of the record, still encoded. They point into `value`. */
static bool split(uint32_t t, struct bytes value, struct bytes parts[PART_COUNT], struct error *err)
{
    if (value.len < 1 || (uint8_t)value.data[0] != (0x90 | PART_COUNT))
        return broken(t, err);
    value.data++;
    value.len--;
    for (int i = 0; i < PART_COUNT; i++) {
        size_t len;
        if (!mp_skip(value, &len, err))
            return broken(t, err);
        parts[i] = (struct bytes){ value.data, len };
        value.data += len;
        value.len -= len;
    }
    return value.len == 0 || broken(t, err);
}

/* `value` lives as long as *out. */
static bool decode(uint32_t t, struct bytes value, struct log_record *out, struct error *err)
{
    struct bytes parts[PART_COUNT] = { { 0 } };
    struct value decoded[PART_TEMPIDS] = { { 0 } };
    struct arena none = { 0 }; /* scalars take nothing from it */

    if (!split(t, value, parts, err))
        return false;
    for (int i = 0; i < PART_TEMPIDS; i++) {
        bool ok = mp_read(parts[i], &none, &decoded[i], err);
        bool id = i == PART_TX_ID && ok &&
                  (decoded[i].type == VALUE_NIL ||
                   (decoded[i].type == VALUE_BYTES && decoded[i].text.len == 16));
        arena_release(&none);
        if (!ok || (i == PART_TX_ID ? !id : decoded[i].type != VALUE_LONG))
            return broken(t, err);
    }
    *out = (struct log_record){
        .t = t,
        .has_tx_id = decoded[PART_TX_ID].type == VALUE_BYTES,
        .checksum = (uint64_t)decoded[PART_CHECKSUM].number,
        .next_e = (uint32_t)decoded[PART_NEXT_E].number,
        .next_a = (uint32_t)decoded[PART_NEXT_A].number,
        .datoms = (uint64_t)decoded[PART_DATOMS].number,
        .tempids = parts[PART_TEMPIDS],
        .message = parts[PART_MESSAGE],
    };
    if (out->has_tx_id)
        memcpy(out->tx_id.octets, decoded[PART_TX_ID].text.data, sizeof(out->tx_id.octets));
    return true;
}

bool log_read(struct store *store, const struct store_view *view, uint32_t t, struct arena *arena,
              struct log_record *out, bool *found, struct error *err)
{
    struct buffer value = { 0 };
    uint8_t key[KEY_BYTES];
    bool there;
    bool ok = store_get(store, view, log_key(t, key), &value, &there, err);

    if (ok && there)
        ok = decode(t, arena_copy(arena, buffer_bytes(&value)), out, err);
    if (ok)
        *found = there;
    buffer_release(&value);
    return ok;
}

/* Over the records with t in [first, last]. */
static struct store_iterator *iterate(struct store *store, const struct store_view *view,
                                      uint32_t first, uint32_t last)
{
    uint8_t lower[KEY_BYTES], upper[KEY_BYTES];

    assert(last < UINT32_MAX);
    struct store_iterator *iterator =
        store_iterator_open(store, view, log_key(first, lower), log_key(last + 1, upper), false);
    store_iterator_seek_first(iterator);
    return iterator;
}

static bool iterator_t(const struct store_iterator *iterator, uint32_t *t, struct error *err)
{
    struct bytes key = store_iterator_key(iterator);

    if (key.len != KEY_BYTES)
        return fail(err, ERROR_FAULT, "a key of the log has %zu bytes, not %d", key.len, KEY_BYTES);
    *t = load_u32be((const uint8_t *)key.data + 1);
    return true;
}

bool log_read_range(struct store *store, const struct store_view *view, uint32_t t, uint32_t t_last,
                    size_t bytes_max, uint32_t count_max, struct arena *arena,
                    struct log_record *out, uint32_t *count, struct error *err)
{
    if (t > t_last) {
        *count = 0;
        return true;
    }
    struct store_iterator *iterator = iterate(store, view, t, t_last);
    uint32_t read = 0;
    size_t bytes = 0;
    bool ok = true;

    while (read < count_max && bytes < bytes_max && store_iterator_valid(iterator)) {
        uint32_t at = 0;
        ok = iterator_t(iterator, &at, err);
        if (ok && at != t + read)
            ok = fail(err, read ? ERROR_FAULT : ERROR_NOT_FOUND,
                      "the log has no record of t %u, but one of t %u", t + read, at);
        if (ok)
            ok = decode(at, arena_copy(arena, store_iterator_value(iterator)), &out[read], err);
        if (!ok)
            break;
        bytes += out[read].message.len;
        read++;
        store_iterator_next(iterator);
    }
    ok = ok && store_iterator_check(iterator, err);
    if (ok)
        *count = read;
    store_iterator_close(iterator);
    return ok;
}

bool log_size(struct store *store, const struct store_view *view, uint32_t from, uint32_t to,
              size_t enough, size_t *out, struct error *err)
{
    size_t bytes = 0;
    bool ok = true;

    if (from >= to) {
        *out = 0;
        return true;
    }
    struct store_iterator *iterator = iterate(store, view, from + 1, to);
    while (ok && bytes <= enough && store_iterator_valid(iterator)) {
        struct bytes parts[PART_COUNT] = { { 0 } };
        uint32_t t = 0;
        ok = iterator_t(iterator, &t, err) && split(t, store_iterator_value(iterator), parts, err);
        if (ok)
            bytes += parts[PART_MESSAGE].len;
        store_iterator_next(iterator);
    }
    ok = ok && store_iterator_check(iterator, err);
    if (ok)
        *out = bytes;
    store_iterator_close(iterator);
    return ok;
}

bool log_last(struct store *store, uint32_t *t, struct error *err)
{
    struct store_iterator *iterator = iterate(store, NULL, 0, UINT32_MAX - 1);

    store_iterator_seek_last(iterator);
    uint32_t last = 0;
    bool ok = store_iterator_valid(iterator) ? iterator_t(iterator, &last, err)
                                             : store_iterator_check(iterator, err);
    if (ok)
        *t = last;
    store_iterator_close(iterator);
    return ok;
}

bool log_find(struct store *store, const struct uuid *tx_id, bool *found, uint32_t *t,
              struct error *err)
{
    struct buffer value = { 0 };
    uint8_t key[ID_KEY_BYTES];
    bool there;
    bool ok = store_get(store, NULL, id_key(tx_id, key), &value, &there, err);

    if (ok && there && value.len != 4)
        ok = fail(err, ERROR_FAULT, "the entry of a tx_id has %zu bytes, not 4", value.len);
    if (ok) {
        *found = there;
        if (there)
            *t = load_u32be((const uint8_t *)value.data);
    }
    buffer_release(&value);
    return ok;
}
