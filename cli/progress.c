#include "cli/progress.h"

#include "common/clock.h"

#include <stdio.h>
#include <unistd.h>

#define REDRAW_US 100000
#define BAR_CELLS 30

void progress_begin(struct progress *progress, const char *label, uint64_t total)
{
    *progress = (struct progress){
        .label = label,
        .total = total,
        .begun_us = clock_monotonic_us(),
        .terminal = isatty(STDERR_FILENO) == 1,
    };
}

void progress_show(struct progress *progress, uint64_t done)
{
    char line[PROGRESS_LINE_BYTES];
    int64_t now_us = clock_monotonic_us();

    if (!progress->terminal || now_us - progress->drawn_us < REDRAW_US)
        return;
    progress->drawn_us = now_us;
    progress->shown = true;
    fprintf(
        stderr, "\r%s\033[K",
        progress_line(progress->label, done, progress->total, now_us - progress->begun_us, line));
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r\033[K");
}

const char *progress_line(const char *label, uint64_t done, uint64_t total, int64_t elapsed_us,
                          char out[PROGRESS_LINE_BYTES])
{
    double megabytes = (double)done / 1e6;
    double per_second = elapsed_us > 0 ? megabytes * 1e6 / (double)elapsed_us : 0;
    char bar[BAR_CELLS + 1];

    if (total == 0) {
        snprintf(out, PROGRESS_LINE_BYTES, "%s %.1f MB, %.1f MB/s", label, megabytes, per_second);
        return out;
    }
    uint64_t shown = done < total ? done : total;
    size_t cells = (size_t)((double)shown / (double)total * BAR_CELLS);
    memset(bar, ' ', BAR_CELLS);
    memset(bar, '=', cells);
    bar[BAR_CELLS] = '\0';
    snprintf(out, PROGRESS_LINE_BYTES, "%s [%s] %3d%% %.1f MB, %.1f MB/s", label, bar,
             (int)((double)shown / (double)total * 100), megabytes, per_second);
    return out;
}
