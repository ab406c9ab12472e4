#include "txd/readers.h"

#include "common/hashmap.h"
#include "proto/bus.h"

#include <stdlib.h>

/* A request that can be cancelled, from when it is submitted until it has been answered. It
 * outlives the request, which belongs to the server again once it is answered. */
struct reading {
    atomic_bool cancel;
    struct bytes reader; /* behind it */
};

struct readers {
    pthread_mutex_t mutex;   /* guards `readings` */
    struct hashmap readings; /* reader -> struct reading */
    struct queue queue;
    reader_fn fn;
    void *arg;
    pthread_t *threads;
    uint32_t thread_count, waiting_max;
};

/* NULL when the request has no "reader", or one that is in use. */
static struct reading *reading_begin(struct readers *readers, struct request *request)
{
    struct bytes reader = bus_text(&request->body, "reader");

    if (reader.len == 0)
        return NULL;
    struct reading *reading = xmalloc(sizeof(*reading) + reader.len);
    atomic_init(&reading->cancel, false);
    reading->reader = (struct bytes){ (char *)(reading + 1), reader.len };
    memcpy(reading + 1, reader.data, reader.len);
    pthread_mutex_lock(&readers->mutex);
    bool free_name = !hashmap_get(&readers->readings, reader);
    if (free_name)
        hashmap_put(&readers->readings, reader, reading);
    pthread_mutex_unlock(&readers->mutex);
    if (!free_name) {
        free(reading);
        return NULL;
    }
    return reading;
}

static void reading_end(struct readers *readers, struct reading *reading)
{
    if (!reading)
        return;
    pthread_mutex_lock(&readers->mutex);
    hashmap_remove(&readers->readings, reading->reader);
    pthread_mutex_unlock(&readers->mutex);
    free(reading);
}

static void *reader_thread(void *arg)
{
    struct readers *readers = arg;

    for (struct queue_item *item; (item = queue_pop(&readers->queue));) {
        struct request *request = CONTAINER_OF(item, struct request, item);
        struct reading *reading = request->reading;
        readers->fn(request, readers->arg);
        reading_end(readers, reading);
    }
    return NULL;
}

struct readers *readers_open(uint32_t threads, uint32_t waiting_max, reader_fn fn, void *arg)
{
    struct readers *readers = xcalloc(1, sizeof(*readers));

    readers->fn = fn;
    readers->arg = arg;
    readers->thread_count = threads;
    readers->waiting_max = waiting_max;
    pthread_mutex_init(&readers->mutex, NULL);
    queue_init(&readers->queue, waiting_max);
    readers->threads = xcalloc(threads, sizeof(*readers->threads));
    for (uint32_t i = 0; i < threads; i++)
        if (pthread_create(&readers->threads[i], NULL, reader_thread, readers) != 0)
            abort(); /* no threads: nothing can work */
    return readers;
}

void readers_submit(struct readers *readers, struct request *request)
{
    struct reading *reading = reading_begin(readers, request);
    struct error err;

    request->reading = reading;
    request->cancel = reading ? &reading->cancel : NULL;
    if (queue_push(&readers->queue, &request->item))
        return;
    reading_end(readers, reading);
    fail(&err, ERROR_BUSY, "%u reads wait already; retry later", readers->waiting_max);
    server_reply_error(request, &err);
}

void readers_cancel(struct readers *readers, struct bytes reader)
{
    pthread_mutex_lock(&readers->mutex);
    struct reading *reading = hashmap_get(&readers->readings, reader);
    if (reading)
        atomic_store_explicit(&reading->cancel, true, memory_order_relaxed);
    pthread_mutex_unlock(&readers->mutex);
}

void readers_close(struct readers *readers)
{
    if (!readers)
        return;
    queue_close(&readers->queue);
    for (uint32_t i = 0; i < readers->thread_count; i++)
        pthread_join(readers->threads[i], NULL);
    queue_destroy(&readers->queue);
    hashmap_release(&readers->readings);
    pthread_mutex_destroy(&readers->mutex);
    free(readers->threads);
    free(readers);
}
