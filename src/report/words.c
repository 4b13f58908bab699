/* Numbers as a person reads them, shared by the writers. */
#include "parts.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct slice report_money(struct arena *arena, double usd, enum report_basis basis)
{
    if (isnan(usd))
        return slice_from("–");
    double size = fabs(usd);
    int digits = size < 0.1 ? 4 : size < 10 ? 3 : 2;
    bool shows_zero = size < 0.00005;
    return arena_print(arena, "%s%s$%.*f", basis == REPORT_MEASURED ? "" : "~",
        usd < 0 && !shows_zero ? "-" : "", digits, size);
}

struct slice report_percent(struct arena *arena, double rate)
{
    if (isnan(rate))
        return slice_from("–");
    bool shows_zero = fabs(rate) < 0.0005; /* no "-0.0 %" */
    return arena_print(arena, "%.1f %%", shows_zero ? 0 : 100 * rate);
}

struct slice report_percent_range(struct arena *arena, struct interval interval)
{
    if (isnan(interval.mean))
        return slice_from("–");
    int digits = interval.high - interval.low < 0.05 ? 1 : 0;
    return arena_print(
        arena, "%.*f … %.*f %%", digits, 100 * interval.low, digits, 100 * interval.high);
}

struct slice report_number(struct arena *arena, double number, int digits)
{
    return isnan(number) ? slice_from("–") : arena_print(arena, "%.*f", digits, number);
}

struct slice report_count(struct arena *arena, int64_t n)
{
    struct slice digits = arena_print(arena, "%" PRId64, n < 0 ? -n : n);
    char *text = arena_take(arena, 2 * digits.len + 2);
    size_t len = 0;
    if (n < 0)
        text[len++] = '-';
    for (size_t i = 0; i < digits.len; i++) {
        if (i > 0 && (digits.len - i) % 3 == 0)
            text[len++] = ',';
        text[len++] = digits.base[i];
    }
    return (struct slice){text, len};
}

struct slice report_e_value(struct arena *arena, double e)
{
    return arena_print(arena, e < 1e4 ? "%.3f" : "%.3g", e);
}
