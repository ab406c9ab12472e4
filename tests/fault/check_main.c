/* `fault-check FILE`: checks a history that a fault test left behind. */
#include "cli/input.h"
#include "tests/fault/check.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    struct buffer history = { 0 }, report = { 0 };
    struct error err;
    bool kept = false;

    if (argc != 2) {
        fprintf(stderr, "usage: fault-check HISTORY\n");
        return 2;
    }
    bool ok = input_read(argv[1], SIZE_MAX - 1, &history, &err) &&
              check_history(buffer_bytes(&history), &report, &kept, &err);
    if (ok)
        printf("%.*s", (int)report.len, report.data);
    else
        fprintf(stderr, "fault-check: %s\n", err.message);
    buffer_release(&history);
    buffer_release(&report);
    return ok ? !kept : 2;
}
