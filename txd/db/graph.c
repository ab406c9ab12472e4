/*
 * What a kill leaves, by where it strikes:
 *
 * - graph_create: a folder without "format", which graph_open() refuses, since metadata are the
 *   last that is written. The catalog builds graphs below DIR/tmp, which it empties.
 * - A transaction: datoms, log record and tx_id are one batch, so all of it or nothing. What was
 *   not synced may be there or not, and nobody was told of it.
 * - Saving counts, on the way or in graph_release: the old counts, from which more of the log is
 *   counted again on open.
 * - graph_open: what the WAL brought back is flushed to tables, and new counts may be saved; a kill
 *   there finds the same WAL again.
 */
#include "txd/db/graph.h"

#include "proto/mp.h"
#include "txd/db/folder.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#define FORMAT 2

/* How many transactions may have to be counted again after a crash: some tens of milliseconds. */
#define COUNTS_SAVE_EVERY 1024

/* Log records decoded at a time while counting. */
#define REPLAY_RECORDS 256
#define REPLAY_BYTES   ((size_t)4 << 20)

struct graph {
    atomic_int references;
    char *name;
    struct store *store;
    struct uuid epoch;
    enum flexibility flexibility;
    uint32_t base;
    struct changes *changes;
    struct extents *extents;

    /* The writer's. */
    struct head head;
    uint64_t *counts; /* as head.t has them */
    uint32_t counts_size;
    uint32_t counts_saved_t;
    struct counts *counts_shared; /* a copy of `counts`, or NULL when they have changed */
    void *memory;
    void (*memory_release)(void *memory);

    pthread_mutex_t mutex; /* guards what follows */
    struct snapshot *published;
    bool stopped;
    struct error reason;
    void (*on_close)(void *arg);
    void *on_close_arg;
};

/* --- metadata --- */

static struct bytes meta_key(const char *name, struct buffer *key)
{
    buffer_clear(key);
    buffer_append_u8(key, 'M');
    buffer_append_bytes(key, bytes_of(name));
    return buffer_bytes(key);
}

/* *out is in `arena`; it has `len` bytes, or at least so many when `longer`. */
static bool meta_read(struct store *store, const char *name, size_t len, bool longer,
                      struct arena *arena, const uint8_t **out, size_t *out_len, struct error *err)
{
    struct buffer key = { 0 }, value = { 0 };
    bool found = false;
    bool ok = store_get(store, NULL, meta_key(name, &key), &value, &found, err);

    if (ok && !found)
        ok = fail(err, ERROR_FAULT, "this is no graph: it has no \"%s\"", name);
    else if (ok && (value.len < len || (!longer && value.len > len)))
        ok = fail(err, ERROR_FAULT, "the graph's \"%s\" is broken: %zu bytes", name, value.len);
    if (ok) {
        *out = (const uint8_t *)arena_copy(arena, buffer_bytes(&value)).data;
        *out_len = value.len;
    }
    buffer_release(&key);
    buffer_release(&value);
    return ok;
}

/* t:4, then id:2 count:8 of every attribute with datoms. */
static void counts_put(struct store_batch *batch, uint32_t t, const uint64_t *counts, uint32_t size)
{
    struct buffer key = { 0 }, value = { 0 };

    buffer_append_u32be(&value, t);
    for (uint32_t id = 0; id < size; id++) {
        if (!counts[id])
            continue;
        buffer_append_u16be(&value, (uint16_t)id);
        buffer_append_u64be(&value, counts[id]);
    }
    store_batch_put(batch, meta_key("counts", &key), buffer_bytes(&value));
    buffer_release(&key);
    buffer_release(&value);
}

static void head_put(struct store_batch *batch, const struct head *head)
{
    struct buffer key = { 0 }, value = { 0 };

    buffer_append_u64be(&value, head->checksum);
    buffer_append_u32be(&value, head->next_e);
    buffer_append_u32be(&value, head->next_a);
    buffer_append_u64be(&value, head->datoms);
    store_batch_put(batch, meta_key("head", &key), buffer_bytes(&value));
    buffer_release(&key);
    buffer_release(&value);
}

static void meta_put(struct store_batch *batch, const char *name, const void *data, size_t len)
{
    struct buffer key = { 0 };

    store_batch_put(batch, meta_key(name, &key), (struct bytes){ data, len });
    buffer_release(&key);
}

