#include "gateway/encode.h"

#include "common/limits.h"
#include "proto/mp.h"
#include "proto/transcode.h"
#include "proto/transit.h"

#include <ctype.h>
#include <stdlib.h>

struct blob *blob_new(struct bytes bytes)
{
    struct blob *blob = xmalloc(sizeof(*blob) + bytes.len);

    blob->references = 1;
    blob->len = bytes.len;
    if (bytes.len)
        memcpy(blob->data, bytes.data, bytes.len);
    return blob;
}

struct blob *blob_retain(struct blob *blob)
{
    blob->references++;
    return blob;
}

void blob_release(struct blob *blob)
{
    if (blob && --blob->references == 0)
        free(blob);
}

void encode_value(struct buffer *out, enum encoding encoding, const struct value *value)
{
    if (encoding == ENCODING_JSON)
        transit_write(out, value);
    else
        mp_write(out, value);
}

struct blob *encode_blob(enum encoding encoding, const struct value *value)
{
    struct buffer text = { 0 };

    encode_value(&text, encoding, value);
    struct blob *blob = blob_new(buffer_bytes(&text));
    buffer_release(&text);
    return blob;
}

bool decode_value(struct bytes bytes, enum encoding encoding, struct arena *arena,
                  struct value *out, struct error *err)
{
    return encoding == ENCODING_JSON ? transit_read(bytes, arena, out, err)
                                     : mp_read(bytes, arena, out, err);
}

/* --- is it JSON at all? (RFC 8259) --- */

struct json {
    const char *at, *end;
    struct bytes id; /* the value of "id" in the outermost map */
};

static void json_blank(struct json *in)
{
    while (in->at < in->end &&
           (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r'))
        in->at++;
}

static bool json_take(struct json *in, char c)
{
    json_blank(in);
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

static bool json_string(struct json *in)
{
    if (!json_take(in, '"'))
        return false;
    for (; in->at < in->end && *in->at != '"'; in->at++) {
        if ((unsigned char)*in->at < ' ')
            return false;
        if (*in->at != '\\')
            continue;
        if (++in->at == in->end || !strchr("\"\\/bfnrtu", *in->at))
            return false;
    }
    return json_take(in, '"');
}

/* Numbers and the three words, by their letters: what is nearly a number was meant as one. */
static bool json_word(struct json *in)
{
    const char *start = in->at;

    while (in->at < in->end && (isalnum((unsigned char)*in->at) || strchr("+-.", *in->at)))
        in->at++;
    struct bytes word = { start, (size_t)(in->at - start) };
    return word.len &&
           (*start == '-' || isdigit((unsigned char)*start) || bytes_equal(word, BYTES("true")) ||
            bytes_equal(word, BYTES("false")) || bytes_equal(word, BYTES("null")));
}

static bool json_value(struct json *in, unsigned depth);

static bool json_entry(struct json *in, unsigned depth)
{
    json_blank(in);
    const char *key = in->at;
    if (!json_string(in))
        return false;
    bool id =
        depth == 0 && bytes_equal((struct bytes){ key, (size_t)(in->at - key) }, BYTES("\"id\""));
    if (!json_take(in, ':'))
        return false;
    json_blank(in);
    const char *start = in->at;
    if (!json_value(in, depth + 1))
        return false;
    if (id)
        in->id = (struct bytes){ start, (size_t)(in->at - start) };
    return true;
}

static bool json_value(struct json *in, unsigned depth)
{
    bool map = false;

    json_blank(in);
    if (in->at == in->end || depth > 2 * LIMIT_DEPTH)
        return false;
    if (*in->at == '"')
        return json_string(in);
    if (!json_take(in, '[') && !(map = json_take(in, '{')))
        return json_word(in);
    char close = map ? '}' : ']';
    if (json_take(in, close))
        return true;
    do {
        if (!(map ? json_entry(in, depth) : json_value(in, depth + 1)))
            return false;
    } while (json_take(in, ','));
    return json_take(in, close);
}

bool decode_formed(struct bytes bytes, enum encoding encoding, struct bytes *id)
{
    struct json in = { .at = bytes.data, .end = bytes.data + bytes.len };
    size_t len;

    *id = (struct bytes){ 0 };
    if (encoding == ENCODING_MSGPACK) {
        *id = mp_entry(bytes, BYTES("id"));
        return mp_formed(bytes);
    }
    if (bytes.len == 0 || !bytes_utf8_valid(bytes, &len) || !json_value(&in, 0))
        return false;
    json_blank(&in);
    *id = in.id;
    return in.at == in.end;
}

/* --- messages made from MessagePack --- */

struct blob *encode_message(enum encoding encoding, struct bytes bytes)
{
    struct buffer text = { 0 };
    struct blob *blob = NULL;
    struct error error;

    if (encoding == ENCODING_MSGPACK)
        return blob_new(bytes);
    if (transcode_json(&text, bytes, 1, &error))
        blob = blob_new(buffer_bytes(&text));
    buffer_release(&text);
    return blob;
}

struct blob *encode_datoms(enum encoding encoding, struct bytes datoms, uint32_t count)
{
    struct buffer text = { 0 };
    struct blob *blob = NULL;
    struct error error;

    buffer_reserve(&text, datoms.len * 3 / 2 + 64);
    if (encoding == ENCODING_MSGPACK) {
        mp_write_map(&text, 2);
        mp_write_string(&text, BYTES("type"));
        mp_write_string(&text, BYTES("datoms"));
        mp_write_string(&text, BYTES("datoms"));
        mp_write_array(&text, count);
        buffer_append_bytes(&text, datoms);
        blob = blob_new(buffer_bytes(&text));
    } else {
        buffer_append_bytes(&text, BYTES("{\"type\":\"datoms\",\"datoms\":["));
        if (transcode_json(&text, datoms, count, &error)) {
            buffer_append_bytes(&text, BYTES("]}"));
            blob = blob_new(buffer_bytes(&text));
        }
    }
    buffer_release(&text);
    return blob;
}

/* --- frames --- */

void frame_start(struct frame *frame, enum encoding encoding)
{
    frame->encoding = encoding;
    frame->count = 0;
    buffer_clear(&frame->buffer);
    buffer_reserve(&frame->buffer, FRAME_HEADROOM);
    frame->buffer.len = FRAME_HEADROOM;
}

void frame_add(struct frame *frame, struct bytes message)
{
    if (frame->count++ && frame->encoding == ENCODING_JSON)
        buffer_append_u8(&frame->buffer, ',');
    buffer_append_bytes(&frame->buffer, message);
}

struct bytes frame_end(struct frame *frame)
{
    struct buffer head = { 0 };

    if (frame->count > 1 && frame->encoding == ENCODING_JSON) {
        buffer_append_u8(&head, '[');
        buffer_append_u8(&frame->buffer, ']');
    } else if (frame->count > 1) {
        mp_write_array(&head, frame->count);
    }
    char *start = frame->buffer.data + FRAME_HEADROOM - head.len;
    if (head.len)
        memcpy(start, head.data, head.len);
    size_t len = frame_size(frame) + head.len;
    buffer_release(&head);
    return (struct bytes){ start, len };
}
