#include "gateway/routes.h"

#include "common/limits.h"
#include "gateway/auth.h"
#include "gateway/call.h"
#include "gateway/encode.h"
#include "gateway/export.h"
#include "gateway/forward.h"
#include "gateway/import.h"
#include "gateway/log.h"
#include "gateway/metrics.h"
#include "gateway/reading.h"
#include "gateway/room.h"
#include "gateway/static.h"
#include "proto/bus.h"
#include "proto/edn.h"
#include "proto/mp.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define TIMEOUT_MS    30000
#define RELAYS_LISTED 100 /* in the metrics */

/* --- health --- */

static void get_health(struct exchange *exchange)
{
    exchange_reply(exchange, 200, "text/plain; charset=utf-8", NULL, BYTES("alive\n"));
}

static void get_ready(struct exchange *exchange)
{
    struct error error;

    if (gateway_ready(exchange->gateway, &error))
        exchange_reply(exchange, 200, "text/plain; charset=utf-8", NULL, BYTES("ready\n"));
    else
        exchange_reply_error(exchange, 0, &error);
}

static void get_metrics(struct exchange *exchange)
{
    struct buffer text = { 0 };
    struct hashmap_entry *slot;
    size_t listed = 0;

    metrics_write(&text);
    buffer_append_bytes(&text, BYTES("# HELP stoa_gateway_relay_t The last t passed on.\n"
                                     "# TYPE stoa_gateway_relay_t gauge\n"));
    for (size_t at = 0; (slot = hashmap_next(&exchange->gateway->rooms, &at));) {
        const struct room *room = slot->value;
        if (room->following && room->relay.positioned && listed++ < RELAYS_LISTED)
            buffer_printf(&text, "stoa_gateway_relay_t{graph=\"%s\"} %u\n", room->name,
                          room->relay.t);
    }
    exchange_reply(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", NULL,
                   buffer_bytes(&text));
    buffer_release(&text);
}

/* --- graphs --- */

static void on_graphs(struct exchange *exchange, const struct value *answer)
{
    const struct value *graphs = value_get(answer, "graphs");
    struct arena arena = { 0 };
    struct value_builder map = { 0 };
    struct value none = value_collection(VALUE_VECTOR, NULL, 0);

    value_builder_entry(&map, &arena, "graphs", graphs ? *graphs : none);
    struct value value = value_builder_end(&map, VALUE_MAP);
    for (uint32_t i = 0; graphs && i < graphs->count; i++) /* named as in PUT */
        for (uint32_t j = 0; j < 2 * graphs->items[i].count; j += 2)
            if (bytes_equal(graphs->items[i].items[j].text, BYTES("flexibility")))
                graphs->items[i].items[j].text = BYTES("schema_flexibility");
    exchange_reply_list(exchange, 200, &value);
    arena_release(&arena);
}

static void get_graphs(struct exchange *exchange)
{
    static const struct call call = {
        .class = BUS_QUICK, .repeatable = true, .timeout_ms = TIMEOUT_MS, .fn = on_graphs
    };

    call_txd(exchange, &call, "graphs", NULL);
}

static void on_created(struct exchange *exchange, const struct value *answer)
{
    const struct value *created = value_get(answer, "created");
    bool is_new = created && created->type == VALUE_BOOLEAN && created->boolean;
    struct value entries[] = { value_string(BYTES("graph")),
                               value_string(bytes_of(exchange->graph)),
                               value_string(BYTES("created")), value_boolean(is_new) };
    struct value value = value_collection(VALUE_MAP, entries, 2);

    exchange_reply_value(exchange, is_new ? 201 : 200, &value);
}

static bool read_flexibility(struct exchange *exchange, struct arena *arena, struct bytes *out,
                             struct error *err)
{
    struct value body;

