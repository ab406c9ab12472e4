/* What clients and txd are told of who comes, changes and goes, here and elsewhere. */
#include "tests/unit/test.h"

#include "gateway/roster.h"
#include "proto/edn.h"

enum action { JOIN, UPDATE, LEAVE, OBSERVE, REPLACE, CLIENTS, TXD, TXD_ALL, FULL };

/* `text` is EDN: a state, what is observed, or what the audience is told. */
struct step {
    enum action action;
    const char *session, *text;
};

#define STEPS_MAX 12
#define END       FULL, NULL, NULL

static const struct {
    const char *name;
    struct step steps[STEPS_MAX];
} scripts[] = {
    { "both hear of own sessions",
      { { JOIN, "a", "{\"page\" \"x\"}" },
        { CLIENTS, NULL,
          "{\"joined\" [{\"session\" \"a\" \"user\" {} \"state\" {\"page\" \"x\"}}]}" },
        { TXD, NULL, "{\"joined\" [{\"session\" \"a\" \"user\" {} \"state\" {\"page\" \"x\"}}]}" },
        { UPDATE, "a", "{\"page\" \"y\"}" },
        { CLIENTS, NULL, "{\"updated\" [{\"session\" \"a\" \"state\" {\"page\" \"y\"}}]}" },
        { LEAVE, "a", NULL },
        { CLIENTS, NULL, "{\"left\" [\"a\"]}" },
        { TXD, NULL, "{\"left\" [\"a\"]}" },
        { CLIENTS, NULL, "{}" },
        { FULL, NULL, "[]" },
        { END } } },
    { "updates merge, the last one counts",
      { { JOIN, "a", "{}" },
        { CLIENTS, NULL, "{\"joined\" [{\"session\" \"a\" \"user\" {} \"state\" {}}]}" },
        { UPDATE, "a", "{\"page\" \"x\"}" },
        { UPDATE, "a", "{\"page\" \"y\"}" },
        { CLIENTS, NULL, "{\"updated\" [{\"session\" \"a\" \"state\" {\"page\" \"y\"}}]}" },
        { UPDATE, "a", "{\"page\" \"y\"}" },
        { CLIENTS, NULL, "{}" },
        { UPDATE, "nobody", "{}" },
        { CLIENTS, NULL, "{}" },
        { END } } },
    { "who comes and goes between two tellings was never there",
      { { JOIN, "a", "{}" },
        { LEAVE, "a", NULL },
        { CLIENTS, NULL, "{}" },
        { TXD, NULL, "{}" },
        { END } } },
    { "txd does not hear of the others",
      { { OBSERVE, NULL, "{\"joined\" [{\"session\" \"b\" \"user\" {} \"state\" {}}]}" },
        { TXD, NULL, "{}" },
        { CLIENTS, NULL, "{\"joined\" [{\"session\" \"b\" \"user\" {} \"state\" {}}]}" },
        { OBSERVE, NULL, "{\"updated\" [{\"session\" \"b\" \"state\" {\"page\" \"x\"}}]}" },
        { CLIENTS, NULL, "{\"updated\" [{\"session\" \"b\" \"state\" {\"page\" \"x\"}}]}" },
        { OBSERVE, NULL, "{\"left\" [\"b\" \"c\" 5]}" },
        { CLIENTS, NULL, "{\"left\" [\"b\"]}" },
        { END } } },
    { "nobody else speaks for own sessions",
      { { JOIN, "a", "{}" },
        { CLIENTS, NULL, "{\"joined\" [{\"session\" \"a\" \"user\" {} \"state\" {}}]}" },
        { OBSERVE, NULL, "{\"updated\" [{\"session\" \"a\" \"state\" {\"page\" \"x\"}}]}" },
        { OBSERVE, NULL, "{\"left\" [\"a\"]}" },
        { REPLACE, NULL, "[]" },
        { CLIENTS, NULL, "{}" },
        { FULL, NULL, "[{\"session\" \"a\" \"user\" {} \"state\" {}}]" },
        { END } } },
    { "whoever a reading does not have is gone",
      { { OBSERVE, NULL, "{\"joined\" [{\"session\" \"b\" \"user\" {} \"state\" {}}]}" },
        { CLIENTS, NULL, "{\"joined\" [{\"session\" \"b\" \"user\" {} \"state\" {}}]}" },
        { REPLACE, NULL, "[{\"session\" \"c\" \"user\" {} \"state\" {}}]" },
        { CLIENTS, NULL,
          "{\"joined\" [{\"session\" \"c\" \"user\" {} \"state\" {}}] \"left\" [\"b\"]}" },
        { REPLACE, NULL, "[{\"session\" \"c\" \"user\" {} \"state\" {}}]" },
        { CLIENTS, NULL, "{}" },
        { END } } },
    { "txd is told everything again",
      { { JOIN, "a", "{}" },
        { TXD, NULL, "{\"joined\" [{\"session\" \"a\" \"user\" {} \"state\" {}}]}" },
        { OBSERVE, NULL, "{\"joined\" [{\"session\" \"b\" \"user\" {} \"state\" {}}]}" },
        { TXD_ALL, NULL, "{\"joined\" [{\"session\" \"a\" \"user\" {} \"state\" {}}]}" },
        { TXD, NULL, "{}" },
        { LEAVE, "a", NULL },
        { TXD_ALL, NULL, "{}" },
        { TXD, NULL, "{}" },
        { END } } },
    { "what is no session is left out",
      { { OBSERVE, NULL,
          "{\"joined\" [{\"session\" \"\" \"user\" {}} 5 {\"user\" {}}] \"left\" 3}" },
        { OBSERVE, NULL, "{\"joined\" [{\"session\" \"b\"}] \"updated\" {}}" },
        { REPLACE, NULL, "{}" },
        { CLIENTS, NULL, "{}" },
        { END } } },
};

