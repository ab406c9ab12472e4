/*
 * A cursor merges up to two sources, the current keys of an index and its past ones, by the part
 * of the key that both share (the body). Where texts were cut, the keys that share the cut text
 * (a run) are collected and sorted by the whole text.
 */
#include "txd/db/cursor.h"

#include "txd/db/datom_key.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* One key: a datom, with the time it was there. */
struct item {
    struct bytes body; /* the key without its first byte and without a past key's times */
    struct bytes tail;
    uint32_t added, retracted; /* retracted 0: still there */
};

struct source {
    struct store_iterator *iterator; /* NULL: not read */
    bool past;
    bool loaded; /* `item` is what the iterator stands at */
    bool ended;
    struct item item;
};

/* An item of a run, copied out of the iterator. */
struct run_item {
    struct item item;
    struct value v;
};

struct cursor {
    struct db db;
    enum index index;
    bool reverse;
    struct source sources[2];
    struct source *at; /* the source of `item`, to be moved on; NULL when it is of the run */
    struct item item;  /* what datoms are being given out of */
    int events_left;   /* of `item` */
    bool filter_t;
    uint32_t t;
    bool from_pending; /* nothing at or after `from` has been met yet */
    struct components from;
    struct bytes from_encoded; /* its value, when it has one */
    struct run_item *run;
    size_t run_count, run_cap, run_at;
    struct arena run_arena;
    struct arena from_arena;
    struct arena arena; /* of the datom given out */
    bool failed;
    struct error error;
};

static bool cursor_fail(struct cursor *cursor)
{
    cursor->failed = true;
    return false;
}

/* The place of the value among an index's components. */
static uint32_t value_place(enum index index)
{
    return index == INDEX_VAET ? 0 : index == INDEX_AVET ? 1 : 2;
}

/* Appends the leading components; false when no datom can have them. */
static bool append_components(struct buffer *key, enum index index,
                              const struct components *components, struct buffer *scratch)
{
    struct bytes tail;
    uint32_t ref;

    for (uint32_t i = 0; i < components->count && i < 3; i++) {
        switch (datom_key_orders[index][i]) {
        case COMPONENT_E:
            buffer_append_u32be(key, components->e);
            break;
        case COMPONENT_A:
            buffer_append_u16be(key, components->a);
            break;
        case COMPONENT_V:
            if (index != INDEX_VAET) {
                key_append_value(key, &components->v, scratch, &tail);
            } else {
                if (!datom_key_ref(&components->v, &ref))
                    return false;
                buffer_append_u32be(key, ref);
            }
            break;
        }
    }
    return true;
}

/* The first key after all that begin with `key`, in place. */
static void make_upper(struct buffer *key)
{
    while (key->len && (uint8_t)key->data[key->len - 1] == 0xff)
        key->len--;
    assert(key->len); /* the first byte is a letter */
    key->data[key->len - 1] = (char)((uint8_t)key->data[key->len - 1] + 1);
}

/*
 * Where to seek for `from`: a bound that leaves nothing out; what it lets in too much is left out
 * by from_order(). A value that is the last component stands for all that compare equal to it, so
 * the bound is before (behind, when reverse) all of them.
 */
static void append_from(struct buffer *key, const struct cursor *cursor, struct buffer *scratch)
{
    struct components from = cursor->from;
    uint32_t place = value_place(cursor->index);
    uint8_t behind = 0xff;

    if (cursor->index != INDEX_VAET && from.count > place) {
        size_t cut = key_uncut_len(cursor->from_encoded);
        bool last = from.count == place + 1;
        if (last || cut < cursor->from_encoded.len) { /* of a cut text the order is not the key's */
            from.count = place;
            append_components(key, cursor->index, &from, scratch);
            if (last)
                key_append_head(key, &cursor->from.v, scratch, &behind);
            else
                buffer_append(key, cursor->from_encoded.data, cut);
            from.count = 0;
        }
    }
    if (from.count && !append_components(key, cursor->index, &from, scratch)) {
        bool before = from.v.type < VALUE_LONG || /* a value that is no id, among ids */
                      (from.v.type == VALUE_LONG && from.v.number < 1);
        buffer_append_u8(key, before ? 0x00 : 0xff);
    }
    if (cursor->reverse) {
        static const uint8_t high[] = { 0xff, 0xff, 0xff, 0xff };
        buffer_append_u8(key, behind);
        buffer_append(key, high, sizeof(high)); /* no key goes on with so many */
    }
}

