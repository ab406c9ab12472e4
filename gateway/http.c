#include "gateway/http.h"

#include "common/limits.h"
#include "common/log.h"
#include "common/queue.h"
#include "gateway/auth.h"
#include "gateway/metrics.h"
#include "gateway/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* Headers that are looked at; a request whose are longer is refused as if it had none. */
#define HEADER_BYTES_MAX 1024
#define PATH_BYTES_MAX   1024

#define LENGTH_DIGITS_MAX 18

/* One write. */
#define WRITE_BYTES_MAX (256 << 10)

/* A client that takes or sends nothing for so long is dropped. */
#define STALLED_SECONDS 60

/* A body without a length, RFC 9112 section 7.1: libwebsockets leaves it as it comes. Where its
 * form is wrong nobody knows where it ends. */
enum chunk_state { CHUNK_SIZE, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER, CHUNK_ENDED, CHUNK_BAD };

struct connection {
    struct exchange exchange;
    struct lws *wsi;
    bool chunked;
    bool body_end_told; /* libwebsockets has said so */
    enum chunk_state chunk_state;
    size_t chunk_left;
    bool chunk_sized; /* digits of its size have come */
    size_t line_len;  /* of a trailer; 0: the body ends with this line */
    char path[PATH_BYTES_MAX], query[PATH_BYTES_MAX];
    char graph[LIMIT_GRAPH_NAME_BYTES + 1];
    char content_type[HEADER_BYTES_MAX], accept[HEADER_BYTES_MAX];
    char accept_encoding[HEADER_BYTES_MAX], if_none_match[HEADER_BYTES_MAX];
    char content_encoding[HEADER_BYTES_MAX];
};

static struct connection *connection_of(struct lws *wsi)
{
    return lws_get_opaque_user_data(wsi);
}

/* --- for exchange.c --- */

void http_wake(struct exchange *exchange)
{
    lws_callback_on_writable(CONTAINER_OF(exchange, struct connection, exchange)->wsi);
}

void http_pause(struct exchange *exchange, bool paused)
{
    struct connection *connection = CONTAINER_OF(exchange, struct connection, exchange);

    if (lws_rx_flow_control(connection->wsi, !paused))
        log_warn("cannot %s a body", paused ? "pause" : "resume");
}

void http_exchange_free(struct exchange *exchange)
{
    free(CONTAINER_OF(exchange, struct connection, exchange));
}

/* --- the head of a request --- */

struct bytes http_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
    int len = lws_hdr_copy(wsi, out, (int)size, token);

    if (len < 0)
        len = 0;
    out[len] = '\0';
    return (struct bytes){ out, (size_t)len };
}

static enum method method_of(struct lws *wsi)
{
    static const struct {
        enum lws_token_indexes token;
        enum method method;
    } methods[] = {
        { WSI_TOKEN_HEAD_URI, METHOD_HEAD },     { WSI_TOKEN_GET_URI, METHOD_GET },
        { WSI_TOKEN_POST_URI, METHOD_POST },     { WSI_TOKEN_PUT_URI, METHOD_PUT },
        { WSI_TOKEN_DELETE_URI, METHOD_DELETE },
    };

    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (lws_hdr_total_length(wsi, methods[i].token) > 0)
            return methods[i].method;
    return METHOD_OTHER;
}

/* What a page of another site makes a browser send must change nothing. */
static bool check_origin(struct connection *connection, struct error *err)
{
    char origin[HEADER_BYTES_MAX], host[HEADER_BYTES_MAX];
    struct exchange *exchange = &connection->exchange;

    if (exchange->method == METHOD_GET || exchange->method == METHOD_HEAD)
        return true;
    if (auth_origin(http_header(connection->wsi, WSI_TOKEN_ORIGIN, origin, sizeof(origin)),
                    http_header(connection->wsi, WSI_TOKEN_HOST, host, sizeof(host)),
                    exchange->gateway->settings->allowed_origins))
        return true;
    return fail(err, ERROR_FORBIDDEN, "pages of %.100s may not use this server", origin);
}

/* Where the body ends (RFC 9112 section 6): what others on the way may read otherwise is refused.
 */
