/* hook: receives what Claude Code tells its hooks, answers a sub-agent's call with the decided
 * model and effort, and keeps score. Whatever goes wrong here, the call stays as it was. */
#include "commands.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "learned.h"
#include "pending.h"
#include "settle.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    HOOK_WITHIN_MS = 40,      /* of the 50 that a call may lose, the rest is the program's start */
    HOOK_BACKGROUND_S = 60,   /* what is written down after the answer is given up then */
    HOOK_TITLE_COLUMNS = 120, /* of a prompt that has no description */
};

enum { HOOK_WITHIN, HOOK_WAIT, HOOK_ADVISE, HOOK_POLICY, HOOK_LEDGER };

static const struct option_row OPTIONS[] = {
    {"within", OPTION_WHOLE, "MS", "leave the call as it is where the answer takes longer (40)"},
    {"wait", OPTION_FLAG, NULL,
        "end only when the ledger is written; without it that happens in the background"},
    {"advise", OPTION_FLAG, NULL,
        "on UserPromptSubmit, say when the ask is far from the session's model"},
    POLICY_OPTION,
    LEDGER_OPTION,
};

struct hooking {
    struct call *call;
    struct connect_hook hook;
    struct workspace workspace;
    struct decider decider;
    struct task task;
    struct decision decision;
    struct learned learned;
    struct dice dice;
};

static void give_up(int signal)
{
    (void)signal;
    _exit(EXIT_DONE);
}

