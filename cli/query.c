#include "cli/input.h"
#include "cli/read.h"

#include "common/limits.h"

static enum outcome append_query(const struct options *options, struct buffer *body,
                                 struct error *err)
{
    struct buffer text = { 0 };
    enum outcome outcome = OUTCOME_INPUT;

    if (strcmp(options->words[0], "-") != 0)
        buffer_append_bytes(&text, bytes_of(options->words[0]));
    else if (!input_read("-", LIMIT_BODY_BYTES, &text, err))
        goto done;
    if (input_quote_edn("the query", buffer_bytes(&text), body, err))
        outcome = OUTCOME_OK;
done:
    buffer_release(&text);
    return outcome;
}

static enum outcome append_args(const struct options *options, struct buffer *body,
                                struct error *err)
{
    const char *arg;
    char what[32];

    buffer_append_bytes(body, BYTES(" :args ["));
    for (size_t i = 0; (arg = options_repeated(options, "arg", i)); i++) {
        snprintf(what, sizeof(what), "--arg number %zu", i + 1);
        if (!input_check_edn(what, bytes_of(arg), err))
            return OUTCOME_INPUT;
        buffer_append_bytes(body, bytes_of(arg));
        buffer_append_u8(body, '\n');
    }
    buffer_append_u8(body, ']');
    return OUTCOME_OK;
}

enum outcome command_query(const struct options *options, struct error *err)
{
    struct buffer body = { 0 };

    buffer_append_bytes(&body, BYTES("{:query "));
    enum outcome outcome = append_query(options, &body, err);
    if (outcome == OUTCOME_OK)
        outcome = append_args(options, &body, err);
    if (options_value(options, "explain"))
        buffer_append_bytes(&body, BYTES(" :explain true"));
    if (outcome == OUTCOME_OK)
        outcome = read_append_basis(options, &body, err);
    buffer_append_u8(&body, '}');
    if (outcome == OUTCOME_OK)
        outcome = read_send(options, "query", buffer_bytes(&body), err);
    buffer_release(&body);
    return outcome;
}
