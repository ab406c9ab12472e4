/*
 * Running a conjunction of clauses: which clause is next is decided anew after each, by what it
 * would cost with the rows that are there now (plan.h). Between clauses, what is known is a list of
 * relations that share no variable; a clause that touches several joins them.
 */
#ifndef STOA_TXD_QUERY_EXECUTE_H
#define STOA_TXD_QUERY_EXECUTE_H

#include "txd/query/join.h"
#include "txd/query/parse.h"
#include "txd/query/source.h"

struct explain;
struct regex_cache;
struct rule_frame;

#define INTERNED 1024

/* How deep conjunctions may be run inside one another. A form is no deeper than LIMIT_DEPTH, but
 * through rules that call others, which is C's stack here. */
#define CONJUNCTION_DEPTH_MAX 512

/* One query that is being run. */
struct execution {
    const struct query *query;
    struct arena *arena;
    struct budget budget;
    uint32_t depth;         /* how many conjunctions are being run */
    struct source *sources; /* by the numbers of query->sources */
    struct regex_cache *regexes;
    struct explain *explain;         /* what is noted on the way; NULL: it was not asked for */
    struct bytes interned[INTERNED]; /* texts met lately, by hash: equal ones share their bytes */
};

/* Where a conjunction is run. */
struct frame {
    uint32_t source;                  /* what SOURCE_IMPLICIT stands for */
    struct rule_frame *rules;         /* inside a rule: how calls are answered there (rules.h) */
    const struct clause *const *left; /* the clauses that have not been run */
    uint32_t left_count;
};

/* What is known so far: relations that share no variable. A relation without rows: nothing can
 * match any more. */
struct bindings {
    struct relation **relations;
    uint32_t count, cap;
};

/* The relation that has the variable, or NULL. */
struct relation *bindings_find(const struct bindings *bindings, uint32_t variable);
bool bindings_have_all(const struct bindings *bindings, const struct id_set *variables);

/* Takes a relation out of the bindings, of which it is one. */
void bindings_take(struct bindings *bindings, const struct relation *relation);

/* Joins a relation with all that share a variable with it. */
bool bindings_join(struct execution *execution, struct bindings *bindings,
                   struct relation *relation, struct error *err) MUST_USE;

/* Joins the relations that have any of the variables into one, which is returned in *out; NULL when
 * none has. It stays in the bindings. */
bool bindings_merge(struct execution *execution, struct bindings *bindings,
                    const struct id_set *variables, struct relation **out,
                    struct error *err) MUST_USE;

/* The distinct rows over those of `variables` that are bound: one relation. */
bool bindings_collect(struct execution *execution, const struct bindings *bindings,
                      const struct id_set *variables, struct relation **out,
                      struct error *err) MUST_USE;

/* New bindings that know of the variables what these do, and nothing else. */
bool bindings_pass(struct execution *execution, const struct bindings *bindings,
                   const struct id_set *variables, struct bindings *out,
                   struct error *err) MUST_USE;

/* The source of a clause in a frame; incorrect when the query has no `$`. */
bool frame_source(const struct execution *execution, const struct frame *frame,
                  const struct clause *clause, uint32_t *out, struct error *err) MUST_USE;

/*
 * Runs the clauses from what is known, which they add to. What is neither in `wanted` nor used by a
 * later clause is dropped on the way. Errors name the clause and the variable.
 */
bool execute_conjunction(struct execution *execution, const struct frame *frame,
                         const struct conjunction *conjunction, const struct id_set *wanted,
                         struct bindings *bindings, struct error *err) MUST_USE;

#endif
