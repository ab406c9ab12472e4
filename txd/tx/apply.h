/*
 * The last stage: the net datoms of a draft as one atomic write (indexes, log record, tx_id) and
 * the graph's new head. The only stage that changes anything.
 */
#ifndef STOA_TXD_TX_APPLY_H
#define STOA_TXD_TX_APPLY_H

#include "txd/tx/tempid.h"
#include "txd/tx/tx.h"

/*
 * Writes the draft. What it adds and takes back is left out, so a datom retracted and added again
 * keeps its t; retractions come before assertions. Errors: incorrect over a limit, conflict when a
 * changed attribute cannot take its datoms; fault when the write failed, and the graph is stopped.
 */
bool apply_draft(struct draft *draft, const struct tempids *tempids,
                 const struct tx_request *request, struct tx_result *out,
                 struct error *err) MUST_USE;

/* What the draft would write, as a snapshot over `under`, on which the draft stands; nothing is
 * written. Errors: as apply_draft(), without fault. */
bool apply_preview(struct draft *draft, struct snapshot *under, struct snapshot **out,
                   struct error *err) MUST_USE;

#endif
