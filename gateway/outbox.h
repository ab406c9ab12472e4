/*
 * The messages for one session alone that wait to be sent, and the results that are held back until
 * the session has been sent their tx. Messages are shared by reference.
 *
 * What the session asked for itself because there was room, pages of the log and of snapshots, is
 * told from the rest: it says nothing of how far the client is behind.
 */
#ifndef STOA_GATEWAY_OUTBOX_H
#define STOA_GATEWAY_OUTBOX_H

#include "gateway/encode.h"

struct outgoing; /* a message that waits */

struct outbox {
    struct outgoing *head, **tail;
    struct outgoing *held; /* by t */
    size_t bytes, page_bytes;
    size_t held_count;
};

void outbox_open(struct outbox *outbox);

/* Drops everything; it can be used again. */
void outbox_clear(struct outbox *outbox);

void outbox_push(struct outbox *outbox, struct blob *message);
void outbox_push_page(struct outbox *outbox, struct blob *message);

/* Keeps the result of the transaction t; then see outbox_release(). */
void outbox_hold(struct outbox *outbox, uint32_t t, struct blob *message);

/* Lets go the results of what came before `next_t`; false when there are none. */
bool outbox_release(struct outbox *outbox, uint32_t next_t);

/* The first t whose result is held; 0 when none is. */
uint32_t outbox_held_t(const struct outbox *outbox);

/* Moves the first message into the frame, which may grow to `bytes_max` unless it is empty; false
 * when it does not fit. There must be one. */
bool outbox_take(struct outbox *outbox, struct frame *frame, size_t bytes_max);

/* How much the client is behind: what waits, but for pages and the message that is next, however
 * large they are. */
size_t outbox_behind(const struct outbox *outbox);

static inline bool outbox_empty(const struct outbox *outbox)
{
    return !outbox->head;
}

#endif
