#include "gateway/presence.h"

#include "common/clock.h"
#include "gateway/roster.h"
#include "proto/bus.h"
#include "proto/mp.h"

#include <stdlib.h>

#define INTERVAL_US   (PRESENCE_INTERVAL_MS * INT64_C(1000))
#define TIMEOUT_MS    5000
#define READ_AGAIN_US 1000000

/* A feed message that was dropped shows only when the next one comes; so ask now and then. */
#define REFRESH_US 15000000

struct presence_graph {
    struct presence *presence;
    struct presence_graph *next;
    const char *name;
    const struct presence_operations *operations;
    void *arg;
    struct roster roster;
    bool newcomers;  /* wait for the full set */
    int64_t told_us; /* when the clients were last told */
    bool loaded;     /* the first presence-read was answered, or failed */
    bool closed;     /* freed when the reading that is under way has ended */
    bool reading;
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

/* --- what to tell --- */

static void tell_clients(struct presence_graph *graph)
{
    struct arena arena = { 0 };

    if (!roster_changed(&graph->roster, AUDIENCE_CLIENTS) && !graph->newcomers)
        return;
    graph->told_us = clock_monotonic_us();
    graph->newcomers = false;
    struct value changes = roster_take_changes(&graph->roster, AUDIENCE_CLIENTS, &arena);
    graph->operations->tell(graph->arg, changes.count ? &changes : NULL);
    arena_release(&arena);
}

/* --- own sessions --- */

static void tick_soon(struct presence_graph *graph)
{
    graph->presence->soon(graph->presence->arg);
}

void presence_join(struct presence_graph *graph, const char *session, const struct value *user,
                   const struct value *state)
{
    graph->newcomers = true;
    roster_join(&graph->roster, bytes_of(session), user, state);
    tick_soon(graph);
}

void presence_update(struct presence_graph *graph, const char *session, const struct value *state)
{
    roster_update(&graph->roster, bytes_of(session), state);
    tick_soon(graph);
}

void presence_leave(struct presence_graph *graph, const char *session)
{
    roster_leave(&graph->roster, bytes_of(session));
    tick_soon(graph);
}

struct value presence_full(const struct presence_graph *graph, struct arena *arena)
{
    return roster_full(&graph->roster, arena);
}

/* --- sessions elsewhere --- */

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
    roster_replace(&graph->roster, value_get(answer, "sessions"));
    if (graph->seq_seen > graph->seq)
        graph->read_us = now; /* changes came while the answer was on its way */
    tick_soon(graph);
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
        tick_soon(graph);
        return;
    }
    graph->seq = seq;
    roster_observe(&graph->roster, message);
    tick_soon(graph);
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

static void announce(struct presence *presence, bool full)
{
    struct arena arena = { 0 };
    struct value_builder map = { 0 }, graphs = { 0 };
    struct buffer text = { 0 };
    struct error error;

    for (struct presence_graph *graph = presence->graphs; graph; graph = graph->next) {
        if (graph->closed)
            continue;
        struct value changes = full ? roster_take_own(&graph->roster, &arena)
                                    : roster_take_changes(&graph->roster, AUDIENCE_TXD, &arena);
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
        if (!graph->closed && roster_changed(&graph->roster, AUDIENCE_TXD))
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
    struct presence_graph **at = &graph->presence->graphs;

    while (*at != graph)
        at = &(*at)->next;
    *at = graph->next;
    roster_release(&graph->roster);
    free(graph);
}

void presence_graph_close(struct presence_graph *graph)
{
    if (!graph)
        return;
    if (roster_changed(&graph->roster, AUDIENCE_TXD))
        graph->presence->announce_full = true; /* whoever is not in it is gone */
    graph->closed = true;
    if (!graph->reading)
        graph_free(graph);
}

void presence_close(struct presence *presence)
{
    if (!presence)
        return;
    for (struct presence_graph *next, *at = presence->graphs; at; at = next) {
        next = at->next;
        graph_free(at);
    }
    free(presence);
}
