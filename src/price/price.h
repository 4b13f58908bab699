/* price: receives dated price rows and token counts, hands on dollars. Prices are data with an
 * effective date, prompt-length bands and a source; none is a constant of the program's logic. */
#ifndef RUNG_PRICE_PRICE_H
#define RUNG_PRICE_PRICE_H

#include "base/arena.h"
#include "base/failure.h"

enum {
    PRICE_FILE_BYTES_MOST = 1 << 26,
    PRICE_ROWS_MOST = 100000,
    PRICE_MODEL_BYTES_MOST = 256,
    PRICE_USD_MOST = 1000000, /* per million tokens */
    PRICE_BAND_TOKENS_MOST = 1000000000,
};

struct token_counts {
    double input; /* not read from a cache and not written to one */
    double output;
    double cache_read;
    double cache_write_5m, cache_write_1h;
};

/* USD per million tokens, from a day on, for requests whose whole prompt (input + cache read +
 * cache write) is longer than `above_prompt_tokens`. */
struct price_row {
    struct slice model;
    int32_t from_day;           /* days since 1970-01-01 */
    double above_prompt_tokens; /* 0 for the base band */
    double input, output, cache_read, cache_write_5m, cache_write_1h;
    double batch_factor; /* what a batch request costs of the price, 0.5; 1 where none is offered */
    struct slice source; /* where the row comes from, for a person to check */
};

struct price_table {
    const struct price_row *rows; /* sorted by model, day, band */
    size_t n;
};

/* The rows that are built in. */
struct price_table price_builtin(void);

/* The built-in rows with those of the user's own price file before them (a row of the same
 * model, day and band is replaced). `path` NULL or absent: the built-in ones. The rows live in
 * the arena. */
bool price_load(struct arena *arena, const char *path, struct price_table *table,
    struct failure *failure) MUST_USE;

/* Only the rows of the user's own price file; none where there is no such file. */
bool price_load_own(struct arena *arena, const char *path, struct price_table *table,
    struct failure *failure) MUST_USE;

/* The rows of both, those of `first` where they agree in model, day and band. */
struct price_table price_merge(
    struct arena *arena, const struct price_table *first, const struct price_table *second);

/* The rows of a price file's bytes, sorted, without the built-in ones. `name` (the file's) goes
 * into messages. The first row that is wrong is named with its number. */
bool price_parse(struct arena *arena, const char *name, struct slice bytes,
    struct price_table *table, struct failure *failure) MUST_USE;

/* The row that holds for a model on a day: the latest that began by then, of the widest band
 * below `prompt_tokens` (one request's; 0 gives the base band). NULL where the model is not
 * known or had no price yet. A dated snapshot id (claude-haiku-4-5-20251001) finds the row of
 * its undated name. */
const struct price_row *price_find(
    const struct price_table *table, struct slice model, int32_t day, double prompt_tokens);

/* True where the model has more than one band on that day: totals over many requests then do
 * not tell the cost exactly. */
bool price_has_bands(const struct price_table *table, struct slice model, int32_t day);

/* Dollars for one request, or for many of one band. */
double price_cost_usd(const struct price_row *row, const struct token_counts *tokens);

/* What importing a file found. */
struct price_import {
    size_t read, taken, skipped, rejected; /* skipped: not a chat model, or no price */
    struct slice *problems;                /* one sentence a rejected row, in the arena */
    size_t n_problems;
};

/* Counts are of entries (models); an entry with bands gives several rows. `name` (the file's) goes
 * into messages. Reads LiteLLM's model_prices_and_context_window.json into rows that begin on
 * `from_day`. A row must satisfy read <= input <= write 5 m <= write 1 h and hold no negative
 * number; the others are named in `report` and left out. */
bool price_import_litellm(struct arena *arena, const char *name, struct slice bytes,
    int32_t from_day, struct price_table *table, struct price_import *report,
    struct failure *failure) MUST_USE;

/* The rows as the JSON text of a user's price file, which price_load reads. */
struct slice price_write(struct arena *arena, const struct price_table *table);

#endif
