/* Random choices that one seed repeats (splitmix64). */
#ifndef STOA_TESTS_ORACLE_RANDOM_H
#define STOA_TESTS_ORACLE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    uint64_t x = random->state += 0x9e3779b97f4a7c15u;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static inline uint32_t random_below(struct random *random, uint32_t end)
{
    return (uint32_t)(random_next(random) % end);
}

/* True so many times in a hundred. */
static inline bool random_chance(struct random *random, uint32_t percent)
{
    return random_below(random, 100) < percent;
}

#endif
