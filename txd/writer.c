/*
 * What a kill at each step leaves:
 *
 *   before store_write (in tx_transact)  nothing of the transaction
 *   after it, before the fsync           the WAL may or may not have it, whole, and with it all
 *                                        before it; nobody was told, and a retry by tx_id finds out
 *   after the fsync                      it is there for ever; clients that missed the feed or the
 *                                        answer, whichever was to be first, get it from the log
 *
 * A failed write or fsync stops the graph: what the disk holds is unknown, so nothing is
 * acknowledged after it, and opening it again brings back what was durable.
 */
#include "txd/writer.h"

#include "common/crash.h"
#include "common/hashmap.h"
#include "common/log.h"
#include "proto/bus.h"
#include "proto/mp.h"
#include "txd/tx/tx.h"

#include <assert.h>
#include <stdlib.h>

/* The first results of transactions that are there already: an answer holds so much of them, and
 * one more, and is far below LIMIT_BUS_BYTES with what the transactions of its request add. */
#define REPLAYED_BYTES_MAX ((size_t)16 << 20)

/* One transaction of a request, once it has been tried. */
struct outcome {
    bool ok;
    struct tx_result result; /* if not ok, only the t that it was refused on */
    struct error *error;
};

/* A request on its way through the pipeline; lives in the request's arena. */
struct job {
    struct job *next;
    struct request *request;
    const struct value *txs;  /* of request->body */
    struct outcome *outcomes; /* one for each of txs->items */
};

struct job_list {
    struct job *first, **last;
};

struct lane;

/* A stage of a lane that waits for a thread. */
struct task {
    struct queue_item item;
    void (*run)(struct writer *writer, struct lane *lane);
    struct lane *lane;
};

/* The pipeline of one graph; exists while something is in it. */
struct lane {
    struct task apply, sync;
    struct graph *graph;
    struct job_list waiting, applied;
    uint64_t waiting_count;    /* transactions in `waiting` */
    struct snapshot *snapshot; /* after the last job of `applied` */
    bool wrote;                /* `applied` has a job that wrote */
    bool applying, syncing;    /* a thread is at that stage, or the task waits for one */
};

struct writer {
    struct writer_options options;
    struct server *server;
    pthread_mutex_t mutex; /* of everything below, and of all lanes */
    struct hashmap lanes;  /* by the graph's address */
    uint64_t waiting_count;
    struct queue tasks;
    pthread_t *threads;
};

static void job_list_add(struct job_list *list, struct job *job)
{
    job->next = NULL;
    if (!list->first)
        list->last = &list->first;
    *list->last = job;
    list->last = &job->next;
}

static struct job *job_list_take(struct job_list *list)
{
    struct job *jobs = list->first;

    list->first = NULL;
    return jobs;
}

static struct bytes lane_key(struct graph *const *graph)
{
    return (struct bytes){ (const char *)graph, sizeof(void *) }; /* the address itself */
}

/* Every lane has two tasks and there is room for them all, so none is refused. */
static void run(struct writer *writer, struct task *task)
{
    if (!queue_push(&writer->tasks, &task->item))
        abort();
}

/* With the mutex held: forgets the lane when nothing is in it. The graph is the caller's to
 * release, without the mutex: the last one closes it, and removes its files when it was dropped. */
static struct graph *lane_rest(struct writer *writer, struct lane *lane)
{
    struct graph *graph = lane->graph;

    if (lane->applying || lane->syncing)
        return NULL;
    assert(!lane->waiting.first && !lane->applied.first);
    hashmap_remove(&writer->lanes, lane_key(&graph));
    free(lane);
    return graph;
}

static bool request_of(const struct value *tx, struct tx_request *out, struct error *err)
{
    const struct value *tx_data = value_get(tx, "tx_data"), *meta = value_get(tx, "meta"),
                       *user = value_get(tx, "user"), *tx_id = value_get(tx, "tx_id");

    *out = (struct tx_request){ 0 };
    if (tx->type != VALUE_MAP || !tx_data)
        return fail(err, ERROR_INCORRECT, "\"tx_data\" is missing");
    out->tx_data = *tx_data;
    if (meta)
        out->meta = *meta;
    if (user)
        out->user = *user;
    out->has_tx_id = tx_id && tx_id->type != VALUE_NIL;
    return bus_field_uuid(tx, "tx_id", false, &out->tx_id, err) &&
           bus_field_text(tx, "session", false, &out->session, err);
}

