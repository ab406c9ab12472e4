/* status, graphs, create and drop. */
#include "txd/commands.h"

#include "common/clock.h"
#include "common/log.h"
#include "proto/bus.h"
#include "proto/mp.h"
#include "txd/paging.h"
#include "txd/writer.h"

static const struct {
    const char *name;
    enum flexibility flexibility;
} flexibilities[] = { { "read", FLEXIBILITY_READ }, { "write", FLEXIBILITY_WRITE } };

static const char *flexibility_name(enum flexibility flexibility)
{
    for (size_t i = 0; i < ARRAY_LEN(flexibilities); i++)
        if (flexibilities[i].flexibility == flexibility)
            return flexibilities[i].name;
    return "";
}

static void entry(struct value_builder *map, struct arena *arena, const char *name,
                  struct value value)
{
    value_builder_entry(map, arena, name, value);
}

bool command_status(struct txd *txd, struct request *request, struct error *err)
{
    struct arena *arena = &request->arena;
    struct value_builder map = { 0 };

    (void)err;
    entry(&map, arena, "bus", value_long(BUS_VERSION));
    entry(&map, arena, "server", value_string(BYTES("stoa " STOA_VERSION)));
    entry(&map, arena, "incarnation", value_uuid(txd->incarnation));
    entry(&map, arena, "uptime_ms", value_long((clock_monotonic_us() - txd->started_us) / 1000));
    entry(&map, arena, "graphs", value_long((int64_t)catalog_open_count(txd->catalog)));
    entry(&map, arena, "queued", value_long((int64_t)writer_waiting(txd->writer)));
    struct value answer = value_builder_end(&map, VALUE_MAP);
    mp_write(&request->reply, &answer);
    return true;
}

static bool graph_row(struct txd *txd, struct bytes name, struct arena *arena, struct value *out,
                      struct error *err)
{
    struct value_builder row = { 0 };
    struct graph *graph;

    if (!catalog_get(txd->catalog, name, &graph, err))
        return false;
    struct snapshot *snapshot = graph_snapshot(graph);
    entry(&row, arena, "graph", value_string(name));
    entry(&row, arena, "flexibility",
          value_string(bytes_of(flexibility_name(graph_flexibility(graph)))));
    entry(&row, arena, "epoch", value_uuid(graph_epoch(graph)));
    entry(&row, arena, "t", value_long(snapshot->t));
    entry(&row, arena, "datoms", value_long((int64_t)snapshot->datoms));
    *out = value_builder_end(&row, VALUE_MAP);
    snapshot_release(snapshot);
    graph_release(graph);
    return true;
}

bool command_graphs(struct txd *txd, struct request *request, struct error *err)
{
    struct arena *arena = &request->arena;
    struct value_builder rows = { 0 }, map = { 0 };
    struct bytes *names;
    size_t count;

    if (!catalog_list(txd->catalog, arena, &names, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct value row;
        if (graph_row(txd, names[i], arena, &row, err))
            value_builder_add(&rows, arena, row);
        else if (err->kind != ERROR_NOT_FOUND) /* one that was dropped meanwhile is no error */
            return false;
    }
    entry(&map, arena, "graphs", value_builder_end(&rows, VALUE_VECTOR));
    struct value answer = value_builder_end(&map, VALUE_MAP);
    mp_write(&request->reply, &answer);
    return true;
}

static bool flexibility_read(const struct value *body, enum flexibility *out, struct error *err)
{
    struct bytes name;

    if (!bus_field_text(body, "flexibility", true, &name, err))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(flexibilities); i++) {
        if (bytes_equal(name, bytes_of(flexibilities[i].name))) {
            *out = flexibilities[i].flexibility;
            return true;
        }
    }
    return fail(err, ERROR_INCORRECT, "schema flexibility is \"%.*s\", and must be read or write",
                BYTES_ARG(name));
}

bool command_create(struct txd *txd, struct request *request, struct error *err)
{
    enum flexibility flexibility = FLEXIBILITY_READ;
    struct bytes name;
    bool created;

    if (!bus_field_text(&request->body, "graph", true, &name, err) ||
        !flexibility_read(&request->body, &flexibility, err) ||
        !catalog_create(txd->catalog, name, flexibility, &created, err))
        return false;
    mp_write_map(&request->reply, 1);
    mp_write_string(&request->reply, BYTES("created"));
    mp_write_boolean(&request->reply, created);
    return true;
}

bool command_drop(struct txd *txd, struct request *request, struct error *err)
{
    struct buffer message = { 0 };
    struct bytes name;

    if (!bus_field_text(&request->body, "graph", true, &name, err) ||
        !catalog_drop(txd->catalog, name, err))
        return false;
    paging_expire(txd->paging);
    log_info("graph %.*s is dropped", BYTES_ARG(name));
    mp_write_map(&message, 1);
    mp_write_string(&message, BYTES("type"));
    mp_write_string(&message, BYTES("dropped"));
    server_publish(txd->server, graph_topic(&request->arena, name), buffer_bytes(&message));
    buffer_release(&message);
    mp_write_map(&request->reply, 0);
    return true;
}
