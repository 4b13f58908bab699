/* gate, command: receives a gate's program, hands on how to start it, and what its end means.
 * Refuses to pass on more of the caller's environment than a build needs: no key, no token. */
#include "parts.h"

#include "base/child.h"
#include "base/clock.h"

#include <math.h>
#include <signal.h>
#include <string.h>

enum { ENVIRONMENT_MOST = 256 };

static const char *const PASSED_ON[] = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG",
    "LANGUAGE", "TZ", "TMPDIR", "XDG_CACHE_HOME", "JAVA_HOME", "GOPATH", "GOROOT", "GOCACHE",
    "GOMODCACHE", "CARGO_HOME", "RUSTUP_HOME", "PYENV_ROOT", "NVM_DIR", "VIRTUAL_ENV",
    "PKG_CONFIG_PATH"};

static bool is_passed_on(const struct policy_gate *gate, struct slice name)
{
    if (slice_starts(name, "LC_"))
        return true;
    for (size_t i = 0; i < sizeof(PASSED_ON) / sizeof(*PASSED_ON); i++)
        if (slice_is(name, PASSED_ON[i]))
            return true;
    for (size_t i = 0; i < gate->n_environment; i++)
        if (slice_equal(name, gate->environment[i]))
            return true;
    return false;
}

static const char *const *scrub(
    struct arena *arena, const struct policy_gate *gate, const char *const *environment)
{
    static const char *const OURS[] = {
        "TERM=dumb", "NO_COLOR=1", "CI=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0"};
    enum { N_OURS = sizeof(OURS) / sizeof(*OURS) };
    const char **items = ARENA_ARRAY(arena, const char *, ENVIRONMENT_MOST + N_OURS + 1);
    size_t n = 0;
    for (size_t i = 0; environment[i] && n < ENVIRONMENT_MOST; i++) {
        struct slice rest = slice_from(environment[i]), name;
        if (slice_next_field(&rest, '=', &name) && is_passed_on(gate, name))
            items[n++] = environment[i];
    }
    memcpy(items + n, OURS, sizeof(OURS));
    return items;
}

struct gate_command gate_command_prepare(struct arena *arena, const struct policy_gate *gate,
    const struct gate_subject *subject, const char *const *environment)
{
    const char **argv = ARENA_ARRAY(arena, const char *, gate->n_command + 1);
    for (size_t i = 0; i < gate->n_command; i++)
        argv[i] = arena_text(arena, gate->command[i]);
    return (struct gate_command){.argv = argv,
        .environment = scrub(arena, gate, environment),
        .directory = subject->directory,
        .wait_ms = (int)(gate->timeout_s * 1000)};
}

/* ---- what its end means ---- */

/* Ended from outside: killed, or without what it needs. A program's own crash is a failure. */
static bool is_from_outside(int exit_status)
{
    return exit_status == 128 + SIGKILL || exit_status == 128 + SIGTERM ||
           exit_status == 128 + SIGINT || exit_status == 128 + SIGHUP;
}

static enum gate_verdict judge(
    const struct policy_gate *gate, const struct gate_ended *ended, struct findings *findings)
{
    struct slice program = gate->command[0];
    if (ended->not_started) {
        findings_add(findings, "%s", ended->not_started);
        return GATE_UNSURE;
    }
    if (ended->timed_out) {
        findings_add(findings,
            "%.*s did not end within %g s and was stopped; its last lines:", SLICE_ARG(program),
            gate->timeout_s);
        return GATE_FAIL;
    }
    if (ended->exit_status == 0)
        return GATE_PASS;
    bool could_not_run = ended->exit_status >= 125 && ended->exit_status <= 127;
    findings_add(findings, "%.*s %s status %d after %.1f s; its last lines:", SLICE_ARG(program),
        could_not_run                         ? "could not do its work:"
        : is_from_outside(ended->exit_status) ? "was ended from outside:"
                                              : "ended with",
        ended->exit_status, ended->seconds);
    return could_not_run || is_from_outside(ended->exit_status) ? GATE_UNSURE : GATE_FAIL;
}

void gate_command_judge(struct arena *arena, const struct policy_gate *gate,
    const struct gate_ended *ended, struct gate_result *result)
{
    struct findings findings = {.arena = arena};
    *result = (struct gate_result){.name = gate->name,
        .kind = POLICY_GATE_COMMAND,
        .seconds = ended->seconds,
        .confidence = NAN};
    result->verdict = judge(gate, ended, &findings);
    if (result->verdict != GATE_PASS && !ended->not_started)
        findings_add_end_of(&findings, ended->output);
    result->evidence = findings_text(&findings);
}

void gate_command_run(struct arena *arena, const struct policy_gate *gate,
    const struct gate_subject *subject, const char *const *environment, struct gate_result *result)
{
    struct gate_command command = gate_command_prepare(arena, gate, subject, environment);
    struct child_setup setup = {.directory = command.directory,
        .environment = command.environment,
        .one_tail = true,
        .whole_group = true};
    struct child_limits limits = {GATE_OUTPUT_BYTES_MOST, command.wait_ms};
    struct child_result child;
    struct failure failure;
    int64_t start_us = clock_monotonic_us();
    bool ok = child_run_with(arena, command.argv, &setup, limits, &child, &failure);
    struct gate_ended ended = {.exit_status = child.exit_status,
        .timed_out = !ok && child.timed_out,
        .not_started = !ok && child.not_started ? failure.text : NULL,
        .output = child.output,
        .seconds = (double)(clock_monotonic_us() - start_us) / 1e6};
    gate_command_judge(arena, gate, &ended, result);
}
