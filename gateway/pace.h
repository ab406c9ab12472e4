/*
 * When the sessions of a room are told of new transactions. A write to a socket costs more than
 * what is written, so the more there are the longer transactions gather; these are the rules:
 *
 * - A session whose own transaction was answered, and whose tx is there, is told at once.
 * - One that waits for such an answer is left alone until it comes, since that frame then carries
 *   everything: but not for longer than PACE_OWN_US.
 * - All others are told together, 25 us a session after the last time, if that makes a millisecond
 *   at least; at most PACE_US_MAX. So the first transaction after a pause goes at once. Who was
 *   told alone less than half of that ago is left for the next time.
 */
#ifndef STOA_GATEWAY_PACE_H
#define STOA_GATEWAY_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACE_US_MAX 10000
#define PACE_OWN_US 50000

struct pace {
    int64_t told_us;  /* when all were last told */
    int64_t pause_us; /* that was to be between that time and the one before */
};

/* What a session waits for. */
enum pace_own {
    PACE_OWN_NONE,     /* nothing */
    PACE_OWN_OPEN,     /* the answer to a transaction of its own */
    PACE_OWN_ANSWERED, /* only to be sent it */
};

/* Whether it is time to tell all, who then count as told; else lowers *wait_us to when it is. */
bool pace_due(struct pace *pace, size_t sessions, int64_t now_us, int64_t *wait_us);

/* Whether a session is told when all are; else lowers *wait_us to when it will have waited long
 * enough. `told_us`: when it was last told. */
bool pace_tells(const struct pace *pace, enum pace_own own, int64_t told_us, int64_t now_us,
                int64_t *wait_us);

#endif
