#include "txd/tx/overlay.h"

#include "common/limits.h"
#include "common/queue.h"

struct holder { /* who has a value of a unique attribute */
    struct chain chain;
    uint16_t a;
    bool looked;     /* the store has been asked */
    uint32_t stored; /* the entity that holds it there; 0: none */
    struct value v;
    struct pending *first;
};

void overlay_init(struct overlay *overlay, struct arena *arena, const struct db *db,
                  const struct recent *recent, uint32_t fresh_e, uint32_t fresh_a, uint32_t tx_e)
{
    *overlay = (struct overlay){
        .arena = arena,
        .db = db,
        .recent = recent,
        .fresh_e = fresh_e,
        .fresh_a = fresh_a,
        .tx_e = tx_e,
    };
    overlay->last = &overlay->first;
}

void overlay_release(struct overlay *overlay)
{
    index_values_close(overlay->values);
    overlay->values = NULL;
}

bool overlay_room(const struct overlay *overlay, struct error *err)
{
    return overlay->arena->used < LIMIT_TX_MEMORY_BYTES ||
           fail(err, ERROR_INCORRECT,
                "the transaction takes more than %zu bytes with what it reads: split it",
                LIMIT_TX_MEMORY_BYTES);
}

static bool may_be_stored(const struct overlay *overlay, uint32_t e, uint16_t a)
{
    if (a >= overlay->fresh_a)
        return false;
    if (entity_is_user(e))
        return e < overlay->fresh_e;
    if (entity_is_attribute(e))
        return e - ATTRIBUTE_ENTITY_BASE < overlay->fresh_a;
    return e != overlay->tx_e;
}

struct entity *overlay_entity(struct overlay *overlay, uint32_t e)
{
    uint64_t hash = number_hash(e);

    for (struct chain *at = table_first(&overlay->entities, hash); at; at = table_next(at)) {
        struct entity *entity = CONTAINER_OF(at, struct entity, chain);
        if (entity->e == e)
            return entity;
    }
    struct entity *entity = ARENA_NEW(overlay->arena, struct entity);
    entity->e = e;
    table_add(&overlay->entities, overlay->arena, &entity->chain, hash);
    return entity;
}

static struct group *group_of(struct overlay *overlay, uint32_t e, uint16_t a)
{
    uint64_t hash = number_hash((uint64_t)e << 16 | a);

    for (struct chain *at = table_first(&overlay->groups, hash); at; at = table_next(at)) {
        struct group *group = CONTAINER_OF(at, struct group, chain);
        if (group->e == e && group->a == a)
            return group;
    }
    struct entity *entity = overlay_entity(overlay, e);
    struct group *group = ARENA_NEW(overlay->arena, struct group);
    group->e = e;
    group->a = a;
    group->whole = entity->whole || !may_be_stored(overlay, e, a);
    group->next_of_entity = entity->groups;
    entity->groups = group;
    table_add(&overlay->groups, overlay->arena, &group->chain, hash);
    return group;
}

static struct holder *holder_of(struct overlay *overlay, uint16_t a, const struct value *v)
{
    uint64_t hash = number_hash(value_hash(v) ^ a);

    for (struct chain *at = table_first(&overlay->holders, hash); at; at = table_next(at)) {
        struct holder *holder = CONTAINER_OF(at, struct holder, chain);
        if (holder->a == a && value_equal(&holder->v, v))
            return holder;
    }
    struct holder *holder = ARENA_NEW(overlay->arena, struct holder);
    holder->a = a;
    holder->v = *v;
    table_add(&overlay->holders, overlay->arena, &holder->chain, hash);
    return holder;
}

static uint64_t datom_hash(uint32_t e, uint16_t a, const struct value *v)
{
    return number_hash(value_hash(v) + ((uint64_t)e << 16 | a));
}

static struct pending *find(const struct overlay *overlay, uint64_t hash, uint32_t e, uint16_t a,
                            const struct value *v)
{
    for (struct chain *at = table_first(&overlay->datoms, hash); at; at = table_next(at)) {
        struct pending *pending = CONTAINER_OF(at, struct pending, chain);
        if (pending->e == e && pending->a == a && value_equal(&pending->v, v))
            return pending;
    }
    return NULL;
}

static struct pending *add(struct overlay *overlay, uint64_t hash, uint32_t e,
                           const struct attribute *a, const struct value *v)
{
    struct pending *pending = ARENA_NEW(overlay->arena, struct pending);
    struct group *group = group_of(overlay, e, a->id);

    pending->group = group;
    pending->is_ref = a->type == TYPE_REF;
    pending->e = e;
    pending->a = a->id;
    pending->v = *v;
    pending->next_in_group = group->first;
    group->first = pending;
    *overlay->last = pending;
    overlay->last = &pending->next;
    table_add(&overlay->datoms, overlay->arena, &pending->chain, hash);
    if (pending->is_ref)
        table_add(&overlay->targets, overlay->arena, &pending->target,
                  number_hash((uint64_t)v->number));
    if (a->unique != UNIQUE_NONE) {
        struct holder *holder = holder_of(overlay, a->id, v);
        pending->next_of_holder = holder->first;
        holder->first = pending;
    }
    return pending;
}

void overlay_set(struct overlay *overlay, struct pending *pending, bool now)
{
    uint32_t difference = now ? 1 : UINT32_MAX; /* one more or one less, modulo 2^32 */

    if (pending->now == now)
        return;
    pending->now = now;
    pending->group->present += difference;
    if (pending->is_ref)
        overlay_entity(overlay, (uint32_t)pending->v.number)->referrers += difference;
}

