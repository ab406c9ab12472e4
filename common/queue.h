/*
 * A bounded first-in first-out queue between threads. Items are the caller's structs with a
 * struct queue_item inside (use CONTAINER_OF to get back), so that queueing never allocates.
 */
#ifndef STOA_COMMON_QUEUE_H
#define STOA_COMMON_QUEUE_H

#include "common/memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct queue_item {
    struct queue_item *next;
};

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    struct queue_item *head, **tail;
    size_t count, count_max;
    bool closed;
};

void queue_init(struct queue *queue, size_t count_max);

/* The queue must be empty. */
void queue_destroy(struct queue *queue);

/* False, and the item stays the caller's, when the queue is full or closed. */
bool queue_push(struct queue *queue, struct queue_item *item) MUST_USE;

/* Waits for an item; NULL when the queue is closed and empty. */
struct queue_item *queue_pop(struct queue *queue);

/* No more pushes; poppers get what is left, then NULL. */
void queue_close(struct queue *queue);

#endif