    *out = BYTES("write");
    if (exchange->body.len == 0)
        return true;
    if (!exchange_read(exchange, arena, &body, err))
        return false;
    const struct value *given = value_get(&body, "schema_flexibility");
    if (body.type != VALUE_MAP)
        return fail(err, ERROR_INCORRECT, "the body is a %s; it must be a map",
                    value_type_name(body.type));
    if (!given || given->type == VALUE_NIL)
        return true;
    bool text = given->type == VALUE_STRING || given->type == VALUE_KEYWORD;
    if (text)
        *out = given->text;
    if (text && (bytes_equal(*out, BYTES("read")) || bytes_equal(*out, BYTES("write"))))
        return true;
    struct bytes excerpt = edn_excerpt(arena, given);
    return fail(err, ERROR_INCORRECT,
                "\"schema_flexibility\" is %.*s; it must be \"read\" or \"write\"",
                BYTES_ARG(excerpt));
}

static void put_graph(struct exchange *exchange)
{
    static const struct call call = { .class = BUS_QUICK,
                                      .timeout_ms = TIMEOUT_MS,
                                      .fn = on_created };
    struct arena arena = { 0 };
    struct error error;
    struct bytes flexibility;

    if (read_flexibility(exchange, &arena, &flexibility, &error)) {
        struct value entries[] = { value_string(BYTES("flexibility")), value_string(flexibility) };
        struct value fields = value_collection(VALUE_MAP, entries, 1);
        call_txd(exchange, &call, "create", &fields);
    } else {
        exchange_reply_error(exchange, 0, &error);
    }
    arena_release(&arena);
}

static void on_dropped(struct exchange *exchange, const struct value *answer)
{
    (void)answer;
    exchange_reply(exchange, 204, "", NULL, (struct bytes){ 0 });
}

static void delete_graph(struct exchange *exchange)
{
    static const struct call call = { .class = BUS_QUICK,
                                      .timeout_ms = TIMEOUT_MS,
                                      .fn = on_dropped };

    call_txd(exchange, &call, "drop", NULL);
}

/* --- transact --- */

static void on_transacted(void *arg, const struct value *result, const struct error *error)
{
    struct exchange *exchange = arg;
    struct arena arena = { 0 };
    struct value_builder map = { 0 };
    bool text_keys = exchange->media == MEDIA_JSON || exchange->media == MEDIA_TRANSIT;

    if (error) {
        exchange_reply_error(exchange, 0, error);
    } else {
        forward_result(&map, &arena, result, text_keys);
        struct value value = value_builder_end(&map, VALUE_MAP);
        exchange_reply_value(exchange, 200, &value);
    }
    arena_release(&arena);
    exchange_release(exchange);
}

/* Over HTTP nothing keeps transactions in order, so each may take another lane. */
static struct lane *any_lane(struct room *room)
{
    static uint32_t turn;

    return &room->lanes[turn++ % ROOM_LANES];
}

static void post_transact(struct exchange *exchange)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 }, author = { 0 };
    struct message message;
    struct value body, user;
    struct error error;
    struct room *room;

    bool ok = exchange_read(exchange, &arena, &body, &error) &&
              message_read_body(MESSAGE_TRANSACT, &body, &message, &error) &&
              auth_check(&message, &arena, &user, &error) &&
              room_get(exchange->gateway, bytes_of(exchange->graph), &room, &error);
    if (ok) {
        mp_write(&author, &user);
        struct uuid tx_id =
            forward_transaction(&text, &message, buffer_bytes(&author), (struct bytes){ 0 });
        ok = lane_add(any_lane(room), &tx_id, buffer_bytes(&text), on_transacted,
                      exchange_retain(exchange), &error);
        if (!ok)
            exchange_release(exchange);
    }
    if (!ok)
        exchange_reply_error(exchange, 0, &error);
    buffer_release(&text);
    buffer_release(&author);
    arena_release(&arena);
}

/* --- query, pull --- */

struct read {
    struct exchange *exchange;
    struct reading *reading; /* NULL until txd has been asked */
    bool set;                /* the result is a set of rows, for which EDN has a form */
};

