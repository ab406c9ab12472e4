/* Client messages: every type's fields, which are required, and errors that name the field. */
#include "tests/unit/test.h"

#include "proto/edn.h"
#include "proto/message.h"

struct row {
    const char *edn;   /* a message, with string keys */
    const char *names; /* NULL: it is accepted; else what the error's message must name */
    enum error_kind kind;
};

#define UUID "#uuid \"0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0\""

static const struct row rows[] = {
    { "{\"type\" \"hello\" \"id\" 1}", NULL, 0 },
    { "{\"type\" \"hello\" \"id\" \"x\" \"user\" {\"name\" \"P\"} \"token\" \"t\" \"epoch\" " UUID
      " \"since\" 0 \"sync\" \"auto\" \"state\" {}}",
      NULL, 0 },
    { "{\"type\" \"hello\" \"id\" 1 \"user\" nil \"since\" nil}", NULL, 0 },
    { "{\"type\" \"hello\" \"id\" 1 \"later\" [1 2]}", NULL, 0 },
    { "{\"type\" \"hello\" \"id\" 1 \"user\" {:name \"P\"}}", NULL, 0 },
    { "{\"type\" \"hello\"}", "\"id\"", ERROR_INCORRECT },
    { "{\"type\" \"hello\" \"id\" nil}", "\"id\"", ERROR_INCORRECT },
    { "{\"type\" \"hello\" \"id\" 1.5}", "1.5", ERROR_INCORRECT },
    { "{\"type\" \"hello\" \"id\" 1 \"user\" \"P\"}", "\"user\"", ERROR_INCORRECT },
    { "{\"type\" \"hello\" \"id\" 1 \"user\" {\"name\" 5}}", "\"name\"", ERROR_INCORRECT },
    { "{\"type\" \"hello\" \"id\" 1 \"since\" -1}", "\"since\"", ERROR_INCORRECT },
    { "{\"type\" \"hello\" \"id\" 1 \"sync\" \"some\"}", "\"some\"", ERROR_INCORRECT },
    { "{\"type\" \"hello\" \"id\" 1 \"epoch\" \"x\"}", "\"epoch\"", ERROR_INCORRECT },
    { "{\"type\" \"hello\" \"id\" 1 \"state\" []}", "\"state\"", ERROR_INCORRECT },
    { "{\"type\" \"transact\" \"id\" 1 \"tx_data\" []}", NULL, 0 },
    { "{\"type\" \"transact\" \"id\" 1 \"tx_data\" \"[]\" \"tx_id\" " UUID " \"meta\" {:a 1}}",
      NULL, 0 },
    { "{\"type\" \"transact\" \"id\" 1}", "\"tx_data\" is missing", ERROR_INCORRECT },
    { "{\"type\" \"transact\" \"id\" 1 \"tx_data\" {}}", "\"tx_data\"", ERROR_INCORRECT },
    { "{\"type\" \"transact\" \"id\" 1 \"tx_data\" [] \"tx_id\" 5}", "\"tx_id\"", ERROR_INCORRECT },
    { "{\"type\" \"transact\" \"id\" 1 \"tx_data\" [] \"meta\" 5}", "\"meta\"", ERROR_INCORRECT },
    { "{\"type\" \"query\" \"id\" 1 \"query\" [:find ?e] \"args\" [] \"as_of\" 1 \"since\" 0 "
      "\"history\" true \"limit\" 0 \"offset\" 0 \"timeout_ms\" 1}",
      NULL, 0 },
    { "{\"type\" \"query\" \"id\" 1}", "\"query\"", ERROR_INCORRECT },
    { "{\"type\" \"query\" \"id\" 1 \"query\" \"q\" \"args\" {}}", "\"args\"", ERROR_INCORRECT },
    { "{\"type\" \"query\" \"id\" 1 \"query\" \"q\" \"limit\" -1}", "\"limit\"", ERROR_INCORRECT },
    { "{\"type\" \"query\" \"id\" 1 \"query\" \"q\" \"timeout_ms\" 0}", "\"timeout_ms\"",
      ERROR_INCORRECT },
    { "{\"type\" \"query\" \"id\" 1 \"query\" \"q\" \"history\" 1}", "\"history\"",
      ERROR_INCORRECT },
    { "{\"type\" \"pull\" \"id\" 1 \"pattern\" \"[*]\" \"eid\" [:a 1] \"many\" false}", NULL, 0 },
    { "{\"type\" \"pull\" \"id\" 1 \"eid\" 1}", "\"pattern\"", ERROR_INCORRECT },
    { "{\"type\" \"pull\" \"id\" 1 \"pattern\" []}", "\"eid\"", ERROR_INCORRECT },
    { "{\"type\" \"index\" \"id\" 1 \"index\" :avet \"components\" [:a] \"after\" \"x\"}", NULL,
      0 },
    { "{\"type\" \"index\" \"id\" 1 \"index\" \"teva\"}", "\"teva\"", ERROR_INCORRECT },
    { "{\"type\" \"presence\" \"state\" {\"page\" \"p\"}}", NULL, 0 },
    { "{\"type\" \"presence\"}", "\"state\"", ERROR_INCORRECT },
    { "{\"type\" \"frobnicate\" \"id\" 1}", "frobnicate", ERROR_UNSUPPORTED },
    { "{\"type\" 5}", "\"type\"", ERROR_INCORRECT },
    { "{:type \"query\"}", "\"type\"", ERROR_INCORRECT },
    { "{}", "\"type\"", ERROR_INCORRECT },
    { "[1]", "map", ERROR_INCORRECT },
};

