/* The prices that are built in: a constant table, each row with the day from which it holds and
 * the place it was read from. Refuses to know what a user's own file says. */
#include "price.h"

/* Days since 1970-01-01. RELEASE stands where the source gives a price but not the day it began:
 * it holds since the model exists. */
enum {
    RELEASE = 0,
    OCTOBER_2025 = 20362, /* 2025-10-01 */
    JULY_24 = 20658,      /* 2026 */
    SEPTEMBER_22 = 20718,
    SEPTEMBER_28 = 20724,
    OCTOBER_7 = 20733,
    NOVEMBER_9 = 20766,
};

static const char CATALOGUE[] =
    "catalogue of Claude Code 2.1.330 (2026-11-20), cross-checked with Anthropic's pricing page";
static const char CATALOGUE_UNDATED[] =
    "catalogue of Claude Code 2.1.330 (2026-11-20); the day it began is not recorded";
static const char RELEASE_NOTES[] =
    "release notes of claudit 1.9.2 (2026-10-24): the cache read price until 7 October 2026";

#define ROW(model_id, day, above, in, out, read, write_5m, write_1h, from)                         \
    {                                                                                              \
        .model = SLICE(model_id), .from_day = (day), .above_prompt_tokens = (above),               \
        .input = (in), .output = (out), .cache_read = (read), .cache_write_5m = (write_5m),        \
        .cache_write_1h = (write_1h), .batch_factor = 0.5, .source = SLICE(from)                   \
    }

/* Sorted by model, day, band: price_find searches it. USD per million tokens. */
static const struct price_row ROWS[] = {
    ROW("claude-fable-5-1", RELEASE, 0, 10, 50, 0.25, 12.5, 20, CATALOGUE_UNDATED),
    ROW("claude-fable-5-2", NOVEMBER_9, 0, 8, 40, 0.20, 10, 16, CATALOGUE),
    ROW("claude-haiku-4-5", OCTOBER_2025, 0, 1, 5, 0.10, 1.25, 2, CATALOGUE),
    ROW("claude-haiku-5-5", OCTOBER_7, 0, 0.10, 0.50, 0.01, 0.125, 0.20, CATALOGUE),
    ROW("claude-haiku-5-5", OCTOBER_7, 100000, 0.50, 2.50, 0.05, 0.625, 1.00, CATALOGUE),
    ROW("claude-opus-4-5", RELEASE, 0, 5, 25, 0.50, 6.25, 10, CATALOGUE_UNDATED),
    ROW("claude-opus-4-6", RELEASE, 0, 5, 25, 0.50, 6.25, 10, CATALOGUE_UNDATED),
    ROW("claude-opus-4-7", RELEASE, 0, 5, 25, 0.50, 6.25, 10, CATALOGUE_UNDATED),
    ROW("claude-opus-4-8", RELEASE, 0, 5, 25, 0.50, 6.25, 10, CATALOGUE_UNDATED),
    ROW("claude-opus-5", JULY_24, 0, 5, 25, 0.50, 6.25, 10, CATALOGUE),
    ROW("claude-opus-5-5", SEPTEMBER_22, 0, 4, 20, 0.20, 5, 8, CATALOGUE),
    ROW("claude-sonnet-4-5", RELEASE, 0, 3, 15, 0.30, 3.75, 6, CATALOGUE_UNDATED),
    ROW("claude-sonnet-4-6", RELEASE, 0, 3, 15, 0.30, 3.75, 6, CATALOGUE_UNDATED),
    ROW("claude-sonnet-5", RELEASE, 0, 2, 10, 0.20, 2.5, 4, CATALOGUE_UNDATED),
    ROW("claude-sonnet-5-5", SEPTEMBER_28, 0, 2, 10, 0.20, 2.5, 4, RELEASE_NOTES),
    ROW("claude-sonnet-5-5", OCTOBER_7, 0, 2, 10, 0.10, 2.5, 4, CATALOGUE),
};

struct price_table price_builtin(void)
{
    return (struct price_table){ROWS, sizeof(ROWS) / sizeof(ROWS[0])};
}
