#include "tests/load/mirror.h"

#include "proto/edn.h"
#include "proto/mp.h"

#include <stdlib.h>

void mirror_release(struct mirror *mirror)
{
    hashmap_release(&mirror->datoms);
    arena_release(&mirror->txs);
    buffer_release(&mirror->key);
    buffer_release(&mirror->scratch);
    *mirror = (struct mirror){ 0 };
}

/* The three first items of a datom as a key, in mirror->key. */
static bool datom_key(struct mirror *mirror, const struct value *datom, struct error *err)
{
    struct arena arena = { 0 };

    if (value_is_sequence(datom) && datom->count == 4 && datom->items[0].type == VALUE_LONG &&
        datom->items[1].type == VALUE_KEYWORD) {
        struct value key = value_collection(VALUE_VECTOR, datom->items, 3);
        buffer_clear(&mirror->key);
        mp_write(&mirror->key, &key);
        return true;
    }
    struct bytes text = edn_excerpt(&arena, datom);
    fail(err, ERROR_FAULT, "not a datom: %.*s", BYTES_ARG(text));
    arena_release(&arena);
    return false;
}

static uint64_t datom_checksum(struct mirror *mirror, const struct value *datom, uint32_t tx)
{
    return mp_datom_checksum(&mirror->scratch, (uint32_t)datom->items[0].number,
                             datom->items[1].text, &datom->items[2], tx);
}

static bool add(struct mirror *mirror, const struct value *datom, int64_t tx, struct error *err)
{
    if (!datom_key(mirror, datom, err))
        return false;
    int64_t *held = ARENA_NEW(&mirror->txs, int64_t);
    *held = tx;
    if (hashmap_put(&mirror->datoms, buffer_bytes(&mirror->key), held))
        return fail(err, ERROR_FAULT, "a datom of entity %lld is added, but is there",
                    (long long)datom->items[0].number);
    mirror->checksum = checksum_add(mirror->checksum, datom_checksum(mirror, datom, (uint32_t)tx));
    return true;
}

static bool take(struct mirror *mirror, const struct value *datom, struct error *err)
{
    if (!datom_key(mirror, datom, err))
        return false;
    const int64_t *tx = hashmap_remove(&mirror->datoms, buffer_bytes(&mirror->key));
    if (!tx)
        return fail(err, ERROR_FAULT, "a datom of entity %lld is retracted, but is not there",
                    (long long)datom->items[0].number);
    mirror->checksum =
        checksum_subtract(mirror->checksum, datom_checksum(mirror, datom, (uint32_t)*tx));
    return true;
}

bool mirror_load(struct mirror *mirror, const struct value *datoms, struct error *err)
{
    for (uint32_t i = 0; i < datoms->count; i++) {
        const struct value *datom = &datoms->items[i];
        if (!value_is_sequence(datom) || datom->count != 4 || datom->items[3].type != VALUE_LONG)
            return fail(err, ERROR_FAULT, "a datom of the snapshot is not [e a v tx]");
        if (!add(mirror, datom, datom->items[3].number, err))
            return false;
    }
    return true;
}

bool mirror_apply(struct mirror *mirror, const struct value *datoms, int64_t tx, struct error *err)
{
    for (uint32_t i = 0; i < datoms->count; i++) {
        const struct value *datom = &datoms->items[i];
        if (!value_is_sequence(datom) || datom->count != 4 || datom->items[3].type != VALUE_BOOLEAN)
            return fail(err, ERROR_FAULT, "a datom of a tx is not [e a v added]");
        if (!(datom->items[3].boolean ? add(mirror, datom, tx, err) : take(mirror, datom, err)))
            return false;
    }
    return true;
}

static int by_key(const void *a, const void *b)
{
    const struct hashmap_entry *const *left = a, *const *right = b;

    return bytes_compare((*left)->key, (*right)->key);
}

void mirror_write(const struct mirror *mirror, struct buffer *out)
{
    struct arena arena = { 0 };
    struct hashmap_entry **sorted =
        xcalloc(mirror->datoms.count + 1, sizeof(struct hashmap_entry *));
    struct hashmap_entry *entry;
    struct error err;
    size_t count = 0;

    for (size_t at = 0; (entry = hashmap_next(&mirror->datoms, &at));)
        sorted[count++] = entry;
    qsort(sorted, count, sizeof(struct hashmap_entry *), by_key);
    buffer_append_u8(out, '[');
    for (size_t i = 0; i < count; i++) {
        struct value key, items[4];
        if (!mp_read(sorted[i]->key, &arena, &key, &err))
            abort();
        memcpy(items, key.items, 3 * sizeof(*items));
        items[3] = value_long(*(const int64_t *)sorted[i]->value);
        struct value datom = value_collection(VALUE_VECTOR, items, 4);
        if (i > 0)
            buffer_append_u8(out, ' ');
        edn_write(out, &datom);
        arena_reset(&arena);
    }
    buffer_append_u8(out, ']');
    arena_release(&arena);
    free(sorted);
}
