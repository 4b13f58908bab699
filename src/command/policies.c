/* init, check and trust: a policy is written, read strictly, and allowed to run things. */
#include "commands.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "learned.h"
#include "setup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *shown_path(struct arena *arena, const char *path)
{
    struct slice here = slice_from(file_working_directory(arena)), s = slice_from(path);
    bool inside = slice_starts(s, here.base) && s.len > here.len + 1 && s.base[here.len] == '/';
    return inside ? path + here.len + 1 : path;
}

/* The policy that a person named, by a word or by --policy; NULL where nobody did. */
static const char *named_policy(struct call *call, const struct option_value *option)
{
    if (call->n_words)
        return arena_text(call->arena, call->words[0]);
    return option->given ? arena_text(call->arena, option->text) : NULL;
}

/* The one that is named, or the one that is found. NULL where only the built-in one holds. */
static const char *policy_path(struct call *call, const struct option_value *option)
{
    const char *named = named_policy(call, option);
    if (named)
        return named;
    const char *here = file_working_directory(call->arena);
    const char *found = file_find_upward(call->arena, here, "rung.yaml");
    if (found)
        return file_join(call->arena, found, "rung.yaml");
    const char *config = file_config_directory(call->arena);
    const char *own = config ? file_join(call->arena, config, "rung.yaml") : NULL;
    return own && file_exists(own) ? own : NULL;
}

enum { CHECK_JSON, CHECK_POLICY };

static const struct option_row CHECK_OPTIONS[] = {JSON_OPTION, POLICY_OPTION};

static void print_rungs(
    struct call *call, const struct policy *policy, const struct price_table *prices, int32_t day)
{
    for (size_t i = 0; i < policy->n_rungs; i++) {
        const struct policy_rung *rung = &policy->rungs[i];
        double usd = 0;
        fprintf(call->out, "  %-12.*s %.*s%s%.*s", SLICE_ARG(rung->name), SLICE_ARG(rung->model),
            rung->effort.len ? " " : "", SLICE_ARG(rung->effort));
        if (policy_assumed_cost(rung, prices, day, &usd))
            fprintf(call->out, ", ~$%.4f a task", usd);
        else
            fputs(", cost unknown (it wants `assume` tokens and a price)", call->out);
        fprintf(call->out, "%s%s%s\n", (int)i == policy->default_rung ? ", default" : "",
            (int)i == policy->middle ? ", middle" : "", (int)i == policy->top ? ", top" : "");
    }
}

static void write_problem(struct emit *emit, const char *path, const struct policy_problem *problem)
{
    emit_open(emit, '{');
    emit_member_cstring(emit, "file", path);
    emit_member_int64(emit, "line", (int64_t)problem->line);
    emit_member_int64(emit, "column", (int64_t)problem->column);
    emit_key(emit, "key");
    if (problem->key.len)
        emit_text(emit, problem->key);
    else
        emit_null(emit);
    emit_member_text(emit, "message", problem->message);
    emit_close(emit, '}');
    emit_bytes(emit, slice_from("\n"));
}

static void report_problems(
    struct call *call, const char *path, const struct policy_problems *problems)
{
    struct emit emit = {0};
    for (size_t i = 0; i < problems->n; i++) {
        if (!call->options[CHECK_JSON].given) {
            fprintf(call->out, "%.*s\n",
                SLICE_ARG(text_one_line(call->arena, problems->items[i].sentence, 0)));
            continue;
        }
        emit_clear(&emit);
        write_problem(&emit, path, &problems->items[i]);
        fwrite(emit.bytes, 1, emit.len, call->out);
    }
    emit_free(&emit);
    log_error("%zu problem%s", problems->n + problems->more,
        problems->n + problems->more == 1 ? "" : "s");
}

