/*
 * Threads that answer what only reads, or may take long: queries, catching up, imports. They work
 * on durable snapshots and never hold up the writer.
 */
#ifndef STOA_TXD_READERS_H
#define STOA_TXD_READERS_H

#include "txd/server.h"

struct readers;

typedef void (*reader_fn)(struct request *request, void *arg);

/* `fn` is called with `arg` for every request, on one of `threads` threads, and answers it. At
 * most `waiting_max` wait; more are answered `busy`. */
struct readers *readers_open(uint32_t threads, uint32_t waiting_max, reader_fn fn, void *arg);
void readers_submit(struct readers *readers, struct request *request);

/*
 * The asker of the request whose field "reader" is `reader` has gone: sets its request->cancel,
 * whether it runs or waits. Nothing happens when there is no such request (any more).
 */
void readers_cancel(struct readers *readers, struct bytes reader);

/* Everything submitted has been answered (server_drain). */
void readers_close(struct readers *readers);

#endif
