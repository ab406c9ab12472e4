/*
 * Transit JSON (github.com/cognitect/transit-format, 0.8) in and out, as PROTOCOL.md says under
 * "Values". Written is JSON-Verbose without cache codes; read are verbose and cached both, with
 * the tags list, set, cmap, m, t, u, b, i, f, d, n, z, ', datascript/DB and datascript/Datom.
 */
#ifndef STOA_PROTO_TRANSIT_H
#define STOA_PROTO_TRANSIT_H

#include "common/buffer.h"
#include "proto/value.h"

/* Reads one value that fills `text`. The value points into `arena` only. Errors (incorrect) name
 * what was wrong and the byte offset. */
bool transit_read(struct bytes text, struct arena *arena, struct value *out,
                  struct error *err) MUST_USE;

void transit_write(struct buffer *out, const struct value *value);

#endif