/* Applies the transactions of one job; true when one of them wrote. */
static bool job_apply(struct graph *graph, struct job *job)
{
    struct arena *arena = &job->request->arena;
    size_t replayed_bytes = 0;
    bool wrote = false;

    for (uint32_t i = 0; i < job->txs->count; i++) {
        struct outcome *outcome = &job->outcomes[i];
        struct tx_request request;
        struct error err;

        outcome->ok =
            (replayed_bytes < REPLAYED_BYTES_MAX ||
             fail(&err, ERROR_BUSY, "too many large results are asked for again; retry later")) &&
            request_of(&job->txs->items[i], &request, &err) &&
            tx_transact(graph, &request, arena, &outcome->result, &err);
        if (outcome->ok) {
            wrote = wrote || !outcome->result.replayed;
            replayed_bytes += outcome->result.replayed ? outcome->result.tempids.len : 0;
        } else {
            outcome->result.t = graph_head(graph)->t;
            outcome->error = arena_alloc(arena, sizeof(err));
            *outcome->error = err;
        }
    }
    return wrote;
}

struct bytes graph_topic(struct arena *arena, struct bytes name)
{
    return arena_printf(arena, BUS_TOPIC_GRAPH "%.*s", (int)name.len, name.data);
}

/* What every feed message of a graph begins with; `entries` more follow. */
static void write_feed_head(struct buffer *out, uint32_t entries, struct bytes type,
                            struct uuid epoch)
{
    struct value id = value_uuid(epoch);

    mp_write_map(out, 2 + entries);
    mp_write_string(out, BYTES("type"));
    mp_write_string(out, type);
    mp_write_string(out, BYTES("epoch"));
    mp_write(out, &id);
}

void writer_publish_head(struct server *server, const struct snapshot *snapshot)
{
    struct arena arena = { 0 };
    struct buffer message = { 0 };

    write_feed_head(&message, 2, BYTES("head"), graph_epoch(snapshot->graph));
    mp_write_string(&message, BYTES("t"));
    mp_write_long(&message, snapshot->t);
    mp_write_string(&message, BYTES("checksum"));
    bus_write_checksum(&message, snapshot->checksum);
    server_publish(server, graph_topic(&arena, bytes_of(graph_name(snapshot->graph))),
                   buffer_bytes(&message));
    buffer_release(&message);
    arena_release(&arena);
}

/* Transactions on their way to the feed, joined: a message costs nng and both ends more than what
 * is in it. An answer may bring them before they are sent. */
struct publication {
    struct server *server;
    struct graph *graph;
    uint32_t count;
    struct buffer txs;
};

/* The entry "txs" of a map. */
static void publication_write(const struct publication *publication, struct buffer *out)
{
    mp_write_string(out, BYTES("txs"));
    mp_write_array(out, publication->count);
    buffer_append_bytes(out, buffer_bytes(&publication->txs));
}

/* Nothing, when it is empty. */
static void publication_send(struct publication *publication)
{
    struct arena arena = { 0 };
    struct buffer message = { 0 };

    if (!publication->count)
        return;
    crash_point("before-publish");
    write_feed_head(&message, 1, BYTES("txs"), graph_epoch(publication->graph));
    publication_write(publication, &message);
    server_publish(publication->server,
                   graph_topic(&arena, bytes_of(graph_name(publication->graph))),
                   buffer_bytes(&message));
    buffer_clear(&publication->txs);
    publication->count = 0;
    buffer_release(&message);
    arena_release(&arena);
}

static void publication_add(struct publication *publication, const struct tx_result *result)
{
    struct buffer *txs = &publication->txs;

    if (publication->count && txs->len + result->message.len > BUS_FEED_BYTES)
        publication_send(publication);
    mp_write_array(txs, 3);
    mp_write_long(txs, result->t);
    bus_write_checksum(txs, result->checksum);
    mp_write_bytes(txs, result->message);
    publication->count++;
}

static void publication_add_job(struct publication *publication, const struct job *job)
{
    for (uint32_t i = 0; i < job->txs->count; i++)
        if (job->outcomes[i].ok && !job->outcomes[i].result.replayed)
            publication_add(publication, &job->outcomes[i].result);
}

