#include "cli/http.h"
#include "cli/input.h"
#include "cli/print.h"
#include "cli/save.h"

#include "proto/edn.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEAD_BYTES 64

/* Puts an Athens save's EDN in the place of `*file`; anything else is sent as it is. */
static bool convert(const char *name, FILE **file, uint64_t *bytes, struct error *err)
{
    char head[HEAD_BYTES];
    ssize_t len = pread(fileno(*file), head, sizeof(head), 0);
    FILE *edn;

    if (len < 0)
        return fail(err, ERROR_FAULT, "%s: %s", name, strerror(errno));
    if (len == 0)
        return fail(err, ERROR_INCORRECT, "%s is empty", name);
    if (!save_recognise((struct bytes){ head, (size_t)len }))
        return true;
    char *text = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, fileno(*file), 0);
    if (text == MAP_FAILED)
        return fail(err, ERROR_FAULT, "%s: %s", name, strerror(errno));
    bool ok = input_temporary(&edn, err);
    if (ok && !save_convert((struct bytes){ text, *bytes }, edn, err)) {
        fail_in(err, "%s", name);
        fclose(edn);
        ok = false;
    }
    munmap(text, *bytes);
    if (!ok)
        return false;
    fclose(*file);
    *file = edn;
    *bytes = (uint64_t)ftell(edn);
    rewind(edn);
    return true;
}

static enum outcome send_file(const struct options *options, FILE *file, uint64_t bytes,
                              struct buffer *answer, struct error *err)
{
    struct http *http;
    struct buffer path = { 0 };
    struct progress progress;
    enum outcome outcome = http_open(options->url, &http, err);

    if (outcome != OUTCOME_OK)
        return outcome;
    buffer_printf(&path, "/v1/graphs/%s/import%c", options->graph, '\0');
    progress_begin(&progress, "importing", bytes);
    outcome = http_send(http,
                        &(struct http_request){
                            .method = "POST",
                            .path = path.data,
                            .upload = file,
                            .upload_bytes = bytes,
                            .progress = &progress,
                        },
                        answer, err);
    progress_end(&progress);
    buffer_release(&path);
    http_close(http);
    return outcome;
}

enum outcome command_import(const struct options *options, struct error *err)
{
    const char *name = options->words[0];
    struct arena arena = { 0 };
    struct buffer answer = { 0 }, text = { 0 };
    struct value result;
    uint64_t bytes;
    FILE *file;

    if (!input_open(name, &file, &bytes, err))
        return OUTCOME_INPUT;
    if (!convert(name, &file, &bytes, err)) {
        fclose(file);
        return OUTCOME_INPUT;
    }
    enum outcome outcome = send_file(options, file, bytes, &answer, err);
    if (outcome == OUTCOME_OK && edn_read(buffer_bytes(&answer), &arena, &result, err)) {
        print_value(&text, options->format, &result);
        if (!print_flush(stdout, buffer_bytes(&text), err))
            outcome = OUTCOME_OUTPUT;
    } else if (outcome == OUTCOME_OK) {
        fail_in(err, "the import is done, but the server's answer is not EDN");
        outcome = OUTCOME_UNREACHABLE;
    }
    fclose(file);
    buffer_release(&answer);
    buffer_release(&text);
    arena_release(&arena);
    return outcome;
}
