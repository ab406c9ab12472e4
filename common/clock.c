/* Days are counted as in Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
#include "common/clock.h"

#include <stdio.h>
#include <time.h>

int64_t clock_wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_monotonic_us(void)
{
    return clock_monotonic_ns() / 1000;
}

static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153; /* months since March */

    *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted + (shifted < 10 ? 3 : -9));
    *year = year_of_era + era * 400 + (*month <= 2);
}

const char *clock_format(int64_t wall_ms, char out[CLOCK_TEXT_BYTES])
{
    int64_t days = wall_ms / 86400000, ms = wall_ms % 86400000, year;
    int month, day;

    if (ms < 0) {
        ms += 86400000;
        days--;
    }
    civil_from_days(days, &year, &month, &day);
    snprintf(out, CLOCK_TEXT_BYTES,
             year < 0 || year > 9999 ? "%+07lld-%02d-%02dT%02d:%02d:%02d.%03dZ"
                                     : "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ",
             (long long)year, month, day, (int)(ms / 3600000), (int)(ms / 60000 % 60),
             (int)(ms / 1000 % 60), (int)(ms % 1000));
    return out;
}

struct reader {
    const char *at, *end;
};

static bool digits(struct reader *in, int count, int *out)
{
    int n = 0;

    if (in->end - in->at < count)
        return false;
    for (int i = 0; i < count; i++) {
        char c = in->at[i];
        if (c < '0' || c > '9')
            return false;
        n = n * 10 + (c - '0');
    }
    in->at += count;
    *out = n;
    return true;
}

static bool accept(struct reader *in, char c)
{
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

static bool year_parse(struct reader *in, int *year)
{
    int sign = accept(in, '-') ? -1 : accept(in, '+') ? 1 : 0;

    if (!digits(in, sign ? 6 : 4, year))
        return false;
    if (sign < 0)
        *year = -*year;
    return true;
}

static bool offset_parse(struct reader *in, int *minutes)
{
    int hours, rest;

    if (in->at == in->end || accept(in, 'Z'))
        return true;
    int sign = accept(in, '+') ? 1 : accept(in, '-') ? -1 : 0;
    if (!sign || !digits(in, 2, &hours) || !accept(in, ':') || !digits(in, 2, &rest) ||
        hours > 23 || rest > 59)
        return false;
    *minutes = sign * (hours * 60 + rest);
    return true;
}

static bool time_parse(struct reader *in, int *hour, int *minute, int *second, int *ms)
{
    if (!digits(in, 2, hour) || !accept(in, ':') || !digits(in, 2, minute))
        return false;
    if (accept(in, ':') && !digits(in, 2, second))
        return false;
    if (accept(in, '.')) {
        int scale = 100, digit, seen = 0;
        for (; digits(in, 1, &digit); scale /= 10, seen++)
            *ms += digit * scale;
        if (!seen)
            return false;
    }
    return *hour <= 23 && *minute <= 59 && *second <= 60;
}

bool clock_parse(struct bytes text, int64_t *wall_ms)
{
    struct reader in = { text.data, text.data + text.len };
    int year, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0, offset = 0;

    if (!year_parse(&in, &year))
        return false;
    if (accept(&in, '-')) {
        if (!digits(&in, 2, &month) || month < 1 || month > 12)
            return false;
        if (accept(&in, '-') && !digits(&in, 2, &day))
            return false;
        if (day < 1 || day > days_in_month(year, month))
            return false;
        if (accept(&in, 'T') &&
            (!time_parse(&in, &hour, &minute, &second, &ms) || !offset_parse(&in, &offset)))
            return false;
    }
    if (in.at != in.end)
        return false;
    int64_t minutes =
        days_from_civil(year, month, day) * 1440 + (int64_t)hour * 60 + minute - offset;
    *wall_ms = (minutes * 60 + second) * 1000 + ms;
    return true;
}
