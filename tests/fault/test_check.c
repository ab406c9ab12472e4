/*
 * The checker against one good history and the same with one thing broken in each: a checker that
 * never fails would prove nothing.
 */
#include "tests/fault/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* Two writers and a reader that joins late; 2/1 is refused, 1/2 gets its answer at the second try.
 */
static const char good[] =
    "{:event :base :client 1 :t 0 :text \"log\"}\n"
    "{:event :base :client 2 :t 0 :text \"snapshot\"}\n"
    "{:event :invoke :client 1 :op 1 :session 1}\n"
    "{:event :tx :client 1 :t 1 :text \"aa\" :ops [\"1/1\"]}\n"
    "{:event :ok :client 1 :op 1 :t 1 :seen 1}\n"
    "{:event :tx :client 2 :t 1 :text \"aa\" :ops [\"1/1\"]}\n"
    "{:event :invoke :client 2 :op 1 :session 1}\n"
    "{:event :fail :client 2 :op 1 :text \"conflict\"}\n"
    "{:event :invoke :client 1 :op 2 :session 1}\n"
    "{:event :kill :text \"txd\"}\n"
    "{:event :info :client 1 :op 2 :text \"connection lost\"}\n"
    "{:event :base :client 1 :t 1 :text \"log\"}\n"
    "{:event :invoke :client 1 :op 2 :session 2}\n"
    "{:event :tx :client 1 :t 2 :text \"bb\" :ops [\"1/2\"]}\n"
    "{:event :ok :client 1 :op 2 :t 2 :seen 2}\n"
    "{:event :tx :client 2 :t 2 :text \"bb\" :ops [\"1/2\"]}\n"
    "{:event :invoke :client 2 :op 2 :session 1}\n"
    "{:event :invoke :client 2 :op 3 :session 1}\n"
    "{:event :tx :client 1 :t 3 :text \"cc\" :ops [\"2/2\"]}\n"
    "{:event :tx :client 2 :t 3 :text \"cc\" :ops [\"2/2\"]}\n"
    "{:event :ok :client 2 :op 2 :t 3 :seen 3}\n"
    "{:event :tx :client 2 :t 4 :text \"dd\" :ops [\"2/3\"]}\n"
    "{:event :tx :client 1 :t 4 :text \"dd\" :ops [\"2/3\"]}\n"
    "{:event :ok :client 2 :op 3 :t 4 :seen 4}\n"
    "{:event :check :client 1 :t 4 :text \"0f\" :other \"0f\"}\n"
    "{:event :base :client 3 :t 4 :text \"snapshot\"}\n"
    "{:event :final :client 1 :t 4 :datoms [[1 :fault/op \"1/1\" 536870913] [2 :fault/op \"1/2\" "
    "536870914] [3 :fault/op \"2/2\" 536870915] [4 :fault/op \"2/3\" 536870916]]}\n"
    "{:event :final :client 3 :t 4 :datoms [[4 :fault/op \"2/3\" 536870916] [1 :fault/op \"1/1\" "
    "536870913] [2 :fault/op \"1/2\" 536870914] [3 :fault/op \"2/2\" 536870915]]}\n"
    "{:event :export :datoms [[1 :fault/op \"1/1\" 536870913] [2 :fault/op \"1/2\" 536870914] "
    "[3 :fault/op \"2/2\" 536870915] [4 :fault/op \"2/3\" 536870916]]}\n";