static int run_check(struct call *call)
{
    struct failure failure = {0};
    struct policy_problems problems = {0};
    struct workspace workspace = {0};
    const char *path = named_policy(call, &call->options[CHECK_POLICY]);
    if (!policy_find(call->arena, path, file_working_directory(call->arena), &workspace.policy,
            &problems, &failure)) {
        if (problems.n == 0)
            log_error("%s", failure.text);
        else
            report_problems(call, workspace.policy.path, &problems);
        return EXIT_BROKEN;
    }
    struct option_value none = {0};
    if (path)
        none = (struct option_value){.given = true, .text = slice_from(path)};
    if (!workspace_open(call, &none, &workspace, &failure)) {
        log_error("%s", failure.text);
        return EXIT_BROKEN;
    }
    if (call->options[CHECK_JSON].given)
        return EXIT_DONE;
    fprintf(call->out, "%s: no problems, %s\n",
        workspace.policy.path ? shown_path(call->arena, workspace.policy.path)
                              : "the built-in policy",
        workspace.policy.trusted ? "trusted"
                                 : "not trusted: its rules hold, what it would run does not");
    print_rungs(call, &workspace.policy, &workspace.prices, workspace.today);
    return EXIT_DONE;
}

const struct command_row COMMAND_CHECK = {
    .name = "check",
    .words = "[POLICY]",
    .words_most = 1,
    .summary = "Read the policy strictly and name every problem with its line and key.",
    .details = "Checks the named file, else the rung.yaml found at or above the working directory, "
               "else the user's own, else the built-in one. Exits 1 where there is any problem.",
    .options = CHECK_OPTIONS,
    .n_options = sizeof(CHECK_OPTIONS) / sizeof(CHECK_OPTIONS[0]),
    .run = run_check,
};

enum { TRUST_REMOVE, TRUST_POLICY };

static const struct option_row TRUST_OPTIONS[] = {
    {"remove", OPTION_FLAG, NULL, "forget that this policy and its ledger were trusted"},
    POLICY_OPTION,
};

/* What trust will let the policy do, in its own words: every line of the keys that need trust, or
 * all of a policy that is written as one flow. */
static void say_powers(struct call *call, struct slice text)
{
    struct slice rest = text, line;
    bool shown = false, said = false;
    while (slice_next_line(&rest, &line)) {
        bool begins = line.len && line.base[0] != ' ' && line.base[0] != '\t' &&
                      line.base[0] != '#' && line.base[0] != '-';
        if (begins)
            shown = line.base[0] == '{' ||
                    policy_needs_trust(slice_trim(slice_sub(line, 0, slice_find_byte(line, ':'))));
        if (!shown || slice_trim(line).len == 0)
            continue;
        if (!said)
            fputs("trusting it lets it do this:\n", call->out);
        said = true;
        size_t indent = 0;
        while (indent < line.len && line.base[indent] == ' ')
            indent++;
        fprintf(call->out, "  %*s%.*s\n", (int)(indent < 40 ? indent : 40), "",
            SLICE_ARG(text_one_line(call->arena, line, 0)));
    }
    if (!said)
        fputs("it names nothing that would be run\n", call->out);
}

/* What is shown, hashed and trusted are the same bytes, whoever writes to the file meanwhile. */
static bool trust_bytes(struct call *call, const char *path, struct failure *failure)
{
    struct file_bytes file;
    struct policy policy;
    struct policy_problems problems = {0};
    char hash[SHA256_HEX_BYTES];
    if (!file_open_plain(path, POLICY_BYTES_MOST, &file, failure))
        return false;
    struct slice text = arena_copy(call->arena, file.bytes);
    file_close(&file);
    if (!policy_parse(call->arena, path, text, false, &policy, &problems))
        return failure_set(failure, "%.*s (`rung check` lists all that is wrong with it)",
            SLICE_ARG(problems.items[0].sentence));
    file_sha256(text, hash);
    say_powers(call, text);
    if (!policy_trust(call->arena, path, hash, failure))
        return false;
    fprintf(call->out, "%s is trusted as it stands; a change of it must be trusted anew\n",
        shown_path(call->arena, path));
    return true;
}

