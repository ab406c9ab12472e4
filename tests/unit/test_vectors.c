/*
 * The codecs against proto/vectors: what every value is in each encoding, what hostile bytes are
 * answered with, and checksums. The TypeScript client reads the same files.
 */
#include "tests/unit/test.h"

#include "proto/edn.h"
#include "proto/mp.h"
#include "proto/transit.h"

#include <stdlib.h>

/* More than any refused text needs, and far less than its claims would. */
#define HOSTILE_ARENA_BYTES_MAX(len) (4096 + 64 * (len))

typedef bool read_fn(struct bytes text, struct arena *arena, struct value *out, struct error *err);

static struct arena arena;

/* The vectors of proto/vectors/NAME. */
static struct value load(const char *name)
{
    const char *root = getenv("STOA_SOURCE");
    struct bytes path = arena_printf(&arena, "%s/proto/vectors/%s", root ? root : ".", name);
    struct buffer text = { 0 };
    struct value vectors;
    struct error err;

    if (!test_read_file(path.data, &text))
        fail_msg("cannot read %s", path.data);
    if (!transit_read(buffer_bytes(&text), &arena, &vectors, &err))
        fail_msg("%s: %s", path.data, err.message);
    buffer_release(&text);
    return vectors;
}

static struct bytes text_of(const struct value *vector, const char *field)
{
    const struct value *text = value_get(vector, field);

    if (!text || text->type != VALUE_STRING)
        fail_msg("a vector without the text \"%s\"", field);
    return text->text;
}

static int64_t number_of(const struct value *vector, const char *field)
{
    const struct value *number = value_get(vector, field);

    if (!number || number->type != VALUE_LONG)
        fail_msg("a vector without the number \"%s\"", field);
    return number->number;
}

static struct bytes hex_of(struct bytes text)
{
    char *data = arena_alloc(&arena, text.len / 2);

    for (size_t i = 0; i + 1 < text.len; i += 2)
        data[i / 2] = (char)strtol((char[]){ text.data[i], text.data[i + 1], '\0' }, NULL, 16);
    return (struct bytes){ data, text.len / 2 };
}

static struct value must_read(read_fn *read, struct bytes text, struct bytes name)
{
    struct value value;
    struct error err;

    if (!read(text, &arena, &value, &err))
        fail_msg("%.*s: %s", BYTES_ARG(name), err.message);
    return value;
}

static void check_equal(const struct value *a, const struct value *b, struct bytes name)
{
    if (!value_equal(a, b) || value_hash(a) != value_hash(b) || value_compare(a, b) != 0)
        fail_msg("%.*s: %s and %s differ", BYTES_ARG(name), edn_excerpt(&arena, a).data,
                 edn_excerpt(&arena, b).data);
}

static void check_bytes(struct bytes a, struct bytes b, struct bytes name, const char *what)
{
    if (!bytes_equal(a, b))
        fail_msg("%.*s: %s is %.*s, not %.*s", BYTES_ARG(name), what, BYTES_ARG(a), BYTES_ARG(b));
}

/* Every other text that must give `value`. */
static void check_reads(const struct value *vector, const struct value *value, struct bytes name)
{
    static const struct {
        const char *field;
        read_fn *read;
    } codecs[] = { { "edn", edn_read }, { "json", transit_read }, { "msgpack", mp_read } };
    const struct value *reads = value_get(vector, "reads");

    for (size_t i = 0; reads && i < ARRAY_LEN(codecs); i++) {
        const struct value *texts = value_get(reads, codecs[i].field);
        for (uint32_t j = 0; texts && j < texts->count; j++) {
            struct bytes text = texts->items[j].text;
            if (codecs[i].read == mp_read)
                text = hex_of(text);
            struct value other = must_read(codecs[i].read, text, name);
            check_equal(value, &other, name);
        }
    }
}

static void check_value(const struct value *vector)
{
    struct bytes name = text_of(vector, "name"), edn = text_of(vector, "edn");
    struct bytes json = text_of(vector, "json"), mp = hex_of(text_of(vector, "msgpack"));
    struct value value = must_read(edn_read, edn, name);
    struct buffer out = { 0 };
    size_t len = 0;
    struct error err;

    edn_write(&out, &value);
    check_bytes(buffer_bytes(&out), edn, name, "edn");
    buffer_clear(&out);
    transit_write(&out, &value);
    check_bytes(buffer_bytes(&out), json, name, "json");
    buffer_clear(&out);
    mp_write(&out, &value);
    if (!bytes_equal(buffer_bytes(&out), mp))
        fail_msg("%.*s: other msgpack than expected", BYTES_ARG(name));
    buffer_release(&out);

    struct value other = must_read(transit_read, json, name);
    check_equal(&value, &other, name);
    if (value_get(vector, "cached")) {
        other = must_read(transit_read, text_of(vector, "cached"), name);
        check_equal(&value, &other, name);
    }
    check_reads(vector, &value, name);
    if (value_get(vector, "edn_of_msgpack")) /* lists come back as vectors */
        value = must_read(edn_read, text_of(vector, "edn_of_msgpack"), name);
    other = must_read(mp_read, mp, name);
    check_equal(&value, &other, name);
    assert_true(mp_skip(mp, &len, &err));
    assert_int_equal(len, mp.len);
}

