/* Folders: made deep, moved never onto another, removed with what is in them and nothing else. */
#include "tests/unit/db_test.h"

#include <sys/stat.h>
#include <unistd.h>

struct folder_test {
    struct db_test test; /* only its folder */
    char path[256];
};

static const char *in(struct folder_test *test, const char *name)
{
    snprintf(test->path, sizeof(test->path), "%s/%s", test->test.dir, name);
    return test->path;
}

static void touch(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fclose(file);
}

static void folder_test_close(struct folder_test *test)
{
    struct error err;

    assert_ok(folder_remove(test->test.dir, &err));
    assert_false(folder_exists(test->test.dir));
}

static void test_make(void **state)
{
    static const char *const paths[] = { "a/b/c", "a/b/c", "a/b/d/", "e" };
    struct folder_test test;
    struct error err;

    (void)state;
    db_test_dir(&test.test);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        assert_ok(folder_make(in(&test, paths[i]), &err));
        assert_true(folder_exists(in(&test, paths[i])));
        assert_ok(folder_sync(in(&test, paths[i]), &err));
    }
    touch(in(&test, "file"));
    assert_fails(folder_make(in(&test, "file"), &err), ERROR_FAULT, "/file: Not a directory");
    assert_fails(folder_make(in(&test, "file/a"), &err), ERROR_FAULT, "/file: Not a directory");
    assert_fails(folder_sync(in(&test, "none"), &err), ERROR_FAULT, "/none: No such file");
    folder_test_close(&test);
}

static void test_rename(void **state)
{
    struct folder_test test;
    struct error err;
    char from[256];

    (void)state;
    db_test_dir(&test.test);
    assert_ok(folder_make(in(&test, "a/inside"), &err));
    assert_ok(folder_make(in(&test, "b"), &err));
    snprintf(from, sizeof(from), "%s", in(&test, "a"));
    assert_fails(folder_rename(from, in(&test, "b"), &err), ERROR_CONFLICT, "something at");
    assert_ok(folder_rename(from, in(&test, "b/c"), &err));
    assert_false(folder_exists(in(&test, "a")));
    assert_true(folder_exists(in(&test, "b/c/inside")));
    assert_fails(folder_rename(from, in(&test, "d"), &err), ERROR_FAULT, "No such file");
    folder_test_close(&test);
}

static void test_remove(void **state)
{
    struct folder_test test;
    struct error err;
    char target[256];

    (void)state;
    db_test_dir(&test.test);
    assert_ok(folder_make(in(&test, "kept/inside"), &err));
    assert_ok(folder_make(in(&test, "gone/x/y/z"), &err));
    touch(in(&test, "gone/x/file"));
    snprintf(target, sizeof(target), "%s", in(&test, "kept"));
    assert_int_equal(symlink(target, in(&test, "gone/link")), 0);
    assert_ok(folder_remove(in(&test, "gone"), &err));
    assert_false(folder_exists(in(&test, "gone")));
    assert_true(folder_exists(in(&test, "kept/inside"))); /* links are not followed */
    assert_ok(folder_remove(in(&test, "gone"), &err));    /* nothing to remove */
    folder_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_rename),
        cmocka_unit_test(test_remove),
    };
    return cmocka_run_group_tests_name("folder", tests, NULL, NULL);
}
