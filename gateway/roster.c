#include "gateway/roster.h"

#include "common/uuid.h"
#include "gateway/encode.h"
#include "proto/bus.h"
#include "proto/mp.h"

#include <assert.h>
#include <stdlib.h>

/* What an audience knows of an entry. */
struct view {
    bool known;  /* that it is there */
    bool stale;  /* but not its state */
    bool listed; /* in the audience's list */
};

struct roster_entry {
    char session[UUID_TEXT_BYTES];
    bool present; /* else it is only kept until the audiences have been told */
    bool own;
    uint64_t seen;             /* the reading of presence-read that had it last */
    struct blob *user, *state; /* MessagePack */
    struct view views[AUDIENCES];
};

/* --- entries --- */

static struct roster_entry *entry_find(const struct roster *roster, struct bytes session)
{
    return hashmap_get(&roster->entries, session);
}

static void entry_free(struct roster_entry *entry)
{
    blob_release(entry->user);
    blob_release(entry->state);
    free(entry);
}

static void list(struct roster *roster, struct roster_entry *entry, enum audience audience)
{
    struct roster_list *changed = &roster->changed[audience];

    if (entry->views[audience].listed)
        return;
    entry->views[audience].listed = true;
    if (changed->count == changed->cap) {
        changed->cap = changed->cap ? changed->cap * 2 : 16;
        changed->items = xrealloc(changed->items, changed->cap * sizeof(struct roster_entry *));
    }
    changed->items[changed->count++] = entry;
}

/* Both audiences must hear of it, txd only of our own. */
static void note(struct roster *roster, struct roster_entry *entry)
{
    list(roster, entry, AUDIENCE_CLIENTS);
    if (entry->own)
        list(roster, entry, AUDIENCE_TXD);
}

static struct roster_entry *entry_add(struct roster *roster, struct bytes session, bool own,
                                      const struct value *user, const struct value *state)
{
    struct roster_entry *entry = xcalloc(1, sizeof(*entry));

    assert(session.len < sizeof(entry->session));
    memcpy(entry->session, session.data, session.len);
    entry->present = true;
    entry->own = own;
    entry->user = encode_blob(ENCODING_MSGPACK, user);
    entry->state = encode_blob(ENCODING_MSGPACK, state);
    hashmap_put(&roster->entries, session, entry);
    note(roster, entry);
    return entry;
}

static void entry_update(struct roster *roster, struct roster_entry *entry,
                         const struct value *state)
{
    struct blob *encoded = encode_blob(ENCODING_MSGPACK, state);

    if (bytes_equal(blob_bytes(encoded), blob_bytes(entry->state))) {
        blob_release(encoded);
        return;
    }
    blob_release(entry->state);
    entry->state = encoded;
    entry->views[AUDIENCE_CLIENTS].stale = entry->views[AUDIENCE_TXD].stale = true;
    note(roster, entry);
}

static void entry_remove(struct roster *roster, struct roster_entry *entry)
{
    hashmap_remove(&roster->entries, bytes_of(entry->session));
    entry->present = false;
    note(roster, entry);
}

/* --- what to tell --- */

static struct value blob_value(const struct blob *blob, struct arena *arena)
{
    struct value value;
    struct error error;
    bool ok = mp_read(blob_bytes(blob), arena, &value, &error);

    assert(ok); /* we wrote it */
    return value;
}

static struct value session_value(const struct roster_entry *entry, bool user, struct arena *arena)
{
    struct value_builder map = { 0 };

    value_builder_entry(&map, arena, "session",
                        value_string(arena_copy(arena, bytes_of(entry->session))));
    if (user)
        value_builder_entry(&map, arena, "user", blob_value(entry->user, arena));
    value_builder_entry(&map, arena, "state", blob_value(entry->state, arena));
    return value_builder_end(&map, VALUE_MAP);
}

static void add_list(struct value_builder *map, struct arena *arena, const char *key,
                     const struct value_builder *items)
{
    if (items->count)
        value_builder_entry(map, arena, key, value_builder_end(items, VALUE_VECTOR));
}

struct value roster_take_changes(struct roster *roster, enum audience audience, struct arena *arena)
{
    struct roster_list *changed = &roster->changed[audience];
    struct value_builder joined = { 0 }, updated = { 0 }, left = { 0 }, map = { 0 };

    for (size_t i = 0; i < changed->count; i++) {
        struct roster_entry *entry = changed->items[i];
        struct view *view = &entry->views[audience];
        if (entry->present && !view->known)
            value_builder_add(&joined, arena, session_value(entry, true, arena));
        else if (entry->present && view->stale)
            value_builder_add(&updated, arena, session_value(entry, false, arena));
        else if (!entry->present && view->known)
            value_builder_add(&left, arena,
                              value_string(arena_copy(arena, bytes_of(entry->session))));
        *view = (struct view){ .known = entry->present };
        if (!entry->present && !entry->views[AUDIENCE_CLIENTS].listed &&
            !entry->views[AUDIENCE_TXD].listed)
            entry_free(entry);
    }
    changed->count = 0;
    add_list(&map, arena, "joined", &joined);
    add_list(&map, arena, "updated", &updated);
    add_list(&map, arena, "left", &left);
    return value_builder_end(&map, VALUE_MAP);
}