/* With what is still to be published, which is this job's own. */
static void job_answer(struct job *job, const struct publication *publication)
{
    struct buffer *reply = &job->request->reply;
    struct value epoch = value_uuid(graph_epoch(publication->graph));

    mp_write_map(reply, publication->count ? 3 : 2);
    mp_write_string(reply, BYTES("epoch"));
    mp_write(reply, &epoch);
    if (publication->count)
        publication_write(publication, reply);
    mp_write_string(reply, BYTES("results"));
    mp_write_array(reply, job->txs->count);
    for (uint32_t i = 0; i < job->txs->count; i++) {
        const struct outcome *outcome = &job->outcomes[i];
        mp_write_map(reply, outcome->ok ? 3 : 2);
        mp_write_string(reply, BYTES("t"));
        mp_write_long(reply, outcome->result.t);
        if (!outcome->ok) {
            bus_write_error(reply, outcome->error);
            continue;
        }
        mp_write_string(reply, BYTES("tx"));
        mp_write_long(reply, outcome->result.tx);
        mp_write_string(reply, BYTES("tempids"));
        buffer_append_bytes(reply, outcome->result.tempids);
    }
    server_reply(job->request);
}

/* The disk did not take what was applied: nothing of it may be acknowledged. */
static void jobs_fail(struct job *jobs, const struct error *err)
{
    for (struct job *job = jobs, *next; job; job = next) {
        next = job->next;
        server_reply_error(job->request, err);
    }
}

/* A request that was synced alone is answered first, and with what it wrote: so whoever waits for
 * it waits neither for the feed to leave nor for it to come. */
static void jobs_finish(struct writer *writer, struct graph *graph, struct job *jobs)
{
    struct publication publication = { .server = writer->server, .graph = graph };

    assert(jobs); /* only what was applied is synced */
    for (const struct job *job = jobs; job; job = job->next)
        publication_add_job(&publication, job);
    if (jobs->next || publication.txs.len > BUS_ANSWER_BYTES)
        publication_send(&publication);
    crash_point("before-reply");
    for (struct job *job = jobs, *next; job; job = next) {
        next = job->next; /* the job lives in the request's arena, which the answer empties */
        job_answer(job, &publication);
    }
    publication_send(&publication);
    buffer_release(&publication.txs);
}

static void lane_sync(struct writer *writer, struct lane *lane)
{
    struct error err;

    pthread_mutex_lock(&writer->mutex);
    struct job *jobs = job_list_take(&lane->applied);
    struct snapshot *snapshot = lane->snapshot;
    bool wrote = lane->wrote;
    lane->snapshot = NULL;
    lane->wrote = false;
    pthread_mutex_unlock(&writer->mutex);

    crash_point("before-sync");
    if (wrote && graph_check(lane->graph, &err) && !store_sync(graph_store(lane->graph), &err)) {
        graph_stop(lane->graph, &err);
        log_error("graph %s is stopped: %s", graph_name(lane->graph), err.message);
    }
    crash_point("after-sync");
    if (!graph_check(lane->graph, &err)) { /* a replay may stand on what was not made durable */
        snapshot_release(snapshot);
        jobs_fail(jobs, &err);
    } else {
        if (snapshot)
            graph_publish(lane->graph, snapshot);
        jobs_finish(writer, lane->graph, jobs);
    }

    struct graph *rests = NULL;
    pthread_mutex_lock(&writer->mutex);
    lane->syncing = lane->applied.first != NULL;
    if (lane->syncing)
        run(writer, &lane->sync);
    else
        rests = lane_rest(writer, lane);
    pthread_mutex_unlock(&writer->mutex);
    graph_release(rests);
}

