/*
 * A progress bar on standard error for work that takes a while, drawn only when that is a
 * terminal, at most ten times a second, and taken away at the end.
 */
#ifndef STOA_CLI_PROGRESS_H
#define STOA_CLI_PROGRESS_H

#include "common/bytes.h"

#define PROGRESS_LINE_BYTES 128

struct progress {
    const char *label;
    uint64_t total; /* bytes; 0: not known */
    int64_t begun_us, drawn_us;
    bool terminal;
    bool shown;
};

/* `label` outlives the progress. */
void progress_begin(struct progress *progress, const char *label, uint64_t total);
void progress_show(struct progress *progress, uint64_t done);
void progress_end(struct progress *progress);

/* The line as it is drawn, NUL-terminated; returns `out`. */
const char *progress_line(const char *label, uint64_t done, uint64_t total, int64_t elapsed_us,
                          char out[PROGRESS_LINE_BYTES]);

#endif