static bool check_framing(struct lws *wsi, struct error *err)
{
    char coding[HEADER_BYTES_MAX], length[HEADER_BYTES_MAX];
    struct bytes coded = http_header(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING, coding, sizeof(coding));
    struct bytes given = http_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length, sizeof(length));

    if (coded.len && strcasecmp(coding, "chunked") != 0)
        return fail(err, ERROR_UNSUPPORTED, "the Transfer-Encoding is \"%.100s\"; chunked is known",
                    coding);
    if (coded.len && given.len)
        return fail(err, ERROR_INCORRECT,
                    "a body has a Content-Length or comes in chunks; this has both");
    if (given.len > LENGTH_DIGITS_MAX || strspn(length, "0123456789") != given.len)
        return fail(err, ERROR_INCORRECT, "the Content-Length is \"%.100s\"; it must be one number",
                    length);
    return true;
}

/* libwebsockets keeps what is between the ampersands apart; what does not fit is left out. */
static void read_query(struct connection *connection)
{
    char part[PATH_BYTES_MAX];
    size_t len = 0;

    for (int i = 0;
         lws_hdr_copy_fragment(connection->wsi, part, sizeof(part), WSI_TOKEN_HTTP_URI_ARGS, i) > 0;
         i++) {
        size_t more = strlen(part);
        if (len + more + 2 > sizeof(connection->query))
            continue;
        if (len > 0)
            connection->query[len++] = '&';
        memcpy(connection->query + len, part, more + 1);
        len += more;
    }
}

static void read_head(struct connection *connection)
{
    struct lws *wsi = connection->wsi;
    struct exchange *exchange = &connection->exchange;
    char text[HEADER_BYTES_MAX];

    exchange->method = method_of(wsi);
    http_header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, connection->content_type, HEADER_BYTES_MAX);
    http_header(wsi, WSI_TOKEN_HTTP_ACCEPT, connection->accept, HEADER_BYTES_MAX);
    http_header(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, connection->accept_encoding, HEADER_BYTES_MAX);
    http_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, connection->if_none_match, HEADER_BYTES_MAX);
    http_header(wsi, WSI_TOKEN_HTTP_CONTENT_ENCODING, connection->content_encoding,
                HEADER_BYTES_MAX);
    exchange->unframed =
        !bytes_equal(http_header(wsi, WSI_TOKEN_HTTP, text, sizeof(text)), BYTES("HTTP/1.1"));
    connection->chunked =
        http_header(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING, text, sizeof(text)).len > 0;
    struct bytes length = http_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof(text));
    bool empty = bytes_equal(length, BYTES("0"));
    exchange->body_sent = connection->chunked || (length.len > 0 && !empty);
    exchange->body_ended = !exchange->body_sent;
    /* Without a length libwebsockets goes on reading a body that is not there. */
    exchange->must_close = connection->chunked || length.len == 0 || empty;
    if (exchange->method == METHOD_GET || exchange->method == METHOD_HEAD ||
        exchange->method == METHOD_DELETE)
        exchange->must_close = connection->chunked;
    if (exchange->body_sent &&
        strcasecmp((http_header(wsi, WSI_TOKEN_HTTP_EXPECT, text, sizeof(text)), text),
                   "100-continue") == 0) {
        unsigned char go_on[LWS_PRE + 32];
        int len = snprintf((char *)go_on + LWS_PRE, 32, "HTTP/1.1 100 Continue\r\n\r\n");
        if (lws_write(wsi, go_on + LWS_PRE, (size_t)len, LWS_WRITE_HTTP) < 0)
            exchange->must_close = true;
    }
}

bool http_start(struct gateway *gateway, struct lws *wsi, const char *path)
{
    struct connection *connection;
    struct exchange *exchange;
    struct error error;

    metrics_add(METRIC_HTTP_REQUESTS, 1);
    if (!check_framing(wsi, &error)) {
        http_refuse(wsi, 0, &error);
        return false;
    }
    metrics_add(METRIC_HTTP_IN_FLIGHT, 1);
    connection = xcalloc(1, sizeof(*connection));
    exchange = &connection->exchange;
    *exchange = (struct exchange){ .gateway = gateway,
                                   .connection = connection,
                                   .references = 1,
                                   .path = connection->path,
                                   .query = connection->query,
                                   .graph = connection->graph,
                                   .content_type = connection->content_type,
                                   .accept = connection->accept,
                                   .accept_encoding = connection->accept_encoding,
                                   .content_encoding = connection->content_encoding,
                                   .if_none_match = connection->if_none_match,
                                   .request_media = MEDIA_JSON,
                                   .media = MEDIA_JSON };
    connection->wsi = wsi;
    lws_set_opaque_user_data(wsi, connection);
    snprintf(connection->path, sizeof(connection->path), "%s", path);
    read_query(connection);
    read_head(connection);
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, STALLED_SECONDS);
    exchange_prefer_media(exchange);
    if (!check_origin(connection, &error))
        exchange_reply_error(exchange, 0, &error);
    else
        routes_start(exchange, connection->graph);
    return true;
}

