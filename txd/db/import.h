/*
 * Builds a new graph from `#datascript/DB {:schema {..} :datoms [[e a v tx] ..]}`, fed in pieces of
 * any size. Memory does not grow with the file. Entity ids and transaction ids are kept; the graph
 * begins at the highest t imported (its base), with flexibility :read. Nothing is seen of the graph
 * until import_finish() has made it durable and put it under its name; an import that is aborted,
 * or whose process dies, leaves nothing.
 *
 * Errors (incorrect; conflict for a unique value held twice) name the datom by its number and
 * form.
 */
#ifndef STOA_TXD_DB_IMPORT_H
#define STOA_TXD_DB_IMPORT_H

#include "txd/db/catalog.h"

struct import;

/* Errors: conflict when the name is taken, incorrect when it is none. */
bool import_open(struct catalog *catalog, struct bytes name, struct import **out,
                 struct error *err) MUST_USE;
bool import_feed(struct import *import, struct bytes text, struct error *err) MUST_USE;

/* The text has ended. On true the graph is there; *datoms is how many it holds, *t its base. */
bool import_finish(struct import *import, uint64_t *datoms, uint32_t *t,
                   struct error *err) MUST_USE;

/* Frees it, and removes what was built unless it was finished. Accepts NULL. */
void import_close(struct import *import);

#endif