static void source_open(struct cursor *cursor, struct source *source, bool past, struct bytes body,
                        struct bytes from)
{
    struct buffer lower = { 0 }, upper = { 0 };

    source->past = past;
    buffer_append_u8(&lower, datom_key_tag(cursor->index, past));
    buffer_append_bytes(&lower, body);
    buffer_append_bytes(&upper, buffer_bytes(&lower));
    make_upper(&upper);
    bool one_part =
        !cursor->reverse && !cursor->from_pending && key_group_part(buffer_bytes(&lower)).len > 0;
    source->iterator = store_iterator_open(cursor->db.store, cursor->db.view, buffer_bytes(&lower),
                                           buffer_bytes(&upper), one_part);
    if (cursor->from_pending) {
        lower.len = 1;
        buffer_append_bytes(&lower, from);
        if (cursor->reverse)
            store_iterator_seek_for_prev(source->iterator, buffer_bytes(&lower));
        else
            store_iterator_seek(source->iterator, buffer_bytes(&lower));
    } else if (cursor->reverse) {
        store_iterator_seek_last(source->iterator);
    } else {
        store_iterator_seek_first(source->iterator);
    }
    buffer_release(&lower);
    buffer_release(&upper);
}

struct cursor *cursor_open(const struct db *db, enum index index, const struct components *prefix,
                           const struct components *from, bool reverse)
{
    struct cursor *cursor = xcalloc(1, sizeof(*cursor));
    struct buffer body = { 0 }, start = { 0 }, scratch = { 0 };

    cursor->db = *db;
    cursor->index = index;
    cursor->reverse = reverse;
    if (from && from->count) {
        cursor->from_pending = true;
        cursor->from = *from;
        if (from->count > value_place(index)) {
            struct bytes tail;
            cursor->from.v = value_copy(&cursor->from_arena, &from->v);
            key_append_value(&body, &from->v, &scratch, &tail);
            cursor->from_encoded = arena_copy(&cursor->from_arena, buffer_bytes(&body));
            buffer_clear(&body);
        }
        append_from(&start, cursor, &scratch);
    }
    if (prefix && prefix->count == 4) {
        cursor->filter_t = true;
        cursor->t = prefix->t;
    }
    if (!prefix || append_components(&body, index, prefix, &scratch)) {
        source_open(cursor, &cursor->sources[0], false, buffer_bytes(&body), buffer_bytes(&start));
        if (db_reads_past(db))
            source_open(cursor, &cursor->sources[1], true, buffer_bytes(&body),
                        buffer_bytes(&start));
    }
    buffer_release(&body);
    buffer_release(&start);
    buffer_release(&scratch);
    return cursor;
}

void cursor_close(struct cursor *cursor)
{
    if (!cursor)
        return;
    store_iterator_close(cursor->sources[0].iterator);
    store_iterator_close(cursor->sources[1].iterator);
    free(cursor->run);
    arena_release(&cursor->run_arena);
    arena_release(&cursor->from_arena);
    arena_release(&cursor->arena);
    free(cursor);
}

/* Splits the key that the source stands at. */
static bool source_load(struct cursor *cursor, struct source *source)
{
    if (source->loaded || source->ended || !source->iterator)
        return true;
    if (!store_iterator_valid(source->iterator)) {
        source->ended = true;
        return store_iterator_check(source->iterator, &cursor->error) || cursor_fail(cursor);
    }
    struct bytes key = store_iterator_key(source->iterator);
    struct bytes value = store_iterator_value(source->iterator);
    size_t fixed = 1 + E_BYTES + A_BYTES + 1 + (source->past ? PAST_BYTES : 0);
    if (key.len < fixed || (!source->past && value.len < T_BYTES)) {
        fail(&cursor->error, ERROR_FAULT, "a key of index '%c' is broken: %zu and %zu bytes",
             key.len ? key.data[0] : '?', key.len, value.len);
        return cursor_fail(cursor);
    }
    struct item *item = &source->item;
    if (source->past) {
        const uint8_t *times = (const uint8_t *)key.data + key.len - PAST_BYTES;
        item->added = load_u32be(times);
        item->retracted = load_u32be(times + T_BYTES);
        item->body = (struct bytes){ key.data + 1, key.len - 1 - PAST_BYTES };
        item->tail = value;
    } else {
        item->added = load_u32be((const uint8_t *)value.data);
        item->retracted = 0;
        item->body = (struct bytes){ key.data + 1, key.len - 1 };
        item->tail = (struct bytes){ value.data + T_BYTES, value.len - T_BYTES };
    }
    source->loaded = true;
    return true;
}

