/*
 * The second stage: forms, one after another, become assertions and retractions on entity ids,
 * each handed to check at once, so that the next form sees them. Tempids, lookup refs, idents,
 * upserts, nested maps, compare-and-swap and retractions of whole entities are settled here.
 */
#ifndef STOA_TXD_TX_RESOLVE_H
#define STOA_TXD_TX_RESOLVE_H

#include "txd/tx/parse.h"
#include "txd/tx/tempid.h"

/*
 * Runs the forms, and `meta` (a map, or nil) on the transaction's own entity. On true the draft
 * holds all datoms of the transaction but the server's own. Errors name the form.
 */
bool resolve_forms(struct draft *draft, struct tempids *tempids, const struct form *forms,
                   size_t count, const struct value *meta, struct error *err) MUST_USE;

#endif