/* --- bodies --- */

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* The line that gives a chunk's size: digits, perhaps extensions, CRLF. */
static void chunk_size(struct connection *connection, char c)
{
    int digit = hex_digit(c);

    if (c == '\n' && !connection->chunk_sized) {
        connection->chunk_state = CHUNK_BAD;
    } else if (c == '\n') {
        connection->chunk_state = connection->chunk_left ? CHUNK_DATA : CHUNK_TRAILER;
        connection->chunk_sized = false;
        connection->line_len = 0;
    } else if (connection->line_len == 0 && digit >= 0) {
        if (connection->chunk_left > LIMIT_BUS_BYTES)
            connection->chunk_state = CHUNK_BAD;
        connection->chunk_sized = true;
        connection->chunk_left = connection->chunk_left * 16 + (size_t)digit;
    } else {
        connection->line_len++;
    }
}

static void chunk_trailer(struct connection *connection, char c)
{
    if (c == '\n' && connection->line_len == 0)
        connection->chunk_state = CHUNK_ENDED;
    else if (c == '\n')
        connection->line_len = 0;
    else if (c != '\r')
        connection->line_len++;
}

static void take(struct connection *connection, struct bytes part)
{
    if (!connection->exchange.answered)
        buffer_append_bytes(&connection->exchange.body, part);
}

static void take_chunked(struct connection *connection, struct bytes part)
{
    while (part.len && connection->chunk_state < CHUNK_ENDED) {
        size_t used = 1;
        switch (connection->chunk_state) {
        case CHUNK_SIZE:
            chunk_size(connection, *part.data);
            break;
        case CHUNK_DATA:
            used = part.len < connection->chunk_left ? part.len : connection->chunk_left;
            take(connection, (struct bytes){ part.data, used });
            connection->chunk_left -= used;
            if (connection->chunk_left == 0)
                connection->chunk_state = CHUNK_DATA_END;
            break;
        case CHUNK_DATA_END:
            if (*part.data == '\n')
                connection->chunk_state = CHUNK_SIZE;
            else if (*part.data != '\r')
                connection->chunk_state = CHUNK_BAD;
            break;
        case CHUNK_TRAILER:
            chunk_trailer(connection, *part.data);
            break;
        case CHUNK_ENDED:
        case CHUNK_BAD:
            break;
        }
        part = (struct bytes){ part.data + used, part.len - used };
    }
}

static void body_ended(struct exchange *exchange)
{
    if (exchange->body_ended)
        return;
    exchange->body_ended = true;
    if (exchange->answered)
        exchange_wake(exchange);
    else
        routes_body(exchange);
}

/* Writes the answer at once, for a connection that is closed then. */
static void write_now(struct connection *connection)
{
    struct bytes out = buffer_bytes(&connection->exchange.out);
    struct buffer text = { 0 };

    buffer_reserve(&text, LWS_PRE + out.len);
    text.len = LWS_PRE;
    buffer_append_bytes(&text, out);
    if (lws_write(connection->wsi, (unsigned char *)text.data + LWS_PRE, out.len, LWS_WRITE_HTTP) <
        0)
        log_debug("a refused request could not be answered");
    buffer_release(&text);
}

/* Answers at once where nothing was answered yet: the connection is to be closed. */
static void refuse(struct connection *connection, const struct error *error)
{
    struct exchange *exchange = &connection->exchange;

    if (exchange->answered)
        return;
    exchange->must_close = true;
    exchange_reply_error(exchange, 0, error);
    write_now(connection);
}

bool http_body(struct lws *wsi, struct bytes part)
{
    struct connection *connection = connection_of(wsi);
    struct error error;

    if (!connection || !connection->exchange.body_sent)
        return true;
    struct exchange *exchange = exchange_retain(&connection->exchange);
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, STALLED_SECONDS);
    if (connection->chunked)
        take_chunked(connection, part);
    else
        take(connection, part);
    if (connection->chunk_state == CHUNK_BAD) {
        fail(&error, ERROR_INCORRECT, "the body is not in chunks as it should be");
        refuse(connection, &error);
    } else if (connection->chunk_state == CHUNK_ENDED) {
        body_ended(exchange);
    } else if (!exchange->answered) {
        routes_body(exchange);
    }
    bool go_on = connection->chunk_state != CHUNK_BAD;
    exchange_release(exchange);
    return go_on;
}

