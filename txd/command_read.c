/* query, pull and index: the reads of txd/query, on the bus. */
#include "txd/commands.h"

#include "common/clock.h"
#include "common/limits.h"
#include "proto/bus.h"
#include "proto/mp.h"
#include "txd/query/query.h"

static struct value field_of(const struct request *request, const char *name)
{
    const struct value *value = value_get(&request->body, name);

    return value ? *value : value_nil();
}

static bool basis_of(const struct value *body, struct query_basis *out, struct error *err)
{
    int64_t as_of = -1, since = -1;

    *out = (struct query_basis){ 0 };
    if (!bus_field_number(body, "as_of", false, 0, T_MAX, &as_of, err) ||
        !bus_field_number(body, "since", false, 0, T_MAX, &since, err) ||
        !bus_field_flag(body, "history", &out->history, err))
        return false;
    out->has_as_of = as_of >= 0;
    out->has_since = since >= 0;
    out->as_of = out->has_as_of ? (uint32_t)as_of : 0;
    out->since = out->has_since ? (uint32_t)since : 0;
    return true;
}

static bool limits_of(const struct value *body, struct query_limits *out, struct error *err)
{
    int64_t timeout_ms = LIMIT_QUERY_MS;

    if (!bus_field_number(body, "timeout_ms", false, 1, LIMIT_QUERY_MS_MAX, &timeout_ms, err))
        return false;
    *out = (struct query_limits){
        .deadline_us = clock_monotonic_us() + timeout_ms * 1000,
        .memory_bytes_max = LIMIT_QUERY_BYTES,
        .rows_max = LIMIT_QUERY_ROWS,
    };
    return true;
}

/* {"t": .., "result": .., "after": ..}, the last when there is more. */
static bool write_result(struct buffer *reply, uint32_t t, const struct value *result,
                         struct bytes after, struct error *err)
{
    mp_write_map(reply, after.len ? 3 : 2);
    mp_write_string(reply, BYTES("t"));
    mp_write_long(reply, t);
    mp_write_string(reply, BYTES("result"));
    mp_write(reply, result);
    if (after.len) {
        mp_write_string(reply, BYTES("after"));
        mp_write_string(reply, after);
    }
    if (reply->len <= LIMIT_BUS_BYTES)
        return true;
    size_t len = reply->len;
    buffer_release(reply);
    return fail(err, ERROR_INTERRUPTED,
                "the result is %zu bytes, and at most %d are sent; ask for less with :limit", len,
                LIMIT_BUS_BYTES);
}

bool command_query(struct txd *txd, struct request *request, struct error *err)
{
    struct query_request query = { .query = field_of(request, "query"),
                                   .args = field_of(request, "args") };
    int64_t limit = 0, offset = 0;
    struct query_limits limits;
    struct snapshot *snapshot;
    struct value result;

    if (!basis_of(&request->body, &query.basis, err) || !limits_of(&request->body, &limits, err) ||
        !bus_field_number(&request->body, "limit", false, 1, INT64_MAX, &limit, err) ||
        !bus_field_number(&request->body, "offset", false, 0, INT64_MAX, &offset, err) ||
        !command_snapshot_of(txd, request, &snapshot, err))
        return false;
    query.limit = (uint64_t)limit;
    query.offset = (uint64_t)offset;
    bool ok = query_run(snapshot, &query, &limits, &request->arena, &result, err) &&
              write_result(&request->reply, snapshot->t, &result, (struct bytes){ 0 }, err);
    snapshot_release(snapshot);
    return ok;
}

bool command_pull(struct txd *txd, struct request *request, struct error *err)
{
    struct pull_request pull = { .pattern = field_of(request, "pattern"),
                                 .eid = field_of(request, "eid") };
    struct query_limits limits;
    struct snapshot *snapshot;
    struct value result;

    if (!basis_of(&request->body, &pull.basis, err) || !limits_of(&request->body, &limits, err) ||
        !bus_field_flag(&request->body, "many", &pull.many, err) ||
        !command_snapshot_of(txd, request, &snapshot, err))
        return false;
    bool ok = pull_run(snapshot, &pull, &limits, &request->arena, &result, err) &&
              write_result(&request->reply, snapshot->t, &result, (struct bytes){ 0 }, err);
    snapshot_release(snapshot);
    return ok;
}

bool command_index(struct txd *txd, struct request *request, struct error *err)
{
    struct index_request index = { .components = field_of(request, "components") };
    int64_t limit = LIMIT_INDEX_DATOMS;
    struct query_limits limits;
    struct snapshot *snapshot;
    struct bytes after = { 0 };
    struct value result;

    if (!basis_of(&request->body, &index.basis, err) || !limits_of(&request->body, &limits, err) ||
        !bus_field_text(&request->body, "index", true, &index.index, err) ||
        !bus_field_text(&request->body, "after", false, &index.after, err) ||
        !bus_field_number(&request->body, "limit", false, 1, LIMIT_INDEX_DATOMS_MAX, &limit, err) ||
        !command_snapshot_of(txd, request, &snapshot, err))
        return false;
    index.limit = (uint32_t)limit;
    bool ok = index_run(snapshot, &index, &limits, &request->arena, &result, &after, err) &&
              write_result(&request->reply, snapshot->t, &result, after, err);
    snapshot_release(snapshot);
    return ok;
}