static void source_move(struct cursor *cursor, struct source *source)
{
    source->loaded = false;
    if (cursor->reverse)
        store_iterator_prev(source->iterator);
    else
        store_iterator_next(source->iterator);
}

/* The source that has the next item, or NULL at the end and on failure. */
static struct source *next_source(struct cursor *cursor)
{
    struct source *current = &cursor->sources[0], *past = &cursor->sources[1];

    if (!source_load(cursor, current) || !source_load(cursor, past))
        return NULL;
    if (!past->loaded)
        return current->loaded ? current : NULL;
    if (!current->loaded)
        return past;
    int order = bytes_compare(current->item.body, past->item.body);
    if (order == 0) /* a past interval is before the current one */
        order = 1;
    return (order < 0) != cursor->reverse ? current : past;
}

/* How many events the item gives at the basis: an assertion, and in history a retraction. */
static int item_events(const struct cursor *cursor, const struct item *item)
{
    const struct db *db = &cursor->db;
    bool assertion = item->added <= db->as_of && (item->added > db->since || db->since == 0);

    if (db->history)
        return assertion +
               (item->retracted && item->retracted <= db->as_of && item->retracted > db->since);
    return assertion && (item->retracted == 0 || item->retracted > db->as_of);
}

static bool item_value(struct cursor *cursor, const struct item *item, struct arena *arena,
                       struct value *out)
{
    struct bytes encoded = datom_key_value(cursor->index, item->body);
    size_t len;

    if (cursor->index == INDEX_VAET) {
        *out = value_long(load_u32be((const uint8_t *)encoded.data));
        return true;
    }
    return key_read_value(encoded, item->tail, arena, out, &len, &cursor->error) ||
           cursor_fail(cursor);
}

/* --- runs of cut texts --- */

/* The head of the body that all of a run share; empty when the value was not cut, or when its
 * entity and attribute can have no other value. */
static struct bytes run_prefix(const struct cursor *cursor, struct bytes body)
{
    if (cursor->index == INDEX_VAET)
        return (struct bytes){ 0 };
    struct bytes v = datom_key_value(cursor->index, body);
    size_t cut = key_uncut_len(v);
    if (cut == v.len)
        return (struct bytes){ 0 };
    if (cursor->index != INDEX_AVET && !cursor->sources[1].iterator) {
        uint32_t e;
        uint16_t a;
        datom_key_ids(cursor->index, body, &e, &a);
        const struct attribute *attribute = schema_by_id(cursor->db.schema, a);
        if (attribute && !attribute->many)
            return (struct bytes){ 0 };
    }
    return (struct bytes){ body.data, (size_t)(v.data - body.data) + cut };
}

static int compare_run_items(const void *left, const void *right)
{
    const struct run_item *a = left, *b = right;
    int order = value_compare(&a->v, &b->v);

    if (order == 0)
        order = bytes_compare(a->item.body, b->item.body);
    if (order == 0)
        order = (a->item.added > b->item.added) - (a->item.added < b->item.added);
    return order;
}

static bool run_add(struct cursor *cursor, const struct item *item)
{
    struct run_item *before = cursor->run_count ? &cursor->run[cursor->run_count - 1] : NULL;

    if (cursor->run_count == cursor->run_cap) {
        size_t at = cursor->run_count;
        cursor->run_cap = cursor->run_cap ? 2 * cursor->run_cap : 4;
        cursor->run = xrealloc(cursor->run, cursor->run_cap * sizeof(*cursor->run));
        before = at ? &cursor->run[at - 1] : NULL;
    }
    struct run_item *copy = &cursor->run[cursor->run_count];
    copy->item = *item;
    copy->item.body = arena_copy(&cursor->run_arena, item->body);
    if (before && bytes_equal(datom_key_value(cursor->index, before->item.body),
                              datom_key_value(cursor->index, item->body))) {
        copy->item.tail = before->item.tail; /* the same value of another entity, or time */
        copy->v = before->v;
    } else {
        copy->item.tail = arena_copy(&cursor->run_arena, item->tail);
        if (!item_value(cursor, &copy->item, &cursor->run_arena, &copy->v))
            return false;
    }
    cursor->run_count++;
    return true;
}

