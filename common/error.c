#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const codes[ERROR_KINDS] = {
    [ERROR_INCORRECT] = "incorrect",
    [ERROR_FORBIDDEN] = "forbidden",
    [ERROR_UNSUPPORTED] = "unsupported",
    [ERROR_NOT_FOUND] = "not-found",
    [ERROR_CONFLICT] = "conflict",
    [ERROR_BUSY] = "busy",
    [ERROR_INTERRUPTED] = "interrupted",
    [ERROR_UNAVAILABLE] = "unavailable",
    [ERROR_FAULT] = "fault",
};

/* A message cut by its limit, or quoting a text that was cut, must not end inside a character. */
static void mend_utf8(char *message)
{
    size_t offset;
    struct bytes text = bytes_of(message);

    while (!bytes_utf8_valid(text, &offset)) {
        message[offset] = '?';
        text = (struct bytes){ text.data + offset, text.len - offset };
        message += offset;
    }
}

#undef fail /* error.h makes macros of them for the analyzer */
#undef fail_in

bool fail(struct error *err, enum error_kind kind, const char *format, ...)
{
    va_list args;

    err->kind = kind;
    va_start(args, format);
    vsnprintf(err->message, sizeof(err->message), format, args);
    va_end(args);
    mend_utf8(err->message);
    return false;
}

bool fail_in(struct error *err, const char *format, ...)
{
    char before[ERROR_MESSAGE_BYTES_MAX], whole[2 * ERROR_MESSAGE_BYTES_MAX + 2];
    va_list args;

    va_start(args, format);
    vsnprintf(before, sizeof(before), format, args);
    va_end(args);
    snprintf(whole, sizeof(whole), "%s: %s", before, err->message);
    snprintf(err->message, sizeof(err->message), "%.*s", ERROR_MESSAGE_BYTES_MAX - 1, whole);
    mend_utf8(err->message);
    return false;
}

const char *error_code(enum error_kind kind)
{
    return codes[kind];
}

enum error_kind error_kind_of(struct bytes code)
{
    for (int kind = 0; kind < ERROR_KINDS; kind++)
        if (bytes_equal(code, bytes_of(codes[kind])))
            return (enum error_kind)kind;
    return ERROR_FAULT;
}
