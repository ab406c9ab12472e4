#include "tests/bench/post.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES 16384

bool post_open(struct post *post, uint16_t port, struct error *err)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int one = 1;

    post->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (post->fd < 0 || connect(post->fd, (struct sockaddr *)&address, sizeof(address)))
        return fail(err, ERROR_UNAVAILABLE, "port %u: %s", port, strerror(errno));
    setsockopt(post->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    fcntl(post->fd, F_SETFL, fcntl(post->fd, F_GETFL) | O_NONBLOCK);
    return true;
}

void post_close(struct post *post)
{
    if (post->fd >= 0)
        close(post->fd);
    post->fd = -1;
    buffer_release(&post->in);
}

bool post_send(struct post *post, const char *path, struct bytes body, struct error *err)
{
    struct buffer request = { 0 };

    buffer_clear(&post->in);
    buffer_printf(&request,
                  "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/msgpack\r\n"
                  "Accept: application/msgpack\r\nContent-Length: %zu\r\n\r\n",
                  path, body.len);
    buffer_append_bytes(&request, body);
    bool ok = send(post->fd, request.data, request.len, MSG_NOSIGNAL) == (ssize_t)request.len ||
              fail(err, ERROR_UNAVAILABLE, "send: %s", strerror(errno));
    buffer_release(&request);
    return ok;
}

/* The length of the body that the head announces; -1 when it announces none. */
static long body_length(const char *head, const char *end)
{
    static const char name[] = "\r\ncontent-length:";

    for (const char *at = head; at + sizeof(name) < end; at++)
        if (!strncasecmp(at, name, sizeof(name) - 1))
            return strtol(at + sizeof(name) - 1, NULL, 10);
    return -1;
}

bool post_receive(struct post *post, bool *done, int *status, struct error *err)
{
    ssize_t len = recv(post->fd, buffer_reserve(&post->in, RECEIVE_BYTES), RECEIVE_BYTES, 0);

    *done = false;
    if (len < 0 && errno == EAGAIN)
        return true;
    if (len <= 0)
        return fail(err, ERROR_UNAVAILABLE, "recv: %s", len == 0 ? "closed" : strerror(errno));
    post->in.len += (size_t)len;
    const char *end = memmem(post->in.data, post->in.len, "\r\n\r\n", 4);
    if (!end)
        return true;
    long body = body_length(post->in.data, end + 2);
    if (body < 0)
        return fail(err, ERROR_UNSUPPORTED, "an answer without Content-Length");
    *done = post->in.len >= (size_t)(end + 4 - post->in.data) + (size_t)body;
    *status = post->in.len > 12 ? (int)strtol(post->in.data + 9, NULL, 10) : 0;
    return true;
}
