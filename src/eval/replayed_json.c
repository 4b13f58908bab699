/* Receives a replayed ledger, hands it on as JSON. */
#include "replayed.h"

#include <stdlib.h>

static int compare_moves(const void *a, const void *b)
{
    const struct replay_move *x = a, *y = b;
    if (x->tasks != y->tasks)
        return x->tasks > y->tasks ? -1 : 1;
    return x->from != y->from ? (x->from > y->from) - (x->from < y->from)
                              : (x->to > y->to) - (x->to < y->to);
}

/* Moves by where from and where to, the most frequent first. */
struct replay_move *replay_moves(const struct replayed *replayed, size_t *n)
{
    size_t size = replayed->n_actions;
    struct replay_move *moves = ARENA_ARRAY(replayed->arena, struct replay_move, size * size);
    for (size_t i = 0; i < replayed->n; i++) {
        const struct replay_row *row = &replayed->rows[i];
        if (!row->moved)
            continue;
        struct replay_move *move = &moves[row->from * size + row->to];
        move->from = row->from;
        move->to = row->to;
        move->tasks++;
        move->tried += row->taken == row->to;
    }
    qsort(moves, size * size, sizeof(*moves), compare_moves);
    for (*n = 0; *n < size * size && moves[*n].tasks > 0;)
        (*n)++;
    return moves;
}

void replay_write_tasks(const struct replayed *replayed, struct emit *emit)
{
    for (size_t i = 0; i < replayed->n; i++) {
        const struct replay_row *row = &replayed->rows[i];
        if (!row->moved)
            continue;
        emit_open(emit, '{');
        emit_member_text(emit, "task", row->id);
        emit_member_text(emit, "title", row->title);
        emit_member_text(emit, "from", replayed->actions[row->from].rung);
        emit_member_text(emit, "to", replayed->actions[row->to].rung);
        emit_member_text(emit, "started", replayed->actions[row->taken].rung);
        emit_member_text(emit, "strategy", row->strategy);
        emit_member_text(emit, "why", row->why);
        emit_close(emit, '}');
        emit_bytes(emit, slice_from("\n"));
    }
}

static void write_figure(const struct replayed *replayed, struct emit *emit, const char *key,
    const struct eval_replay *figure)
{
    struct slice why_not = replay_why_not(replayed, figure);
    emit_key(emit, key);
    emit_open(emit, '{');
    emit_member_int64(emit, "n", (int64_t)figure->n);
    stats_write_interval(emit, "logged", figure->logged);
    stats_write_interval(emit, "unexplored", figure->unexplored);
    stats_write_interval(emit, "estimate", figure->replayed);
    stats_write_interval(emit, "change", figure->change);
    stats_write_interval(emit, "relative", figure->relative);
    emit_member_double(emit, "effective_n", figure->effective_n);
    emit_member_bool(emit, "identifiable",
        figure->state == EVAL_REPLAY_KNOWN || figure->state == EVAL_REPLAY_THIN);
    if (why_not.len)
        emit_member_text(emit, "refused", why_not);
    else
        emit_member_null(emit, "refused");
    emit_key(emit, "naive");
    emit_open(emit, '{');
    emit_member_double(emit, "mean", figure->naive.mean);
    emit_member_cstring(emit, "warning",
        "biased: the mean where both policies happen to agree, not to be relied on");
    emit_close(emit, '}');
    emit_close(emit, '}');
}

static void write_moves(const struct replayed *replayed, struct emit *emit)
{
    size_t n;
    const struct replay_move *moves = replay_moves(replayed, &n);
    emit_key(emit, "by_move");
    emit_open(emit, '[');
    for (size_t i = 0; i < n; i++) {
        emit_open(emit, '{');
        emit_member_text(emit, "from", replayed->actions[moves[i].from].rung);
        emit_member_text(emit, "to", replayed->actions[moves[i].to].rung);
        emit_member_int64(emit, "tasks", (int64_t)moves[i].tasks);
        emit_member_int64(emit, "tried", (int64_t)moves[i].tried);
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
}

void replay_write_json(const struct replayed *replayed, struct emit *emit)
{
    emit_open(emit, '{');
    emit_member_cstring(emit, "policy", replayed->policy.hash);
    emit_member_cstring(emit, "path", replayed->policy.path);
    emit_member_int64(emit, "decisions", (int64_t)(replayed->n - replayed->forced));
    emit_member_int64(emit, "forced", (int64_t)replayed->forced);
    emit_member_int64(emit, "explored", (int64_t)replayed->explored);
    emit_member_int64(emit, "moves", (int64_t)replayed->moves);
    write_moves(replayed, emit);
    write_figure(replayed, emit, "success", &replayed->success);
    write_figure(replayed, emit, "cost_usd", &replayed->cost);
    emit_key(emit, "expected_cost_usd");
    emit_open(emit, '{');
    emit_member_int64(emit, "n", (int64_t)replayed->expected_n);
    emit_member_usd(emit, "logged", replayed->expected_from_usd / (double)replayed->expected_n);
    emit_member_usd(emit, "new", replayed->expected_to_usd / (double)replayed->expected_n);
    emit_member_cstring(emit, "basis", replayed->expected_is_assumed ? "assumed" : "measured");
    emit_close(emit, '}');
    emit_key(emit, "warnings");
    emit_open(emit, '{');
    emit_member_int64(emit, "text_not_kept", (int64_t)replayed->hashed);
    emit_member_int64(emit, "unsound_propensities", (int64_t)replayed->unsound);
    emit_member_int64(emit, "unverified", (int64_t)replayed->unjudged);
    emit_member_int64(emit, "assumed_cost", (int64_t)replayed->assumed);
    emit_close(emit, '}');
    emit_close(emit, '}');
    emit_bytes(emit, slice_from("\n"));
}
