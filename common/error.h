/*
 * What went wrong, for the one who asked. A function that can fail for a reason that its caller
 * did not cause returns bool and fills a struct error; *out is untouched on failure, *err on
 * success. Library code never logs; the place that decides logs once.
 */
#ifndef STOA_COMMON_ERROR_H
#define STOA_COMMON_ERROR_H

#include "common/bytes.h"

/* What the caller can do about it; also the code on the wire. */
enum error_kind {
    ERROR_INCORRECT, /* the request is wrong: mend it, do not retry */
    ERROR_FORBIDDEN,
    ERROR_UNSUPPORTED,
    ERROR_NOT_FOUND,
    ERROR_CONFLICT,    /* lost a race: read again and retry */
    ERROR_BUSY,        /* a limit was reached: ask for less, or later */
    ERROR_INTERRUPTED, /* stopped by its own time limit, or cancelled */
    ERROR_UNAVAILABLE, /* the other side is away: retry later */
    ERROR_FAULT,       /* our bug or a broken disk: page someone */
};

#define ERROR_KINDS             (ERROR_FAULT + 1)
#define ERROR_MESSAGE_BYTES_MAX 1024

struct error {
    enum error_kind kind;
    char message[ERROR_MESSAGE_BYTES_MAX]; /* NUL-terminated UTF-8; longer ones are cut */
};

/* Fills `err` and returns false, so that `return fail(err, ...)` reads as what it does. */
bool fail(struct error *err, enum error_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts `format` and ": " before the message that is there; returns false. */
bool fail_in(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

#ifdef __clang_analyzer__ /* cannot see in another file that they return false */
#define fail(...)    (fail(__VA_ARGS__), false)
#define fail_in(...) (fail_in(__VA_ARGS__), false)
#endif

/* The anomaly category as it is written on the wire: "incorrect", "not-found", ... */
const char *error_code(enum error_kind kind);

/* The reverse; an unknown code is ERROR_FAULT. */
enum error_kind error_kind_of(struct bytes code);

#endif
