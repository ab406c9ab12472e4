#include "txd/query/letters.h"

#include "common/buffer.h"

#include <utf8proc.h>

#define SHARP_S                                                                                    \
    0xdf /* whose capital utf8proc takes for one letter, and every host language for SS */

struct bytes letters_turn(struct bytes text, enum letter_case wanted, struct arena *arena)
{
    struct buffer out = { 0 };

    for (size_t at = 0; at < text.len;) {
        utf8proc_int32_t point;
        utf8proc_uint8_t encoded[4];
        utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)text.data + at,
                                                (utf8proc_ssize_t)(text.len - at), &point);
        if (len <= 0) { /* no UTF-8: it stays as it is */
            buffer_append_u8(&out, (uint8_t)text.data[at++]);
            continue;
        }
        at += (size_t)len;
        if (point == SHARP_S && wanted == CASE_UPPER) {
            buffer_append_bytes(&out, BYTES("SS"));
            continue;
        }
        point = wanted == CASE_UPPER ? utf8proc_toupper(point) : utf8proc_tolower(point);
        buffer_append(&out, encoded, (size_t)utf8proc_encode_char(point, encoded));
    }
    struct bytes turned = arena_copy(arena, buffer_bytes(&out));
    buffer_release(&out);
    return turned;
}
