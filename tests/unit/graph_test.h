/*
 * A writer for tests: commits datoms to a graph as txd/tx does, with log record, head and counts,
 * and without any of its checks.
 */
#ifndef STOA_TESTS_UNIT_GRAPH_TEST_H
#define STOA_TESTS_UNIT_GRAPH_TEST_H

#include "tests/unit/db_test.h"

#include "proto/mp.h"
#include "txd/db/graph.h"

/* One change; ident NULL ends a list. */
struct change {
    uint32_t e;
    const char *ident;
    struct value v;
    bool added;
};

/* An attribute that is not there is declared, of cardinality many when its name ends with a star.
 */
static inline const struct attribute *graph_test_attribute(struct graph *graph, const char *ident,
                                                           struct store_batch *batch)
{
    struct head *head = graph_head(graph);
    const struct attribute *there = schema_by_ident(head->schema, bytes_of(ident));
    const char *cardinality = strchr(ident, '*') ? "db.cardinality/many" : "db.cardinality/one";
    struct schema_datom said[] = { { ATTR_IDENT, value_keyword(bytes_of(ident)) },
                                   { ATTR_CARDINALITY, value_keyword(bytes_of(cardinality)) } };
    struct schema *next;
    struct error err;

    if (there)
        return there;
    uint32_t e = ATTRIBUTE_ENTITY_BASE + head->next_a++;
    assert_ok(schema_with(head->schema, e, said, ARRAY_LEN(said), &next, &err));
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        struct datom datom = {
            .e = e, .a = said[i].a, .t = head->t + 1, .added = true, .v = said[i].v
        };
        index_add(batch, schema_by_id(next, said[i].a), &datom);
        graph_count(graph, said[i].a, 1);
    }
    schema_release(head->schema);
    head->schema = next;
    return schema_by_ident(next, bytes_of(ident));
}

/* One transaction; written, not synced and not published. */
static inline void graph_test_commit(struct graph *graph, const struct change *changes,
                                     uint32_t count)
{
    struct store_batch *batch = store_batch_new();
    struct head *head = graph_head(graph);
    struct buffer message = { 0 }, tempids = { 0 }, scratch = { 0 };
    uint32_t t = head->t + 1;
    struct error err;

    mp_write_map(&tempids, 0);
    mp_write_map(&message, 2);
    mp_write_string(&message, BYTES("t"));
    mp_write_long(&message, t);
    mp_write_string(&message, BYTES("datoms"));
    mp_write_array(&message, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct attribute *a = graph_test_attribute(graph, changes[i].ident, batch);
        struct datom datom = {
            .e = changes[i].e, .a = a->id, .t = t, .added = changes[i].added, .v = changes[i].v
        };
        mp_begin_datom(&message, 4, datom.e, a->ident);
        mp_write(&message, &datom.v);
        mp_write_boolean(&message, datom.added);
        graph_count(graph, a->id, datom.added ? 1 : -1);
        head->datoms += datom.added ? 1 : UINT64_MAX;
        if (datom.e >= head->next_e)
            head->next_e = datom.e + 1;
        if (datom.added) {
            head->checksum =
                checksum_add(head->checksum, mp_datom_checksum(&scratch, datom.e, a->ident,
                                                               &datom.v, TX_ENTITY_BASE + t));
            index_add(batch, a, &datom);
            continue;
        }
        struct db db = graph_writer_db(graph);
        bool found;
        assert_ok(index_find(&db, datom.e, a, &datom.v, &found, &datom.t, &err));
        assert_true(found);
        head->checksum = checksum_subtract(
            head->checksum,
            mp_datom_checksum(&scratch, datom.e, a->ident, &datom.v, TX_ENTITY_BASE + datom.t));
        index_retract(batch, a, &datom, t);
    }
    struct datom instant = { .e = TX_ENTITY_BASE + t,
                             .a = ATTR_TX_INSTANT,
                             .t = t,
                             .added = true,
                             .v = value_instant(1000000 + t) };
    index_add(batch, schema_by_id(head->schema, ATTR_TX_INSTANT), &instant);
    graph_count(graph, ATTR_TX_INSTANT, 1);
    head->t = t;
    head->instant_ms = instant.v.number;
    struct log_record record = {
        .t = t,
        .checksum = head->checksum,
        .next_e = head->next_e,
        .next_a = head->next_a,
        .datoms = head->datoms,
        .tempids = buffer_bytes(&tempids),
        .message = buffer_bytes(&message),
    };
    log_append(batch, &record);
    assert_ok(store_write(graph_store(graph), batch, &err));
    store_batch_free(batch);
    buffer_release(&message);
    buffer_release(&tempids);
    buffer_release(&scratch);
}

/* Makes what was committed what readers get. */
static inline void graph_test_publish(struct graph *graph)
{
    struct snapshot *snapshot = graph_snapshot_take(graph);
    struct error err;

    assert_ok(store_sync(graph_store(graph), &err));
    graph_publish(graph, snapshot);
}

static inline void graph_test_add(struct graph *graph, uint32_t e, const char *ident,
                                  struct value v)
{
    graph_test_commit(graph, &(struct change){ e, ident, v, true }, 1);
}

static inline void graph_test_retract(struct graph *graph, uint32_t e, const char *ident,
                                      struct value v)
{
    graph_test_commit(graph, &(struct change){ e, ident, v, false }, 1);
}

#endif
