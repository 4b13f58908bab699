/* Receives suggestions, hands them on as text. */
#include "base/table.h"
#include "base/text.h"
#include "suggest.h"

#include <math.h>

enum { TITLE_COLUMNS = 48 };

static struct slice rate(struct arena *arena, double k, double n)
{
    return n > 0 ? arena_print(arena, "%.0f of %.0f (%.0f %%)", k, n, 100 * k / n)
                 : slice_from("none");
}

static struct slice saving(struct arena *arena, const struct eval_hint *hint)
{
    if (hint->moves == 0 || isnan(hint->saved_usd.mean))
        return slice_from(hint->moves ? "not known" : "");
    if (isnan(hint->saved_usd.low))
        return arena_print(arena, "$%.2f", hint->saved_usd.mean);
    return arena_print(arena, "$%.2f [%.2f, %.2f]", hint->saved_usd.mean, hint->saved_usd.low,
        hint->saved_usd.high);
}

static void print_hints(const struct suggestions *s, FILE *out)
{
    static const struct table_column columns[] = {{"", true, TABLE_KEEPS},
        {"tasks with", false, TABLE_SHRINKS}, {"to", false, TABLE_KEEPS},
        {"accepted there", false, TABLE_KEEPS}, {"on others", false, TABLE_SPARE},
        {"p", true, TABLE_SPARE}, {"would move", true, TABLE_KEEPS},
        {"and save", false, TABLE_SPARE}};
    struct arena *arena = s->arena;
    struct table *table = table_make(out, columns, 8);
    for (size_t i = 0; i < s->n_hints; i++) {
        const struct eval_hint *hint = &s->hints[i];
        table_add_row(table);
        table_set(table, 0, arena_print(arena, "%zu", i + 1), TABLE_DIM);
        table_set(table, 1,
            arena_print(arena, "%s \"%.*s\"", eval_hint_kind_name(hint->kind),
                SLICE_ARG(text_one_line(arena, hint->text, TITLE_COLUMNS))),
            TABLE_BOLD);
        table_set(table, 2, suggest_rung_of(s, hint), hint->to_cheap ? TABLE_GREEN : TABLE_YELLOW);
        table_set(table, 3, rate(arena, hint->held, hint->n), TABLE_PLAIN);
        table_set(table, 4, rate(arena, hint->other_held, hint->other_n), TABLE_PLAIN);
        table_set(table, 5, arena_print(arena, "%.2g", hint->p), TABLE_DIM);
        table_set(table, 6, arena_print(arena, "%zu", hint->moves), TABLE_PLAIN);
        table_set(table, 7, saving(arena, hint), TABLE_PLAIN);
    }
    table_print(table);
    table_free(table);
}

static void print_misrouted(const struct suggestions *s, FILE *out)
{
    static const struct table_column columns[] = {{"task", false, TABLE_SHRINKS},
        {"title", false, TABLE_SHRINKS}, {"", false, TABLE_SHRINKS}};
    struct arena *arena = s->arena;
    struct table *table = table_make(out, columns, 3);
    for (size_t i = 0; i < s->n_misrouted && i < SUGGEST_MISROUTED_SHOWN; i++) {
        const struct misrouted *task = &s->misrouted[i];
        table_add_row(table);
        table_set(table, 0, text_one_line(arena, task->id, 32), TABLE_DIM);
        table_set(table, 1, text_one_line(arena, task->title, TITLE_COLUMNS), TABLE_PLAIN);
        table_set(table, 2, task->why, TABLE_PLAIN);
    }
    table_print(table);
    table_free(table);
}

void suggest_print(const struct suggestions *s, FILE *out)
{
    struct slice cheap = suggest_cheap_name(s);
    fprintf(out, "%zu judged tasks", s->n);
    if (!isnan(s->base_rate))
        fprintf(out, "; first attempts on %.*s are accepted in %.0f %%", SLICE_ARG(cheap),
            100 * s->base_rate);
    fputs("\n\n", out);
    if (s->n_hints == 0) {
        fprintf(out,
            "nothing to suggest: no label and no word of a title goes with the success or failure "
            "of %.*s beyond chance\n",
            SLICE_ARG(cheap));
    } else {
        print_hints(s, out);
        fputc('\n', out);
        table_print_text(out,
            arena_print(s->arena,
                "\"accepted there\": first attempts on %.*s; at most one in ten of these is "
                "expected to be chance. `rung learn --accept 1,2` writes them into the policy.",
                SLICE_ARG(cheap)),
            0);
    }
    if (s->n_misrouted > 0) {
        fprintf(out, "\n%zu tasks began on the wrong rung%s:\n", s->n_misrouted,
            s->n_misrouted > SUGGEST_MISROUTED_SHOWN ? "; the newest" : "");
        print_misrouted(s, out);
    }
}
