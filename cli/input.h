/* What the user gives: words, files and standard input. A file named "-" is standard input. */
#ifndef STOA_CLI_INPUT_H
#define STOA_CLI_INPUT_H

#include "common/buffer.h"
#include "common/error.h"

#include <stdio.h>

/*
 * Opens a file whose size is known and which can be read twice: a regular file as it is, anything
 * else (standard input, a pipe) copied to an unlinked temporary file in TMPDIR first, so that
 * memory does not grow with it. Close with fclose(). Errors: not-found or fault, naming the file.
 */
bool input_open(const char *name, FILE **out, uint64_t *bytes, struct error *err) MUST_USE;

/* Reads all of a file, of at most `bytes_max`. */
bool input_read(const char *name, size_t bytes_max, struct buffer *out, struct error *err) MUST_USE;

/* An empty temporary file that is gone when it is closed. */
bool input_temporary(FILE **out, struct error *err) MUST_USE;

/* Checks that `text` is one EDN value; the error names `what` and the byte offset in it. */
bool input_check_edn(const char *what, struct bytes text, struct error *err) MUST_USE;

/* The same, and appends the text as an EDN string: what the server reads as text is exactly what
 * the user wrote, lists and comments included, and its errors count in it. */
bool input_quote_edn(const char *what, struct bytes text, struct buffer *out,
                     struct error *err) MUST_USE;

#endif
