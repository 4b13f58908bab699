/* doctor: receives nothing, looks at policy, ledger, the programs beside and Claude Code's
 * transcripts, says what it found: above all, which model really answered. */
#include "commands.h"

#include "agent/agent.h"
#include "base/child.h"
#include "base/file.h"
#include "base/log.h"
#include "base/table.h"
#include "base/text.h"
#include "connect/connect.h"
#include "learned.h"
#include "report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    DOCTOR_VERSION_WAIT_MS = 3000,
    DOCTOR_VERSION_BYTES = 4096,
    DOCTOR_AGENTS_SHOWN = 20,
    DOCTOR_LINE_COLUMNS = 100,
};

enum { DOCTOR_POLICY, DOCTOR_LEDGER, DOCTOR_JSON };

static const struct option_row OPTIONS[] = {POLICY_OPTION, LEDGER_OPTION, JSON_OPTION};

enum state { FINE, NOTE, TROUBLE };

struct doctor {
    struct call *call;
    struct workspace workspace;
    struct table *table;
    struct emit emit;
    size_t troubles;
};

static void find(struct doctor *doctor, const char *what, enum state state, struct slice says)
{
    static const char *const names[] = {"ok", "note", "trouble"};
    static const enum table_color colors[] = {TABLE_DIM, TABLE_PLAIN, TABLE_RED};
    doctor->troubles += state == TROUBLE;
    if (doctor->table) {
        table_add_row(doctor->table);
        table_set(doctor->table, 0, slice_from(names[state]), colors[state]);
        table_set(doctor->table, 1, slice_from(what), TABLE_PLAIN);
        table_set(doctor->table, 2, text_one_line(doctor->call->arena, says, 0), colors[state]);
        return;
    }
    emit_open(&doctor->emit, '{');
    emit_member_cstring(&doctor->emit, "what", what);
    emit_member_cstring(&doctor->emit, "state", names[state]);
    emit_member_text(&doctor->emit, "says", says);
    emit_close(&doctor->emit, '}');
    emit_bytes(&doctor->emit, slice_from("\n"));
}

static bool look_at_policy(struct doctor *doctor)
{
    struct call *call = doctor->call;
    struct failure failure = {0};
    if (!workspace_open(call, &call->options[DOCTOR_POLICY], &doctor->workspace, &failure)) {
        find(doctor, "policy", TROUBLE, slice_from(failure.text));
        return false;
    }
    const struct policy *policy = &doctor->workspace.policy;
    const char *path = policy->path ? policy->path : "the built-in policy";
    find(doctor, "policy", policy->trusted ? FINE : NOTE,
        arena_print(call->arena, "%s, %zu rungs%s", path, policy->n_rungs,
            policy->trusted ? ""
                            : ", not trusted: `rung hook` passes it over for the built-in one, and "
                              "what it would run is not obeyed (`rung trust`)"));
    return true;
}

static void look_at_ledger(struct doctor *doctor, struct ledger **ledger)
{
    struct call *call = doctor->call;
    struct failure failure = {0};
    struct ledger_counts counts;
    if (!workspace_read_ledger(
            call, &call->options[DOCTOR_LEDGER], &doctor->workspace, ledger, &failure) ||
        (*ledger && !ledger_count(*ledger, &counts, &failure))) {
        find(doctor, "ledger", TROUBLE, slice_from(failure.text));
    } else if (!*ledger) {
        find(doctor, "ledger", NOTE, slice_from("none was begun yet"));
    } else {
        find(doctor, "ledger", FINE,
            arena_print(call->arena, "%s: %lld done, %lld pending, %lld lines kept aside",
                ledger_url(*ledger), (long long)counts.done, (long long)counts.pending,
                (long long)counts.rejected));
    }
}

/* What the watches over success and cost say, where something was learned. */
static void look_at_evidence(struct doctor *doctor)
{
    struct call *call = doctor->call;
    struct learned learned;
    struct evidence_alarm *alarms;
    learned_open(call, &call->options[DOCTOR_LEDGER], &doctor->workspace, &learned);
    size_t n = learned.evidence ? evidence_alarms(learned.evidence, call->arena, &alarms) : 0;
    if (!learned.evidence)
        find(doctor, "evidence", NOTE, slice_from("nothing was learned yet (`rung learn`)"));
    else if (n == 0)
        find(doctor, "evidence", FINE, slice_from("no alarm: success and cost are as they were"));
    else
        find(doctor, "evidence", NOTE,
            arena_print(call->arena, "%zu alarm%s, see `rung report`; the newest: %.*s", n,
                n == 1 ? "" : "s", SLICE_ARG(report_alarm_text(call->arena, &alarms[n - 1]))));
    learned_close(&learned);
}

