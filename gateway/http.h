/* HTTP/1.1 on libwebsockets: requests become exchanges, and their answers are sent. */
#ifndef STOA_GATEWAY_HTTP_H
#define STOA_GATEWAY_HTTP_H

#include "gateway/encode.h"
#include "gateway/exchange.h"

#include <libwebsockets.h>

/* The callbacks of libwebsockets; false when the connection is to be closed. */
bool http_start(struct gateway *gateway, struct lws *wsi, const char *path) MUST_USE;
bool http_body(struct lws *wsi, struct bytes part) MUST_USE;

/* False when the connection is to be closed: the end was told before, since another request came
 * behind the body, and is refused. */
bool http_body_end(struct lws *wsi) MUST_USE;

bool http_write(struct lws *wsi, struct frame *scratch) MUST_USE;
void http_closed(struct lws *wsi);

/* A header of the request, in `out`, which ends with a NUL; empty when absent or too long. */
struct bytes http_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size);

/* Refuses a request by its head, at once. The connection is to be closed after it. */
void http_refuse(struct lws *wsi, int status, const struct error *error);

/* For exchange.c. */
void http_wake(struct exchange *exchange);
void http_pause(struct exchange *exchange, bool paused);
void http_exchange_free(struct exchange *exchange);

#endif
