/* Receives a table of dated rows, a model, a day and token counts; hands on the row that holds
 * and dollars. Refuses to know where rows come from. */
#include "price.h"

#include "rows.h"

#include <math.h>
#include <stdlib.h>

enum { SNAPSHOT_SUFFIX = 9 }; /* "-20251001" */

static int compare_keys(const struct price_row *a, const struct price_row *b)
{
    int order = slice_compare(a->model, b->model);
    if (order)
        return order;
    if (a->from_day != b->from_day)
        return a->from_day < b->from_day ? -1 : 1;
    if (a->above_prompt_tokens < b->above_prompt_tokens)
        return -1;
    return a->above_prompt_tokens > b->above_prompt_tokens;
}

struct ranked {
    struct price_row row;
    size_t rank; /* as given: the first of equal ones is kept */
};

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    int order = compare_keys(&a->row, &b->row);
    if (order)
        return order;
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

size_t price_sort_rows(struct arena *arena, struct price_row *rows, size_t n)
{
    if (n == 0)
        return 0;
    struct ranked *ranked = ARENA_ARRAY(arena, struct ranked, n);
    for (size_t i = 0; i < n; i++)
        ranked[i] = (struct ranked){rows[i], i};
    qsort(ranked, n, sizeof(*ranked), compare_ranked);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || compare_keys(&rows[kept - 1], &ranked[i].row) != 0)
            rows[kept++] = ranked[i].row;
    return kept;
}

bool price_check_row(const struct price_row *row, struct failure *failure)
{
    const struct {
        const char *name;
        double usd;
    } prices[] = {
        {"cache read", row->cache_read},
        {"input", row->input},
        {"cache write 5 m", row->cache_write_5m},
        {"cache write 1 h", row->cache_write_1h},
        {"output", row->output},
    };
    for (size_t i = 0; i < 5; i++)
        if (!(prices[i].usd >= 0 && prices[i].usd <= PRICE_USD_MOST))
            return failure_set(failure,
                "the %s price of %g USD per million tokens is not in 0 … %d", prices[i].name,
                prices[i].usd, PRICE_USD_MOST);
    for (size_t i = 1; i < 4; i++) /* output stands by itself */
        if (prices[i].usd < prices[i - 1].usd)
            return failure_set(failure,
                "the %s price (%g USD per million tokens) is below that of %s (%g)", prices[i].name,
                prices[i].usd, prices[i - 1].name, prices[i - 1].usd);
    if (!(row->above_prompt_tokens >= 0 && row->above_prompt_tokens <= PRICE_BAND_TOKENS_MOST))
        return failure_set(failure, "a band that begins above %g tokens", row->above_prompt_tokens);
    if (!(row->batch_factor > 0 && row->batch_factor <= 1))
        return failure_set(failure, "a batch factor of %g is not in 0 … 1", row->batch_factor);
    if (row->model.len == 0 || row->model.len > PRICE_MODEL_BYTES_MOST)
        return failure_set(failure, "the model's name is empty or too long");
    return true;
}

/* The rows of one model, as a table of their own. */
static struct price_table rows_of(const struct price_table *table, struct slice model)
{
    size_t low = 0, high = table->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(table->rows[middle].model, model) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < table->n && slice_equal(table->rows[end].model, model))
        end++;
    return (struct price_table){table->rows + low, end - low};
}

static bool is_snapshot(struct slice model)
{
    if (model.len <= SNAPSHOT_SUFFIX || model.base[model.len - SNAPSHOT_SUFFIX] != '-')
        return false;
    for (size_t i = model.len - SNAPSHOT_SUFFIX + 1; i < model.len; i++)
        if (model.base[i] < '0' || model.base[i] > '9')
            return false;
    return true;
}

/* The rows of a model, or of the undated name of a snapshot. */
static struct price_table rows_for(const struct price_table *table, struct slice model)
{
    struct price_table found = rows_of(table, model);
    if (found.n == 0 && is_snapshot(model))
        found = rows_of(table, slice_sub(model, 0, model.len - SNAPSHOT_SUFFIX));
    return found;
}

const struct price_row *price_find(
    const struct price_table *table, struct slice model, int32_t day, double prompt_tokens)
{
    struct price_table found = rows_for(table, model);
    for (size_t i = found.n; i-- > 0;) { /* backwards: latest day first, then widest band */
        const struct price_row *row = &found.rows[i];
        if (row->from_day <= day &&
            (row->above_prompt_tokens <= 0 || row->above_prompt_tokens < prompt_tokens))
            return row;
    }
    return NULL;
}

bool price_has_bands(const struct price_table *table, struct slice model, int32_t day)
{
    return price_find(table, model, day, INFINITY) != price_find(table, model, day, 0);
}

double price_cost_usd(const struct price_row *row, const struct token_counts *tokens)
{
    return (tokens->input * row->input + tokens->output * row->output +
               tokens->cache_read * row->cache_read + tokens->cache_write_5m * row->cache_write_5m +
               tokens->cache_write_1h * row->cache_write_1h) /
           1e6;
}