static struct value edn(struct arena *arena, const char *text)
{
    struct value value;
    struct error error;

    if (!edn_read(bytes_of(text), arena, &value, &error))
        fail_msg("%s: %s", text, error.message);
    return value;
}

static void expect(const struct value *told, const char *text, const char *name, size_t step)
{
    struct arena arena = { 0 };
    struct value wanted = edn(&arena, text);
    struct buffer is = { 0 };

    edn_write(&is, told);
    if (!value_equal(told, &wanted))
        fail_msg("%s, step %zu: %.*s, not %s", name, step + 1, (int)is.len, is.data, text);
    buffer_release(&is);
    arena_release(&arena);
}

static void play(struct roster *roster, const struct step *step, const char *name, size_t at)
{
    struct arena arena = { 0 };
    struct value none = value_collection(VALUE_MAP, NULL, 0), value = none;
    struct bytes session = step->session ? bytes_of(step->session) : (struct bytes){ 0 };

    if (step->text && step->action <= REPLACE)
        value = edn(&arena, step->text);
    switch (step->action) {
    case JOIN:
        roster_join(roster, session, &none, &value);
        break;
    case UPDATE:
        roster_update(roster, session, &value);
        break;
    case LEAVE:
        roster_leave(roster, session);
        break;
    case OBSERVE:
        roster_observe(roster, &value);
        break;
    case REPLACE:
        roster_replace(roster, &value);
        break;
    case CLIENTS:
        value = roster_take_changes(roster, AUDIENCE_CLIENTS, &arena);
        assert_false(roster_changed(roster, AUDIENCE_CLIENTS));
        break;
    case TXD:
        value = roster_take_changes(roster, AUDIENCE_TXD, &arena);
        break;
    case TXD_ALL:
        value = roster_take_own(roster, &arena);
        break;
    case FULL:
        value = roster_full(roster, &arena);
        break;
    }
    if (step->action >= CLIENTS)
        expect(&value, step->text, name, at);
    arena_release(&arena);
}

static void test_scripts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        struct roster roster = { 0 };
        const struct step *steps = scripts[i].steps;
        for (size_t j = 0; steps[j].action != FULL || steps[j].text; j++)
            play(&roster, &steps[j], scripts[i].name, j);
        roster_release(&roster);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