static struct value read_edn(struct arena *arena, const char *text)
{
    struct value value;
    struct error error;

    if (!edn_read(bytes_of(text), arena, &value, &error))
        fail_msg("%s: %s", text, error.message);
    return value;
}

static void test_rows(void **state)
{
    struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct value map = read_edn(&arena, rows[i].edn);
        struct message message;
        struct error error = { 0 };
        bool ok = message_read(&map, &message, &error);
        if (ok != !rows[i].names)
            fail_msg("%s: %s", rows[i].edn, ok ? "accepted" : error.message);
        if (ok)
            continue;
        if (error.kind != rows[i].kind || !strstr(error.message, rows[i].names))
            fail_msg("%s: %s %s", rows[i].edn, error_code(error.kind), error.message);
    }
    arena_release(&arena);
}

static void test_fields(void **state)
{
    struct arena arena = { 0 };
    struct message message;
    struct error error;
    struct uuid uuid, expected;

    (void)state;
    struct value map =
        read_edn(&arena, "{\"type\" \"transact\" \"id\" 7 \"tx_data\" [1] \"meta\" nil"
                         " \"tx_id\" \"0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0\"}");
    assert_true(message_read(&map, &message, &error));
    assert_int_equal(message.type, MESSAGE_TRANSACT);
    assert_int_equal(message.fields[FIELD_ID]->number, 7);
    assert_null(message.fields[FIELD_META]); /* nil is absent */
    assert_true(uuid_parse(BYTES("0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"), &expected));
    assert_true(message_uuid(&message, FIELD_TX_ID, &uuid));
    assert_true(uuid_equal(&uuid, &expected));
    assert_false(message_uuid(&message, FIELD_EPOCH, &uuid));
    assert_true(bytes_equal(message_text(&message, FIELD_SYNC, "auto"), BYTES("auto")));
    assert_true(message_is(&map, MESSAGE_TRANSACT));
    assert_false(message_is(&map, MESSAGE_HELLO));
    arena_release(&arena);
}

/* An answer can be addressed however wrong the message is. */
static void test_id(void **state)
{
    struct arena arena = { 0 };

    (void)state;
    struct value with = read_edn(&arena, "{\"id\" \"x\" \"type\" []}");
    struct value without = read_edn(&arena, "{\"id\" [1]}");
    assert_non_null(message_id(&with));
    assert_null(message_id(&without));
    arena_release(&arena);
}

/* Only HTTP has no id, and only its transactions name a user. */
static void test_body(void **state)
{
    struct arena arena = { 0 };
    struct message message;
    struct error error;

    (void)state;
    struct value map = read_edn(&arena, "{\"type\" \"transact\" \"id\" 1 \"tx_data\" [] \"user\" "
                                        "{\"name\" \"P\"}}");
    assert_true(message_read(&map, &message, &error));
    assert_null(message.fields[FIELD_USER]);
    map = read_edn(&arena, "{\"tx_data\" [] \"user\" {\"name\" \"P\"}}");
    assert_true(message_read_body(MESSAGE_TRANSACT, &map, &message, &error));
    assert_non_null(message.fields[FIELD_USER]);
    map = read_edn(&arena, "[]");
    assert_false(message_read_body(MESSAGE_QUERY, &map, &message, &error));
    assert_non_null(strstr(error.message, "map"));
    arena_release(&arena);
}

static void test_sizes(void **state)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    struct message message;
    struct error error;

    (void)state;
    for (int bytes = 900; bytes <= 1100; bytes += 200) {
        buffer_clear(&text);
        buffer_printf(&text, "{\"type\" \"presence\" \"state\" {\"page\" \"%0*d\"}}%c", bytes, 0,
                      '\0');
        struct value map = read_edn(&arena, text.data);
        assert_int_equal(message_read(&map, &message, &error), bytes == 900);
    }
    assert_non_null(strstr(error.message, "1024"));
    buffer_release(&text);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows), cmocka_unit_test(test_fields), cmocka_unit_test(test_id),
        cmocka_unit_test(test_body), cmocka_unit_test(test_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