static void read_free(struct read *read)
{
    exchange_release(read->exchange);
    free(read);
}

static void on_read(void *arg, const struct value *answer, const struct error *error)
{
    struct read *read = arg;
    struct exchange *exchange = read->exchange;
    struct arena arena = { 0 };
    struct value_builder map = { 0 };

    exchange->operations = NULL;
    if (error) {
        exchange_reply_error(exchange, 0, error);
    } else {
        forward_answer(&map, &arena, answer);
        struct value value = value_builder_end(&map, VALUE_MAP);
        struct value *result = &value.items[3]; /* t and its value, then result and its */
        if (read->set && result->type == VALUE_VECTOR)
            result->type = VALUE_SET;
        exchange_reply_value(exchange, 200, &value);
    }
    arena_release(&arena);
    read_free(read);
}

static void on_gone(struct exchange *exchange)
{
    struct read *read = exchange->state;

    exchange->operations = NULL;
    reading_cancel(read->reading);
    read_free(read);
}

static const struct exchange_operations read_operations = { .gone = on_gone };

/* An element of :find that makes the result something else than a relation: `[?x ...]`, `[?x ?y]`
 * and `.`, but not an aggregate that came as a vector. */
static bool ends_relation(const struct value *element)
{
    if (element->type != VALUE_VECTOR)
        return value_is_symbol(element, ".");
    const struct value *first = element->items;
    return element->count > 0 &&
           (first->type != VALUE_SYMBOL || (first->text.len && first->text.data[0] == '?'));
}

/* (pull ?e ..) and (count ?x), also as vectors. */
static bool is_call(const struct value *element, bool *pull)
{
    bool call = value_is_sequence(element) && element->count > 0;

    *pull = call && value_is_symbol(element->items, "pull");
    return call;
}

static bool has_section(const struct value *query, const char *name)
{
    if (query->type == VALUE_MAP)
        return value_get(query, name) != NULL;
    for (uint32_t i = 0; i < query->count; i++)
        if (value_is_keyword(&query->items[i], name))
            return true;
    return false;
}

/* A relation whose rows have no order, and of which none comes twice: as rows do that pull, and
 * those told apart by :with alone. */
static bool is_set(const struct value *query, struct arena *arena)
{
    struct value parsed = *query;
    struct error error;
    bool aggregated = false, pull;
    uint32_t i = 0;

    if (query->type == VALUE_STRING && !edn_read(query->text, arena, &parsed, &error))
        return false;
    bool with = has_section(&parsed, "with"), ordered = has_section(&parsed, "order-by");
    if (parsed.type == VALUE_MAP && value_get(&parsed, "find"))
        parsed = *value_get(&parsed, "find");
    if (!value_is_sequence(&parsed))
        return false;
    if (parsed.count && value_is_keyword(&parsed.items[0], "find"))
        i = 1;
    for (; i < parsed.count && parsed.items[i].type != VALUE_KEYWORD; i++) {
        if (ends_relation(&parsed.items[i]))
            return false;
        aggregated = is_call(&parsed.items[i], &pull) || aggregated;
        if (pull)
            return false;
    }
    return !ordered && (!with || aggregated);
}

static void post_read(struct exchange *exchange, enum message_type type)
{
    struct arena arena = { 0 };
    struct message message;
    struct value body;
    struct error error;

    bool ok = exchange_read(exchange, &arena, &body, &error) &&
              message_read_body(type, &body, &message, &error);
    if (!ok) {
        exchange_reply_error(exchange, 0, &error);
        arena_release(&arena);
        return;
    }
    struct read *read = xcalloc(1, sizeof(*read));
    read->exchange = exchange_retain(exchange);
    read->set = type == MESSAGE_QUERY && exchange->media == MEDIA_EDN &&
                is_set(message.fields[FIELD_QUERY], &arena);
    struct reading *reading =
        reading_start(exchange->gateway, &message, bytes_of(exchange->graph), on_read, read);
    if (reading) { /* else it has been answered */
        read->reading = reading;
        exchange->operations = &read_operations;
        exchange->state = read;
    }
    arena_release(&arena);
}

