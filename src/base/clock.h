/* Time is passed in, never fetched in the middle of things, so that a test can fix it.
 * Moments are milliseconds since 1970 (UTC); days are counted from 1970-01-01. */
#ifndef RUNG_BASE_CLOCK_H
#define RUNG_BASE_CLOCK_H

#include "slice.h"

int64_t clock_now_ms(void);       /* wall clock */
int64_t clock_monotonic_us(void); /* for durations */

/* Civil date of a day and back (proleptic Gregorian). */
struct civil_date {
    int year, month, day;
};
int32_t clock_day_from_civil(struct civil_date date);
struct civil_date clock_civil_from_day(int32_t day);
int32_t clock_day_from_ms(int64_t ms);

/* "2026-11-22" -> day. False where it is not a date of the calendar. */
bool clock_parse_day(struct slice text, int32_t *day) MUST_USE;

/* RFC 3339 ("2026-01-07T22:48:13.885592-06:00", "…Z"), a date alone (midnight UTC), or a whole
 * number of milliseconds -> ms. */
bool clock_parse_ms(struct slice text, int64_t *ms) MUST_USE;

enum { CLOCK_DAY_BYTES = 16, CLOCK_MS_BYTES = 32 };
const char *clock_format_day(int32_t day, char out[CLOCK_DAY_BYTES]); /* 2026-11-22 */
const char *clock_format_ms(int64_t ms, char out[CLOCK_MS_BYTES]);    /* 2026-11-22T13:05:59Z */

#endif
