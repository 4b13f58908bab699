/* Receives what the program was started with, hands handlers an open ledger, the policy that holds,
 * prices, evidence and a decider made of them. Each state is used by one thread at a time. */
#include "state.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "eval/eval.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CHANGES_A_LOOK = 256 };

struct serve_state *serve_state_make(const struct serve_place *place)
{
    struct serve_state *state = memory_take(sizeof(*state));
    *state = (struct serve_state){
        .place = place, .parser = json_parser_make(), .view = evidence_view_make()};
    return state;
}

void serve_state_free(struct serve_state *state)
{
    ledger_close(state->ledger);
    evidence_close(state->evidence);
    evidence_view_free(state->view);
    if (state->has_policy)
        policy_free(&state->policy);
    arena_free(&state->decider_arena);
    arena_free(&state->problem_arena);
    arena_free(&state->arena);
    json_parser_free(state->parser);
    free(state);
}

/* ---- files ---- */

struct state_stamp serve_state_stamp(const char *path)
{
    struct stat status;
    if (!path || stat(path, &status) != 0)
        return (struct state_stamp){0};
    return (struct state_stamp){status.st_dev, status.st_ino, status.st_size,
        (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec};
}

static bool is_same(struct state_stamp a, struct state_stamp b)
{
    return a.device == b.device && a.inode == b.inode && a.size == b.size &&
           a.changed_ns == b.changed_ns;
}

/* ---- policy and prices ---- */

/* Trust is given and taken without a change of the file; a built-in policy may be followed by one
 * of the project's own. */
static bool policy_is_current(const struct serve_state *state)
{
    const struct serve_options *options = state->place->options;
    struct arena arena = {0};
    const char *path = state->policy.path;
    bool current = state->has_policy && is_same(state->policy_stamp, serve_state_stamp(path)) &&
                   is_same(state->price_stamp, serve_state_stamp(options->price_path));
    if (current && path)
        current = policy_is_trusted(&arena, path, state->policy.hash) == state->policy.trusted;
    else if (current)
        current = !file_find_upward(&arena, options->directory, "rung.yaml");
    arena_free(&arena);
    return current;
}

static void keep_problems(
    struct serve_state *state, struct policy_problems problems, const struct failure *failure)
{
    struct arena *arena = &state->problem_arena;
    arena_reset(arena);
    size_t n = problems.n ? problems.n : 1;
    struct policy_problem *items = ARENA_ARRAY(arena, struct policy_problem, n);
    items[0].message = arena_copy(arena, slice_from(failure->text)); /* it could not be read */
    for (size_t i = 0; i < problems.n; i++) {
        items[i] = problems.items[i];
        items[i].sentence = arena_copy(arena, items[i].sentence);
        items[i].key = arena_copy(arena, items[i].key);
        items[i].message = arena_copy(arena, items[i].message);
    }
    state->problems = (struct policy_problems){.items = items, .n = n, .more = problems.more};
}

/* Reads the policy and the prices anew; where that fails the ones before stay. */
static bool read_policy(struct serve_state *state, struct failure *failure)
{
    const struct serve_options *options = state->place->options;
    struct arena arena = {0};
    struct policy policy;
    struct price_table prices;
    struct policy_problems problems = {0};
    const char *before = state->has_policy ? state->policy.path : NULL;
    struct state_stamp stamp = serve_state_stamp(before),
                       price_stamp = serve_state_stamp(options->price_path);
    bool ok =
        policy_find(&arena, options->policy_path, options->directory, &policy, &problems, failure);
    if (ok && !price_load(&arena, options->price_path, &prices, failure)) {
        policy_free(&policy);
        ok = false;
    }
    if (!ok) {
        keep_problems(state, problems, failure);
        arena_free(&arena);
        state->policy_stamp = stamp; /* not before it changes again */
        state->price_stamp = price_stamp;
        return state->has_policy;
    }
    if (state->has_policy)
        policy_free(&state->policy);
    arena_free(&state->arena);
    state->arena = arena;
    state->policy = policy;
    state->prices = prices;
    state->has_policy = true;
    state->problems.n = 0;
    state->policy_stamp = serve_state_stamp(policy.path);
    state->price_stamp = price_stamp;
    return true;
}

/* ---- evidence ---- */

/* False where it lies in a project and this user did not make it. */
static bool evidence_is_ours(const struct serve_state *state)
{
    struct arena arena = {0};
    const struct serve_options *options = state->place->options;
    bool ours = !options->ledger_in_project || policy_owns_file(&arena, options->evidence_path);
    arena_free(&arena);
    return ours;
}

static void drop_evidence(struct serve_state *state)
{
    evidence_close(state->evidence);
    state->evidence = NULL;
    state->n_tail = 0;
}

static void open_evidence(struct serve_state *state)
{
    struct failure failure = {0};
    const char *path = state->place->options->evidence_path;
    drop_evidence(state);
    state->evidence_stamp = serve_state_stamp(path);
    if (state->evidence_stamp.inode == 0 || !evidence_is_ours(state))
        return;
    if (evidence_open(path, &state->evidence, &failure) &&
        (!state->evidence ||
            (ledger_position(state->ledger, &state->tail_seq, &failure) &&
                eval_add_tail(state->ledger, state->evidence, &state->n_tail, &failure))))
        return;
    log_warning("answered without evidence: %s", failure.text);
    drop_evidence(state);
}

/* Adds what was done since, up to the same number that a command adds. */
static bool follow_ledger(struct serve_state *state, bool *added, struct failure *failure)
{
    struct arena arena = {0};
    struct ledger_change *changes;
    size_t n = 0;
    *added = false;
    if (!state->evidence || state->n_tail >= EVAL_TAIL_MOST || state->tail_seq >= state->seq)
        return true;
    bool ok = ledger_changes(
        state->ledger, &arena, state->tail_seq, CHANGES_A_LOOK, &changes, &n, failure);
    for (size_t i = 0; ok && i < n; i++) {
        state->tail_seq = changes[i].seq;
        if (changes[i].experiment.pending || state->n_tail >= EVAL_TAIL_MOST)
            continue;
        eval_add_experiment(state->evidence, &arena, &changes[i].experiment);
        state->n_tail++;
        *added = true;
    }
    arena_free(&arena);
    return ok;
}

/* ---- all of it ---- */

static void prepare_decider(struct serve_state *state)
{
    arena_reset(&state->decider_arena);
    decide_prepare(&state->decider_arena, &state->policy, &state->prices, state->today,
        state->evidence, state->view, &state->decider);
}

static bool open_ledger(struct serve_state *state, struct failure *failure)
{
    struct ledger_options options = {
        .create = true, .hash_text = !state->policy.keep_text, .cache_kib = STATE_CACHE_KIB};
    return state->ledger ||
           ledger_open(state->place->options->ledger_url, options, &state->ledger, failure);
}

/* What was written to a file that is taken away would be lost, and one that somebody put in its
 * place was never judged. */
static bool check_ledger_file(const struct serve_state *state, struct failure *failure)
{
    const char *path = state->place->options->ledger_path;
    const struct state_stamp *first = &state->place->ledger_stamp, now = serve_state_stamp(path);
    return (first->device == now.device && first->inode == now.inode) ||
           failure_set(failure,
               "the ledger %s was taken away or replaced; put it back, or start `rung serve` again",
               path);
}

bool serve_state_refresh(struct serve_state *state, struct failure *failure)
{
    int64_t now_us = clock_monotonic_us();
    if (state->ledger && now_us - state->looked_us < STATE_LOOK_US)
        return ledger_position(state->ledger, &state->seq, failure);
    if (!check_ledger_file(state, failure))
        return false;
    bool kept_text = state->has_policy && state->policy.keep_text;
    bool renewed = !policy_is_current(state);
    if (renewed && !read_policy(state, failure))
        return false;
    if (renewed && kept_text != state->policy.keep_text) {
        ledger_close(state->ledger);
        state->ledger = NULL;
    }
    if (!open_ledger(state, failure) || !ledger_position(state->ledger, &state->seq, failure))
        return false;
    bool added = false;
    if (!is_same(state->evidence_stamp, serve_state_stamp(state->place->options->evidence_path))) {
        open_evidence(state);
        renewed = true;
    }
    if (!follow_ledger(state, &added, failure))
        return false;
    int32_t today = clock_day_from_ms(clock_now_ms());
    if (renewed || added || today != state->today) {
        state->today = today;
        prepare_decider(state);
    }
    state->looked_us = now_us;
    return true;
}
