#include "tests/unit/test.h"

#include "cli/save.h"

#include <stdlib.h>

static const struct {
    const char *save;
    const char *edn;   /* what becomes of it; NULL: it is refused */
    const char *error; /* words of the refusal */
} examples[] = {
    /* As datascript-transit writes it: cached codes for what comes again. */
    { "[\"~#datascript/DB\",[\"^ \",\"~:schema\",[\"^ \",\"~:block/uid\",[\"^ \",\"~:db/unique\","
      "\"~:db.unique/identity\"]],\"~:datoms\",[\"~#list\",[[\"~#datascript/Datom\",[1,\"^2\","
      "\"a\",536870913]],[\"^7\",[1,\"~:create/time\",1620000000000,536870913]],[\"^7\",[2,\"^2\","
      "\"b\\\"c\",536870914]]]]]]",
      "#datascript/DB {:schema {:block/uid {:db/unique :db.unique/identity}}, :datoms [[1 "
      ":block/uid \"a\" 536870913]\n [1 :create/time 1620000000000 536870913]\n [2 :block/uid "
      "\"b\\\"c\" 536870914]]}\n",
      NULL },
    /* Verbose, no schema, and datoms that say that they were added. */
    { "{\"~#datascript/DB\":{\"~:schema\":null,\"~:datoms\":[{\"~#datascript/Datom\":[7,\"~:a\","
      "true,536870913,true]}]}}",
      "#datascript/DB {:schema {}, :datoms [[7 :a true 536870913]]}\n", NULL },
    { "[\"~#datascript/DB\",[\"^ \",\"~:schema\",[\"^ \"],\"~:datoms\",[]]]",
      "#datascript/DB {:schema {}, :datoms []}\n", NULL },
    { "[\"~#datascript/DB\",[\"^ \",\"~:datoms\",[[\"~#datascript/Datom\",[1,\"~:a\",2]]]]]", NULL,
      "datom 1 of the save is not [e a v tx]: [1 :a 2]" },
    { "[\"~#datascript/DB\",[\"^ "
      "\",\"~:datoms\",[[\"~#datascript/Datom\",[1,\"~:a\",2,3,false]]]]]",
      NULL, "datom 1 of the save" },
    { "[\"~#datascript/DB\",[\"^ \",\"~:schema\",[\"^ \"]]]", NULL, "it has no :datoms" },
    { "[\"~#datascript/DB\",[\"^ \",\"~:datoms\",[[", NULL, "byte" },
};

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        struct error err;
        bool ok = save_convert(bytes_of(examples[i].save), out, &err);
        fclose(out);
        if (examples[i].edn) {
            if (!ok)
                fail_msg("save %zu: %s", i, err.message);
            assert_string_equal(text, examples[i].edn);
        } else if (ok || !strstr(err.message, examples[i].error)) {
            fail_msg("save %zu: \"%s\" instead of \"%s\"", i, ok ? text : err.message,
                     examples[i].error);
        }
        free(text);
    }
}

static void test_saves_are_told_from_edn(void **state)
{
    (void)state;
    assert_true(save_recognise(BYTES("[\"~#datascript/DB\"")));
    assert_true(save_recognise(BYTES("\n {\"~#datascript/DB\"")));
    assert_false(save_recognise(BYTES("#datascript/DB {")));
    assert_false(save_recognise(BYTES("{:schema {}")));
    assert_false(save_recognise(BYTES("   ")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_saves_are_told_from_edn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
