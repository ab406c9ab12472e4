/*
 * Folders for the files of a test, below one that goes when the process ends: a failed assertion
 * leaves its test at once, without the close of its fixture.
 */
#ifndef STOA_TESTS_UNIT_SCRATCH_H
#define STOA_TESTS_UNIT_SCRATCH_H

#include "tests/unit/test.h"

#include "txd/db/folder.h"

#include <stdlib.h>

#define SCRATCH_BYTES 64

static char scratch_root[SCRATCH_BYTES - 8];

static inline void scratch_clear(void)
{
    struct error ignored;

    (void)!folder_remove(scratch_root, &ignored);
}

/* Makes an empty folder; its path is in `dir`. */
static inline void scratch_make(char dir[SCRATCH_BYTES])
{
    static unsigned count;
    const char *tmp = getenv("TMPDIR");
    struct error err;

    if (!count) {
        snprintf(scratch_root, sizeof(scratch_root), "%.30s/stoa-test-XXXXXX", tmp ? tmp : "/tmp");
        assert_non_null(mkdtemp(scratch_root));
        assert_int_equal(atexit(scratch_clear), 0);
    }
    snprintf(dir, SCRATCH_BYTES, "%s/%u", scratch_root, ++count % 1000000);
    if (!folder_make(dir, &err))
        fail_msg("%s", err.message);
}

static inline void scratch_remove(const char *dir)
{
    struct error err;

    if (!folder_remove(dir, &err))
        fail_msg("%s", err.message);
}

#endif
