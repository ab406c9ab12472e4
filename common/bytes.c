#include "common/bytes.h"

#include <stdlib.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool bytes_starts_with(struct bytes text, struct bytes prefix)
{
    return text.len >= prefix.len &&
           (prefix.len == 0 || memcmp(text.data, prefix.data, prefix.len) == 0);
}

/* The length of the well-formed sequence at `s`, 0 when there is none. Unicode 15, table 3-7. */
static size_t utf8_sequence(const uint8_t *s, size_t left)
{
    uint8_t low = 0x80, high = 0xbf;
    size_t len;

    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        len = 2;
    } else if ((s[0] & 0xf0) == 0xe0) {
        len = 3;
        if (s[0] == 0xe0)
            low = 0xa0;
        if (s[0] == 0xed)
            high = 0x9f; /* surrogates */
    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        len = 4;
        if (s[0] == 0xf0)
            low = 0x90;
        if (s[0] == 0xf4)
            high = 0x8f;
    } else {
        return 0;
    }
    if (left < len || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool bytes_utf8_valid(struct bytes text, size_t *offset)
{
    const uint8_t *s = (const uint8_t *)text.data;
    size_t at = 0;

    while (at < text.len) {
        while (at + 8 <= text.len) { /* runs of ASCII, eight at a time */
            uint64_t word;

            memcpy(&word, s + at, sizeof(word));
            if (word & 0x8080808080808080u)
                break;
            at += 8;
        }
        if (at == text.len)
            break;
        size_t len = utf8_sequence(s + at, text.len - at);
        if (len == 0) {
            *offset = at;
            return false;
        }
        at += len;
    }
    return true;
}

/* Of this process, so that nobody can choose keys that collide. */
static uint64_t hash_seed;

__attribute__((constructor)) static void seed_hash(void)
{
    if (getrandom(&hash_seed, sizeof(hash_seed), 0) != (ssize_t)sizeof(hash_seed))
        abort(); /* a read of 8 bytes is never cut short once the pool is ready */
}

uint64_t bytes_hash(struct bytes text)
{
    return XXH3_64bits_withSeed(text.data, text.len, hash_seed);
}

/* The finaliser of splitmix64 (Sebastiano Vigna, public domain), begun at the seed. */
uint64_t number_hash(uint64_t number)
{
    uint64_t x = hash_seed + 0x9e3779b97f4a7c15u * (number + 1);

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}
