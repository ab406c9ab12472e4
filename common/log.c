#include "common/log.h"

#include "common/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_BYTES_MAX 2048

static const char *program_name = "stoa";
static enum log_level level_max = LOG_INFO;

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"
};

void log_open(const char *program, enum log_level level)
{
    program_name = program;
    level_max = level;
}

bool log_level_parse(struct bytes text, enum log_level *out)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (bytes_equal(text, bytes_of(level_names[i]))) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* One write(2) a line, so that lines of several threads and processes do not mix. */
static void line(enum log_level level, const char *format, va_list args) PRINTF_LIKE(2, 0);

static void line(enum log_level level, const char *format, va_list args)
{
    char text[LINE_BYTES_MAX], when[CLOCK_TEXT_BYTES];

    if (level > level_max)
        return;
    int len = snprintf(text, sizeof(text), "%s %-5s %s[%d] ", clock_format(clock_wall_ms(), when),
                       level_names[level], program_name, (int)getpid());
    int more = vsnprintf(text + len, sizeof(text) - (size_t)len - 1, format, args);
    size_t end = (size_t)len + (size_t)(more > 0 ? more : 0);
    if (end > sizeof(text) - 2)
        end = sizeof(text) - 2;
    for (size_t i = (size_t)len; i < end; i++) /* what users wrote must not forge lines */
        if ((unsigned char)text[i] < ' ')
            text[i] = ' ';
    text[end] = '\n';
    ssize_t written = write(STDERR_FILENO, text, end + 1);
    (void)written; /* nowhere left to say so */
}

#define DEFINE_LEVEL(name, level)                                                                  \
    void name(const char *format, ...)                                                             \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        line(level, format, args);                                                                 \
        va_end(args);                                                                              \
    }

DEFINE_LEVEL(log_error, LOG_ERROR)
DEFINE_LEVEL(log_warn, LOG_WARN)
DEFINE_LEVEL(log_info, LOG_INFO)
DEFINE_LEVEL(log_debug, LOG_DEBUG)
