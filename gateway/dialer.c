#include "gateway/dialer.h"

#include "proto/wire.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_MS 5000

/* Between two attempts, also when the first succeeds: the connection may end at once. */
#define PAUSE_MS_MIN 50
#define PAUSE_MS_MAX 500

struct dialer {
    char *url;
    void (*wake)(void *arg);
    void *arg;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool wanted; /* a connection is */
    bool closed; /* the struct is the thread's, to free */
    int fd;      /* connected and not taken; -1: none */
};

static void dialer_free(struct dialer *dialer)
{
    if (dialer->fd >= 0)
        close(dialer->fd);
    pthread_cond_destroy(&dialer->changed);
    pthread_mutex_destroy(&dialer->mutex);
    free(dialer->url);
    free(dialer);
}

/* With the mutex held; less when it is closed meanwhile. */
static void pause_for(struct dialer *dialer, int ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!dialer->closed && pthread_cond_timedwait(&dialer->changed, &dialer->mutex, &until) == 0)
        ;
}

static void *dial(void *arg)
{
    struct dialer *dialer = arg;
    int pause_ms = PAUSE_MS_MIN;
    struct error unheard; /* why it cannot: it is tried again */

    pthread_mutex_lock(&dialer->mutex);
    while (!dialer->closed) {
        if (!dialer->wanted) {
            pthread_cond_wait(&dialer->changed, &dialer->mutex);
            continue;
        }
        int fd;
        pthread_mutex_unlock(&dialer->mutex);
        bool connected = wire_dial(dialer->url, CONNECT_MS, &fd, &unheard);
        pthread_mutex_lock(&dialer->mutex);
        if (connected) {
            dialer->fd = fd;
            dialer->wanted = false;
            pause_ms = PAUSE_MS_MIN;
            if (!dialer->closed)
                dialer->wake(dialer->arg);
        }
        pause_for(dialer, pause_ms);
        if (!connected)
            pause_ms = 2 * pause_ms < PAUSE_MS_MAX ? 2 * pause_ms : PAUSE_MS_MAX;
    }
    pthread_mutex_unlock(&dialer->mutex);
    dialer_free(dialer);
    return NULL;
}

struct dialer *dialer_open(const char *url, void (*wake)(void *arg), void *arg)
{
    struct dialer *dialer = xcalloc(1, sizeof(*dialer));
    pthread_condattr_t attributes;
    pthread_t thread;

    *dialer =
        (struct dialer){ .url = xstrdup(url), .wake = wake, .arg = arg, .wanted = true, .fd = -1 };
    pthread_mutex_init(&dialer->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&dialer->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&thread, NULL, dial, dialer) != 0)
        abort(); /* no threads: nothing can work */
    pthread_detach(thread);
    return dialer;
}

int dialer_take(struct dialer *dialer)
{
    pthread_mutex_lock(&dialer->mutex);
    int fd = dialer->fd;
    dialer->fd = -1;
    pthread_mutex_unlock(&dialer->mutex);
    return fd;
}

void dialer_again(struct dialer *dialer)
{
    pthread_mutex_lock(&dialer->mutex);
    dialer->wanted = true;
    pthread_cond_signal(&dialer->changed);
    pthread_mutex_unlock(&dialer->mutex);
}

void dialer_close(struct dialer *dialer)
{
    if (!dialer)
        return;
    pthread_mutex_lock(&dialer->mutex);
    dialer->closed = true;
    pthread_cond_signal(&dialer->changed);
    pthread_mutex_unlock(&dialer->mutex);
}
