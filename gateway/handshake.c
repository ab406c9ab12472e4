/*
 * libwebsockets wants to know at once, so whether a graph exists is asked of txd synchronously:
 * a tenth of a millisecond, but only so much of a second may go by with waiting. Beyond that, and
 * while txd is away, what is not known is let through, and the hello finds out.
 */
#include "gateway/handshake.h"

#include "common/clock.h"
#include "gateway/auth.h"
#include "gateway/http.h"
#include "gateway/metrics.h"
#include "gateway/room.h"
#include "proto/mp.h"

#include <stdlib.h>
#include <strings.h>

#define HEADER_BYTES_MAX 1024

#define KEY_BYTES 24 /* 16 in base64 */

#define ASK_TIMEOUT_MS 250

/* Waiting may take so much of the time, saved up for at most a second. */
#define WAIT_SHARE  0.2
#define WAIT_US_MAX 200000.0

static bool may_wait(double *budget_us, int64_t *since_us)
{
    int64_t now = clock_monotonic_us();

    *budget_us += (double)(now - *since_us) * WAIT_SHARE;
    *since_us = now;
    if (*budget_us > WAIT_US_MAX)
        *budget_us = WAIT_US_MAX;
    return *budget_us > 0;
}

/* A graph that has sessions here exists; it would have been said if it had been dropped. */
static bool graph_exists(struct gateway *gateway, struct bytes name, struct error *err)
{
    static double budget_us = WAIT_US_MAX;
    static int64_t since_us;
    const struct room *room = room_find(gateway, name);
    struct buffer text = { 0 };
    struct arena arena = { 0 };
    struct value answer;

    if ((room && room->following && room->relay.positioned) || !bus_up(gateway->bus, err) ||
        !may_wait(&budget_us, &since_us))
        return true;
    mp_write_map(&text, 3);
    mp_write_string(&text, BYTES("type"));
    mp_write_string(&text, BYTES("sync"));
    mp_write_string(&text, BYTES("graph"));
    mp_write_string(&text, name);
    mp_write_string(&text, BYTES("sync"));
    mp_write_string(&text, BYTES("none"));
    bool ok = bus_ask(gateway->bus, buffer_bytes(&text), ASK_TIMEOUT_MS, &arena, &answer, err);
    budget_us -= (double)(clock_monotonic_us() - since_us);
    since_us = clock_monotonic_us();
    buffer_release(&text);
    arena_release(&arena);
    return ok || err->kind != ERROR_NOT_FOUND;
}

struct bytes handshake_graph(struct lws *wsi, char *path, size_t size)
{
    struct bytes text = http_header(wsi, WSI_TOKEN_GET_URI, path, size);
    struct bytes before = BYTES("/v1/graphs/"), after = BYTES("/socket");
    struct bytes name = { text.data + before.len, text.len - before.len - after.len };

    if (text.len <= before.len + after.len || !bytes_starts_with(text, before) ||
        memcmp(text.data + text.len - after.len, after.data, after.len) != 0 ||
        !room_name_valid(name))
        return (struct bytes){ 0 };
    return name;
}

/* One of ours among those offered, or none offered at all. */
static bool offers_ours(struct bytes offered)
{
    static const char *const ours[] = { SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK };
    size_t at = 0;

    if (offered.len == 0)
        return true;
    while (at < offered.len) {
        size_t len = strcspn(offered.data + at, ", ");
        for (size_t i = 0; i < ARRAY_LEN(ours); i++)
            if (bytes_equal((struct bytes){ offered.data + at, len }, bytes_of(ours[i])))
                return true;
        at += len + 1;
    }
    return false;
}

static bool check(struct gateway *gateway, struct lws *wsi, int *status, struct error *err)
{
    char path[HEADER_BYTES_MAX], text[HEADER_BYTES_MAX], host[HEADER_BYTES_MAX];
    struct bytes graph = handshake_graph(wsi, path, sizeof(path));

    *status = 0;
    if (graph.len == 0)
        return fail(err, ERROR_NOT_FOUND, "no socket is at %.200s", path);
    if (!auth_origin(http_header(wsi, WSI_TOKEN_ORIGIN, text, sizeof(text)),
                     http_header(wsi, WSI_TOKEN_HOST, host, sizeof(host)),
                     gateway->settings->allowed_origins))
        return fail(err, ERROR_FORBIDDEN, "pages of %.200s may not use this server", text);
    if (!offers_ours(http_header(wsi, WSI_TOKEN_PROTOCOL, text, sizeof(text)))) {
        *status = 400;
        return fail(err, ERROR_UNSUPPORTED,
                    "the subprotocols are " SUBPROTOCOL_JSON " and " SUBPROTOCOL_MSGPACK
                    ", not %.200s",
                    text);
    }
    if (!bytes_equal(http_header(wsi, WSI_TOKEN_VERSION, text, sizeof(text)), BYTES("13"))) {
        *status = 426;
        return fail(err, ERROR_UNSUPPORTED,
                    "the Sec-WebSocket-Version is \"%.100s\"; 13 is spoken here", text);
    }
    if (http_header(wsi, WSI_TOKEN_KEY, text, sizeof(text)).len != KEY_BYTES)
        return fail(err, ERROR_INCORRECT, "the Sec-WebSocket-Key is \"%.100s\", which is none",
                    text);
    if (gateway->draining)
        return fail(err, ERROR_UNAVAILABLE, "this gateway is going away");
    if (metrics_get(METRIC_SOCKETS) >= gateway->settings->sockets_max)
        return fail(err, ERROR_BUSY, "this gateway has %lld sockets already",
                    (long long)gateway->settings->sockets_max);
    return graph_exists(gateway, graph, err);
}

bool handshake_check(struct gateway *gateway, struct lws *wsi, char *upgrade)
{
    char wanted[64];
    struct error error;
    int status;

    /* Where it is one that libwebsockets 4.1.6 does not know, a 403 is sent already, and `upgrade`
     * and all headers may be gone (CVE-2025-11677): what is read here is empty then. */
    http_header(wsi, WSI_TOKEN_UPGRADE, wanted, sizeof(wanted));
    if (!strcasecmp(wanted, "h2c")) { /* Java offers it with every request; HTTP/1.1 will do */
        *upgrade = '-';
        return true;
    }
    if (strcasecmp(wanted, "websocket") != 0) {
        fail(&error, ERROR_UNSUPPORTED, "the only upgrade is to websocket");
        http_refuse(wsi, 400, &error);
        return false;
    }
    if (check(gateway, wsi, &status, &error))
        return true;
    http_refuse(wsi, error.kind == ERROR_BUSY ? 503 : status, &error);
    return false;
}
