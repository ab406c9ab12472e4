/* EDN read in pieces: what comes out, and when, however the text is cut. */
#include "tests/unit/test.h"

#include "common/limits.h"
#include "proto/edn.h"
#include "proto/edn_stream.h"

#define VALUE_BYTES_MAX 1000

static struct arena arena;

static struct value read_text(const char *text)
{
    struct value value;
    struct error err;

    if (!edn_read(bytes_of(text), &arena, &value, &err))
        fail_msg("%s: %s", text, err.message);
    return value;
}

/* A stream that is fed `text` in pieces of `piece` bytes. */
struct feed {
    struct edn_stream *stream;
    struct bytes left;
    size_t piece;
};

static struct feed feed_open(struct bytes text, size_t piece, size_t value_bytes_max)
{
    return (struct feed){ edn_stream_open(value_bytes_max), text, piece };
}

static void feed_more(struct feed *feed)
{
    size_t len = feed->piece < feed->left.len ? feed->piece : feed->left.len;

    if (len == 0) {
        edn_stream_end(feed->stream);
        return;
    }
    edn_stream_feed(feed->stream, (struct bytes){ feed->left.data, len });
    feed->left = (struct bytes){ feed->left.data + len, feed->left.len - len };
}

static enum edn_step feed_next(struct feed *feed, struct value *out, struct error *err)
{
    enum edn_step step;

    while ((step = edn_stream_next(feed->stream, &arena, out, err)) == EDN_MORE)
        feed_more(feed);
    return step;
}

static enum edn_step feed_enter(struct feed *feed, struct value *out, struct error *err)
{
    enum edn_step step;

    while ((step = edn_stream_enter(feed->stream, out, err)) == EDN_MORE)
        feed_more(feed);
    return step;
}

static const size_t pieces[] = { 1, 2, 3, 5, 8, 13, 1000000 };

/* Texts of any number of values: in pieces they must give what a vector of them gives. */
static const char *const sequences[] = {
    "",
    "  , ; nothing\n",
    "1",
    "1 2 3",
    "1 2 ; three\n3 ; end",
    ":a:b\"c\"d[e]f(g)h{i j}#{k}l",
    "#_ 1 2 #_ #_ 3 4 5 #_ [6 #_ 7] 8",
    "[#_ 1] #_ #inst \"2020\" 2",
    "\\a \\( \\\" \\; \\\\ [\\)] \\newline \\u0041 \\[",
    "\"a\\\"b\" \"\\\\\" \"[\" \"; no comment\" \"\xf0\x9f\x98\x80\"",
    "#inst \"2020-01-01\" #inst #_ x \"2021\" #uuid \"531a379e-31bb-4ce1-8690-158dceb64be6\"",
    "#{1 #{2}} #:a{:b 1} ##Inf ##-Inf",
    "#datascript/DB {:a #datascript/Datom [1 2]} #datascript/Datom [3]",
    "[[[[1 \"]\" \\] ; ]\n]]]] x",
    "nil true false -1 +1 1.5 ?e $ / a/b",
};

static void test_gives_what_read_gives(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sequences); i++) {
        struct bytes text = bytes_of(sequences[i]);
        struct bytes wrapped = arena_printf(&arena, "[%s\n]", sequences[i]);
        struct value all = read_text(wrapped.data), value;
        for (size_t j = 0; j < ARRAY_LEN(pieces); j++) {
            struct feed feed = feed_open(text, pieces[j], VALUE_BYTES_MAX);
            struct error err = { .message = "" };
            for (uint32_t k = 0; k < all.count; k++) {
                if (feed_next(&feed, &value, &err) != EDN_VALUE)
                    fail_msg("%s in pieces of %zu: %s", sequences[i], pieces[j], err.message);
                assert_true(value_equal(&value, &all.items[k]));
            }
            assert_int_equal(feed_next(&feed, &value, &err), EDN_END);
            assert_int_equal(feed_next(&feed, &value, &err), EDN_END);
            edn_stream_close(feed.stream);
        }
    }
    arena_release(&arena);
}

