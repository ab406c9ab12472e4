/*
 * Makes a failing case small: takes out of history, query and arguments whatever can go while it
 * still fails in the same way.
 */
#ifndef STOA_TESTS_ORACLE_SHRINK_H
#define STOA_TESTS_ORACLE_SHRINK_H

#include "tests/oracle/verdict.h"

/* The case, in `arena`: the question with its :world. *words: what was answered at last. */
struct value shrink_case(const struct value *history, const struct value *question,
                         enum verdict verdict, struct peer *peer, struct arena *arena,
                         struct bytes *words);

#endif
