/* sync, log and snapshot: how a client is brought in step with a graph (BUS.md). */
#include "txd/commands.h"

#include "proto/bus.h"
#include "proto/mp.h"
#include "txd/db/page.h"
#include "txd/paging.h"

#define PAGE_BYTES_MAX   (8 << 20)
#define LOG_RECORDS_MAX  8192
#define DATOM_BYTES_MEAN 48 /* of a datom in a snapshot: to compare its size with the log's */

static const char *const modes[] = { "auto", "log", "snapshot", "none" };
enum mode { MODE_AUTO, MODE_LOG, MODE_SNAPSHOT, MODE_NONE };

struct sync_request {
    enum mode mode;
    bool has_epoch;
    struct uuid epoch;
    int64_t since; /* -1: none given */
};

static bool sync_read(const struct value *body, struct sync_request *out, struct error *err)
{
    const struct value *epoch = value_get(body, "epoch");
    struct bytes mode = BYTES("auto");

    *out = (struct sync_request){ .since = -1 };
    if (!bus_field_text(body, "sync", false, &mode, err) ||
        !bus_field_uuid(body, "epoch", false, &out->epoch, err) ||
        !bus_field_number(body, "since", false, 0, INT64_MAX, &out->since, err))
        return false;
    out->has_epoch = epoch && epoch->type == VALUE_UUID;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (bytes_equal(mode, bytes_of(modes[i]))) {
            out->mode = (enum mode)i;
            return true;
        }
    }
    return fail(err, ERROR_INCORRECT,
                "\"sync\" is \"%.*s\", and must be auto, log, snapshot or none", BYTES_ARG(mode));
}

/* What the client will get: it can follow the log only from a t of this very log. */
static bool sync_decide(const struct snapshot *snapshot, const struct sync_request *request,
                        enum mode *out, struct error *err)
{
    struct uuid epoch = graph_epoch(snapshot->graph);
    size_t enough = snapshot->datoms * DATOM_BYTES_MEAN, bytes = 0;

    *out = request->mode;
    if (request->mode == MODE_NONE || request->mode == MODE_SNAPSHOT)
        return true;
    /* Who asks for the log by itself may leave the epoch out; `auto` must know that it is this one.
     */
    bool same_epoch =
        request->has_epoch ? uuid_equal(&request->epoch, &epoch) : request->mode == MODE_LOG;
    bool known = same_epoch && request->since >= graph_base(snapshot->graph) &&
                 request->since <= snapshot->t;
    *out = known ? MODE_LOG : MODE_SNAPSHOT;
    if (!known || request->mode == MODE_LOG)
        return true;
    if (!log_size(graph_store(snapshot->graph), snapshot->view, (uint32_t)request->since,
                  snapshot->t, enough, &bytes, err))
        return false;
    if (bytes > enough)
        *out = MODE_SNAPSHOT;
    return true;
}

static void write_checksum(struct buffer *reply, uint64_t checksum)
{
    mp_write_string(reply, BYTES("checksum"));
    bus_write_checksum(reply, checksum);
}

static void write_number(struct buffer *reply, struct bytes name, int64_t number)
{
    mp_write_string(reply, name);
    mp_write_long(reply, number);
}

static void write_value(struct buffer *reply, struct bytes name, struct value value)
{
    mp_write_string(reply, name);
    mp_write(reply, &value);
}

bool command_sync(struct txd *txd, struct request *request, struct error *err)
{
    struct buffer *reply = &request->reply;
    struct sync_request sync;
    struct snapshot *snapshot;
    enum mode mode;

    if (!sync_read(&request->body, &sync, err) ||
        !command_snapshot_of(txd, request, &snapshot, err))
        return false;
    bool ok = sync_decide(snapshot, &sync, &mode, err);
    if (ok) {
        if (mode == MODE_SNAPSHOT)
            paging_hold(txd->paging, snapshot);
        mp_write_map(reply, 8);
        write_value(reply, BYTES("epoch"), value_uuid(graph_epoch(snapshot->graph)));
        write_number(reply, BYTES("t"), snapshot->t);
        write_value(reply, BYTES("sync"), value_string(bytes_of(modes[mode])));
        write_number(reply, BYTES("base"), graph_base(snapshot->graph));
        write_number(reply, BYTES("count"), (int64_t)snapshot->datoms);
        write_value(reply, BYTES("schema"), schema_for_clients(snapshot->schema, &request->arena));
        write_checksum(reply, snapshot->checksum);
        write_value(reply, BYTES("instant"), value_instant(snapshot->instant_ms));
    }
    snapshot_release(snapshot);
    return ok;
}

