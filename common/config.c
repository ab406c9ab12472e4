#include "common/config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define VARIABLE_BYTES 128

static void *field_of(const struct config_parameter *p, void *settings)
{
    return (char *)settings + p->offset;
}

static bool flag_parse(const char *value, bool *out)
{
    if (!strcmp(value, "true") || !strcmp(value, "1") || !strcmp(value, "yes")) {
        *out = true;
        return true;
    }
    if (!strcmp(value, "false") || !strcmp(value, "0") || !strcmp(value, "no")) {
        *out = false;
        return true;
    }
    return false;
}

/* An unknown scheme or a missing port would be "Invalid argument" when it is used. */
static bool address_valid(const struct config_parameter *p, const char *value)
{
    const char scheme[] = "tcp://", *port = strrchr(value, ':');
    char *end;

    if (!*value)
        return p->value && !*p->value;
    if (strncmp(value, scheme, strlen(scheme)) != 0 || port <= value + strlen(scheme))
        return false;
    long number = isdigit((unsigned char)port[1]) ? strtol(port + 1, &end, 10) : 0;
    return number > 0 && number <= UINT16_MAX && !*end;
}

static bool set(const struct config_parameter *p, const char *value, void *settings,
                struct error *err)
{
    char *end;

    if (p->type == CONFIG_ADDRESS && !address_valid(p, value))
        return fail(err, ERROR_INCORRECT, "--%s: \"%s\" is no address like tcp://HOST:PORT",
                    p->name, value);
    switch (p->type) {
    case CONFIG_TEXT:
    case CONFIG_ADDRESS: {
        char **text = field_of(p, settings);
        char *copy = xstrdup(value); /* `value` may be what is there */
        free(*text);
        *text = copy;
        return true;
    }
    case CONFIG_NUMBER: {
        errno = 0;
        long long number = strtoll(value, &end, 10);
        if (errno || end == value || *end || number < p->min || number > p->max)
            return fail(err, ERROR_INCORRECT, "--%s: \"%s\" is not a number from %lld to %lld%s%s",
                        p->name, value, (long long)p->min, (long long)p->max, *p->unit ? " " : "",
                        p->unit);
        *(int64_t *)field_of(p, settings) = number;
        return true;
    }
    case CONFIG_FLAG:
        if (!flag_parse(value, field_of(p, settings)))
            return fail(err, ERROR_INCORRECT, "--%s: \"%s\" is neither true nor false", p->name,
                        value);
        return true;
    }
    abort();
}

/* --data-dir is STOA_DATA_DIR. */
static void environment_name(const struct config_parameter *p, char *out, size_t size)
{
    size_t len = (size_t)snprintf(out, size, "STOA_%s", p->name);

    assert(len < size);
    for (char *c = out; *c; c++)
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

static bool read_environment(const struct config_parameter *p, void *settings, struct error *err)
{
    char name[VARIABLE_BYTES];

    environment_name(p, name, sizeof(name));
    const char *value = getenv(name);
    if (!value || !*value)
        return true;
    return set(p, value, settings, err) || fail_in(err, "environment variable %s", name);
}

static const struct config_parameter *find(const struct config_parameter *table, size_t count,
                                           const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(table[i].name) == len && !strncmp(table[i].name, name, len))
            return &table[i];
    return NULL;
}

static bool read_arguments(const struct config_parameter *table, size_t count, int argc,
                           char **argv, void *settings, struct error *err)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0)
            return fail(err, ERROR_INCORRECT, "\"%s\" is not an option; --help lists them",
                        argv[i]);
        const char *name = argv[i] + 2, *equals = strchr(name, '=');
        size_t len = equals ? (size_t)(equals - name) : strlen(name);
        const struct config_parameter *p = find(table, count, name, len);
        if (!p)
            return fail(err, ERROR_INCORRECT, "unknown option \"%s\"; --help lists them", argv[i]);
        const char *value = equals ? equals + 1 : p->type == CONFIG_FLAG ? "true" : NULL;
        if (!value && ++i < argc)
            value = argv[i];
        if (!value)
            return fail(err, ERROR_INCORRECT, "--%s needs a value", p->name);
        if (!set(p, value, settings, err))
            return false;
    }
    return true;
}

static void print_help(const struct config_parameter *table, size_t count, const char *program,
                       const char *purpose)
{
    char variable[VARIABLE_BYTES];

    printf("usage: %s [--option VALUE ...]\n\n%s\n\n", program, purpose);
    for (size_t i = 0; i < count; i++) {
        const struct config_parameter *p = &table[i];
        printf("  --%-24s %s", p->name, p->text);
        if (p->value && *p->value)
            printf(" (default %s%s%s)", p->value, *p->unit ? " " : "", p->unit);
        printf("\n");
    }
    environment_name(&table[0], variable, sizeof(variable));
    printf("\nEach can be given in the environment too: --%s as %s.\n", table[0].name, variable);
}

enum config_result config_read(const struct config_parameter *table, size_t count,
                               const char *program, const char *purpose, int argc, char **argv,
                               void *settings, struct error *err)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) {
            print_help(table, count, program, purpose);
            return CONFIG_HELP;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (table[i].value && !set(&table[i], table[i].value, settings, err))
            return CONFIG_BAD;
        if (!read_environment(&table[i], settings, err))
            return CONFIG_BAD;
    }
    return read_arguments(table, count, argc, argv, settings, err) ? CONFIG_OK : CONFIG_BAD;
}

void config_release(const struct config_parameter *table, size_t count, void *settings)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].type == CONFIG_TEXT || table[i].type == CONFIG_ADDRESS) {
            char **text = field_of(&table[i], settings);
            free(*text);
            *text = NULL;
        }
    }
}
