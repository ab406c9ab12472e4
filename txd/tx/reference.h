/*
 * What a form names an entity by: an id, a tempid, a lookup ref, an ident; and values that hold
 * such names, resolved to what is stored.
 */
#ifndef STOA_TXD_TX_REFERENCE_H
#define STOA_TXD_TX_REFERENCE_H

#include "txd/tx/tempid.h"

/* What resolving works on. */
struct resolve {
    struct draft *draft;
    struct tempids *tempids;
    size_t forms; /* that this run has come to */
};

enum position {
    POSITION_ENTITY,  /* of what is asserted: tempids are welcome */
    POSITION_VALUE,   /* of a ref that is asserted: likewise, and noted as used there */
    POSITION_STRICT,  /* no tempids, and it must be there */
    POSITION_LENIENT, /* no tempids; what a lookup ref does not find is no error */
};

/* The entity of id `*e`. *found false, only where POSITION_LENIENT: nobody has it. Errors:
 * incorrect; not-found. */
bool reference_entity(struct resolve *resolve, const struct value *v, enum position position,
                      bool *found, uint32_t *e, struct error *err) MUST_USE;

/* The entity of a tempid. */
bool reference_tempid(struct resolve *resolve, const struct value *v, enum position position,
                      uint32_t *e, struct error *err) MUST_USE;

/* A value as it is asserted, its refs resolved. */
bool reference_value(struct resolve *resolve, const struct attribute *a, const struct value *v,
                     enum position position, struct value *out, struct error *err) MUST_USE;

/*
 * The value of a unique attribute as it is stored, for looking it up. *found is false when it
 * cannot be there: a ref to what is not there, or to a tempid that has no entity yet.
 */
bool reference_stored(struct resolve *resolve, const struct attribute *a, const struct value *v,
                      struct value *out, bool *found, struct error *err) MUST_USE;

/* The entity that holds the value of a unique attribute. */
bool reference_holder(struct resolve *resolve, const struct attribute *a, const struct value *v,
                      bool *found, uint32_t *e, struct error *err) MUST_USE;

/* The value as errors quote it. */
struct bytes reference_quote(struct resolve *resolve, const struct value *v);

#endif
