/*
 * Transactions on their way to txd. One request of a lane is under way at a time, and what comes
 * meanwhile is joined into the next: so the transactions of a socket, which always go by the
 * same lane, keep their order, and a round trip carries as many as are waiting.
 *
 * A request without an answer is sent again, which its tx_ids make safe, as long as txd may come
 * back in time.
 */
#ifndef STOA_GATEWAY_LANE_H
#define STOA_GATEWAY_LANE_H

#include "gateway/bus.h"

/* How long a transaction waits for a txd that is away. */
#define LANE_PATIENCE_MS 10000

/* `result` is txd's map {t, tx, tempids}, for the time of the call. With an `error` it is {t,
 * error} of a transaction that txd refused on that t, or NULL. */
typedef void (*lane_result_fn)(void *arg, const struct value *result, const struct error *error);

/* What txd answered to a request, before its results are given out; for the time of the call. */
typedef void (*lane_answer_fn)(void *arg, const struct value *answer);

struct lane_transaction;

struct lane {
    struct bus *bus;
    const char *graph;
    lane_answer_fn answered;
    void *arg;
    struct lane_transaction *head, **tail; /* waiting */
    struct lane_transaction *sent;         /* under way */
    size_t count, bytes;                   /* waiting */
};

void lane_open(struct lane *lane, struct bus *bus, const char *graph, lane_answer_fn answered,
               void *arg);

/* Nothing may be under way: lane_is_idle(). */
void lane_close(struct lane *lane);
bool lane_is_idle(const struct lane *lane);

/* Copies `transaction`, the encoded map {tx_id, tx_data, ...} of BUS.md. On true `fn` will be
 * called exactly once, perhaps before this returns. An `unavailable` that it is called with does
 * not say whether the transaction has been committed, and so names its tx_id. Errors: busy when too
 * many wait. */
bool lane_add(struct lane *lane, const struct uuid *tx_id, struct bytes transaction,
              lane_result_fn fn, void *arg, struct error *err) MUST_USE;

#endif
