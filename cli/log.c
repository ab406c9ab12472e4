#include "cli/http.h"
#include "cli/print.h"

/* The most that the server gives at a time. */
#define PAGE_TXS 1000

/* Where a listing stands. */
struct listing {
    int64_t from; /* the first t wanted; 0: the first there is */
    int64_t left; /* transactions still to print */
    bool done;
};

static enum outcome print_page(const struct options *options, const struct value *txs,
                               struct listing *listing, struct error *err)
{
    struct buffer text = { 0 };
    enum outcome outcome = OUTCOME_OK;

    for (uint32_t i = 0; i < txs->count && listing->left > 0; i++, listing->left--) {
        const struct value *t = value_get(&txs->items[i], "t");
        if (t && t->type == VALUE_LONG)
            listing->from = t->number + 1;
        print_value(&text, options->format, &txs->items[i]);
    }
    if (!print_flush(stdout, buffer_bytes(&text), err))
        outcome = OUTCOME_OUTPUT;
    buffer_release(&text);
    return outcome;
}

static enum outcome fetch_page(const struct options *options, struct http *http,
                               struct listing *listing, struct error *err)
{
    struct arena arena = { 0 };
    struct buffer verb = { 0 };
    struct value answer;

    buffer_printf(&verb, "log?limit=%lld",
                  (long long)(listing->left < PAGE_TXS ? listing->left : PAGE_TXS));
    if (listing->from > 0)
        buffer_printf(&verb, "&from=%lld", (long long)listing->from);
    buffer_append_u8(&verb, '\0');
    enum outcome outcome =
        http_call(http, options->graph, verb.data, BYTES(""), &arena, &answer, err);
    if (outcome == OUTCOME_OK) {
        const struct value *t = value_get(&answer, "t");
        const struct value *txs = value_get(&answer, "txs");
        if (!t || t->type != VALUE_LONG || !txs || !value_is_sequence(txs)) {
            fail(err, ERROR_FAULT, "the server's answer has no :t and :txs");
            outcome = OUTCOME_UNREACHABLE;
        } else {
            outcome = print_page(options, txs, listing, err);
            listing->done = txs->count == 0 || listing->left == 0 || listing->from > t->number;
        }
    }
    buffer_release(&verb);
    arena_release(&arena);
    return outcome;
}

enum outcome command_log(const struct options *options, struct error *err)
{
    struct listing listing = { .left = INT64_MAX };
    struct http *http;

    if (!options_number(options, "from", 1, INT64_MAX, &listing.from, err) ||
        !options_number(options, "limit", 1, INT64_MAX, &listing.left, err))
        return OUTCOME_USAGE;
    enum outcome outcome = http_open(options->url, &http, err);
    if (outcome != OUTCOME_OK)
        return outcome;
    while (outcome == OUTCOME_OK && !listing.done)
        outcome = fetch_page(options, http, &listing, err);
    http_close(http);
    return outcome;
}