/* --- making --- */

/* Adds the built-in attributes' datoms, at t 0. */
static void put_built_in(struct store_batch *batch, uint64_t counts[ATTR_BUILT_IN_COUNT])
{
    struct schema *schema = schema_built_in();

    for (uint32_t id = 0; id < ATTR_BUILT_IN_COUNT; id++) {
        struct schema_datom datoms[BUILT_IN_DATOMS_MAX];
        size_t count = built_in_datoms((uint16_t)id, datoms);
        for (size_t i = 0; i < count; i++) {
            struct datom datom = {
                .e = ATTRIBUTE_ENTITY_BASE + id, .a = datoms[i].a, .v = datoms[i].v, .added = true
            };
            const struct attribute *attribute = schema_by_id(schema, datom.a);
            assert(attribute && datom.a < ATTR_BUILT_IN_COUNT);
            index_add(batch, attribute, &datom);
            counts[datom.a]++;
        }
    }
    schema_release(schema);
}

bool graph_initialise(struct store *store, const struct graph_origin *origin, struct error *err)
{
    uint32_t size =
        origin->counts_size > ATTR_BUILT_IN_COUNT ? origin->counts_size : ATTR_BUILT_IN_COUNT;
    uint64_t *counts = xcalloc(size, sizeof(*counts));
    struct store_batch *batch = store_batch_new();
    struct uuid epoch = uuid_random();
    uint8_t format[4], base[4], flexibility = (uint8_t)origin->flexibility;

    for (uint32_t id = 0; id < origin->counts_size; id++)
        counts[id] = origin->counts[id];
    put_built_in(batch, counts);
    store_u32be(format, FORMAT);
    store_u32be(base, origin->base);
    meta_put(batch, "epoch", epoch.octets, sizeof(epoch.octets));
    meta_put(batch, "flexibility", &flexibility, 1);
    meta_put(batch, "base", base, sizeof(base));
    meta_put(batch, "format", format, sizeof(format));
    head_put(batch, &origin->head);
    counts_put(batch, origin->base, counts, size);
    bool ok = store_write_unlogged(store, batch, err) && store_flush(store, err);
    store_batch_free(batch);
    free(counts);
    return ok;
}

bool graph_create(struct store_shared *shared, const char *dir, enum flexibility flexibility,
                  struct error *err)
{
    struct store *store;
    struct graph_origin origin = { .flexibility = flexibility,
                                   .head = { .next_e = 1, .next_a = ATTR_USER_FIRST } };

    if (!folder_make(dir, err) || !store_open(shared, dir, true, &store, err))
        return false;
    bool ok = graph_initialise(store, &origin, err);
    store_close(store);
    return ok && folder_sync(dir, err);
}

/* --- opening --- */

static bool read_meta(struct graph *graph, struct arena *arena, struct error *err)
{
    const uint8_t *data;
    size_t len;

    if (!meta_read(graph->store, "format", 4, false, arena, &data, &len, err))
        return false;
    if (load_u32be(data) != FORMAT)
        return fail(err, ERROR_FAULT, "its format is %u; this version of stoa reads format %d",
                    load_u32be(data), FORMAT);
    if (!meta_read(graph->store, "epoch", 16, false, arena, &data, &len, err))
        return false;
    memcpy(graph->epoch.octets, data, sizeof(graph->epoch.octets));
    if (!meta_read(graph->store, "flexibility", 1, false, arena, &data, &len, err))
        return false;
    graph->flexibility = data[0] == FLEXIBILITY_READ ? FLEXIBILITY_READ : FLEXIBILITY_WRITE;
    if (!meta_read(graph->store, "base", 4, false, arena, &data, &len, err))
        return false;
    graph->base = load_u32be(data);
    return true;
}

