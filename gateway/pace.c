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
    int64_t pause_us = (int64_t)sessions * US_PER_SESSION;

    if (pause_us > PACE_US_MAX)
        pause_us = PACE_US_MAX;
    if (pause_us < US_MIN)
        pause_us = 0;
    if (now_us < pace->told_us + pause_us) {
        lower(wait_us, pace->told_us + pause_us - now_us);
        return false;
    }
    *pace = (struct pace){ .told_us = now_us, .pause_us = pause_us };
    return true;
}

bool pace_tells(const struct pace *pace, enum pace_own own, int64_t told_us, int64_t now_us,
                int64_t *wait_us)
{
    const int64_t waits_us[] = {
        [PACE_OWN_NONE] = pace->pause_us / 2, [PACE_OWN_OPEN] = PACE_OWN_US, [PACE_OWN_ANSWERED] = 0
    };

    if (now_us >= told_us + waits_us[own])
        return true;
    lower(wait_us, told_us + waits_us[own] - now_us);
    return false;
}
