/* One kept-alive HTTP/1.1 connection that posts MessagePack, without blocking. */
#ifndef STOA_TESTS_BENCH_POST_H
#define STOA_TESTS_BENCH_POST_H

#include "common/buffer.h"
#include "common/error.h"

struct post {
    int fd;
    struct buffer in;
};

bool post_open(struct post *post, uint16_t port, struct error *err) MUST_USE;
void post_close(struct post *post); /* accepts a closed one */

/* Sends a request, which must fit the socket's buffer. */
bool post_send(struct post *post, const char *path, struct bytes body, struct error *err) MUST_USE;

/* Takes what has come. *done: the answer is whole, and its status is in *status. */
bool post_receive(struct post *post, bool *done, int *status, struct error *err) MUST_USE;

#endif