static bool read_head(struct graph *graph, struct arena *arena, struct error *err)
{
    struct head *head = &graph->head;
    struct log_record record;
    const uint8_t *data;
    size_t len;
    uint32_t last;
    bool found = false;

    if (!meta_read(graph->store, "head", 24, false, arena, &data, &len, err) ||
        !log_last(graph->store, &last, err))
        return false;
    head->t = graph->base;
    head->checksum = load_u64be(data);
    head->next_e = load_u32be(data + 8);
    head->next_a = load_u32be(data + 12);
    head->datoms = load_u64be(data + 16);
    if (!last)
        return true;
    if (last <= graph->base)
        return fail(err, ERROR_FAULT, "its log ends at t %u, below its base %u", last, graph->base);
    if (!log_read(graph->store, NULL, last, arena, &record, &found, err))
        return false;
    if (!found)
        return fail(err, ERROR_FAULT, "the log has no record of t %u", last);
    head->t = last;
    head->checksum = record.checksum;
    head->next_e = record.next_e;
    head->next_a = record.next_a;
    head->datoms = record.datoms;
    return true;
}

/* The datoms of one attribute entity as they are read. */
struct gathered {
    uint32_t e;
    struct schema_datom *datoms;
    size_t count, cap;
    bool composite;
};

static void gather(struct gathered *gathered, const struct datom *datom, struct arena *arena)
{
    if (gathered->e != datom->e) {
        gathered->e = datom->e;
        gathered->count = 0;
        gathered->composite = false;
    }
    if (gathered->count == gathered->cap) {
        gathered->cap = gathered->cap ? 2 * gathered->cap : 8;
        gathered->datoms = xrealloc(gathered->datoms, gathered->cap * sizeof(*gathered->datoms));
    }
    gathered->datoms[gathered->count++] =
        (struct schema_datom){ datom->a, value_copy(arena, &datom->v) };
    gathered->composite = gathered->composite || datom->a == ATTR_TUPLE_ATTRS;
}

/* Moves the graph's schema on by the gathered entity, when it is of the kind of this pass. */
static bool gathered_apply(struct graph *graph, const struct gathered *gathered, bool composites,
                           struct error *err)
{
    struct schema *next;

    if (gathered->count == 0 || gathered->composite != composites)
        return true;
    if (!schema_with(graph->head.schema, gathered->e, gathered->datoms, gathered->count, &next,
                     err)) {
        err->kind = ERROR_FAULT;
        return fail_in(err, "the stored schema is broken");
    }
    schema_release(graph->head.schema);
    graph->head.schema = next;
    return true;
}

/* Composite tuples name other attributes, so they come in a second pass. */
static bool read_schema(struct graph *graph, bool composites, struct error *err)
{
    struct components from = { .count = 1, .e = ATTRIBUTE_ENTITY_BASE + ATTR_USER_FIRST };
    struct schema *start = schema_retain(graph->head.schema); /* the cursor's */
    struct db db = graph_writer_db(graph);
    struct gathered gathered = { 0 };
    struct arena arena = { 0 };
    struct datom datom;
    bool ok = true;

    struct cursor *cursor = cursor_open(&db, INDEX_EAVT, NULL, &from, false);
    while (ok && cursor_next(cursor, &datom) && entity_is_attribute(datom.e)) {
        if (datom.e != gathered.e) {
            ok = gathered_apply(graph, &gathered, composites, err);
            arena_reset(&arena);
        }
        gather(&gathered, &datom, &arena);
    }
    ok = ok && cursor_check(cursor, err) && gathered_apply(graph, &gathered, composites, err);
    cursor_close(cursor);
    schema_release(start);
    free(gathered.datoms);
    arena_release(&arena);
    return ok;
}

static bool read_instant(struct graph *graph, struct error *err)
{
    struct components prefix = { .count = 2,
                                 .e = TX_ENTITY_BASE + graph->head.t,
                                 .a = ATTR_TX_INSTANT };
    struct db db = graph_writer_db(graph);
    struct cursor *cursor = cursor_open(&db, INDEX_EAVT, &prefix, NULL, false);
    struct datom datom;

    if (cursor_next(cursor, &datom) && datom.v.type == VALUE_INSTANT)
        graph->head.instant_ms = datom.v.number;
    bool ok = cursor_check(cursor, err);
    cursor_close(cursor);
    return ok;
}

/* --- counts --- */

void graph_count(struct graph *graph, uint16_t a, int64_t difference)
{
    if (a >= graph->counts_size) {
        uint32_t size = 2u * a + 64;
        graph->counts = xrealloc(graph->counts, size * sizeof(*graph->counts));
        memset(graph->counts + graph->counts_size, 0,
               (size - graph->counts_size) * sizeof(*graph->counts));
        graph->counts_size = size;
    }
    graph->counts[a] += (uint64_t)difference;
}

