/*
 * `bench-query DIR [MIB]`: txd's libraries without the processes around them, for
 * tests/bench/query/run. MIB is the memory for extents.
 * Each line of standard input is a command, a map in EDN; each is answered by one line of JSON.
 *
 *   {:op "import" :graph "g" :file F}     a #datascript/DB; {"us": .., "datoms": ..}
 *   {:op "create" :graph "g"}
 *   {:op "transact" :graph "g" :file F}   one tx_data a line; {"us": .., "transactions": ..}
 *   {:op "query" :graph "g" :query S :args [..] :as-of t :history true :result F}
 *   {:op "pull" :graph "g" :pattern S :eid [..] :result F}
 *   {:op "index" :graph "g" :index "aevt" :components [..] :limit n :result F}
 *
 * The last three are run until they are warm and then some times more, each from the text of the
 * question to the MessagePack of the answer: {"us": the median, "first_us": of the first, "rows":
 * .., "bytes": .., "rounds": ..}. The answer is also written to F as Transit.
 *
 * Times are processor time of the process, so that others on the machine do not count.
 */
#include "common/clock.h"
#include "proto/edn.h"
#include "proto/mp.h"
#include "proto/transit.h"
#include "txd/db/catalog.h"
#include "txd/db/import.h"
#include "txd/query/query.h"
#include "txd/tx/tx.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WARM_US      100000
#define WARM_ROUNDS  8
#define MEASURED_US  300000
#define ROUNDS_MAX   200
#define ROUNDS_MIN   5
#define CACHE_BYTES  ((size_t)128 << 20)
#define WRITE_BYTES  ((size_t)64 << 20)
#define FILE_CHUNK   65536
#define MEMORY_BYTES ((size_t)8 << 30)
#define LIMIT_US     600000000

struct driver {
    struct catalog *catalog;
    struct arena arena; /* of the command */
    struct arena round; /* of one run of a question */
    const struct value *command;
};

static int64_t processor_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static const struct value *field(const struct driver *driver, const char *name)
{
    static const struct value nil = { .type = VALUE_NIL };
    const struct value *value = value_get(driver->command, name);

    return value ? value : &nil;
}

static const char *text_field(struct driver *driver, const char *name)
{
    const struct value *value = field(driver, name);

    return value->type == VALUE_STRING
               ? arena_printf(&driver->arena, "%.*s", (int)value->text.len, value->text.data).data
               : "";
}

static bool open_graph(struct driver *driver, struct graph **out, struct error *err)
{
    return catalog_get(driver->catalog, field(driver, "graph")->text, out, err);
}

/* ---- writing ---- */