/* The ledger that is found with the policy, where a file is there. */
static bool project_ledger(
    struct call *call, const char *policy, struct ledger_place *place, struct failure *failure)
{
    struct workspace workspace = {0};
    const struct option_value none = {0};
    const char *here = file_working_directory(call->arena);
    *place = (struct ledger_place){0};
    if (!policy_find(call->arena, policy, here, &workspace.policy, NULL, failure))
        return false;
    *place = workspace_ledger_place(call, &none, &workspace);
    if (!place->in_project || !file_exists(place->path))
        *place = (struct ledger_place){0};
    return true;
}

static bool count_outcomes(
    const struct ledger_place *place, struct ledger_counts *counts, struct failure *failure)
{
    struct ledger *ledger = NULL;
    bool ok = ledger_open(place->url, (struct ledger_options){0}, &ledger, failure) &&
              ledger_count(ledger, counts, failure);
    ledger_close(ledger);
    return ok;
}

/* What another has brought here; *is_new says whether. What is this user's own needs no word. */
static bool accept_file(struct call *call, const char *path, bool *is_new, struct failure *failure)
{
    *is_new = file_exists(path) && !policy_owns_file(call->arena, path);
    return !*is_new || policy_own_file(call->arena, path, path, failure);
}

/* A ledger, its log and the evidence beside it. */
static bool accept_ledger(
    struct call *call, const struct ledger_place *place, struct failure *failure)
{
    struct arena *arena = call->arena;
    struct ledger_counts counts;
    const char *evidence = learned_path(call, place);
    bool new_ledger, new_log, new_evidence;
    if (!count_outcomes(place, &counts, failure) ||
        !accept_file(call, place->path, &new_ledger, failure) ||
        !accept_file(call, workspace_ledger_log(arena, place->path), &new_log, failure) ||
        !accept_file(call, evidence, &new_evidence, failure))
        return false;
    if (new_ledger || new_log)
        fprintf(call->out, "%s is accepted: its %lld outcomes have a say in decisions\n",
            shown_path(arena, place->path), (long long)counts.done);
    if (new_evidence)
        fprintf(call->out, "%s is accepted; `rung learn` makes it anew from the ledger\n",
            shown_path(arena, evidence));
    return true;
}

static bool trust(struct call *call, const char *path, struct failure *failure)
{
    struct ledger_place place;
    return (!path || trust_bytes(call, path, failure)) &&
           project_ledger(call, path, &place, failure) &&
           (!place.path || accept_ledger(call, &place, failure));
}

static bool distrust(struct call *call, const char *path, struct failure *failure)
{
    struct ledger_place place;
    if (!project_ledger(call, path, &place, failure) ||
        (path && !policy_distrust(call->arena, path, failure)) ||
        (place.path && (!policy_disown_file(call->arena, place.path, failure) ||
                           !policy_disown_file(call->arena,
                               workspace_ledger_log(call->arena, place.path), failure) ||
                           !policy_disown_file(call->arena, learned_path(call, &place), failure))))
        return false;
    fprintf(
        call->out, "%s is no longer trusted\n", shown_path(call->arena, path ? path : place.path));
    return true;
}

static int run_trust(struct call *call)
{
    struct failure failure = {0};
    struct ledger_place place;
    const char *path = policy_path(call, &call->options[TRUST_POLICY]);
    if (!path && project_ledger(call, path, &place, &failure) && !place.path) {
        log_error("there is no rung.yaml and no ledger at or above this directory; the built-in "
                  "policy needs no trust");
        return EXIT_USAGE;
    }
    if (call->options[TRUST_REMOVE].given ? distrust(call, path, &failure)
                                          : trust(call, path, &failure))
        return EXIT_DONE;
    log_error("%s", failure.text);
    return EXIT_BROKEN;
}