/* Each letter one step: ( enter, v a value, ) the close, . the end. */
static const struct walk {
    const char *text, *steps;
} walks[] = {
    { "[]", "()." },
    { " [ 1 2 ] ", "(vv)." },
    { "#{1 2}", "(vv)." },
    { "#_ x #_ #_ y z ; c\n (1 #_ 2)", "(v)." },
    { "#datascript/DB {:schema {:a {}} :datoms [[1 2] #datascript/Datom [3 4]]}", "(vvv(vv))." },
    { "#datascript/DB #_ x {:schema {:a {}}, :datoms [[1 2]]} 5", "(vvv((vv)))v." },
    { "[[[1]]]", "(((v)))." },
    { "[1 (2 3) #{} 4]", "(v(vv)()v)." },
};

static void test_enters(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(walks); i++) {
        for (size_t j = 0; j < ARRAY_LEN(pieces); j++) {
            struct feed feed = feed_open(bytes_of(walks[i].text), pieces[j], VALUE_BYTES_MAX);
            for (const char *step = walks[i].steps; *step; step++) {
                struct value value;
                struct error err = { .message = "" };
                enum edn_step expected = *step == ')'   ? EDN_CLOSE
                                         : *step == '.' ? EDN_END
                                                        : EDN_VALUE;
                enum edn_step got =
                    *step == '(' ? feed_enter(&feed, &value, &err) : feed_next(&feed, &value, &err);
                if (got != expected)
                    fail_msg("%s in pieces of %zu, at %s: step %d: %s", walks[i].text, pieces[j],
                             step, (int)got, err.message);
            }
            edn_stream_close(feed.stream);
        }
    }
    arena_release(&arena);
}

/* As above, and ! is an error at `offset`. */
static const struct failure {
    const char *text, *steps;
    int offset;
    const char *words;
} failures[] = {
    { "1 ]", "v!", 2, "closing bracket" },
    { "[1 }", "(v!", 3, "closing bracket" },
    { "[1 #_ ]", "(v!", 6, "closing bracket" },
    { "[1 #datascript/DB ]", "(v!", 18, "closing bracket" },
    { "{1 2 3}", "(vvv!", 6, "no value" },
    { "[1 2", "(vv!", 4, "inside the vector that began at byte 0" },
    { "  {1", "(v!", 4, "inside the map that began at byte 2" },
    { "1 \"abc", "v!", 6, "inside a value" },
    { "1 [2", "v!", 4, "inside a value" },
    { "1 #_", "v!", 4, "inside a value" },
    { "1 #inst", "v!", 7, "inside a value" },
    { "1 \\", "v!", 3, "inside a value" },
    { "1 [2 01]", "v!", 5, "begins with 0" },
    { "1 #foo 2", "v!", 2, "unknown tag" },
    { "12 \xff", "v!", 3, "UTF-8" },
    { "12 \x01", "v!", 3, "control character" },
    { "[1 #{2 2}]", "(v!", 3, "twice" },
    { "5", "`", 0, "must be a collection" },
    { "[:a]", "(`", 1, "must be a collection" },
    { "#inst [1]", "`", 0, "tag" },
    { "#:a{:b 1}", "`", 0, "tag" },
};

