/* prices: shows the dated price table and takes others' rows into it. */
#include "commands.h"

#include "base/clock.h"
#include "base/emit.h"
#include "base/file.h"
#include "base/log.h"
#include "base/table.h"
#include "base/text.h"
#include "workspace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRICES_DATE, PRICES_HISTORY, PRICES_MODEL, PRICES_JSON, PRICES_POLICY };

static const struct option_row OPTIONS[] = {
    {"date", OPTION_TEXT, "YYYY-MM-DD", "the prices of that day; for import, the day they begin"},
    {"history", OPTION_FLAG, NULL, "every row, those before and after the day too"},
    {"model", OPTION_TEXT, "GLOB", "only models that match"},
    JSON_OPTION,
    {"policy", OPTION_TEXT, "FILE", "only the models of this policy's ladder, at its own prices"},
};

static bool is_shown(
    struct call *call, const struct price_table *table, const struct price_row *row, int32_t day)
{
    const struct option_value *model = &call->options[PRICES_MODEL];
    if (model->given && !slice_glob(row->model, model->text))
        return false;
    if (call->options[PRICES_HISTORY].given)
        return true;
    /* the row that a prompt just beyond its band's border would pay */
    return price_find(table, row->model, day, row->above_prompt_tokens + 1) == row;
}

static void write_row(struct emit *emit, const struct price_row *row)
{
    char day[CLOCK_DAY_BYTES];
    emit_open(emit, '{');
    emit_member_text(emit, "model", row->model);
    emit_member_cstring(emit, "from", clock_format_day(row->from_day, day));
    emit_member_double(emit, "above_prompt_tokens", row->above_prompt_tokens);
    emit_member_usd(emit, "input", row->input);
    emit_member_usd(emit, "output", row->output);
    emit_member_usd(emit, "cache_read", row->cache_read);
    emit_member_usd(emit, "cache_write_5m", row->cache_write_5m);
    emit_member_usd(emit, "cache_write_1h", row->cache_write_1h);
    emit_member_usd(emit, "batch_factor", row->batch_factor);
    emit_member_text(emit, "source", row->source);
    emit_close(emit, '}');
    emit_bytes(emit, slice_from("\n"));
}

static struct slice price_text(struct arena *arena, double usd)
{
    char text[JSON_NUMBER_BYTES];
    size_t n = json_format_double(round(usd * 1e6) / 1e6, text);
    return arena_copy(arena, (struct slice){text, n});
}

static void add_row(struct call *call, struct table *table, const struct price_row *row)
{
    struct arena *arena = call->arena;
    char day[CLOCK_DAY_BYTES];
    const double prices[] = {
        row->input, row->output, row->cache_read, row->cache_write_5m, row->cache_write_1h};
    table_add_row(table);
    table_set(table, 0, text_one_line(arena, row->model, 40), TABLE_BOLD);
    table_set(table, 1,
        row->above_prompt_tokens > 0
            ? arena_print(arena, "> %.0fk", row->above_prompt_tokens / 1000)
            : slice_from(""),
        TABLE_PLAIN);
    for (size_t i = 0; i < 5; i++)
        table_set(table, 2 + i, price_text(arena, prices[i]), TABLE_PLAIN);
    table_set(table, 7, arena_print(arena, "%.0f %%", 100 * row->batch_factor), TABLE_PLAIN);
    table_set(table, 8, slice_from(clock_format_day(row->from_day, day)), TABLE_DIM);
    table_set(table, 9, text_one_line(arena, row->source, 0), TABLE_DIM);
}

static int show_prices(struct call *call, const struct price_table *prices, int32_t day)
{
    static const struct table_column columns[] = {{"model", false, TABLE_KEEPS},
        {"prompt", true, TABLE_KEEPS}, {"input", true, TABLE_KEEPS}, {"output", true, TABLE_KEEPS},
        {"read", true, TABLE_KEEPS}, {"write 5m", true, TABLE_SPARE},
        {"write 1h", true, TABLE_SPARE}, {"batch", true, TABLE_SPARE}, {"from", false, TABLE_SPARE},
        {"source", false, TABLE_SHRINKS_SPARE}};
    bool to_json = call->options[PRICES_JSON].given;
    struct table *table = to_json ? NULL : table_make(call->out, columns, 10);
    struct emit emit = {0};
    for (size_t i = 0; i < prices->n; i++) {
        if (!is_shown(call, prices, &prices->rows[i], day))
            continue;
        if (to_json)
            write_row(&emit, &prices->rows[i]);
        else
            add_row(call, table, &prices->rows[i]);
    }
    if (to_json) {
        fwrite(emit.bytes ? emit.bytes : "", 1, emit.len, call->out);
    } else {
        char text[CLOCK_DAY_BYTES];
        fprintf(call->out, "USD per million tokens on %s\n\n", clock_format_day(day, text));
        table_print(table);
    }
    table_free(table);
    emit_free(&emit);
    return EXIT_DONE;
}

