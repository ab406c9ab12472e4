#include "txd/db/extents.h"

#include "common/limits.h"

#include <stdlib.h>

/* The cost, in keys read, of copying an extent row and of one change to it. */
#define ROWS_PER_KEY    16
#define KEYS_PER_CHANGE 4

/* Beyond one change in so many rows, reading anew costs no more. */
#define ROWS_PER_CHANGE 4

#define KEYS_TO_BEGIN 32 /* what reading an extent costs besides its rows */

#define BYTES_PER_DATOM 24 /* of an extent, before it is read */

/* What an extent shows. Each is worth its own while. */
enum kind { KIND_NOW, KIND_PAST, KIND_HISTORY, KINDS };

struct entry {
    struct entry *next;          /* of the same attribute */
    struct entry *newer, *older; /* in order of use */
    struct slot *slot;
    enum kind kind;
    uint32_t from, to; /* it is what the graph holds at each t of these */
    struct extent *extent;
    size_t bytes;
};

/* What is known of one attribute. */
struct slot {
    struct entry *entries;
    uint64_t spent[KINDS]; /* keys read from the store since there was an extent */
    bool reading;          /* somebody is at it */
};

struct extents {
    struct changes *changes;
    struct slot **slots; /* by attribute */
    uint32_t count;
};

static struct {
    pthread_mutex_t mutex;
    struct entry *newest, *oldest; /* of all graphs */
    size_t bytes, bytes_max;
} cache = { .mutex = PTHREAD_MUTEX_INITIALIZER, .bytes_max = LIMIT_EXTENT_BYTES };

/* ---- the order of use ---- */

static void unlink_use(struct entry *entry)
{
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        cache.newest = entry->older;
    if (entry->older)
        entry->older->newer = entry->newer;
    else
        cache.oldest = entry->newer;
    entry->newer = entry->older = NULL;
}

static void link_use(struct entry *entry)
{
    entry->older = cache.newest;
    if (cache.newest)
        cache.newest->newer = entry;
    else
        cache.oldest = entry;
    cache.newest = entry;
}

static void use(struct entry *entry)
{
    if (cache.newest == entry)
        return;
    unlink_use(entry);
    link_use(entry);
}

static void drop(struct entry *entry)
{
    struct entry **at = &entry->slot->entries;

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    unlink_use(entry);
    cache.bytes -= entry->bytes;
    extent_release(entry->extent);
    free(entry);
}

static void shrink(void)
{
    while (cache.oldest && cache.bytes > cache.bytes_max)
        drop(cache.oldest);
}

/* ---- life ---- */

void extents_limit(size_t bytes)
{
    pthread_mutex_lock(&cache.mutex);
    cache.bytes_max = bytes;
    shrink();
    pthread_mutex_unlock(&cache.mutex);
}

size_t extents_bytes(void)
{
    pthread_mutex_lock(&cache.mutex);
    size_t bytes = cache.bytes;
    pthread_mutex_unlock(&cache.mutex);
    return bytes;
}

struct extents *extents_new(struct changes *changes)
{
    struct extents *extents = xcalloc(1, sizeof(*extents));

    extents->changes = changes;
    return extents;
}

void extents_free(struct extents *extents)
{
    if (!extents)
        return;
    pthread_mutex_lock(&cache.mutex);
    for (uint32_t a = 0; a < extents->count; a++) {
        while (extents->slots[a] && extents->slots[a]->entries)
            drop(extents->slots[a]->entries);
        free(extents->slots[a]);
    }
    pthread_mutex_unlock(&cache.mutex);
    free(extents->slots);
    free(extents);
}

static struct slot *slot_of(struct extents *extents, uint16_t a)
{
    if (a >= extents->count) {
        uint32_t count = 2u * a + 64;
        extents->slots = xrealloc(extents->slots, count * sizeof(struct slot *));
        memset(extents->slots + extents->count, 0,
               (count - extents->count) * sizeof(struct slot *));
        extents->count = count;
    }
    if (!extents->slots[a])
        extents->slots[a] = xcalloc(1, sizeof(struct slot));
    return extents->slots[a];
}

/* ---- asking ---- */

/* One question, while it is answered. */
struct asking {
    struct extents *extents;
    const struct db *db;
    uint16_t a;
    const struct extent_demand *demand;
    struct slot *slot;
    enum kind kind;
    uint32_t basis; /* the t that is asked for */
    struct arena arena;
    struct change_list changes; /* between `base` and the basis */
    struct extent *base;        /* retained: what they are put into; NULL: it is read */
};

