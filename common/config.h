/*
 * Settings of a program: one table of parameters feeds the parser, `--help` and the manual. Each
 * can be given as `--name VALUE`, `--name=VALUE` or the environment variable STOA_NAME (upper
 * case, `_` for `-`); the command line wins. A flag takes no value on the command line.
 */
#ifndef STOA_COMMON_CONFIG_H
#define STOA_COMMON_CONFIG_H

#include "common/error.h"

enum config_type {
    CONFIG_TEXT,    /* char *, owned by the config */
    CONFIG_ADDRESS, /* the same: tcp://HOST:PORT, or empty where the default is */
    CONFIG_NUMBER,  /* int64_t, within min .. max */
    CONFIG_FLAG,    /* bool */
};

struct config_parameter {
    const char *name; /* as on the command line, without dashes */
    enum config_type type;
    size_t offset;     /* of the field in the program's settings struct */
    int64_t min, max;  /* numbers only */
    const char *value; /* the default, as it would be written; NULL: none */
    const char *unit;  /* "ms", "bytes", ... or "" */
    const char *text;  /* one sentence for people */
};

enum config_result { CONFIG_OK, CONFIG_HELP, CONFIG_BAD };

/*
 * Fills `settings` from defaults, environment and arguments. CONFIG_HELP: --help was asked and has
 * been printed. CONFIG_BAD: `err` names the parameter and what it accepts. Words that are no
 * option are an error.
 */
enum config_result config_read(const struct config_parameter *table, size_t count,
                               const char *program, const char *purpose, int argc, char **argv,
                               void *settings, struct error *err) MUST_USE;

/* Frees the texts. */
void config_release(const struct config_parameter *table, size_t count, void *settings);

#endif