static bool op_import(struct driver *driver, struct error *err)
{
    static char chunk[FILE_CHUNK];
    struct import *import;
    uint64_t datoms;
    uint32_t t;
    int64_t begun_ns = processor_ns();
    FILE *file = fopen(text_field(driver, "file"), "r");
    size_t got;

    if (!file)
        return fail(err, ERROR_INCORRECT, "cannot open %s", text_field(driver, "file"));
    bool ok = import_open(driver->catalog, field(driver, "graph")->text, &import, err);
    while (ok && (got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        ok = import_feed(import, (struct bytes){ chunk, got }, err);
    fclose(file);
    ok = ok && import_finish(import, &datoms, &t, err);
    import_close(import);
    if (ok)
        printf("{\"us\": %" PRId64 ", \"datoms\": %" PRIu64 ", \"t\": %u}\n",
               (processor_ns() - begun_ns) / 1000, datoms, t);
    return ok;
}

static bool op_create(struct driver *driver, struct error *err)
{
    bool created;

    if (!catalog_create(driver->catalog, field(driver, "graph")->text, FLEXIBILITY_READ, &created,
                        err))
        return false;
    printf("{\"created\": %s}\n", created ? "true" : "false");
    return true;
}

static bool read_file(const char *path, struct buffer *out, struct error *err)
{
    static char chunk[FILE_CHUNK];
    FILE *file = fopen(path, "r");
    size_t got;

    if (!file)
        return fail(err, ERROR_INCORRECT, "cannot open %s", path);
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buffer_append(out, chunk, got);
    fclose(file);
    return true;
}

/* What is written is not synced; readers see it when all are. The clock is asked twice for all of
 * them: it takes as long as a tenth of a small transaction. */
static bool op_transact(struct driver *driver, struct error *err)
{
    struct buffer text = { 0 };
    struct graph *graph;
    uint32_t count = 0;

    if (!read_file(text_field(driver, "file"), &text, err) || !open_graph(driver, &graph, err))
        return false;
    bool ok = true;
    int64_t begun_ns = processor_ns();
    for (size_t at = 0, len; ok && at < text.len; at += len + 1) {
        const char *line = text.data + at, *end = memchr(line, '\n', text.len - at);
        struct tx_request request = { 0 };
        struct tx_result result;
        len = end ? (size_t)(end - line) : text.len - at;
        ok = edn_read((struct bytes){ line, len }, &driver->round, &request.tx_data, err) &&
             tx_transact(graph, &request, &driver->round, &result, err);
        arena_reset(&driver->round);
        count++;
    }
    int64_t spent_ns = processor_ns() - begun_ns;
    if (ok) {
        graph_publish(graph, graph_snapshot_take(graph));
        printf("{\"us\": %" PRId64 ", \"transactions\": %u}\n", spent_ns / 1000, count);
    }
    graph_release(graph);
    buffer_release(&text);
    return ok;
}

/* ---- questions ---- */

/* Writes the answer. */
typedef bool (*ask_fn)(struct driver *driver, const struct snapshot *snapshot, struct buffer *reply,
                       struct error *err);

static struct query_limits limits(void)
{
    return (struct query_limits){ .deadline_us = clock_monotonic_us() + LIMIT_US,
                                  .memory_bytes_max = MEMORY_BYTES,
                                  .rows_max = UINT32_MAX - 2 };
}

static struct query_basis basis(const struct driver *driver)
{
    const struct value *as_of = field(driver, "as-of"), *history = field(driver, "history");

    return (struct query_basis){ .has_as_of = as_of->type == VALUE_LONG,
                                 .as_of = as_of->type == VALUE_LONG ? (uint32_t)as_of->number : 0,
                                 .history = history->type == VALUE_BOOLEAN && history->boolean };
}

static bool ask_query(struct driver *driver, const struct snapshot *snapshot, struct buffer *reply,
                      struct error *err)
{
    struct query_request request = { .query = *field(driver, "query"),
                                     .args = *field(driver, "args"),
                                     .basis = basis(driver) };
    struct query_limits limit = limits();
    struct value result;

    if (!query_run(snapshot, &request, &limit, &driver->round, &result, err))
        return false;
    mp_write(reply, &result);
    return true;
}

static bool ask_pull(struct driver *driver, const struct snapshot *snapshot, struct buffer *reply,
                     struct error *err)
{
    const struct value *many = field(driver, "eids");
    struct pull_request request = { .pattern = *field(driver, "pattern"),
                                    .eid = many->type == VALUE_NIL ? *field(driver, "eid") : *many,
                                    .many = many->type != VALUE_NIL,
                                    .basis = basis(driver) };
    struct query_limits limit = limits();
    struct value result;

    if (!pull_run(snapshot, &request, &limit, &driver->round, &result, err))
        return false;
    mp_write(reply, &result);
    return true;
}

static bool ask_index(struct driver *driver, const struct snapshot *snapshot, struct buffer *reply,
                      struct error *err)
{
    struct index_request request = { .index = field(driver, "index")->text,
                                     .components = *field(driver, "components"),
                                     .limit = (uint32_t)field(driver, "limit")->number };
    struct query_limits limit = limits();
    struct bytes next;

    return index_run(snapshot, &request, &limit, &driver->round, reply, &next, err);
}

static int by_time(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static bool write_result(struct driver *driver, const struct value *result, struct error *err)
{
    const char *name = text_field(driver, "result");
    struct buffer text = { 0 };
    FILE *file;

    if (!*name)
        return true;
    transit_write(&text, result);
    file = fopen(name, "w");
    bool ok = file && fwrite(text.data, 1, text.len, file) == text.len;
    if (file)
        ok = fclose(file) == 0 && ok;
    buffer_release(&text);
    return ok || fail(err, ERROR_FAULT, "cannot write %s", name);
}

/* Runs the question until it is warm, then some times more. */
static bool measure(struct driver *driver, ask_fn ask, struct error *err)
{
    int64_t times[ROUNDS_MAX], warm_us = 0, measured_us = 0, first = 0;
    size_t rounds = 0, warm = 0;
    struct buffer reply = { 0 };
    struct snapshot *snapshot;
    struct graph *graph;
    struct value result;
    bool ok = true;

    if (!open_graph(driver, &graph, err))
        return false;
    snapshot = graph_snapshot(graph);
    while (ok && rounds < ROUNDS_MAX && (measured_us < MEASURED_US || rounds < ROUNDS_MIN)) {
        arena_reset(&driver->round);
        buffer_clear(&reply);
        int64_t begun_ns = processor_ns();
        ok = ask(driver, snapshot, &reply, err);
        int64_t spent = processor_ns() - begun_ns;
        bool is_warm = warm_us >= WARM_US || (warm >= WARM_ROUNDS && warm_us >= WARM_US / 3);
        if (warm == 0)
            first = spent;
        if (is_warm) {
            times[rounds++] = spent;
            measured_us += spent / 1000;
        } else {
            warm++;
            warm_us += spent / 1000;
        }
    }
    ok = ok && mp_read(buffer_bytes(&reply), &driver->round, &result, err) &&
         write_result(driver, &result, err);
    if (ok) {
        qsort(times, rounds, sizeof(*times), by_time);
        int64_t median = times[rounds / 2];
        printf("{\"us\": %.3f, \"first_us\": %.3f, \"rows\": %u, \"bytes\": %zu, \"rounds\": "
               "%zu}\n",
               (double)median / 1e3, (double)first / 1e3,
               value_is_collection(&result) ? result.count : 1, reply.len, rounds);
    }
    buffer_release(&reply);
    snapshot_release(snapshot);
    graph_release(graph);
    return ok;
}

static bool op_query(struct driver *driver, struct error *err)
{
    return measure(driver, ask_query, err);
}

static bool op_pull(struct driver *driver, struct error *err)
{
    return measure(driver, ask_pull, err);
}

static bool op_index(struct driver *driver, struct error *err)
{
    return measure(driver, ask_index, err);
}

static const struct {
    const char *name;
    bool (*fn)(struct driver *driver, struct error *err);
} ops[] = {
    { "create", op_create }, { "import", op_import }, { "index", op_index },
    { "pull", op_pull },     { "query", op_query },   { "transact", op_transact },
};

static bool run_line(struct driver *driver, struct bytes line, struct error *err)
{
    struct value command;

    arena_reset(&driver->arena);
    arena_reset(&driver->round);
    if (!edn_read(line, &driver->arena, &command, err))
        return false;
    driver->command = &command;
    const char *name = text_field(driver, "op");
    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        if (strcmp(ops[i].name, name) == 0)
            return ops[i].fn(driver, err);
    return fail(err, ERROR_INCORRECT, "there is no op \"%s\"", name);
}

int main(int argc, char **argv)
{
    struct catalog_options options = { CACHE_BYTES, WRITE_BYTES, 16 };
    struct driver driver = { 0 };
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    struct error err;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: bench-query DIR [MIB]\n");
        return 2;
    }
    if (argc == 3)
        extents_limit((size_t)strtoul(argv[2], NULL, 10) << 20);
    if (!catalog_open(argv[1], &options, &driver.catalog, &err)) {
        fprintf(stderr, "bench-query: %s\n", err.message);
        return 1;
    }
    bool ok = true;
    while (ok && (len = getline(&line, &cap, stdin)) > 0) {
        ok = run_line(&driver, (struct bytes){ line, (size_t)len }, &err);
        fflush(stdout);
    }
    if (!ok)
        fprintf(stderr, "bench-query: %s\n", err.message);
    free(line);
    arena_release(&driver.arena);
    arena_release(&driver.round);
    catalog_close(driver.catalog);
    return ok ? 0 : 1;
}
