#include "gateway/inbox.h"

#include "common/memory.h"

#include <stdlib.h>

void inbox_open(struct inbox *inbox, size_t feed_bytes_max, void (*wake)(void *arg), void *arg)
{
    *inbox = (struct inbox){ .wake = wake, .arg = arg, .feed_bytes_max = feed_bytes_max };
    inbox->tail = &inbox->head;
    pthread_mutex_init(&inbox->mutex, NULL);
}

void inbox_put(struct inbox *inbox, const struct arrival *what)
{
    struct arrival *arrival = xmalloc(sizeof(*arrival));
    size_t bytes = what->type == ARRIVAL_FEED ? nng_msg_len(what->message) : 0;

    *arrival = *what;
    arrival->next = NULL;
    pthread_mutex_lock(&inbox->mutex);
    bool was_empty = !inbox->head;
    bool drop = inbox->closed || (bytes && inbox->feed_bytes + bytes > inbox->feed_bytes_max);
    if (!drop) {
        inbox->feed_bytes += bytes;
        *inbox->tail = arrival;
        inbox->tail = &arrival->next;
    }
    if (!drop && was_empty)
        inbox->wake(inbox->arg);
    pthread_mutex_unlock(&inbox->mutex);
    if (drop)
        arrival_free(arrival);
}

struct arrival *inbox_take(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    struct arrival *head = inbox->head;
    inbox->head = NULL;
    inbox->tail = &inbox->head;
    inbox->feed_bytes = 0;
    pthread_mutex_unlock(&inbox->mutex);
    return head;
}

void inbox_close(struct inbox *inbox)
{
    struct arrival *next;

    pthread_mutex_lock(&inbox->mutex);
    inbox->closed = true;
    pthread_mutex_unlock(&inbox->mutex);
    for (struct arrival *at = inbox_take(inbox); at; at = next) {
        next = at->next;
        arrival_free(at);
    }
}

void arrival_free(struct arrival *arrival)
{
    if (arrival->message)
        nng_msg_free(arrival->message);
    free(arrival);
}
