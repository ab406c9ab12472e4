#include "tests/load/ws.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANDSHAKE_TIMEOUT_S  5
#define HANDSHAKE_BYTES_MAX  8192
#define RECEIVE_BYTES        ((size_t)256 * 1024)
#define RECEIVE_BYTES_A_TURN ((size_t)4 * 1024 * 1024)

enum opcode {
    OPCODE_CONTINUATION = 0,
    OPCODE_TEXT = 1,
    OPCODE_BINARY = 2,
    OPCODE_CLOSE = 8,
    OPCODE_PING = 9,
    OPCODE_PONG = 10,
};

static bool dial(struct ws *ws, uint16_t port, struct error *err)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct timeval timeout = { .tv_sec = HANDSHAKE_TIMEOUT_S };
    int one = 1;

    ws->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (ws->fd < 0)
        return fail(err, ERROR_FAULT, "socket: %s", strerror(errno));
    setsockopt(ws->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(ws->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    setsockopt(ws->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(ws->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return true;
    return fail(err, ERROR_UNAVAILABLE, "port %u: %s", port, strerror(errno));
}

/* Reads up to the empty line; what follows it stays in `in`. */
static bool read_answer(struct ws *ws, struct error *err)
{
    for (;;) {
        char *room = buffer_reserve(&ws->in, HANDSHAKE_BYTES_MAX);
        ssize_t len = recv(ws->fd, room, HANDSHAKE_BYTES_MAX, 0);
        if (len <= 0)
            return fail(err, ERROR_UNAVAILABLE, "no answer to the upgrade: %s",
                        len == 0 ? "closed" : strerror(errno));
        ws->in.len += (size_t)len;
        char *end = memmem(ws->in.data, ws->in.len, "\r\n\r\n", 4);
        if (end) {
            ws->in_at = (size_t)(end - ws->in.data) + 4;
            break;
        }
        if (ws->in.len > HANDSHAKE_BYTES_MAX)
            return fail(err, ERROR_FAULT, "the answer to the upgrade does not end");
    }
    if (ws->in.len > 12 && !memcmp(ws->in.data, "HTTP/1.1 101", 12))
        return true;
    return fail(err, ERROR_INCORRECT, "the upgrade was refused: %.*s",
                (int)(ws->in.len > 200 ? 200 : ws->in.len), ws->in.data);
}

bool ws_open(struct ws *ws, uint16_t port, const char *path, const char *subprotocol,
             struct error *err)
{
    struct buffer request = { 0 };

    *ws = (struct ws){ .fd = -1, .binary = strstr(subprotocol, "msgpack") != NULL };
    buffer_printf(&request,
                  "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Key: c3RvYSBsb2FkIGNsaWVudA==\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
                  path, port, subprotocol);
    bool ok = dial(ws, port, err);
    if (ok && send(ws->fd, request.data, request.len, MSG_NOSIGNAL) != (ssize_t)request.len)
        ok = fail(err, ERROR_UNAVAILABLE, "the upgrade cannot be sent: %s", strerror(errno));
    ok = ok && read_answer(ws, err);
    buffer_release(&request);
    if (!ok) {
        ws_close(ws);
        return false;
    }
    fcntl(ws->fd, F_SETFL, fcntl(ws->fd, F_GETFL) | O_NONBLOCK);
    return true;
}

void ws_close(struct ws *ws)
{
    if (ws->fd >= 0)
        close(ws->fd);
    ws->fd = -1;
    buffer_release(&ws->in);
    buffer_release(&ws->out);
    buffer_release(&ws->joined);
    ws->in_at = ws->out_at = 0;
}

static void put_frame(struct ws *ws, enum opcode opcode, struct bytes payload)
{
    static const uint8_t mask[4] = { 0 };

    buffer_append_u8(&ws->out, (uint8_t)(0x80 | opcode));
    if (payload.len < 126) {
        buffer_append_u8(&ws->out, (uint8_t)(0x80 | payload.len));
    } else if (payload.len <= UINT16_MAX) {
        buffer_append_u8(&ws->out, 0x80 | 126);
        buffer_append_u16be(&ws->out, (uint16_t)payload.len);
    } else {
        buffer_append_u8(&ws->out, 0x80 | 127);
        buffer_append_u64be(&ws->out, payload.len);
    }
    buffer_append(&ws->out, mask, sizeof(mask));
    buffer_append_bytes(&ws->out, payload);
}

void ws_send(struct ws *ws, struct bytes payload)
{
    put_frame(ws, ws->binary ? OPCODE_BINARY : OPCODE_TEXT, payload);
}

bool ws_pending(const struct ws *ws)
{
    return ws->out.len > ws->out_at;
}

bool ws_flush(struct ws *ws, struct error *err)
{
    while (ws_pending(ws)) {
        ssize_t len =
            send(ws->fd, ws->out.data + ws->out_at, ws->out.len - ws->out_at, MSG_NOSIGNAL);
        if (len < 0 && errno == EAGAIN)
            return true;
        if (len < 0)
            return fail(err, ERROR_UNAVAILABLE, "send: %s", strerror(errno));
        ws->out_at += (size_t)len;
    }
    buffer_clear(&ws->out);
    ws->out_at = 0;
    return true;
}

/* Moves what is not used up to the front. */
static void compact(struct ws *ws)
{
    if (ws->in_at == 0)
        return;
    memmove(ws->in.data, ws->in.data + ws->in_at, ws->in.len - ws->in_at);
    ws->in.len -= ws->in_at;
    ws->in_at = 0;
}

bool ws_fill(struct ws *ws, struct error *err)
{
    size_t taken = 0;

    compact(ws);
    while (taken < RECEIVE_BYTES_A_TURN) {
        char *room = buffer_reserve(&ws->in, RECEIVE_BYTES);
        ssize_t len = recv(ws->fd, room, RECEIVE_BYTES, 0);
        if (len < 0 && errno == EAGAIN)
            return true;
        if (len < 0)
            return fail(err, ERROR_UNAVAILABLE, "recv: %s", strerror(errno));
        if (len == 0)
            return taken > 0 || fail(err, ERROR_UNAVAILABLE, "the connection was closed");
        ws->in.len += (size_t)len;
        taken += (size_t)len;
        if ((size_t)len < RECEIVE_BYTES)
            return true;
    }
    return true;
}

/* The next frame in `in`; *found false: it is not whole. Servers do not mask. */
static bool next_frame(struct ws *ws, uint8_t *head, struct bytes *payload, bool *found,
                       struct error *err)
{
    const uint8_t *in = (const uint8_t *)ws->in.data + ws->in_at;
    size_t have = ws->in.len - ws->in_at, header = 2;

    *found = false;
    if (have < header)
        return true;
    uint64_t len = in[1] & 0x7f;
    if (in[1] & 0x80 || in[0] & 0x70)
        return fail(err, ERROR_FAULT, "a frame from the server is masked or has reserved bits");
    if (len == 126)
        header = 4;
    else if (len == 127)
        header = 10;
    if (have < header)
        return true;
    if (len == 126)
        len = load_u16be(in + 2);
    else if (len == 127)
        len = load_u64be(in + 2);
    if (have - header < len)
        return true;
    *head = in[0];
    *payload = (struct bytes){ (const char *)in + header, len };
    *found = true;
    ws->in_at += header + len;
    return true;
}

static bool control(struct ws *ws, enum opcode opcode, struct bytes payload, struct error *err)
{
    if (opcode == OPCODE_PING)
        put_frame(ws, OPCODE_PONG, payload);
    if (opcode != OPCODE_CLOSE)
        return true;
    ws->status = payload.len >= 2 ? load_u16be((const uint8_t *)payload.data) : 0;
    return fail(err, ERROR_UNAVAILABLE, "the server closed with %d", ws->status);
}

bool ws_next(struct ws *ws, struct bytes *payload, bool *found, struct error *err)
{
    uint8_t head = 0;

    if (!ws->in_fragments)
        buffer_clear(&ws->joined);
    for (;;) {
        if (!next_frame(ws, &head, payload, found, err))
            return false;
        if (!*found)
            return true;
        enum opcode opcode = (enum opcode)(head & 0x0f);
        bool final = head & 0x80;
        if (opcode >= OPCODE_CLOSE) {
            if (!control(ws, opcode, *payload, err))
                return false;
            continue;
        }
        if ((opcode == OPCODE_CONTINUATION) != ws->in_fragments)
            return fail(err, ERROR_FAULT, "a fragment of a message is out of place");
        if (opcode != OPCODE_CONTINUATION && final)
            return true;
        buffer_append_bytes(&ws->joined, *payload);
        ws->in_fragments = !final;
        if (final) {
            *payload = buffer_bytes(&ws->joined);
            return true;
        }
    }
}

bool ws_wait(struct ws *ws, int timeout_ms, struct error *err)
{
    struct pollfd poll_fd = { .fd = ws->fd, .events = POLLIN };

    if (!ws_flush(ws, err))
        return false;
    if (ws_pending(ws))
        poll_fd.events |= POLLOUT;
    if (poll(&poll_fd, 1, timeout_ms) < 0 && errno != EINTR)
        return fail(err, ERROR_FAULT, "poll: %s", strerror(errno));
    return true;
}
