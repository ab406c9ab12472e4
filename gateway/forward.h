/* What clients ask, as requests to txd (BUS.md), and what txd answers, as results. */
#ifndef STOA_GATEWAY_FORWARD_H
#define STOA_GATEWAY_FORWARD_H

#include "common/buffer.h"
#include "proto/message.h"

/* Appends a transaction for a lane. `user` is encoded MessagePack; `session` is empty for HTTP. A
 * tx_id is made where the client gave none. */
void forward_transaction(struct buffer *out, const struct message *message, struct bytes user,
                         struct bytes session);

/* Adds t, tx and tempids of txd's result. With `text_keys`, for JSON, a tempid -1 is "-1". */
void forward_result(struct value_builder *map, struct arena *arena, const struct value *result,
                    bool text_keys);

/* Appends the request of a query, pull or index. */
void forward_read(struct buffer *out, const struct message *message, struct bytes graph);

/* How long txd may take for it, in all. */
int64_t forward_read_timeout_ms(const struct message *message);

/* Adds what txd answered to a read. */
void forward_answer(struct value_builder *map, struct arena *arena, const struct value *answer);

#endif
