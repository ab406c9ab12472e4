#include "proto/wire.h"

#include "common/clock.h"
#include "common/limits.h"
#include "proto/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define RECEIVE_BYTES ((size_t)256 << 10)
#define KEPT_BYTES    ((size_t)1 << 20) /* a larger buffer's memory is given back */

/* A host that vanished without a word is noticed after so long. */
#define KEEPALIVE_SECONDS 5
#define KEEPALIVE_TRIES   3
#define UNHEARD_MS        20000

enum { GREETING_BYTES = 8, LENGTH_BYTES = 8 };

/* --- connecting --- */

struct address {
    char host[256], port[8];
};

static bool parse_url(const char *url, struct address *out, struct error *err)
{
    static const char scheme[] = "tcp://";
    const char *host = url + sizeof(scheme) - 1;
    const char *colon = strrchr(url, ':');

    if (strncmp(url, scheme, sizeof(scheme) - 1) != 0 || colon < host)
        return fail(err, ERROR_INCORRECT, "\"%s\" is not of the form tcp://HOST:PORT", url);
    size_t len = (size_t)(colon - host), port_len = strlen(colon + 1);
    if (len > 1 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof(out->host) || port_len == 0 || port_len >= sizeof(out->port) ||
        strspn(colon + 1, "0123456789") != port_len)
        return fail(err, ERROR_INCORRECT, "\"%s\" is not of the form tcp://HOST:PORT", url);
    memcpy(out->host, host, len);
    out->host[len] = '\0';
    memcpy(out->port, colon + 1, port_len + 1);
    return true;
}

bool wire_check_url(const char *url, struct error *err)
{
    struct address address;

    return parse_url(url, &address, err);
}

static bool look_up(const char *url, int flags, struct addrinfo **out, struct error *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags };
    struct address address;

    if (!parse_url(url, &address, err))
        return false;
    int result = getaddrinfo(address.host, address.port, &hints, out);
    return result == 0 || fail(err, ERROR_UNAVAILABLE, "%s: %s", url, gai_strerror(result));
}

static void set_option(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof(value));
}

/* Waits for a connection that is being made; its error, or 0. */
static int await_connected(int fd, int timeout_ms)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * INT64_C(1000);
    int left_ms = timeout_ms, result;
    socklen_t len = sizeof(result);

    while ((result = poll(&poll_fd, 1, left_ms)) < 0 && errno == EINTR)
        left_ms = (int)((deadline_us - clock_monotonic_us()) / 1000);
    if (result <= 0)
        return result == 0 ? ETIMEDOUT : errno;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &len) ? errno : result;
}

/* The descriptor, or -1 with errno. */
static int connect_to(const struct addrinfo *address, int timeout_ms)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result = 0;

    if (fd < 0)
        return -1;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0)
        result = errno == EINPROGRESS ? await_connected(fd, timeout_ms) : errno;
    if (result == 0)
        return fd;
    close(fd);
    errno = result;
    return -1;
}

