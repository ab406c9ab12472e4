/* Time. Wall-clock milliseconds for people, monotonic micro- and nanoseconds for measuring. */
#ifndef STOA_COMMON_CLOCK_H
#define STOA_COMMON_CLOCK_H

#include "common/bytes.h"

int64_t clock_wall_ms(void);      /* since 1970-01-01T00:00:00Z */
int64_t clock_monotonic_us(void); /* since some point in the past; never goes back */
int64_t clock_monotonic_ns(void); /* the same */

#define CLOCK_TEXT_BYTES 40

/* RFC 3339 in UTC with milliseconds, as "2022-10-04T08:17:45.053Z"; years beyond 0000-9999 get a
 * sign and more digits. Returns `out`, NUL-terminated. */
const char *clock_format(int64_t wall_ms, char out[CLOCK_TEXT_BYTES]);

/* Reads RFC 3339, and as EDN's #inst does its shorter forms ("2022", "2022-10", "2022-10-04",
 * "2022-10-04T08:17"); without an offset the time is UTC. False when `text` is none of these. */
bool clock_parse(struct bytes text, int64_t *wall_ms) MUST_USE;

#endif