/* The first line of what `NAME --version` prints; empty where that was reported as trouble. */
static struct slice version_of(struct doctor *doctor, const char *name, const char *what_for)
{
    struct arena *arena = doctor->call->arena;
    const struct child_limits limits = {DOCTOR_VERSION_BYTES, DOCTOR_VERSION_WAIT_MS};
    const char *const argv[] = {name, "--version", NULL};
    struct failure failure = {0};
    struct child_result result;
    struct slice rest, line = {0};
    if (!child_is_installed(name)) {
        find(doctor, name, NOTE, arena_print(arena, "not installed; %s", what_for));
        return line;
    }
    if (!child_run(arena, argv, limits, &result, &failure)) {
        find(doctor, name, TROUBLE, slice_from(failure.text));
        return line;
    }
    if (result.exit_status != 0) {
        find(doctor, name, TROUBLE,
            arena_print(arena, "`%s --version` exited with %d", name, result.exit_status));
        return line;
    }
    rest = result.output;
    (void)slice_next_line(&rest, &line);
    return line.len ? text_one_line(arena, line, DOCTOR_LINE_COLUMNS) : slice_from("no version");
}

static void look_at_program(struct doctor *doctor, const char *name, const char *what_for)
{
    struct slice version = version_of(doctor, name, what_for);
    if (version.len)
        find(doctor, name, FINE, version);
}

/* Whether Beads tells us of its issues. */
static void look_at_beads(struct doctor *doctor)
{
    struct arena *arena = doctor->call->arena;
    struct slice version =
        version_of(doctor, "bd", "Beads' backlog is read from .beads/issues.jsonl then");
    const char *here = file_working_directory(arena);
    if (version.len == 0)
        return;
    if (!file_find_upward(arena, here, ".beads"))
        find(doctor, "bd", FINE, arena_print(arena, "%.*s; no .beads here", SLICE_ARG(version)));
    else if (!file_find_upward(arena, here, ".beads/hooks/on_create"))
        find(doctor, "bd", NOTE,
            arena_print(arena, "%.*s; no hook tells Rung of issues (`rung init --beads`)",
                SLICE_ARG(version)));
    else if (slice_starts(version, "bd version 0."))
        find(doctor, "bd", NOTE,
            arena_print(arena, "%.*s; it mostly ends before its hooks begin: `rung bead sync`",
                SLICE_ARG(version)));
    else
        find(doctor, "bd", FINE, arena_print(arena, "%.*s; hooks are here", SLICE_ARG(version)));
}

/* Whether gt can be told every rung of the ladder. */
static void look_at_gastown(struct doctor *doctor)
{
    static const char *const ways[] = {"nothing", "--model", "--agent", "--quality"};
    struct arena *arena = doctor->call->arena;
    const struct policy *policy = &doctor->workspace.policy;
    struct slice version = version_of(doctor, "gt", "`rung sling` hands beads to it");
    struct connect_gastown gastown;
    struct failure failure = {0};
    if (version.len == 0)
        return;
    if (!connect_gastown_probe(arena, &gastown, &failure)) {
        find(doctor, "gt", TROUBLE, slice_from(failure.text));
        return;
    }
    struct slice says =
        arena_print(arena, "%.*s; told the rung by %s", SLICE_ARG(version), ways[gastown.way]);
    size_t missing = 0;
    for (size_t i = 0; gastown.aliases_known && i < policy->n_rungs; i++)
        if (!connect_gastown_has_alias(&gastown, policy->rungs[i].name))
            says = arena_print(arena, "%.*s%s %.*s", SLICE_ARG(says),
                missing++ ? "," : "; it has no agent", SLICE_ARG(policy->rungs[i].name));
    find(doctor, "gt", missing ? NOTE : FINE, says);
}

static void look_at_settings(struct doctor *doctor)
{
    struct arena *arena = doctor->call->arena;
    static const char name[] = ".claude/settings.json";
    const char *root = file_find_upward(arena, file_working_directory(arena), name);
    struct file_bytes file = {0};
    struct failure failure = {0};
    if (!root) {
        find(doctor, "hooks", NOTE, slice_from("none here; `rung init --claude` installs them"));
        return;
    }
    const char *path = file_join(arena, root, name);
    if (!file_open_plain(path, CONNECT_SETTINGS_BYTES, &file, &failure)) {
        find(doctor, "hooks", TROUBLE, slice_from(failure.text));
        return;
    }
    bool has = connect_settings_has(file.bytes), found = child_is_installed("rung");
    file_close(&file);
    if (has && !found)
        find(doctor, "hooks", TROUBLE,
            arena_print(arena, "%s calls `rung hook`, but rung is not on PATH", path));
    else
        find(doctor, "hooks", has ? FINE : NOTE,
            arena_print(arena, has ? "in %s" : "%s has none of ours; `rung init --claude`", path));
}

