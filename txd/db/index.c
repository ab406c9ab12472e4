/*
 * A cursor merges up to two sources, the current keys of an index and its past ones, by the part
 * of the key that both share (the body). Where texts were cut, the keys that share the cut text
 * (a run) are collected and sorted by the whole text.
 */
#include "txd/db/index.h"

#include "common/hashmap.h"
#include "proto/edn.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { PAST_BYTES = 8, T_BYTES = 4, E_BYTES = 4, A_BYTES = 2 };

static const uint8_t current_tags[] = {
    [INDEX_EAVT] = 'E', [INDEX_AEVT] = 'A', [INDEX_AVET] = 'V', [INDEX_VAET] = 'R'
};
static const uint8_t past_tags[] = {
    [INDEX_EAVT] = 'e', [INDEX_AEVT] = 'a', [INDEX_AVET] = 'v', [INDEX_VAET] = 'r'
};

enum component { COMPONENT_E, COMPONENT_A, COMPONENT_V };

static const enum component orders[][3] = {
    [INDEX_EAVT] = { COMPONENT_E, COMPONENT_A, COMPONENT_V },
    [INDEX_AEVT] = { COMPONENT_A, COMPONENT_E, COMPONENT_V },
    [INDEX_AVET] = { COMPONENT_A, COMPONENT_V, COMPONENT_E },
    [INDEX_VAET] = { COMPONENT_V, COMPONENT_A, COMPONENT_E },
};

/* --- keys of datoms --- */

/* The value of a ref as vaet holds it; false when it can be no ref. */
static bool ref_of(const struct value *v, uint32_t *out)
{
    if (v->type != VALUE_LONG || v->number < 1 || v->number > INT32_MAX)
        return false;
    *out = (uint32_t)v->number;
    return true;
}

/* `encoded` is the value's encoding, which vaet does not use. */
static void append_body(struct buffer *key, enum index index, uint32_t e, uint16_t a,
                        const struct value *v, struct bytes encoded)
{
    uint32_t ref = 0;

    for (int i = 0; i < 3; i++) {
        switch (orders[index][i]) {
        case COMPONENT_E:
            buffer_append_u32be(key, e);
            break;
        case COMPONENT_A:
            buffer_append_u16be(key, a);
            break;
        case COMPONENT_V:
            if (index != INDEX_VAET) {
                buffer_append_bytes(key, encoded);
            } else {
                bool is_ref = ref_of(v, &ref);
                assert(is_ref);
                buffer_append_u32be(key, ref);
            }
            break;
        }
    }
}

static bool has_index(const struct attribute *a, enum index index)
{
    return index == INDEX_AVET   ? attribute_in_avet(a)
           : index == INDEX_VAET ? a->type == TYPE_REF
                                 : true;
}

/* What writing the keys of one datom needs. */
struct writing {
    struct buffer encoded, scratch, key, value;
    struct bytes tail;
};

static void writing_init(struct writing *writing, const struct value *v)
{
    *writing = (struct writing){ 0 };
    key_append_value(&writing->encoded, v, &writing->scratch, &writing->tail);
}

static void writing_release(struct writing *writing)
{
    buffer_release(&writing->encoded);
    buffer_release(&writing->scratch);
    buffer_release(&writing->key);
    buffer_release(&writing->value);
}

static void make_key(struct writing *writing, const uint8_t *tags, enum index index,
                     const struct datom *datom)
{
    buffer_clear(&writing->key);
    buffer_append_u8(&writing->key, tags[index]);
    append_body(&writing->key, index, datom->e, datom->a, &datom->v,
                buffer_bytes(&writing->encoded));
}

static void put_current(struct writing *writing, struct store_batch *batch, enum index index,
                        const struct datom *datom)
{
    make_key(writing, current_tags, index, datom);
    buffer_clear(&writing->value);
    buffer_append_u32be(&writing->value, datom->t);
    if (index != INDEX_VAET)
        buffer_append_bytes(&writing->value, writing->tail);
    store_batch_put(batch, buffer_bytes(&writing->key), buffer_bytes(&writing->value));
}

static void delete_current(struct writing *writing, struct store_batch *batch, enum index index,
                           const struct datom *datom)
{
    make_key(writing, current_tags, index, datom);
    store_batch_delete(batch, buffer_bytes(&writing->key));
}

static void past_key(struct writing *writing, enum index index, const struct datom *datom,
                     uint32_t retracted)
{
    make_key(writing, past_tags, index, datom);
    buffer_append_u32be(&writing->key, datom->t);
    buffer_append_u32be(&writing->key, retracted);
}

