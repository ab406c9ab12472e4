#include "tests/oracle/world.h"

#include "proto/edn.h"
#include "proto/mp.h"

/* Adds what the log has from t on. */
static void read_log(struct world *world, uint32_t t)
{
    struct graph *graph = world->graph.graph;
    struct arena arena = { 0 };
    struct log_record record;
    struct value message;
    struct error err;
    bool found;

    for (; t <= graph_head(graph)->t; t++, arena_reset(&arena)) {
        if (!log_read(graph_store(graph), NULL, t, &arena, &record, &found, &err) ||
            !mp_read(record.message, &arena, &message, &err))
            oracle_die("the log at t %u: %s", t, err.message);
        database_add(&world->database, t, value_get(&message, "datoms"));
    }
    arena_release(&arena);
}

void world_transact(struct world *world, const struct value *history)
{
    uint32_t t = graph_head(world->graph.graph)->t;
    struct arena arena = { 0 };

    for (uint32_t i = 0; i < history->count; i++, arena_reset(&arena)) {
        struct tx_result result;
        struct error err;
        if (oracle_graph_transact(&world->graph, &history->items[i], &arena, &result, &err))
            database_declare(&world->database, &history->items[i]);
    }
    read_log(world, t + 1);
    arena_release(&arena);
}

void world_open(struct world *world, const struct value *history)
{
    *world = (struct world){ 0 };
    oracle_graph_open(&world->graph);
    world_transact(world, history);
}

void world_import(struct world *world, const struct world *from)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    struct value schema = world_schema(from, &arena);
    struct value datoms = world_datoms(from, &(struct moment){ 0 }, &arena);
    struct facts facts = database_view(&from->database, &(struct moment){ 0 }, &arena);

    *world = (struct world){ 0 };
    buffer_printf(&text, "#datascript/DB {:schema ");
    edn_write(&text, &schema);
    buffer_printf(&text, " :datoms ");
    edn_write(&text, &datoms);
    buffer_printf(&text, "}");
    oracle_graph_import(&world->graph, buffer_bytes(&text));
    for (size_t i = 0; i < facts.count; i++) {
        struct fact fact = facts.items[i];
        fact.a = arena_copy(&world->database.arena, fact.a);
        fact.v = value_copy(&world->database.arena, &fact.v);
        facts_add(&world->database.log, &world->database.arena, &fact);
    }
    buffer_release(&text);
    arena_release(&arena);
}

void world_close(struct world *world)
{
    oracle_graph_close(&world->graph);
    database_release(&world->database);
}

struct value world_schema(const struct world *world, struct arena *arena)
{
    struct snapshot *snapshot = graph_snapshot(world->graph.graph);
    struct value schema = schema_for_clients(snapshot->schema, arena);

    schema = value_copy(arena, &schema);
    snapshot_release(snapshot);
    return schema;
}

struct value world_datoms(const struct world *world, const struct moment *moment,
                          struct arena *arena)
{
    struct facts facts = database_view(&world->database, moment, arena);
    struct value *datoms = ARENA_ARRAY(arena, struct value, facts.count + 1);

    for (size_t i = 0; i < facts.count; i++) {
        struct value *items = ARENA_ARRAY(arena, struct value, 4);
        items[0] = value_long(facts.items[i].e);
        items[1] = value_keyword(facts.items[i].a);
        items[2] = facts.items[i].v;
        items[3] = value_long(ORACLE_TX_BASE + facts.items[i].t);
        datoms[i] = value_collection(VALUE_VECTOR, items, 4);
    }
    return value_collection(VALUE_VECTOR, datoms, (uint32_t)facts.count);
}
