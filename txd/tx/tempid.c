#include "txd/tx/tempid.h"

#include "common/queue.h"
#include "proto/edn.h"
#include "proto/mp.h"

void tempids_init(struct tempids *tempids, struct draft *draft)
{
    *tempids = (struct tempids){ .draft = draft };
    tempids->last = &tempids->first;
}

bool tempid_is_transaction(const struct value *value)
{
    if (value->type == VALUE_KEYWORD)
        return bytes_equal(value->text, BYTES("db/current-tx"));
    return value->type == VALUE_STRING && (bytes_equal(value->text, BYTES("datomic.tx")) ||
                                           bytes_equal(value->text, BYTES("datascript.tx")));
}

bool tempid_is(const struct value *value)
{
    return (value->type == VALUE_LONG && value->number < 0) ||
           (value->type == VALUE_STRING && !tempid_is_transaction(value));
}

static struct tempid *add(struct tempids *tempids, uint64_t hash)
{
    struct arena *arena = tempids->draft->arena;
    struct tempid *tempid = ARENA_NEW(arena, struct tempid);

    table_add(&tempids->table, arena, &tempid->chain, hash);
    *tempids->last = tempid;
    tempids->last = &tempid->next;
    return tempid;
}

static struct tempid *find(const struct tempids *tempids, const struct value *key, uint64_t hash)
{
    for (struct chain *at = table_first(&tempids->table, hash); at; at = table_next(at)) {
        struct tempid *tempid = CONTAINER_OF(at, struct tempid, chain);
        if (!tempid->map && value_equal(&tempid->key, key))
            return tempid;
    }
    return NULL;
}

struct tempid *tempid_of(struct tempids *tempids, const struct value *key)
{
    uint64_t hash = value_hash(key);
    struct tempid *tempid = find(tempids, key, hash);

    if (!tempid) {
        tempid = add(tempids, hash);
        tempid->key = *key;
    }
    return tempid;
}

struct tempid *tempid_of_map(struct tempids *tempids, const struct value *map)
{
    uint64_t hash = number_hash((uint64_t)(uintptr_t)map);

    for (struct chain *at = table_first(&tempids->table, hash); at; at = table_next(at)) {
        struct tempid *tempid = CONTAINER_OF(at, struct tempid, chain);
        if (tempid->map == map)
            return tempid;
    }
    struct tempid *tempid = add(tempids, hash);
    tempid->map = map;
    return tempid;
}

void tempids_begin(struct tempids *tempids)
{
    tempids->again = false;
    tempids->made = (struct table){ 0 };
    for (struct tempid *at = tempids->first; at; at = at->next) {
        at->e = 0;
        at->made = at->upserted = at->used_as_value = false;
    }
}

static struct tempid *root_of(struct tempid *tempid)
{
    while (tempid->found_as)
        tempid = tempid->found_as;
    return tempid;
}

bool tempid_known(const struct tempids *tempids, const struct value *key, uint32_t *e)
{
    struct tempid *tempid = find(tempids, key, value_hash(key));
    const struct tempid *root = tempid ? root_of(tempid) : NULL;

    *e = !root ? 0 : root->e ? root->e : root->found_e;
    return *e != 0;
}

static bool two_entities(struct tempids *tempids, const struct tempid *tempid, uint32_t a,
                         uint32_t b, struct error *err)
{
    struct bytes text =
        edn_excerpt(tempids->draft->arena, tempid->map ? tempid->map : &tempid->key);

    return fail(err, ERROR_CONFLICT, "%s %.*s is both entity %u and entity %u by its identities",
                tempid->map ? "map" : "tempid", BYTES_ARG(text), a, b);
}

/* The tempid for which the entity was made in this run, or NULL. */
static struct tempid *maker_of(const struct tempids *tempids, uint32_t e)
{
    struct chain *at = table_first(&tempids->made, number_hash(e));

    for (; at; at = table_next(at)) {
        struct tempid *tempid = CONTAINER_OF(at, struct tempid, made_chain);
        if (tempid->made && tempid->e == e)
            return tempid;
    }
    return NULL;
}