/* Collects the run that `source` stands at; it may turn out empty at this basis. */
static bool run_collect(struct cursor *cursor, struct source *source, struct bytes prefix)
{
    arena_reset(&cursor->run_arena);
    cursor->run_count = cursor->run_at = 0;
    prefix = arena_copy(&cursor->run_arena, prefix);
    do {
        if (item_events(cursor, &source->item) && !run_add(cursor, &source->item))
            return false;
        source_move(cursor, source);
        source = next_source(cursor);
    } while (source && bytes_starts_with(source->item.body, prefix));
    if (cursor->run_count > 1)
        qsort(cursor->run, cursor->run_count, sizeof(*cursor->run), compare_run_items);
    return !cursor->failed;
}

/* --- giving out --- */

/* The next item with an event at the basis. */
static bool next_item(struct cursor *cursor)
{
    if (cursor->at) {
        source_move(cursor, cursor->at);
        cursor->at = NULL;
    }
    for (;;) {
        if (cursor->run_at < cursor->run_count) {
            size_t at = cursor->reverse ? cursor->run_count - 1 - cursor->run_at : cursor->run_at;
            cursor->item = cursor->run[at].item;
            cursor->run_at++;
        } else {
            struct source *source = next_source(cursor);
            if (!source)
                return false;
            struct bytes prefix = run_prefix(cursor, source->item.body);
            if (prefix.len) {
                if (!run_collect(cursor, source, prefix))
                    return false;
                continue;
            }
            cursor->item = source->item;
            cursor->at = source;
        }
        cursor->events_left = item_events(cursor, &cursor->item);
        if (cursor->events_left)
            return true;
        if (cursor->at)
            source_move(cursor, cursor->at);
        cursor->at = NULL;
    }
}

static int order_of(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

/* Where the datom stands to `from`, in the order of the index. */
static int from_order(const struct cursor *cursor, const struct datom *datom)
{
    const struct components *from = &cursor->from;
    int order = 0;

    for (uint32_t i = 0; order == 0 && i < from->count; i++) {
        if (i == 3) {
            order = order_of(datom->t, from->t);
            break;
        }
        switch (datom_key_orders[cursor->index][i]) {
        case COMPONENT_E:
            order = order_of(datom->e, from->e);
            break;
        case COMPONENT_A:
            order = order_of(datom->a, from->a);
            break;
        case COMPONENT_V:
            order = value_compare(&datom->v, &from->v);
            if (order == 0 && i + 1 < from->count && cursor->index != INDEX_VAET)
                order = bytes_compare(datom_key_value(cursor->index, cursor->item.body),
                                      cursor->from_encoded); /* 1 is before 1.0 */
            break;
        }
    }
    return order;
}

/* The event of the item that is due: the assertion first, and last when reverse. */
static void next_event(struct cursor *cursor, struct datom *out)
{
    const struct item *item = &cursor->item;
    const struct db *db = &cursor->db;
    bool both = cursor->events_left == 2;
    bool retraction;

    if (!db->history || item->retracted == 0)
        retraction = false;
    else if (both)
        retraction = cursor->reverse;
    else if (item_events(cursor, item) == 2) /* the other one has been given out */
        retraction = !cursor->reverse;
    else
        retraction = !(item->added > db->since || db->since == 0);
    cursor->events_left--;
    out->added = !retraction;
    out->t = retraction ? item->retracted : item->added;
}

bool cursor_next(struct cursor *cursor, struct datom *out)
{
    struct datom datom;

    if (cursor->failed)
        return false;
    for (;;) {
        if (cursor->events_left == 0) {
            if (!next_item(cursor))
                return false;
        }
        next_event(cursor, &datom);
        if (cursor->filter_t && datom.t != cursor->t)
            continue;
        arena_reset(&cursor->arena);
        datom_key_ids(cursor->index, cursor->item.body, &datom.e, &datom.a);
        if (!item_value(cursor, &cursor->item, &cursor->arena, &datom.v))
            return false;
        if (cursor->from_pending) {
            int order = from_order(cursor, &datom);
            if (cursor->reverse ? order > 0 : order < 0)
                continue;
            cursor->from_pending = false;
        }
        *out = datom;
        return true;
    }
}

bool cursor_check(const struct cursor *cursor, struct error *err)
{
    if (!cursor->failed)
        return true;
    *err = cursor->error;
    return false;
}

uint32_t cursor_retracted(const struct cursor *cursor)
{
    return cursor->item.retracted;
}
