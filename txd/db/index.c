#include "txd/db/index.h"

#include "common/hashmap.h"
#include "common/limits.h"
#include "proto/edn.h"
#include "txd/db/datom_key.h"

#include <assert.h>
#include <stdlib.h>

/* --- writing --- */

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

static void make_key(struct writing *writing, bool past, enum index index,
                     const struct datom *datom)
{
    buffer_clear(&writing->key);
    buffer_append_u8(&writing->key, datom_key_tag(index, past));
    datom_key_append(&writing->key, index, datom->e, datom->a, &datom->v,
                     buffer_bytes(&writing->encoded));
}

static void put_current(struct writing *writing, struct store_batch *batch, enum index index,
                        const struct datom *datom)
{
    make_key(writing, false, index, datom);
    buffer_clear(&writing->value);
    buffer_append_u32be(&writing->value, datom->t);
    if (index != INDEX_VAET)
        buffer_append_bytes(&writing->value, writing->tail);
    store_batch_put(batch, buffer_bytes(&writing->key), buffer_bytes(&writing->value));
}

static void delete_current(struct writing *writing, struct store_batch *batch, enum index index,
                           const struct datom *datom)
{
    make_key(writing, false, index, datom);
    store_batch_delete(batch, buffer_bytes(&writing->key));
}

static void past_key(struct writing *writing, enum index index, const struct datom *datom,
                     uint32_t retracted)
{
    make_key(writing, true, index, datom);
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

    if (db_reads_past(db) || db->since) {
        struct datom datom;
        bool there = false;
        if (!find_by_cursor(db, INDEX_EAVT, &components, &there, &datom, err))
            return false;
        *found = there;
        if (there)
            *t = datom.t;
        return true;
    }
    struct writing writing;
    struct buffer value = { 0 };
    bool there = false;
    writing_init(&writing, v);
    make_key(&writing, false, INDEX_EAVT, &(struct datom){ .e = e, .a = a->id, .v = *v });
    bool ok = store_get(db->store, db->view, buffer_bytes(&writing.key), &value, &there, err);
    if (ok && there && value.len < T_BYTES)
        ok = fail(err, ERROR_FAULT, "the value of an eavt key has %zu bytes", value.len);
    if (ok) {
        *found = there;
        if (there)
            *t = load_u32be((const uint8_t *)value.data);
    }
    writing_release(&writing);
    buffer_release(&value);
    return ok;
}

bool index_find_entity(const struct db *db, const struct attribute *a, const struct value *v,
                       bool *found, uint32_t *e, struct error *err)
{
    struct components components = { .count = 2, .a = a->id, .v = *v };
    struct datom datom;
    bool there = false;

    if (db_reads_past(db) || db->since) {
        if (!find_by_cursor(db, INDEX_AVET, &components, &there, &datom, err))
            return false;
        *found = there;
        if (there)
            *e = datom.e;
        return true;
    }
    struct writing writing;
    struct buffer key = { 0 };
    writing_init(&writing, v);
    make_key(&writing, false, INDEX_AVET, &(struct datom){ .e = 0, .a = a->id, .v = *v });
    bool ok = store_find(db->store, db->view, buffer_bytes(&writing.key), &key, &there, err);
    if (ok) {
        *found = there;
        if (there)
            *e = load_u32be((const uint8_t *)key.data + key.len - E_BYTES);
    }
    writing_release(&writing);
    buffer_release(&key);
    return ok;
}

/* --- values of pairs --- */

struct index_values {
    struct store_iterator *iterator;
    uint32_t e;
    uint16_t a;
    bool begun;         /* the iterator stands at what was given out */
    struct buffer head; /* of the pair's keys */
    struct arena arena;
    bool failed;
    struct error error;
};

struct index_values *index_values_open(const struct db *db)
{
    struct index_values *values = xcalloc(1, sizeof(*values));

    assert(!db_reads_past(db) && !db->since);
    values->iterator =
        store_iterator_open(db->store, db->view, (struct bytes){ 0 }, (struct bytes){ 0 }, true);
    return values;
}

