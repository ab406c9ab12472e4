/* Rules: goals, and running them to a fixpoint. */
#ifndef STOA_TESTS_ORACLE_GOAL_H
#define STOA_TESTS_ORACLE_GOAL_H

#include "tests/oracle/evaluate.h"

struct goal {
    struct bytes rule;
    uint32_t source;
    uint32_t arity;
    const struct value *arguments;
    const bool *bound;
    struct solutions answers; /* as many columns as the rule has arguments */
};

struct goals {
    struct goal **items;
    size_t count, cap;
};

/* How many arguments the rule takes, and how many of them must be bound. False: no such rule. */
bool goal_arity(const struct question *question, struct bytes rule, uint32_t *arity,
                uint32_t *required);

/*
 * The answers to a call of a rule with the arguments that are `bound`. Inside rules those found so
 * far; outside, and inside `not`, all.
 */
bool goal_answers(struct question *question, const struct frame *frame, const struct goal *call,
                  const struct solutions **out, struct error *err) MUST_USE;

#endif