/* An identity has led to an entity, after forms that took the tempid for another one. */
static bool find_out(struct tempids *tempids, struct tempid *root, uint32_t e, struct error *err)
{
    struct tempid *maker = maker_of(tempids, e);

    if (root->found_e || root->upserted)
        return two_entities(tempids, root, root->e, e, err);
    if (maker)
        root->found_as = maker;
    else
        root->found_e = e;
    tempids->again = true;
    if (tempids->exact)
        return fail(err, ERROR_FAULT, "the forms are to be run again");
    root->e = e;
    root->upserted = true;
    root->made = false;
    return true;
}

bool tempid_bind(struct tempids *tempids, struct tempid *tempid, uint32_t upserted, uint32_t *e,
                 struct error *err)
{
    struct tempid *root = root_of(tempid);

    if (!root->e) {
        root->e = root->found_e ? root->found_e : upserted;
        if (!root->e) {
            bool attribute = root->has_ident && root->has_schema;
            if (!(attribute ? draft_new_attribute : draft_new_entity)(tempids->draft, &root->e,
                                                                      err))
                return false;
            root->made = true;
            table_add(&tempids->made, tempids->draft->arena, &root->made_chain,
                      number_hash(root->e));
        }
    }
    if (upserted && upserted != root->e && !find_out(tempids, root, upserted, err))
        return false;
    if (upserted) /* each finding on the way to the entity has proved true */
        for (struct tempid *at = tempid;; at = at->found_as) {
            at->upserted = at->upserted || !at->made;
            if (!at->found_as)
                break;
        }
    *e = root_of(tempid)->e;
    return true;
}

bool tempids_meet(void *arg, uint32_t e, const struct attribute *a, const struct value *v,
                  uint32_t holder, bool *is, struct error *err)
{
    struct tempids *tempids = arg;
    struct tempid *maker = maker_of(tempids, e);

    *is = maker != NULL;
    if (!maker)
        return true;
    maker->found_by = a->id;
    maker->found_parts = *v;
    return find_out(tempids, maker, holder, err);
}

/* Whether what was found has proved true in this run: by an identity that led there, or by the
 * parts, which the entity has now. */
static bool is_proved(struct tempids *tempids, struct tempid *tempid, bool *proved,
                      struct error *err)
{
    const struct attribute *a = schema_by_id(tempids->draft->schema, tempid->found_by);
    struct pending *pending;

    *proved = tempid->upserted || (!tempid->found_e && !tempid->found_as);
    if (*proved || tempid->found_parts.type == VALUE_NIL || !a)
        return true;
    if (!overlay_find(&tempids->draft->overlay, root_of(tempid)->e, a, &tempid->found_parts,
                      &pending, err))
        return false;
    *proved = pending->now;
    return true;
}

bool tempids_run_again(struct tempids *tempids, bool *again, struct error *err)
{
    bool all = true;

    *again = tempids->again;
    if (tempids->again || tempids->exact)
        return true;
    for (struct tempid *at = tempids->first; at && all; at = at->next)
        if (!is_proved(tempids, at, &all, err))
            return false;
    if (all)
        return true;
    for (struct tempid *at = tempids->first; at; at = at->next) {
        at->found_e = 0;
        at->found_as = NULL;
        at->found_parts = value_nil();
    }
    *again = tempids->exact = true;
    return true;
}

bool tempids_check(const struct tempids *tempids, struct error *err)
{
    for (struct tempid *at = tempids->first; at; at = at->next) {
        if (!at->used_as_value || at->upserted)
            continue;
        if (!overlay_entity(&tempids->draft->overlay, root_of(at)->e)->asserted) {
            bool map = at->map != NULL;
            struct bytes text = edn_excerpt(tempids->draft->arena, map ? at->map : &at->key);
            return fail(err, ERROR_INCORRECT,
                        "%s %.*s is used only as a value: no form says anything about it",
                        map ? "the entity of" : "tempid", BYTES_ARG(text));
        }
    }
    return true;
}

/* What a failed or lenient look-up mentioned may have no entity. */
static bool is_written(struct tempid *tempid)
{
    return !tempid->map && root_of(tempid)->e != 0;
}

void tempids_write(const struct tempids *tempids, struct buffer *out)
{
    uint32_t count = 0;

    for (struct tempid *at = tempids->first; at; at = at->next)
        count += is_written(at);
    mp_write_map(out, count);
    for (struct tempid *at = tempids->first; at; at = at->next) {
        if (!is_written(at))
            continue;
        mp_write(out, &at->key);
        mp_write_long(out, root_of(at)->e);
    }
}
