/* The functions that random queries call, written once more. */
#ifndef STOA_TESTS_ORACLE_FUNCTIONS_H
#define STOA_TESTS_ORACLE_FUNCTIONS_H

#include "tests/oracle/evaluate.h"

struct function_call {
    struct question *question;
    struct bytes name;
    uint32_t source; /* of those that look into one */
    const struct value *args;
    uint32_t count;
};

/* Nil: the row goes. Errors: incorrect arguments, an unknown function. */
bool function_run(const struct function_call *call, struct value *out, struct error *err) MUST_USE;

bool function_truthy(const struct value *value);

#endif
