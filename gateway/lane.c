#include "gateway/lane.h"

#include "common/clock.h"
#include "gateway/metrics.h"
#include "proto/bus.h"
#include "proto/mp.h"

#include <assert.h>
#include <stdlib.h>

#define WAITING_MAX       32768
#define WAITING_BYTES_MAX (64 << 20)

/* One request; a transaction that is larger by itself goes alone. */
#define REQUEST_BYTES_MAX (8 << 20)

#define TIMEOUT_MS 60000

struct lane_transaction {
    struct lane_transaction *next;
    int64_t arrived_us;
    struct uuid tx_id;
    lane_result_fn fn;
    void *arg;
    size_t len;
    char data[];
};

void lane_open(struct lane *lane, struct bus *bus, const char *graph, lane_answer_fn answered,
               void *arg)
{
    *lane = (struct lane){ .bus = bus, .graph = graph, .answered = answered, .arg = arg };
    lane->tail = &lane->head;
}

bool lane_is_idle(const struct lane *lane)
{
    return !lane->head && !lane->sent;
}

void lane_close(struct lane *lane)
{
    assert(lane_is_idle(lane));
}

static void lane_send(struct lane *lane);

static void finish(struct lane_transaction *transaction, const struct value *result,
                   const struct error *error)
{
    char tx_id[UUID_TEXT_BYTES];
    struct error doubtful;

    if (error && error->kind == ERROR_UNAVAILABLE) {
        uuid_format(&transaction->tx_id, tx_id);
        fail(&doubtful, ERROR_UNAVAILABLE,
             "%s (with tx_id %s: so the transaction is committed once, whether or not it has been "
             "already)",
             error->message, tx_id);
        error = &doubtful;
    }
    metrics_observe(HISTOGRAM_TRANSACT, clock_monotonic_us() - transaction->arrived_us);
    transaction->fn(transaction->arg, result, error);
    free(transaction);
}

/* Cuts what may go in one request off the head of what waits. */
static uint32_t take_batch(struct lane *lane)
{
    struct lane_transaction **end = &lane->head;
    size_t bytes = 0;
    uint32_t count = 0;

    while (*end && count < BUS_TRANSACTIONS_MAX &&
           (count == 0 || bytes + (*end)->len <= REQUEST_BYTES_MAX)) {
        bytes += (*end)->len;
        count++;
        end = &(*end)->next;
    }
    lane->sent = lane->head;
    lane->head = *end;
    *end = NULL;
    if (!lane->head)
        lane->tail = &lane->head;
    lane->count -= count;
    lane->bytes -= bytes;
    return count;
}

/* Those that have waited as long as the one that failed would fail likewise. */
static void expire(struct lane *lane, const struct error *error)
{
    int64_t limit = clock_monotonic_us() - LANE_PATIENCE_MS * INT64_C(1000);

    while (lane->head && lane->head->arrived_us < limit) {
        struct lane_transaction *transaction = lane->head;
        lane->head = transaction->next;
        if (!lane->head)
            lane->tail = &lane->head;
        lane->count--;
        lane->bytes -= transaction->len;
        finish(transaction, NULL, error);
    }
}

static void on_answer(void *arg, const struct value *answer, const struct error *error)
{
    struct lane *lane = arg;
    struct lane_transaction *next, *at = lane->sent;
    const struct value *results = error ? NULL : value_get(answer, "results");
    struct error fault, refusal;

    fail(&fault, ERROR_FAULT, "txd answered fewer transactions than it was sent");
    lane->sent = NULL;
    if (lane->head && !error)
        lane_send(lane); /* before the results are dealt with, so that txd is not kept waiting */
    if (!error)
        lane->answered(lane->arg, answer);
    for (uint32_t i = 0; at; i++, at = next) {
        next = at->next;
        if (error)
            finish(at, NULL, error);
        else if (!results || i >= results->count)
            finish(at, NULL, &fault);
        else if (!bus_read_answer(&results->items[i], &refusal))
            finish(at, &results->items[i], &refusal);
        else
            finish(at, &results->items[i], NULL);
    }
    if (error && error->kind == ERROR_UNAVAILABLE)
        expire(lane, error);
    if (lane->head && !lane->sent)
        lane_send(lane);
}

static void lane_send(struct lane *lane)
{
    struct buffer text = { 0 };
    struct error error;
    uint32_t count = take_batch(lane);

    mp_write_map(&text, 3);
    mp_write_string(&text, BYTES("type"));
    mp_write_string(&text, BYTES("transact"));
    mp_write_string(&text, BYTES("graph"));
    mp_write_string(&text, bytes_of(lane->graph));
    mp_write_string(&text, BYTES("txs"));
    mp_write_array(&text, count);
    for (const struct lane_transaction *at = lane->sent; at; at = at->next)
        buffer_append(&text, at->data, at->len);
    metrics_add(METRIC_TRANSACTIONS, count);
    struct bus_call call = { .request = buffer_bytes(&text),
                             .class = BUS_QUICK,
                             .repeatable = true,
                             .timeout_ms = TIMEOUT_MS,
                             .patience_ms = LANE_PATIENCE_MS,
                             .fn = on_answer,
                             .arg = lane };
    if (!bus_request(lane->bus, &call, &error))
        on_answer(lane, NULL, &error);
    buffer_release(&text);
}

bool lane_add(struct lane *lane, const struct uuid *tx_id, struct bytes transaction,
              lane_result_fn fn, void *arg, struct error *err)
{
    if (lane->count >= WAITING_MAX || lane->bytes >= WAITING_BYTES_MAX)
        return fail(err, ERROR_BUSY, "%zu transactions wait for txd; try again later", lane->count);
    struct lane_transaction *added = xmalloc(sizeof(*added) + transaction.len);
    *added = (struct lane_transaction){ .arrived_us = clock_monotonic_us(),
                                        .tx_id = *tx_id,
                                        .fn = fn,
                                        .arg = arg,
                                        .len = transaction.len };
    memcpy(added->data, transaction.data, transaction.len);
    *lane->tail = added;
    lane->tail = &added->next;
    lane->count++;
    lane->bytes += transaction.len;
    if (!lane->sent)
        lane_send(lane);
    return true;
}
