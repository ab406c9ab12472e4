/*
 * Each of CHANNELS contexts of the rep socket is a small machine that repeats: receive, hand over,
 * (somebody answers), send. It begins to receive again inside the completion of its send (nng
 * #1702: a receive begun earlier is lost with its request).
 *
 * A channel that waits for a commit or a long query is occupied. When all are, nng leaves what
 * comes in the connections: a gateway waits, and gives up when its own time is over.
 */
#include "txd/server.h"

#include "common/limits.h"
#include "common/log.h"
#include "proto/bus.h"
#include "proto/mp.h"
#include "proto/nng_threads.h"

#include <assert.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdlib.h>

#define CHANNELS          128
#define FEED_MESSAGES_MAX 8192              /* per gateway, nng's highest */
#define REPLY_BYTES_KEPT  ((size_t)1 << 20) /* a larger answer's memory is given back */

enum channel_state { CHANNEL_RECEIVING, CHANNEL_HANDLING, CHANNEL_SENDING };

struct channel {
    struct request request;
    nng_ctx ctx;
    nng_aio *aio;
    nng_msg *message; /* the request's bytes: its body points into them */
    enum channel_state state;
};

struct server {
    nng_socket requests, feed;
    nng_listener request_listener, feed_listener; /* an id of 0: none */
    server_handler handler;
    void *arg;
    struct channel channels[CHANNELS];
    pthread_mutex_t mutex;
    pthread_cond_t idle;
    size_t handling; /* requests handed over and not answered */
    bool draining;
};

static struct channel *channel_of(struct request *request)
{
    return CONTAINER_OF(request, struct channel, request);
}

static void receive(struct channel *channel)
{
    channel->state = CHANNEL_RECEIVING;
    nng_ctx_recv(channel->ctx, channel->aio);
}

static void handle(struct channel *channel)
{
    struct request *request = &channel->request;
    struct server *server = request->server;
    struct bytes bytes = { nng_msg_body(channel->message), nng_msg_len(channel->message) };
    struct error err;

    pthread_mutex_lock(&server->mutex);
    channel->state = CHANNEL_HANDLING;
    server->handling++;
    bool draining = server->draining;
    pthread_mutex_unlock(&server->mutex);
    if (draining)
        fail(&err, ERROR_UNAVAILABLE, "txd is stopping; ask again");
    if (draining || !mp_read(bytes, &request->arena, &request->body, &err)) {
        server_reply_error(request, &err);
        return;
    }
    server->handler(request, server->arg);
}

static void channel_completed(void *arg)
{
    struct channel *channel = arg;
    int result = nng_aio_result(channel->aio);

    if (channel->state == CHANNEL_SENDING) {
        if (result != 0)
            nng_msg_free(nng_aio_get_msg(channel->aio)); /* the gateway went away */
        if (result != NNG_ECLOSED && result != NNG_ECANCELED)
            receive(channel);
        return;
    }
    if (result == NNG_ECLOSED || result == NNG_ECANCELED)
        return;
    if (result != 0) {
        log_warn("cannot receive a request: %s", nng_strerror(result));
        receive(channel);
        return;
    }
    channel->message = nng_aio_get_msg(channel->aio);
    handle(channel);
}

void server_reply(struct request *request)
{
    struct channel *channel = channel_of(request);
    struct server *server = request->server;
    nng_msg *answer;

    assert(channel->state == CHANNEL_HANDLING && request->reply.len);
    if (nng_msg_alloc(&answer, 0) != 0 ||
        nng_msg_append(answer, request->reply.data, request->reply.len) != 0)
        abort(); /* out of memory */
    if (request->reply.cap > REPLY_BYTES_KEPT)
        buffer_release(&request->reply);
    buffer_clear(&request->reply);
    arena_reset(&request->arena);
    nng_msg_free(channel->message);
    channel->message = NULL;

    channel->state = CHANNEL_SENDING;
    nng_aio_set_msg(channel->aio, answer);
    nng_ctx_send(channel->ctx, channel->aio);
    pthread_mutex_lock(&server->mutex);
    if (--server->handling == 0)
        pthread_cond_broadcast(&server->idle);
    pthread_mutex_unlock(&server->mutex);
}

void server_reply_error(struct request *request, const struct error *error)
{
    struct buffer *reply = &request->reply;

    buffer_clear(reply);
    mp_write_map(reply, 1);
    bus_write_error(reply, error);
    server_reply(request);
}

