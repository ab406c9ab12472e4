/* Results for people and programs, on standard output. */
#ifndef STOA_CLI_PRINT_H
#define STOA_CLI_PRINT_H

#include "cli/options.h"
#include "common/buffer.h"
#include "proto/value.h"

#include <stdio.h>

/*
 * Appends `value` and a newline. EDN: a collection has an item a line. JSON: Transit JSON-Verbose
 * on one line. Table: a collection of sequences has a row for each, one of maps a column for each
 * key of the first; texts are bare, everything else is EDN.
 */
void print_value(struct buffer *out, enum format format, const struct value *value);

/* Writes the text to `file`. Errors: fault, when it cannot be written. */
bool print_flush(FILE *file, struct bytes text, struct error *err) MUST_USE;

#endif
