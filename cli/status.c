#include "cli/http.h"
#include "cli/print.h"
#include "proto/edn.h"

/* Whether a route answers well: the only thing that counts of /readyz. */
static enum outcome ask(struct http *http, const char *path, struct buffer *answer,
                        struct error *err)
{
    return http_send(http, &(struct http_request){ .method = "GET", .path = path }, answer, err);
}

static enum outcome read_graphs(struct http *http, struct arena *arena, struct value *out,
                                struct error *err)
{
    struct buffer text = { 0 };
    struct value answer;
    enum outcome outcome = ask(http, "/v1/graphs", &text, err);

    if (outcome == OUTCOME_OK && edn_read(buffer_bytes(&text), arena, &answer, err)) {
        const struct value *graphs = value_get(&answer, "graphs");
        *out = graphs ? *graphs : value_collection(VALUE_VECTOR, NULL, 0);
    } else if (outcome == OUTCOME_OK) {
        fail_in(err, "the server's answer is not EDN");
        outcome = OUTCOME_UNREACHABLE;
    }
    buffer_release(&text);
    return outcome;
}

static void print_status(const struct options *options, bool ready, const struct value *graphs,
                         struct arena *arena, struct buffer *out)
{
    struct value_builder status = { 0 };
    const struct {
        const char *key;
        struct value value;
    } entries[] = {
        { "url", value_string(bytes_of(options->url)) },
        { "ready", value_boolean(ready) },
        { "graphs", *graphs },
    };

    if (options->format == FORMAT_TABLE) {
        buffer_printf(out, "%s: %s\n", options->url, ready ? "ready" : "not ready");
        print_value(out, FORMAT_TABLE, graphs);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        value_builder_add(&status, arena, value_keyword(bytes_of(entries[i].key)));
        value_builder_add(&status, arena, entries[i].value);
    }
    struct value map = value_builder_end(&status, VALUE_MAP);
    print_value(out, options->format, &map);
}

enum outcome command_status(const struct options *options, struct error *err)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 }, ignored = { 0 };
    struct value graphs = value_collection(VALUE_VECTOR, NULL, 0);
    struct http *http;
    enum outcome outcome = http_open(options->url, &http, err);

    if (outcome != OUTCOME_OK)
        return outcome;
    outcome = ask(http, "/readyz", &ignored, err);
    bool ready = outcome == OUTCOME_OK;
    if (ready)
        outcome = read_graphs(http, &arena, &graphs, err);
    if (outcome == OUTCOME_OK || outcome == OUTCOME_REFUSED) {
        print_status(options, ready, &graphs, &arena, &text);
        if (!print_flush(stdout, buffer_bytes(&text), err))
            outcome = OUTCOME_OUTPUT;
    }
    http_close(http);
    buffer_release(&text);
    buffer_release(&ignored);
    arena_release(&arena);
    return outcome;
}
