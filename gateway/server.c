#include "gateway/server.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/queue.h"
#include "gateway/handshake.h"
#include "gateway/http.h"
#include "gateway/metrics.h"
#include "gateway/socket.h"

#include <ev.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#define TICK_US 100000

/* libwebsockets keeps a table of as many descriptors as the process may open. */
#define DESCRIPTORS_MAX 65536

/* What one read takes off a connection. */
#define READ_BYTES 16384

/* A socket's buffer for what it receives: one for each socket, so a small one. */
#define SOCKET_READ_BYTES 4096

/* What one write to a socket may hold; libwebsockets would cut it into pieces of the read size, and
 * copy the rest. */
#define WRITE_BYTES (512 << 10)

/* The headers of one request that libwebsockets knows: cookies of all ports of a machine come to
 * each. What is longer it cuts off without an answer. */
#define HEADERS_BYTES 16384

#define REQUEST_SECONDS   30
#define KEEPALIVE_SECONDS 75

/* After the drain, how long closing may take. */
#define CLOSE_MS 3000

struct server {
    const struct settings *settings;
    struct gateway *gateway;
    struct lws_context *context;
    struct ev_loop *loop;
    ev_signal terminate, interrupt;
    lws_sorted_usec_list_t tick;
    int64_t due_us;  /* of the next tick */
    bool closing;    /* there is none any more */
    int64_t stop_us; /* when to stop at the latest; 0: not asked to */
    bool stopped;
    struct frame scratch;    /* for the frame that is being written */
    lws_retry_bo_t liveness; /* pings, and how long a socket may be silent */
    struct lws_protocols protocols[3];
};

static struct server *server_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

/* --- callbacks of libwebsockets --- */

static void open_socket(struct server *server, struct lws *wsi)
{
    char path[1024];
    struct bytes graph = handshake_graph(wsi, path, sizeof(path));
    const struct lws_protocols *protocol = lws_get_protocol(wsi);
    bool json = !strcmp(protocol->name, SUBPROTOCOL_JSON);

    if (graph.len)
        lws_set_opaque_user_data(
            wsi, socket_open(server->gateway, wsi, graph, json ? ENCODING_JSON : ENCODING_MSGPACK));
}

static int on_socket(struct server *server, struct lws *wsi, enum lws_callback_reasons reason,
                     struct bytes in)
{
    struct socket *socket = lws_get_opaque_user_data(wsi);

    switch ((int)reason) {
    case LWS_CALLBACK_ESTABLISHED:
        open_socket(server, wsi);
        return lws_get_opaque_user_data(wsi) ? 0 : -1;
    case LWS_CALLBACK_RECEIVE:
        socket_receive(socket, in);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return socket_write(socket, &server->scratch) ? 0 : -1;
    case LWS_CALLBACK_CLOSED:
        lws_set_opaque_user_data(wsi, NULL);
        socket_close(socket);
        return 0;
    default:
        return 0;
    }
}

static int on_http(struct server *server, struct lws *wsi, enum lws_callback_reasons reason,
                   struct bytes in)
{
    switch ((int)reason) {
    case LWS_CALLBACK_HTTP:
        return http_start(server->gateway, wsi, in.data) ? 0 : -1;
    case LWS_CALLBACK_HTTP_BODY:
        return http_body(wsi, in) ? 0 : -1;
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return http_body_end(wsi) ? 0 : -1;
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return http_write(wsi, &server->scratch) ? 0 : -1;
    case LWS_CALLBACK_CLOSED_HTTP:
        http_closed(wsi);
        return 0;
    default:
        return 0;
    }
}

static int on_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                       size_t len)
{
    (void)user;
    switch ((int)reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        if (server_of(wsi)->gateway)
            gateway_dispatch(server_of(wsi)->gateway);
        return 0;
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_CLOSED:
        return on_socket(server_of(wsi), wsi, reason, (struct bytes){ in, len });
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return handshake_check(server_of(wsi)->gateway, wsi, in) ? 0 : -1;
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_CLOSED_HTTP:
        return on_http(server_of(wsi), wsi, reason, (struct bytes){ in, len });
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
}

/* --- the loop --- */

/* From any thread: the only call that may be. */
static void on_wake(void *arg)
{
    struct server *server = arg;

    lws_cancel_service(server->context);
}

static void on_tick(lws_sorted_usec_list_t *tick);

static void on_within(void *arg, int64_t us)
{
    struct server *server = arg;
    int64_t due_us = clock_monotonic_us() + us;

    if (server->closing || due_us >= server->due_us)
        return;
    server->due_us = due_us;
    lws_sul_schedule(server->context, 0, &server->tick, on_tick, us);
}

static void stop_when_drained(struct server *server)
{
    bool over = metrics_get(METRIC_SOCKETS) == 0 && metrics_get(METRIC_HTTP_IN_FLIGHT) == 0 &&
                gateway_is_drained(server->gateway);

    if (!server->stop_us || (!over && clock_monotonic_us() < server->stop_us))
        return;
    server->stopped = true;
    ev_break(server->loop, EVBREAK_ALL);
}

static void on_tick(lws_sorted_usec_list_t *tick)
{
    struct server *server = CONTAINER_OF(tick, struct server, tick);

    server->due_us = INT64_MAX;
    gateway_tick(server->gateway);
    stop_when_drained(server);
    on_within(server, TICK_US);
}

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int events)
{
    struct server *server = watcher->data;

    (void)loop, (void)events;
    if (server->stop_us)
        return;
    log_info("draining %lld sockets and %lld requests", (long long)metrics_get(METRIC_SOCKETS),
             (long long)metrics_get(METRIC_HTTP_IN_FLIGHT));
    server->stop_us = clock_monotonic_us() + (server->settings->drain_ms + CLOSE_MS) * 1000;
    gateway_drain(server->gateway);
    on_within(server, 0);
}

