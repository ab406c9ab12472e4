#include "proto/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(struct buffer *out, struct bytes bytes)
{
    const uint8_t *in = (const uint8_t *)bytes.data;
    char *to = buffer_reserve(out, (bytes.len + 2) / 3 * 4);

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = (uint32_t)in[i] << 16;
        if (left > 1)
            group |= (uint32_t)in[i + 1] << 8;
        if (left > 2)
            group |= in[i + 2];
        *to++ = alphabet[group >> 18];
        *to++ = alphabet[group >> 12 & 63];
        *to++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *to++ = left > 2 ? alphabet[group & 63] : '=';
    }
    out->len += (bytes.len + 2) / 3 * 4;
}

static bool digit_of(char c, uint32_t *digit)
{
    if (c >= 'A' && c <= 'Z')
        *digit = (uint32_t)(c - 'A');
    else if (c >= 'a' && c <= 'z')
        *digit = (uint32_t)(c - 'a') + 26;
    else if (c >= '0' && c <= '9')
        *digit = (uint32_t)(c - '0') + 52;
    else if (c == '+' || c == '/')
        *digit = c == '+' ? 62 : 63;
    else
        return false;
    return true;
}

bool base64_read(struct bytes text, struct arena *arena, struct bytes *out)
{
    size_t padding = 0, len = 0;

    if (text.len % 4)
        return false;
    while (padding < 2 && padding < text.len && text.data[text.len - 1 - padding] == '=')
        padding++;
    char *data = arena_alloc(arena, text.len / 4 * 3);
    for (size_t i = 0; i < text.len; i += 4) {
        size_t digits = i + 4 == text.len ? 4 - padding : 4;
        uint32_t group = 0, digit = 0;
        for (size_t j = 0; j < 4; j++, group = group << 6 | digit) {
            digit = 0;
            if (j < digits && !digit_of(text.data[i + j], &digit))
                return false;
        }
        if (group & (digits == 2 ? 0xffffu : digits == 3 ? 0xffu : 0))
            return false; /* bits that no encoder leaves */
        for (size_t j = 0; j + 1 < digits; j++)
            data[len++] = (char)(group >> (16 - 8 * j));
    }
    *out = (struct bytes){ data, len };
    return true;
}
