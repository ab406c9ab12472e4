#include "gateway/page.h"

#include "common/clock.h"
#include "proto/bus.h"
#include "proto/mp.h"

#include <stdlib.h>

#define KEEP_US        2000000
#define KEEP_BYTES_MAX (32 << 20)
#define TIMEOUT_MS     30000
#define PATIENCE_MS    10000

struct reader {
    struct reader *next;
    enum encoding encoding;
    page_fn fn;
    void *arg; /* NULL: cancelled */
};

struct page {
    struct page *next;
    struct pages *pages; /* NULL: they were closed while txd was asked */
    struct uuid epoch;
    uint32_t t;
    struct blob *behind; /* the key's `after` */
    bool loading;
    struct reader *readers;
    uint32_t count;
    struct blob *datoms;
    struct blob *after;
    struct blob *messages[ENCODINGS];
    int64_t used_us;
};

static size_t page_bytes(const struct page *page)
{
    size_t bytes = page->datoms ? page->datoms->len : 0;

    for (size_t i = 0; i < ENCODINGS; i++)
        bytes += page->messages[i] ? page->messages[i]->len : 0;
    return bytes;
}

static void page_free(struct page *page)
{
    for (struct reader *next, *at = page->readers; at; at = next) {
        next = at->next;
        free(at);
    }
    blob_release(page->behind);
    blob_release(page->datoms);
    blob_release(page->after);
    for (size_t i = 0; i < ENCODINGS; i++)
        blob_release(page->messages[i]);
    free(page);
}

void pages_open(struct pages *pages, struct bus *bus, const char *graph)
{
    *pages = (struct pages){ .bus = bus, .graph = graph };
}

static void page_remove(struct pages *pages, struct page **at)
{
    struct page *page = *at;

    *at = page->next;
    pages->bytes -= page_bytes(page);
    if (page->loading)
        page->pages = NULL; /* freed by the answer */
    else
        page_free(page);
}

void pages_close(struct pages *pages)
{
    while (pages->head)
        page_remove(pages, &pages->head);
}

/* Gives the page to one reader. */
static void give(struct page *page, enum encoding encoding, page_fn fn, void *arg)
{
    struct blob **message = &page->messages[encoding];
    struct error error;

    if (page->count && !*message) {
        *message = encode_datoms(encoding, blob_bytes(page->datoms), page->count);
        if (!*message) {
            fail(&error, ERROR_FAULT, "txd sent a page of datoms that cannot be read");
            fn(arg, NULL, (struct bytes){ 0 }, &error);
            return;
        }
        page->pages->bytes += (*message)->len;
    }
    page->used_us = clock_monotonic_us();
    struct blob *given = *message ? blob_retain(*message) : NULL;
    struct blob *after = blob_retain(page->after);
    fn(arg, given, blob_bytes(after), NULL);
    blob_release(given);
    blob_release(after);
}

static void on_page(void *arg, const struct value *answer, const struct error *error)
{
    struct page *page = arg;
    struct pages *pages = page->pages;
    struct reader *next, *readers = page->readers;

    page->readers = NULL;
    page->loading = false;
    if (pages && !error) {
        page->count = (uint32_t)bus_number(answer, "count");
        page->datoms = blob_new(bus_text(answer, "datoms"));
        page->after = blob_new(bus_text(answer, "after"));
        pages->bytes += page_bytes(page);
    }
    for (struct reader *at = readers; at; at = next) {
        next = at->next;
        if (pages && at->arg && error)
            at->fn(at->arg, NULL, (struct bytes){ 0 }, error);
        else if (pages && at->arg)
            give(page, at->encoding, at->fn, at->arg);
        free(at);
    }
    if (!pages) {
        page_free(page);
    } else if (error) {
        struct page **at = &pages->head;
        while (*at != page)
            at = &(*at)->next;
        page_remove(pages, at);
    }
}

static void page_load(struct page *page)
{
    struct buffer text = { 0 };
    struct error error;
    bool first = page->behind->len == 0;

    mp_write_map(&text, first ? 4 : 5);
    mp_write_string(&text, BYTES("type"));
    mp_write_string(&text, BYTES("snapshot"));
    mp_write_string(&text, BYTES("graph"));
    mp_write_string(&text, bytes_of(page->pages->graph));
    mp_write_string(&text, BYTES("epoch"));
    struct value epoch = value_uuid(page->epoch);
    mp_write(&text, &epoch);
    mp_write_string(&text, BYTES("t"));
    mp_write_long(&text, page->t);
    if (!first) {
        mp_write_string(&text, BYTES("after"));
        mp_write_bytes(&text, blob_bytes(page->behind));
    }
    struct bus_call call = { .request = buffer_bytes(&text),
                             .class = BUS_QUICK,
                             .repeatable = true,
                             .timeout_ms = TIMEOUT_MS,
                             .patience_ms = PATIENCE_MS,
                             .fn = on_page,
                             .arg = page };
    if (!bus_request(page->pages->bus, &call, &error))
        on_page(page, NULL, &error);
    buffer_release(&text);
}

void pages_get(struct pages *pages, const struct page_key *key, enum encoding encoding, page_fn fn,
               void *arg)
{
    struct page *page = pages->head;

    while (page && !(page->t == key->t && uuid_equal(&page->epoch, &key->epoch) &&
                     bytes_equal(blob_bytes(page->behind), key->after)))
        page = page->next;
    if (page && !page->loading) {
        give(page, encoding, fn, arg);
        return;
    }
    struct reader *reader = xmalloc(sizeof(*reader));
    *reader = (struct reader){ .encoding = encoding, .fn = fn, .arg = arg };
    if (page) {
        reader->next = page->readers;
        page->readers = reader;
        return;
    }
    page = xcalloc(1, sizeof(*page));
    *page = (struct page){ .next = pages->head,
                           .pages = pages,
                           .epoch = key->epoch,
                           .t = key->t,
                           .behind = blob_new(key->after),
                           .loading = true,
                           .readers = reader };
    pages->head = page;
    page_load(page);
}

void pages_cancel(struct pages *pages, const void *arg)
{
    for (struct page *page = pages->head; page; page = page->next)
        for (struct reader *reader = page->readers; reader; reader = reader->next)
            if (reader->arg == arg)
                reader->arg = NULL;
}

void pages_tick(struct pages *pages)
{
    int64_t oldest = clock_monotonic_us() - KEEP_US;
    struct page **at = &pages->head;

    while (*at) {
        struct page *page = *at;
        if (!page->loading && (page->used_us < oldest || pages->bytes > KEEP_BYTES_MAX))
            page_remove(pages, at);
        else
            at = &page->next;
    }
}
