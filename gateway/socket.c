#include "gateway/socket.h"

#include "common/log.h"
#include "gateway/metrics.h"

#include <stdlib.h>

/* A socket that is ending and does not take its close frame for so long is dropped. Time to read
 * what the kernels hold for one that was busy with something else: only then it learns why. */
#define END_SECONDS 30

/* More than this is not kept for the next frame. */
#define INPUT_KEEP_BYTES 4096

_Static_assert(FRAME_HEADROOM - 16 >= LWS_PRE, "libwebsockets writes its header before a frame");

struct socket {
    struct lws *wsi;
    struct session *session;
    struct buffer input; /* the frame that is coming in */
    bool binary;         /* it is */
    bool waking;         /* a writeable callback is on its way */
    bool ending;         /* the time for that is running */
    bool ended;          /* the close frame is on its way */
    size_t frame_bytes_max;
};

static void on_wake(void *arg)
{
    struct socket *socket = arg;
    uint16_t code;
    const char *reason;

    if (!socket->waking)
        lws_callback_on_writable(socket->wsi);
    socket->waking = true;
    if (!socket->ending && socket->session &&
        (socket->session->state == SESSION_ENDING ||
         session_ended(socket->session, &code, &reason))) {
        socket->ending = true;
        lws_set_timeout(socket->wsi, PENDING_TIMEOUT_CLOSE_SEND, END_SECONDS);
    }
}

static void on_pause(void *arg, bool paused)
{
    struct socket *socket = arg;

    if (lws_rx_flow_control(socket->wsi, !paused))
        log_warn("cannot %s a socket", paused ? "pause" : "resume");
}

static const struct session_operations operations = { .wake = on_wake, .pause = on_pause };

struct socket *socket_open(struct gateway *gateway, struct lws *wsi, struct bytes graph,
                           enum encoding encoding)
{
    struct socket *socket = xcalloc(1, sizeof(*socket));

    socket->wsi = wsi;
    socket->frame_bytes_max = (size_t)gateway->settings->frame_bytes;
    socket->session = session_open(gateway, graph, encoding, &operations, socket);
    metrics_add(METRIC_SOCKETS, 1);
    metrics_add(METRIC_SOCKETS_TOTAL, 1);
    return socket;
}

void socket_receive(struct socket *socket, struct bytes part)
{
    struct lws *wsi = socket->wsi;
    size_t more = lws_remaining_packet_payload(wsi); /* of this fragment, as its head says */
    bool last = lws_is_final_fragment(wsi) && more == 0;

    lws_validity_confirmed(wsi); /* it lives, whether or not it answers pings */
    if (lws_is_first_fragment(wsi)) {
        buffer_clear(&socket->input);
        socket->binary = lws_frame_is_binary(wsi);
        if (last && part.len <= socket->frame_bytes_max) {
            session_receive(socket->session, part, socket->binary);
            return;
        }
    }
    if (more > socket->frame_bytes_max ||
        socket->input.len + part.len + more > socket->frame_bytes_max) {
        session_end(socket->session, CLOSE_TOO_LARGE, "the frame is over the limit");
        if (socket->session->gateway->settings->permessage_deflate)
            on_pause(socket, true); /* 4.1.6 would try to inflate the rest of it for 5 s on end */
        buffer_release(&socket->input);
        return;
    }
    if (socket->session->state == SESSION_ENDING)
        return;
    buffer_append_bytes(&socket->input, part);
    if (!last)
        return;
    session_receive(socket->session, buffer_bytes(&socket->input), socket->binary);
    if (socket->input.cap > INPUT_KEEP_BYTES)
        buffer_release(&socket->input);
}

static bool end(struct socket *socket, uint16_t code, const char *reason)
{
    char text[124]; /* what a close frame can carry, with a NUL */

    size_t len = (size_t)lws_snprintf(text, sizeof(text), "%s", reason);
    socket->ended = true;
    lws_close_reason(socket->wsi, (enum lws_close_status)code, (unsigned char *)text, len);
    return false;
}

bool socket_write(struct socket *socket, struct frame *frame)
{
    struct session *session = socket->session;
    uint16_t code;
    const char *reason;

    socket->waking = false;
    if (socket->ended)
        return true; /* until the client has closed too */
    frame_start(frame, session->encoding);
    if (session_fill(session, frame)) {
        uint32_t count = frame->count;
        struct bytes bytes = frame_end(frame);
        unsigned char *start =
            (unsigned char *)frame->buffer.data + (bytes.data - frame->buffer.data);
        int written =
            lws_write(socket->wsi, start, bytes.len,
                      session->encoding == ENCODING_JSON ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
        if (written < (int)bytes.len)
            return false;
        metrics_add(METRIC_FRAMES_OUT, 1);
        metrics_add(METRIC_MESSAGES_OUT, count);
        metrics_add(METRIC_BYTES_OUT, (int64_t)bytes.len);
        if (session->state == SESSION_ENDING)
            on_wake(socket);
        return true;
    }
    return !session_ended(session, &code, &reason) || end(socket, code, reason);
}

void socket_close(struct socket *socket)
{
    if (!socket)
        return;
    metrics_add(METRIC_SOCKETS, -1);
    session_close(socket->session);
    buffer_release(&socket->input);
    free(socket);
}