static void watch_signal(struct server *server, ev_signal *watcher, int number)
{
    ev_signal_init(watcher, on_signal, number);
    watcher->data = server;
    ev_signal_start(server->loop, watcher);
    ev_unref(server->loop);
}

/* --- life --- */

static void on_lws_log(int level, const char *line)
{
    if (level & LLL_ERR)
        log_error("libwebsockets: %s", line);
    else
        log_warn("libwebsockets: %s", line);
}

static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        log_warn("cannot raise the limit of open files to %lld", (long long)limit.rlim_cur);
}

static bool open_context(struct server *server, struct error *err)
{
    static const struct lws_extension deflate[] = {
        { "permessage-deflate", lws_extension_callback_pm_deflate,
          "permessage-deflate; client_no_context_takeover; server_no_context_takeover" },
        { NULL, NULL, NULL },
    };
    const struct settings *settings = server->settings;
    void *loops[] = { server->loop };
    bool tls = settings->tls_cert && *settings->tls_cert;

    server->protocols[0] = (struct lws_protocols){ .name = SUBPROTOCOL_JSON,
                                                   .callback = on_callback,
                                                   .rx_buffer_size = SOCKET_READ_BYTES,
                                                   .tx_packet_size = WRITE_BYTES };
    server->protocols[1] = server->protocols[0];
    server->protocols[1].name = SUBPROTOCOL_MSGPACK;
    server->liveness =
        (lws_retry_bo_t){ .secs_since_valid_ping = (uint16_t)((settings->ping_ms + 999) / 1000),
                          .secs_since_valid_hangup = (uint16_t)settings->idle_seconds };
    struct lws_context_creation_info info = {
        .iface = *settings->listen_host ? settings->listen_host : NULL,
        .port = (int)settings->listen_port,
        .protocols = server->protocols,
        .extensions = settings->permessage_deflate ? deflate : NULL,
        .retry_and_idle_policy = &server->liveness,
        .options = LWS_SERVER_OPTION_LIBEV,
        .foreign_loops = loops,
        .user = server,
        .uid = -1,
        .gid = -1,
        .pt_serv_buf_size = READ_BYTES,
        .max_http_header_data = HEADERS_BYTES,
        .timeout_secs = REQUEST_SECONDS,
        .keepalive_timeout = KEEPALIVE_SECONDS,
        .alpn = "http/1.1",
    };
    if (tls) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = settings->tls_cert;
        info.ssl_private_key_filepath = settings->tls_key;
    }
    server->context = lws_create_context(&info);
    if (!server->context)
        return fail(err, ERROR_UNAVAILABLE, "cannot listen on %s:%lld", settings->listen_host,
                    (long long)settings->listen_port);
    log_info("listening on %s://%s:%d", tls ? "https" : "http", settings->listen_host,
             lws_get_vhost_listen_port(lws_get_vhost_by_name(server->context, "default")));
    return true;
}

bool server_open(const struct settings *settings, struct server **out, struct error *err)
{
    struct server *server = xcalloc(1, sizeof(*server));
    struct gateway_loop loop = { .wake = on_wake, .within = on_within, .arg = server };

    server->settings = settings;
    lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
    signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    server->loop = ev_default_loop(0);
    if (!open_context(server, err) || !gateway_open(settings, &loop, &server->gateway, err)) {
        server_close(server);
        return false;
    }
    watch_signal(server, &server->terminate, SIGTERM);
    watch_signal(server, &server->interrupt, SIGINT);
    server->due_us = INT64_MAX;
    on_within(server, TICK_US);
    *out = server;
    return true;
}

void server_run(struct server *server)
{
    while (!server->stopped)
        ev_run(server->loop, 0);
    log_info("stopped");
}

/* First the bus, whose threads wake the loop; then the sockets, whose sessions use the gateway. */
void server_close(struct server *server)
{
    if (!server)
        return;
    if (server->gateway)
        gateway_stop(server->gateway);
    server->closing = true;
    if (server->context) {
        lws_sul_cancel(&server->tick);
        lws_context_destroy(server->context);
    }
    gateway_close(server->gateway);
    buffer_release(&server->scratch.buffer);
    free(server);
}
