/*
 * What txd can be asked on the bus: one table of request types (commands.c), each with the threads
 * it runs on. To add one: a handler in the file of its kind, a row in the table, a row in BUS.md.
 */
#ifndef STOA_TXD_COMMANDS_H
#define STOA_TXD_COMMANDS_H

#include "txd/txd.h"

/* The handler of server_open(): routes a request by its type. `arg` is the struct txd. */
void command_route(struct request *request, void *arg);

/* The function of the readers: runs what was routed to them. `arg` is the struct txd. */
void command_run(struct request *request, void *arg);

/*
 * Handlers that run on a reader thread. Each writes one map into request->reply and returns true,
 * or returns false with `err`; the caller answers.
 */
typedef bool (*command_fn)(struct txd *txd, struct request *request, struct error *err);

/* command_read.c */
bool command_query(struct txd *txd, struct request *request, struct error *err) MUST_USE;
bool command_pull(struct txd *txd, struct request *request, struct error *err) MUST_USE;
bool command_index(struct txd *txd, struct request *request, struct error *err) MUST_USE;

/* command_feed.c */
bool command_sync(struct txd *txd, struct request *request, struct error *err) MUST_USE;
bool command_log(struct txd *txd, struct request *request, struct error *err) MUST_USE;
bool command_snapshot(struct txd *txd, struct request *request, struct error *err) MUST_USE;

/* command_graphs.c */
bool command_status(struct txd *txd, struct request *request, struct error *err) MUST_USE;
bool command_graphs(struct txd *txd, struct request *request, struct error *err) MUST_USE;
bool command_create(struct txd *txd, struct request *request, struct error *err) MUST_USE;
bool command_drop(struct txd *txd, struct request *request, struct error *err) MUST_USE;

/* command_import.c */
struct imports *imports_open(void);
void imports_close(struct imports *imports); /* aborts what is open */

/* Aborts imports that nobody has fed for 60 s. Call about once a second. */
void imports_expire(struct imports *imports);
bool command_import_open(struct txd *txd, struct request *request, struct error *err) MUST_USE;
bool command_import_feed(struct txd *txd, struct request *request, struct error *err) MUST_USE;
bool command_import_finish(struct txd *txd, struct request *request, struct error *err) MUST_USE;
bool command_import_abort(struct txd *txd, struct request *request, struct error *err) MUST_USE;

/* The last durable snapshot of the graph of that name, retained. */
bool command_snapshot_named(struct txd *txd, struct bytes name, struct snapshot **out,
                            struct error *err) MUST_USE;

/* The same of the graph that the request names. */
bool command_snapshot_of(struct txd *txd, const struct request *request, struct snapshot **out,
                         struct error *err) MUST_USE;

#endif