void index_values_close(struct index_values *values)
{
    if (!values)
        return;
    store_iterator_close(values->iterator);
    buffer_release(&values->head);
    arena_release(&values->arena);
    free(values);
}

void index_values_seek(struct index_values *values, uint32_t e, uint16_t a)
{
    values->e = e;
    values->a = a;
    values->begun = false;
    buffer_clear(&values->head);
    buffer_append_u8(&values->head, datom_key_tag(INDEX_EAVT, false));
    buffer_append_u32be(&values->head, e);
    buffer_append_u16be(&values->head, a);
    store_iterator_seek(values->iterator, buffer_bytes(&values->head));
}

bool index_values_next(struct index_values *values, struct datom *out)
{
    size_t len;

    if (values->failed)
        return false;
    if (values->begun)
        store_iterator_next(values->iterator);
    values->begun = true;
    if (!store_iterator_valid(values->iterator)) {
        values->failed = !store_iterator_check(values->iterator, &values->error);
        return false;
    }
    struct bytes key = store_iterator_key(values->iterator);
    struct bytes value = store_iterator_value(values->iterator);
    if (!bytes_starts_with(key, buffer_bytes(&values->head)))
        return false;
    arena_reset(&values->arena);
    *out = (struct datom){ .e = values->e, .a = values->a, .added = true };
    values->failed =
        value.len < T_BYTES
            ? !fail(&values->error, ERROR_FAULT, "the value of an eavt key has %zu bytes",
                    value.len)
            : !key_read_value(
                  (struct bytes){ key.data + values->head.len, key.len - values->head.len },
                  (struct bytes){ value.data + T_BYTES, value.len - T_BYTES }, &values->arena,
                  &out->v, &len, &values->error);
    if (!values->failed)
        out->t = load_u32be((const uint8_t *)value.data);
    return !values->failed;
}

bool index_values_check(const struct index_values *values, struct error *err)
{
    if (values->failed)
        *err = values->error;
    return !values->failed;
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

    if (after->type == TYPE_REF && before->type != TYPE_REF && !datom_key_ref(&datom->v, &ref))
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

/* `retracted` as cursor_retracted() has it. */
static bool rebuild_datom(struct rebuild *rebuild, const struct datom *datom, uint32_t retracted,
                          struct error *err)
{
    struct writing writing;
    bool current = retracted == 0;

    writing_init(&writing, &datom->v);
    bool ok = rebuild_check(rebuild, datom, current, buffer_bytes(&writing.encoded), err);
    for (enum index index = INDEX_AVET; ok && index <= INDEX_VAET; index++) {
        bool had = has_index(rebuild->before, index), has = has_index(rebuild->after, index);
        if (has && !had && current)
            put_current(&writing, rebuild->batch, index, datom);
        else if (has && !had)
            put_past(&writing, rebuild->batch, index, datom, retracted);
        else if (had && !has && current)
            delete_current(&writing, rebuild->batch, index, datom);
        else if (had && !has) {
            past_key(&writing, index, datom, retracted);
            store_batch_delete(rebuild->batch, buffer_bytes(&writing.key));
        }
    }
    writing_release(&writing);
    return ok &&
           (store_batch_bytes(rebuild->batch) <= LIMIT_REBUILD_BYTES ||
            fail(err, ERROR_BUSY,
                 "attribute :%.*s has too many values to change now: their indexes would take "
                 "more than %zu MiB in one transaction; declare it in a new graph and import",
                 BYTES_ARG(rebuild->after->ident), LIMIT_REBUILD_BYTES >> 20));
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
        ok = !datom.added || rebuild_datom(&rebuild, &datom, cursor_retracted(cursor), err);
    ok = ok && cursor_check(cursor, err);
    cursor_close(cursor);
    hashmap_release(&rebuild.owners);
    arena_release(&rebuild.arena);
    return ok;
}
