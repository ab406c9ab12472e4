/* Forms that assert one datom, :db/add and compare-and-swap, and what maps share with them. */
#ifndef STOA_TXD_TX_ASSERTION_H
#define STOA_TXD_TX_ASSERTION_H

#include "txd/tx/parse.h"
#include "txd/tx/reference.h"

bool assertion_add(struct resolve *resolve, const struct form *form, struct error *err) MUST_USE;
bool assertion_cas(struct resolve *resolve, const struct form *form, struct error *err) MUST_USE;

/* The entity that a form asserts something of: a tempid may be led to one by an identity. */
bool assertion_entity(struct resolve *resolve, const struct value *entity,
                      const struct attribute *a, const struct value *v, uint32_t *e,
                      struct error *err) MUST_USE;

/* Asserts the value, its refs as they were written. */
bool assertion_value(struct resolve *resolve, uint32_t e, const struct attribute *a,
                     const struct value *v, struct error *err) MUST_USE;

/* A composite tuple cannot be written: what equals its parts is let pass, as saying nothing. */
bool assertion_tuple(struct resolve *resolve, uint32_t e, const struct attribute *a,
                     const struct value *v, struct error *err) MUST_USE;

#endif