/* The good history with every `from` become `to` breaks `rule`. */
static const struct {
    const char *what, *rule, *from, *to;
} broken[] = {
    { "an acknowledged operation at another t", "acknowledged", ":ok :client 1 :op 2 :t 2 :seen 2",
      ":ok :client 1 :op 2 :t 1 :seen 2" },
    { "an acknowledged operation that is lost", "acknowledged", ":text \"bb\" :ops [\"1/2\"]",
      ":text \"bb\" :ops []" },
    { "an operation that the server holds twice", "complete", ":export :datoms [",
      ":export :datoms [[5 :fault/op \"1/2\" 536870917] " },
    { "an operation that the server has lost", "complete",
      ":export :datoms [[1 :fault/op \"1/1\" 536870913]", ":export :datoms [" },
    { "a tx_id applied twice", "once", ":text \"dd\" :ops [\"2/3\"]",
      ":text \"dd\" :ops [\"1/1\"]" },
    { "two operations in one transaction", "once", ":ops [\"2/3\"]", ":ops [\"2/3\" \"2/2\"]" },
    { "a refused operation that was applied", "refused", ":ops [\"2/3\"]", ":ops [\"2/1\"]" },
    { "an operation that no one sent", "known", ":ops [\"2/3\"]", ":ops [\"7/7\"]" },
    { "an operation without an end", "ended", "{:event :fail :client 2 :op 1 :text \"conflict\"}\n",
      "" },
    { "a gap in t", "gapless", "{:event :tx :client 2 :t 3 :text \"cc\" :ops [\"2/2\"]}\n", "" },
    { "a t twice", "gapless", "{:event :tx :client 1 :t 3 :text \"cc\" :ops [\"2/2\"]}\n",
      "{:event :tx :client 1 :t 3 :text \"cc\" :ops [\"2/2\"]}\n"
      "{:event :tx :client 1 :t 3 :text \"cc\" :ops [\"2/2\"]}\n" },
    { "a log that goes on too late", "gapless", ":base :client 1 :t 1 :text \"log\"",
      ":base :client 1 :t 2 :text \"log\"" },
    { "a snapshot of the past", "gapless", ":base :client 3 :t 4 :text \"snapshot\"",
      ":base :client 1 :t 3 :text \"snapshot\"" },
    { "a t that no one was sent", "complete", ":t 4 :datoms", ":t 5 :datoms" },
    { "different datoms at one t", "same", ":client 1 :t 4 :text \"dd\"",
      ":client 1 :t 4 :text \"ee\"" },
    { "two operations of a socket in the wrong order", "order", "{:event :check",
      "{:event :invoke :client 1 :op 3 :session 2}\n{:event :invoke :client 1 :op 4 :session 2}\n"
      "{:event :tx :client 1 :t 5 :text \"\" :ops [\"1/4\"]}\n"
      "{:event :tx :client 1 :t 6 :text \"\" :ops [\"1/3\"]}\n{:event :check" },
    { "an operation before one acknowledged earlier", "order",
      ":tx :client 1 :t 1 :text \"aa\" :ops [\"1/1\"]}\n{:event :ok :client 1 :op 1 :t 1 :seen 1}",
      ":tx :client 1 :t 1 :text \"aa\" :ops [\"1/1\"]}\n{:event :ok :client 1 :op 1 :t 2 :seen "
      "2}" },
    { "a result before its tx", "result-after-tx", ":op 3 :t 4 :seen 4", ":op 3 :t 4 :seen 3" },
    { "a checksum that differs", "checksums", ":text \"0f\" :other \"0f\"",
      ":text \"0f\" :other \"1f\"" },
    { "a client that complains", "sound", "{:event :kill :text \"txd\"}",
      "{:event :broken :client 1 :text \"a datom is added, but is there\"}" },
    { "a client that holds too much", "converged", ":final :client 3 :t 4 :datoms [",
      ":final :client 3 :t 4 :datoms [[9 :x 1 536870913] " },
    { "a client that holds another value", "converged",
      ":final :client 1 :t 4 :datoms [[1 :fault/op \"1/1\"",
      ":final :client 1 :t 4 :datoms [[1 :fault/op \"1/9\"" },
    { "a client that stops short", "converged", ":final :client 3 :t 4", ":final :client 3 :t 3" },
    { "no end", "converged", ":event :export", ":event :final :client 9 :t 4" },
};

/* The good history with all `from` replaced. */
static void replace(const char *from, const char *to, struct buffer *out)
{
    const char *at = good, *found;
    bool any = false;

    while ((found = strstr(at, from))) {
        buffer_append(out, at, (size_t)(found - at));
        buffer_append_bytes(out, bytes_of(to));
        at = found + strlen(from);
        any = true;
    }
    buffer_append_bytes(out, bytes_of(at));
    if (!any)
        fail_msg("not in the good history: %s", from);
}

static void test_good_history_is_kept(void **state)
{
    struct buffer report = { 0 };
    struct error err;
    bool kept;

    (void)state;
    if (!check_history(bytes_of(good), &report, &kept, &err))
        fail_msg("%s", err.message);
    if (!kept)
        fail_msg("%.*s", (int)report.len, report.data);
    buffer_release(&report);
}

static void test_each_breach_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct buffer history = { 0 }, report = { 0 }, line = { 0 };
        struct error err;
        bool kept = true;

        replace(broken[i].from, broken[i].to, &history);
        if (!check_history(buffer_bytes(&history), &report, &kept, &err))
            fail_msg("%s: %s", broken[i].what, err.message);
        buffer_append_u8(&report, '\0');
        buffer_printf(&line, "%s: %c", broken[i].rule, '\0');
        if (kept || !strstr(report.data, line.data))
            fail_msg("%s: rule %s says nothing:\n%s", broken[i].what, broken[i].rule, report.data);
        buffer_release(&history);
        buffer_release(&report);
        buffer_release(&line);
    }
}

static void test_unreadable_history_is_an_error(void **state)
{
    static const char *const texts[] = {
        "{:event :ok :client 1 :op 1 :t 1 :seen 1}\n", /* ends, but never began */
        "{:event :nonsense}\n",
        "{:event :invoke :client 1}\n",
        "{:event :kill",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct buffer report = { 0 };
        struct error err;
        bool kept;
        assert_false(check_history(bytes_of(texts[i]), &report, &kept, &err));
        buffer_release(&report);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_history_is_kept),
        cmocka_unit_test(test_each_breach_is_found),
        cmocka_unit_test(test_unreadable_history_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
