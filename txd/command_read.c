/* query, pull and index: the reads of txd/query, on the bus. */
#include "txd/commands.h"

#include "common/clock.h"
#include "common/limits.h"
#include "proto/bus.h"
#include "proto/mp.h"
#include "txd/query/query.h"
#include "txd/tx/tx.h"

static struct value field_of(const struct request *request, const char *name)
{
    const struct value *value = value_get(&request->body, name);

    return value ? *value : value_nil();
}

static bool basis_of(const struct value *body, struct query_basis *out, struct error *err)
{
    int64_t as_of = -1, since = -1;

    *out = (struct query_basis){ 0 };
    if (!bus_field_number(body, "as_of", false, 0, INT64_MAX, &as_of, err) ||
        !bus_field_number(body, "since", false, 0, INT64_MAX, &since, err) ||
        !bus_field_flag(body, "history", &out->history, err))
        return false;
    out->has_as_of = as_of >= 0;
    out->has_since = since >= 0;
    out->as_of = as_of;
    out->since = since;
    return true;
}

/* What every read has: the graph it is of, and what it may use. */
struct read {
    struct txd *txd;
    struct snapshot *snapshot;
    struct query_basis basis;
    struct query_limits limits;
    struct query_graphs graphs;
};

static bool limits_of(const struct request *request, struct query_limits *out, struct error *err)
{
    int64_t timeout_ms = LIMIT_QUERY_MS, now_us = clock_monotonic_us();
    bool given = value_get(&request->body, "timeout_ms") != NULL;

    if (!bus_field_number(&request->body, "timeout_ms", false, 1, LIMIT_QUERY_MS_MAX, &timeout_ms,
                          err))
        return false;
    *out = (struct query_limits){
        .deadline_us = now_us + timeout_ms * 1000,
        .deadline_max_us = given ? 0 : now_us + (int64_t)LIMIT_QUERY_MS_MAX * 1000,
        .memory_bytes_max = LIMIT_QUERY_BYTES,
        .rows_max = LIMIT_QUERY_ROWS,
        .cancel = request->cancel,
    };
    return true;
}

/* The snapshot with a transaction that is not committed, when there is one; takes `now` over. */
static bool add_transaction(struct snapshot *now, const struct value *tx_data, struct arena *arena,
                            struct snapshot **out, struct error *err)
{
    bool ok = true;

    *out = now;
    if (tx_data->type != VALUE_NIL) {
        ok = tx_with(now, tx_data, arena, out, err) || fail_in(err, "with");
        snapshot_release(now);
    }
    return ok;
}

/* The `open` of query_graphs. */
static bool open_graph(void *arg, struct bytes name, const struct value *tx_data,
                       struct arena *arena, struct snapshot **out, struct error *err)
{
    struct read *read = arg;
    struct snapshot *now;

    if (name.len == 0)
        now = snapshot_retain(read->snapshot);
    else if (!command_snapshot_named(read->txd, name, &now, err))
        return false;
    return add_transaction(now, tx_data, arena, out, err);
}

static bool read_open(struct txd *txd, struct request *request, struct read *out, struct error *err)
{
    struct value tx_data = field_of(request, "with");
    struct snapshot *now;

    *out = (struct read){ .txd = txd, .graphs = { open_graph, out } };
    return basis_of(&request->body, &out->basis, err) && limits_of(request, &out->limits, err) &&
           command_snapshot_of(txd, request, &now, err) &&
           add_transaction(now, &tx_data, &request->arena, &out->snapshot, err);
}

/* {"t": .., "result": .., "after": ..}, the last when there is more: what goes before the result,
 * and what comes behind it. */
static void begin_result(struct buffer *reply, uint32_t t, bool more)
{
    mp_write_map(reply, more ? 3 : 2);
    mp_write_string(reply, BYTES("t"));
    mp_write_long(reply, t);
    mp_write_string(reply, BYTES("result"));
}

static bool fail_size(struct error *err)
{
    return fail(err, ERROR_INTERRUPTED,
                "the result has more than the %d bytes that are sent; ask for less with :limit",
                LIMIT_BUS_BYTES);
}

static bool end_result(struct buffer *reply, struct bytes after, struct error *err)
{
    if (after.len) {
        mp_write_string(reply, BYTES("after"));
        mp_write_string(reply, after);
    }
    if (reply->len <= LIMIT_BUS_BYTES)
        return true;
    buffer_release(reply);
    return fail_size(err);
}

/* Takes from *left what a value takes at least when it is written; false when there is less. What
 * is in it several times took memory once, and is written as often: so this comes before. */
