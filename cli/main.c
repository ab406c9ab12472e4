/* `stoa`: the command-line tool. Finds the command, runs it, and says how it ended. */
#include "cli/command.h"

#include <stdio.h>

static void print_usage(FILE *file)
{
    fprintf(file, "usage: stoa COMMAND [options]\n\ncommands:\n");
    for (size_t i = 0; i < command_count; i++)
        fprintf(file, "  %-10s %s\n", commands[i].options.name, commands[i].options.purpose);
    fprintf(file, "\nstoa COMMAND --help tells more. stoa --version prints the version.\n");
}

int main(int argc, char **argv)
{
    struct error err;

    if (argc < 2) {
        print_usage(stderr);
        return OUTCOME_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
        print_usage(stdout);
        return OUTCOME_OK;
    }
    if (!strcmp(argv[1], "--version")) {
        printf("stoa %s\n", STOA_VERSION);
        return OUTCOME_OK;
    }
    const struct command *command = command_find(argv[1]);
    if (!command) {
        fprintf(stderr, "stoa: there is no command \"%s\"\n", argv[1]);
        print_usage(stderr);
        return OUTCOME_USAGE;
    }
    enum outcome outcome = command_run(command, argc - 1, argv + 1, &err);
    if (outcome == OUTCOME_REFUSED)
        fprintf(stderr, "%s: %s\n", error_code(err.kind), err.message);
    else if (outcome != OUTCOME_OK)
        fprintf(stderr, "stoa %s: %s\n", argv[1], err.message);
    return (int)outcome;
}