struct value roster_full(const struct roster *roster, struct arena *arena)
{
    struct value_builder sessions = { 0 };
    struct hashmap_entry *slot;

    for (size_t at = 0; (slot = hashmap_next(&roster->entries, &at));)
        value_builder_add(&sessions, arena, session_value(slot->value, true, arena));
    return value_builder_end(&sessions, VALUE_VECTOR);
}

/* --- sessions elsewhere --- */

/* One session of the feed or of presence-read: there, with this state. */
static void observe(struct roster *roster, const struct value *session)
{
    struct bytes id = bus_text(session, "session");
    const struct value *user = value_get(session, "user"), *state = value_get(session, "state");
    struct value none = value_collection(VALUE_MAP, NULL, 0);

    if (id.len == 0 || id.len >= UUID_TEXT_BYTES)
        return;
    struct roster_entry *entry = entry_find(roster, id);
    if (!entry && user)
        entry = entry_add(roster, id, false, user, state ? state : &none);
    else if (entry && !entry->own && state)
        entry_update(roster, entry, state);
    if (entry)
        entry->seen = roster->readings;
}

static void observe_all(struct roster *roster, const struct value *sessions)
{
    for (uint32_t i = 0; sessions && value_is_sequence(sessions) && i < sessions->count; i++)
        observe(roster, &sessions->items[i]);
}

static void observe_left(struct roster *roster, const struct value *ids)
{
    for (uint32_t i = 0; ids && value_is_sequence(ids) && i < ids->count; i++) {
        struct roster_entry *entry =
            ids->items[i].type == VALUE_STRING ? entry_find(roster, ids->items[i].text) : NULL;
        if (entry && !entry->own)
            entry_remove(roster, entry);
    }
}

void roster_observe(struct roster *roster, const struct value *changes)
{
    observe_all(roster, value_get(changes, "joined"));
    observe_all(roster, value_get(changes, "updated"));
    observe_left(roster, value_get(changes, "left"));
}

/* Whoever the last reading did not have is gone. */
static void sweep(struct roster *roster)
{
    struct roster_list gone = { 0 };
    struct hashmap_entry *slot;

    gone.items = xcalloc(roster->entries.count + 1, sizeof(struct roster_entry *));
    for (size_t at = 0; (slot = hashmap_next(&roster->entries, &at));) {
        struct roster_entry *entry = slot->value;
        if (!entry->own && entry->seen != roster->readings)
            gone.items[gone.count++] = entry;
    }
    for (size_t i = 0; i < gone.count; i++)
        entry_remove(roster, gone.items[i]);
    free(gone.items);
}

void roster_replace(struct roster *roster, const struct value *sessions)
{
    roster->readings++;
    observe_all(roster, sessions);
    sweep(roster);
}

/* --- own sessions --- */

void roster_join(struct roster *roster, struct bytes session, const struct value *user,
                 const struct value *state)
{
    entry_add(roster, session, true, user, state);
}

void roster_update(struct roster *roster, struct bytes session, const struct value *state)
{
    struct roster_entry *entry = entry_find(roster, session);

    if (entry)
        entry_update(roster, entry, state);
}

void roster_leave(struct roster *roster, struct bytes session)
{
    struct roster_entry *entry = entry_find(roster, session);

    if (entry)
        entry_remove(roster, entry);
}

struct value roster_take_own(struct roster *roster, struct arena *arena)
{
    struct value_builder joined = { 0 }, map = { 0 };
    struct hashmap_entry *slot;

    roster_take_changes(roster, AUDIENCE_TXD, arena);
    for (size_t at = 0; (slot = hashmap_next(&roster->entries, &at));) {
        struct roster_entry *entry = slot->value;
        if (!entry->own)
            continue;
        entry->views[AUDIENCE_TXD].known = true;
        value_builder_add(&joined, arena, session_value(entry, true, arena));
    }
    add_list(&map, arena, "joined", &joined);
    return value_builder_end(&map, VALUE_MAP);
}

/* --- the end --- */

void roster_release(struct roster *roster)
{
    struct arena arena = { 0 };
    struct hashmap_entry *slot;

    roster_take_changes(roster, AUDIENCE_CLIENTS, &arena); /* frees those that have left */
    roster_take_changes(roster, AUDIENCE_TXD, &arena);
    arena_release(&arena);
    for (size_t at = 0; (slot = hashmap_next(&roster->entries, &at));)
        entry_free(slot->value);
    hashmap_release(&roster->entries);
    for (size_t i = 0; i < AUDIENCES; i++)
        free(roster->changed[i].items);
}