static void put_past(struct writing *writing, struct store_batch *batch, enum index index,
                     const struct datom *datom, uint32_t retracted)
{
    past_key(writing, index, datom, retracted);
    store_batch_put(batch, buffer_bytes(&writing->key),
                    index == INDEX_VAET ? (struct bytes){ 0 } : writing->tail);
}

void index_add(struct store_batch *batch, const struct attribute *a, const struct datom *datom)
{
    struct writing writing;

    writing_init(&writing, &datom->v);
    for (enum index index = INDEX_EAVT; index <= INDEX_VAET; index++)
        if (has_index(a, index))
            put_current(&writing, batch, index, datom);
    writing_release(&writing);
}

void index_retract(struct store_batch *batch, const struct attribute *a, const struct datom *datom,
                   uint32_t t_retracted)
{
    struct writing writing;

    writing_init(&writing, &datom->v);
    for (enum index index = INDEX_EAVT; index <= INDEX_VAET; index++) {
        if (!has_index(a, index))
            continue;
        delete_current(&writing, batch, index, datom);
        if (!a->no_history)
            put_past(&writing, batch, index, datom, t_retracted);
    }
    writing_release(&writing);
}

/* --- the cursor --- */

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

/* Appends the leading components; false when no datom can have them. */
static bool append_components(struct buffer *key, enum index index,
                              const struct components *components, struct buffer *scratch)
{
    struct bytes tail;
    uint32_t ref;

    for (uint32_t i = 0; i < components->count && i < 3; i++) {
        switch (orders[index][i]) {
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
                if (!ref_of(&components->v, &ref))
                    return false;
                buffer_append_u32be(key, ref);
            }
            break;
        }
    }
    return true;
}

/* The place of the value among an index's components. */
static uint32_t value_place(enum index index)
{
    return index == INDEX_VAET ? 0 : index == INDEX_AVET ? 1 : 2;
}

/* The value's bytes inside a body. */
static struct bytes body_value(enum index index, struct bytes body)
{
    if (index == INDEX_AVET)
        return (struct bytes){ body.data + A_BYTES, body.len - A_BYTES - E_BYTES };
    if (index == INDEX_VAET)
        return (struct bytes){ body.data, E_BYTES };
    return (struct bytes){ body.data + A_BYTES + E_BYTES, body.len - A_BYTES - E_BYTES };
}

