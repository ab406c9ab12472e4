#include "gateway/presence.h"

#include "common/clock.h"
#include "common/hashmap.h"
#include "gateway/encode.h"
#include "proto/bus.h"
#include "proto/mp.h"

#include <assert.h>
#include <stdlib.h>

#define INTERVAL_US   (PRESENCE_INTERVAL_MS * INT64_C(1000))
#define TIMEOUT_MS    5000
#define READ_AGAIN_US 1000000

/* A feed message that was dropped shows only when the next one comes; so ask now and then. */
#define REFRESH_US 15000000

enum audience { AUDIENCE_CLIENTS, AUDIENCE_TXD };

#define AUDIENCES (AUDIENCE_TXD + 1)

/* What an audience knows of an entry. */
struct view {
    bool known;  /* that it is there */
    bool stale;  /* but not its state */
    bool listed; /* in the audience's list */
};

struct entry {
    char session[UUID_TEXT_BYTES];
    bool present; /* else it is only kept until the audiences have been told */
    bool own;
    uint64_t seen;             /* the reading of presence-read that had it last */
    struct blob *user, *state; /* MessagePack */
    struct view views[AUDIENCES];
};

struct entries {
    struct entry **items;
    size_t count, cap;
};

struct presence_graph {
    struct presence *presence;
    struct presence_graph *next;
    const char *name;
    const struct presence_operations *operations;
    void *arg;
    struct hashmap entries;
    struct entries changed[AUDIENCES];
    bool newcomers;  /* wait for the full set */
    int64_t told_us; /* when the clients were last told */
    bool loaded;     /* the first presence-read was answered, or failed */
    bool closed;     /* freed when the reading that is under way has ended */
    bool reading;
    uint64_t readings;
    int64_t read_us;   /* when to read (again) */
    int64_t settle_us; /* until then the others may not have announced themselves */
    struct uuid incarnation;
    int64_t seq, seq_seen;
};

struct presence {
    struct bus *bus;
    struct uuid gateway, incarnation;
    void (*soon)(void *arg);
    void *arg;
    struct presence_graph *graphs;
    bool announcing, announce_full;
    int64_t announced_us;
};

/* --- entries --- */

static struct entry *entry_find(const struct presence_graph *graph, struct bytes session)
{
    return hashmap_get(&graph->entries, session);
}

static void entry_free(struct entry *entry)
{
    blob_release(entry->user);
    blob_release(entry->state);
    free(entry);
}

static void list(struct presence_graph *graph, struct entry *entry, enum audience audience)
{
    struct entries *changed = &graph->changed[audience];

    if (entry->views[audience].listed)
        return;
    entry->views[audience].listed = true;
    if (changed->count == changed->cap) {
        changed->cap = changed->cap ? changed->cap * 2 : 16;
        changed->items = xrealloc(changed->items, changed->cap * sizeof(struct entry *));
    }
    changed->items[changed->count++] = entry;
}

/* Both audiences must hear of it, txd only of our own. */
static void note(struct presence_graph *graph, struct entry *entry)
{
    list(graph, entry, AUDIENCE_CLIENTS);
    if (entry->own)
        list(graph, entry, AUDIENCE_TXD);
    graph->presence->soon(graph->presence->arg);
}

static struct entry *entry_add(struct presence_graph *graph, struct bytes session, bool own,
                               const struct value *user, const struct value *state)
{
    struct entry *entry = xcalloc(1, sizeof(*entry));

    assert(session.len < sizeof(entry->session));
    memcpy(entry->session, session.data, session.len);
    entry->present = true;
    entry->own = own;
    entry->user = encode_blob(ENCODING_MSGPACK, user);
    entry->state = encode_blob(ENCODING_MSGPACK, state);
    hashmap_put(&graph->entries, session, entry);
    note(graph, entry);
    return entry;
}

static void entry_update(struct presence_graph *graph, struct entry *entry,
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
    note(graph, entry);
}

