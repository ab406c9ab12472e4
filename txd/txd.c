#include "txd/txd.h"

#include "common/clock.h"
#include "txd/commands.h"
#include "txd/paging.h"
#include "txd/presence.h"
#include "txd/readers.h"
#include "txd/ticker.h"

#include <stdlib.h>

bool txd_open(const struct txd_options *options, struct txd **out, struct error *err)
{
    struct txd *txd = xcalloc(1, sizeof(*txd));

    txd->incarnation = uuid_random();
    txd->started_us = clock_monotonic_us();
    if (!catalog_open(options->data_dir, &options->catalog, &txd->catalog, err) ||
        !server_open(&options->server, command_route, txd, &txd->server, err)) {
        txd_close(txd);
        return false;
    }
    txd->imports = imports_open();
    txd->paging = paging_open();
    txd->presence = presence_open(txd->server, txd->incarnation);
    txd->writer = writer_open(&options->writer, txd->server);
    txd->readers =
        readers_open(options->reader_threads, options->reads_waiting_max, command_run, txd);
    txd->ticker = ticker_open(txd);
    server_start(txd->server);
    *out = txd;
    return true;
}

void txd_close(struct txd *txd)
{
    if (!txd)
        return;
    if (txd->server)
        server_drain(txd->server);
    ticker_close(txd->ticker);
    readers_close(txd->readers);
    writer_close(txd->writer);
    presence_close(txd->presence);
    paging_close(txd->paging);
    imports_close(txd->imports);
    server_close(txd->server);
    if (txd->catalog)
        catalog_close(txd->catalog);
    free(txd);
}