static void post_query(struct exchange *exchange)
{
    post_read(exchange, MESSAGE_QUERY);
}

static void post_pull(struct exchange *exchange)
{
    post_read(exchange, MESSAGE_PULL);
}

static void get_socket(struct exchange *exchange)
{
    struct error error;

    fail(&error, ERROR_INCORRECT, "this is for WebSockets");
    exchange_reply_error(exchange, 426, &error);
}

/* --- the table --- */

enum body { BODY_NONE, BODY_OPTIONAL, BODY_WHOLE, BODY_STREAM };

/* In the type that Accept prefers, or in the one type that the route has. */
enum answer { ANSWER_VALUE, ANSWER_OWN };

static const struct route {
    enum method method;
    enum body body;
    enum answer answer;
    const char *path;                         /* {g} is a graph's name */
    void (*start)(struct exchange *exchange); /* when the body is there; of a stream, at once */
} routes[] = {
    { METHOD_GET, BODY_NONE, ANSWER_OWN, "/", static_reply },
    { METHOD_GET, BODY_NONE, ANSWER_OWN, "/healthz", get_health },
    { METHOD_GET, BODY_NONE, ANSWER_OWN, "/metrics", get_metrics },
    { METHOD_GET, BODY_NONE, ANSWER_OWN, "/readyz", get_ready },
    { METHOD_GET, BODY_NONE, ANSWER_VALUE, "/v1/graphs", get_graphs },
    { METHOD_PUT, BODY_OPTIONAL, ANSWER_VALUE, "/v1/graphs/{g}", put_graph },
    { METHOD_DELETE, BODY_NONE, ANSWER_VALUE, "/v1/graphs/{g}", delete_graph },
    { METHOD_GET, BODY_NONE, ANSWER_OWN, "/v1/graphs/{g}/export", export_start },
    { METHOD_POST, BODY_STREAM, ANSWER_VALUE, "/v1/graphs/{g}/import", import_start },
    { METHOD_GET, BODY_NONE, ANSWER_VALUE, "/v1/graphs/{g}/log", log_start },
    { METHOD_POST, BODY_WHOLE, ANSWER_VALUE, "/v1/graphs/{g}/pull", post_pull },
    { METHOD_POST, BODY_WHOLE, ANSWER_VALUE, "/v1/graphs/{g}/query", post_query },
    { METHOD_GET, BODY_NONE, ANSWER_VALUE, "/v1/graphs/{g}/socket", get_socket },
    { METHOD_POST, BODY_WHOLE, ANSWER_VALUE, "/v1/graphs/{g}/transact", post_transact },
};

static const char *const method_names[] = {
    [METHOD_GET] = "GET", [METHOD_HEAD] = "HEAD",     [METHOD_POST] = "POST",
    [METHOD_PUT] = "PUT", [METHOD_DELETE] = "DELETE", [METHOD_OTHER] = "that method",
};

/* Compares, and takes the name where the pattern has {g}. */
static bool match(const char *pattern, const char *path, struct bytes *graph)
{
    const char *hole = strstr(pattern, "{g}");
    size_t before = hole ? (size_t)(hole - pattern) : 0;

    *graph = (struct bytes){ 0 };
    if (!hole)
        return !strcmp(pattern, path);
    if (strncmp(pattern, path, before) != 0)
        return false;
    *graph = (struct bytes){ path + before, strcspn(path + before, "/") };
    return graph->len > 0 && !strcmp(hole + 3, path + before + graph->len);
}

