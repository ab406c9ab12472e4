/*
 * The built-in functions and predicates: a table for each kind. They are pure, but for those that
 * are given a source to look into.
 */
#ifndef STOA_TXD_QUERY_FUNCTIONS_H
#define STOA_TXD_QUERY_FUNCTIONS_H

#include "txd/query/order.h"

struct source;
struct regex_cache;

/* What a function may use besides its arguments. */
struct call {
    const struct source *source; /* of those that take one, else NULL */
    struct arena *arena;
    struct budget *budget;
    struct regex_cache *regexes; /* of the whole query */
};

#define ARGUMENTS_MAX 1000 /* of one call: for functions of any number of arguments */

/* False and `err`: the call is wrong. *out nil drops the row. */
typedef bool function_fn(struct call *call, const struct value *args, uint32_t count,
                         struct value *out, struct error *err);

struct function {
    const char *name;
    function_fn *fn;
    uint32_t min, max; /* arguments, not counting the source */
    bool takes_source;
};

/* NULL when there is none of that name. "clojure.core/" and "clojure.string/" may precede it. */
const struct function *function_find(struct bytes name);

/* What [(?f ?x ..)] calls: the built-in that its first argument names, a symbol, keyword or string,
 * with the other arguments. */
extern const struct function function_of_value;

/* nil and false are not. */
static inline bool value_is_truthy(const struct value *value)
{
    return value->type > VALUE_BOOLEAN || (value->type == VALUE_BOOLEAN && value->boolean);
}

/* a / b as a long when both are longs and it divides, else as a double. */
struct value number_divide(int64_t a, int64_t b);

/* fail() naming the function, the argument and the type it has. */
bool fail_argument(struct error *err, struct arena *arena, const char *function,
                   const struct value *value, const char *wanted);

/* True when all arguments are strings; else fail_argument(). */
bool fail_unless_strings(struct call *call, const char *function, const struct value *args,
                         uint32_t count, struct error *err) MUST_USE;

/* The byte offset of the code point number `n`; the length when there are not so many. */
size_t text_offset(struct bytes text, int64_t n);

/* Heads a built-in; what it does not use is fine. */
#define BUILT_IN(name)                                                                             \
    static bool name(__attribute__((unused)) struct call *call,                                    \
                     __attribute__((unused)) const struct value *args,                             \
                     __attribute__((unused)) uint32_t count, struct value *out,                    \
                     __attribute__((unused)) struct error *err)

/* The tables by kind, each alphabetical and ended by a row without a name. */
extern const struct function functions_collection[];
extern const struct function functions_graph[];
extern const struct function functions_logic[];
extern const struct function functions_name[];
extern const struct function functions_number[];
extern const struct function functions_regex[];
extern const struct function functions_string[];
extern const struct function functions_type[];

#endif
