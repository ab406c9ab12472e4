#include "tests/unit/test.h"

#include "common/hashmap.h"

#include <stdlib.h>
#include <time.h>

#define KEYS  500
#define STEPS 200000

static void test_put_get_remove(void **state)
{
    (void)state;
    struct hashmap map = { 0 };
    int a = 1, b = 2;

    assert_null(hashmap_get(&map, BYTES("x")));
    assert_null(hashmap_remove(&map, BYTES("x")));
    assert_null(hashmap_put(&map, BYTES("x"), &a));
    assert_ptr_equal(hashmap_get(&map, BYTES("x")), &a);
    assert_ptr_equal(hashmap_put(&map, BYTES("x"), &b), &a);
    assert_int_equal(map.count, 1);
    assert_null(hashmap_put(&map, BYTES(""), &a)); /* an empty key is a key */
    assert_ptr_equal(hashmap_get(&map, BYTES("")), &a);
    assert_ptr_equal(hashmap_remove(&map, BYTES("x")), &b);
    assert_null(hashmap_get(&map, BYTES("x")));
    assert_int_equal(map.count, 1);
    hashmap_release(&map);
    assert_int_equal(map.count, 0);
    hashmap_release(&map);
}

static void test_keys_are_copied(void **state)
{
    (void)state;
    struct hashmap map = { 0 };
    char key[] = "key";
    int value = 1;

    hashmap_put(&map, bytes_of(key), &value);
    key[0] = 'x';
    assert_ptr_equal(hashmap_get(&map, BYTES("key")), &value);
    assert_null(hashmap_get(&map, BYTES("xey")));
    hashmap_release(&map);
}

/* The map against an array, over random puts and removals: chains of probes that wrap round the
 * table and lose a link in the middle come up by themselves. */
static void test_as_an_array(void **state)
{
    (void)state;
    unsigned seed = (unsigned)time(NULL);
    struct hashmap map = { 0 };
    void *model[KEYS] = { NULL };
    int values[2];
    size_t count = 0;

    print_message("seed %u\n", seed);
    srand(seed);
    for (int step = 0; step < STEPS; step++) {
        size_t i = (size_t)rand() % KEYS;
        struct bytes key = { (const char *)&i, sizeof(i) };
        void *before = model[i];
        /* grow for a while, then shrink, so that the table is full and empty in turn */
        if (rand() % 8 < (step / 5000 % 2 ? 2 : 6)) {
            model[i] = &values[rand() % 2];
            assert_ptr_equal(hashmap_put(&map, key, model[i]), before);
        } else {
            model[i] = NULL;
            assert_ptr_equal(hashmap_remove(&map, key), before);
        }
        count = count + (model[i] ? 1 : 0) - (before ? 1 : 0);
        assert_int_equal(map.count, count);
        size_t other = (size_t)rand() % KEYS;
        assert_ptr_equal(hashmap_get(&map, (struct bytes){ (const char *)&other, sizeof(other) }),
                         model[other]);
    }
    size_t at = 0, seen = 0;
    for (struct hashmap_entry *entry; (entry = hashmap_next(&map, &at)); seen++) {
        size_t i;
        memcpy(&i, entry->key.data, sizeof(i));
        assert_ptr_equal(entry->value, model[i]);
    }
    assert_int_equal(seen, count);
    hashmap_release(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_get_remove),
        cmocka_unit_test(test_keys_are_copied),
        cmocka_unit_test(test_as_an_array),
    };
    return cmocka_run_group_tests_name("hashmap", tests, NULL, NULL);
}
