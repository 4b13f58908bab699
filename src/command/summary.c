/* Receives decisions one by one, hands on what they add up to, for a person or as JSON. Refuses to
 * know where the tasks come from. */
#include "summary.h"

#include <math.h>

enum table_color summary_rung_color(const struct policy *policy, int rung)
{
    return rung >= policy->top ? TABLE_YELLOW : rung >= policy->middle ? TABLE_PURPLE : TABLE_BLUE;
}

static struct slice money(struct arena *arena, double usd)
{
    if (isnan(usd))
        return slice_from("unknown");
    int digits = fabs(usd) < 0.1 ? 4 : fabs(usd) < 10 ? 3 : 2;
    return arena_print(arena, "$%.*f", digits, usd);
}

struct slice summary_money(struct arena *arena, double usd, bool measured)
{
    struct slice text = money(arena, usd);
    return measured || isnan(usd) ? text : arena_print(arena, "~%.*s", SLICE_ARG(text));
}

struct summary summary_make(struct arena *arena, const struct policy *policy, int cheapest)
{
    size_t n = policy->n_rungs;
    return (struct summary){.policy = policy,
        .cheapest = cheapest,
        .by_rung = ARENA_ARRAY(arena, size_t, n),
        .all_usd = ARENA_ARRAY(arena, double, n),
        .all_assumed = ARENA_ARRAY(arena, bool, n)};
}

static struct slice name_of(const struct summary *summary, int rung)
{
    return summary->policy->rungs[rung].name;
}

void summary_count(struct summary *summary, const struct decision *decision)
{
    summary->decided++;
    summary->warned += decision->n_warnings > 0;
    summary->by_rung[decision->rung]++;
    summary->by_strategy[decision->strategy]++;
    summary->routed_usd += decision->cost_usd.mean;
    summary->routed_assumed = summary->routed_assumed || !decision->cost_measured;
    for (size_t i = 0; i < summary->policy->n_rungs; i++) {
        summary->all_usd[i] += decision->options[i].cost_usd.mean;
        summary->all_assumed[i] = summary->all_assumed[i] || !decision->options[i].measured;
    }
}

static double total_of(const struct summary *summary, int rung)
{
    return summary->all_usd[rung];
}

static void emit_baseline(
    const struct summary *summary, struct arena *arena, struct emit *emit, int rung)
{
    struct slice name = name_of(summary, rung);
    emit_key_slice(emit, arena_print(arena, "all-%.*s", SLICE_ARG(name)));
    emit_usd(emit, total_of(summary, rung));
}

/* The baselines in order, each once: the cheapest rung, the middle, the top. */
static size_t baselines(const struct summary *summary, int rungs[3])
{
    const struct policy *policy = summary->policy;
    const int wanted[3] = {summary->cheapest, policy->middle, policy->top};
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        bool seen = false;
        for (size_t j = 0; j < n; j++)
            seen = seen || rungs[j] == wanted[i];
        if (!seen)
            rungs[n++] = wanted[i];
    }
    return n;
}

void summary_write(const struct summary *summary, struct arena *arena,
    const struct source_counts *counts, struct emit *emit)
{
    int rungs[3];
    size_t n = baselines(summary, rungs);
    emit_open(emit, '{');
    emit_member_int64(emit, "read", (int64_t)counts->read);
    emit_member_int64(emit, "decided", (int64_t)summary->decided);
    emit_key(emit, "skipped");
    emit_open(emit, '{');
    emit_member_int64(emit, "not_open", (int64_t)counts->not_open);
    emit_member_int64(emit, "filtered", (int64_t)counts->filtered);
    emit_member_int64(emit, "tombstone", (int64_t)counts->tombstone);
    emit_member_int64(emit, "memory", (int64_t)counts->memory);
    emit_close(emit, '}');
    emit_member_int64(emit, "bad", (int64_t)counts->bad);
    emit_key(emit, "share");
    emit_open(emit, '{');
    for (size_t i = 0; i < summary->policy->n_rungs; i++) {
        emit_key_slice(emit, name_of(summary, (int)i));
        emit_int64(emit, (int64_t)summary->by_rung[i]);
    }
    emit_close(emit, '}');
    emit_key(emit, "strategy");
    emit_open(emit, '{');
    for (int i = 0; i < DECIDE_STRATEGIES; i++)
        emit_member_int64(
            emit, decide_strategy_name((enum decide_strategy)i), (int64_t)summary->by_strategy[i]);
    emit_close(emit, '}');
    emit_key(emit, "cost");
    emit_open(emit, '{');
    emit_member_usd(emit, "routed", summary->routed_usd);
    for (size_t i = 0; i < n; i++)
        emit_baseline(summary, arena, emit, rungs[i]);
    emit_close(emit, '}');
    emit_member_cstring(emit, "cost_basis", summary->routed_assumed ? "assumed" : "measured");
    emit_close(emit, '}');
    emit_bytes(emit, slice_from("\n"));
}

