#include "cli/read.h"

#include "cli/http.h"
#include "cli/input.h"
#include "cli/print.h"

enum outcome read_append_basis(const struct options *options, struct buffer *body,
                               struct error *err)
{
    static const struct {
        const char *option, *key;
        int64_t min;
    } numbers[] = {
        { "as-of", "as-of", 0 },   { "since", "since", 0 },           { "limit", "limit", 0 },
        { "offset", "offset", 0 }, { "timeout-ms", "timeout-ms", 1 },
    };

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        int64_t number = -1;
        if (!options_number(options, numbers[i].option, numbers[i].min, INT64_MAX, &number, err))
            return OUTCOME_USAGE;
        if (number >= 0)
            buffer_printf(body, " :%s %lld", numbers[i].key, (long long)number);
    }
    if (options_value(options, "history"))
        buffer_append_bytes(body, BYTES(" :history true"));
    const char *with = options_value(options, "with");
    if (!with)
        return OUTCOME_OK;
    buffer_append_bytes(body, BYTES(" :with "));
    return input_quote_edn("--with", bytes_of(with), body, err) ? OUTCOME_OK : OUTCOME_INPUT;
}

enum outcome read_send(const struct options *options, const char *verb, struct bytes body,
                       struct error *err)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    struct value answer;
    struct http *http = NULL;
    enum outcome outcome = http_open(options->url, &http, err);

    if (outcome == OUTCOME_OK)
        outcome = http_call(http, options->graph, verb, body, &arena, &answer, err);
    if (outcome == OUTCOME_OK) {
        const struct value *result = value_get(&answer, "result");
        struct value nil = value_nil();
        print_value(&text, options->format, result ? result : &nil);
        if (!print_flush(stdout, buffer_bytes(&text), err))
            outcome = OUTCOME_OUTPUT;
    }
    http_close(http);
    buffer_release(&text);
    arena_release(&arena);
    return outcome;
}