bool overlay_find(struct overlay *overlay, uint32_t e, const struct attribute *a,
                  const struct value *v, struct pending **out, struct error *err)
{
    uint64_t hash = datom_hash(e, a->id, v);
    struct pending *pending = find(overlay, hash, e, a->id, v);

    if (!pending) {
        bool stored = false;
        uint32_t t = 0;
        if (!group_of(overlay, e, a->id)->whole &&
            !index_find(overlay->db, e, a, v, &stored, &t, err))
            return false;
        pending = add(overlay, hash, e, a, v);
        pending->before = stored;
        overlay_set(overlay, pending, stored);
        pending->t = t;
    }
    *out = pending;
    return true;
}

/* Takes in a datom of the store, unless it is known. `v` is copied. */
static void take_in(struct overlay *overlay, const struct datom *datom)
{
    uint64_t hash = datom_hash(datom->e, datom->a, &datom->v);

    if (find(overlay, hash, datom->e, datom->a, &datom->v))
        return;
    struct value v = value_copy(overlay->arena, &datom->v);
    struct pending *pending =
        add(overlay, hash, datom->e, schema_by_id(overlay->db->schema, datom->a), &v);
    pending->before = true;
    pending->t = datom->t;
    overlay_set(overlay, pending, true);
}

/* Takes in the datoms of a range of the store. */
static bool load(struct overlay *overlay, enum index index, const struct components *prefix,
                 struct error *err)
{
    struct cursor *cursor = cursor_open(overlay->db, index, prefix, NULL, false);
    struct datom datom;
    bool ok = true;

    while (ok && cursor_next(cursor, &datom)) {
        take_in(overlay, &datom);
        ok = overlay_room(overlay, err);
    }
    ok = ok && cursor_check(cursor, err);
    cursor_close(cursor);
    return ok;
}

/* The same for what the entity has of the attribute. */
static bool load_values(struct overlay *overlay, uint32_t e, uint16_t a, struct error *err)
{
    struct datom datom;

    if (!overlay->values)
        overlay->values = index_values_open(overlay->db);
    index_values_seek(overlay->values, e, a);
    while (index_values_next(overlay->values, &datom)) {
        take_in(overlay, &datom);
        if (!overlay_room(overlay, err))
            return false;
    }
    return index_values_check(overlay->values, err);
}

/* The same for what is remembered of the group; false when nothing is. */
static bool recall(struct overlay *overlay, uint32_t e, uint16_t a)
{
    struct datom datom = { .e = e, .a = a };
    bool present;

    if (!overlay->recent ||
        !recent_find(overlay->recent, e, a, overlay->arena, &present, &datom.v, &datom.t))
        return false;
    if (present)
        take_in(overlay, &datom);
    return true;
}

bool overlay_values(struct overlay *overlay, uint32_t e, uint16_t a, struct group **out,
                    struct error *err)
{
    struct group *group = group_of(overlay, e, a);

    if (!group->whole && !recall(overlay, e, a) && !load_values(overlay, e, a, err))
        return false;
    group->whole = true;
    *out = group;
    return true;
}

bool overlay_whole(struct overlay *overlay, uint32_t e, struct entity **out, struct error *err)
{
    struct entity *entity = overlay_entity(overlay, e);

    if (!entity->whole && may_be_stored(overlay, e, 0) &&
        !load(overlay, INDEX_EAVT, &(struct components){ .count = 1, .e = e }, err))
        return false;
    entity->whole = true;
    for (struct group *group = entity->groups; group; group = group->next_of_entity)
        group->whole = true;
    *out = entity;
    return true;
}

bool overlay_targets(struct overlay *overlay, uint32_t e, struct error *err)
{
    struct components prefix = { .count = 1, .v = value_long(e) };
    struct entity *entity = overlay_entity(overlay, e);

    if (!entity->targeted && !load(overlay, INDEX_VAET, &prefix, err))
        return false;
    entity->targeted = true;
    return true;
}

struct pending *overlay_target(const struct overlay *overlay, uint32_t e, struct pending *at)
{
    struct chain *chain =
        at ? table_next(&at->target) : table_first(&overlay->targets, number_hash(e));

    for (; chain; chain = table_next(chain)) {
        struct pending *pending = CONTAINER_OF(chain, struct pending, target);
        if (pending->now && pending->v.number == e)
            return pending;
    }
    return NULL;
}

bool overlay_holder(struct overlay *overlay, const struct attribute *a, const struct value *v,
                    bool *found, uint32_t *e, struct error *err)
{
    struct holder *holder = holder_of(overlay, a->id, v);
    bool released = false;

    if (!holder->looked && a->id < overlay->fresh_a) {
        bool stored;
        if (!index_find_entity(overlay->db, a, v, &stored, &holder->stored, err))
            return false;
        if (!stored)
            holder->stored = 0;
    }
    holder->looked = true;
    *found = false;
    for (struct pending *at = holder->first; at; at = at->next_of_holder) {
        if (at->now) {
            *found = true;
            *e = at->e;
            return true;
        }
        released |= at->e == holder->stored;
    }
    if (holder->stored && !released) {
        *found = true;
        *e = holder->stored;
    }
    return true;
}

bool overlay_changed(const struct overlay *overlay, uint16_t a)
{
    for (const struct pending *at = overlay->first; at; at = at->next)
        if (at->a == a && at->before != at->now)
            return true;
    return false;
}
