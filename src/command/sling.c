/* sling: receives beads and a rig, hands each bead to Gas Town's `gt sling` on the decided rung. */
#include "bead.h"
#include "commands.h"

#include "base/log.h"
#include "base/text.h"

enum { SLING_RUNG, SLING_DRY_RUN, SLING_GC, SLING_POLICY, SLING_LEDGER };
enum { SLING_WORDS_MOST = 1024 };

static const struct option_row OPTIONS[] = {
    {"rung", OPTION_TEXT, "RUNG", "use this rung, whatever labels and patterns say"},
    {"dry-run", OPTION_FLAG, NULL, "print the command lines and do nothing"},
    {"gc", OPTION_FLAG, NULL,
        "for Gas City: set the beads' gc.model, which gc obeys when it starts their workers"},
    POLICY_OPTION,
    LEDGER_OPTION,
};

struct slinging {
    struct call *call;
    struct bead_desk desk;
    struct connect_gastown gastown;
    struct slice *flags; /* what stands behind "--" */
    size_t n_flags;
};

static bool given(const struct slinging *slinging, int row)
{
    return slinging->call->options[row].given;
}

/* As a shell would have to be given it. */
static void print_argv(struct call *call, const char *const *argv)
{
    for (size_t i = 0; argv[i]; i++) {
        struct slice word = slice_from(argv[i]);
        bool plain = word.len > 0;
        for (size_t j = 0; j < word.len && plain; j++)
            plain = slice_ascii_is_word((unsigned char)word.base[j]) ||
                    slice_find_byte(slice_from("-_./=:,@+"), word.base[j]) != SIZE_MAX;
        fputs(i ? " " : "", call->out);
        if (plain) {
            fputs(argv[i], call->out);
            continue;
        }
        fputc('\'', call->out);
        for (size_t j = 0; j < word.len; j++)
            if (word.base[j] == '\'')
                fputs("'\\''", call->out);
            else
                fputc(word.base[j], call->out);
        fputc('\'', call->out);
    }
    fputc('\n', call->out);
}

/* A flag of the user's that says what ours would say: which one holds must be clear. */
static bool check_flags(const struct slinging *slinging, struct failure *failure)
{
    static const char *const ours[] = {"--model", "--agent", "--quality", "-q"};
    for (size_t i = 0; i < slinging->n_flags; i++)
        for (size_t j = 0; j < sizeof(ours) / sizeof(ours[0]); j++) {
            struct slice flag = slinging->flags[i];
            if (slice_is(slice_sub(flag, 0, slice_find_byte(flag, '=')), ours[j]))
                return failure_set(failure,
                    "%s behind -- would take the decision out of Rung's hands; name the rung with "
                    "--rung, or call gt yourself",
                    ours[j]);
        }
    return true;
}

static bool check_alias(const struct slinging *slinging, int rung, struct failure *failure)
{
    const struct connect_gastown *gastown = &slinging->gastown;
    const struct policy_rung *row = &slinging->desk.workspace.policy.rungs[rung];
    if (gastown->way != CONNECT_GASTOWN_AGENT ||
        (gastown->aliases_known && connect_gastown_has_alias(gastown, row->name)))
        return true;
    struct slice line = connect_gastown_alias_line(slinging->call->arena, row);
    if (!gastown->aliases_known) {
        log_warning("gt does not list its agents; if it does not know %.*s, make it with: %.*s",
            SLICE_ARG(row->name), SLICE_ARG(line));
        return true;
    }
    return failure_set(failure,
        "gt has no agent %.*s; make it with: %.*s (what it may do without asking is yours to add)",
        SLICE_ARG(row->name), SLICE_ARG(line));
}

/* For Gas City the bead itself says the model. */
static bool mark_for_gc(struct slinging *slinging, const struct bead *bead, struct failure *failure)
{
    struct call *call = slinging->call;
    const struct policy_rung *rung = &slinging->desk.workspace.policy.rungs[bead->decision.rung];
    const struct connect_metadata model = {"gc.model", rung->model};
    if (given(slinging, SLING_DRY_RUN)) {
        const char *const argv[] = {"bd", "update", arena_text(call->arena, bead->task.id),
            "--set-metadata",
            arena_print(call->arena, "gc.model=%.*s", SLICE_ARG(rung->model)).base, NULL};
        print_argv(call, argv);
        return true;
    }
    return connect_beads_set(call->arena, bead->task.id, &model, 1, failure);
}

static bool hand_to_gt(struct slinging *slinging, const struct bead *bead, struct failure *failure)
{
    struct call *call = slinging->call;
    const struct policy *policy = &slinging->desk.workspace.policy;
    struct slice said = {0};
    struct connect_sling sling = {.bead = bead->task.id,
        .rig = call->words[call->n_before - 1],
        .flags = slinging->flags,
        .n_flags = slinging->n_flags};
    const char *const *argv =
        connect_gastown_argv(call->arena, &slinging->gastown, policy, bead->decision.rung, &sling);
    if (given(slinging, SLING_DRY_RUN)) {
        print_argv(call, argv);
        struct failure missing;
        if (!check_alias(slinging, bead->decision.rung, &missing))
            log_warning("%s", missing.text);
        return true;
    }
    if (!check_alias(slinging, bead->decision.rung, failure) ||
        !connect_gastown_sling(call->arena, argv, &said, failure))
        return false;
    return command_write(call->out, said) ||
           failure_set(failure, "slung, but standard output could not be written");
}