static void test_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        for (size_t j = 0; j < ARRAY_LEN(pieces); j++) {
            const struct failure *failure = &failures[i];
            struct feed feed = feed_open(bytes_of(failure->text), pieces[j], VALUE_BYTES_MAX);
            struct error err = { .message = "" };
            enum edn_step got = EDN_END;
            struct value value;
            for (const char *step = failure->steps; *step; step++) {
                bool enter = *step == '(' || *step == '`';
                got = enter ? feed_enter(&feed, &value, &err) : feed_next(&feed, &value, &err);
                if (got != (step[1] ? EDN_VALUE : EDN_ERROR))
                    fail_msg("%s at %s: step %d: %s", failure->text, step, (int)got, err.message);
            }
            int offset = -1;
            if (sscanf(err.message, "EDN at byte %d", &offset) != 1 || offset != failure->offset ||
                !strstr(err.message, failure->words))
                fail_msg("%s in pieces of %zu: %s", failure->text, pieces[j], err.message);
            edn_stream_close(feed.stream);
        }
    }
    arena_release(&arena);
}

static void test_limits_a_value(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t max;
        bool fits;
    } examples[] = {
        { "[1 2 3]", 7, true },
        { "[1 2 3]", 6, false },
        { "\"abcdef\"", 8, true },
        { "\"abcdef\"", 7, false },
        { "abcdef", 6, true },
        { "abcdef", 5, false },
        { "                1", 1, true },
        { "; a comment is not a value\n1", 1, true },
        { "\"never ends", 5, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        for (size_t j = 0; j < ARRAY_LEN(pieces); j++) {
            struct feed feed = feed_open(bytes_of(examples[i].text), pieces[j], examples[i].max);
            struct error err = { .message = "" };
            struct value value;
            enum edn_step step = feed_next(&feed, &value, &err);
            assert_int_equal(step, examples[i].fits ? EDN_VALUE : EDN_ERROR);
            if (!examples[i].fits && !strstr(err.message, "limit of "))
                fail_msg("%s: %s", examples[i].text, err.message);
            edn_stream_close(feed.stream);
        }
    }
    arena_release(&arena);
}

/* A million small values: a reader that moved or looked at what it keeps once for each of them
 * would not end before the test's time limit. */
static void test_is_linear(void **state)
{
    (void)state;
    static const size_t feeds[] = { 64, SIZE_MAX };
    enum { COUNT = 1000000 };
    struct buffer text = { 0 };

    buffer_append(&text, "[", 1);
    for (int i = 0; i < COUNT; i++)
        buffer_printf(&text, "%d ", i);
    buffer_append(&text, "]", 1);
    for (size_t i = 0; i < ARRAY_LEN(feeds); i++) {
        struct feed feed = feed_open(buffer_bytes(&text), feeds[i], VALUE_BYTES_MAX);
        struct error err;
        struct value value;
        assert_int_equal(feed_enter(&feed, &value, &err), EDN_VALUE);
        for (int j = 0; j < COUNT; j++) {
            assert_int_equal(feed_next(&feed, &value, &err), EDN_VALUE);
            assert_int_equal(value.number, j);
            arena_reset(&arena);
        }
        assert_int_equal(feed_next(&feed, &value, &err), EDN_CLOSE);
        assert_int_equal(feed_next(&feed, &value, &err), EDN_END);
        edn_stream_close(feed.stream);
    }
    buffer_release(&text);
    arena_release(&arena);
}

static void test_depth(void **state)
{
    (void)state;
    struct buffer text = { 0 };
    struct error err;
    struct value value;

    for (int i = 0; i <= LIMIT_DEPTH; i++)
        buffer_append(&text, "[", 1);
    struct feed feed = feed_open(buffer_bytes(&text), 7, VALUE_BYTES_MAX);
    for (int i = 0; i < LIMIT_DEPTH; i++)
        assert_int_equal(feed_enter(&feed, &value, &err), EDN_VALUE);
    assert_int_equal(feed_enter(&feed, &value, &err), EDN_ERROR);
    edn_stream_close(feed.stream);
    edn_stream_close(NULL);
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gives_what_read_gives),
        cmocka_unit_test(test_enters),
        cmocka_unit_test(test_fails),
        cmocka_unit_test(test_limits_a_value),
        cmocka_unit_test(test_is_linear),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests_name("edn_stream", tests, NULL, NULL);
}
