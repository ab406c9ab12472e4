#include "cli/http.h"

#include "common/limits.h"
#include "proto/edn.h"
#include "proto/transit.h"

#include <curl/curl.h>
#include <stdlib.h>

#define CONNECT_TIMEOUT_MS 10000

/* A refusal is a short text; more than this of one is not kept. */
#define REFUSAL_BYTES_MAX 65536

struct http {
    CURL *curl;
    char *url; /* without a slash at its end */
    char reason[CURL_ERROR_SIZE];
};

/* One request under way. */
struct transfer {
    struct http *http;
    const struct http_request *request;
    struct buffer *answer;
    struct buffer refusal;
    struct error *err;
    bool sink_failed;
    bool upload_failed;
};

enum outcome http_open(const char *url, struct http **out, struct error *err)
{
    size_t len = strlen(url);

    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        fail(err, ERROR_INCORRECT,
             "\"%s\" is no URL of a gateway: it begins with http:// or "
             "https://",
             url);
        return OUTCOME_USAGE;
    }
    struct http *http = xcalloc(1, sizeof(*http));
    http->url = xstrdup(url);
    while (len > 0 && http->url[len - 1] == '/')
        http->url[--len] = '\0';
    http->curl = curl_easy_init();
    if (!http->curl) {
        http_close(http);
        fail(err, ERROR_FAULT, "libcurl cannot be started");
        return OUTCOME_UNREACHABLE;
    }
    *out = http;
    return OUTCOME_OK;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->curl);
    free(http->url);
    free(http);
}

static size_t on_write(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t len = size * count;
    long status = 0;

    curl_easy_getinfo(transfer->http->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 400) {
        if (transfer->refusal.len < REFUSAL_BYTES_MAX)
            buffer_append(&transfer->refusal, data, len);
        return len;
    }
    if (!transfer->request->sink) {
        buffer_append(transfer->answer, data, len);
        return len;
    }
    if (transfer->request->sink(transfer->request->sink_arg, (struct bytes){ data, len },
                                transfer->err))
        return len;
    transfer->sink_failed = true;
    return CURL_WRITEFUNC_ERROR;
}

static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t len = fread(out, size, count, transfer->request->upload);

    if (len == 0 && ferror(transfer->request->upload)) {
        transfer->upload_failed = true;
        return CURL_READFUNC_ABORT;
    }
    return len;
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    struct transfer *transfer = arg;

    (void)down_total;
    (void)up_total;
    progress_show(transfer->request->progress, (uint64_t)(transfer->request->sink ? down : up));
    return 0;
}

static void set_body(CURL *curl, const struct http_request *request, struct transfer *transfer)
{
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->upload) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->upload_bytes);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
    } else if (request->body.len > 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
    }
    if (request->progress) {
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    }
}

/* What the server said with a status of 400 and above. */
static enum outcome refused(struct bytes text, long status, struct error *err)
{
    struct arena arena = { 0 };
    struct value answer;
    struct error ignored;
    enum error_kind kind = status == 404   ? ERROR_NOT_FOUND
                           : status >= 500 ? ERROR_UNAVAILABLE
                                           : ERROR_INCORRECT;

    /* A route that does not know what was asked for answers in JSON. */
    if (edn_read(text, &arena, &answer, &ignored) ||
        transit_read(text, &arena, &answer, &ignored)) {
        const struct value *code = value_get(&answer, "code");
        const struct value *message = value_get(&answer, "message");
        if (code && message && message->type == VALUE_STRING &&
            (code->type == VALUE_KEYWORD || code->type == VALUE_STRING)) {
            fail(err, error_kind_of(code->text), "%.*s",
                 (int)(message->text.len > ERROR_MESSAGE_BYTES_MAX ? ERROR_MESSAGE_BYTES_MAX
                                                                   : message->text.len),
                 message->text.data);
            arena_release(&arena);
            return OUTCOME_REFUSED;
        }
    }
    fail(err, kind, "the server answered with HTTP status %ld%s%.*s", status,
         text.len > 0 ? ": " : "", BYTES_ARG(text));
    arena_release(&arena);
    return OUTCOME_REFUSED;
}

static enum outcome finish(struct transfer *transfer, CURLcode code, struct error *err)
{
    struct http *http = transfer->http;
    long status = 0;

    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->sink_failed)
        return OUTCOME_OUTPUT;
    if (transfer->upload_failed) {
        fail(err, ERROR_FAULT, "the file cannot be read to its end");
        return OUTCOME_INPUT;
    }
    /* A server that refuses an upload half-way closes; its answer is worth more than the error. */
    if (status >= 400)
        return refused(buffer_bytes(&transfer->refusal), status, err);
    if (code == CURLE_OK)
        return OUTCOME_OK;
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
        fail(err, ERROR_INCORRECT, "\"%s\" is no URL of a gateway", http->url);
        return OUTCOME_USAGE;
    }
    const char *reason = *http->reason ? http->reason : curl_easy_strerror(code);
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
        fail(err, ERROR_UNAVAILABLE,
             "no server at %s: %s (--url or STOA_URL say where the gateway is)", http->url, reason);
    else
        fail(err, ERROR_UNAVAILABLE, "the connection to %s broke before the answer: %s", http->url,
             reason);
    return OUTCOME_UNREACHABLE;
}

enum outcome http_send(struct http *http, const struct http_request *request, struct buffer *answer,
                       struct error *err)
{
    CURL *curl = http->curl;
    struct transfer transfer = { .http = http, .request = request, .answer = answer, .err = err };
    struct buffer url = { 0 };
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/edn");

    headers = curl_slist_append(headers, "Content-Type: application/edn");
    headers = curl_slist_append(headers, "Expect:"); /* one round trip less, and fewer surprises */
    buffer_printf(&url, "%s%s", http->url, request->path);
    buffer_append_u8(&url, '\0');
    http->reason[0] = '\0';
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url.data);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->reason);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "stoa/" STOA_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    set_body(curl, request, &transfer);
    CURLcode code = curl_easy_perform(curl);
    enum outcome outcome = finish(&transfer, code, err);

    curl_slist_free_all(headers);
    buffer_release(&url);
    buffer_release(&transfer.refusal);
    return outcome;
}

enum outcome http_call(struct http *http, const char *graph, const char *verb, struct bytes body,
                       struct arena *arena, struct value *answer, struct error *err)
{
    struct buffer text = { 0 };
    struct bytes path = arena_printf(arena, "/v1/graphs/%s/%s%c", graph, verb, '\0');
    struct http_request request = {
        .method = body.len > 0 ? "POST" : "GET",
        .path = path.data,
        .body = body,
    };
    enum outcome outcome = http_send(http, &request, &text, err);

    if (outcome == OUTCOME_OK && !edn_read(buffer_bytes(&text), arena, answer, err)) {
        fail_in(err, "the server's answer is not EDN");
        outcome = OUTCOME_UNREACHABLE;
    } else if (outcome == OUTCOME_OK && answer->type != VALUE_MAP) {
        fail(err, ERROR_FAULT, "the server's answer is no map (is %s a gateway?): %.*s", http->url,
             BYTES_ARG(buffer_bytes(&text)));
        outcome = OUTCOME_UNREACHABLE;
    }
    buffer_release(&text);
    return outcome;
}
