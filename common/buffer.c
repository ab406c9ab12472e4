#include "common/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){ 0 };
}

char *buffer_grow(struct buffer *buffer, size_t more)
{
    size_t need = buffer->len + more, cap = buffer->cap ? buffer->cap : 64;

    assert(need >= more);
    while (cap < need)
        cap *= 2;
    buffer->data = xrealloc(buffer->data, cap);
    buffer->cap = cap;
    return buffer->data + buffer->len;
}

void buffer_append_bytes(struct buffer *buffer, struct bytes bytes)
{
    buffer_append(buffer, bytes.data, bytes.len);
}

void buffer_append_u8(struct buffer *buffer, uint8_t byte)
{
    *buffer_reserve(buffer, 1) = (char)byte;
    buffer->len++;
}

void buffer_append_u16be(struct buffer *buffer, uint16_t n)
{
    store_u16be((uint8_t *)buffer_reserve(buffer, 2), n);
    buffer->len += 2;
}

void buffer_append_u32be(struct buffer *buffer, uint32_t n)
{
    store_u32be((uint8_t *)buffer_reserve(buffer, 4), n);
    buffer->len += 4;
}

void buffer_append_u64be(struct buffer *buffer, uint64_t n)
{
    store_u64be((uint8_t *)buffer_reserve(buffer, 8), n);
    buffer->len += 8;
}

void buffer_append_decimal(struct buffer *buffer, int64_t n)
{
    char digits[20], *at = digits + sizeof(digits);
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (n < 0)
        *--at = '-';
    buffer_append(buffer, at, (size_t)(digits + sizeof(digits) - at));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    vsnprintf(buffer_reserve(buffer, (size_t)len + 1), (size_t)len + 1, format, again);
    va_end(again);
    buffer->len += (size_t)len;
}