/* The route; *allowed names the methods that the path has. */
static const struct route *find(const struct exchange *exchange, struct bytes *graph,
                                struct buffer *allowed)
{
    enum method method = exchange->method == METHOD_HEAD ? METHOD_GET : exchange->method;

    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (!match(routes[i].path, exchange->path, graph))
            continue;
        if (routes[i].method == method)
            return &routes[i];
        buffer_printf(allowed, "%s%s%s", allowed->len ? ", " : "", method_names[routes[i].method],
                      routes[i].method == METHOD_GET ? ", HEAD" : "");
    }
    return NULL;
}

static void reply_no_method(struct exchange *exchange, const struct buffer *allowed)
{
    struct error error;

    snprintf(exchange->allow, sizeof(exchange->allow), "%.*s", (int)allowed->len, allowed->data);
    fail(&error, ERROR_UNSUPPORTED, "%s is not for this path", method_names[exchange->method]);
    exchange_reply_error(exchange, 405, &error);
}

static void reply_unrouted(struct exchange *exchange, struct buffer *allowed)
{
    bool reads = exchange->method == METHOD_GET || exchange->method == METHOD_HEAD;
    struct error error;

    if (allowed->len == 0 && reads) {
        static_reply(exchange);
    } else if (allowed->len > 0) {
        reply_no_method(exchange, allowed);
    } else {
        fail(&error, ERROR_NOT_FOUND, "nothing is at %.200s", exchange->path);
        exchange_reply_error(exchange, 0, &error);
    }
}

/* A name that no graph can have: a mistake where one is made, else simply not there. */
static bool check_name(const struct route *route, struct bytes graph, struct error *err)
{
    bool made = route->start == put_graph || route->start == import_start;

    if (!graph.data || room_name_valid(graph))
        return true;
    return fail(err, made ? ERROR_INCORRECT : ERROR_NOT_FOUND,
                "\"%.*s\" is no graph's name: [a-z0-9][a-z0-9_-]{0,62}", BYTES_ARG(graph));
}

/* Bodies that no route would read are not looked at. */
static bool check_body(const struct exchange *exchange, const struct route *route, int *status,
                       struct error *err)
{
    const char *coding = exchange->content_encoding;

    *status = 415;
    if (route->body != BODY_NONE && *coding && strcasecmp(coding, "identity") != 0)
        return fail(err, ERROR_UNSUPPORTED,
                    "the Content-Encoding is \"%.100s\"; bodies are taken as they are", coding);
    *status = 0;
    if (exchange->body_sent || route->body == BODY_NONE || route->body == BODY_OPTIONAL)
        return true;
    return fail(err, ERROR_INCORRECT, "the body is missing");
}

static bool check_media(struct exchange *exchange, const struct route *route, int *status,
                        struct error *err)
{
    return route->answer == ANSWER_OWN || exchange_media(exchange, status, err) ||
           route->body == BODY_STREAM;
}

void routes_start(struct exchange *exchange, char *graph)
{
    struct buffer allowed = { 0 };
    struct bytes name;
    struct error error;
    int status = 0;
    const struct route *route = find(exchange, &name, &allowed);

    if (!route) {
        reply_unrouted(exchange, &allowed);
    } else if (!check_name(route, name, &error) || !check_media(exchange, route, &status, &error) ||
               !check_body(exchange, route, &status, &error)) {
        exchange_reply_error(exchange, status, &error);
    } else {
        if (name.len)
            memcpy(graph, name.data, name.len);
        exchange->start = route->start;
        if (route->body == BODY_NONE || route->body == BODY_STREAM || exchange->body_ended)
            route->start(exchange);
    }
    buffer_release(&allowed);
}

void routes_body(struct exchange *exchange)
{
    struct error error;

    if (exchange->operations && exchange->operations->body) {
        exchange->operations->body(exchange);
    } else if (exchange->body.len > LIMIT_BODY_BYTES) {
        fail(&error, ERROR_INCORRECT, "the body is over the limit of %d bytes", LIMIT_BODY_BYTES);
        exchange_reply_error(exchange, 413, &error);
        buffer_release(&exchange->body);
    } else if (exchange->body_ended && exchange->start) {
        exchange->start(exchange);
    }
}
