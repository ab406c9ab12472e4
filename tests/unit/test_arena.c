#include "tests/unit/test.h"

#include "common/arena.h"

#include <stdalign.h>

static void test_pieces_do_not_overlap(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 4000, 5000, 100000, 3 << 20, 1 };
    struct arena arena = { 0 };
    char *pieces[ARRAY_LEN(sizes)];
    size_t total = 0;

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        pieces[i] = arena_alloc(&arena, sizes[i]);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        if (sizes[i])
            memset(pieces[i], (int)i, sizes[i]);
        total += sizes[i];
    }
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(pieces[i][j], i);
    assert_true(arena.used >= total);
    arena_release(&arena);
    assert_int_equal(arena.used, 0);
    assert_null(arena.blocks);
}

static void test_reset_keeps_memory_of_usual_size(void **state)
{
    (void)state;
    struct arena arena = { 0 };

    arena_reset(&arena);
    assert_null(arena.blocks);
    for (int i = 0; i < 1000; i++)
        arena_alloc(&arena, 1000);
    arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    struct arena_block *kept = arena.blocks;
    assert_non_null(kept);
    char *first = arena_alloc(&arena, 100);
    arena_alloc(&arena, 10000);
    assert_ptr_equal(arena.blocks, kept); /* the next request takes no new memory */
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 100), first);
    arena_release(&arena);

    arena_alloc(&arena, 64 << 20);
    arena_reset(&arena);
    assert_null(arena.blocks); /* a huge request gives its memory back */
    arena_release(&arena);
}

static void test_calloc_clears(void **state)
{
    (void)state;
    struct arena arena = { 0 };

    memset(arena_alloc(&arena, 1000), 0xff, 1000);
    arena_reset(&arena);
    int *numbers = ARENA_ARRAY(&arena, int, 250);
    for (int i = 0; i < 250; i++)
        assert_int_equal(numbers[i], 0);
    arena_release(&arena);
}

static void test_copy_and_printf(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    char text[] = "text";

    struct bytes copy = arena_copy(&arena, bytes_of(text)), empty = { NULL, 0 };
    text[0] = 'x';
    assert_true(bytes_equal(copy, BYTES("text")));
    assert_int_equal(arena_copy(&arena, empty).len, 0);
    struct bytes printed = arena_printf(&arena, "%s %05d %.*s", "a", 42, BYTES_ARG(copy));
    assert_int_equal(printed.len, strlen("a 00042 text"));
    assert_string_equal(printed.data, "a 00042 text");
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_do_not_overlap),
        cmocka_unit_test(test_reset_keeps_memory_of_usual_size),
        cmocka_unit_test(test_calloc_clears),
        cmocka_unit_test(test_copy_and_printf),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
