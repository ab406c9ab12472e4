/*
 * Imports that are under way. Each is fed by one gateway, one request at a time; the table knows
 * them by number. A request holds its import alone (`busy`), so that expiry never takes it away
 * under a thread that feeds it.
 */
#include "txd/commands.h"

#include "common/clock.h"
#include "common/log.h"
#include "proto/bus.h"
#include "proto/mp.h"
#include "txd/db/import.h"

#include <stdio.h>
#include <stdlib.h>

#define IMPORTS_MAX       16
#define IMPORT_SILENCE_US ((int64_t)60 * 1000 * 1000)

struct import_slot {
    int64_t number; /* 0: free */
    struct import *import;
    char name[64];
    int64_t fed_us;
    bool busy;
};

struct imports {
    pthread_mutex_t mutex;
    int64_t last_number;
    struct import_slot slots[IMPORTS_MAX];
};

struct imports *imports_open(void)
{
    struct imports *imports = xcalloc(1, sizeof(*imports));

    pthread_mutex_init(&imports->mutex, NULL);
    return imports;
}

void imports_close(struct imports *imports)
{
    if (!imports)
        return;
    for (size_t i = 0; i < IMPORTS_MAX; i++)
        import_close(imports->slots[i].import);
    pthread_mutex_destroy(&imports->mutex);
    free(imports);
}

/* Takes a free slot, busy. */
static struct import_slot *slot_take(struct imports *imports, struct error *err)
{
    struct import_slot *found = NULL;

    pthread_mutex_lock(&imports->mutex);
    for (size_t i = 0; i < IMPORTS_MAX && !found; i++)
        if (!imports->slots[i].number)
            found = &imports->slots[i];
    if (found) {
        found->number = ++imports->last_number;
        found->busy = true;
    }
    pthread_mutex_unlock(&imports->mutex);
    if (!found)
        fail(err, ERROR_BUSY, "%d imports are under way already; retry later", IMPORTS_MAX);
    return found;
}

/* The slot of the import that the request names, busy. */
static struct import_slot *slot_find(struct imports *imports, const struct value *body,
                                     struct error *err)
{
    struct import_slot *found = NULL;
    int64_t number;

    if (!bus_field_number(body, "import", true, 1, INT64_MAX, &number, err))
        return NULL;
    pthread_mutex_lock(&imports->mutex);
    for (size_t i = 0; i < IMPORTS_MAX && !found; i++)
        if (imports->slots[i].number == number && !imports->slots[i].busy)
            found = &imports->slots[i];
    if (found)
        found->busy = true;
    pthread_mutex_unlock(&imports->mutex);
    if (!found)
        fail(err, ERROR_NOT_FOUND, "there is no import %lld, or it is being fed",
             (long long)number);
    return found;
}

/* Gives the slot back; with `over` the import has ended, finished or not. */
static void slot_give(struct imports *imports, struct import_slot *slot, bool over)
{
    struct import *ended = over ? slot->import : NULL;

    if (over)
        import_close(ended); /* removes files: not under the mutex */
    pthread_mutex_lock(&imports->mutex);
    if (over)
        *slot = (struct import_slot){ 0 };
    else
        slot->fed_us = clock_monotonic_us();
    slot->busy = false;
    pthread_mutex_unlock(&imports->mutex);
}

void imports_expire(struct imports *imports)
{
    int64_t limit_us = clock_monotonic_us() - IMPORT_SILENCE_US;

    for (size_t i = 0; i < IMPORTS_MAX; i++) {
        struct import_slot *slot = &imports->slots[i];
        pthread_mutex_lock(&imports->mutex);
        bool silent = slot->number && !slot->busy && slot->fed_us < limit_us;
        slot->busy = slot->busy || silent;
        pthread_mutex_unlock(&imports->mutex);
        if (!silent)
            continue;
        log_warn("the import of graph %s is given up: nothing came for 60 s", slot->name);
        slot_give(imports, slot, true);
    }
}

bool command_import_open(struct txd *txd, struct request *request, struct error *err)
{
    struct bytes name;

    if (!bus_field_text(&request->body, "graph", true, &name, err))
        return false;
    struct import_slot *slot = slot_take(txd->imports, err);
    if (!slot)
        return false;
    if (!import_open(txd->catalog, name, &slot->import, err)) {
        slot_give(txd->imports, slot, true);
        return false;
    }
    snprintf(slot->name, sizeof(slot->name), "%.*s", BYTES_ARG(name));
    mp_write_map(&request->reply, 1);
    mp_write_string(&request->reply, BYTES("import"));
    mp_write_long(&request->reply, slot->number);
    slot_give(txd->imports, slot, false);
    return true;
}

bool command_import_feed(struct txd *txd, struct request *request, struct error *err)
{
    struct bytes text;

    if (!bus_field_bytes(&request->body, "text", true, &text, err))
        return false;
    struct import_slot *slot = slot_find(txd->imports, &request->body, err);
    if (!slot)
        return false;
    bool ok = import_feed(slot->import, text, err);
    slot_give(txd->imports, slot, !ok);
    if (ok)
        mp_write_map(&request->reply, 0);
    return ok;
}

bool command_import_finish(struct txd *txd, struct request *request, struct error *err)
{
    struct import_slot *slot = slot_find(txd->imports, &request->body, err);
    uint64_t datoms;
    uint32_t t = 0;

    if (!slot)
        return false;
    bool ok = import_finish(slot->import, &datoms, &t, err);
    if (ok) {
        log_info("graph %s is imported: %llu datoms", slot->name, (unsigned long long)datoms);
        mp_write_map(&request->reply, 2);
        mp_write_string(&request->reply, BYTES("t"));
        mp_write_long(&request->reply, t);
        mp_write_string(&request->reply, BYTES("datoms"));
        mp_write_long(&request->reply, (int64_t)datoms);
    }
    slot_give(txd->imports, slot, true);
    return ok;
}

bool command_import_abort(struct txd *txd, struct request *request, struct error *err)
{
    struct import_slot *slot = slot_find(txd->imports, &request->body, err);

    if (!slot)
        return false;
    slot_give(txd->imports, slot, true);
    mp_write_map(&request->reply, 0);
    return true;
}
