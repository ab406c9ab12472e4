#include "txd/tx/apply.h"

#include "common/clock.h"
#include "common/crash.h"
#include "common/limits.h"
#include "proto/mp.h"
#include "txd/tx/declare.h"

#define SERVER_DATOMS_MAX 4

/* Of the datoms in all indexes, where the message has LIMIT_TX_BYTES of them: what is not in it,
 * as of the transaction itself, is bounded too. */
#define BATCH_BYTES_MAX ((size_t)8 * LIMIT_TX_BYTES)

struct apply {
    struct draft *draft;
    struct store_batch *batch;
    struct buffer datoms, message, tempids, scratch;
    int64_t instant_ms;
    uint64_t checksum;
    uint64_t held;                          /* how many datoms clients hold, after this */
    uint32_t sent;                          /* datoms of the message */
    struct datom server[SERVER_DATOMS_MAX]; /* of the transaction entity, by ourselves */
    uint32_t server_count;
};

static void release(struct apply *apply)
{
    store_batch_free(apply->batch);
    buffer_release(&apply->datoms);
    buffer_release(&apply->message);
    buffer_release(&apply->tempids);
    buffer_release(&apply->scratch);
}

static void add_server_datom(struct apply *apply, uint16_t a, struct value v)
{
    const struct draft *draft = apply->draft;

    apply->server[apply->server_count++] =
        (struct datom){ .e = draft->tx_e, .a = a, .added = true, .t = draft->t, .v = v };
}

static void server_datoms(struct apply *apply, const struct tx_request *request)
{
    const struct value *name =
        request->user.type == VALUE_MAP ? value_get(&request->user, "name") : NULL;

    add_server_datom(apply, ATTR_TX_INSTANT, value_instant(apply->instant_ms));
    if (name && name->type == VALUE_STRING)
        add_server_datom(apply, ATTR_TX_USER, *name);
    if (request->session.len > 0)
        add_server_datom(apply, ATTR_TX_SESSION, value_string(request->session));
    if (request->has_tx_id)
        add_server_datom(apply, ATTR_TX_ID, value_uuid(request->tx_id));
    for (uint32_t i = 0; i < apply->server_count; i++)
        index_add(apply->batch, schema_by_id(apply->draft->schema, apply->server[i].a),
                  &apply->server[i]);
}

/* What clients hold changes by one datom. */
static void send(struct apply *apply, const struct attribute *a, const struct datom *datom)
{
    uint64_t sum = mp_datom_checksum(&apply->scratch, datom->e, a->ident, &datom->v,
                                     TX_ENTITY_BASE + datom->t);

    apply->checksum =
        datom->added ? checksum_add(apply->checksum, sum) : checksum_subtract(apply->checksum, sum);
    apply->held += datom->added ? 1 : (uint64_t)-1;
    apply->sent++;
    mp_begin_datom(&apply->datoms, 4, datom->e, a->ident);
    mp_write(&apply->datoms, &datom->v);
    mp_write_boolean(&apply->datoms, datom->added);
}

static bool check_bytes(size_t bytes, size_t max, struct error *err)
{
    return bytes <= max ||
           fail(err, ERROR_INCORRECT,
                "the transaction comes to %zu bytes, at most %zu are allowed: split it", bytes,
                max);
}

/* The net assertions, or retractions, into the batch and the message. */
static bool put_datoms(struct apply *apply, bool added, struct error *err)
{
    const struct draft *draft = apply->draft;
    size_t rebuilt = store_batch_bytes(apply->batch);

    for (const struct pending *at = draft->overlay.first; at; at = at->next) {
        if (at->before == at->now || at->now != added)
            continue;
        const struct attribute *a = draft_attribute(draft, at->a);
        struct datom datom = {
            .e = at->e, .a = at->a, .added = added, .t = added ? draft->t : at->t, .v = at->v
        };
        if (added)
            index_add(apply->batch, a, &datom);
        else
            index_retract(apply->batch, a, &datom, draft->t);
        if (entity_is_user(at->e))
            send(apply, a, &datom);
        if (!check_bytes(apply->datoms.len, LIMIT_TX_BYTES, err) ||
            !check_bytes(store_batch_bytes(apply->batch) - rebuilt, BATCH_BYTES_MAX, err))
            return false;
    }
    return true;
}

static bool check_datom_count(const struct draft *draft, struct error *err)
{
    size_t count = 0;

    for (const struct pending *at = draft->overlay.first; at; at = at->next)
        count += at->before != at->now;
    if (count > LIMIT_TX_DATOMS)
        return fail(err, ERROR_INCORRECT,
                    "the transaction comes to %zu datoms, at most %d are allowed: split it", count,
                    LIMIT_TX_DATOMS);
    return true;
}

/* The client message `tx` of PROTOCOL.md. */
static bool write_message(struct apply *apply, const struct tx_request *request, struct error *err)
{
    const struct draft *draft = apply->draft;
    struct buffer *message = &apply->message;
    struct value schema = value_nil(), instant = value_instant(apply->instant_ms);
    bool user = request->user.type == VALUE_MAP, session = request->session.len > 0;

    if (declare_told(draft))
        schema = schema_for_clients(draft->schema, draft->arena);
    mp_write_map(message, 5u + user + session + (schema.type != VALUE_NIL));
    mp_write_string(message, BYTES("type"));
    mp_write_string(message, BYTES("tx"));
    mp_write_string(message, BYTES("t"));
    mp_write_long(message, draft->t);
    mp_write_string(message, BYTES("tx"));
    mp_write_long(message, draft->tx_e);
    mp_write_string(message, BYTES("instant"));
    mp_write(message, &instant);
    if (user) {
        mp_write_string(message, BYTES("user"));
        mp_write(message, &request->user);
    }
    if (session) {
        mp_write_string(message, BYTES("session"));
        mp_write_string(message, request->session);
    }
    mp_write_string(message, BYTES("datoms"));
    mp_write_array(message, apply->sent);
    buffer_append_bytes(message, buffer_bytes(&apply->datoms));
    if (schema.type != VALUE_NIL) {
        mp_write_string(message, BYTES("schema"));
        mp_write(message, &schema);
    }
    return check_bytes(message->len, LIMIT_TX_BYTES, err);
}

