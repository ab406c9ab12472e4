#include "common/queue.h"

#include <assert.h>
#include <semaphore.h>

/* On the stack of its thread. Whoever takes it off the list posts `woken`, without the mutex, so
 * that who wakes up does not wait for who woke it. */
struct queue_waiter {
    struct queue_waiter *next;
    sem_t woken;
};

void queue_init(struct queue *queue, size_t count_max)
{
    *queue = (struct queue){ .count_max = count_max };
    pthread_mutex_init(&queue->mutex, NULL);
    queue->tail = &queue->head;
}

void queue_destroy(struct queue *queue)
{
    assert(!queue->head && !queue->waiters);
    pthread_mutex_destroy(&queue->mutex);
}

bool queue_push(struct queue *queue, struct queue_item *item)
{
    struct queue_waiter *waiter = NULL;
    bool accepted = false;

    pthread_mutex_lock(&queue->mutex);
    if (!queue->closed && queue->count < queue->count_max) {
        item->next = NULL;
        *queue->tail = item;
        queue->tail = &item->next;
        queue->count++;
        accepted = true;
        waiter = queue->waiters;
        if (waiter)
            queue->waiters = waiter->next;
    }
    pthread_mutex_unlock(&queue->mutex);
    if (waiter)
        sem_post(&waiter->woken);
    return accepted;
}

/* With the mutex held, which it is again afterwards. */
static void wait_woken(struct queue *queue)
{
    struct queue_waiter waiter = { .next = queue->waiters };

    sem_init(&waiter.woken, 0, 0);
    queue->waiters = &waiter;
    pthread_mutex_unlock(&queue->mutex);
    while (sem_wait(&waiter.woken) != 0)
        continue; /* a signal */
    sem_destroy(&waiter.woken);
    pthread_mutex_lock(&queue->mutex);
}

struct queue_item *queue_pop(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    while (!queue->head && !queue->closed)
        wait_woken(queue);
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
    struct queue_waiter *waiter = queue->waiters;
    queue->waiters = NULL;
    pthread_mutex_unlock(&queue->mutex);
    for (struct queue_waiter *next; waiter; waiter = next) {
        next = waiter->next; /* its thread may be gone once it is woken */
        sem_post(&waiter->woken);
    }
}
