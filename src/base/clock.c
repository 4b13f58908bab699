#include "clock.h"

#include <stdio.h>
#include <time.h>

enum { MS_PER_DAY = 86400000 };

int64_t clock_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Both directions after Howard Hinnant, "chrono-compatible low-level date algorithms": years
 * begin in March, so that the leap day comes last. */
int32_t clock_day_from_civil(struct civil_date date)
{
    int y = date.year - (date.month <= 2);
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct civil_date clock_civil_from_day(int32_t day)
{
    int z = day + 719468;
    int era = (z >= 0 ? z : z - 146096) / 146097;
    int day_of_era = z - era * 146097;
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;
    int month = month_from_march + (month_from_march < 10 ? 3 : -9);
    return (struct civil_date){year_of_era + era * 400 + (month <= 2), month,
        day_of_year - (153 * month_from_march + 2) / 5 + 1};
}

int32_t clock_day_from_ms(int64_t ms)
{
    int64_t day = ms / MS_PER_DAY - (ms % MS_PER_DAY < 0);
    return (int32_t)day;
}

/* Reads exactly `digits` digits at *at. */
static bool digits_at(struct slice s, size_t *at, size_t digits, int *value)
{
    if (s.len < digits || *at > s.len - digits)
        return false;
    *value = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = s.base[*at + i];
        if (c < '0' || c > '9')
            return false;
        *value = *value * 10 + (c - '0');
    }
    *at += digits;
    return true;
}

static bool byte_at(struct slice s, size_t *at, const char *allowed)
{
    for (const char *c = allowed; *at < s.len && *c; c++)
        if (s.base[*at] == *c) {
            ++*at;
            return true;
        }
    return false;
}

static bool day_at(struct slice s, size_t *at, int32_t *day)
{
    struct civil_date date;
    if (!digits_at(s, at, 4, &date.year) || !byte_at(s, at, "-") ||
        !digits_at(s, at, 2, &date.month) || !byte_at(s, at, "-") ||
        !digits_at(s, at, 2, &date.day) || date.month < 1 || date.month > 12 || date.day < 1)
        return false;
    *day = clock_day_from_civil(date);
    struct civil_date back = clock_civil_from_day(*day);
    return back.month == date.month && back.day == date.day;
}

bool clock_parse_day(struct slice text, int32_t *day)
{
    size_t at = 0;
    return day_at(text, &at, day) && at == text.len;
}

/* "Z", "+01:00", "-0600" or nothing -> minutes east of UTC. */
static bool zone_at(struct slice s, size_t *at, int *minutes_east)
{
    *minutes_east = 0;
    if (*at == s.len || byte_at(s, at, "Zz"))
        return true;
    bool west = s.base[*at] == '-';
    int hours = 0, minutes = 0;
    if (!byte_at(s, at, "+-") || !digits_at(s, at, 2, &hours))
        return false;
    byte_at(s, at, ":");
    if (!digits_at(s, at, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *minutes_east = (hours * 60 + minutes) * (west ? -1 : 1);
    return true;
}

bool clock_parse_ms(struct slice text, int64_t *ms)
{
    size_t at = 0;
    int32_t day = 0;
    if (!day_at(text, &at, &day))
        return slice_to_int64(text, ms);
    int hour = 0, minute = 0, second = 0, east = 0;
    int64_t fraction_ms = 0;
    if (at < text.len) {
        if (!byte_at(text, &at, "Tt ") || !digits_at(text, &at, 2, &hour) ||
            !byte_at(text, &at, ":") || !digits_at(text, &at, 2, &minute))
            return false;
        if (byte_at(text, &at, ":") && !digits_at(text, &at, 2, &second))
            return false;
        if (byte_at(text, &at, "."))
            for (int64_t unit = 100; at < text.len && text.base[at] >= '0' && text.base[at] <= '9';
                 at++, unit /= 10)
                fraction_ms += unit * (text.base[at] - '0');
        if (!zone_at(text, &at, &east))
            return false;
    }
    if (at != text.len || hour > 23 || minute > 59 || second > 60)
        return false;
    int64_t seconds = ((int64_t)hour * 60 + minute - east) * 60 + second;
    *ms = (int64_t)day * MS_PER_DAY + seconds * 1000 + fraction_ms;
    return true;
}

const char *clock_format_day(int32_t day, char out[CLOCK_DAY_BYTES])
{
    struct civil_date date = clock_civil_from_day(day);
    snprintf(out, CLOCK_DAY_BYTES, "%04d-%02d-%02d", date.year, date.month, date.day);
    return out;
}

const char *clock_format_ms(int64_t ms, char out[CLOCK_MS_BYTES])
{
    int32_t day = clock_day_from_ms(ms);
    int64_t s = (ms - (int64_t)day * MS_PER_DAY) / 1000;
    char date[CLOCK_DAY_BYTES];
    snprintf(out, CLOCK_MS_BYTES, "%sT%02d:%02d:%02dZ", clock_format_day(day, date),
        (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
    return out;
}
