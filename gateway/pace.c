#include "gateway/pace.h"

#define US_PER_SESSION 25
#define US_MIN         1000

static void lower(int64_t *wait_us, int64_t us)
{
    if (us < *wait_us)
        *wait_us = us;
}

bool pace_due(struct pace *pace, size_t sessions, int64_t now_us, int64_t *wait_us)
{
    int64_t pace_us = (int64_t)sessions * US_PER_SESSION;

    if (pace_us > PACE_US_MAX)
        pace_us = PACE_US_MAX;
    if (pace_us >= US_MIN && now_us < pace->told_us + pace_us) {
        lower(wait_us, pace->told_us + pace_us - now_us);
        return false;
    }
    pace->told_us = now_us;
    return true;
}

bool pace_tells(enum pace_own own, int64_t sent_us, int64_t now_us, int64_t *wait_us)
{
    if (own != PACE_OWN_OPEN || now_us >= sent_us + PACE_OWN_US)
        return true;
    lower(wait_us, sent_us + PACE_OWN_US - now_us);
    return false;
}
