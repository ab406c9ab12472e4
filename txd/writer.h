/*
 * The commit pipeline: takes the transactions that wait for a graph, applies them one after
 * another, makes them durable together, and only then answers and publishes them.
 *
 *     submit -> [waiting] -> apply -> [applied] -> sync -> answers and feed
 *
 * While one thread waits for the disk, another works on what has come meanwhile, so that a batch
 * is as large as the disk is slow (group commit). Of one graph at most one thread applies and at
 * most one syncs at a time, each in order; all graphs share the threads. The thread that applied
 * goes on to sync when nobody else does, so that a lone transaction stays on one thread.
 */
#ifndef STOA_TXD_WRITER_H
#define STOA_TXD_WRITER_H

#include "txd/db/graph.h"
#include "txd/server.h"

struct writer;

struct writer_options {
    uint32_t threads;     /* at least 2, so that applying and syncing overlap */
    uint32_t waiting_max; /* transactions that wait in one graph; more are answered `busy` */
};

struct writer *writer_open(const struct writer_options *options, struct server *server);

/* Everything submitted has been answered (server_drain). */
void writer_close(struct writer *writer);

/*
 * Hands over a `transact` request for the graph, whose reference is taken over too. It is answered
 * when all of its transactions are durable or refused.
 */
void writer_submit(struct writer *writer, struct graph *graph, struct request *request);

/* Transactions that wait to be applied, of all graphs. */
uint64_t writer_waiting(struct writer *writer);

/* Publishes a graph's last durable t on the feed: closes gaps at the tail. */
void writer_publish_head(struct server *server, const struct snapshot *snapshot);

/* The feed topic of a graph, in `arena`. */
struct bytes graph_topic(struct arena *arena, struct bytes name);

#endif
