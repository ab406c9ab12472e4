/*
 * What the threads of nng leave for the thread of the loop. It takes all there is at a time; `wake`
 * is called when something comes into an empty inbox. What the feed brings is bounded, and dropped
 * beyond that as nng drops it: it shows by its t, and is asked for.
 */
#ifndef STOA_GATEWAY_INBOX_H
#define STOA_GATEWAY_INBOX_H

#include <nng/nng.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct context;

enum arrival_type { ARRIVAL_ANSWER, ARRIVAL_FEED, ARRIVAL_PIPE };

struct arrival {
    struct arrival *next;
    enum arrival_type type;
    struct context *context; /* ARRIVAL_ANSWER */
    nng_msg *message;        /* NULL: failed with `result` */
    int result;
    int *pipes, change; /* ARRIVAL_PIPE: of which socket, one more or less */
};

struct inbox {
    pthread_mutex_t mutex;
    void (*wake)(void *arg);
    void *arg;
    struct arrival *head, **tail;
    size_t feed_bytes, feed_bytes_max;
    bool closed; /* nothing is taken, and nobody is woken, any more */
};

/* `wake` is called from any thread. At most so many bytes of the feed wait. */
void inbox_open(struct inbox *inbox, size_t feed_bytes_max, void (*wake)(void *arg), void *arg);

/* From any thread. Copies `what`; the message becomes the inbox's. */
void inbox_put(struct inbox *inbox, const struct arrival *what);

/* Everything that is there, first to last: the caller frees each with arrival_free(). */
struct arrival *inbox_take(struct inbox *inbox);

/* Frees what is there; `wake` is not called any more. */
void inbox_close(struct inbox *inbox);

void arrival_free(struct arrival *arrival);

#endif
