#include "txd/commands.h"

#include "proto/bus.h"
#include "proto/mp.h"
#include "txd/presence.h"
#include "txd/readers.h"
#include "txd/writer.h"

/* Sorted by type. What has no handler here is routed by command_route() itself. */
static const struct command {
    const char *type;
    command_fn run;
} commands[] = {
    { "cancel", NULL },
    { "create", command_create },
    { "drop", command_drop },
    { "graphs", command_graphs },
    { "import-abort", command_import_abort },
    { "import-feed", command_import_feed },
    { "import-finish", command_import_finish },
    { "import-open", command_import_open },
    { "index", command_index },
    { "log", command_log },
    { "presence", NULL },
    { "presence-read", NULL },
    { "pull", command_pull },
    { "query", command_query },
    { "snapshot", command_snapshot },
    { "status", command_status },
    { "sync", command_sync },
    { "transact", NULL },
};

static const struct command *find(const struct request *request, struct error *err)
{
    struct bytes type;

    if (!bus_field_text(&request->body, "type", true, &type, err))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (bytes_equal(type, bytes_of(commands[i].type)))
            return &commands[i];
    fail(err, ERROR_UNSUPPORTED, "unknown request type \"%.*s\"", BYTES_ARG(type));
    return NULL;
}

/* On a reader thread, since opening the graph may take a while. */
static void transact(struct txd *txd, struct request *request)
{
    struct graph *graph;
    struct bytes name;
    struct error err;

    if (!bus_field_text(&request->body, "graph", true, &name, &err) ||
        !catalog_get(txd->catalog, name, &graph, &err))
        server_reply_error(request, &err);
    else
        writer_submit(txd->writer, graph, request);
}

/* The usual case does not wait behind reads. */
static void transact_now(struct txd *txd, struct request *request)
{
    struct graph *graph = catalog_get_open(txd->catalog, bus_text(&request->body, "graph"));

    if (graph)
        writer_submit(txd->writer, graph, request);
    else
        readers_submit(txd->readers, request);
}

/* Answered at once, ahead of the reads that wait. */
static void cancel(struct txd *txd, struct request *request)
{
    struct bytes reader;
    struct error err;

    if (!bus_field_text(&request->body, "reader", true, &reader, &err)) {
        server_reply_error(request, &err);
        return;
    }
    readers_cancel(txd->readers, reader);
    mp_write_map(&request->reply, 0);
    server_reply(request);
}

static bool is_transact(const struct command *command)
{
    return !strcmp(command->type, "transact");
}

void command_route(struct request *request, void *arg)
{
    struct txd *txd = arg;
    struct error err;
    const struct command *command = find(request, &err);

    if (!command)
        server_reply_error(request, &err);
    else if (command->run)
        readers_submit(txd->readers, request);
    else if (is_transact(command))
        transact_now(txd, request);
    else if (!strcmp(command->type, "cancel"))
        cancel(txd, request);
    else if (!strcmp(command->type, "presence"))
        presence_announce(txd->presence, request);
    else
        presence_read(txd->presence, request);
}

void command_run(struct request *request, void *arg)
{
    struct error err;
    const struct command *command = find(request, &err);

    if (is_transact(command))
        transact(arg, request);
    else if (command->run(arg, request, &err))
        server_reply(request);
    else
        server_reply_error(request, &err);
}

bool command_snapshot_named(struct txd *txd, struct bytes name, struct snapshot **out,
                            struct error *err)
{
    struct graph *graph;

    if (!catalog_get(txd->catalog, name, &graph, err))
        return false;
    bool usable = graph_check(graph, err);
    if (usable)
        *out = graph_snapshot(graph);
    graph_release(graph);
    return usable;
}

bool command_snapshot_of(struct txd *txd, const struct request *request, struct snapshot **out,
                         struct error *err)
{
    struct bytes name;

    return bus_field_text(&request->body, "graph", true, &name, err) &&
           command_snapshot_named(txd, name, out, err);
}
