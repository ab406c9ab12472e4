/*
 * npm's datascript, run by node in a process of its own (datascript.mjs) that answers a line with
 * a line. Keywords, which its JavaScript API does not know, are given to it as strings.
 */
#ifndef STOA_TESTS_ORACLE_PEER_H
#define STOA_TESTS_ORACLE_PEER_H

#include "proto/value.h"

struct peer;

/* NULL: node or the package is not there. `source` is the folder of the source tree. */
struct peer *peer_open(const char *source);
void peer_close(struct peer *peer); /* accepts NULL */

/*
 * Sends a query over the database of a schema and datoms [[e a v tx] ..], without waiting.
 */
void peer_ask(struct peer *peer, const struct value *schema, const struct value *datoms,
              const struct value *query, const struct value *args);

enum peer_reply {
    PEER_ANSWER,
    PEER_REFUSED, /* it threw */
    PEER_SILENT,  /* it took too long, and was started anew */
};
enum peer_reply peer_answer(struct peer *peer, struct arena *arena, struct value *out);

/* A value as the peer's answers show it: keywords as strings, integral doubles as longs, and
 * collections below the outermost as sorted vectors. */
struct value peer_form(const struct value *value, struct arena *arena);

#endif
