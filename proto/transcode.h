/*
 * From MessagePack to Transit JSON without building values: what a gateway does with every datom
 * of a snapshot. The result is what transit_write() gives of what mp_read() reads.
 */
#ifndef STOA_PROTO_TRANSCODE_H
#define STOA_PROTO_TRANSCODE_H

#include "common/buffer.h"
#include "common/error.h"

/*
 * Appends the `count` MessagePack values that fill `bytes` as JSON, with commas between them.
 * Errors: incorrect, as of mp_read(); `out` then holds a part.
 */
bool transcode_json(struct buffer *out, struct bytes bytes, uint32_t count,
                    struct error *err) MUST_USE;

#endif
