#include "common/crash.h"

#ifdef STOA_CRASH_POINTS

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_KILLED 137 /* what a shell reports of kill -9 */

void crash_point(const char *name)
{
    static atomic_long passed;
    const char *wanted = getenv("STOA_CRASH_AT");
    size_t len = strlen(name);

    if (!wanted || strncmp(wanted, name, len) != 0 || wanted[len] != ':')
        return;
    if (atomic_fetch_add(&passed, 1) + 1 == strtol(wanted + len + 1, NULL, 10))
        _exit(EXIT_KILLED);
}

#else
typedef int crash_points_are_off; /* ISO C wants a declaration in every file */
#endif
