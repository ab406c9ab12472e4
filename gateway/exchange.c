#include "gateway/exchange.h"

#include "common/log.h"
#include "gateway/encode.h"
#include "gateway/http.h"
#include "proto/edn.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

static const char *const media_names[MEDIA_TYPES] = {
    [MEDIA_EDN] = "application/edn",
    [MEDIA_TRANSIT] = "application/transit+json",
    [MEDIA_JSON] = "application/json",
    [MEDIA_MSGPACK] = "application/msgpack",
};

static const int statuses[ERROR_KINDS] = {
    [ERROR_INCORRECT] = 400,   [ERROR_FORBIDDEN] = 403,   [ERROR_UNSUPPORTED] = 400,
    [ERROR_NOT_FOUND] = 404,   [ERROR_CONFLICT] = 409,    [ERROR_BUSY] = 429,
    [ERROR_INTERRUPTED] = 504, [ERROR_UNAVAILABLE] = 503, [ERROR_FAULT] = 500,
};

static const struct reason {
    int status;
    const char *text;
} reasons[] = {
    { 200, "OK" },
    { 201, "Created" },
    { 204, "No Content" },
    { 304, "Not Modified" },
    { 400, "Bad Request" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 409, "Conflict" },
    { 413, "Content Too Large" },
    { 415, "Unsupported Media Type" },
    { 426, "Upgrade Required" },
    { 429, "Too Many Requests" },
    { 500, "Internal Server Error" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
};

static const char *reason_of(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Unknown";
}

struct exchange *exchange_retain(struct exchange *exchange)
{
    exchange->references++;
    return exchange;
}

void exchange_release(struct exchange *exchange)
{
    if (!exchange || --exchange->references > 0)
        return;
    buffer_release(&exchange->body);
    buffer_release(&exchange->out);
    http_exchange_free(exchange);
}

void exchange_wake(struct exchange *exchange)
{
    if (!exchange_gone(exchange))
        http_wake(exchange);
}

void exchange_pause(struct exchange *exchange, bool paused)
{
    if (exchange->paused == paused || exchange_gone(exchange))
        return;
    exchange->paused = paused;
    http_pause(exchange, paused);
}

/* --- answering --- */

/* What a browser makes of an answer is never guessed from its content. */
static void write_head(struct exchange *exchange, int status, const char *type, const char *headers)
{
    struct buffer *out = &exchange->out;

    exchange->answered = true;
    if (!exchange->must_close) /* the next request goes to another gateway */
        exchange->must_close = exchange->gateway->draining;
    buffer_printf(out, "HTTP/1.1 %d %s\r\nserver: stoa\r\nx-content-type-options: nosniff\r\n",
                  status, reason_of(status));
    if (*type)
        buffer_printf(out, "content-type: %s\r\n", type);
    if (headers)
        buffer_append_bytes(out, bytes_of(headers));
    if (*exchange->allow)
        buffer_printf(out, "allow: %s\r\n", exchange->allow);
    if (status == 426)
        buffer_append_bytes(out, BYTES("upgrade: websocket\r\nsec-websocket-version: 13\r\n"));
    if (exchange->must_close)
        buffer_append_bytes(out, BYTES("connection: close\r\n"));
}

void exchange_reply(struct exchange *exchange, int status, const char *type, const char *headers,
                    struct bytes body)
{
    if (exchange_gone(exchange) || exchange->answered)
        return;
    if (exchange->body_sent && !exchange->body_ended)
        exchange->must_close = true; /* the rest of the body would be read as a request */
    write_head(exchange, status, type, headers);
    if (status != 204 && status != 304)
        buffer_printf(&exchange->out, "content-length: %zu\r\n", body.len);
    buffer_append_bytes(&exchange->out, BYTES("\r\n"));
    if (exchange->method != METHOD_HEAD)
        buffer_append_bytes(&exchange->out, body);
    exchange_wake(exchange);
}

/* A key that is a keyword in EDN as it stands. That of a user's map may be any text. */
static bool is_plain_key(const struct value *key)
{
    size_t letters = 0;

    while (key->type == VALUE_STRING && letters < key->text.len &&
           (isalpha((unsigned char)key->text.data[letters]) || key->text.data[letters] == '_'))
        letters++;
    return letters > 0 && letters == key->text.len;
}

/* {"tx_id" 1} as {:tx-id 1}: the keys of the envelope, of the maps in its vectors, and of what is
 * in those. */
static struct value edn_keys(const struct value *value, struct arena *arena, unsigned depth)
{
    struct value copy = *value;
    bool map = value->type == VALUE_MAP;

    if ((!map && value->type != VALUE_VECTOR) || depth == 0)
        return copy;
    size_t count = (size_t)value->count * (map ? 2 : 1);
    copy.items = ARENA_ARRAY(arena, struct value, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct value *item = &value->items[i];
        bool key = map && i % 2 == 0;
        copy.items[i] = key ? *item : edn_keys(item, arena, depth - 1);
        if (!key || !is_plain_key(item))
            continue;
        struct bytes text = arena_copy(arena, item->text);
        char *letters = arena_alloc(arena, text.len + 1);
        for (size_t j = 0; j < text.len; j++)
            letters[j] = text.data[j] == '_' ? '-' : text.data[j];
        copy.items[i] = value_keyword((struct bytes){ letters, text.len });
    }
    return copy;
}

static void write_value(struct exchange *exchange, int status, const struct value *value,
                        unsigned key_depth)
{
    struct buffer text = { 0 };
    struct arena arena = { 0 };

    if (exchange->media == MEDIA_EDN) {
        struct value edn = edn_keys(value, &arena, key_depth);
        edn_write(&text, &edn);
    } else {
        encode_value(&text, exchange->media == MEDIA_MSGPACK ? ENCODING_MSGPACK : ENCODING_JSON,
                     value);
    }
    exchange_reply(exchange, status, media_names[exchange->media], NULL, buffer_bytes(&text));
    buffer_release(&text);
    arena_release(&arena);
}

void exchange_reply_value(struct exchange *exchange, int status, const struct value *value)
{
    write_value(exchange, status, value, 1);
}

void exchange_reply_list(struct exchange *exchange, int status, const struct value *value)
{
    write_value(exchange, status, value, 4);
}

void exchange_reply_error(struct exchange *exchange, int status, const struct error *error)
{
    struct arena arena = { 0 };
    struct value_builder map = { 0 };
    struct bytes code = bytes_of(error_code(error->kind));

    value_builder_entry(&map, &arena, "code",
                        exchange->media == MEDIA_EDN ? value_keyword(code) : value_string(code));
    value_builder_entry(&map, &arena, "message", value_string(bytes_of(error->message)));
    struct value value = value_builder_end(&map, VALUE_MAP);
    exchange_reply_value(exchange, status ? status : statuses[error->kind], &value);
    arena_release(&arena);
}

void exchange_begin(struct exchange *exchange, int status, const char *type)
{
    if (exchange_gone(exchange))
        return;
    exchange->must_close = exchange->must_close || exchange->unframed;
    write_head(exchange, status, type,
               exchange->unframed ? NULL : "transfer-encoding: chunked\r\n");
    buffer_append_bytes(&exchange->out, BYTES("\r\n"));
    exchange->streaming = exchange->method != METHOD_HEAD;
    exchange_wake(exchange);
}

void exchange_write(struct exchange *exchange, struct bytes bytes)
{
    if (exchange_gone(exchange) || bytes.len == 0 || exchange->method == METHOD_HEAD)
        return;
    if (!exchange->unframed)
        buffer_printf(&exchange->out, "%zx\r\n", bytes.len);
    buffer_append_bytes(&exchange->out, bytes);
    if (!exchange->unframed)
        buffer_append_bytes(&exchange->out, BYTES("\r\n"));
    exchange_wake(exchange);
}

void exchange_end(struct exchange *exchange)
{
    if (exchange_gone(exchange) || !exchange->streaming)
        return;
    if (!exchange->unframed)
        buffer_append_bytes(&exchange->out, BYTES("0\r\n\r\n"));
    exchange->streaming = false;
    exchange_wake(exchange);
}

void exchange_break(struct exchange *exchange)
{
    exchange->must_close = true;
    exchange->streaming = false;
    exchange_wake(exchange);
}

/* --- media types --- */

/* The media type at the head of a list, without parameters, and how much it is wanted (`q`, from 0,
 * not at all, to 1); *text moves behind it. */
static struct bytes next_media(const char **text, double *wanted)
{
    while (**text == ' ' || **text == ',')
        (*text)++;
    const char *start = *text;
    size_t len = strcspn(start, ";, "), all = strcspn(start, ",");
    const char *weight = memmem(start, all, "q=", 2);
    *wanted = weight ? strtod(weight + 2, NULL) : 1;
    *text += all;
    return (struct bytes){ start, len };
}

static bool find_media(struct bytes name, enum media *out)
{
    for (int i = 0; i < MEDIA_TYPES; i++) {
        if (name.len == strlen(media_names[i]) &&
            !strncasecmp(name.data, media_names[i], name.len)) {
            *out = (enum media)i;
            return true;
        }
    }
    return false;
}

/* The type of Accept that is known and wanted most, the first of several; false when it takes none
 * of them. */
static bool accepted_media(const char *accept, enum media *out)
{
    bool any = *accept == '\0';
    double wanted, most = 0;
    enum media media;

    while (*accept) {
        struct bytes name = next_media(&accept, &wanted);
        if (find_media(name, &media) && wanted > most) {
            *out = media;
            most = wanted;
        }
        any = any || (wanted > 0 && (bytes_equal(name, BYTES("*/*")) ||
                                     bytes_equal(name, BYTES("application/*"))));
    }
    return any || most > 0;
}

/* Of the body, by its Content-Type. */
static bool sent_media(const struct exchange *exchange, enum media *out)
{
    const char *type = exchange->content_type;
    double wanted;

    return find_media(next_media(&type, &wanted), out);
}

bool exchange_media(struct exchange *exchange, int *status, struct error *err)
{
    static const char known[] = "application/edn, application/transit+json, application/json and "
                                "application/msgpack are known";

    exchange->request_media = MEDIA_JSON;
    bool readable = !exchange->body_sent || sent_media(exchange, &exchange->request_media);
    exchange->media = exchange->request_media;
    /* Before the body is refused: that error too is written in a type the client takes. */
    bool writable = accepted_media(exchange->accept, &exchange->media);
    *status = 415;
    if (!readable)
        return fail(err, ERROR_UNSUPPORTED, "the Content-Type is \"%.100s\"; %s",
                    exchange->content_type, known);
    *status = 406;
    return writable ||
           fail(err, ERROR_UNSUPPORTED, "the Accept is \"%.100s\"; %s", exchange->accept, known);
}

void exchange_prefer_media(struct exchange *exchange)
{
    if (!sent_media(exchange, &exchange->media))
        exchange->media = MEDIA_JSON;
    if (!accepted_media(exchange->accept, &exchange->media))
        log_debug("the Accept is \"%.100s\", which cannot be had", exchange->accept);
}

/* {:tx-id 1 :user {:name ".."}} as {"tx_id" 1 "user" {"name" ".."}}. */
static void string_keys(struct value *map, struct arena *arena, bool envelope)
{
    for (uint32_t i = 0; map->type == VALUE_MAP && i < map->count; i++) {
        struct value *key = &map->items[(size_t)2 * i];
        if (envelope && value_is_keyword(key, "user"))
            string_keys(key + 1, arena, false);
        if (key->type != VALUE_KEYWORD)
            continue;
        char *letters = arena_alloc(arena, key->text.len + 1);
        for (size_t j = 0; j < key->text.len; j++)
            letters[j] = key->text.data[j] == '-' ? '_' : key->text.data[j];
        *key = value_string((struct bytes){ letters, key->text.len });
    }
}

bool exchange_read(const struct exchange *exchange, struct arena *arena, struct value *out,
                   struct error *err)
{
    struct bytes body = buffer_bytes(&exchange->body);

    if (exchange->request_media != MEDIA_EDN)
        return decode_value(
            body, exchange->request_media == MEDIA_MSGPACK ? ENCODING_MSGPACK : ENCODING_JSON,
            arena, out, err);
    if (!edn_read(body, arena, out, err))
        return false;
    string_keys(out, arena, true);
    return true;
}

bool exchange_number(const struct exchange *exchange, const char *name, int64_t min, int64_t max,
                     int64_t *out, struct error *err)
{
    size_t len = strlen(name);
    const char *at = exchange->query;

    while (at && (strncmp(at, name, len) != 0 || at[len] != '=')) {
        at = strchr(at, '&');
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return true;
    const char *text = at + len + 1;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || (*end && *end != '&') || number < min || number > max)
        return fail(err, ERROR_INCORRECT,
                    "\"%s\" is \"%.*s\"; it must be a number from %lld to %lld", name,
                    (int)strcspn(text, "&"), text, (long long)min, (long long)max);
    *out = number;
    return true;
}
