/* Map forms: the entity that a map's :db/id or its identities lead to, and all that it says of it,
 * nested maps and reverse attributes with it. */
#ifndef STOA_TXD_TX_MAP_FORM_H
#define STOA_TXD_TX_MAP_FORM_H

#include "txd/tx/parse.h"
#include "txd/tx/reference.h"

bool map_form_resolve(struct resolve *resolve, const struct form *form, uint32_t *e,
                      struct error *err) MUST_USE;

/* The attributes of a transaction's `meta`, for its own entity. */
bool map_form_meta(struct resolve *resolve, const struct form *form, uint32_t tx_e,
                   struct error *err) MUST_USE;

/* A form says `ident` of the tempid: with :db/ident and something of schema it is an attribute. */
void map_form_note(struct tempid *tempid, struct bytes ident);

#endif