static bool has_room(const struct value *value, size_t *left)
{
    size_t items = value_is_collection(value) ? value->count : 0;
    bool text = value->type == VALUE_STRING || value->type == VALUE_KEYWORD ||
                value->type == VALUE_SYMBOL || value->type == VALUE_BYTES;
    size_t bytes = 1 + (text ? value->text.len : 0);

    if (bytes > *left)
        return false;
    *left -= bytes;
    if (value->type == VALUE_MAP)
        items *= 2;
    for (size_t i = 0; i < items; i++)
        if (!has_room(&value->items[i], left))
            return false;
    return true;
}

/* Around a result there are a message and a frame of them. */
#define RESULT_DEPTH_MAX (LIMIT_DEPTH - 2)

static bool write_result(struct buffer *reply, uint32_t t, const struct value *result,
                         struct error *err)
{
    size_t left = LIMIT_BUS_BYTES;

    if (!has_room(result, &left))
        return fail_size(err);
    if (value_depth(result) > RESULT_DEPTH_MAX)
        return fail(err, ERROR_INCORRECT,
                    "the result is nested deeper than %d, which nobody could read",
                    RESULT_DEPTH_MAX);
    begin_result(reply, t, false);
    mp_write(reply, result);
    return end_result(reply, (struct bytes){ 0 }, err);
}

bool command_query(struct txd *txd, struct request *request, struct error *err)
{
    int64_t limit = 0, offset = 0;
    bool explain = false;
    struct read read;
    struct value result;

    if (!bus_field_number(&request->body, "limit", false, 1, INT64_MAX, &limit, err) ||
        !bus_field_number(&request->body, "offset", false, 0, INT64_MAX, &offset, err) ||
        !bus_field_flag(&request->body, "explain", &explain, err) ||
        !read_open(txd, request, &read, err))
        return false;
    struct query_request query = { .query = field_of(request, "query"),
                                   .args = field_of(request, "args"),
                                   .basis = read.basis,
                                   .limit = (uint64_t)limit,
                                   .offset = (uint64_t)offset,
                                   .explain = explain,
                                   .graphs = &read.graphs };
    bool ok = query_run(read.snapshot, &query, &read.limits, &request->arena, &result, err) &&
              write_result(&request->reply, read.snapshot->t, &result, err);
    snapshot_release(read.snapshot);
    return ok;
}

bool command_pull(struct txd *txd, struct request *request, struct error *err)
{
    struct pull_request pull = { .pattern = field_of(request, "pattern"),
                                 .eid = field_of(request, "eid") };
    struct read read;
    struct value result;

    if (!bus_field_flag(&request->body, "many", &pull.many, err) ||
        !read_open(txd, request, &read, err))
        return false;
    pull.basis = read.basis;
    bool ok = pull_run(read.snapshot, &pull, &read.limits, &request->arena, &result, err) &&
              write_result(&request->reply, read.snapshot->t, &result, err);
    snapshot_release(read.snapshot);
    return ok;
}

static bool walk_of(const struct request *request, enum index_walk *out, struct error *err)
{
    static const char *const names[] = { [INDEX_WALK_DATOMS] = "datoms",
                                         [INDEX_WALK_SEEK] = "seek",
                                         [INDEX_WALK_REVERSE] = "reverse",
                                         [INDEX_WALK_RANGE] = "range" };
    struct value given = field_of(request, "walk");

    *out = INDEX_WALK_DATOMS;
    if (given.type == VALUE_NIL)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (value_is_keyword(&given, names[i]) ||
            (given.type == VALUE_STRING && bytes_equal(given.text, bytes_of(names[i])))) {
            *out = (enum index_walk)i;
            return true;
        }
    }
    return fail(err, ERROR_INCORRECT,
                "\"walk\" must be \"datoms\", \"seek\", \"reverse\" or \"range\"");
}

bool command_index(struct txd *txd, struct request *request, struct error *err)
{
    struct index_request index = { .components = field_of(request, "components"),
                                   .end = field_of(request, "end") };
    int64_t limit = LIMIT_INDEX_DATOMS;
    struct read read;
    struct buffer datoms = { 0 };
    struct bytes after = { 0 };

    if (!bus_field_text(&request->body, "index", true, &index.index, err) ||
        !bus_field_text(&request->body, "after", false, &index.after, err) ||
        !bus_field_number(&request->body, "limit", false, 1, LIMIT_INDEX_DATOMS_MAX, &limit, err) ||
        !walk_of(request, &index.walk, err) || !read_open(txd, request, &read, err))
        return false;
    index.basis = read.basis;
    index.limit = (uint32_t)limit;
    bool ok = index_run(read.snapshot, &index, &read.limits, &request->arena, &datoms, &after, err);
    if (ok) {
        begin_result(&request->reply, read.snapshot->t, after.len > 0);
        buffer_append_bytes(&request->reply, buffer_bytes(&datoms));
        ok = end_result(&request->reply, after, err);
    }
    buffer_release(&datoms);
    snapshot_release(read.snapshot);
    return ok;
}
