/*
 * The command line of one command. A table of options feeds the parser and `--help`. Options are
 * `--name VALUE`, `--name=VALUE`, or `--name` alone where the table has no value; `--` ends them;
 * what is left are words. The options that commands have in common (--url, --graph, --format,
 * --help) are in the parser.
 */
#ifndef STOA_CLI_OPTIONS_H
#define STOA_CLI_OPTIONS_H

#include "common/error.h"

#define OPTIONS_GIVEN_MAX 256 /* the kernel's limit on arguments is far above any use of ours */

struct option_row {
    const char *name;  /* without dashes */
    const char *value; /* how help calls the value; NULL: a flag */
    const char *text;
};

struct options_table {
    const char *name;    /* of the command */
    const char *words;   /* how help writes its words, as "QUERY" */
    const char *purpose; /* one line */
    const char *manual;  /* what else there is to say, or "" */
    size_t words_min, words_max;
    const struct option_row *rows;
    size_t row_count;
    const char *without; /* the common option that would mean nothing to it; NULL: it has all */
};

enum format { FORMAT_EDN, FORMAT_JSON, FORMAT_TABLE };

/* Everything points into argv or the environment. */
struct options {
    const char *url;
    const char *graph;
    enum format format;
    bool help;
    const char *words[OPTIONS_GIVEN_MAX];
    size_t word_count;
    struct option_given {
        const char *name, *value; /* a flag's value is "" */
    } given[OPTIONS_GIVEN_MAX];
    size_t given_count;
};

/* `argv[0]` is the command's name. Errors: incorrect, naming the argument and what is accepted. */
bool options_parse(const struct options_table *table, int argc, char **argv, struct options *out,
                   struct error *err) MUST_USE;

void options_print_help(const struct options_table *table);

/* The last value given for an option, or NULL. */
const char *options_value(const struct options *options, const char *name);

/* The `nth` value of an option that may be repeated, or NULL. */
const char *options_repeated(const struct options *options, const char *name, size_t nth);

/* Reads a whole number within min .. max; leaves *out alone when the option is not given. */
bool options_number(const struct options *options, const char *name, int64_t min, int64_t max,
                    int64_t *out, struct error *err) MUST_USE;

#endif
