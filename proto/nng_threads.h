/*
 * Leaves nng one thread for its callbacks.
 *
 * nng makes two of them for each processor, and wakes one for every completion while it holds the
 * lock that whom it wakes wants, although the thread that it is on would see to that one next.
 * Of what a message takes from one process to another that is a large part; a single thread does
 * all of it with fewer wakings (docs/BENCHMARKS.md: the way of one transaction), as long as no
 * callback waits for anything.
 *
 * nng 1.5 has no setting for it. So the others are given a callback that does not return. Its
 * author asks for two threads at least (github.com/nanomsg/nng, issue 1016), for parts of it that
 * wait in a callback for another one to run. None that is used here does: in 1.5.2, tcp, req, rep,
 * pub and sub leave all that waits to the reaper's thread. Other versions are left alone, since
 * they may differ.
 */
#ifndef STOA_PROTO_NNG_THREADS_H
#define STOA_PROTO_NNG_THREADS_H

/* From any thread; the first call does it, for as long as the process lives. Nothing where nng is
 * not 1.5. */
void nng_threads_park(void);

#endif
