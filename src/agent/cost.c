/* agent, cost: receives the tokens that a reader has seen, request by request and in total, hands
 * on dollars by dated prices beside the agent's own figure. Refuses to guess a price band: where
 * only totals are known and they could lie on both sides of a limit, it says so. */
#include "reader.h"

#include "base/clock.h"
#include "base/emit.h"

#include <math.h>
#include <string.h>

static const double COSTS_DIFFER_FROM = 0.02; /* of the larger figure */
static const double COUNTS_AGREE_WITHIN = 0.001;

/* "anthropic/claude-sonnet-4-5[1m]" -> "claude-sonnet-4-5". */
static struct slice bare_model(struct slice model)
{
    for (size_t i = model.len; i-- > 0;)
        if (model.base[i] == '/') {
            model = slice_sub(model, i + 1, model.len);
            break;
        }
    return slice_sub(model, 0, slice_find_byte(model, '['));
}

static bool is_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.base[i] < '0' || s.base[i] > '9')
            return false;
    return s.len > 0;
}

/* True where `name` stands in the id as a word of its own, between "-". */
static bool has_word(struct slice id, struct slice name)
{
    struct slice word;
    while (slice_next_field(&id, '-', &word))
        if (slice_equal_caseless(word, name))
            return true;
    return false;
}

bool agent_is_model(struct slice decided, struct slice served)
{
    decided = bare_model(decided);
    served = bare_model(served);
    if (slice_equal(decided, served))
        return true;
    struct slice longer = decided.len > served.len ? decided : served;
    struct slice shorter = decided.len > served.len ? served : decided;
    if (longer.len == shorter.len + 9 && shorter.len &&
        slice_equal(slice_sub(longer, 0, shorter.len), shorter) && longer.base[shorter.len] == '-')
        return is_digits(slice_sub(longer, shorter.len + 1, longer.len));
    return decided.len && slice_find_byte(decided, '-') == SIZE_MAX && has_word(served, decided);
}

/* ---- prices ---- */

static double prompt_of(const struct token_counts *tokens)
{
    return tokens->input + tokens->cache_read + tokens->cache_write_5m + tokens->cache_write_1h;
}

static bool has_own_price(const struct agent_setup *setup, struct slice model)
{
    return setup->rung->has_price && agent_is_model(setup->rung->model, model);
}

static const struct price_row *find_price(
    const struct agent_setup *setup, struct slice model, double prompt_tokens)
{
    if (has_own_price(setup, model))
        return &setup->rung->price;
    const struct price_row *row = price_find(setup->prices, model, setup->day, prompt_tokens);
    return row ? row : price_find(setup->prices, bare_model(model), setup->day, prompt_tokens);
}

static bool has_bands(const struct agent_setup *setup, struct slice model)
{
    return !has_own_price(setup, model) &&
           (price_has_bands(setup->prices, model, setup->day) ||
               price_has_bands(setup->prices, bare_model(model), setup->day));
}

double cost_of_request(const struct agent_setup *setup, struct slice model,
    const struct token_counts *tokens, bool *is_known)
{
    const struct price_row *row = find_price(setup, model, prompt_of(tokens));
    *is_known = row != NULL;
    return row ? price_cost_usd(row, tokens) : 0;
}

/* ---- the requests of one model, added up ---- */

struct sums {
    struct token_counts tokens;
    size_t n_requests, n;         /* n: with a known price */
    double input_usd, output_usd; /* each request in its own band */
    const struct price_row *row;  /* of the first */
    bool one_band;
};

static void add_request_to(const struct agent_setup *setup, struct slice model,
    const struct request *request, struct sums *sums)
{
    const struct token_counts *tokens = &request->tokens;
    sums->n_requests++;
    sums->tokens.input += tokens->input;
    sums->tokens.output += tokens->output;
    sums->tokens.cache_read += tokens->cache_read;
    sums->tokens.cache_write_5m += tokens->cache_write_5m;
    sums->tokens.cache_write_1h += tokens->cache_write_1h;
    const struct price_row *row = find_price(setup, model, prompt_of(tokens));
    if (!row)
        return;
    struct token_counts output = {.output = tokens->output};
    sums->output_usd += price_cost_usd(row, &output);
    sums->input_usd += price_cost_usd(row, tokens) - price_cost_usd(row, &output);
    sums->one_band = sums->one_band && (!sums->row || sums->row == row);
    if (!sums->row)
        sums->row = row;
    sums->n++;
}

static struct sums sum_requests(const struct agent_reader *reader, size_t model)
{
    struct sums sums = {.one_band = true};
    for (size_t i = 0; i < reader->n_requests; i++)
        if (reader->requests[i].model == model)
            add_request_to(&reader->setup, kept_slice(&reader->uses[model].model),
                &reader->requests[i], &sums);
    return sums;
}

