/* Base64 (RFC 4648, section 4: the standard alphabet, padded), as #bytes and "~b" carry bytes. */
#ifndef STOA_PROTO_BASE64_H
#define STOA_PROTO_BASE64_H

#include "common/arena.h"
#include "common/buffer.h"

void base64_write(struct buffer *out, struct bytes bytes);

/* False when `text` is not base64 to the last bit. */
bool base64_read(struct bytes text, struct arena *arena, struct bytes *out) MUST_USE;

#endif