static void entry_remove(struct presence_graph *graph, struct entry *entry)
{
    hashmap_remove(&graph->entries, bytes_of(entry->session));
    entry->present = false;
    note(graph, entry);
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

static struct value session_value(const struct entry *entry, bool user, struct arena *arena)
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

/* Brings the audience up to date: {joined, updated, left}, without those that are empty. */
static struct value take_changes(struct presence_graph *graph, enum audience audience,
                                 struct arena *arena)
{
    struct entries *changed = &graph->changed[audience];
    struct value_builder joined = { 0 }, updated = { 0 }, left = { 0 }, map = { 0 };

    for (size_t i = 0; i < changed->count; i++) {
        struct entry *entry = changed->items[i];
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

struct value presence_full(const struct presence_graph *graph, struct arena *arena)
{
    struct value_builder sessions = { 0 };
    struct hashmap_entry *slot;

    for (size_t at = 0; (slot = hashmap_next(&graph->entries, &at));)
        value_builder_add(&sessions, arena, session_value(slot->value, true, arena));
    return value_builder_end(&sessions, VALUE_VECTOR);
}

static void tell_clients(struct presence_graph *graph)
{
    struct arena arena = { 0 };

    if (graph->changed[AUDIENCE_CLIENTS].count == 0 && !graph->newcomers)
        return;
    graph->told_us = clock_monotonic_us();
    graph->newcomers = false;
    struct value changes = take_changes(graph, AUDIENCE_CLIENTS, &arena);
    graph->operations->tell(graph->arg, changes.count ? &changes : NULL);
    arena_release(&arena);
}

/* --- own sessions --- */

void presence_join(struct presence_graph *graph, const char *session, const struct value *user,
                   const struct value *state)
{
    graph->newcomers = true;
    entry_add(graph, bytes_of(session), true, user, state);
}

void presence_update(struct presence_graph *graph, const char *session, const struct value *state)
{
    struct entry *entry = entry_find(graph, bytes_of(session));

    if (entry)
        entry_update(graph, entry, state);
}

void presence_leave(struct presence_graph *graph, const char *session)
{
    struct entry *entry = entry_find(graph, bytes_of(session));

    if (entry)
        entry_remove(graph, entry);
}

/* --- sessions elsewhere --- */

/* One session of the feed or of presence-read: there, with this state. */
static void observe(struct presence_graph *graph, const struct value *session)
{
    struct bytes id = bus_text(session, "session");
    const struct value *user = value_get(session, "user"), *state = value_get(session, "state");
    struct value none = value_collection(VALUE_MAP, NULL, 0);

    if (id.len == 0 || id.len >= UUID_TEXT_BYTES)
        return;
    struct entry *entry = entry_find(graph, id);
    if (!entry && user)
        entry = entry_add(graph, id, false, user, state ? state : &none);
    else if (entry && !entry->own && state)
        entry_update(graph, entry, state);
    if (entry)
        entry->seen = graph->readings;
}

static void observe_all(struct presence_graph *graph, const struct value *sessions)
{
    for (uint32_t i = 0; sessions && value_is_sequence(sessions) && i < sessions->count; i++)
        observe(graph, &sessions->items[i]);
}

static void observe_left(struct presence_graph *graph, const struct value *ids)
{
    for (uint32_t i = 0; ids && value_is_sequence(ids) && i < ids->count; i++) {
        struct entry *entry =
            ids->items[i].type == VALUE_STRING ? entry_find(graph, ids->items[i].text) : NULL;
        if (entry && !entry->own)
            entry_remove(graph, entry);
    }
}

/* Whoever the last reading did not have is gone. */
static void sweep(struct presence_graph *graph)
{
    struct entries gone = { 0 };
    struct hashmap_entry *slot;

    gone.items = xcalloc(graph->entries.count + 1, sizeof(struct entry *));
    for (size_t at = 0; (slot = hashmap_next(&graph->entries, &at));) {
        struct entry *entry = slot->value;
        if (!entry->own && entry->seen != graph->readings)
            gone.items[gone.count++] = entry;
    }
    for (size_t i = 0; i < gone.count; i++)
        entry_remove(graph, gone.items[i]);
    free(gone.items);
}

static void graph_free(struct presence_graph *graph);

static void on_read(void *arg, const struct value *answer, const struct error *error)
{
    struct presence_graph *graph = arg;
    int64_t now = clock_monotonic_us();

    graph->reading = false;
    if (graph->closed) {
        graph_free(graph);
        return;
    }
    graph->loaded = true;
    graph->read_us = now + (error ? READ_AGAIN_US : REFRESH_US);
    if (error)
        return;
    const struct value *incarnation = value_get(answer, "incarnation");
    if (incarnation && incarnation->type == VALUE_UUID)
        graph->incarnation = incarnation->uuid;
    graph->seq = bus_number(answer, "seq");
    graph->readings++;
    observe_all(graph, value_get(answer, "sessions"));
    sweep(graph);
    if (graph->seq_seen > graph->seq)
        graph->read_us = now; /* changes came while the answer was on its way */
    graph->presence->soon(graph->presence->arg);
}

static void read_graph(struct presence_graph *graph)
{
    struct buffer text = { 0 };
    struct error error;

    mp_write_map(&text, 2);
    mp_write_string(&text, BYTES("type"));
    mp_write_string(&text, BYTES("presence-read"));
    mp_write_string(&text, BYTES("graph"));
    mp_write_string(&text, bytes_of(graph->name));
    struct bus_call call = { .request = buffer_bytes(&text),
                             .class = BUS_QUICK,
                             .repeatable = true,
                             .timeout_ms = TIMEOUT_MS,
                             .fn = on_read,
                             .arg = graph };
    graph->reading = true;
    graph->seq_seen = 0;
    if (!bus_request(graph->presence->bus, &call, &error))
        on_read(graph, NULL, &error);
    buffer_release(&text);
}

/* txd's memory is new: it fills as the gateways announce themselves. */
static void begin_to_settle(struct presence_graph *graph, const struct uuid *incarnation)
{
    graph->incarnation = *incarnation;
    graph->seq = 0;
    graph->settle_us = clock_monotonic_us() + BUS_PRESENCE_SETTLE_MS * INT64_C(1000);
    graph->read_us = graph->settle_us;
}

void presence_feed(struct presence_graph *graph, const struct value *message)
{
    const struct value *incarnation = value_get(message, "incarnation");
    int64_t seq = bus_number(message, "seq"), now = clock_monotonic_us();

    if (!incarnation || incarnation->type != VALUE_UUID)
        return;
    if (graph->seq_seen < seq)
        graph->seq_seen = seq;
    if (!graph->loaded || graph->reading)
        return;
    if (!uuid_equal(&incarnation->uuid, &graph->incarnation))
        begin_to_settle(graph, &incarnation->uuid);
    else if (seq <= graph->seq)
        return;
    if (seq != graph->seq + 1 && now >= graph->settle_us) {
        graph->read_us = now;
        graph->presence->soon(graph->presence->arg);
        return;
    }
    graph->seq = seq;
    observe_all(graph, value_get(message, "joined"));
    observe_all(graph, value_get(message, "updated"));
    observe_left(graph, value_get(message, "left"));
}

void presence_alive(struct presence *presence, const struct uuid *incarnation)
{
    struct uuid none = { 0 };

    if (uuid_equal(&presence->incarnation, incarnation))
        return;
    bool first = uuid_equal(&presence->incarnation, &none);
    presence->incarnation = *incarnation;
    presence->announce_full = true;
    if (first)
        return;
    for (struct presence_graph *graph = presence->graphs; graph; graph = graph->next)
        if (graph->loaded && !uuid_equal(&graph->incarnation, incarnation))
            begin_to_settle(graph, incarnation);
}

/* --- telling txd --- */

void presence_announce_all(struct presence *presence)
{
    presence->announce_full = true;
}

static void on_announced(void *arg, const struct value *answer, const struct error *error)
{
    struct presence *presence = arg;

    presence->announcing = false;
    if (error) {
        presence->announce_full = true;
        return;
    }
    const struct value *incarnation = value_get(answer, "incarnation");
    if (incarnation && incarnation->type == VALUE_UUID)
        presence_alive(presence, &incarnation->uuid);
}

/* All own sessions of the graph, as {joined}; txd then knows everything. */
static struct value take_all(struct presence_graph *graph, struct arena *arena)
{
    struct value_builder joined = { 0 }, map = { 0 };
    struct hashmap_entry *slot;

    take_changes(graph, AUDIENCE_TXD, arena);
    for (size_t at = 0; (slot = hashmap_next(&graph->entries, &at));) {
        struct entry *entry = slot->value;
        if (!entry->own)
            continue;
        entry->views[AUDIENCE_TXD].known = true;
        value_builder_add(&joined, arena, session_value(entry, true, arena));
    }
    add_list(&map, arena, "joined", &joined);
    return value_builder_end(&map, VALUE_MAP);
}

static void announce(struct presence *presence, bool full)
{
    struct arena arena = { 0 };
    struct value_builder map = { 0 }, graphs = { 0 };
    struct buffer text = { 0 };
    struct error error;

    for (struct presence_graph *graph = presence->graphs; graph; graph = graph->next) {
        if (graph->closed)
            continue;
        struct value changes =
            full ? take_all(graph, &arena) : take_changes(graph, AUDIENCE_TXD, &arena);
        if (changes.count)
            value_builder_entry(&graphs, &arena, graph->name, changes);
    }
    value_builder_entry(&map, &arena, "type", value_string(BYTES("presence")));
    value_builder_entry(&map, &arena, "gateway", value_uuid(presence->gateway));
    value_builder_entry(&map, &arena, "full", value_boolean(full));
    value_builder_entry(&map, &arena, "graphs", value_builder_end(&graphs, VALUE_MAP));
    struct value request = value_builder_end(&map, VALUE_MAP);
    mp_write(&text, &request);
    presence->announcing = true;
    presence->announce_full = false;
    presence->announced_us = clock_monotonic_us();
    struct bus_call call = { .request = buffer_bytes(&text),
                             .class = BUS_QUICK,
                             .timeout_ms = TIMEOUT_MS,
                             .fn = on_announced,
                             .arg = presence };
    if (!bus_request(presence->bus, &call, &error))
        on_announced(presence, NULL, &error);
    buffer_release(&text);
    arena_release(&arena);
}

/* Whether txd knows less of some graph than is known here. */
static bool has_changes(const struct presence *presence)
{
    for (const struct presence_graph *graph = presence->graphs; graph; graph = graph->next)
        if (!graph->closed && graph->changed[AUDIENCE_TXD].count > 0)
            return true;
    return false;
}

bool presence_is_told(const struct presence *presence)
{
    struct error ignored;

    return !bus_up(presence->bus, &ignored) ||
           (!presence->announcing && !presence->announce_full && !has_changes(presence));
}

static void announce_due(struct presence *presence, int64_t now)
{
    struct error error;

    if (presence->announcing || now < presence->announced_us + INTERVAL_US ||
        !bus_up(presence->bus, &error))
        return;
    bool changed = has_changes(presence);
    bool silent = now >= presence->announced_us + BUS_ANNOUNCE_MS * INT64_C(1000);
    bool full = presence->announce_full || (silent && !changed);
    if (full || changed)
        announce(presence, full);
}

void presence_tick(struct presence *presence)
{
    int64_t now = clock_monotonic_us();
    struct error error;

    for (struct presence_graph *graph = presence->graphs; graph; graph = graph->next) {
        if (graph->closed)
            continue;
        if (graph->loaded && now >= graph->told_us + INTERVAL_US)
            tell_clients(graph);
        if (!graph->reading && now >= graph->read_us && now >= graph->settle_us &&
            (bus_up(presence->bus, &error) || !graph->loaded))
            read_graph(graph);
    }
    announce_due(presence, now);
}

/* --- life --- */

struct presence *presence_open(struct bus *bus, struct uuid gateway, void (*soon)(void *arg),
                               void *arg)
{
    struct presence *presence = xcalloc(1, sizeof(*presence));

    *presence = (struct presence){
        .bus = bus, .gateway = gateway, .soon = soon, .arg = arg, .announce_full = true
    };
    return presence;
}

struct presence_graph *presence_graph_open(struct presence *presence, const char *name,
                                           const struct presence_operations *operations, void *arg)
{
    struct presence_graph *graph = xcalloc(1, sizeof(*graph));

    *graph = (struct presence_graph){ .presence = presence,
                                      .next = presence->graphs,
                                      .name = name,
                                      .operations = operations,
                                      .arg = arg };
    presence->graphs = graph;
    presence->soon(presence->arg);
    return graph;
}

static void graph_free(struct presence_graph *graph)
{
    struct arena arena = { 0 };
    struct presence_graph **at = &graph->presence->graphs;
    struct hashmap_entry *slot;

    take_changes(graph, AUDIENCE_CLIENTS, &arena);
    take_changes(graph, AUDIENCE_TXD, &arena);
    arena_release(&arena);
    while (*at != graph)
        at = &(*at)->next;
    *at = graph->next;
    for (size_t i = 0; (slot = hashmap_next(&graph->entries, &i));)
        entry_free(slot->value);
    hashmap_release(&graph->entries);
    for (size_t i = 0; i < AUDIENCES; i++)
        free(graph->changed[i].items);
    free(graph);
}

void presence_graph_close(struct presence_graph *graph)
{
    if (!graph)
        return;
    if (graph->changed[AUDIENCE_TXD].count > 0)
        graph->presence->announce_full = true; /* whoever is not in it is gone */
    graph->closed = true;
    if (!graph->reading)
        graph_free(graph);
}

void presence_close(struct presence *presence)
{
    if (!presence)
        return;
    while (presence->graphs)
        graph_free(presence->graphs);
    free(presence);
}