/* True where the row is of the rung's model, or of the undated name of a dated one. */
static bool is_of(
    const struct policy_rung *rung, const struct price_row *row, const struct price_table *prices)
{
    const struct price_row *found = price_find(prices, rung->model, INT32_MAX, 0);
    return found && slice_equal(found->model, row->model);
}

/* What the ladder's models cost: a price in the policy itself goes before the table's. */
static bool keep_ladder(struct call *call, struct price_table *prices, struct failure *failure)
{
    struct arena *arena = call->arena;
    struct policy policy;
    const char *path = arena_text(arena, call->options[PRICES_POLICY].text);
    if (!policy_find(arena, path, NULL, &policy, NULL, failure))
        return false;
    struct price_row *own_rows = ARENA_ARRAY(arena, struct price_row, policy.n_rungs),
                     *other_rows = ARENA_ARRAY(arena, struct price_row, prices->n);
    struct price_table own = {own_rows, 0}, others = {other_rows, 0};
    for (size_t i = 0; i < policy.n_rungs; i++)
        if (policy.rungs[i].has_price)
            own_rows[own.n++] = policy.rungs[i].price;
    for (size_t i = 0; i < prices->n; i++) {
        bool listed = false, priced = false;
        for (size_t rung = 0; rung < policy.n_rungs; rung++)
            if (is_of(&policy.rungs[rung], &prices->rows[i], prices)) {
                listed = true;
                priced = priced || policy.rungs[rung].has_price;
            }
        if (listed && !priced)
            other_rows[others.n++] = prices->rows[i];
    }
    *prices = price_merge(arena, &own, &others);
    return true;
}

/* Other people's rows are kept in this user's price file, beside those imported before. */
static bool import_prices(struct call *call, const char *name, int32_t day, struct failure *failure)
{
    struct arena *arena = call->arena;
    const char *path = workspace_price_path(arena);
    struct file_bytes file;
    struct price_table own, imported = {0};
    struct price_import report = {0};
    if (!path)
        return failure_set(
            failure, "no place for your prices: neither HOME nor XDG_CONFIG_HOME is set");
    if (!file_open(name, PRICE_FILE_BYTES_MOST, &file, failure))
        return false;
    bool ok = price_import_litellm(arena, name, file.bytes, day, &imported, &report, failure);
    file_close(&file);
    if (!ok)
        return false;
    for (size_t i = 0; i < report.n_problems; i++)
        log_warning("%.*s", SLICE_ARG(report.problems[i]));
    if (!price_load_own(arena, path, &own, failure))
        return false;
    struct price_table merged = price_merge(arena, &imported, &own);
    ok = file_make_directories(file_directory(arena, path), 0700, failure) &&
         file_replace(path, price_write(arena, &merged), 0644, failure);
    if (ok)
        fprintf(call->out,
            "%zu read, %zu taken, %zu without a token price, %zu rejected; kept in %s\n",
            report.read, report.taken, report.skipped, report.rejected, path);
    return ok;
}

static int run_prices(struct call *call)
{
    struct failure failure = {0};
    struct price_table prices;
    int32_t day = clock_day_from_ms(clock_now_ms());
    const struct option_value *date = &call->options[PRICES_DATE];
    if (date->given && !clock_parse_day(date->text, &day)) {
        log_error("--date wants a day such as 2026-11-22, not \"%.*s\"", SLICE_ARG(date->text));
        return EXIT_USAGE;
    }
    if (call->n_words > 0) {
        if (call->n_words != 2 || !slice_is(call->words[0], "import")) {
            log_error("usage: rung prices, or rung prices import FILE");
            return EXIT_USAGE;
        }
        if (import_prices(call, arena_text(call->arena, call->words[1]), day, &failure))
            return EXIT_DONE;
    } else if (price_load(call->arena, workspace_price_path(call->arena), &prices, &failure) &&
               (!call->options[PRICES_POLICY].given || keep_ladder(call, &prices, &failure))) {
        return show_prices(call, &prices, day);
    }
    log_error("%s", failure.text);
    return EXIT_BROKEN;
}

const struct command_row COMMAND_PRICES = {
    .name = "prices",
    .words = "[import FILE]",
    .words_most = 2,
    .summary = "Show the dated price table, or import LiteLLM's.",
    .details =
        "Prices are USD per million tokens, each row with the day from which it holds and its "
        "source. `rung prices import FILE` takes LiteLLM's model_prices_and_context_window.json "
        "into your own price file; a row where read <= input <= write 5m <= write 1h does not hold "
        "is named and left out.",
    .examples = "  rung prices --model 'claude-*' --date 2026-10-06\n"
                "  rung prices import model_prices_and_context_window.json\n",
    .options = OPTIONS,
    .n_options = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
    .run = run_prices,
};
