/*
 * Strings in double quotes, as JSON (RFC 8259) and EDN write them alike: \" \\ \n \r \t \b \f \/
 * and \uXXXX, two of them for what is beyond U+FFFF.
 */
#ifndef STOA_PROTO_QUOTE_H
#define STOA_PROTO_QUOTE_H

#include "common/buffer.h"

/* Appends `text` with its quotes. */
void quote_write(struct buffer *out, struct bytes text);

/* As quote_write() without the quotes, for text that has something before it inside them. */
void quote_write_inner(struct buffer *out, struct bytes text);

/*
 * Reads the string whose opening quote is just before *at and moves *at behind its closing quote.
 * It is unescaped where it stands and *out points there. `raw` allows control characters as they
 * are (EDN does, JSON does not). On false, *at is where it went wrong and *fault says what.
 */
bool quote_read(char **at, char *end, bool raw, struct bytes *out, const char **fault) MUST_USE;

/* Reads four hexadecimal digits; false when they are not there. */
bool quote_hex4(const char *at, const char *end, uint32_t *out) MUST_USE;

/* Writes a code point other than a surrogate as UTF-8, up to four bytes; returns its end. */
char *quote_utf8(char *to, uint32_t code);

#endif
