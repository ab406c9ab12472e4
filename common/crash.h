/*
 * Places where a test kills the process, to prove that a kill there loses nothing that was
 * acknowledged. In a build with -Dcrash_points=true the environment STOA_CRASH_AT=NAME:N ends the
 * process at the N-th passing of the point NAME, as kill -9 would; in any other build a point is
 * nothing.
 */
#ifndef STOA_COMMON_CRASH_H
#define STOA_COMMON_CRASH_H

#ifdef STOA_CRASH_POINTS
void crash_point(const char *name);
#else
static inline void crash_point(const char *name)
{
    (void)name;
}
#endif

#endif