/* The newest experiment of a call, whatever its state. */
static bool experiment_of(
    struct doctor *doctor, struct ledger *ledger, struct slice call_id, struct experiment *e)
{
    struct ledger_filter filter = {.task_id = call_id, .source = slice_from("claude-code")};
    struct ledger_walk *walk = NULL;
    struct failure failure = {0};
    if (!ledger || call_id.len == 0 ||
        !ledger_walk_open(ledger, &filter, LEDGER_NEWEST, 1, &walk, &failure))
        return false;
    bool found = ledger_walk_next(walk, doctor->call->arena, e, &failure) == LEDGER_ROW;
    ledger_walk_close(walk);
    return found;
}

/* What was asked for and what answered, of one sub-agent. */
static void look_at_agent(struct doctor *doctor, struct ledger *ledger, const char *path)
{
    struct arena *arena = doctor->call->arena;
    struct connect_agent_meta meta;
    struct connect_transcript *transcript = arena_take(arena, sizeof(*transcript));
    struct experiment e;
    struct failure failure = {0};
    if (!connect_transcript_open(arena, path, &doctor->workspace.prices, transcript, &failure)) {
        find(doctor, "sub-agent", TROUBLE, slice_from(failure.text));
        return;
    }
    bool known = connect_agent_meta(arena, path, &meta);
    bool decided = known && experiment_of(doctor, ledger, meta.call_id, &e);
    bool same =
        !decided || transcript->served.len == 0 || agent_is_model(e.decided, transcript->served);
    struct slice cost = isnan(transcript->cost_usd)
                            ? slice_from("cost not known")
                            : arena_print(arena, "$%.4f", transcript->cost_usd);
    struct slice title = known ? text_one_line(arena, meta.description, 40) : slice_from("?");
    struct slice served = transcript->served.len ? transcript->served : slice_from("no model");
    struct slice says =
        arena_print(arena, "\"%.*s\": %.*s%s%.*s answered %zu request%s, %.*s", SLICE_ARG(title),
            SLICE_ARG(served), transcript->effort.len ? " " : "", SLICE_ARG(transcript->effort),
            transcript->requests, transcript->requests == 1 ? "" : "s", SLICE_ARG(cost));
    if (decided)
        says = arena_print(arena, "%.*s; decided was %.*s%s", SLICE_ARG(says), SLICE_ARG(e.decided),
            same ? "" : ": NOT what answered");
    else
        says = arena_print(arena, "%.*s; the hook did not decide it", SLICE_ARG(says));
    find(doctor, "sub-agent", !same ? TROUBLE : decided ? FINE : NOTE, says);
}

static void look_at_agents(struct doctor *doctor, struct ledger *ledger)
{
    struct call *call = doctor->call;
    const char *paths[DOCTOR_AGENTS_SHOWN];
    size_t n = connect_agent_transcripts(
        call->arena, file_working_directory(call->arena), paths, DOCTOR_AGENTS_SHOWN);
    if (n == 0)
        find(doctor, "sub-agent", NOTE,
            slice_from("Claude Code keeps no transcript of a sub-agent of this directory"));
    for (size_t i = 0; i < n; i++)
        look_at_agent(doctor, ledger, paths[i]);
}

static int run_doctor(struct call *call)
{
    static const struct table_column columns[] = {
        {"", false, TABLE_KEEPS}, {"", false, TABLE_KEEPS}, {"", false, TABLE_SHRINKS}};
    struct doctor doctor = {.call = call};
    struct ledger *ledger = NULL;
    if (!call->options[DOCTOR_JSON].given)
        doctor.table = table_make(call->out, columns, 3);
    bool has_policy = look_at_policy(&doctor);
    if (has_policy)
        look_at_ledger(&doctor, &ledger);
    if (has_policy && ledger)
        look_at_evidence(&doctor);
    look_at_program(&doctor, "git", "gates and work trees need it");
    look_at_program(&doctor, "claude", "`rung run` starts it where the policy's agent is claude");
    look_at_beads(&doctor);
    look_at_gastown(&doctor);
    look_at_program(&doctor, "gh", "GitHub issues can be read from a file");
    look_at_settings(&doctor);
    if (has_policy)
        look_at_agents(&doctor, ledger);
    ledger_close(ledger);
    bool ok = doctor.table || command_write(call->out, emit_slice(&doctor.emit));
    if (doctor.table)
        table_print(doctor.table);
    table_free(doctor.table);
    emit_free(&doctor.emit);
    return ok && doctor.troubles == 0 ? EXIT_DONE : EXIT_BROKEN;
}

const struct command_row COMMAND_DOCTOR = {
    .name = "doctor",
    .words = "",
    .summary = "Look for trouble, and show which model really answered each sub-agent.",
    .details =
        "Looks at the policy and whether it is trusted, at the ledger, at the programs that Rung "
        "works with, at Claude Code's hooks, and at the transcripts of this directory's latest "
        "sub-agents: the model that answered, beside the one that was decided.\n\n"
        "Exits 1 where anything is in trouble.",
    .options = OPTIONS,
    .n_options = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
    .run = run_doctor,
};
