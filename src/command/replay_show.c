/* Receives a replayed ledger, hands it on as tables. */
#include "replay_show.h"
#include "base/log.h"
#include "base/table.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>

enum { TITLE_COLUMNS = 56 };

static void print_moves(const struct replayed *replayed, FILE *out)
{
    static const struct table_column columns[] = {{"from", false, TABLE_KEEPS},
        {"to", false, TABLE_KEEPS}, {"tasks", true, TABLE_KEEPS}, {"tried", true, TABLE_KEEPS},
        {"", false, TABLE_SPARE}};
    struct arena *arena = replayed->arena;
    struct table *table = table_make(out, columns, 5);
    char bar[TABLE_BAR_BYTES];
    size_t n;
    const struct replay_move *moves = replay_moves(replayed, &n);
    for (size_t i = 0; i < n; i++) {
        table_add_row(table);
        table_set(table, 0, replay_action_name(replayed, moves[i].from), TABLE_PLAIN);
        table_set(table, 1, replay_action_name(replayed, moves[i].to), TABLE_BOLD);
        table_set(table, 2, arena_print(arena, "%zu", moves[i].tasks), TABLE_PLAIN);
        table_set(table, 3, arena_print(arena, "%zu", moves[i].tried), TABLE_DIM);
        double share = (double)moves[i].tasks / (double)(replayed->n - replayed->forced);
        table_set(table, 4, slice_from(table_bar(share, 24, bar)), TABLE_BLUE);
    }
    if (n > 0)
        table_print(table);
    table_free(table);
}

static void print_tasks(const struct replayed *replayed, FILE *out)
{
    static const struct table_column columns[] = {{"task", false, TABLE_SHRINKS},
        {"title", false, TABLE_SHRINKS}, {"from", false, TABLE_KEEPS}, {"to", false, TABLE_KEEPS},
        {"", false, TABLE_SHRINKS}};
    struct arena *arena = replayed->arena;
    struct table *table = table_make(out, columns, 5);
    for (size_t i = 0; i < replayed->n; i++) {
        const struct replay_row *row = &replayed->rows[i];
        if (!row->moved)
            continue;
        table_add_row(table);
        table_set(table, 0, text_one_line(arena, row->id, 32), TABLE_DIM);
        table_set(table, 1, text_one_line(arena, row->title, TITLE_COLUMNS), TABLE_PLAIN);
        table_set(table, 2, replay_action_name(replayed, row->from), TABLE_PLAIN);
        table_set(table, 3, replay_action_name(replayed, row->to), TABLE_BOLD);
        table_set(table, 4, text_one_line(arena, row->why, 0), TABLE_DIM);
    }
    table_print(table);
    table_free(table);
}

struct style {
    const char *before, *after;
    double scale;
    int digits;
};

static const struct style PERCENT = {"", " %", 100, 1}, DOLLARS = {"$", "", 1, 4};

static struct slice mean_text(struct arena *arena, struct style style, double mean)
{
    return arena_print(
        arena, "%s%.*f%s", style.before, style.digits, style.scale * mean, style.after);
}

static struct slice interval_text(struct arena *arena, struct style style, struct interval interval)
{
    return arena_print(arena, "%.*s [%.*f, %.*f]",
        SLICE_ARG(mean_text(arena, style, interval.mean)), style.digits, style.scale * interval.low,
        style.digits, style.scale * interval.high);
}

static void print_figure(const struct replayed *replayed, FILE *out, const char *title,
    struct style style, const struct eval_replay *figure)
{
    struct arena *arena = replayed->arena;
    enum { INDENT = 23 };
    struct slice why_not = replay_why_not(replayed, figure);
    fprintf(out, "\n%s, of %zu decision%s", title, figure->n, figure->n == 1 ? "" : "s");
    if (figure->n > 0)
        fprintf(out, " (effective sample size of the estimate %.0f)", figure->effective_n);
    fputc('\n', out);
    if (figure->n > 0)
        fprintf(out, "  as it was            %.*s\n",
            SLICE_ARG(interval_text(arena, style, figure->logged)));
    if (why_not.len) {
        fprintf(out, "  %-*s", INDENT - 2, "by the new policy");
        table_print_text(out, why_not, INDENT);
    } else {
        fprintf(out, "  without exploration  %.*s\n",
            SLICE_ARG(interval_text(arena, style, figure->unexplored)));
        fprintf(out, "  by the new policy    %.*s\n",
            SLICE_ARG(interval_text(arena, style, figure->replayed)));
        struct style change = style;
        change.after = style.scale > 1 ? " points" : "";
        fprintf(out, "  change               %.*s",
            SLICE_ARG(interval_text(arena, change, figure->change)));
        if (style.scale > 1) /* points of a rate say enough */
            fputc('\n', out);
        else
            fprintf(out, ", %.*s\n", SLICE_ARG(interval_text(arena, PERCENT, figure->relative)));
    }
    if (isnan(figure->naive.mean))
        return;
    fprintf(out, "  %-*s", INDENT - 2, "naive");
    table_print_text(out,
        arena_print(arena,
            "%.*s: the mean where both happen to agree, which is biased by whatever the ledger's "
            "policy chose by; not to be relied on",
            SLICE_ARG(mean_text(arena, style, figure->naive.mean))),
        INDENT);
}

static void print_expected(const struct replayed *replayed, FILE *out)
{
    double n = (double)replayed->expected_n, from = replayed->expected_from_usd / n,
           to = replayed->expected_to_usd / n;
    const char *mark = replayed->expected_is_assumed ? "~" : "";
    if (replayed->expected_n == 0)
        return;
    fprintf(out,
        "\nexpected cost of the starts: %s$%.4f a task, by the new policy %s$%.4f (%+.1f %%)\n",
        mark, from, mark, to, 100 * (to / from - 1));
}

static void warn(const struct replayed *replayed)
{
    if (replayed->hashed)
        log_warning("the ledger keeps no text of %zu tasks (keep_text: false): patterns are silent "
                    "on them",
            replayed->hashed);
    if (replayed->unsound)
        log_warning("%zu decisions have propensities that do not add up or miss the rung that was "
                    "started: the estimates leave them out",
            replayed->unsound);
    if (replayed->unjudged)
        log_warning("nobody verified %zu of the outcomes", replayed->unjudged);
    if (replayed->assumed)
        log_warning("%zu of the costs are assumed, not measured", replayed->assumed);
}

void replay_print(const struct replayed *replayed, bool show, FILE *out)
{
    size_t decisions = replayed->n - replayed->forced;
    warn(replayed);
    fprintf(out, "%zu decisions replayed by %s: %zu move%s", decisions,
        replayed->policy.path ? replayed->policy.path : "the built-in policy", replayed->moves,
        replayed->moves == 1 ? "" : "s");
    if (decisions > 0)
        fprintf(out, " (%.1f %%)", 100.0 * (double)replayed->moves / (double)decisions);
    fputc('\n', out);
    if (replayed->forced)
        fprintf(out, "%zu more were forced by a person and stay\n", replayed->forced);
    if (replayed->explored)
        fprintf(out,
            "%zu were explored away from what the ledger's policy preferred: moves are counted "
            "from what it preferred\n",
            replayed->explored);
    if (replayed->moves) {
        fputc('\n', out);
        print_moves(replayed, out);
    }
    if (show && replayed->moves) {
        fputc('\n', out);
        print_tasks(replayed, out);
    }
    print_figure(replayed, out, "success", PERCENT, &replayed->success);
    print_figure(replayed, out, "cost a task", DOLLARS, &replayed->cost);
    print_expected(replayed, out);
}
