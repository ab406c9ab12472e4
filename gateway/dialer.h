/*
 * Connects to one address on a thread of its own, again and again until it succeeds: looking up a
 * host may block, and the event loop must not.
 */
#ifndef STOA_GATEWAY_DIALER_H
#define STOA_GATEWAY_DIALER_H

#include "common/error.h"

struct dialer;

/* Begins. `wake` is called on the dialer's thread when there is a connection to take. */
struct dialer *dialer_open(const char *url, void (*wake)(void *arg), void *arg);

/* The connection, which becomes the caller's; -1 when there is none yet. */
int dialer_take(struct dialer *dialer);

/* Begins again, after a connection that was taken has come to its end. */
void dialer_again(struct dialer *dialer);

/* Accepts NULL. `wake` is not called any more; the thread ends when what it waits for does. */
void dialer_close(struct dialer *dialer);

#endif
