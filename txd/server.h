/*
 * The two sockets of txd: requests from gateways, and the feed to them. The only file of txd that
 * knows nng.
 *
 * A request is decoded and handed to the handler on nng's one thread for callbacks (3 to 5 ms for
 * each megabyte of a transaction). The handler must not block: it routes the request to a thread of
 * its own. Whoever holds the request writes its answer and gives it back with server_reply(), from
 * any thread, exactly once.
 */
#ifndef STOA_TXD_SERVER_H
#define STOA_TXD_SERVER_H

#include "common/buffer.h"
#include "common/queue.h"
#include "proto/value.h"

#include <stdatomic.h>

struct reading;
struct server;

struct request {
    struct queue_item item; /* for the queue of whoever handles it next */
    struct server *server;
    struct value body;         /* the decoded map; valid until server_reply() */
    struct arena arena;        /* for handling it; emptied by server_reply() */
    struct buffer reply;       /* the answer, one MessagePack map; empty when handed over */
    struct reading *reading;   /* the readers' own, as the next */
    const atomic_bool *cancel; /* set once nobody waits for the answer (readers.h); may be NULL */
};

typedef void (*server_handler)(struct request *request, void *arg);

struct server_options {
    const char *request_url; /* nng address to listen on for requests */
    const char *feed_url;    /* and for the feed */
};

/* Listens, but takes no request before server_start(). Errors: unavailable, naming the address. */
bool server_open(const struct server_options *options, server_handler handler, void *arg,
                 struct server **out, struct error *err) MUST_USE;
void server_start(struct server *server);

/* Sends request->reply and forgets the request. */
void server_reply(struct request *request);

/* Writes an error as the answer and sends it. */
void server_reply_error(struct request *request, const struct error *error);

/* Publishes topic, a NUL and the message. Messages of one thread stay in order. */
void server_publish(struct server *server, struct bytes topic, struct bytes message);

/* Takes no more requests, and waits until all that were taken are answered. */
void server_drain(struct server *server);
/* Accepts NULL. Nothing listens any more; the sockets themselves end with the process. */
void server_close(struct server *server);

/*
 * Asks the txd at `url` for its status, waiting at most `timeout_ms`: how a container's health
 * check or a person finds out whether it answers. Errors: unavailable.
 */
bool server_probe(const char *url, int32_t timeout_ms, struct error *err) MUST_USE;

#endif