static void test_values(void **state)
{
    (void)state;
    struct value vectors = load("values.json");

    assert_true(vectors.count > 100);
    for (uint32_t i = 0; i < vectors.count; i++)
        check_value(&vectors.items[i]);
    arena_release(&arena);
}

/* The same bytes in memory of their own, so that a sanitizer sees a read behind them. */
static struct bytes alone(struct bytes text, int64_t times)
{
    size_t len = text.len * (size_t)times;
    char *data = malloc(len ? len : 1);

    for (int64_t i = 0; i < times; i++)
        memcpy(data + (size_t)i * text.len, text.data, text.len);
    return (struct bytes){ data, len };
}

/* True when the vector is refused as it says; else says how not. */
static bool is_refused(const struct value *vector)
{
    struct bytes codec = text_of(vector, "codec"), why = text_of(vector, "why");
    int64_t times = value_get(vector, "times") ? number_of(vector, "times") : 1;
    struct bytes bytes = alone(hex_of(text_of(vector, "bytes")), times);
    read_fn *read = bytes_equal(codec, BYTES("edn"))       ? edn_read
                    : bytes_equal(codec, BYTES("transit")) ? transit_read
                                                           : mp_read;
    struct arena scratch = { 0 };
    struct value value;
    struct error err = { .message = "it was read" };
    long long offset = -1;

    bool refused = !read(bytes, &scratch, &value, &err) && err.kind == ERROR_INCORRECT &&
                   sscanf(err.message, "%*s at byte %lld", &offset) == 1 &&
                   offset == number_of(vector, "offset") &&
                   scratch.used <= HOSTILE_ARENA_BYTES_MAX(bytes.len);
    if (!refused)
        print_error("%.*s: %.*s: refusal at byte %lld expected: %s; %zu bytes of arena\n",
                    BYTES_ARG(codec), BYTES_ARG(why), (long long)number_of(vector, "offset"),
                    err.message, scratch.used);
    arena_release(&scratch);
    free((void *)(uintptr_t)bytes.data);
    return refused;
}

static void test_bad(void **state)
{
    (void)state;
    struct value vectors = load("bad.json");
    uint32_t refused = 0;

    assert_true(vectors.count > 200);
    for (uint32_t i = 0; i < vectors.count; i++)
        refused += is_refused(&vectors.items[i]) ? 1 : 0;
    assert_int_equal(refused, vectors.count);
    arena_release(&arena);
}

static void test_checksum(void **state)
{
    (void)state;
    struct value vectors = load("checksum.json");
    const struct value *datoms = value_get(&vectors, "datoms");
    struct buffer scratch = { 0 };
    uint64_t sum = 0;

    for (uint32_t i = 0; i < datoms->count; i++) {
        const struct value *datom = &datoms->items[i];
        struct bytes text = text_of(datom, "v");
        struct value v = must_read(edn_read, text, text);
        uint64_t hash =
            mp_datom_checksum(&scratch, (uint32_t)number_of(datom, "e"), text_of(datom, "a"), &v,
                              (uint32_t)number_of(datom, "tx"));
        if (!bytes_equal(buffer_bytes(&scratch), hex_of(text_of(datom, "canonical"))))
            fail_msg("%.*s: other canonical bytes than expected", BYTES_ARG(text));
        assert_int_equal(hash >> 32, number_of(datom, "hash0"));
        assert_int_equal((uint32_t)hash, number_of(datom, "hash1"));
        sum = checksum_add(sum, hash);
        assert_int_equal(checksum_subtract(checksum_add(sum, hash), hash), sum);
    }
    struct bytes digits = arena_printf(&arena, "%016llx", (unsigned long long)sum);
    check_bytes(digits, text_of(&vectors, "sum"), BYTES("checksum"), "sum");
    buffer_release(&scratch);
    arena_release(&arena);
}

/* A real database, when it is there, through all codecs and back. */
static void test_real_graph(void **state)
{
    (void)state;
    const char *shared = getenv("STOA_SHARED"), *root = getenv("STOA_SOURCE");
    struct bytes path =
        shared ? arena_printf(&arena, "%s/data/roam-help.edn", shared)
               : arena_printf(&arena, "%s/../shared/data/roam-help.edn", root ? root : ".");
    struct buffer file = { 0 }, mp = { 0 }, again = { 0 }, json = { 0 }, edn = { 0 };
    struct bytes name = BYTES("the real graph");

    if (!test_read_file(path.data, &file)) {
        arena_release(&arena);
        skip();
    }
    struct value value = must_read(edn_read, buffer_bytes(&file), name);
    edn_write(&edn, &value);
    struct value second = must_read(edn_read, buffer_bytes(&edn), name);
    check_equal(&value, &second, name);
    transit_write(&json, &value);
    second = must_read(transit_read, buffer_bytes(&json), name);
    check_equal(&value, &second, name);
    mp_write(&mp, &value);
    second = must_read(mp_read, buffer_bytes(&mp), name);
    mp_write(&again, &second); /* the same bytes: only lists became vectors */
    assert_true(bytes_equal(buffer_bytes(&mp), buffer_bytes(&again)));
    buffer_release(&again);
    buffer_release(&file);
    buffer_release(&mp);
    buffer_release(&json);
    buffer_release(&edn);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_real_graph),
    };
    return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
