/* The transactor: its parts, opened in order and closed in reverse. */
#ifndef STOA_TXD_TXD_H
#define STOA_TXD_TXD_H

#include "txd/db/catalog.h"
#include "txd/server.h"
#include "txd/writer.h"

struct imports;
struct paging;
struct presence;
struct readers;
struct ticker;

struct txd {
    struct catalog *catalog;
    struct server *server;
    struct imports *imports;
    struct paging *paging;
    struct presence *presence;
    struct writer *writer;
    struct readers *readers;
    struct ticker *ticker;
    struct uuid incarnation; /* of this process: gateways see by it that txd was away */
    int64_t started_us;      /* on clock_monotonic_us() */
};

struct txd_options {
    const char *data_dir;
    struct catalog_options catalog;
    struct server_options server;
    struct writer_options writer;
    uint32_t reader_threads;
    uint32_t reads_waiting_max; /* more are answered `busy` */
};

/* Opens the data directory and serves. Errors: as catalog_open() and server_open(). */
bool txd_open(const struct txd_options *options, struct txd **out, struct error *err) MUST_USE;

/* Answers what was taken, then stops. Accepts NULL and the half-open. */
void txd_close(struct txd *txd);

#endif
