#include "cli/command.h"

#include <stdio.h>

#define BASIS_ROWS                                                                                 \
    { "as-of", "T", "as the graph was after transaction T" },                                      \
        { "since", "T", "only what was added after transaction T" },                               \
        { "timeout-ms", "MS", "stop with code interrupted after so long" },                        \
    {                                                                                              \
        "with", "TX-DATA", "as the graph would be after this; nothing is committed"                \
    }

static const struct option_row log_rows[] = {
    { "from", "T", "the first transaction (default: the first there is)" },
    { "limit", "N", "at most so many (default: all)" },
};

static const struct option_row pull_rows[] = {
    { "many", NULL, "EID is a list of entities, and so is the result" },
    BASIS_ROWS,
};

static const struct option_row query_rows[] = {
    { "arg", "EDN", "a value for :in, once for each but the graph" },
    { "explain", NULL, "print how the result is found, in place of it" },
    { "history", NULL, "every assertion and retraction there ever was" },
    { "limit", "N", "at most so many rows" },
    { "offset", "N", "leave out so many rows first" },
    BASIS_ROWS,
};

static const struct option_row transact_rows[] = {
    { "file", "FILE", "read the transaction data from a file" },
    { "meta", "EDN", "a map of attributes for the transaction's own entity" },
    { "tx-id", "UUID", "makes a repeat safe: the same one is applied once" },
};

#define ROWS(table) .rows = (table), .row_count = ARRAY_LEN(table)

const struct command commands[] = {
    {
        .options = {
            .name = "export",
            .words = "[FILE]",
            .words_max = 1,
            .purpose = "Writes a graph as one #datascript/DB {...} EDN value.",
            .manual = "FILE is replaced only when the export is whole; without FILE, or with -, "
                      "it goes to\nstandard output.",
            .without = "format",
        },
        .run = command_export,
    },
    {
        .options = {
            .name = "import",
            .words = "FILE",
            .words_min = 1,
            .words_max = 1,
            .purpose = "Makes a new graph of a saved database.",
            .manual = "FILE, or standard input with -, holds #datascript/DB {...} EDN or an Athens "
                      "save\n(.transit). The graph must not exist yet; ids are kept.",
        },
        .run = command_import,
    },
    {
        .options = {
            .name = "log",
            .words = "",
            .purpose = "Prints the transactions of a graph in order.",
            .manual = "",
            ROWS(log_rows),
        },
        .run = command_log,
    },
    {
        .options = {
            .name = "pull",
            .words = "PATTERN EID",
            .words_min = 2,
            .words_max = 2,
            .purpose = "Prints the attributes of an entity that a pull pattern asks for.",
            .manual = "Both are EDN: stoa pull '[* {:block/children ...}]' '[:block/uid \"abc\"]'",
            ROWS(pull_rows),
        },
        .run = command_pull,
    },
    {
        .options = {
            .name = "query",
            .words = "QUERY",
            .words_min = 1,
            .words_max = 1,
            .purpose = "Prints the result of a Datalog query.",
            .manual = "QUERY is EDN, or - to read it from standard input:\n"
                      "stoa query '[:find ?u :in $ ?t :where [?e :node/title ?t] "
                      "[?e :block/uid ?u]]' --arg '\"Welcome\"'",
            ROWS(query_rows),
        },
        .run = command_query,
    },
    {
        .options = {
            .name = "status",
            .words = "",
            .purpose = "Tells whether a server is ready, and its graphs.",
            .manual = "Exit code 1 when the gateway is there but not ready to serve.",
            .without = "graph",
        },
        .run = command_status,
    },
    {
        .options = {
            .name = "transact",
            .words = "[TX-DATA]",
            .words_max = 1,
            .purpose = "Applies a transaction.",
            .manual = "TX-DATA is an EDN vector of forms; without it, or with -, it is read from "
                      "standard input:\nstoa transact '[{:block/uid \"abc\" :block/string "
                      "\"hello\"}]'",
            ROWS(transact_rows),
        },
        .run = command_transact,
    },
};

const size_t command_count = ARRAY_LEN(commands);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (!strcmp(commands[i].options.name, name))
            return &commands[i];
    return NULL;
}

enum outcome command_run(const struct command *command, int argc, char **argv, struct error *err)
{
    struct options options;

    if (!options_parse(&command->options, argc, argv, &options, err))
        return OUTCOME_USAGE;
    if (options.help) {
        options_print_help(&command->options);
        return OUTCOME_OK;
    }
    return command->run(&options, err);
}