static void lane_apply(struct writer *writer, struct lane *lane)
{
    bool wrote = false;

    pthread_mutex_lock(&writer->mutex);
    struct job *jobs = job_list_take(&lane->waiting);
    writer->waiting_count -= lane->waiting_count;
    lane->waiting_count = 0;
    pthread_mutex_unlock(&writer->mutex);

    for (struct job *job = jobs; job; job = job->next)
        wrote = job_apply(lane->graph, job) || wrote;
    struct snapshot *snapshot = wrote ? graph_snapshot_take(lane->graph) : NULL;

    pthread_mutex_lock(&writer->mutex);
    for (struct job *job = jobs, *next; job; job = next) {
        next = job->next;
        job_list_add(&lane->applied, job);
    }
    struct snapshot *older = NULL;
    if (wrote) { /* the newer one covers what an older one, still not synced, would have shown */
        older = lane->snapshot;
        lane->snapshot = snapshot;
        lane->wrote = true;
    }
    bool sync = !lane->syncing;
    lane->syncing = true;
    lane->applying = lane->waiting.first != NULL;
    if (lane->applying)
        run(writer, &lane->apply);
    pthread_mutex_unlock(&writer->mutex);
    snapshot_release(older);
    if (sync) /* on this thread, so that a lone transaction waits for no other to wake */
        lane_sync(writer, lane);
}

static void *writer_thread(void *arg)
{
    struct writer *writer = arg;

    for (struct queue_item *item; (item = queue_pop(&writer->tasks));) {
        struct task *task = CONTAINER_OF(item, struct task, item);
        task->run(writer, task->lane);
    }
    return NULL;
}

static struct lane *lane_of(struct writer *writer, struct graph *graph)
{
    struct lane *lane = hashmap_get(&writer->lanes, lane_key(&graph));

    if (lane) {
        graph_release(graph); /* the lane holds one already */
        return lane;
    }
    lane = xcalloc(1, sizeof(*lane));
    lane->graph = graph;
    lane->apply = (struct task){ .run = lane_apply, .lane = lane };
    lane->sync = (struct task){ .run = lane_sync, .lane = lane };
    hashmap_put(&writer->lanes, lane_key(&graph), lane);
    return lane;
}

void writer_submit(struct writer *writer, struct graph *graph, struct request *request)
{
    const struct value *txs = value_get(&request->body, "txs");
    struct error err;

    if (!txs || txs->type != VALUE_VECTOR || txs->count > BUS_TRANSACTIONS_MAX) {
        graph_release(graph);
        fail(&err, ERROR_INCORRECT, "\"txs\" must be an array of at most %d transactions",
             BUS_TRANSACTIONS_MAX);
        server_reply_error(request, &err);
        return;
    }
    struct job *job = ARENA_NEW(&request->arena, struct job);
    job->request = request;
    job->txs = txs;
    job->outcomes = ARENA_ARRAY(&request->arena, struct outcome, txs->count);

    pthread_mutex_lock(&writer->mutex);
    struct lane *lane = lane_of(writer, graph);
    bool full =
        lane->waiting_count && lane->waiting_count + txs->count > writer->options.waiting_max;
    if (!full) {
        job_list_add(&lane->waiting, job);
        lane->waiting_count += txs->count;
        writer->waiting_count += txs->count;
        if (!lane->applying) {
            lane->applying = true;
            run(writer, &lane->apply);
        }
    }
    pthread_mutex_unlock(&writer->mutex);
    if (full) {
        fail(&err, ERROR_BUSY, "%u transactions wait for this graph already; retry later",
             writer->options.waiting_max);
        server_reply_error(request, &err);
    }
}

uint64_t writer_waiting(struct writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    uint64_t count = writer->waiting_count;
    pthread_mutex_unlock(&writer->mutex);
    return count;
}

struct writer *writer_open(const struct writer_options *options, struct server *server)
{
    struct writer *writer = xcalloc(1, sizeof(*writer));

    writer->options = *options;
    writer->server = server;
    pthread_mutex_init(&writer->mutex, NULL);
    queue_init(&writer->tasks, SIZE_MAX);
    writer->threads = xcalloc(options->threads, sizeof(*writer->threads));
    for (uint32_t i = 0; i < options->threads; i++)
        if (pthread_create(&writer->threads[i], NULL, writer_thread, writer) != 0)
            abort(); /* no threads: nothing can work */
    return writer;
}

void writer_close(struct writer *writer)
{
    if (!writer)
        return;
    queue_close(&writer->tasks);
    for (uint32_t i = 0; i < writer->options.threads; i++)
        pthread_join(writer->threads[i], NULL);
    assert(writer->lanes.count == 0);
    hashmap_release(&writer->lanes);
    queue_destroy(&writer->tasks);
    pthread_mutex_destroy(&writer->mutex);
    free(writer->threads);
    free(writer);
}