static void counts_release(struct counts *counts)
{
    if (counts && atomic_fetch_sub(&counts->references, 1) == 1)
        free(counts);
}

/* A copy that snapshots share until a count changes. */
static struct counts *counts_share(struct graph *graph)
{
    uint32_t size = schema_id_end(graph->head.schema);
    size_t known = size < graph->counts_size ? size : graph->counts_size;
    struct counts *shared = graph->counts_shared;

    if (!shared || shared->size != size ||
        memcmp(shared->datoms, graph->counts, known * sizeof(*graph->counts)) != 0) {
        counts_release(shared);
        shared = xcalloc(1, sizeof(*shared) + size * sizeof(shared->datoms[0]));
        atomic_init(&shared->references, 1);
        shared->size = size;
        memcpy(shared->datoms, graph->counts, known * sizeof(*graph->counts));
        graph->counts_shared = shared;
    }
    atomic_fetch_add(&shared->references, 1);
    return shared;
}

static bool counts_save(struct graph *graph, struct error *err)
{
    struct store_batch *batch = store_batch_new();

    counts_put(batch, graph->head.t, graph->counts, graph->counts_size);
    bool ok = store_write(graph->store, batch, err);
    if (ok)
        graph->counts_saved_t = graph->head.t;
    store_batch_free(batch);
    return ok;
}

static bool counts_load(struct graph *graph, struct arena *arena, struct error *err)
{
    const uint8_t *data;
    size_t len;

    if (!meta_read(graph->store, "counts", 4, true, arena, &data, &len, err))
        return false;
    graph->counts_saved_t = load_u32be(data);
    for (size_t at = 4; at + 10 <= len; at += 10)
        graph_count(graph, load_u16be(data + at), (int64_t)load_u64be(data + at + 2));
    return true;
}

/* Counts the user datoms of one log record. */
static bool count_record(struct graph *graph, const struct log_record *record, struct arena *arena,
                         struct error *err)
{
    struct value message;

    if (!mp_read(record->message, arena, &message, err))
        return fail_in(err, "the log record of t %u is broken", record->t);
    const struct value *datoms = value_get(&message, "datoms");
    for (uint32_t i = 0; datoms && value_is_sequence(datoms) && i < datoms->count; i++) {
        const struct value *datom = &datoms->items[i];
        if (!value_is_sequence(datom) || datom->count != 4 ||
            datom->items[1].type != VALUE_KEYWORD || datom->items[3].type != VALUE_BOOLEAN)
            return fail(err, ERROR_FAULT, "the log record of t %u is broken: datom %u", record->t,
                        i);
        const struct attribute *attribute =
            schema_by_ident(graph->head.schema, datom->items[1].text);
        if (attribute) /* one without datoms may be gone */
            graph_count(graph, attribute->id, datom->items[3].boolean ? 1 : -1);
    }
    return true;
}

/* Counts what attribute and transaction entities got after t, which messages do not hold. What
 * they lost is left out: it is little, and counts only guide the planner. */
static bool count_system(struct graph *graph, uint32_t first_e, uint32_t last_e, uint32_t t,
                         struct error *err)
{
    struct components from = { .count = 1, .e = first_e };
    struct db db = graph_writer_db(graph);
    struct datom datom;

    struct cursor *cursor = cursor_open(&db, INDEX_EAVT, NULL, &from, false);
    while (cursor_next(cursor, &datom) && datom.e <= last_e)
        graph_count(graph, datom.a, datom.t > t); /* db.since 0 would let t 0 in */
    bool ok = cursor_check(cursor, err);
    cursor_close(cursor);
    return ok;
}