static struct entry *find(const struct asking *asking)
{
    for (struct entry *entry = asking->slot->entries; entry; entry = entry->next) {
        bool fits = entry->kind == asking->kind ||
                    (entry->kind == KIND_NOW && asking->kind == KIND_PAST) ||
                    (entry->kind == KIND_PAST && asking->kind == KIND_NOW);
        if (fits && entry->from <= asking->basis && asking->basis <= entry->to)
            return entry;
    }
    return NULL;
}

/* The entry that was right until now; only one of its kind is kept. */
static struct entry *predecessor(const struct asking *asking)
{
    struct entry *last = NULL;

    for (struct entry *entry = asking->slot->entries; entry; entry = entry->next)
        if (entry->kind == asking->kind && entry->kind != KIND_PAST && entry->to < asking->basis &&
            (!last || entry->to > last->to))
            last = entry;
    return last;
}

/* Whether the entry is right at the basis too; if not, whether its changes are known. */
static bool bring_up(struct asking *asking, struct entry *entry)
{
    size_t most = entry->extent->count / ROWS_PER_CHANGE + 16;
    bool known = changes_list(asking->extents->changes, asking->a, entry->to, asking->basis, most,
                              &asking->arena, &asking->changes);

    if (known && asking->changes.count == 0) {
        entry->to = asking->basis;
        return true;
    }
    if (known && asking->kind == KIND_NOW)
        asking->base = extent_retain(entry->extent);
    return false;
}

/* What making the extent costs, in keys. */
static uint64_t cost(const struct asking *asking)
{
    if (asking->base)
        return asking->base->count / ROWS_PER_KEY + KEYS_PER_CHANGE * asking->changes.count;
    return asking->demand->datoms + KEYS_TO_BEGIN;
}

static void put(struct asking *asking, struct extent *extent)
{
    struct entry *before = predecessor(asking);

    if (before)
        drop(before);
    struct entry *entry = xcalloc(1, sizeof(*entry));
    *entry = (struct entry){ .next = asking->slot->entries,
                             .slot = asking->slot,
                             .kind = asking->kind,
                             .from = asking->basis,
                             .to = asking->basis,
                             .extent = extent_retain(extent),
                             .bytes = extent_bytes(extent) };
    asking->slot->entries = entry;
    link_use(entry);
    cache.bytes += entry->bytes;
    shrink();
}

static bool make(struct asking *asking, struct extent **out, struct error *err)
{
    struct extent *extent = NULL;

    if (asking->base)
        extent = extent_apply(asking->base, &asking->changes);
    if (!extent && !extent_read(asking->db, asking->a, asking->demand->check, asking->demand->arg,
                                &extent, err))
        return false;
    *out = extent;
    return true;
}

/* Answers from what is there; *worth is whether to make it. */
static struct extent *look(struct asking *asking, bool *worth)
{
    struct entry *entry = find(asking), *before = entry ? NULL : predecessor(asking);

    *worth = false;
    if (before && bring_up(asking, before))
        entry = before;
    if (entry) {
        use(entry);
        return extent_retain(entry->extent);
    }
    uint64_t *spent = &asking->slot->spent[asking->kind];
    *spent += asking->demand->reads;
    *worth = !asking->slot->reading && *spent >= cost(asking) &&
             asking->demand->datoms <= cache.bytes_max / BYTES_PER_DATOM;
    if (*worth) {
        *spent = 0;
        asking->slot->reading = true;
    }
    return NULL;
}

bool extents_get(struct extents *extents, const struct db *db, const struct attribute *attribute,
                 const struct extent_demand *demand, struct extent **out, struct error *err)
{
    bool past = db->as_of < db->t;
    struct asking asking = { .extents = extents,
                             .db = db,
                             .a = attribute->id,
                             .demand = demand,
                             .kind = db->history ? KIND_HISTORY
                                     : past      ? KIND_PAST
                                                 : KIND_NOW,
                             .basis = past ? db->as_of : db->t };
    bool worth, ok = true;

    *out = NULL;
    if (attribute->no_history && asking.kind != KIND_NOW)
        return true; /* its past goes away, so a past read is not the same for ever */
    pthread_mutex_lock(&cache.mutex);
    asking.slot = slot_of(extents, attribute->id);
    *out = look(&asking, &worth);
    pthread_mutex_unlock(&cache.mutex);
    if (worth) {
        ok = make(&asking, out, err);
        pthread_mutex_lock(&cache.mutex);
        asking.slot->reading = false;
        if (ok)
            put(&asking, *out);
        pthread_mutex_unlock(&cache.mutex);
    }
    extent_release(asking.base);
    arena_release(&asking.arena);
    return ok;
}
