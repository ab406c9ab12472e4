/*
 * EDN (github.com/edn-format/edn) in and out. Tags read: #inst, #uuid, #bytes "<base64>",
 * #datascript/DB and #datascript/Datom (the latter two give what they tag). Integers with a
 * trailing N are longs when they fit; \c is a string of one character; M is a double. Maps with
 * a key twice and sets with an item twice are errors. #_ discards, #:ns{...} puts a namespace
 * before the keys, ##Inf, ##-Inf and ##NaN are doubles. No other tag is known.
 */
#ifndef STOA_PROTO_EDN_H
#define STOA_PROTO_EDN_H

#include "common/buffer.h"
#include "proto/value.h"

/*
 * Reads one value that fills `text` (white space and comments around it are skipped). The value
 * points into `arena` only. Errors (incorrect) name what was wrong and the byte offset.
 */
bool edn_read(struct bytes text, struct arena *arena, struct value *out,
              struct error *err) MUST_USE;

/*
 * Why `text` (UTF-8) cannot be a keyword or symbol of any value, for the other codecs to refuse it
 * too, so that every value can be written in every encoding; NULL when it can. The form is
 * "is empty", to follow the name.
 */
const char *edn_name_fault(enum value_type type, struct bytes text);

/* Appends the value as EDN. Doubles read back as the same double; sets and maps in the order they
 * are held. */
void edn_write(struct buffer *out, const struct value *value);

/* The value as EDN in `arena`, cut to about 200 bytes with an ellipsis, for messages.
 * NUL-terminated. */
struct bytes edn_excerpt(struct arena *arena, const struct value *value);

#endif
