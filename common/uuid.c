#include "common/uuid.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

struct uuid uuid_random(void)
{
    struct uuid uuid;

    while (getrandom(uuid.octets, sizeof(uuid.octets), 0) != (ssize_t)sizeof(uuid.octets))
        if (errno != EINTR)
            abort();
    uuid.octets[6] = (uint8_t)((uuid.octets[6] & 0x0f) | 0x40);
    uuid.octets[8] = (uint8_t)((uuid.octets[8] & 0x3f) | 0x80);
    return uuid;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool uuid_parse(struct bytes text, struct uuid *out)
{
    struct uuid uuid = { { 0 } };
    size_t octet = 0;

    if (text.len != UUID_TEXT_BYTES - 1)
        return false;
    for (size_t i = 0; i < text.len;) {
        if (dash_at(i)) {
            if (text.data[i++] != '-')
                return false;
            continue;
        }
        int high = hex_digit(text.data[i]), low = hex_digit(text.data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        uuid.octets[octet++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    *out = uuid;
    return true;
}

const char *uuid_format(const struct uuid *uuid, char out[UUID_TEXT_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t octet = 0; octet < sizeof(uuid->octets); octet++) {
        if (dash_at(at))
            out[at++] = '-';
        out[at++] = hex[uuid->octets[octet] >> 4];
        out[at++] = hex[uuid->octets[octet] & 15];
    }
    out[at] = '\0';
    return out;
}