static bool write_batch(struct apply *apply, const struct tempids *tempids,
                        const struct tx_request *request, struct error *err)
{
    struct draft *draft = apply->draft;
    struct error reason;

    tempids_write(tempids, &apply->tempids);
    log_append(apply->batch, &(struct log_record){
                                 .t = draft->t,
                                 .has_tx_id = request->has_tx_id,
                                 .tx_id = request->tx_id,
                                 .checksum = apply->checksum,
                                 .next_e = draft->next_e,
                                 .next_a = draft->next_a,
                                 .datoms = apply->held,
                                 .tempids = buffer_bytes(&apply->tempids),
                                 .message = buffer_bytes(&apply->message),
                             });
    crash_point("after-apply");
    if (store_write(draft->db.store, apply->batch, &reason)) {
        crash_point("after-write");
        return true;
    }
    graph_stop(draft->graph, &reason);
    *err = reason;
    return false;
}

/* What was written of attributes that are changed again and again. */
static void remember(struct draft *draft)
{
    struct recent *recent = graph_memory(draft->graph);

    if (recent && draft->schema != draft->head->schema)
        recent_clear(recent);
    for (int added = 0; added <= 1; added++) {
        for (const struct pending *at = draft->overlay.first; at; at = at->next) {
            if (at->before == at->now || at->now != (added == 1) ||
                draft_attribute(draft, at->a)->many)
                continue;
            if (!added && !recent) {
                recent = recent_new();
                graph_set_memory(draft->graph, recent, recent_free);
            }
            if (!added)
                recent_retracted(recent, at->e, at->a);
            else if (recent)
                recent_added(recent, at->e, at->a, &at->v, draft->t);
        }
    }
}

/* For what readers hold in memory: what each of them lost and got. */
static void tell_changes(const struct apply *apply)
{
    const struct draft *draft = apply->draft;
    struct changes *changes = graph_changes(draft->graph);

    for (const struct pending *at = draft->overlay.first; at; at = at->next)
        if (at->before != at->now)
            changes_add(changes,
                        &(struct datom){
                            .e = at->e, .a = at->a, .added = at->now, .t = draft->t, .v = at->v });
    for (uint32_t i = 0; i < apply->server_count; i++)
        changes_add(changes, &apply->server[i]);
}

/* The transaction is written: the head moves on. */
static void move_head(const struct apply *apply)
{
    const struct draft *draft = apply->draft;
    struct head *head = graph_head(draft->graph);

    for (const struct pending *at = draft->overlay.first; at; at = at->next)
        if (at->before != at->now)
            graph_count(draft->graph, at->a, at->now ? 1 : -1);
    for (uint32_t i = 0; i < apply->server_count; i++)
        graph_count(draft->graph, apply->server[i].a, 1);
    head->t = draft->t;
    head->next_e = draft->next_e;
    head->next_a = draft->next_a;
    head->checksum = apply->checksum;
    head->datoms = apply->held;
    head->instant_ms = apply->instant_ms;
    if (head->schema != draft->schema) {
        schema_release(head->schema);
        head->schema = schema_retain(draft->schema);
    }
}

static struct apply begin(struct draft *draft)
{
    int64_t now_ms = clock_wall_ms(), last_ms = draft->head->instant_ms;

    return (struct apply){
        .draft = draft,
        .batch = store_batch_new(),
        .instant_ms = now_ms > last_ms ? now_ms : last_ms,
        .checksum = draft->head->checksum,
        .held = draft->head->datoms,
    };
}

/* All datoms into the batch. */
static bool put(struct apply *apply, const struct tx_request *request, struct error *err)
{
    if (!check_datom_count(apply->draft, err) ||
        !declare_rebuild(apply->draft, apply->batch, err) || !put_datoms(apply, false, err) ||
        !put_datoms(apply, true, err))
        return false;
    server_datoms(apply, request);
    return true;
}

bool apply_draft(struct draft *draft, const struct tempids *tempids,
                 const struct tx_request *request, struct tx_result *out, struct error *err)
{
    struct apply apply = begin(draft);
    bool ok = put(&apply, request, err) && write_message(&apply, request, err) &&
              write_batch(&apply, tempids, request, err);

    if (ok) {
        remember(draft);
        tell_changes(&apply);
        move_head(&apply);
        *out = (struct tx_result){
            .t = draft->t,
            .tx = draft->tx_e,
            .tempids = arena_copy(draft->arena, buffer_bytes(&apply.tempids)),
            .message = arena_copy(draft->arena, buffer_bytes(&apply.message)),
            .checksum = apply.checksum,
        };
    }
    release(&apply);
    return ok;
}

bool apply_preview(struct draft *draft, struct snapshot *under, struct snapshot **out,
                   struct error *err)
{
    struct apply apply = begin(draft);
    struct tx_request request = { 0 };
    bool ok = put(&apply, &request, err);

    if (ok)
        *out = snapshot_with(under, apply.batch, draft->schema);
    release(&apply);
    return ok;
}
