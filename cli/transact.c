#include "cli/http.h"
#include "cli/input.h"
#include "cli/print.h"

#include "common/limits.h"
#include "common/uuid.h"

/*
 * The request carries a tx_id, the user's or a new one, so that a transaction whose answer was lost
 * can be sent again without being applied twice.
 */
static enum outcome tx_id_of(const struct options *options, struct uuid *out, struct error *err)
{
    const char *given = options_value(options, "tx-id");

    if (!given) {
        *out = uuid_random();
        return OUTCOME_OK;
    }
    if (uuid_parse(bytes_of(given), out))
        return OUTCOME_OK;
    fail(err, ERROR_INCORRECT, "--tx-id: \"%s\" is no UUID", given);
    return OUTCOME_USAGE;
}

static enum outcome read_forms(const struct options *options, struct buffer *out, struct error *err)
{
    const char *file = options_value(options, "file");
    bool given = options->word_count > 0 && strcmp(options->words[0], "-") != 0;

    if (given && file) {
        fail(err, ERROR_INCORRECT, "transaction data are given twice: as a word and by --file");
        return OUTCOME_USAGE;
    }
    if (given)
        buffer_append_bytes(out, bytes_of(options->words[0]));
    else if (!input_read(file ? file : "-", LIMIT_BODY_BYTES, out, err))
        return OUTCOME_INPUT;
    return OUTCOME_OK;
}

static enum outcome send(const struct options *options, struct bytes body, struct uuid tx_id,
                         struct error *err)
{
    char uuid[UUID_TEXT_BYTES];
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    struct value answer;
    struct http *http = NULL;
    enum outcome outcome = http_open(options->url, &http, err);

    if (outcome == OUTCOME_OK)
        outcome = http_call(http, options->graph, "transact", body, &arena, &answer, err);
    if (outcome == OUTCOME_OK) {
        print_value(&text, options->format, &answer);
        if (!print_flush(stdout, buffer_bytes(&text), err))
            outcome = OUTCOME_OUTPUT;
    } else if (outcome == OUTCOME_UNREACHABLE) {
        size_t len = strlen(err->message);
        snprintf(err->message + len, sizeof(err->message) - len,
                 "; sent again with --tx-id %s it is applied once", uuid_format(&tx_id, uuid));
    }
    http_close(http);
    buffer_release(&text);
    arena_release(&arena);
    return outcome;
}

enum outcome command_transact(const struct options *options, struct error *err)
{
    char uuid[UUID_TEXT_BYTES];
    const char *meta = options_value(options, "meta");
    struct buffer forms = { 0 }, body = { 0 };
    struct uuid tx_id = { { 0 } };
    enum outcome outcome = tx_id_of(options, &tx_id, err);

    if (outcome == OUTCOME_OK && meta && !input_check_edn("--meta", bytes_of(meta), err))
        outcome = OUTCOME_INPUT;
    if (outcome == OUTCOME_OK)
        outcome = read_forms(options, &forms, err);
    buffer_printf(&body, "{:tx-id #uuid \"%s\" :tx-data ", uuid_format(&tx_id, uuid));
    if (outcome == OUTCOME_OK &&
        !input_quote_edn("the transaction data", buffer_bytes(&forms), &body, err))
        outcome = OUTCOME_INPUT;
    if (meta)
        buffer_printf(&body, " :meta %s\n", meta);
    buffer_append_u8(&body, '}');
    if (outcome == OUTCOME_OK)
        outcome = send(options, buffer_bytes(&body), tx_id, err);
    buffer_release(&forms);
    buffer_release(&body);
    return outcome;
}
