/* The aggregates of :find, in one alphabetical table. Each folds the values of one group. */
#ifndef STOA_TXD_QUERY_AGGREGATES_H
#define STOA_TXD_QUERY_AGGREGATES_H

#include "txd/query/budget.h"

/* `values`: those of the group, at least one; may be reordered. `n`: the argument before the
 * variable, as in (min 3 ?x); 0 when it was not given. Errors name the value that does not fit. */
typedef bool aggregate_fn(struct value *values, size_t count, uint32_t n, struct arena *arena,
                          struct budget *budget, struct value *out, struct error *err);

struct aggregate {
    const char *name;
    aggregate_fn *fn;
    uint32_t arguments_max; /* before the variable */
    bool argument_required;
    bool counts; /* looks at no value, only at how many there are: it is given none */
};

/* NULL when there is none of that name. */
const struct aggregate *aggregate_find(struct bytes name);

#endif