/* From here on the program ends quietly when its time is up, or when it breaks. */
static void guard(int64_t within_ms)
{
    struct itimerval timer = {.it_value = {within_ms / 1000, within_ms % 1000 * 1000}};
    signal(SIGALRM, give_up);
    signal(SIGABRT, give_up);
    signal(SIGBUS, give_up);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void end_guard(void)
{
    struct itimerval none = {0};
    setitimer(ITIMER_REAL, &none, NULL);
}

static bool read_hook(struct hooking *hooking)
{
    struct arena *arena = hooking->call->arena;
    struct file_bytes input = {0};
    bool ok = file_open("-", CONNECT_HOOK_BYTES, &input, NULL) &&
              connect_hook_read(arena, arena_copy(arena, input.bytes), &hooking->hook, NULL);
    file_close(&input);
    if (ok && hooking->hook.directory.len && hooking->hook.directory.base[0] == '/')
        ok = chdir(arena_text(arena, hooking->hook.directory)) == 0;
    return ok;
}

/* A policy that nobody trusts routes nothing here: no person looks at what a hook decides. The
 * built-in one holds then. One that cannot be read holds nobody: the call stays. */
static bool find_policy(struct hooking *hooking)
{
    struct arena *arena = hooking->call->arena;
    struct workspace *workspace = &hooking->workspace;
    struct policy_problems problems = {0};
    const struct option_value *option = &hooking->call->options[HOOK_POLICY];
    const char *path = option->given ? arena_text(arena, option->text) : NULL;
    if (!policy_find(
            arena, path, file_working_directory(arena), &workspace->policy, &problems, NULL))
        return false;
    if (!workspace->policy.trusted &&
        !policy_parse(arena, NULL, policy_builtin_text(), true, &workspace->policy, &problems))
        return false;
    workspace->now_ms = clock_now_ms();
    workspace->today = clock_day_from_ms(workspace->now_ms);
    if (!price_load(arena, workspace_price_path(arena), &workspace->prices, NULL))
        workspace->prices = price_builtin();
    return true;
}

/* What was learned has a say; chance has one only where the decision is recorded. */
static void prepare(struct hooking *hooking, bool recorded)
{
    const struct workspace *workspace = &hooking->workspace;
    const struct option_value *ledger = &hooking->call->options[HOOK_LEDGER];
    learned_open_in_haste(hooking->call, ledger, workspace, &hooking->learned);
    decide_prepare(hooking->call->arena, &workspace->policy, &workspace->prices, workspace->today,
        hooking->learned.evidence, hooking->learned.view, &hooking->decider);
    struct ledger_place place = workspace_ledger_place(hooking->call, ledger, workspace);
    if (recorded && place.path && workspace_is_ours(hooking->call, &place, place.path)) {
        hooking->dice = dice_from_system();
        hooking->decider.dice = &hooking->dice;
    }
}

static struct task task_of(struct arena *arena, const struct connect_hook *hook)
{
    struct slice title = hook->description;
    if (title.len == 0)
        title = text_one_line(arena, hook->prompt, HOOK_TITLE_COLUMNS);
    return (struct task){.id = hook->call_id,
        .title = title,
        .body = hook->prompt,
        .priority = -1,
        .source = "claude-code"};
}

/* Decides the call of a sub-agent. False where it is none of ours, or the user has named a model
 * that the ladder does not know. *named: the user has named the model, which stays. */
static bool decide_call(struct hooking *hooking, bool *named)
{
    struct arena *arena = hooking->call->arena;
    const struct connect_hook *hook = &hooking->hook;
    if (!hook->is_agent_call || slice_is(hook->agent_type, "fork") || !find_policy(hooking))
        return false;
    struct slice wish = hook->model;
    if (wish.len == 0)
        wish = connect_agent_file_model(
            arena, hook->agent_type, file_working_directory(arena), getenv("HOME"));
    *named = wish.len > 0;
    prepare(hooking, hook->call_id.len > 0);
    if (*named)
        hooking->decider.forced =
            policy_rung_by_wish(&hooking->workspace.policy, wish, hook->effort);
    if (*named && hooking->decider.forced == POLICY_NONE)
        return false;
    hooking->task = task_of(arena, hook);
    decide(&hooking->decider, &hooking->task, arena, &hooking->decision);
    return true;
}

/* The rest is done by a child that Claude Code does not wait for. True in the process that is to
 * do it. */
static bool go_to_background(const struct hooking *hooking)
{
    if (hooking->call->options[HOOK_WAIT].given)
        return true;
    fflush(hooking->call->out);
    if (fork() != 0)
        return false;
    setsid();
    int nowhere = open("/dev/null", O_RDWR);
    for (int fd = STDIN_FILENO; nowhere >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(nowhere, fd);
    guard((int64_t)HOOK_BACKGROUND_S * 1000);
    return true;
}

static bool record_call(struct hooking *hooking, struct failure *failure)
{
    struct pending *pending = NULL;
    bool ok =
        pending_open(hooking->call, &hooking->call->options[HOOK_LEDGER], &hooking->workspace,
            &pending, failure) &&
        pending_keep(pending, &hooking->decider, &hooking->task, &hooking->decision, failure) &&
        pending_finish(pending, NULL, failure);
    pending_close(pending);
    return ok;
}

static bool answer_call(struct hooking *hooking, struct failure *failure)
{
    struct call *call = hooking->call;
    bool named = false;
    if (!decide_call(hooking, &named))
        return true;
    const struct policy_rung *rung = &hooking->workspace.policy.rungs[hooking->decision.rung];
    const char *alias = connect_claude_alias(rung->model);
    if (!alias)
        return true;
    struct slice answer = {0};
    if (!named)
        answer = connect_hook_answer(call->arena, &hooking->hook, alias, rung->effort);
    end_guard();
    if (!command_write(call->out, answer) || fflush(call->out) != 0)
        return true;
    return hooking->hook.call_id.len == 0 || !go_to_background(hooking) ||
           record_call(hooking, failure);
}

/* A sub-agent has ended, or the session's turn: what it cost. */
static bool keep_score(struct hooking *hooking, struct failure *failure)
{
    struct arena *arena = hooking->call->arena;
    const struct connect_hook *hook = &hooking->hook;
    struct ledger *ledger = NULL;
    end_guard();
    if (!go_to_background(hooking) || !find_policy(hooking))
        return true;
    bool ok = workspace_read_ledger(
        hooking->call, &hooking->call->options[HOOK_LEDGER], &hooking->workspace, &ledger, failure);
    if (ok && ledger && hook->event == CONNECT_SUBAGENT_STOP && hook->agent_transcript.len)
        ok = settle_agent(
            ledger, arena, &hooking->workspace, arena_text(arena, hook->agent_transcript), failure);
    if (ok && ledger && hook->event == CONNECT_STOP && hook->transcript.len)
        ok = settle_session(
            ledger, arena, &hooking->workspace, arena_text(arena, hook->transcript), failure);
    ledger_close(ledger);
    return ok;
}

/* The rung of the session's model, as its transcript tells; POLICY_NONE where it does not. */
static int session_rung(struct hooking *hooking)
{
    struct arena *arena = hooking->call->arena;
    struct connect_transcript transcript;
    if (hooking->hook.transcript.len == 0 ||
        !connect_transcript_open(arena, arena_text(arena, hooking->hook.transcript),
            &hooking->workspace.prices, &transcript, NULL) ||
        transcript.served.len == 0)
        return POLICY_NONE;
    return policy_rung_by_wish(&hooking->workspace.policy, transcript.served, transcript.effort);
}

/* Advice on a prompt: only where a rule spoke, and the session's model is of another tier. */
static bool advise(struct hooking *hooking)
{
    struct call *call = hooking->call;
    const struct policy *policy = &hooking->workspace.policy;
    if (!call->options[HOOK_ADVISE].given || slice_starts(hooking->hook.prompt, "<") ||
        !find_policy(hooking))
        return true;
    prepare(hooking, false);
    hooking->task = task_of(call->arena, &hooking->hook);
    decide(&hooking->decider, &hooking->task, call->arena, &hooking->decision);
    int now = session_rung(hooking), wanted = hooking->decision.rung;
    if (now == POLICY_NONE || hooking->decision.strategy == DECIDE_DEFAULT ||
        slice_equal(policy->rungs[now].model, policy->rungs[wanted].model))
        return true;
    struct slice sentence = arena_print(call->arena,
        "rung: this ask looks like work for %.*s (%.*s); the session is on %.*s. /model changes "
        "it, at the price of a cold prompt cache.",
        SLICE_ARG(policy->rungs[wanted].name), SLICE_ARG(hooking->decision.why),
        SLICE_ARG(policy->rungs[now].name));
    end_guard();
    return command_write(call->out, connect_hook_advice(call->arena, sentence));
}

static int run_hook(struct call *call)
{
    struct failure failure = {0};
    struct hooking hooking = {.call = call};
    const struct option_value *within = &call->options[HOOK_WITHIN];
    bool ok = true;
    guard(within->given ? (int64_t)within->number : HOOK_WITHIN_MS);
    if (!read_hook(&hooking))
        return EXIT_DONE;
    if (hooking.hook.event == CONNECT_BEFORE_TOOL)
        ok = answer_call(&hooking, &failure);
    else if (hooking.hook.event == CONNECT_SUBAGENT_STOP || hooking.hook.event == CONNECT_STOP)
        ok = keep_score(&hooking, &failure);
    else if (hooking.hook.event == CONNECT_PROMPT)
        ok = advise(&hooking);
    end_guard();
    learned_close(&hooking.learned);
    if (!ok)
        log_error("%s", failure.text);
    return EXIT_DONE;
}

const struct command_row COMMAND_HOOK = {
    .name = "hook",
    .words = "",
    .summary = "Answer Claude Code's hooks: each sub-agent gets the rung that its own task needs.",
    .details =
        "Reads the hook's JSON on standard input. Before a sub-agent is started (PreToolUse of "
        "Agent or Task) it decides by the sub-agent's own description and prompt, and answers with "
        "the same input, model and effort set. A model that the call or the agent's own file names "
        "stays; a fork stays. The answer carries no permissionDecision, so that Claude Code asks "
        "for whatever the user's mode and rules ask for.\n\n"
        "When a sub-agent stops (SubagentStop, Stop) its transcript tells which model answered and "
        "what it cost, each response counted once, each at the price of its day and prompt length. "
        "The ledger gets that with outcome source none: it came to its end, nobody judged it.\n\n"
        "The exit status is 0 and the call unchanged whatever goes wrong, and after 40 ms. A "
        "policy that was not trusted is passed over for the built-in one, one with mistakes leaves "
        "the call as it is; a ledger and evidence that you neither began nor accepted (`rung "
        "trust`) are left alone. `rung init --claude` installs it, `rung doctor` shows what it "
        "did.",
    .examples = "  rung init --claude\n"
                "  rung hook --wait < pre-tool-use.json\n",
    .options = OPTIONS,
    .n_options = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
    .never_fails = true,
    .run = run_hook,
};
