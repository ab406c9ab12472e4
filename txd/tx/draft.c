#include "txd/tx/draft.h"

#include "common/limits.h"

static void begin(struct draft *draft)
{
    const struct head *head = draft->head;

    draft->next_e = head->next_e;
    draft->next_a = head->next_a;
    draft->schema = head->schema;
    draft->attributes_due = NULL;
    draft->attributes_changed = NULL;
    draft->attribute_marks = NULL;
    draft->attribute_changes = 0;
    draft->tuples_due = NULL;
    draft->tuples_last = &draft->tuples_due;
    draft->operations = 0;
    overlay_init(&draft->overlay, draft->arena, &draft->db, draft->recent, head->next_e,
                 head->next_a, draft->tx_e);
}

static bool init(struct draft *draft, struct graph *graph, const struct head *head, struct db db,
                 struct arena *arena, struct error *err)
{
    if (head->t >= T_MAX)
        return fail(err, ERROR_INCORRECT, "the graph is full: t %u is the last", head->t);
    *draft = (struct draft){
        .arena = arena,
        .graph = graph,
        .head = head,
        .db = db,
        .flexibility = graph_flexibility(graph),
        .t = head->t + 1,
        .tx_e = TX_ENTITY_BASE + head->t + 1,
    };
    return true;
}

bool draft_init(struct draft *draft, struct graph *graph, struct arena *arena, struct error *err)
{
    if (!init(draft, graph, graph_head(graph), graph_writer_db(graph), arena, err))
        return false;
    draft->recent = graph_memory(graph);
    begin(draft);
    return true;
}

bool draft_init_with(struct draft *draft, const struct snapshot *snapshot, struct head *head,
                     struct arena *arena, struct error *err)
{
    *head = (struct head){ .t = snapshot->t,
                           .next_e = snapshot->next_e,
                           .next_a = snapshot->next_a,
                           .checksum = snapshot->checksum,
                           .datoms = snapshot->datoms,
                           .instant_ms = snapshot->instant_ms,
                           .schema = snapshot->schema };
    if (!init(draft, snapshot->graph, head, snapshot_db(snapshot), arena, err))
        return false;
    begin(draft);
    return true;
}

void draft_release(struct draft *draft)
{
    for (struct schema_held *held = draft->held; held; held = held->next)
        schema_release(held->schema);
    draft->held = NULL;
    overlay_release(&draft->overlay);
}

void draft_reset(struct draft *draft)
{
    draft_release(draft);
    begin(draft);
}

bool draft_new_entity(struct draft *draft, uint32_t *e, struct error *err)
{
    if (draft->next_e > USER_ENTITY_MAX)
        return fail(err, ERROR_INCORRECT, "no entity id is left: %u is the highest",
                    USER_ENTITY_MAX);
    *e = draft->next_e++;
    return true;
}

bool draft_new_attribute(struct draft *draft, uint32_t *e, struct error *err)
{
    if (draft->next_a >= TX_ENTITY_BASE - ATTRIBUTE_ENTITY_BASE)
        return fail(err, ERROR_INCORRECT,
                    "no attribute id is left: a graph has %u attributes at most, retracted ones "
                    "too",
                    TX_ENTITY_BASE - ATTRIBUTE_ENTITY_BASE);
    *e = ATTRIBUTE_ENTITY_BASE + draft->next_a++;
    return true;
}

const struct attribute *draft_attribute(const struct draft *draft, uint16_t a)
{
    const struct attribute *attribute = schema_by_id(draft->schema, a);

    return attribute ? attribute : schema_by_id(draft->head->schema, a);
}

void draft_use_entity(struct draft *draft, uint32_t e)
{
    if (entity_is_user(e) && e >= draft->next_e)
        draft->next_e = e + 1;
}

bool draft_count(struct draft *draft, struct error *err)
{
    if (++draft->operations > LIMIT_TX_DATOMS)
        return fail(err, ERROR_INCORRECT,
                    "the transaction asserts and retracts more than %d datoms: split it",
                    LIMIT_TX_DATOMS);
    return overlay_room(&draft->overlay, err);
}