const struct command_row COMMAND_TRUST = {
    .name = "trust",
    .words = "[POLICY]",
    .words_most = 1,
    .summary = "Allow a policy to run what it names, as it stands now, and accept its ledger.",
    .details = "A policy found in a directory may come from a stranger. Until its exact bytes are "
               "trusted by you, only its ladder, rules and prices are obeyed; gates, agents, "
               "review, and the ledger's place are refused with a sentence.\n\n"
               "A ledger (.rung/ledger.db) and its evidence may come from a stranger too. Those "
               "that you began are known by their place on this disk; one that was cloned, copied, "
               "restored or begun by somebody else is neither believed nor written to until `rung "
               "trust` accepts it. Where nothing is kept between runs (CI, containers), name it: "
               "RUNG_LEDGER or --ledger need no trust.",
    .options = TRUST_OPTIONS,
    .n_options = sizeof(TRUST_OPTIONS) / sizeof(TRUST_OPTIONS[0]),
    .run = run_trust,
};

enum { INIT_FORCE, INIT_PAGES, INIT_CLAUDE, INIT_BEADS, INIT_ADVISE, INIT_REMOVE, INIT_POLICY };

static const struct option_row INIT_OPTIONS[] = {
    {"force", OPTION_FLAG, NULL, "replace a rung.yaml that is there"},
    {"pages", OPTION_FLAG, NULL, "write the pages for agents alone, from the policy that is there"},
    {"claude", OPTION_FLAG, NULL,
        "install the hooks of Claude Code (.claude/settings.json) and agents for the rungs"},
    {"beads", OPTION_FLAG, NULL,
        "install Beads' hooks: new issues are decided, closed ones completed"},
    {"advise", OPTION_FLAG, NULL, "with --claude: also advise on prompts that fit another model"},
    {"remove", OPTION_FLAG, NULL, "with --claude or --beads: take them out again"},
    {"policy", OPTION_TEXT, "FILE",
        "begin with a copy of this policy; with --pages or --claude: write them from it"},
};

/* From the policy that --policy names, else from the rung.yaml that is there by now. */
static bool write_pages(struct call *call, const char *directory, struct failure *failure)
{
    struct workspace workspace = {0};
    struct arena *arena = call->arena;
    const char *path = file_join(arena, directory, "rung.yaml");
    struct option_value option = call->options[INIT_POLICY];
    if (!option.given || !call->options[INIT_PAGES].given)
        option = (struct option_value){.given = true, .text = slice_from(path)};
    if (!workspace_open(call, &option, &workspace, failure))
        return false;
    const char *rules = file_join(arena, directory, ".claude/rules");
    if (!file_refuse_links(directory, ".claude/rules", failure) ||
        !file_make_directories(rules, 0755, failure))
        return false;
    struct policy_page pages[POLICY_PAGES];
    policy_pages(arena, &workspace.policy, &workspace.prices, workspace.today, pages);
    for (int i = 0; i < POLICY_PAGES; i++) {
        const char *page = file_join(arena, rules, pages[i].name);
        const char *name = file_join(arena, ".claude/rules", pages[i].name);
        if (!file_refuse_links(directory, name, failure) ||
            !file_replace(page, pages[i].text, 0644, failure))
            return false;
        fprintf(call->out, "wrote %s\n", shown_path(arena, page));
    }
    return true;
}

/* The text of the policy that --policy names, which must be sound. */
static bool read_model(struct call *call, struct slice *text, struct failure *failure)
{
    struct file_bytes file;
    struct policy policy;
    struct policy_problems problems = {0};
    const char *name = arena_text(call->arena, call->options[INIT_POLICY].text);
    if (!file_open(name, POLICY_BYTES_MOST, &file, failure))
        return false;
    *text = arena_copy(call->arena, file.bytes);
    file_close(&file);
    return policy_parse(call->arena, name, *text, false, &policy, &problems) ||
           failure_set(failure, "%.*s", SLICE_ARG(problems.items[0].sentence));
}

