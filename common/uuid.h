/* UUIDs (RFC 9562): sixteen bytes in network order. */
#ifndef STOA_COMMON_UUID_H
#define STOA_COMMON_UUID_H

#include "common/bytes.h"

struct uuid {
    uint8_t octets[16];
};

#define UUID_TEXT_BYTES 37

/* A random (version 4) UUID from the kernel's generator. */
struct uuid uuid_random(void);

/* Reads the 36-character form, either case. */
bool uuid_parse(struct bytes text, struct uuid *out) MUST_USE;

/* Writes the lower-case form, NUL-terminated; returns `out`. */
const char *uuid_format(const struct uuid *uuid, char out[UUID_TEXT_BYTES]);

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

#endif
