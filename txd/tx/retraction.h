/* Forms that retract: a value, an attribute of an entity, or an entity with its components and all
 * that refers to it. */
#ifndef STOA_TXD_TX_RETRACTION_H
#define STOA_TXD_TX_RETRACTION_H

#include "txd/tx/parse.h"
#include "txd/tx/reference.h"

bool retraction_resolve(struct resolve *resolve, const struct form *form,
                        struct error *err) MUST_USE;
bool retraction_entity(struct resolve *resolve, const struct form *form,
                       struct error *err) MUST_USE;

#endif
