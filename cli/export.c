#include "cli/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * An export is written next to its place and renamed when it is whole. Whole means that the
 * transfer ended well and that every bracket that was opened is closed: a proxy in between may
 * hide that the server broke off.
 */
struct output {
    FILE *file;
    uint64_t bytes;
    long depth;
    bool in_string, in_comment, escaped;
};

/* Follows the brackets of EDN: those in strings, comments and characters do not count. */
static void follow(struct output *output, struct bytes piece)
{
    for (size_t i = 0; i < piece.len; i++) {
        char c = piece.data[i];
        if (output->escaped) {
            output->escaped = false;
        } else if (output->in_comment) {
            output->in_comment = c != '\n';
        } else if (c == '\\') {
            output->escaped = true;
        } else if (c == '"') {
            output->in_string = !output->in_string;
        } else if (!output->in_string) {
            output->in_comment = c == ';';
            output->depth += c == '(' || c == '[' || c == '{';
            output->depth -= c == ')' || c == ']' || c == '}';
        }
    }
    output->bytes += piece.len;
}

static bool whole(const struct output *output)
{
    return output->bytes > 0 && output->depth == 0 && !output->in_string;
}

static bool take(void *arg, struct bytes piece, struct error *err)
{
    struct output *output = arg;

    follow(output, piece);
    if (fwrite(piece.data, 1, piece.len, output->file) == piece.len)
        return true;
    return fail(err, ERROR_FAULT, "the export cannot be written: %s", strerror(errno));
}

static enum outcome fetch(const struct options *options, struct output *output, struct error *err)
{
    struct http *http;
    struct buffer path = { 0 }, answer = { 0 };
    struct progress progress;
    enum outcome outcome = http_open(options->url, &http, err);

    if (outcome != OUTCOME_OK)
        return outcome;
    buffer_printf(&path, "/v1/graphs/%s/export%c", options->graph, '\0');
    progress_begin(&progress, "exporting", 0);
    outcome = http_send(http,
                        &(struct http_request){
                            .method = "GET",
                            .path = path.data,
                            .sink = take,
                            .sink_arg = output,
                            .progress = &progress,
                        },
                        &answer, err);
    progress_end(&progress);
    if (outcome == OUTCOME_OK && !whole(output)) {
        fail(err, ERROR_UNAVAILABLE, "the export broke off after %llu bytes: export again",
             (unsigned long long)output->bytes);
        outcome = OUTCOME_UNREACHABLE;
    }
    if (outcome == OUTCOME_OK && fflush(output->file)) {
        fail(err, ERROR_FAULT, "the export cannot be written: %s", strerror(errno));
        outcome = OUTCOME_OUTPUT;
    }
    buffer_release(&path);
    buffer_release(&answer);
    http_close(http);
    return outcome;
}

/* To a file next to `name`, which takes its place when it is whole and on the disk. */
static enum outcome export_to(const struct options *options, const char *name, struct error *err)
{
    struct buffer temporary = { 0 };
    mode_t mask = umask(0);

    umask(mask);
    buffer_printf(&temporary, "%s.XXXXXX%c", name, '\0');
    int fd = mkstemp(temporary.data);
    struct output output = { .file = fd < 0 ? NULL : fdopen(fd, "w") };
    if (!output.file) {
        fail(err, ERROR_FAULT, "%s cannot be written: %s", name, strerror(errno));
        buffer_release(&temporary);
        return OUTCOME_OUTPUT;
    }
    enum outcome outcome = fetch(options, &output, err);
    if (outcome == OUTCOME_OK && (fchmod(fd, 0666 & ~mask) || fsync(fd))) {
        fail(err, ERROR_FAULT, "%s cannot be written: %s", name, strerror(errno));
        outcome = OUTCOME_OUTPUT;
    }
    fclose(output.file);
    if (outcome == OUTCOME_OK && rename(temporary.data, name)) {
        fail(err, ERROR_FAULT, "%s cannot be written: %s", name, strerror(errno));
        outcome = OUTCOME_OUTPUT;
    }
    if (outcome != OUTCOME_OK)
        unlink(temporary.data);
    buffer_release(&temporary);
    return outcome;
}

enum outcome command_export(const struct options *options, struct error *err)
{
    struct output output = { .file = stdout };

    if (options->word_count > 0 && strcmp(options->words[0], "-") != 0)
        return export_to(options, options->words[0], err);
    return fetch(options, &output, err);
}
