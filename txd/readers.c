#include "txd/readers.h"

#include <stdlib.h>

struct readers {
    struct queue queue;
    reader_fn fn;
    void *arg;
    pthread_t *threads;
    uint32_t thread_count, waiting_max;
};

static void *reader_thread(void *arg)
{
    struct readers *readers = arg;

    for (struct queue_item *item; (item = queue_pop(&readers->queue));)
        readers->fn(CONTAINER_OF(item, struct request, item), readers->arg);
    return NULL;
}

struct readers *readers_open(uint32_t threads, uint32_t waiting_max, reader_fn fn, void *arg)
{
    struct readers *readers = xcalloc(1, sizeof(*readers));

    readers->fn = fn;
    readers->arg = arg;
    readers->thread_count = threads;
    readers->waiting_max = waiting_max;
    queue_init(&readers->queue, waiting_max);
    readers->threads = xcalloc(threads, sizeof(*readers->threads));
    for (uint32_t i = 0; i < threads; i++)
        if (pthread_create(&readers->threads[i], NULL, reader_thread, readers) != 0)
            abort(); /* no threads: nothing can work */
    return readers;
}

void readers_submit(struct readers *readers, struct request *request)
{
    struct error err;

    if (queue_push(&readers->queue, &request->item))
        return;
    fail(&err, ERROR_BUSY, "%u reads wait already; retry later", readers->waiting_max);
    server_reply_error(request, &err);
}

void readers_close(struct readers *readers)
{
    if (!readers)
        return;
    queue_close(&readers->queue);
    for (uint32_t i = 0; i < readers->thread_count; i++)
        pthread_join(readers->threads[i], NULL);
    queue_destroy(&readers->queue);
    free(readers->threads);
    free(readers);
}
