/* make_outcomes N: N experiments as JSONL, the same for the same N, for benches of the ledger.
 * Three rungs, five strategies, 40 labels, a year of days, half of the costs measured. */
#include "record/record.h"

#include <math.h>
#include <stdio.h>

static struct slice pick(struct dice *dice, const char *const *words, size_t n)
{
    return slice_from(words[dice_below(dice, n)]);
}

static struct experiment make(struct dice *dice, struct arena *arena, int64_t i)
{
    static const char *const rungs[] = {"haiku", "haiku", "haiku", "sonnet", "sonnet", "opus"};
    static const char *const strategies[] = {
        "default", "pattern-match", "complexity-label", "explicit-label", "learned"};
    static const char *const projects[] = {"shop", "bank", "site"};
    static const char *const models[] = {"claude-haiku-5-5", "claude-sonnet-5-5"};
    struct experiment e = record_blank();
    e.id = arena_print(arena, "exp_bench_%09lld", (long long)i);
    e.at_ms = 1735689600000 + (int64_t)dice_below(dice, 365) * 86400000 + i;
    e.task_id = arena_print(arena, "task-%lld", (long long)i);
    e.description = slice_from("Add the column that the monthly export of invoices lacks");
    e.rung = e.model_used = pick(dice, rungs, 6);
    e.strategy = pick(dice, strategies, 5);
    e.confidence = 0.5 + dice_unit(dice) / 2;
    e.success = dice_unit(dice) < 0.85 ? RECORD_ACCEPTED : RECORD_FAILED;
    e.cost_usd = -0.05 * log(1 - dice_unit(dice));
    e.cost_source = dice_below(dice, 2) ? RECORD_MEASURED : RECORD_ASSUMED;
    e.outcome_source = dice_below(dice, 2) ? RECORD_TEST : RECORD_USER;
    e.seconds = floor(600 * dice_unit(dice));
    e.project = pick(dice, projects, 3);
    e.decided = pick(dice, models, 2);
    e.labels.items = ARENA_ARRAY(arena, struct slice, 1);
    e.labels.items[0] = arena_print(arena, "label-%d", (int)dice_below(dice, 40));
    e.labels.n = 1;
    return e;
}

int main(int argc, char **argv)
{
    int64_t n = 0;
    struct arena arena = {0};
    struct emit emit = {0};
    struct dice dice = dice_from_seed(1);
    if (argc != 2 || !slice_to_int64(slice_from(argv[1]), &n))
        return 2;
    for (int64_t i = 0; i < n; i++) {
        arena_reset(&arena);
        emit_clear(&emit);
        struct experiment e = make(&dice, &arena, i);
        record_write(&emit, &e);
        emit_bytes(&emit, slice_from("\n"));
        if (fwrite(emit.bytes, 1, emit.len, stdout) != emit.len)
            return 1;
    }
    arena_free(&arena);
    emit_free(&emit);
    return fflush(stdout) == 0 ? 0 : 1;
}
