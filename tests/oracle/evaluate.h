/*
 * The naive evaluator: the query language by nested loops over an array of facts, with no plan and
 * no index, as obviously right as can be. It decides when txd and DataScript disagree. Of txd it
 * uses nothing, of proto the values.
 *
 *   - A clause goes over all rows there are, and for each over all facts.
 *   - The next clause is one whose variables are bound as it needs (ready.h).
 *   - A rule called with some arguments is a goal. All branches of all goals are run again and
 *     again, from the answers so far, until nothing is new (goal.h).
 */
#ifndef STOA_TESTS_ORACLE_EVALUATE_H
#define STOA_TESTS_ORACLE_EVALUATE_H

#include "tests/oracle/database.h"
#include "tests/oracle/row.h"

struct facts_source {
    struct bytes name; /* "$", "$2" */
    bool is_graph;
    struct facts facts;  /* of the graph */
    struct value tuples; /* else */
};

/* A query that is being answered. */
struct question {
    const struct database *database;
    struct arena *arena;
    struct facts now; /* what holds at the basis, for names */
    struct facts_source *sources;
    uint32_t source_count;
    const struct value *rules; /* nil: none */
    uint64_t work;             /* facts and rows looked at */
};

#define SOURCE_NONE UINT32_MAX

struct goals;

/* Where a clause stands. */
struct frame {
    uint32_t source;     /* the implicit one; SOURCE_NONE: there is no $ */
    struct goals *goals; /* of the rules around it; NULL: none */
};

/* A question that takes more than so many looks is given up, with `busy`. */
#define WORK_MAX UINT64_C(20000000)
bool question_work(struct question *question, uint64_t looks, struct error *err) MUST_USE;

/* The source of a name; SOURCE_NONE when :in does not have it. */
uint32_t question_source(const struct question *question, struct bytes name);

/* The entity that a value names: an id, or a lookup ref. False: none. */
bool question_entity(const struct question *question, const struct value *value, int64_t *out);

/* Runs clauses side by side from the rows in `table`, which become those that are left. */
bool evaluate_clauses(struct question *question, const struct frame *frame,
                      const struct value *forms, uint32_t count, struct solutions *table,
                      struct error *err) MUST_USE;

#endif