void server_publish(struct server *server, struct bytes topic, struct bytes message)
{
    nng_msg *msg;

    if (nng_msg_alloc(&msg, 0) != 0 || nng_msg_append(msg, topic.data, topic.len) != 0 ||
        nng_msg_append(msg, "", 1) != 0 || nng_msg_append(msg, message.data, message.len) != 0)
        abort(); /* out of memory */
    int result = nng_sendmsg(server->feed, msg, 0);
    if (result != 0) { /* whoever misses it sees the gap and asks */
        nng_msg_free(msg);
        log_warn("cannot publish: %s", nng_strerror(result));
    }
}

static bool check(int result, const char *what, const char *url, struct error *err)
{
    return result == 0 ||
           fail(err, ERROR_UNAVAILABLE, "cannot %s %s: %s", what, url, nng_strerror(result));
}

bool server_open(const struct server_options *options, server_handler handler, void *arg,
                 struct server **out, struct error *err)
{
    struct server *server = xcalloc(1, sizeof(*server));

    server->handler = handler;
    server->arg = arg;
    pthread_mutex_init(&server->mutex, NULL);
    pthread_cond_init(&server->idle, NULL);
    nng_threads_park();
    if (nng_rep0_open(&server->requests) != 0 || nng_pub0_open(&server->feed) != 0)
        abort(); /* out of memory */
    for (size_t i = 0; i < CHANNELS; i++) {
        struct channel *channel = &server->channels[i];
        channel->request.server = server;
        if (nng_aio_alloc(&channel->aio, channel_completed, channel) != 0 ||
            nng_ctx_open(&channel->ctx, server->requests) != 0)
            abort(); /* out of memory */
    }
    nng_socket_set_size(server->requests, NNG_OPT_RECVMAXSZ, LIMIT_BUS_BYTES + BUS_OVERHEAD_BYTES);
    nng_socket_set_int(server->feed, NNG_OPT_SENDBUF, FEED_MESSAGES_MAX);
    if (!check(nng_listen(server->requests, options->request_url, &server->request_listener, 0),
               "listen on", options->request_url, err) ||
        !check(nng_listen(server->feed, options->feed_url, &server->feed_listener, 0), "listen on",
               options->feed_url, err)) {
        server_close(server);
        return false;
    }
    *out = server;
    return true;
}

void server_start(struct server *server)
{
    for (size_t i = 0; i < CHANNELS; i++)
        receive(&server->channels[i]);
}

void server_drain(struct server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->draining = true;
    while (server->handling)
        pthread_cond_wait(&server->idle, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
}

/*
 * The listeners are closed, with their connections, and the aios are stopped; the sockets are left
 * to the end of the process: nng_close() of a socket whose connection comes or goes at that moment
 * may never return (nng issues 648, 1543, 1813).
 */
void server_close(struct server *server)
{
    if (!server)
        return;
    if (nng_listener_id(server->request_listener) > 0)
        nng_listener_close(server->request_listener);
    if (nng_listener_id(server->feed_listener) > 0)
        nng_listener_close(server->feed_listener);
    for (size_t i = 0; i < CHANNELS; i++)
        nng_aio_stop(server->channels[i].aio);
    for (size_t i = 0; i < CHANNELS; i++) {
        struct channel *channel = &server->channels[i];
        nng_aio_free(channel->aio);
        arena_release(&channel->request.arena);
        buffer_release(&channel->request.reply);
    }
    pthread_cond_destroy(&server->idle);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}

bool server_probe(const char *url, int32_t timeout_ms, struct error *err)
{
    struct buffer question = { 0 };
    nng_socket socket;
    void *answer;
    size_t len;

    mp_write_map(&question, 1);
    mp_write_string(&question, BYTES("type"));
    mp_write_string(&question, BYTES("status"));
    if (nng_req0_open(&socket) != 0)
        abort(); /* out of memory */
    nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, timeout_ms);
    nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, timeout_ms);
    bool answered = check(nng_dial(socket, url, NULL, 0), "connect to", url, err) &&
                    check(nng_send(socket, question.data, question.len, 0), "ask", url, err) &&
                    check(nng_recv(socket, &answer, &len, NNG_FLAG_ALLOC), "hear from", url, err);
    if (answered)
        nng_free(answer, len);
    nng_close(socket);
    buffer_release(&question);
    return answered;
}
