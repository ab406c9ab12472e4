/*
 * Leaves nng one thread for its callbacks.
 *
 * nng makes two of them for each processor, and wakes one for every completion while it holds the
 * lock that whom it wakes wants, although the thread that it is on would see to that one next.
 * Of what a message takes from one process to another that is a large part; a single thread does
 * all of it with fewer wakings (docs/BENCHMARKS.md: the way of one transaction), as long as no
 * callback waits for anything.
 *
 * nng 1.5.2 has no setting for it. So the others are given a callback that does not return.
 */
#ifndef STOA_PROTO_NNG_THREADS_H
#define STOA_PROTO_NNG_THREADS_H

/* From any thread; the first call does it, for as long as the process lives. */
void nng_threads_park(void);

#endif
