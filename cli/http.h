/*
 * The way to a gateway. The only file of the CLI that knows libcurl. Requests carry EDN and ask
 * for EDN; bodies of uploads and answers of downloads are streamed.
 */
#ifndef STOA_CLI_HTTP_H
#define STOA_CLI_HTTP_H

#include "cli/command.h"
#include "cli/progress.h"
#include "common/buffer.h"
#include "proto/value.h"

#include <stdio.h>

struct http;

/* Takes a piece of an answer. False ends the transfer with OUTCOME_OUTPUT. */
typedef bool http_sink_fn(void *arg, struct bytes piece, struct error *err);

struct http_request {
    const char *method; /* "GET", "POST", ... */
    const char *path;   /* after the URL, beginning with '/' */
    struct bytes body;  /* EDN; empty: none */
    FILE *upload;       /* instead of `body`: its bytes from where it stands */
    uint64_t upload_bytes;
    http_sink_fn *sink; /* takes a good answer; NULL: it is appended to `answer` */
    void *sink_arg;
    struct progress *progress; /* told what was sent, or received when there is a sink; or NULL */
};

/* `url` is where the gateway is, as "http://host:3010". Errors: usage, when it is no URL. */
enum outcome http_open(const char *url, struct http **out, struct error *err);
void http_close(struct http *http); /* accepts NULL */

/* One request, and the whole answer. A status of 400 and above is OUTCOME_REFUSED with the
 * server's code and message. */
enum outcome http_send(struct http *http, const struct http_request *request, struct buffer *answer,
                       struct error *err);

/* http_send() of an EDN body to /v1/graphs/GRAPH/`verb` (GET when the body is empty), with the
 * answer read into `arena`. */
enum outcome http_call(struct http *http, const char *graph, const char *verb, struct bytes body,
                       struct arena *arena, struct value *answer, struct error *err);

#endif