/* Brings the saved counts up to the head. Reads every record since, so it also finds a hole. */
static bool counts_replay(struct graph *graph, struct error *err)
{
    struct log_record *records = xcalloc(REPLAY_RECORDS, sizeof(*records));
    struct arena arena = { 0 };
    uint32_t saved = graph->counts_saved_t, t = saved, count;
    bool ok = saved <= graph->head.t ||
              fail(err, ERROR_FAULT,
                   "its counts are of t %u, beyond the last, %u: the log has lost "
                   "its tail",
                   saved, graph->head.t);

    while (ok && t < graph->head.t) {
        arena_reset(&arena);
        ok = log_read_range(graph->store, NULL, t + 1, graph->head.t, REPLAY_BYTES, REPLAY_RECORDS,
                            &arena, records, &count, err);
        for (uint32_t i = 0; ok && i < count; i++)
            ok = count_record(graph, &records[i], &arena, err);
        t += ok ? count : 0;
    }
    if (ok && saved < graph->head.t)
        ok = count_system(graph, ATTRIBUTE_ENTITY_BASE, TX_ENTITY_BASE - 1, saved, err) &&
             count_system(graph, TX_ENTITY_BASE + saved + 1, INT32_MAX, saved, err);
    free(records);
    arena_release(&arena);
    return ok;
}

/* --- life --- */

static bool load(struct graph *graph, struct error *err)
{
    struct arena arena = { 0 };

    graph->head.schema = schema_built_in();
    bool ok = read_meta(graph, &arena, err) && read_head(graph, &arena, err) &&
              read_schema(graph, false, err) && read_schema(graph, true, err) &&
              read_instant(graph, err) && counts_load(graph, &arena, err) &&
              counts_replay(graph, err);
    arena_release(&arena);
    return ok;
}

static void graph_free(struct graph *graph)
{
    if (graph->published) {
        store_view_release(graph->store, graph->published->view);
        schema_release(graph->published->schema);
        counts_release(graph->published->counts);
        free(graph->published);
    }
    extents_free(graph->extents);
    changes_free(graph->changes);
    counts_release(graph->counts_shared);
    schema_release(graph->head.schema);
    store_close(graph->store);
    if (graph->memory)
        graph->memory_release(graph->memory);
    free(graph->counts);
    pthread_mutex_destroy(&graph->mutex);
    free(graph->name);
    free(graph);
}

bool graph_open(struct store_shared *shared, const char *name, const char *dir, struct graph **out,
                struct error *err)
{
    struct store *store;

    if (!store_open(shared, dir, false, &store, err))
        return fail_in(err, "graph \"%s\"", name);
    struct graph *graph = xcalloc(1, sizeof(*graph));
    atomic_init(&graph->references, 1);
    pthread_mutex_init(&graph->mutex, NULL);
    graph->name = xstrdup(name);
    graph->store = store;
    if (!load(graph, err)) {
        graph_free(graph);
        return fail_in(err, "graph \"%s\"", name);
    }
    graph->changes = changes_new(graph->head.t);
    graph->extents = extents_new(graph->changes);
    graph_publish(graph, graph_snapshot_take(graph));
    *out = graph;
    return true;
}

struct graph *graph_retain(struct graph *graph)
{
    atomic_fetch_add(&graph->references, 1);
    return graph;
}

int graph_references(const struct graph *graph)
{
    return atomic_load(&graph->references);
}

void *graph_memory(const struct graph *graph)
{
    return graph->memory;
}

void graph_set_memory(struct graph *graph, void *memory, void (*release)(void *memory))
{
    assert(!graph->memory);
    graph->memory = memory;
    graph->memory_release = release;
}

void graph_on_close(struct graph *graph, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&graph->mutex);
    graph->on_close = fn;
    graph->on_close_arg = arg;
    pthread_mutex_unlock(&graph->mutex);
}

void graph_release(struct graph *graph)
{
    struct error ignored; /* counts that were not saved are counted again */

    if (!graph || atomic_fetch_sub(&graph->references, 1) != 1)
        return;
    if (!graph->stopped && graph->counts_saved_t != graph->head.t)
        (void)!counts_save(graph, &ignored);
    void (*on_close)(void *) = graph->on_close;
    void *arg = graph->on_close_arg;
    graph_free(graph);
    if (on_close)
        on_close(arg);
}

const char *graph_name(const struct graph *graph)
{
    return graph->name;
}

struct store *graph_store(struct graph *graph)
{
    return graph->store;
}

struct uuid graph_epoch(const struct graph *graph)
{
    return graph->epoch;
}

enum flexibility graph_flexibility(const struct graph *graph)
{
    return graph->flexibility;
}

uint32_t graph_base(const struct graph *graph)
{
    return graph->base;
}

struct head *graph_head(struct graph *graph)
{
    return &graph->head;
}

