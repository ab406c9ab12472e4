/*
 * Values that EDN and Transit write as a text behind a tag: #inst and ~t, #uuid and ~u, #bytes and
 * ~b. Each reads the text; false when it is none of its kind.
 */
#ifndef STOA_PROTO_TAGGED_H
#define STOA_PROTO_TAGGED_H

#include "proto/value.h"

/* RFC 3339, as clock_parse() takes it. */
bool tagged_instant(struct bytes text, struct arena *arena, struct value *out) MUST_USE;
bool tagged_uuid(struct bytes text, struct arena *arena, struct value *out) MUST_USE;

/* Base64; the bytes are in `arena`. */
bool tagged_bytes(struct bytes text, struct arena *arena, struct value *out) MUST_USE;

#endif
