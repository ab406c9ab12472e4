/*
 * Log lines on standard error, one event a line: time, level, program, message. Only the code that
 * decides what to do about an event logs it; libraries return errors.
 */
#ifndef STOA_COMMON_LOG_H
#define STOA_COMMON_LOG_H

#include "common/bytes.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Names the program in every line and sets what is printed. Call once, before any thread. */
void log_open(const char *program, enum log_level level);

/* Reads "error", "warn", "info" or "debug". */
bool log_level_parse(struct bytes text, enum log_level *out) MUST_USE;

void log_error(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
