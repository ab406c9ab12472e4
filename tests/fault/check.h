/*
 * Decides whether a history (history.h) is what Stoa promises its clients. Each promise is one
 * rule of a table in check.c.
 */
#ifndef STOA_TESTS_FAULT_CHECK_H
#define STOA_TESTS_FAULT_CHECK_H

#include "common/buffer.h"
#include "common/error.h"

/*
 * Checks the lines of `history`. *kept is true when every rule is. `report` gets a line for each
 * breach, "rule: what", of which the first few of a rule are told, and a summary line. Errors:
 * incorrect, when the history cannot be read.
 */
bool check_history(struct bytes history, struct buffer *report, bool *kept,
                   struct error *err) MUST_USE;

#endif
