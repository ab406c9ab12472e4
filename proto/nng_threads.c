#include "proto/nng_threads.h"

#include <errno.h>
#include <nng/nng.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VERSION       "1.5." /* for which this is known to do no harm */
#define THREADS_MAX   16     /* nng's own limit */
#define START_SECONDS 2      /* a thread that has not begun by then is not there */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static nng_aio *spare[THREADS_MAX];
static sem_t parked, leave;
static atomic_bool enough;

static void park(void *arg)
{
    (void)arg;
    if (atomic_load(&enough))
        return;
    sem_post(&parked);
    while (sem_wait(&leave) != 0)
        continue; /* a signal */
}

/* Waits until a thread is parked; false when none is left for it. */
static bool park_one(nng_aio **aio)
{
    struct timespec end;
    int result;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += START_SECONDS;
    if (nng_aio_alloc(aio, park, NULL) != 0)
        abort(); /* out of memory */
    nng_aio_begin(*aio);
    nng_aio_finish(*aio, 0); /* nothing but the callback */
    while ((result = sem_clockwait(&parked, CLOCK_MONOTONIC, &end)) != 0 && errno == EINTR)
        continue;
    return result == 0;
}

/* Should there be fewer than nng makes, all of them are parked in the end, and one goes again. */
static void park_spare(void)
{
    long count = 2 * sysconf(_SC_NPROCESSORS_ONLN);

    sem_init(&parked, 0, 0);
    sem_init(&leave, 0, 0);
    for (long i = 1; i < count && i < THREADS_MAX; i++) {
        if (park_one(&spare[i]))
            continue;
        atomic_store(&enough, true);
        sem_post(&leave);
        return;
    }
}

void nng_threads_park(void)
{
    if (strncmp(nng_version(), VERSION, strlen(VERSION)) == 0)
        pthread_once(&once, park_spare);
}
