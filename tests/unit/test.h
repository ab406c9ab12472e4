/* What unit tests begin with: cmocka and the headers it wants before it, and reading a file. */
#ifndef STOA_TESTS_UNIT_TEST_H
#define STOA_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* fail() is our own, of common/error.h; cmocka's fail_msg() needs its macro of that name. _fail()
 * leaves the test by longjmp(): abort() is not reached, and says to compilers that nothing is. */
#undef fail
#undef fail_msg
#define fail_msg(...)                                                                              \
    (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__), abort())

#include "common/buffer.h"

/* Appends the file to `out`; false when it cannot be opened. */
static inline bool test_read_file(const char *path, struct buffer *out)
{
    FILE *file = fopen(path, "rb");
    size_t got;

    if (!file)
        return false;
    while ((got = fread(buffer_reserve(out, 65536), 1, 65536, file)) > 0)
        out->len += got;
    fclose(file);
    return true;
}

#endif