static bool counts_agree(double a, double b)
{
    return fabs(a - b) <= COUNTS_AGREE_WITHIN * fmax(a, b);
}

static double writes_of(const struct token_counts *tokens)
{
    return tokens->cache_write_5m + tokens->cache_write_1h;
}

/* Claude Code's totals do not tell for how long a cache was written; its requests do. */
static struct token_counts split_writes(struct token_counts total, const struct token_counts *seen)
{
    double writes = writes_of(&total), share = writes_of(seen);
    if (writes > 0 && share > 0 && total.cache_write_1h <= 0) {
        total.cache_write_1h = writes * seen->cache_write_1h / share;
        total.cache_write_5m = writes - total.cache_write_1h;
    }
    return total;
}

/* Totals whose requests may lie in several bands. */
static double reckon_banded(const struct agent_setup *setup, struct slice model,
    const struct token_counts *total, const struct sums *sums, bool *band_unknown)
{
    const struct price_row *base = find_price(setup, model, 0);
    bool none_is_longer = find_price(setup, model, prompt_of(total)) == base;
    if (none_is_longer)
        return price_cost_usd(base, total);
    bool seen_all = sums->n > 0 && counts_agree(sums->tokens.input, total->input) &&
                    counts_agree(sums->tokens.cache_read, total->cache_read) &&
                    counts_agree(writes_of(&sums->tokens), writes_of(total));
    if (seen_all && sums->one_band)
        return price_cost_usd(sums->row, total);
    if (seen_all && counts_agree(sums->tokens.output, total->output))
        return sums->input_usd + sums->output_usd;
    *band_unknown = true;
    if (seen_all && sums->tokens.output > 0)
        return sums->input_usd + sums->output_usd * total->output / sums->tokens.output;
    return price_cost_usd(base, total);
}

static struct agent_use reckon_use(
    struct agent_reader *reader, struct arena *arena, size_t i, struct sums *sums)
{
    const struct own_use *own = &reader->uses[i];
    *sums = sum_requests(reader, i);
    struct agent_use use = {.model = arena_copy(arena, kept_slice(&own->model)),
        .tokens = own->has_totals ? split_writes(own->tokens, &sums->tokens) : sums->tokens,
        .own_usd = own->own_usd,
        .reckoned_usd = NAN};
    const struct price_row *row = find_price(&reader->setup, use.model, 0);
    if (!row)
        return use;
    bool has_requests_alone = !own->has_totals && !reader->requests_cut;
    if (!has_bands(&reader->setup, use.model))
        use.reckoned_usd = price_cost_usd(row, &use.tokens);
    else if (has_requests_alone)
        use.reckoned_usd = sums->input_usd + sums->output_usd;
    else
        use.reckoned_usd =
            reckon_banded(&reader->setup, use.model, &use.tokens, sums, &use.band_unknown);
    return use;
}

/* Claude Code books everything on the model that was asked for, whatever answered. Where requests
 * name a model that its totals do not, they move there from the total of the decided model; their
 * part of the output, which requests tell too low, is that of their number. */
static void move_totals(struct agent_reader *reader, size_t from, size_t to)
{
    struct own_use *asked = &reader->uses[from], *answered = &reader->uses[to];
    struct sums of_asked = sum_requests(reader, from), moved = sum_requests(reader, to);
    struct token_counts *total = &asked->tokens;
    answered->has_totals = true;
    if (of_asked.n_requests == 0) {
        answered->tokens = *total;
        *total = (struct token_counts){0};
        return;
    }
    double share = (double)moved.n_requests / (double)(moved.n_requests + of_asked.n_requests);
    answered->tokens = moved.tokens;
    answered->tokens.output = total->output * share;
    total->output -= answered->tokens.output;
    total->input = fmax(0, total->input - moved.tokens.input);
    total->cache_read = fmax(0, total->cache_read - moved.tokens.cache_read);
    total->cache_write_5m = fmax(0, total->cache_write_5m - moved.tokens.cache_write_5m);
    total->cache_write_1h = fmax(0, total->cache_write_1h - moved.tokens.cache_write_1h);
}

static void book_on_who_answered(struct agent_reader *reader)
{
    size_t asked = SIZE_MAX;
    for (size_t i = 0; i < reader->n_uses; i++)
        if (reader->uses[i].has_totals &&
            (asked == SIZE_MAX ||
                agent_is_model(reader->setup.rung->model, kept_slice(&reader->uses[i].model))))
            asked = i;
    for (size_t i = 0; i < reader->n_uses && asked != SIZE_MAX; i++)
        if (!reader->uses[i].has_totals && sum_requests(reader, i).n_requests > 0)
            move_totals(reader, asked, i);
}

