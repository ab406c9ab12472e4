#include "gateway/outbox.h"

#include "gateway/metrics.h"

#include <assert.h>
#include <stdlib.h>

struct outgoing {
    struct outgoing *next;
    uint32_t after_t; /* of a held result */
    bool page;
    struct blob *blob;
};

static struct outgoing *outgoing_new(struct blob *blob)
{
    struct outgoing *item = xmalloc(sizeof(*item));

    *item = (struct outgoing){ .blob = blob_retain(blob) };
    return item;
}

static void outgoing_free(struct outgoing *item)
{
    blob_release(item->blob);
    free(item);
}

void outbox_open(struct outbox *outbox)
{
    *outbox = (struct outbox){ 0 };
    outbox->tail = &outbox->head;
}

static void append(struct outbox *outbox, struct outgoing *item)
{
    item->next = NULL;
    *outbox->tail = item;
    outbox->tail = &item->next;
    outbox->bytes += item->blob->len;
    outbox->page_bytes += item->page ? item->blob->len : 0;
    metrics_add(METRIC_QUEUE_BYTES, (int64_t)item->blob->len);
}

static struct outgoing *shift(struct outbox *outbox)
{
    struct outgoing *item = outbox->head;

    outbox->head = item->next;
    if (!outbox->head)
        outbox->tail = &outbox->head;
    outbox->bytes -= item->blob->len;
    outbox->page_bytes -= item->page ? item->blob->len : 0;
    metrics_add(METRIC_QUEUE_BYTES, -(int64_t)item->blob->len);
    return item;
}

static struct outgoing *unhold(struct outbox *outbox)
{
    struct outgoing *item = outbox->held;

    outbox->held = item->next;
    outbox->held_count--;
    return item;
}

void outbox_clear(struct outbox *outbox)
{
    while (outbox->head)
        outgoing_free(shift(outbox));
    while (outbox->held)
        outgoing_free(unhold(outbox));
}

void outbox_push(struct outbox *outbox, struct blob *message)
{
    append(outbox, outgoing_new(message));
}

void outbox_push_page(struct outbox *outbox, struct blob *message)
{
    struct outgoing *item = outgoing_new(message);

    item->page = true;
    append(outbox, item);
}

void outbox_hold(struct outbox *outbox, uint32_t t, struct blob *message)
{
    struct outgoing **at = &outbox->held, *item = outgoing_new(message);

    while (*at && (*at)->after_t <= t)
        at = &(*at)->next;
    item->after_t = t;
    item->next = *at;
    *at = item;
    outbox->held_count++;
}

bool outbox_release(struct outbox *outbox, uint32_t next_t)
{
    bool any = false;

    while (outbox->held && outbox->held->after_t < next_t) {
        append(outbox, unhold(outbox));
        any = true;
    }
    return any;
}

uint32_t outbox_held_t(const struct outbox *outbox)
{
    return outbox->held ? outbox->held->after_t : 0;
}

bool outbox_take(struct outbox *outbox, struct frame *frame, size_t bytes_max)
{
    assert(outbox->head);
    struct bytes message = blob_bytes(outbox->head->blob);
    if (!frame_fits(frame, message.len, bytes_max))
        return false;
    frame_add(frame, message);
    outgoing_free(shift(outbox));
    return true;
}

size_t outbox_behind(const struct outbox *outbox)
{
    const struct outgoing *next = outbox->head;
    size_t behind = outbox->bytes - outbox->page_bytes;

    return next && !next->page ? behind - next->blob->len : behind;
}