/* The built-in policy, just written for this user, is trusted; a copy of another must be read. */
static bool write_policy(struct call *call, const char *path, struct failure *failure)
{
    struct slice text = policy_builtin_text();
    char hash[SHA256_HEX_BYTES];
    bool is_copy = call->options[INIT_POLICY].given;
    if ((is_copy && !read_model(call, &text, failure)) ||
        !file_refuse_links(file_directory(call->arena, path), "rung.yaml", failure) ||
        !file_replace(path, text, 0644, failure))
        return false;
    file_sha256(text, hash);
    fprintf(call->out, "wrote %s\n", shown_path(call->arena, path));
    return is_copy || policy_trust(call->arena, path, hash, failure);
}

/* Rung in another program's settings; the policy is left as it is. */
static bool install(struct call *call, struct failure *failure)
{
    struct workspace workspace = {0};
    if (call->options[INIT_BEADS].given && !setup_beads(call, failure))
        return false;
    return !call->options[INIT_CLAUDE].given ||
           (workspace_open(call, &call->options[INIT_POLICY], &workspace, failure) &&
               setup_claude(call, &workspace, call->options[INIT_ADVISE].given, failure));
}

static bool uninstall(struct call *call, struct failure *failure)
{
    if (call->options[INIT_BEADS].given && !setup_beads_remove(call, failure))
        return false;
    return !call->options[INIT_CLAUDE].given || setup_claude_remove(call, failure);
}

static int run_setup(struct call *call)
{
    struct failure failure = {0};
    bool ok =
        call->options[INIT_REMOVE].given ? uninstall(call, &failure) : install(call, &failure);
    if (!ok)
        log_error("%s", failure.text);
    return ok ? EXIT_DONE : EXIT_BROKEN;
}

static int run_init(struct call *call)
{
    if (call->options[INIT_CLAUDE].given || call->options[INIT_BEADS].given)
        return run_setup(call);
    if (call->options[INIT_REMOVE].given || call->options[INIT_ADVISE].given) {
        log_error("--remove and --advise say how --claude or --beads is meant; give that too");
        return EXIT_USAGE;
    }
    struct failure failure = {0};
    const char *here = file_working_directory(call->arena);
    const char *path = file_join(call->arena, here, "rung.yaml");
    bool pages_only = call->options[INIT_PAGES].given;
    if (pages_only && !file_exists(path) && !call->options[INIT_POLICY].given) {
        log_error("there is no rung.yaml here; `rung init` writes one");
        return EXIT_USAGE;
    }
    if (!pages_only && file_exists(path) && !call->options[INIT_FORCE].given) {
        log_error(
            "rung.yaml is there already; --force replaces it, --pages writes the pages alone");
        return EXIT_BROKEN;
    }
    if ((!pages_only && !write_policy(call, path, &failure)) ||
        !write_pages(call, here, &failure)) {
        log_error("%s", failure.text);
        return EXIT_BROKEN;
    }
    if (!pages_only)
        fprintf(call->out, "\nnext: read rung.yaml, then `rung %s` and `rung route`\n",
            call->options[INIT_POLICY].given ? "trust" : "check");
    return EXIT_DONE;
}

const struct command_row COMMAND_INIT = {
    .name = "init",
    .words = "",
    .summary = "Write a commented rung.yaml and the pages that agents read.",
    .details =
        "The pages (.claude/rules/model-routing-optimization.md, harness-patterns.md, "
        "gastown-patterns.md) are generated from the policy. After editing rung.yaml, `rung init "
        "--pages` writes them anew.\n\n"
        "--claude merges hooks into the project's .claude/settings.json, every other byte of which "
        "stays, and writes .claude/agents/rung-RUNG.md for each rung; asked again it changes "
        "nothing. --beads writes .beads/hooks/on_create and on_close. With --remove they are taken "
        "out.",
    .options = INIT_OPTIONS,
    .n_options = sizeof(INIT_OPTIONS) / sizeof(INIT_OPTIONS[0]),
    .run = run_init,
};
