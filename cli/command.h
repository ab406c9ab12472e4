/*
 * One command of `stoa` is one file with one function; command.c holds the table of them. A
 * command talks to a gateway over HTTP (http.h), prints its result on standard output, and returns
 * how it ended with the reason in `err`; main() alone prints reasons.
 */
#ifndef STOA_CLI_COMMAND_H
#define STOA_CLI_COMMAND_H

#include "cli/options.h"

/* How a command ended: also the exit code of the program, part of its interface. */
enum outcome {
    OUTCOME_OK = 0,
    OUTCOME_REFUSED = 1,     /* the server said no; `err` has its code and message */
    OUTCOME_USAGE = 2,       /* the command line is wrong */
    OUTCOME_UNREACHABLE = 3, /* no server there, or the connection broke before the answer */
    OUTCOME_INPUT = 4,       /* a file cannot be read, or is not what it should hold */
    OUTCOME_OUTPUT = 5,      /* the result cannot be written */
};

enum outcome command_export(const struct options *options, struct error *err);
enum outcome command_import(const struct options *options, struct error *err);
enum outcome command_log(const struct options *options, struct error *err);
enum outcome command_pull(const struct options *options, struct error *err);
enum outcome command_query(const struct options *options, struct error *err);
enum outcome command_status(const struct options *options, struct error *err);
enum outcome command_transact(const struct options *options, struct error *err);

struct command {
    struct options_table options; /* its name, words, options and manual */
    enum outcome (*run)(const struct options *options, struct error *err);
};

/* The commands in alphabetical order. */
extern const struct command commands[];
extern const size_t command_count;

/* NULL when there is no command of that name. */
const struct command *command_find(const char *name);

/* `argv[0]` is the command's name. Prints help where it was asked. */
enum outcome command_run(const struct command *command, int argc, char **argv, struct error *err);

#endif
