/*
 * Messages to clients, encoded. A message is encoded once for each encoding and shared by every
 * socket that it waits for; sending it is a copy into a frame.
 */
#ifndef STOA_GATEWAY_ENCODE_H
#define STOA_GATEWAY_ENCODE_H

#include "common/buffer.h"
#include "proto/value.h"

enum encoding { ENCODING_JSON, ENCODING_MSGPACK };

#define ENCODINGS (ENCODING_MSGPACK + 1)

/* An encoded message, shared by reference. Of the loop's thread only. */
struct blob {
    uint32_t references;
    size_t len;
    char data[];
};

/* Copies `bytes`; retained once for the caller. */
struct blob *blob_new(struct bytes bytes);
struct blob *blob_retain(struct blob *blob);
void blob_release(struct blob *blob); /* accepts NULL */

static inline struct bytes blob_bytes(const struct blob *blob)
{
    return (struct bytes){ blob->data, blob->len };
}

/* Appends the value in the encoding. */
void encode_value(struct buffer *out, enum encoding encoding, const struct value *value);

/* The value as a blob. */
struct blob *encode_blob(enum encoding encoding, const struct value *value);

/* Reads a frame. The value may point into `bytes`. Errors: incorrect. */
bool decode_value(struct bytes bytes, enum encoding encoding, struct arena *arena,
                  struct value *out, struct error *err) MUST_USE;

/*
 * True when `bytes` are JSON or MessagePack although they could not be read as a value (a text
 * tagged uuid that is none): a mistake of one message. Else nothing of the frame can be trusted.
 * *id is the encoded value of "id" when the frame is one message that has it, else empty.
 */
bool decode_formed(struct bytes bytes, enum encoding encoding, struct bytes *id);

/* A blob of the MessagePack message `bytes` in the encoding; NULL when it cannot be read. */
struct blob *encode_message(enum encoding encoding, struct bytes bytes);

/* The message `datoms` over `count` encoded datoms, one after another. NULL as above. */
struct blob *encode_datoms(enum encoding encoding, struct bytes datoms, uint32_t count);

/* --- a frame: one message, or a vector of them --- */

/* What is kept free before a frame's body: what libwebsockets writes there (LWS_PRE), and the
 * header of a vector, whose length is known last. */
#define FRAME_HEADROOM 32

struct frame {
    enum encoding encoding;
    struct buffer buffer; /* headroom, then messages */
    uint32_t count;
};

void frame_start(struct frame *frame, enum encoding encoding);
void frame_add(struct frame *frame, struct bytes message);

/* The finished frame, in frame->buffer; at least 16 bytes of headroom are left before it. */
struct bytes frame_end(struct frame *frame);

static inline size_t frame_size(const struct frame *frame)
{
    return frame->buffer.len - FRAME_HEADROOM;
}

/* Whether the frame may take so many bytes more: the first message always. */
static inline bool frame_fits(const struct frame *frame, size_t len, size_t bytes_max)
{
    return frame->count == 0 || frame_size(frame) + len <= bytes_max;
}

#endif
