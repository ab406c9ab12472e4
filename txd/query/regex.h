/*
 * Regular expressions (PCRE2). The only file of txd that knows PCRE2. A pattern is compiled once a
 * query; how much matching may backtrack is limited, since patterns come from strangers.
 */
#ifndef STOA_TXD_QUERY_REGEX_H
#define STOA_TXD_QUERY_REGEX_H

#include "proto/value.h"

struct regex_cache;

struct regex_cache *regex_cache_open(void);
void regex_cache_close(struct regex_cache *cache); /* accepts NULL */

/*
 * Looks for the pattern in `text` from byte `start` on; `whole`: it must match all of it. *out is
 * the text that matched, or, when the pattern has groups, a vector of it and what each matched
 * (nil: nothing); nil when there is no match. *end is behind the match. Errors (incorrect) name
 * the pattern: it is malformed, or matching passed its limit.
 */
bool regex_match(struct regex_cache *cache, struct bytes pattern, struct bytes text, size_t start,
                 bool whole, struct arena *arena, struct value *out, size_t *end,
                 struct error *err) MUST_USE;

#endif
