/*
 * What clients hold, page by page: the datoms of user entities at a t, in eavt order. No state is
 * kept between pages, and any t from the graph's base on can be read.
 */
#ifndef STOA_TXD_DB_PAGE_H
#define STOA_TXD_DB_PAGE_H

#include "txd/db/index.h"

struct page_request {
    struct bytes after; /* `next` of the page before; empty: from the start */
    size_t bytes_max;   /* of encoded datoms; one at least is given */
    bool tx_entities;   /* go on with the datoms of transaction entities with t <= base,
                           as an export does */
    uint32_t base;
};

/*
 * Appends datoms to `out`, each the MessagePack array [e a v tx] with the ident as keyword, as in
 * the client protocol's `datoms`, without an array around them. *count is how many. `next` is
 * where to go on, in `arena`; empty at the end. `db` is current or as-of, not history.
 */
bool page_read(const struct db *db, const struct page_request *request, struct arena *arena,
               struct buffer *out, uint32_t *count, struct bytes *next, struct error *err) MUST_USE;

#endif