static void print_shares(const struct summary *summary, struct arena *arena, FILE *out)
{
    static const struct table_column columns[] = {{"rung", false, TABLE_KEEPS},
        {"tasks", true, TABLE_KEEPS}, {"share", true, TABLE_KEEPS}, {"", false, TABLE_SPARE}};
    struct table *table = table_make(out, columns, 4);
    char bar[TABLE_BAR_BYTES];
    for (size_t i = 0; i < summary->policy->n_rungs; i++) {
        if (summary->by_rung[i] == 0)
            continue;
        double share = (double)summary->by_rung[i] / (double)summary->decided;
        table_add_row(table);
        table_set(table, 0, name_of(summary, (int)i), summary_rung_color(summary->policy, (int)i));
        table_set(table, 1, arena_print(arena, "%zu", summary->by_rung[i]), TABLE_PLAIN);
        table_set(table, 2, arena_print(arena, "%.1f %%", 100 * share), TABLE_PLAIN);
        table_set(table, 3, slice_from(table_bar(share, 24, bar)),
            summary_rung_color(summary->policy, (int)i));
    }
    table_print(table);
    table_free(table);
}

static void print_strategies(const struct summary *summary, struct arena *arena, FILE *out)
{
    struct slice text = slice_from("decided by");
    const char *separator = "";
    for (int i = 0; i < DECIDE_STRATEGIES; i++) {
        size_t n = summary->by_strategy[i];
        if (n == 0)
            continue;
        text = arena_print(arena, "%.*s%s %s %zu (%.1f %%)", SLICE_ARG(text), separator,
            decide_strategy_name((enum decide_strategy)i), n,
            100.0 * (double)n / (double)summary->decided);
        separator = ",";
    }
    table_print_text(out, text, 0);
}

/* What the routed cost is to a baseline's: a share saved, or how much dearer. */
static void print_difference(FILE *out, double ratio)
{
    if (isnan(ratio))
        return;
    if (ratio > 2)
        fprintf(out, "  %.1f times as dear", ratio);
    else
        fprintf(out, "  %.1f %% %s", 100 * fabs(ratio - 1), ratio > 1 ? "dearer" : "saved");
}

static void print_costs(const struct summary *summary, struct arena *arena, FILE *out)
{
    int rungs[3];
    size_t n = baselines(summary, rungs);
    bool any_assumed = summary->routed_assumed;
    fprintf(out, "expected cost %.*s\n",
        SLICE_ARG(summary_money(arena, summary->routed_usd, !summary->routed_assumed)));
    for (size_t i = 0; i < n; i++) {
        double other = total_of(summary, rungs[i]);
        bool assumed = summary->all_assumed[rungs[i]];
        any_assumed = any_assumed || assumed;
        struct slice name = arena_print(arena, "all-%.*s", SLICE_ARG(name_of(summary, rungs[i])));
        fprintf(out, "  against %-14.*s %9.*s", SLICE_ARG(name),
            SLICE_ARG(summary_money(arena, other, !assumed)));
        print_difference(out, summary->routed_usd / other);
        fputc('\n', out);
    }
    if (any_assumed)
        table_print_text(out,
            slice_from("~ assumed: the policy's tokens a task x list price, not measured; and "
                       "nothing here says how many of the tasks would be accepted"),
            0);
}

void summary_print(const struct summary *summary, struct arena *arena,
    const struct source_counts *counts, FILE *out)
{
    struct slice text = arena_print(arena, "%zu read, %zu decided", counts->read, summary->decided);
    const struct {
        size_t n;
        const char *what;
    } left_out[] = {{counts->not_open, "not open (--all takes them)"},
        {counts->filtered, "filtered out"}, {counts->tombstone, "deleted"},
        {counts->memory, "no tasks but memories"}, {counts->bad, "unreadable"}};
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
        if (left_out[i].n)
            text = arena_print(
                arena, "%.*s, %zu %s", SLICE_ARG(text), left_out[i].n, left_out[i].what);
    fputc('\n', out);
    table_print_text(out, text, 0);
    if (summary->decided == 0)
        return;
    fputc('\n', out);
    print_shares(summary, arena, out);
    fputc('\n', out);
    print_strategies(summary, arena, out);
    print_costs(summary, arena, out);
    if (summary->warned)
        fprintf(out, "%zu tasks carry a note; --explain shows them\n", summary->warned);
}