/* ---- as JSON ---- */

static void write_row(struct emit *out, struct slice model, const struct price_row *row)
{
    char day[CLOCK_DAY_BYTES];
    emit_open(out, '{');
    emit_member_text(out, "model", model);
    emit_member_cstring(out, "from", clock_format_day(row->from_day, day));
    if (row->above_prompt_tokens > 0)
        emit_member_double(out, "above", row->above_prompt_tokens);
    emit_member_double(out, "input", row->input);
    emit_member_double(out, "output", row->output);
    emit_member_double(out, "cacheRead", row->cache_read);
    emit_member_double(out, "cacheWrite5m", row->cache_write_5m);
    emit_member_double(out, "cacheWrite1h", row->cache_write_1h);
    emit_close(out, '}');
}

static struct slice write_prices(
    const struct agent_setup *setup, struct arena *arena, const struct agent_result *result)
{
    struct emit out = {0};
    emit_open(&out, '[');
    for (size_t i = 0; i < result->n_uses; i++) {
        const struct price_row *row = find_price(setup, result->uses[i].model, 0);
        if (row)
            write_row(&out, result->uses[i].model, row);
        const struct price_row *longer =
            find_price(setup, result->uses[i].model, prompt_of(&result->uses[i].tokens));
        if (longer && longer != row)
            write_row(&out, result->uses[i].model, longer);
    }
    emit_close(&out, ']');
    struct slice text = arena_copy(arena, emit_slice(&out));
    emit_free(&out);
    return text;
}

/* ---- all of it ---- */

static void add_use(struct agent_result *result, const struct agent_use *use)
{
    result->tokens.input += use->tokens.input;
    result->tokens.output += use->tokens.output;
    result->tokens.cache_read += use->tokens.cache_read;
    result->tokens.cache_write_5m += use->tokens.cache_write_5m;
    result->tokens.cache_write_1h += use->tokens.cache_write_1h;
    result->reckoned_usd += use->reckoned_usd;
    result->band_unknown = result->band_unknown || use->band_unknown;
}

static bool is_empty_use(const struct agent_use *use)
{
    return prompt_of(&use->tokens) <= 0 && use->tokens.output <= 0;
}

static void compare_costs(struct arena *arena, struct agent_result *result)
{
    double own = result->own_usd, reckoned = result->reckoned_usd;
    if (isnan(own) || isnan(reckoned))
        return;
    double difference = fabs(own - reckoned);
    result->costs_differ =
        difference > COSTS_DIFFER_FROM * fmax(own, reckoned) && difference > 1e-6;
    if (result->costs_differ)
        result_warn(arena, result,
            "the agent says that it cost $%.6f, tokens and prices give $%.6f%s", own, reckoned,
            result->band_unknown ? " (in the lowest price band)" : "");
}

static void warn_prices(struct arena *arena, struct agent_result *result)
{
    for (size_t i = 0; i < result->n_uses; i++) {
        if (isnan(result->uses[i].reckoned_usd))
            result_warn(arena, result, "no price is known for model %.*s",
                SLICE_ARG(result->uses[i].model));
        if (result->uses[i].band_unknown)
            result_warn(arena, result,
                "model %.*s costs more for long prompts, and totals do not tell which were long: "
                "its price band is unknown",
                SLICE_ARG(result->uses[i].model));
    }
}

void cost_reckon(struct agent_reader *reader, struct arena *arena, struct agent_result *result)
{
    result->uses = ARENA_ARRAY(arena, struct agent_use, reader->n_uses + 1);
    result->reckoned_usd = 0;
    book_on_who_answered(reader);
    for (size_t i = 0; i < reader->n_uses; i++) {
        struct sums sums;
        struct agent_use use = reckon_use(reader, arena, i, &sums);
        if (is_empty_use(&use))
            continue;
        add_use(result, &use);
        result->uses[result->n_uses++] = use;
    }
    result->has_tokens = result->n_uses > 0;
    if (!result->has_tokens)
        result->reckoned_usd = NAN;
    result->own_usd = reader->own_usd;
    /* The agent's own figure is of the model that was asked for, and 0 where it knows no price. */
    bool own_is_wrong = result->is_mismatch || !(result->own_usd > 0);
    result->cost_usd =
        own_is_wrong && !isnan(result->reckoned_usd) ? result->reckoned_usd : result->own_usd;
    result->prices = write_prices(&reader->setup, arena, result);
    if (reader->requests_cut)
        result_warn(arena, result, "more than %d requests: the later ones were not counted singly",
            AGENT_REQUESTS_MOST);
    warn_prices(arena, result);
    compare_costs(arena, result);
}
