/* A growing run of bytes that owns its memory. Zero-initialised is empty and ready. */
#ifndef STOA_COMMON_BUFFER_H
#define STOA_COMMON_BUFFER_H

#include "common/bytes.h"

struct buffer {
    char *data;
    size_t len;
    size_t cap;
};

void buffer_release(struct buffer *buffer);

/* Empties the buffer and keeps its memory. */
static inline void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
}

/* buffer_reserve() where there is no room yet. */
char *buffer_grow(struct buffer *buffer, size_t more);

/* Makes room for `more` bytes behind what is there and returns where they go. */
static inline char *buffer_reserve(struct buffer *buffer, size_t more)
{
    /* Even no bytes have a place to go. */
    bool fits = buffer->data && more <= buffer->cap - buffer->len;

    return fits ? buffer->data + buffer->len : buffer_grow(buffer, more);
}

static inline void buffer_append(struct buffer *buffer, const void *data, size_t len)
{
    if (len == 0)
        return;
    memcpy(buffer_reserve(buffer, len), data, len);
    buffer->len += len;
}

void buffer_append_bytes(struct buffer *buffer, struct bytes bytes);
void buffer_append_u8(struct buffer *buffer, uint8_t byte);
void buffer_append_u16be(struct buffer *buffer, uint16_t n);
void buffer_append_u32be(struct buffer *buffer, uint32_t n);
void buffer_append_u64be(struct buffer *buffer, uint64_t n);

/* The number in decimal, several times faster than buffer_printf(). */
void buffer_append_decimal(struct buffer *buffer, int64_t n);

void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* What is in the buffer; valid until it is next changed. */
static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){ buffer->data, buffer->len };
}

#endif
