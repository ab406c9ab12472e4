#include "cli/options.h"

#include "common/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define URL_DEFAULT "http://127.0.0.1:3010"

static const struct option_row common_rows[] = {
    { "format", "edn|json|table", "how results are printed (default edn)" },
    { "graph", "NAME", "the graph (default main)" },
    { "help", NULL, "print this and stop" },
    { "url", "URL", "a gateway (default STOA_URL, or " URL_DEFAULT ")" },
};

static const struct option_row *find(const struct option_row *rows, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(bytes_of(rows[i].name), name))
            return &rows[i];
    return NULL;
}

static const struct option_row *find_common(const struct options_table *table, struct bytes name)
{
    if (table->without && bytes_equal(bytes_of(table->without), name))
        return NULL;
    return find(common_rows, ARRAY_LEN(common_rows), name);
}

static bool graph_name_valid(const char *name)
{
    size_t len = strlen(name);

    return len >= 1 && len <= LIMIT_GRAPH_NAME_BYTES && name[0] != '_' && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static bool set_common(struct options *out, const char *name, const char *value, struct error *err)
{
    static const char *const formats[] = { "edn", "json", "table" };

    if (!strcmp(name, "help")) {
        out->help = true;
        return true;
    }
    if (!strcmp(name, "url")) {
        out->url = value;
        return true;
    }
    if (!strcmp(name, "graph")) {
        if (!graph_name_valid(value))
            return fail(err, ERROR_INCORRECT,
                        "--graph: \"%s\" is no graph's name: they have 1 to %d of a-z, 0-9, _ and "
                        "-, and begin with a letter or digit",
                        value, LIMIT_GRAPH_NAME_BYTES);
        out->graph = value;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (!strcmp(value, formats[i])) {
            out->format = (enum format)i;
            return true;
        }
    }
    return fail(err, ERROR_INCORRECT, "--format: \"%s\" is none of edn, json and table", value);
}

static bool parse_option(const struct options_table *table, int argc, char **argv, int *at,
                         struct options *out, struct error *err)
{
    const char *text = argv[*at] + 2;
    const char *equals = strchr(text, '=');
    struct bytes name = { text, equals ? (size_t)(equals - text) : strlen(text) };
    const struct option_row *common = find_common(table, name);
    const struct option_row *row = common ? common : find(table->rows, table->row_count, name);
    const char *value = "";

    if (!row)
        return fail(err, ERROR_INCORRECT, "there is no option --%.*s; see stoa %s --help",
                    BYTES_ARG(name), table->name);
    if (!row->value && equals)
        return fail(err, ERROR_INCORRECT, "--%s takes no value", row->name);
    if (row->value && equals) {
        value = equals + 1;
    } else if (row->value) {
        if (*at + 1 >= argc)
            return fail(err, ERROR_INCORRECT, "--%s needs a value: --%s %s", row->name, row->name,
                        row->value);
        value = argv[++*at];
    }
    if (common)
        return set_common(out, row->name, value, err);
    if (out->given_count == OPTIONS_GIVEN_MAX)
        return fail(err, ERROR_INCORRECT, "more than %d options", OPTIONS_GIVEN_MAX);
    out->given[out->given_count++] = (struct option_given){ row->name, value };
    return true;
}

bool options_parse(const struct options_table *table, int argc, char **argv, struct options *out,
                   struct error *err)
{
    const char *url = getenv("STOA_URL");
    struct options options = { .url = url && *url ? url : URL_DEFAULT, .graph = "main" };
    bool words_only = false;

    for (int at = 1; at < argc; at++) {
        if (!words_only && !strcmp(argv[at], "--")) {
            words_only = true;
        } else if (!words_only && !strncmp(argv[at], "--", 2)) {
            if (!parse_option(table, argc, argv, &at, &options, err))
                return false;
        } else if (options.word_count == table->words_max) {
            return fail(err, ERROR_INCORRECT, "\"%s\" is one word too many; usage: stoa %s %s",
                        argv[at], table->name, table->words);
        } else {
            options.words[options.word_count++] = argv[at];
        }
    }
    if (!options.help && options.word_count < table->words_min)
        return fail(err, ERROR_INCORRECT, "something is missing; usage: stoa %s %s", table->name,
                    table->words);
    *out = options;
    return true;
}

static void print_rows(const struct option_row *rows, size_t count, const char *without)
{
    char left[64];

    for (size_t i = 0; i < count; i++) {
        if (without && !strcmp(rows[i].name, without))
            continue;
        snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].value ? " " : "",
                 rows[i].value ? rows[i].value : "");
        printf("  %-24s %s\n", left, rows[i].text);
    }
}

void options_print_help(const struct options_table *table)
{
    printf("usage: stoa %s %s%s[options]\n\n%s\n", table->name, table->words,
           *table->words ? " " : "", table->purpose);
    if (*table->manual)
        printf("\n%s\n", table->manual);
    printf("\noptions:\n");
    print_rows(table->rows, table->row_count, NULL);
    print_rows(common_rows, ARRAY_LEN(common_rows), table->without);
    printf("\nexit codes:\n"
           "  0  done\n"
           "  1  the server refused: \"code: message\" is on standard error\n"
           "  2  the command line is wrong\n"
           "  3  no server there, or the connection broke before the answer\n"
           "  4  a file cannot be read, or what was given is not EDN or Transit\n"
           "  5  the result cannot be written\n");
}

const char *options_value(const struct options *options, const char *name)
{
    for (size_t i = options->given_count; i-- > 0;)
        if (!strcmp(options->given[i].name, name))
            return options->given[i].value;
    return NULL;
}

const char *options_repeated(const struct options *options, const char *name, size_t nth)
{
    for (size_t i = 0; i < options->given_count; i++)
        if (!strcmp(options->given[i].name, name) && nth-- == 0)
            return options->given[i].value;
    return NULL;
}

bool options_number(const struct options *options, const char *name, int64_t min, int64_t max,
                    int64_t *out, struct error *err)
{
    const char *value = options_value(options, name);
    char *end;

    if (!value)
        return true;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno || end == value || *end || number < min || number > max)
        return fail(err, ERROR_INCORRECT, "--%s: \"%s\" is not a whole number from %lld to %lld",
                    name, value, (long long)min, (long long)max);
    *out = number;
    return true;
}
