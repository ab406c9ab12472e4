#include "txd/tx/tx.h"

#include "txd/tx/apply.h"
#include "txd/tx/resolve.h"

/* The result of the transaction that had this tx_id, if there was one. */
static bool find_first(struct graph *graph, const struct uuid *tx_id, struct arena *arena,
                       bool *found, struct tx_result *out, struct error *err)
{
    struct log_record record;
    uint32_t t;

    if (!log_find(graph_store(graph), tx_id, found, &t, err))
        return false;
    if (!*found)
        return true;
    if (!log_read(graph_store(graph), NULL, t, arena, &record, found, err))
        return false;
    if (!*found)
        return fail(err, ERROR_FAULT, "the log has no t %u, though a tx_id names it", t);
    *out = (struct tx_result){
        .t = t,
        .tx = TX_ENTITY_BASE + t,
        .replayed = true,
        .tempids = record.tempids,
        .checksum = record.checksum,
    };
    return true;
}

static bool transact(struct graph *graph, const struct tx_request *request, struct arena *arena,
                     struct tx_result *out, struct error *err)
{
    struct form *forms;
    size_t count;
    struct draft draft;
    struct tempids tempids;
    bool found = false;

    if (!graph_check(graph, err) ||
        (request->has_tx_id && !find_first(graph, &request->tx_id, arena, &found, out, err)))
        return false;
    if (found)
        return true;
    if (!parse_tx_data(&request->tx_data, arena, &forms, &count, err) ||
        !draft_init(&draft, graph, arena, err))
        return false;
    tempids_init(&tempids, &draft);
    bool ok = resolve_forms(&draft, &tempids, forms, count, &request->meta, err) &&
              apply_draft(&draft, &tempids, request, out, err);
    draft_release(&draft);
    return ok;
}

bool tx_transact(struct graph *graph, const struct tx_request *request, struct arena *arena,
                 struct tx_result *out, struct error *err)
{
    struct arena scratch = { 0 };
    struct tx_result result;
    bool ok = transact(graph, request, &scratch, &result, err);

    if (ok) {
        result.tempids = arena_copy(arena, result.tempids);
        result.message = arena_copy(arena, result.message);
        *out = result;
    }
    arena_release(&scratch);
    return ok;
}

bool tx_with(struct snapshot *now, const struct value *tx_data, struct arena *arena,
             struct snapshot **out, struct error *err)
{
    struct value no_meta = value_nil();
    struct form *forms;
    size_t count;
    struct draft draft;
    struct head head;
    struct tempids tempids;

    if (now->under)
        return fail(err, ERROR_UNSUPPORTED, "one transaction can be previewed, and not one on it");
    if (!parse_tx_data(tx_data, arena, &forms, &count, err) ||
        !draft_init_with(&draft, now, &head, arena, err))
        return false;
    tempids_init(&tempids, &draft);
    bool ok = resolve_forms(&draft, &tempids, forms, count, &no_meta, err) &&
              apply_preview(&draft, now, out, err);
    draft_release(&draft);
    return ok;
}