/*
 * The request is not begun before the next turn of the loop: by then libwebsockets has said the end
 * of a body twice if it has read more behind it, a request that was sent ahead. It would say so
 * for ever and let nobody else have a turn (4.1.6), so this must be the end of the connection;
 * but nothing has been done, and the client is told.
 */
bool http_body_end(struct lws *wsi)
{
    struct connection *connection = connection_of(wsi);
    struct error error;

    if (!connection)
        return false;
    if (connection->body_end_told) {
        fail(&error, ERROR_INCORRECT,
             "another request came right behind the body of this one; send it when this one has "
             "been answered");
        refuse(connection, &error);
        return false;
    }
    connection->body_end_told = true;
    if (connection->chunked && connection->chunk_state != CHUNK_ENDED) {
        fail(&error, ERROR_INCORRECT, "the body is too long to come without a Content-Length");
        exchange_reply_error(&connection->exchange, 413, &error);
    }
    lws_callback_on_writable(wsi);
    return true;
}

/* --- answers --- */

/* The answer is sent: the connection is free for the next request, or is to be closed. */
static bool complete(struct connection *connection)
{
    struct lws *wsi = connection->wsi;
    bool close = connection->exchange.must_close;

    if (!connection->exchange.body_ended)
        return true;                 /* the client may not read before it has sent it all */
    if (lws_partial_buffered(wsi)) { /* who stops then must not take it along */
        lws_callback_on_writable(wsi);
        return true;
    }
    metrics_add(METRIC_HTTP_IN_FLIGHT, -1);
    lws_set_opaque_user_data(wsi, NULL);
    connection->exchange.connection = NULL;
    exchange_release(&connection->exchange);
    return !close && lws_http_transaction_completed(wsi) == 0;
}

bool http_write(struct lws *wsi, struct frame *scratch)
{
    struct connection *connection = connection_of(wsi);

    if (!connection)
        return true;
    struct exchange *exchange = &connection->exchange;
    if (connection->body_end_told)
        body_ended(exchange);
    size_t left = exchange->out.len - exchange->out_sent;
    if (left > 0) {
        size_t len = left < WRITE_BYTES_MAX ? left : WRITE_BYTES_MAX;
        frame_start(scratch, ENCODING_JSON);
        frame_add(scratch, (struct bytes){ exchange->out.data + exchange->out_sent, len });
        lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, STALLED_SECONDS);
        if (lws_write(wsi, (unsigned char *)scratch->buffer.data + FRAME_HEADROOM, len,
                      LWS_WRITE_HTTP) < (int)len)
            return false;
        exchange->out_sent += len;
        left -= len;
    }
    if (left == 0) {
        buffer_clear(&exchange->out);
        exchange->out_sent = 0;
        if (exchange->streaming && exchange->operations->drained)
            exchange->operations->drained(exchange);
        else if (exchange->answered && !exchange->streaming)
            return complete(connection);
    }
    if (exchange->out.len > exchange->out_sent || (exchange->answered && !exchange->streaming))
        lws_callback_on_writable(wsi);
    return true;
}

void http_closed(struct lws *wsi)
{
    struct connection *connection = connection_of(wsi);

    if (!connection)
        return;
    struct exchange *exchange = &connection->exchange;
    metrics_add(METRIC_HTTP_IN_FLIGHT, -1);
    lws_set_opaque_user_data(wsi, NULL);
    exchange->connection = NULL;
    if (exchange->operations && exchange->operations->gone)
        exchange->operations->gone(exchange);
    exchange_release(exchange);
}

void http_refuse(struct lws *wsi, int status, const struct error *error)
{
    struct connection *connection = xcalloc(1, sizeof(*connection));
    struct exchange *exchange = &connection->exchange;

    *exchange = (struct exchange){ .connection = connection,
                                   .references = 1,
                                   .must_close = true,
                                   .body_ended = true,
                                   .media = MEDIA_JSON };
    connection->wsi = wsi;
    exchange_reply_error(exchange, status, error);
    write_now(connection);
    exchange_release(exchange);
}
