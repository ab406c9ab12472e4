#include "txd/tx/resolve.h"

#include "txd/tx/assertion.h"
#include "txd/tx/check.h"
#include "txd/tx/map_form.h"
#include "txd/tx/retraction.h"

#include <stdlib.h>

static bool resolve_form(struct resolve *resolve, const struct form *form, struct error *err)
{
    uint32_t e;

    switch (form->kind) {
    case FORM_ADD:
        return assertion_add(resolve, form, err);
    case FORM_RETRACT:
    case FORM_RETRACT_ATTRIBUTE:
        return retraction_resolve(resolve, form, err);
    case FORM_RETRACT_ENTITY:
        return retraction_entity(resolve, form, err);
    case FORM_CAS:
        return assertion_cas(resolve, form, err);
    case FORM_MAP:
        return map_form_resolve(resolve, form, &e, err);
    }
    abort();
}

static bool resolve_meta(struct resolve *resolve, const struct value *meta, struct error *err)
{
    uint32_t tx_e = resolve->draft->tx_e;
    struct form form;

    if (meta->type == VALUE_NIL)
        return true;
    if (meta->type != VALUE_MAP)
        return fail(err, ERROR_INCORRECT, "meta: a map of attributes is expected, not a %s",
                    value_type_name(meta->type));
    if (!parse_map(meta, resolve->draft->arena, &form, err))
        return fail_in(err, "meta");
    if (form.entity)
        return fail(err, ERROR_INCORRECT,
                    "meta: its attributes are the transaction's own, so it has no :db/id");
    if (!map_form_meta(resolve, &form, tx_e, err) ||
        !check_tuples(resolve->draft, tempids_meet, resolve->tempids, err))
        return fail_in(err, "meta");
    return true;
}

static bool run(struct resolve *resolve, const struct form *forms, size_t count,
                const struct value *meta, struct error *err)
{
    draft_reset(resolve->draft);
    tempids_begin(resolve->tempids);
    resolve->forms = 0;
    for (size_t i = 0; i < count; i++) {
        resolve->forms++;
        if (!resolve_form(resolve, &forms[i], err) ||
            !check_tuples(resolve->draft, tempids_meet, resolve->tempids, err)) {
            struct bytes text = reference_quote(resolve, forms[i].source);
            return fail_in(err, "%.*s", BYTES_ARG(text));
        }
    }
    return resolve_meta(resolve, meta, err) && tempids_check(resolve->tempids, err) &&
           declare_finish(resolve->draft, err);
}

bool resolve_forms(struct draft *draft, struct tempids *tempids, const struct form *forms,
                   size_t count, const struct value *meta, struct error *err)
{
    struct resolve resolve = { .draft = draft, .tempids = tempids };

    for (size_t i = 0; i < count; i++) /* an attribute may be declared by several forms */
        if (forms[i].kind == FORM_ADD && bytes_starts_with(forms[i].attribute, BYTES("db/")) &&
            tempid_is(forms[i].entity))
            map_form_note(tempid_of(tempids, forms[i].entity), forms[i].attribute);
    size_t work = 0;
    int runs = 0;
    for (; runs < TEMPID_RUNS_FREE || (runs < TEMPID_RUNS_MAX && work < TEMPID_WORK_MAX); runs++) {
        struct error mine;
        bool again, ok = run(&resolve, forms, count, meta, err);
        if (!tempids_run_again(tempids, &again, ok ? err : &mine))
            return false;
        if (!again)
            return ok;
        work += resolve.forms + draft->operations;
    }
    return fail(
        err, ERROR_INCORRECT,
        "the tempids depend on one another in too many ways, which %d runs of the forms have "
        "not settled: split the transaction, or put identities before what else is said "
        "of an entity",
        runs);
}
