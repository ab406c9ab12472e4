/*
 * Which clause can run: the one whose variables are bound as it needs.
 *
 *   - a pattern always can; a call, when its arguments are bound; a rule, when the variables that
 *     its head brackets are;
 *   - an `or` when each of its branches can be run to its end;
 *   - a `not` when one of its variables is bound, and none of the others can still be bound by a
 *     clause beside it. The same holds for what a `not` inside an `or` names.
 */
#ifndef STOA_TESTS_ORACLE_READY_H
#define STOA_TESTS_ORACLE_READY_H

#include "tests/oracle/evaluate.h"

struct names {
    struct bytes *items;
    uint32_t count, cap;
};

void names_add(struct names *names, struct arena *arena, struct bytes name);
bool names_have(const struct names *names, struct bytes name);

/* The variables of a clause that are known beside it: those listed of or-join and not-join. With
 * `bindable`, only those that it can bind. */
void clause_variables(const struct value *form, bool bindable, struct arena *arena,
                      struct names *out);

/* What comes after the word of or, or-join, not, not-join, and. *join: the list of variables. */
struct branches {
    const struct value *join; /* NULL: none */
    const struct value *items;
    uint32_t count;
};
struct branches clause_branches(const struct value *form);

/* The clauses of one branch of `or`: those of (and ..), or itself. */
struct branches branch_clauses(const struct value *branch);

/* Whether clauses and rules have the shape that the rest of the evaluator takes for granted. */
bool clauses_well_formed(const struct value *forms, uint32_t count);
bool rules_well_formed(const struct value *rules);

bool form_is_call_of(const struct value *form, const char *word);

/*
 * The index of a clause among `count` that can run with `bound`, passing over those that are
 * `done`; `count` when none can.
 */
uint32_t ready_clause(const struct question *question, const struct value *forms, uint32_t count,
                      const bool *done, const struct names *bound);

#endif
