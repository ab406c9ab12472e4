/*
 * The token of a page is its last datom: e:4 a:2 length:2, the value as in a key, and its tail. A
 * basis never changes, so the next page is what follows that datom in order.
 */
#include "txd/db/page.h"

#include "proto/mp.h"

enum { TOKEN_HEAD_BYTES = 8 };

struct reading {
    const struct db *db;
    const struct page_request *request;
    struct components from;
    struct bytes after; /* the encoded value of `from`, when it has one: it was given out */
    bool in_tx;         /* on with the transaction entities */
    struct buffer encoded, scratch;
};

static bool token_read(struct bytes token, struct arena *arena, struct reading *reading,
                       struct error *err)
{
    const uint8_t *data = (const uint8_t *)token.data;
    size_t value_len = token.len >= TOKEN_HEAD_BYTES ? load_u16be(data + 6) : 0, len;

    reading->from = (struct components){ .count = 1, .e = 1 };
    if (token.len == 0)
        return true;
    if (token.len < TOKEN_HEAD_BYTES + value_len)
        return fail(err, ERROR_INCORRECT, "the page's `after` was not given out by a page");
    reading->after = (struct bytes){ token.data + TOKEN_HEAD_BYTES, value_len };
    struct bytes tail = { reading->after.data + value_len,
                          token.len - TOKEN_HEAD_BYTES - value_len };
    if (!key_read_value(reading->after, tail, arena, &reading->from.v, &len, err) ||
        len != value_len)
        return fail(err, ERROR_INCORRECT, "the page's `after` was not given out by a page");
    reading->from.count = 3;
    reading->from.e = load_u32be(data);
    reading->from.a = load_u16be(data + 4);
    reading->in_tx = entity_is_tx(reading->from.e);
    return true;
}

static struct bytes token_write(struct reading *reading, const struct datom *datom,
                                struct arena *arena)
{
    struct bytes tail;
    struct buffer token = { 0 };

    buffer_clear(&reading->encoded);
    key_append_value(&reading->encoded, &datom->v, &reading->scratch, &tail);
    buffer_append_u32be(&token, datom->e);
    buffer_append_u16be(&token, datom->a);
    buffer_append_u16be(&token, (uint16_t)reading->encoded.len);
    buffer_append_bytes(&token, buffer_bytes(&reading->encoded));
    buffer_append_bytes(&token, tail);
    struct bytes copy = arena_copy(arena, buffer_bytes(&token));
    buffer_release(&token);
    return copy;
}

/* True for the datom that the page before ended with, and for those before it whose value compares
 * equal: the cursor begins at the first of them. */
static bool was_given(struct reading *reading, const struct datom *datom)
{
    struct bytes tail;

    if (!reading->after.len || datom->e != reading->from.e || datom->a != reading->from.a ||
        value_compare(&datom->v, &reading->from.v) != 0)
        return false;
    buffer_clear(&reading->encoded);
    key_append_value(&reading->encoded, &datom->v, &reading->scratch, &tail);
    return bytes_compare(buffer_bytes(&reading->encoded), reading->after) <= 0;
}

static bool write_datom(const struct reading *reading, const struct datom *datom,
                        struct buffer *out, struct error *err)
{
    const struct attribute *attribute = schema_by_id(reading->db->schema, datom->a);

    if (!attribute)
        return fail(err, ERROR_FAULT, "entity %u has a datom of attribute %u, which is not there",
                    datom->e, datom->a);
    mp_begin_datom(out, 4, datom->e, attribute->ident);
    mp_write(out, &datom->v);
    mp_write_long(out, TX_ENTITY_BASE + (int64_t)datom->t);
    return true;
}

/* Reads one stretch of entities, up to `last_e`. *full: the page is, and `next` says where it
 * ended. */
static bool read_stretch(struct reading *reading, uint32_t last_e, struct arena *arena,
                         struct buffer *out, size_t out_max, uint32_t *count, bool *full,
                         struct bytes *next, struct error *err)
{
    struct cursor *cursor = cursor_open(reading->db, INDEX_EAVT, NULL, &reading->from, false);
    struct datom datom;
    bool ok = true;

    while (ok && !*full && cursor_next(cursor, &datom) && datom.e <= last_e) {
        if (was_given(reading, &datom) || (reading->in_tx && datom.t > reading->request->base))
            continue;
        reading->after.len = 0; /* nothing after it is equal to it */
        ok = write_datom(reading, &datom, out, err);
        ++*count;
        if (out->len >= out_max) {
            *full = true;
            *next = token_write(reading, &datom, arena);
        }
    }
    ok = ok && cursor_check(cursor, err);
    cursor_close(cursor);
    return ok;
}

bool page_read(const struct db *db, const struct page_request *request, struct arena *arena,
               struct buffer *out, uint32_t *count, struct bytes *next, struct error *err)
{
    struct reading reading = { .db = db, .request = request };
    size_t start = out->len, out_max = start + request->bytes_max;
    struct bytes end = { 0 };
    uint32_t read = 0;
    bool full = false;
    bool ok = token_read(request->after, arena, &reading, err);

    if (ok && !reading.in_tx)
        ok = read_stretch(&reading, USER_ENTITY_MAX, arena, out, out_max, &read, &full, &end, err);
    if (ok && !full && request->tx_entities) {
        if (!reading.in_tx)
            reading.from = (struct components){ .count = 1, .e = TX_ENTITY_BASE };
        reading.in_tx = true;
        ok = read_stretch(&reading, TX_ENTITY_BASE + request->base, arena, out, out_max, &read,
                          &full, &end, err);
    }
    buffer_release(&reading.encoded);
    buffer_release(&reading.scratch);
    if (!ok) {
        out->len = start;
        return false;
    }
    *count = read;
    *next = end;
    return true;
}