static void say(struct slinging *slinging, const struct bead *bead)
{
    struct arena *arena = slinging->call->arena;
    const struct decision *decision = &bead->decision;
    log_note("%.*s: %.*s, %.*s", SLICE_ARG(bead->task.id),
        SLICE_ARG(slinging->desk.workspace.policy.rungs[decision->rung].name),
        SLICE_ARG(text_one_line(arena, decision->why, 0)));
    for (size_t i = 0; i < decision->n_warnings; i++)
        log_warning("%.*s: %.*s", SLICE_ARG(bead->task.id),
            SLICE_ARG(text_one_line(arena, decision->warnings[i], 0)));
}

static bool sling_one(struct slinging *slinging, struct slice id, struct failure *failure)
{
    struct call *call = slinging->call;
    struct bead bead = {0};
    struct slice bytes = {0}, kept = {0};
    bool ok = false;
    if (!connect_beads_show(call->arena, id, &bytes, failure) ||
        !bead_read(call->arena, "bd show", bytes, &bead, failure))
        return false;
    if (!task_is_open(&bead.task)) {
        failure_set(failure, "it is %.*s", SLICE_ARG(bead.task.status));
        goto done;
    }
    decide(&slinging->desk.decider, &bead.task, call->arena, &bead.decision);
    say(slinging, &bead);
    ok = given(slinging, SLING_GC) ? mark_for_gc(slinging, &bead, failure)
                                   : hand_to_gt(slinging, &bead, failure);
    if (ok && !given(slinging, SLING_DRY_RUN) && !bead_keep(&slinging->desk, &bead, &kept, failure))
        ok = failure_prefix(failure, "slung, but not recorded");
done:
    bead_close(&bead);
    return ok;
}

static bool force_rung(struct slinging *slinging, struct failure *failure)
{
    const struct option_value *rung = &slinging->call->options[SLING_RUNG];
    struct decider *decider = &slinging->desk.decider;
    if (!rung->given)
        return true;
    decider->forced =
        policy_rung_by_wish(&slinging->desk.workspace.policy, rung->text, (struct slice){0});
    return decider->forced != POLICY_NONE ||
           failure_set(failure, "--rung %.*s names no rung of the ladder", SLICE_ARG(rung->text));
}

static bool prepare(struct slinging *slinging, int *status, struct failure *failure)
{
    struct call *call = slinging->call;
    *status = EXIT_BROKEN;
    if (!bead_desk_open(call, &call->options[SLING_POLICY], &call->options[SLING_LEDGER],
            &slinging->desk, failure))
        return false;
    *status = EXIT_USAGE;
    if (!force_rung(slinging, failure) || !check_flags(slinging, failure))
        return false;
    *status = EXIT_BROKEN;
    if (!given(slinging, SLING_DRY_RUN)) {
        slinging->desk.dice = dice_from_system();
        slinging->desk.decider.dice = &slinging->desk.dice;
    }
    return given(slinging, SLING_GC) ||
           connect_gastown_probe(call->arena, &slinging->gastown, failure);
}

static int run_sling(struct call *call)
{
    struct failure failure = {0};
    struct slinging slinging = {.call = call,
        .flags = call->words + call->n_before,
        .n_flags = call->n_words - call->n_before};
    int status = EXIT_USAGE;
    bool needs_rig = !call->options[SLING_GC].given;
    size_t n_beads = needs_rig && call->n_before ? call->n_before - 1 : call->n_before;
    if (n_beads == 0) {
        log_error("usage: rung sling BEAD… RIG [-- FLAGS]");
        return EXIT_USAGE;
    }
    if (!prepare(&slinging, &status, &failure)) {
        log_error("%s", failure.text);
        goto done;
    }
    status = EXIT_DONE;
    for (size_t i = 0; i < n_beads; i++)
        if (!sling_one(&slinging, call->words[i], &failure)) {
            log_error("%.*s: %s", SLICE_ARG(text_one_line(call->arena, call->words[i], 80)),
                failure.text);
            status = EXIT_BROKEN;
        }
done:
    bead_desk_close(&slinging.desk);
    return status;
}

const struct command_row COMMAND_SLING = {
    .name = "sling",
    .words = "BEAD… RIG [-- FLAGS]",
    .words_least = 1,
    .words_most = SLING_WORDS_MOST,
    .summary = "Hand beads to Gas Town, each on the rung that was decided for it.",
    .details =
        "Reads each bead from bd, decides it, and runs gt sling with what this gt understands: "
        "--model, else --agent with the agent named as the rung, else --quality (haiku basic, "
        "sonnet shiny, opus chrome; in those versions that is rigor, not a model). Where the agent "
        "is missing, the line that makes it is printed; Rung adds no flag that skips permissions. "
        "What stands behind -- is passed on. gt gives the workers of a role one effort "
        "(role_effort, in CLAUDE_CODE_EFFORT_LEVEL), which wins over the agent's own.\n\n"
        "The decision waits in the ledger; closing the bead completes it where `rung init --beads` "
        "has installed the hooks in the rig, with the cost of the polecat's sessions that speak of "
        "it; for a bead that was closed from another directory say `rung bead sync`. Also called "
        "gt-smart-sling.",
    .examples = "  rung sling csm-4x3ek csm --dry-run\n"
                "  rung sling csm-4x3ek csm-m9cx7 csm -- --create\n"
                "  rung sling csm-4x3ek --gc\n",
    .options = OPTIONS,
    .n_options = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
    .run = run_sling,
};
