/* What clients ask and need, as requests to txd (BUS.md), and what txd answers, as results. */
#ifndef STOA_GATEWAY_FORWARD_H
#define STOA_GATEWAY_FORWARD_H

#include "common/buffer.h"
#include "gateway/bus.h"
#include "proto/message.h"

/* Appends a transaction for a lane, and gives its tx_id, which is made where the client gave none.
 * `user` is encoded MessagePack; `session` is empty for HTTP. */
struct uuid forward_transaction(struct buffer *out, const struct message *message,
                                struct bytes user, struct bytes session);

/* Adds t, tx and tempids of txd's result. With `text_keys`, for JSON, a tempid -1 is "-1". */
void forward_result(struct value_builder *map, struct arena *arena, const struct value *result,
                    bool text_keys);

/* What names a reading at txd: a uuid, "-", a number, NUL. */
#define FORWARD_READER_BYTES (UUID_TEXT_BYTES + 21)

/* Appends the request of a query, pull or index; `reader` is its name, by which it is cancelled. */
void forward_read(struct buffer *out, const struct message *message, struct bytes graph,
                  struct bytes reader);

/* Appends the request that cancels it. */
void forward_cancel(struct buffer *out, struct bytes reader);

/* How long txd may take for it, in all. */
int64_t forward_read_timeout_ms(const struct message *message);

/* Adds what txd answered to a read. */
void forward_answer(struct value_builder *map, struct arena *arena, const struct value *answer);

/* A page of the graph's log. */
struct forward_log {
    struct bytes graph;
    struct uuid epoch;
    uint32_t from; /* the first t */
};

/* Asks txd for it. `fn` is called exactly once, perhaps before this returns. */
void forward_log(struct bus *bus, const struct forward_log *log, bus_answer_fn fn, void *arg);

#endif
