/* A query, its arguments and a moment; and all the rows that the naive evaluator finds. */
#ifndef STOA_TESTS_ORACLE_ANSWER_H
#define STOA_TESTS_ORACLE_ANSWER_H

#include "tests/oracle/evaluate.h"

enum shape { SHAPE_RELATION, SHAPE_COLLECTION, SHAPE_TUPLE, SHAPE_SCALAR };

struct answer {
    enum shape shape;
    struct value rows; /* a vector of vectors, one item for each element of :find; each once */
    struct value keys; /* of :keys, :strs or :syms, as the keys of maps; nil: none */
    bool paged;        /* :limit or :offset: which rows are left is not said */
    uint64_t limit, offset;
};

/*
 * `query` is in list form or a map; `args` match :in, in which the first $ is the graph and takes
 * no argument. Errors: busy when it would take too long, else what is wrong with the query.
 */
bool answer_query(const struct database *database, const struct moment *moment,
                  const struct value *query, const struct value *args, struct arena *arena,
                  struct answer *out, struct error *err) MUST_USE;

/* ---- for answer.c alone ---- */

/* Makes the rows of the result out of the rows of all variables. */
bool answer_find(struct question *question, const struct value *elements, uint32_t count,
                 const struct value *with, const struct solutions *table, struct value *out,
                 struct error *err) MUST_USE;

/* Whether a pattern has the shape that pulling takes for granted. */
bool pull_well_formed(const struct value *pattern);

/* Pulls one entity; nil when there is nothing. */
bool answer_pull(struct question *question, const struct value *pattern, const struct value *entity,
                 struct value *out, struct error *err) MUST_USE;

#endif
