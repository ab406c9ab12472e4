#include "txd/ticker.h"

#include "proto/bus.h"
#include "proto/mp.h"
#include "txd/commands.h"
#include "txd/paging.h"
#include "txd/presence.h"
#include "txd/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct ticker {
    struct txd *txd;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t stopped;
    bool stop;
};

static void publish_alive(struct txd *txd)
{
    struct value incarnation = value_uuid(txd->incarnation);
    struct buffer message = { 0 };

    mp_write_map(&message, 2);
    mp_write_string(&message, BYTES("type"));
    mp_write_string(&message, BYTES("alive"));
    mp_write_string(&message, BYTES("incarnation"));
    mp_write(&message, &incarnation);
    server_publish(txd->server, BYTES(BUS_TOPIC_TXD), buffer_bytes(&message));
    buffer_release(&message);
}

static void publish_head(const struct snapshot *snapshot, void *arg)
{
    writer_publish_head(arg, snapshot);
}

static void tick(struct txd *txd)
{
    publish_alive(txd);
    catalog_each_open(txd->catalog, publish_head, txd->server);
    presence_expire(txd->presence);
    imports_expire(txd->imports);
    paging_expire(txd->paging);
}

static void *ticker_thread(void *arg)
{
    struct ticker *ticker = arg;
    struct timespec next;

    clock_gettime(CLOCK_MONOTONIC, &next);
    pthread_mutex_lock(&ticker->mutex);
    while (!ticker->stop) {
        pthread_mutex_unlock(&ticker->mutex);
        tick(ticker->txd);
        next.tv_sec++;
        pthread_mutex_lock(&ticker->mutex);
        while (!ticker->stop &&
               pthread_cond_timedwait(&ticker->stopped, &ticker->mutex, &next) != ETIMEDOUT)
            continue;
    }
    pthread_mutex_unlock(&ticker->mutex);
    return NULL;
}

struct ticker *ticker_open(struct txd *txd)
{
    struct ticker *ticker = xcalloc(1, sizeof(*ticker));
    pthread_condattr_t attributes;

    ticker->txd = txd;
    pthread_mutex_init(&ticker->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&ticker->stopped, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&ticker->thread, NULL, ticker_thread, ticker) != 0)
        abort(); /* no threads: nothing can work */
    return ticker;
}

void ticker_close(struct ticker *ticker)
{
    if (!ticker)
        return;
    pthread_mutex_lock(&ticker->mutex);
    ticker->stop = true;
    pthread_cond_signal(&ticker->stopped);
    pthread_mutex_unlock(&ticker->mutex);
    pthread_join(ticker->thread, NULL);
    pthread_cond_destroy(&ticker->stopped);
    pthread_mutex_destroy(&ticker->mutex);
    free(ticker);
}