/* The epoch that the reader goes by is still the graph's. */
static bool epoch_check(const struct snapshot *snapshot, const struct value *body,
                        struct error *err)
{
    struct uuid mine = graph_epoch(snapshot->graph), theirs;

    if (!bus_field_uuid(body, "epoch", true, &theirs, err))
        return false;
    return uuid_equal(&mine, &theirs) ||
           fail(err, ERROR_CONFLICT, "graph %s has another epoch now: synchronise again",
                graph_name(snapshot->graph));
}

static bool log_answer(const struct snapshot *snapshot, struct request *request, struct error *err)
{
    struct buffer *reply = &request->reply;
    struct log_record *records = ARENA_ARRAY(&request->arena, struct log_record, LOG_RECORDS_MAX);
    int64_t from, base = graph_base(snapshot->graph), bytes_max = BUS_LOG_BYTES;
    uint32_t count = 0;

    if (!epoch_check(snapshot, &request->body, err) ||
        !bus_field_number(&request->body, "from", true, 0, (int64_t)T_MAX + 1, &from, err) ||
        !bus_field_number(&request->body, "bytes_max", false, 1, PAGE_BYTES_MAX, &bytes_max, err))
        return false;
    if (from <= base || from > (int64_t)snapshot->t + 1)
        return fail(err, ERROR_NOT_FOUND,
                    "there is no t %lld: the log begins at t %lld, and its next will be t %u",
                    (long long)from, (long long)base + 1, snapshot->t + 1);
    if (from <= snapshot->t &&
        !log_read_range(graph_store(snapshot->graph), snapshot->view, (uint32_t)from, snapshot->t,
                        (size_t)bytes_max, LOG_RECORDS_MAX, &request->arena, records, &count, err))
        return false;
    mp_write_map(reply, 3);
    write_number(reply, BYTES("t"), snapshot->t);
    write_checksum(reply, snapshot->checksum);
    mp_write_string(reply, BYTES("txs"));
    mp_write_array(reply, count);
    for (uint32_t i = 0; i < count; i++)
        mp_write_bytes(reply, records[i].message);
    return true;
}

bool command_log(struct txd *txd, struct request *request, struct error *err)
{
    struct snapshot *snapshot;

    if (!command_snapshot_of(txd, request, &snapshot, err))
        return false;
    bool ok = log_answer(snapshot, request, err);
    snapshot_release(snapshot);
    return ok;
}

/* The database value at `t`: the snapshot that was held when paging began, when there is one. */
static struct db db_at(const struct snapshot *snapshot, const struct snapshot *held, uint32_t t)
{
    struct db db = snapshot_db(held ? held : snapshot);

    if (!held && t < snapshot->t)
        db.as_of = t;
    return db;
}

static bool page_answer(struct txd *txd, const struct snapshot *snapshot, struct request *request,
                        struct error *err)
{
    struct page_request page = { .base = graph_base(snapshot->graph) };
    int64_t t, bytes_max = BUS_PAGE_BYTES;
    struct buffer datoms = { 0 };
    struct bytes next = { 0 };
    uint32_t count = 0;

    if (!epoch_check(snapshot, &request->body, err) ||
        !bus_field_number(&request->body, "t", true, page.base, snapshot->t, &t, err) ||
        !bus_field_number(&request->body, "bytes_max", false, 1, PAGE_BYTES_MAX, &bytes_max, err) ||
        !bus_field_bytes(&request->body, "after", false, &page.after, err) ||
        !bus_field_flag(&request->body, "tx_entities", &page.tx_entities, err))
        return false;
    page.bytes_max = (size_t)bytes_max;
    struct snapshot *held = paging_find(txd->paging, snapshot->graph, (uint32_t)t);
    struct db db = db_at(snapshot, held, (uint32_t)t);
    bool ok = page_read(&db, &page, &request->arena, &datoms, &count, &next, err);
    if (ok) {
        struct buffer *reply = &request->reply;
        mp_write_map(reply, next.len ? 3 : 2);
        write_number(reply, BYTES("count"), count);
        mp_write_string(reply, BYTES("datoms"));
        mp_write_bytes(reply, buffer_bytes(&datoms));
        if (next.len) {
            mp_write_string(reply, BYTES("after"));
            mp_write_bytes(reply, next);
        }
    }
    snapshot_release(held);
    buffer_release(&datoms);
    return ok;
}

bool command_snapshot(struct txd *txd, struct request *request, struct error *err)
{
    struct snapshot *snapshot;

    if (!command_snapshot_of(txd, request, &snapshot, err))
        return false;
    bool ok = page_answer(txd, snapshot, request, err);
    snapshot_release(snapshot);
    return ok;
}
