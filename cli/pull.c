#include "cli/input.h"
#include "cli/read.h"

enum outcome command_pull(const struct options *options, struct error *err)
{
    struct buffer body = { 0 };
    enum outcome outcome = OUTCOME_INPUT;

    buffer_append_bytes(&body, BYTES("{:pattern "));
    if (input_quote_edn("the pattern", bytes_of(options->words[0]), &body, err) &&
        input_check_edn("the entity", bytes_of(options->words[1]), err)) {
        buffer_printf(&body, " :eid %s\n", options->words[1]);
        if (options_value(options, "many"))
            buffer_append_bytes(&body, BYTES(" :many true"));
        outcome = read_append_basis(options, &body, err);
        if (outcome == OUTCOME_OK) {
            buffer_append_u8(&body, '}');
            outcome = read_send(options, "pull", buffer_bytes(&body), err);
        }
    }
    buffer_release(&body);
    return outcome;
}
