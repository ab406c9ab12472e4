#include "common/queue.h"

#include <assert.h>

void queue_init(struct queue *queue, size_t count_max)
{
    *queue = (struct queue){ .count_max = count_max };
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->filled, NULL);
    queue->tail = &queue->head;
}

void queue_destroy(struct queue *queue)
{
    assert(!queue->head);
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->mutex);
}

bool queue_push(struct queue *queue, struct queue_item *item)
{
    bool accepted = false;

    pthread_mutex_lock(&queue->mutex);
    if (!queue->closed && queue->count < queue->count_max) {
        item->next = NULL;
        *queue->tail = item;
        queue->tail = &item->next;
        queue->count++;
        accepted = true;
        pthread_cond_signal(&queue->filled);
    }
    pthread_mutex_unlock(&queue->mutex);
    return accepted;
}

struct queue_item *queue_pop(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    while (!queue->head && !queue->closed)
        pthread_cond_wait(&queue->filled, &queue->mutex);
    struct queue_item *item = queue->head;
    if (item) {
        queue->head = item->next;
        if (!queue->head)
            queue->tail = &queue->head;
        queue->count--;
        item->next = NULL;
    }
    pthread_mutex_unlock(&queue->mutex);
    return item;
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->mutex);
}
