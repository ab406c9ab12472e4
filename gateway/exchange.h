/*
 * One HTTP request and its answer, as the routes see it. http.c moves the bytes.
 *
 * An exchange lives until its answer has been sent or its client has gone, and as long as someone
 * holds a reference: whoever asks txd something holds one until the answer. After the client has
 * gone, answers are dropped.
 */
#ifndef STOA_GATEWAY_EXCHANGE_H
#define STOA_GATEWAY_EXCHANGE_H

#include "common/buffer.h"
#include "gateway/gateway.h"

enum media { MEDIA_EDN, MEDIA_TRANSIT, MEDIA_JSON, MEDIA_MSGPACK };

#define MEDIA_TYPES (MEDIA_MSGPACK + 1)

enum method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_DELETE, METHOD_OTHER };

struct exchange;

/* What a route that reads or writes a stream does; any may be NULL. */
struct exchange_operations {
    void (*body)(struct exchange *exchange);    /* more of the body is in exchange->body */
    void (*drained)(struct exchange *exchange); /* the answer wants more: exchange_write() */
    void (*gone)(struct exchange *exchange);    /* the client has gone before the end */
};

struct exchange {
    struct gateway *gateway;
    void *connection; /* http.c's; NULL: the client has gone */
    uint32_t references;

    enum method method;
    const char *path;         /* without the query */
    const char *query;        /* as "from=1&limit=5", "" when there is none */
    const char *graph;        /* of the path, "" when it names none */
    const char *content_type; /* headers; "" when absent */
    const char *content_encoding;
    const char *accept, *accept_encoding;
    const char *if_none_match;
    bool body_sent;           /* the client sends a body, an empty one too */
    enum media request_media; /* of the body, once exchange_media() has found it */
    enum media media;         /* of the answer */

    struct buffer body; /* what has come of it and is not yet taken */
    bool body_ended;
    bool paused; /* no more of the body is taken now */

    void (*start)(struct exchange *exchange);     /* the route's, for when the body is there */
    const struct exchange_operations *operations; /* of a stream */
    void *state;                                  /* the route's */

    struct buffer out; /* what is to be sent */
    size_t out_sent;
    bool answered;   /* the head of the answer is in `out` */
    bool streaming;  /* more will come after what is in `out` */
    bool must_close; /* the connection cannot be used again */
    bool unframed;   /* HTTP/1.0: a stream ends with the connection, and has no chunks */
    char allow[64];  /* the methods that the path has, for an answer that says so; "" */
};

struct exchange *exchange_retain(struct exchange *exchange);
void exchange_release(struct exchange *exchange); /* accepts NULL */

static inline bool exchange_gone(const struct exchange *exchange)
{
    return !exchange->connection;
}

/* Answers with a whole body of the type; `headers` is NULL or further lines, each ending in CRLF.
 */
void exchange_reply(struct exchange *exchange, int status, const char *type, const char *headers,
                    struct bytes body);

/* Answers with a value in exchange->media. Its string keys become EDN's keywords. */
void exchange_reply_value(struct exchange *exchange, int status, const struct value *value);

/* The same for a list of maps in the value, whose keys are part of the envelope too. */
void exchange_reply_list(struct exchange *exchange, int status, const struct value *value);

/* Answers {code, message} with the HTTP status that fits the kind, or `status` if it is not 0. */
void exchange_reply_error(struct exchange *exchange, int status, const struct error *error);

/* Answers piece by piece: `drained` is called whenever little of it waits to be sent. */
void exchange_begin(struct exchange *exchange, int status, const char *type);
void exchange_write(struct exchange *exchange, struct bytes bytes);
void exchange_end(struct exchange *exchange);

/* The answer cannot be completed: the connection is broken off, so that the client sees it. */
void exchange_break(struct exchange *exchange);

/* Takes no more of the body, or takes it again. */
void exchange_pause(struct exchange *exchange, bool paused);

/*
 * Finds the media types of the body and of the answer. Errors: unsupported, naming those that
 * are known; `status` is then 415 or 406.
 */
bool exchange_media(struct exchange *exchange, int *status, struct error *err) MUST_USE;

/* Takes what Accept asks for, if it can be had, before any route is found: for errors too. */
void exchange_prefer_media(struct exchange *exchange);

/* The body as a value in `arena`. EDN's keyword keys become strings with "_" for "-". */
bool exchange_read(const struct exchange *exchange, struct arena *arena, struct value *out,
                   struct error *err) MUST_USE;

/* Reads a whole number of the query, within min .. max; leaves *out alone when it is not there.
 * Errors: incorrect. */
bool exchange_number(const struct exchange *exchange, const char *name, int64_t min, int64_t max,
                     int64_t *out, struct error *err) MUST_USE;

/* http.c: something is in `out`, or it is to be closed; pausing. */
void exchange_wake(struct exchange *exchange);

#endif