static void body_ids(enum index index, struct bytes body, uint32_t *e, uint16_t *a)
{
    const uint8_t *data = (const uint8_t *)body.data;

    switch (index) {
    case INDEX_EAVT:
        *e = load_u32be(data);
        *a = load_u16be(data + E_BYTES);
        break;
    case INDEX_AEVT:
        *a = load_u16be(data);
        *e = load_u32be(data + A_BYTES);
        break;
    case INDEX_AVET:
        *a = load_u16be(data);
        *e = load_u32be(data + body.len - E_BYTES);
        break;
    case INDEX_VAET:
        *a = load_u16be(data + E_BYTES);
        *e = load_u32be(data + E_BYTES + A_BYTES);
        break;
    }
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
 * by from_order(). Numbers that are the last component compare by value alone, so the bound is
 * before (behind, when reverse) both the long and the double.
 */
static void append_from(struct buffer *key, const struct cursor *cursor, struct buffer *scratch)
{
    struct components from = cursor->from;
    uint32_t place = value_place(cursor->index);
    size_t start = key->len;
    bool number = false;

    if (cursor->index != INDEX_VAET && from.count > place) {
        if (from.count == place + 1 && from.v.type == VALUE_DOUBLE && from.v.real >= -0x1p63 &&
            from.v.real < 0x1p63 && floor(from.v.real) >= from.v.real)
            from.v = value_long((int64_t)from.v.real);
        number = from.count == place + 1 && from.v.type == VALUE_LONG;
        struct components until_v = from;
        until_v.count = place + 1;
        append_components(key, cursor->index, &until_v, scratch);
        size_t before = cursor->index == INDEX_AVET ? A_BYTES : A_BYTES + E_BYTES;
        size_t len = key->len - start - before;
        size_t cut = key_uncut_len((struct bytes){ key->data + start + before, len });
        if (cut < len) {
            key->len -= len - cut;
            from.count = 0;
        } else if (from.count > place + 1) {
            key->len = start;
        } else {
            from.count = 0;
        }
    }
    if (from.count && !append_components(key, cursor->index, &from, scratch)) {
        bool before = from.v.type < VALUE_LONG || /* a value that is no id, among ids */
                      (from.v.type == VALUE_LONG && from.v.number < 1);
        buffer_append_u8(key, before ? 0x00 : 0xff);
    }
    if (cursor->reverse) {
        if (number)
            key->data[key->len - 1] = 0x01; /* the kind of an integral double */
        static const uint8_t high[] = { 0xff, 0xff, 0xff, 0xff };
        buffer_append(key, high, sizeof(high)); /* no key goes on with so many */
    }
}

static void source_open(struct cursor *cursor, struct source *source, bool past, struct bytes body,
                        struct bytes from)
{
    struct buffer lower = { 0 }, upper = { 0 };
    uint8_t tag = past ? past_tags[cursor->index] : current_tags[cursor->index];

    source->past = past;
    buffer_append_u8(&lower, tag);
    buffer_append_bytes(&lower, body);
    buffer_append_bytes(&upper, buffer_bytes(&lower));
    make_upper(&upper);
    source->iterator = store_iterator_open(cursor->db.store, cursor->db.view, buffer_bytes(&lower),
                                           buffer_bytes(&upper));
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

static bool reads_past(const struct db *db)
{
    return db->history || db->as_of < db->t;
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
        if (from->count > value_place(index))
            cursor->from.v = value_copy(&cursor->from_arena, &from->v);
        append_from(&start, cursor, &scratch);
    }
    if (prefix && prefix->count == 4) {
        cursor->filter_t = true;
        cursor->t = prefix->t;
    }
    if (!prefix || append_components(&body, index, prefix, &scratch)) {
        source_open(cursor, &cursor->sources[0], false, buffer_bytes(&body), buffer_bytes(&start));
        if (reads_past(db))
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
    struct bytes encoded = body_value(cursor->index, item->body);
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
    struct bytes v = body_value(cursor->index, body);
    size_t cut = key_uncut_len(v);
    if (cut == v.len)
        return (struct bytes){ 0 };
    if (cursor->index != INDEX_AVET && !cursor->sources[1].iterator) {
        uint32_t e;
        uint16_t a;
        body_ids(cursor->index, body, &e, &a);
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
    if (before && bytes_equal(body_value(cursor->index, before->item.body),
                              body_value(cursor->index, item->body))) {
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
        switch (orders[cursor->index][i]) {
        case COMPONENT_E:
            order = order_of(datom->e, from->e);
            break;
        case COMPONENT_A:
            order = order_of(datom->a, from->a);
            break;
        case COMPONENT_V:
            order = value_compare(&datom->v, &from->v);
            if (order == 0 && i + 1 < from->count) /* a long is before the double it equals */
                order = order_of(datom->v.type, from->v.type);
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
        body_ids(cursor->index, cursor->item.body, &datom.e, &datom.a);
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

/* --- point look-ups --- */

static bool find_by_cursor(const struct db *db, enum index index,
                           const struct components *components, bool *found, struct datom *datom,
                           struct error *err)
{
    struct cursor *cursor = cursor_open(db, index, components, NULL, false);
    bool there = cursor_next(cursor, datom);
    bool ok = there || cursor_check(cursor, err);

    if (ok)
        *found = there;
    cursor_close(cursor);
    return ok;
}

bool index_find(const struct db *db, uint32_t e, const struct attribute *a, const struct value *v,
                bool *found, uint32_t *t, struct error *err)
{
    struct components components = { .count = 3, .e = e, .a = a->id, .v = *v };

    if (reads_past(db) || db->since) {
        struct datom datom;
        bool there = false;
        if (!find_by_cursor(db, INDEX_EAVT, &components, &there, &datom, err))
            return false;
        *found = there;
        if (there)
            *t = datom.t;
        return true;
    }
    struct buffer key = { 0 }, value = { 0 };
    bool there = false;
    buffer_append_u8(&key, current_tags[INDEX_EAVT]);
    append_components(&key, INDEX_EAVT, &components, &value);
    buffer_clear(&value);
    bool ok = store_get(db->store, db->view, buffer_bytes(&key), &value, &there, err);
    if (ok && there && value.len < T_BYTES)
        ok = fail(err, ERROR_FAULT, "the value of an eavt key has %zu bytes", value.len);
    if (ok) {
        *found = there;
        if (there)
            *t = load_u32be((const uint8_t *)value.data);
    }
    buffer_release(&key);
    buffer_release(&value);
    return ok;
}

bool index_find_entity(const struct db *db, const struct attribute *a, const struct value *v,
                       bool *found, uint32_t *e, struct error *err)
{
    struct components components = { .count = 2, .a = a->id, .v = *v };
    struct datom datom;
    bool there;

    if (!find_by_cursor(db, INDEX_AVET, &components, &there, &datom, err))
        return false;
    *found = there;
    if (there)
        *e = datom.e;
    return true;
}

/* --- changes of an attribute --- */

struct rebuild {
    const struct attribute *before, *after;
    struct store_batch *batch;
    struct hashmap owners; /* of unique values: encoded value -> uint32_t entity, in `arena` */
    struct arena arena;
    uint32_t last_e; /* of the current datom before; 0: none */
};

static bool rebuild_conflict(const struct rebuild *rebuild, const struct datom *datom,
                             const char *what, uint32_t other, struct error *err)
{
    struct arena arena = { 0 };

    fail(err, ERROR_CONFLICT, "attribute :%.*s cannot become %s: entity %u has %s",
         BYTES_ARG(rebuild->after->ident), what, datom->e, edn_excerpt(&arena, &datom->v).data);
    arena_release(&arena);
    if (other) {
        struct error with = *err;
        fail(err, ERROR_CONFLICT, "%s, and so has entity %u", with.message, other);
    }
    return false;
}

static bool rebuild_check(struct rebuild *rebuild, const struct datom *datom, bool current,
                          struct bytes encoded, struct error *err)
{
    const struct attribute *before = rebuild->before, *after = rebuild->after;
    uint32_t ref;

    if (after->type == TYPE_REF && before->type != TYPE_REF && !ref_of(&datom->v, &ref))
        return rebuild_conflict(rebuild, datom, "a ref, since not all its values are entity ids", 0,
                                err);
    if (!current)
        return true;
    if (before->many && !after->many && rebuild->last_e == datom->e)
        return rebuild_conflict(rebuild, datom,
                                "cardinality one, since an entity has several values", 0, err);
    rebuild->last_e = datom->e;
    if (after->unique != UNIQUE_NONE && before->unique == UNIQUE_NONE) {
        uint32_t *e = ARENA_NEW(&rebuild->arena, uint32_t);
        *e = datom->e;
        const uint32_t *owner = hashmap_put(&rebuild->owners, encoded, e);
        if (owner)
            return rebuild_conflict(rebuild, datom, "unique", *owner, err);
    }
    return true;
}

static bool rebuild_item(struct rebuild *rebuild, const struct item *item,
                         const struct datom *datom, struct error *err)
{
    struct writing writing;
    bool current = item->retracted == 0;

    writing_init(&writing, &datom->v);
    bool ok = rebuild_check(rebuild, datom, current, buffer_bytes(&writing.encoded), err);
    for (enum index index = INDEX_AVET; ok && index <= INDEX_VAET; index++) {
        bool had = has_index(rebuild->before, index), has = has_index(rebuild->after, index);
        if (has && !had && current)
            put_current(&writing, rebuild->batch, index, datom);
        else if (has && !had)
            put_past(&writing, rebuild->batch, index, datom, item->retracted);
        else if (had && !has && current)
            delete_current(&writing, rebuild->batch, index, datom);
        else if (had && !has) {
            past_key(&writing, index, datom, item->retracted);
            store_batch_delete(rebuild->batch, buffer_bytes(&writing.key));
        }
    }
    writing_release(&writing);
    return ok;
}

static bool needs_rebuild(const struct attribute *before, const struct attribute *after)
{
    return has_index(before, INDEX_AVET) != has_index(after, INDEX_AVET) ||
           has_index(before, INDEX_VAET) != has_index(after, INDEX_VAET) ||
           (before->many && !after->many) ||
           (before->unique == UNIQUE_NONE && after->unique != UNIQUE_NONE);
}

bool index_rebuild(const struct db *db, struct store_batch *batch, const struct attribute *before,
                   const struct attribute *after, struct error *err)
{
    assert(before->id == after->id);
    if (!needs_rebuild(before, after))
        return true;
    struct rebuild rebuild = { .before = before, .after = after, .batch = batch };
    struct components prefix = { .count = 1, .a = after->id };
    struct db all = *db;
    bool ok = true;

    all.as_of = T_MAX;
    all.since = 0;
    all.history = true;
    struct cursor *cursor = cursor_open(&all, INDEX_AEVT, &prefix, NULL, false);
    struct datom datom;
    while (ok && cursor_next(cursor, &datom)) /* of a past datom, only its assertion */
        ok = !datom.added || rebuild_item(&rebuild, &cursor->item, &datom, err);
    ok = ok && cursor_check(cursor, err);
    cursor_close(cursor);
    hashmap_release(&rebuild.owners);
    arena_release(&rebuild.arena);
    return ok;
}