struct changes *graph_changes(struct graph *graph)
{
    return graph->changes;
}

/* --- snapshots --- */

struct snapshot *graph_snapshot_take(struct graph *graph)
{
    struct snapshot *snapshot = xcalloc(1, sizeof(*snapshot));
    const struct head *head = &graph->head;
    struct error err;

    if (head->t - graph->counts_saved_t >= COUNTS_SAVE_EVERY && !counts_save(graph, &err))
        graph_stop(graph, &err);
    atomic_init(&snapshot->references, 1);
    snapshot->graph = graph_retain(graph);
    snapshot->view = store_view_take(graph->store);
    snapshot->schema = schema_retain(head->schema);
    snapshot->counts = counts_share(graph);
    snapshot->extents = graph->extents;
    snapshot->t = head->t;
    snapshot->next_e = head->next_e;
    snapshot->next_a = head->next_a;
    snapshot->checksum = head->checksum;
    snapshot->datoms = head->datoms;
    snapshot->instant_ms = head->instant_ms;
    return snapshot;
}

/* One reference less, of those that do not hold the graph too. */
static void snapshot_unreference(struct snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub(&snapshot->references, 1) != 1)
        return;
    store_view_release(snapshot->graph->store, snapshot->view);
    schema_release(snapshot->schema);
    counts_release(snapshot->counts);
    snapshot_release(snapshot->under);
    free(snapshot);
}

struct snapshot *snapshot_retain(struct snapshot *snapshot)
{
    atomic_fetch_add(&snapshot->references, 1);
    graph_retain(snapshot->graph);
    return snapshot;
}

void snapshot_release(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    struct graph *graph = snapshot->graph;
    snapshot_unreference(snapshot);
    graph_release(graph);
}

/* The graph's own reference does not hold the graph, or it would never be closed. */
void graph_publish(struct graph *graph, struct snapshot *snapshot)
{
    assert(snapshot->graph == graph);
    pthread_mutex_lock(&graph->mutex);
    struct snapshot *before = graph->published;
    graph->published = snapshot;
    pthread_mutex_unlock(&graph->mutex);
    snapshot_unreference(before);
    graph_release(graph);
}

struct snapshot *graph_snapshot(struct graph *graph)
{
    pthread_mutex_lock(&graph->mutex);
    struct snapshot *snapshot = graph->published;
    atomic_fetch_add(&snapshot->references, 1);
    pthread_mutex_unlock(&graph->mutex);
    graph_retain(graph);
    return snapshot;
}

struct snapshot *snapshot_with(struct snapshot *under, struct store_batch *batch,
                               struct schema *schema)
{
    struct snapshot *snapshot = xcalloc(1, sizeof(*snapshot));

    atomic_init(&snapshot->references, 1);
    snapshot->under = snapshot_retain(under);
    snapshot->graph = graph_retain(under->graph);
    snapshot->view = store_view_with(under->view, batch);
    snapshot->schema = schema_retain(schema);
    atomic_fetch_add(&under->counts->references, 1); /* near enough for estimates */
    snapshot->counts = under->counts;
    snapshot->t = under->t + 1;
    return snapshot;
}

struct db snapshot_db(const struct snapshot *snapshot)
{
    return (struct db){
        .store = snapshot->graph->store,
        .view = snapshot->view,
        .schema = snapshot->schema,
        .extents = snapshot->extents,
        .t = snapshot->t,
        .as_of = T_MAX,
        .speculative = snapshot->under != NULL,
    };
}

struct db graph_writer_db(struct graph *graph)
{
    return (struct db){
        .store = graph->store,
        .schema = graph->head.schema,
        .t = graph->head.t,
        .as_of = T_MAX,
    };
}

void graph_stop(struct graph *graph, const struct error *reason)
{
    pthread_mutex_lock(&graph->mutex);
    if (!graph->stopped) {
        graph->stopped = true;
        graph->reason = *reason;
    }
    pthread_mutex_unlock(&graph->mutex);
}

bool graph_check(struct graph *graph, struct error *err)
{
    pthread_mutex_lock(&graph->mutex);
    bool ok = !graph->stopped;
    if (!ok)
        *err = graph->reason;
    pthread_mutex_unlock(&graph->mutex);
    return ok;
}
