/* What `query` and `pull` share: the options that choose a basis, and sending the request. */
#ifndef STOA_CLI_READ_H
#define STOA_CLI_READ_H

#include "cli/command.h"
#include "common/buffer.h"

/* Appends ":as-of 57 :history true .." for the options of a basis that were given. Not OUTCOME_OK:
 * OUTCOME_USAGE, or OUTCOME_INPUT for what is no EDN. */
enum outcome read_append_basis(const struct options *options, struct buffer *body,
                               struct error *err) MUST_USE;

/* Sends `body` to the graph's `verb` and prints :result of the answer. */
enum outcome read_send(const struct options *options, const char *verb, struct bytes body,
                       struct error *err);

#endif