bool wire_dial(const char *url, int timeout_ms, int *fd, struct error *err)
{
    struct addrinfo *addresses;

    if (!look_up(url, 0, &addresses, err))
        return false;
    int connected = -1;
    for (const struct addrinfo *at = addresses; at && connected < 0; at = at->ai_next)
        connected = connect_to(at, timeout_ms);
    freeaddrinfo(addresses);
    if (connected < 0)
        return fail(err, ERROR_UNAVAILABLE, "%s: %s", url, strerror(errno));
    set_option(connected, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(connected, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_SECONDS);
    set_option(connected, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_SECONDS);
    set_option(connected, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_TRIES);
    set_option(connected, IPPROTO_TCP, TCP_USER_TIMEOUT, UNHEARD_MS);
    *fd = connected;
    return true;
}

void wire_open(struct wire *wire, int fd, enum wire_protocol own, enum wire_protocol peer)
{
    *wire = (struct wire){ .fd = fd, .peer = peer };
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    buffer_append(&wire->out, "\0SP", 4);
    buffer_append_u16be(&wire->out, (uint16_t)own);
    buffer_append_u16be(&wire->out, 0);
    wire_flush(wire);
}

void wire_close(struct wire *wire)
{
    if (wire->fd >= 0)
        close(wire->fd);
    wire->fd = -1;
    wire->greeted = false;
    buffer_release(&wire->in);
    buffer_release(&wire->out);
    wire->taken = wire->sent = 0;
}

/* --- receiving --- */

/* Moves what is not used up to the front. */
static void compact(struct buffer *buffer, size_t *used)
{
    if (*used == 0)
        return;
    memmove(buffer->data, buffer->data + *used, buffer->len - *used);
    buffer->len -= *used;
    *used = 0;
    if (buffer->len == 0 && buffer->cap > KEPT_BYTES)
        buffer_release(buffer);
}

bool wire_receive(struct wire *wire, struct error *err)
{
    compact(&wire->in, &wire->taken);
    ssize_t len = recv(wire->fd, buffer_reserve(&wire->in, RECEIVE_BYTES), RECEIVE_BYTES, 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (len < 0)
        return fail(err, ERROR_UNAVAILABLE, "the connection is broken: %s", strerror(errno));
    if (len == 0)
        return fail(err, ERROR_UNAVAILABLE, "the connection is closed");
    wire->in.len += (size_t)len;
    return true;
}

static bool check_greeting(const struct wire *wire, const uint8_t *in, struct error *err)
{
    if (memcmp(in, "\0SP", 4) == 0 && load_u16be(in + 4) == (uint16_t)wire->peer)
        return true;
    return fail(err, ERROR_FAULT, "what is at the other end does not speak the bus");
}

bool wire_peek(struct wire *wire, size_t *at, struct bytes *message, bool *found, struct error *err)
{
    size_t have = wire->in.len - wire->taken - *at;

    *found = false;
    if (have == 0)
        return true;
    const uint8_t *in = (const uint8_t *)wire->in.data + wire->taken + *at;
    if (!wire->greeted) {
        if (have < GREETING_BYTES)
            return true;
        if (!check_greeting(wire, in, err))
            return false;
        wire->greeted = true;
        wire->taken += GREETING_BYTES;
        in += GREETING_BYTES;
        have -= GREETING_BYTES;
    }
    if (have < LENGTH_BYTES)
        return true;
    uint64_t len = load_u64be(in);
    if (len > LIMIT_BUS_BYTES + BUS_OVERHEAD_BYTES)
        return fail(err, ERROR_FAULT, "a message of %llu bytes comes; at most %d may",
                    (unsigned long long)len, LIMIT_BUS_BYTES + BUS_OVERHEAD_BYTES);
    if (have - LENGTH_BYTES < len)
        return true;
    *message = (struct bytes){ (const char *)in + LENGTH_BYTES, len };
    *found = true;
    *at += LENGTH_BYTES + len;
    return true;
}

bool wire_next(struct wire *wire, struct bytes *message, bool *found, struct error *err)
{
    size_t at = 0;

    if (!wire_peek(wire, &at, message, found, err))
        return false;
    wire->taken += at;
    return true;
}

/* --- sending --- */

void wire_flush(struct wire *wire)
{
    while (wire_waiting(wire) > 0) {
        ssize_t len = send(wire->fd, wire->out.data + wire->sent, wire_waiting(wire), MSG_NOSIGNAL);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0 && errno != EAGAIN)
            wire->sent = wire->out.len; /* broken: nobody reads it any more */
        if (len < 0)
            break;
        wire->sent += (size_t)len;
    }
    if (wire_waiting(wire) == 0 || wire->sent > wire->out.len / 2)
        compact(&wire->out, &wire->sent);
}

static struct iovec part_of(struct bytes bytes)
{
    union {
        const char *data;
        void *base; /* of which sendmsg() only reads */
    } part = { .data = bytes.data };

    return (struct iovec){ part.base, bytes.len };
}

void wire_send(struct wire *wire, struct bytes head, struct bytes body)
{
    uint8_t length[LENGTH_BYTES];
    struct iovec parts[] = { { length, sizeof(length) }, part_of(head), part_of(body) };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = ARRAY_LEN(parts) };
    ssize_t sent = 0;

    store_u64be(length, head.len + body.len);
    if (wire_waiting(wire) == 0)
        sent = sendmsg(wire->fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return; /* broken */
    size_t skip = sent > 0 ? (size_t)sent : 0;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        size_t left = parts[i].iov_len > skip ? parts[i].iov_len - skip : 0;
        skip -= parts[i].iov_len - left;
        if (left)
            buffer_append(&wire->out, (char *)parts[i].iov_base + parts[i].iov_len - left, left);
    }
}
