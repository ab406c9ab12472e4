/* Frames of one and of several messages, and what is JSON without being Transit. */
#include "tests/unit/test.h"

#include "gateway/encode.h"
#include "proto/mp.h"

static void test_frames(void **state)
{
    struct frame frame = { 0 };

    (void)state;
    frame_start(&frame, ENCODING_JSON);
    frame_add(&frame, BYTES("{}"));
    assert_true(bytes_equal(frame_end(&frame), BYTES("{}")));
    frame_start(&frame, ENCODING_JSON);
    frame_add(&frame, BYTES("{}"));
    frame_add(&frame, BYTES("1"));
    assert_int_equal(frame_size(&frame), 4);
    assert_true(bytes_equal(frame_end(&frame), BYTES("[{},1]")));
    frame_start(&frame, ENCODING_MSGPACK);
    frame_add(&frame, BYTES("\x80"));
    assert_true(bytes_equal(frame_end(&frame), BYTES("\x80")));
    for (int i = 0; i < 19; i++)
        frame_add(&frame, BYTES("\x80"));
    struct bytes many = frame_end(&frame);
    assert_int_equal(many.len, 3 + 20); /* array 16 */
    assert_memory_equal(many.data, "\xdc\x00\x14\x80", 4);
    assert_true(many.data - frame.buffer.data >= 16);
    buffer_release(&frame.buffer);
}

static void test_datoms(void **state)
{
    struct buffer datoms = { 0 };

    (void)state;
    for (int i = 1; i <= 2; i++) {
        mp_begin_datom(&datoms, 4, (uint32_t)i, BYTES("a/b"));
        mp_write_string(&datoms, BYTES("~x"));
        mp_write_long(&datoms, 536870913);
    }
    struct blob *json = encode_datoms(ENCODING_JSON, buffer_bytes(&datoms), 2);
    assert_true(bytes_equal(
        blob_bytes(json), BYTES("{\"type\":\"datoms\",\"datoms\":[[1,\"~:a/b\",\"~~x\",536870913],"
                                "[2,\"~:a/b\",\"~~x\",536870913]]}")));
    struct blob *packed = encode_datoms(ENCODING_MSGPACK, buffer_bytes(&datoms), 2);
    struct blob *again = encode_message(ENCODING_JSON, blob_bytes(packed));
    assert_true(bytes_equal(blob_bytes(again), blob_bytes(json)));
    assert_null(encode_datoms(ENCODING_JSON, buffer_bytes(&datoms), 3));
    blob_release(json);
    blob_release(packed);
    blob_release(again);
    buffer_release(&datoms);
}

static const struct {
    const char *text;
    bool formed;
    const char *id;
} frames[] = {
    { "{\"type\":\"query\",\"id\":7,\"query\":\"~:\"}", true, "7" },
    { " {\"a\":{\"id\":1},\"id\" : \"x\" } ", true, "\"x\"" },
    { "[{\"id\":7},\"~u\"]", true, "" },
    { "{\"a\":[1.5e3,-2,true,false,null,\"\\u00e9\\n\"]}", true, "" },
    { "\"~x\"", true, "" },
    { "", false, "" },
    { "{", false, "" },
    { "{\"id\":7", false, "" },
    { "{\"id\":7,}", false, "" },
    { "{id:7}", false, "" },
    { "[1 2]", false, "" },
    { "\"a", false, "" },
    { "\"\\x\"", false, "" },
    { "nope", false, "" },
    { "1 2", false, "" },
    { "\"\xff\"", false, "" },
};

static void test_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
        struct bytes id;
        if (decode_formed(bytes_of(frames[i].text), ENCODING_JSON, &id) != frames[i].formed)
            fail_msg("%s", frames[i].text);
        if (frames[i].formed && !bytes_equal(id, bytes_of(frames[i].id)))
            fail_msg("%s: id %.*s", frames[i].text, BYTES_ARG(id));
    }
}

#define PACKED(literal) literal, sizeof(literal) - 1

static const struct {
    const char *frame;
    size_t len;
    bool formed;
    const char *id; /* encoded; "" for none */
} packed[] = {
    { PACKED("\x82\xa2id\x07\xa1v\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), true, "\x07" },
    { PACKED("\x82\xa1v\xd4\x63\x01\xd9\x02id\xa1x"), true, "\xa1x" },
    { PACKED("\x81\xa1v\xd4\x01 "), true, "" },
    { PACKED("\x91\x81\xa2id\x07"), true, "" },
    { PACKED("\xd4\x01 "), true, "" },
    { PACKED(""), false, "" },
    { PACKED("\xc1"), false, "" },
    { PACKED("\x82\xa2id\x07"), false, "\x07" },
    { PACKED("\x81\xa2id\xa1\xff"), false, "\xa1\xff" },
    { PACKED("\x01\x02"), false, "" },
};

static void test_formed_packed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(packed); i++) {
        struct bytes id;
        struct bytes frame = { packed[i].frame, packed[i].len };
        if (decode_formed(frame, ENCODING_MSGPACK, &id) != packed[i].formed)
            fail_msg("row %zu", i);
        if (!bytes_equal(id, bytes_of(packed[i].id)))
            fail_msg("row %zu: an id of %zu bytes", i, id.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_datoms),
        cmocka_unit_test(test_formed),
        cmocka_unit_test(test_formed_packed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
