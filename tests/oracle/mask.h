/* What DataScript is known to do wrong, or cannot be asked through its JavaScript API. */
#ifndef STOA_TESTS_ORACLE_MASK_H
#define STOA_TESTS_ORACLE_MASK_H

#include "proto/value.h"

/* False when asking is of no use: it would never end, or has other words for it. */
bool mask_can_ask(const struct value *query, const struct value *args);

/* The fault of DataScript that the question comes upon, or may; NULL: none that is known. `refusal`
 * is what it said, nil when it gave an answer; `schema` and `datoms` [[e a v tx] ..] those it has.
 */
const char *mask_fault(const struct value *query, const struct value *args,
                       const struct value *schema, const struct value *datoms,
                       const struct value *refusal);

#endif
