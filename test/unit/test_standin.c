/* Agents from end to end: started as their row says, read as they print. The agents are stand-ins
 * (test/standin), the API is one on loopback; both need python3, as the build does. */
#include "unit.h"

#include "agent/agent.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct policy_rung HAIKU = {
    .name = SLICE("haiku"), .model = SLICE("claude-haiku-5-5"), .effort = SLICE("low")};

struct fixture {
    struct arena arena;
    char place[64];
    struct policy_agent agent;
    struct price_table prices;
    const char *environment[4];
};
static struct fixture fixture;

static void write_file(const char *name, const char *text)
{
    struct failure failure;
    const char *path = file_join(&fixture.arena, fixture.place, name);
    if (!file_replace(path, slice_from(text), 0600, &failure))
        fail_msg("%s", failure.text);
}

static int begin(void **state)
{
    (void)state;
    fixture = (struct fixture){.place = "/tmp/rung-standin-XXXXXX", .prices = price_builtin()};
    if (!mkdtemp(fixture.place))
        return -1;
    char *agent = realpath("test/standin/agent.py", NULL);
    static const char *const NAMES[] = {"claude", "codex", "opencode", "program"};
    for (size_t i = 0; i < 4; i++)
        if (!agent || symlink(agent, file_join(&fixture.arena, fixture.place, NAMES[i])) != 0)
            return -1;
    free(agent);
    fixture.environment[0] =
        arena_print(&fixture.arena, "PATH=%s:%s", fixture.place, getenv("PATH")).base;
    fixture.environment[1] =
        arena_print(&fixture.arena, "STANDIN_TABLE=%s/table.json", fixture.place).base;
    fixture.environment[2] = "KEY=dummy";
    return 0;
}

static int end(void **state)
{
    (void)state;
    struct child_result result;
    const char *const argv[] = {"rm", "-rf", fixture.place, NULL};
    bool ok = child_run(&fixture.arena, argv, (struct child_limits){1000, 10000}, &result, NULL);
    arena_free(&fixture.arena);
    return ok ? 0 : -1;
}

static struct agent_setup setup_for(const struct policy_rung *rung)
{
    return (struct agent_setup){.agent = &fixture.agent,
        .rung = rung,
        .prices = &fixture.prices,
        .day = clock_day_from_civil((struct civil_date){2026, 11, 22})};
}

/* One attempt of task t1, as `run` will make it, but waiting. */
static struct agent_result attempt(enum policy_agent_kind kind, const char *table)
{
    struct failure failure;
    struct agent_start start;
    struct child_result child;
    struct agent_result result;
    write_file("table.json", table);
    fixture.agent.kind = kind;
    struct agent_call call = {.rung = &HAIKU,
        .prompt = SLICE("Do task t1 now."),
        .directory = fixture.place,
        .scratch = fixture.place};
    if (!agent_prepare(
            &fixture.arena, &fixture.agent, &call, fixture.environment, &start, &failure))
        fail_msg("%s", failure.text);
    for (size_t i = 0; i < start.n_files; i++)
        if (!file_replace(start.files[i].path, start.files[i].bytes, 0600, &failure))
            fail_msg("%s", failure.text);
    struct child_setup with = {.directory = start.directory,
        .environment = start.environment,
        .input = start.input,
        .whole_group = true};
    setenv("PATH", fixture.environment[0] + 5, 1);
    bool ok = child_run_with(
        &fixture.arena, start.argv, &with, (struct child_limits){1 << 20, 20000}, &child, &failure);
    if (!ok && child.not_started)
        fail_msg("%s", failure.text);
    struct agent_setup setup = setup_for(&HAIKU);
    struct agent_reader *reader = agent_reader_make(&setup);
    agent_reader_output(reader, child.output);
    agent_reader_error(reader, child.error);
    struct agent_exit exit = {.exit_status = child.exit_status, .timed_out = !ok};
    agent_reader_end(reader, &fixture.arena, &exit, &result);
    agent_reader_free(reader);
    return result;
}

#define TABLE(row)                                                                                 \
    "{\"rungs\":{\"claude-haiku-5-5@low\":{\"tokens\":{\"input\":1000,\"output\":200,"             \
    "\"cache_read\":5000,\"cache_write\":100}," row "}},\"tasks\":{\"t1\":{\"write\":{"            \
    "\"out.txt\":\"good\"},\"spoil\":{\"out.txt\":\"bad\"}}}}"
/* 1000 × 0.1 + 200 × 0.5 + 5000 × 0.01 + 100 × 0.125 */
static const double COST_USD = 262.5e-6;

static void assert_file(const char *name, const char *text)
{
    struct file_bytes file;
    if (!file_open(file_join(&fixture.arena, fixture.place, name), 1000, &file, NULL))
        fail_msg("%s was not written", name);
    assert_slice(file.bytes, text);
    file_close(&file);
}

static void agents_work_and_are_read(void **state)
{
    (void)state;
    struct slice command[] = {
        SLICE("program"), SLICE("--model={model}"), SLICE("--prompt-file"), SLICE("{prompt_file}")};
    for (int kind = POLICY_AGENT_CLAUDE; kind <= POLICY_AGENT_COMMAND; kind++) {
        fixture.agent = (struct policy_agent){.command = command,
            .n_command = 4,
            .prompt_is_file = true,
            .result_is_json = true,
            .paths = {.answer = SLICE("text"),
                .cost_usd = SLICE("usage.usd"),
                .model = SLICE("model"),
                .input = SLICE("usage.input"),
                .output = SLICE("usage.output"),
                .cache_read = SLICE("usage.cache_read"),
                .cache_write = SLICE("usage.cache_write")}};
        struct agent_result result = attempt(
            (enum policy_agent_kind)kind, TABLE("\"skill\":1,\"turns\":3,\"usd\":0.0002625"));
        if (result.ending != AGENT_DONE)
            fail_msg("%d: %.*s", kind, SLICE_ARG(result.error));
        assert_true(slice_find(result.answer, "stand-in") != SIZE_MAX);
        assert_close(result.reckoned_usd, COST_USD, 1e-12);
        assert_close(result.cost_usd, COST_USD, 1e-12);
        assert_false(result.costs_differ);
        assert_false(result.is_mismatch);
        assert_file("out.txt", "good");
    }
}

static void skill_is_the_tables(void **state)
{
    (void)state;
    fixture.agent = (struct policy_agent){0};
    struct agent_result result = attempt(POLICY_AGENT_CLAUDE, TABLE("\"solves\":[],\"usd\":0.001"));
    assert_int_equal(result.ending, AGENT_DONE);
    assert_true(result.costs_differ);
    assert_file("out.txt", "bad");
}

static void trouble_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *table;
        enum agent_ending ending;
    } CASES[] = {
        {TABLE("\"usd\":0.0002625,\"trouble\":\"turn-limit\""), AGENT_TURN_LIMIT},
        {TABLE("\"usd\":0.0002625,\"trouble\":\"budget\""), AGENT_BUDGET},
        {TABLE("\"trouble\":\"not-logged-in\""), AGENT_NOT_LOGGED_IN},
        {TABLE("\"trouble\":\"upstream\""), AGENT_UPSTREAM},
        {TABLE("\"trouble\":\"garbage\""), AGENT_GARBAGE},
        {TABLE("\"trouble\":\"crash\""), AGENT_FAILED},
    };
    fixture.agent = (struct policy_agent){0};
    for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
        struct agent_result result = attempt(POLICY_AGENT_CLAUDE, CASES[i].table);
        if (result.ending != CASES[i].ending)
            fail_msg(
                "case %zu: %s: %.*s", i, agent_ending_name(result.ending), SLICE_ARG(result.error));
        assert_true(result.error.len > 0);
    }
    struct agent_result result =
        attempt(POLICY_AGENT_CLAUDE, TABLE("\"served\":\"claude-opus-5-5\",\"usd\":0.0002625"));
    assert_true(result.is_mismatch);
    assert_slice(result.served, "claude-opus-5-5");
}

/* ---- the API ---- */

struct upstream {
    pid_t pid;
    int input;
    char url[128];
};

static void upstream_start(struct upstream *upstream, const char *script)
{
    int in[2], out[2];
    write_file("script.json", script);
    const char *path = file_join(&fixture.arena, fixture.place, "script.json");
    if (pipe(in) != 0 || pipe(out) != 0)
        fail_msg("no pipe");
    upstream->pid = fork();
    if (upstream->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        execlp("python3", "python3", "test/standin/upstream.py", "--script", path, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    upstream->input = in[1];
    FILE *stream = fdopen(out[0], "r");
    if (!fgets(upstream->url, sizeof(upstream->url), stream))
        fail_msg("the stand-in upstream did not start");
    upstream->url[strcspn(upstream->url, "\n")] = '\0';
    fclose(stream);
}

static void upstream_stop(struct upstream *upstream)
{
    close(upstream->input);
    kill(upstream->pid, SIGTERM);
    waitpid(upstream->pid, NULL, 0);
}

static struct agent_result ask(const char *url, const char *model, double timeout_s, bool stopped)
{
    const struct policy_rung rung = {.name = SLICE("r"), .model = slice_from(model)};
    fixture.agent = (struct policy_agent){.kind = POLICY_AGENT_API,
        .url = slice_from(url),
        .key_variable = SLICE("KEY"),
        .max_output_tokens = 1000,
        .timeout_s = timeout_s};
    struct agent_call call = {.rung = &rung,
        .prompt = SLICE("What is 6 × 7?"),
        .directory = fixture.place,
        .scratch = fixture.place};
    struct agent_start start;
    struct failure failure;
    if (!agent_prepare(
            &fixture.arena, &fixture.agent, &call, fixture.environment, &start, &failure))
        fail_msg("%s", failure.text);
    struct agent_setup setup = setup_for(&rung);
    struct agent_reader *reader = agent_reader_make(&setup);
    struct agent_exit exit;
    struct agent_result result;
    atomic_bool stop = stopped;
    agent_api_call(&fixture.arena, &start, &stop, reader, &exit);
    agent_reader_end(reader, &fixture.arena, &exit, &result);
    agent_reader_free(reader);
    return result;
}

static void the_api_answers(void **state)
{
    (void)state;
    struct upstream upstream;
    upstream_start(&upstream,
        "{\"claude-haiku-5-5\":[{\"text\":\"42\",\"usage\":{\"input_tokens\":2000,"
        "\"output_tokens\":10}}],\"busy\":[{\"status\":429,\"error\":\"rate_limit_error\","
        "\"message\":\"slow "
        "down\"}],\"locked\":[{\"status\":401,\"error\":\"authentication_error\","
        "\"message\":\"invalid x-api-key\"}],\"slow\":[{\"text\":\"x\",\"wait_s\":5}],"
        "\"broken\":[{\"status\":500}]}");
    struct agent_result result = ask(upstream.url, "claude-haiku-5-5", 10, false);
    assert_int_equal(result.ending, AGENT_DONE);
    assert_slice(result.answer, "42");
    assert_close(result.cost_usd, (2000 * 0.1 + 10 * 0.5) / 1e6, 1e-12);
    result = ask(upstream.url, "busy", 10, false);
    assert_int_equal(result.ending, AGENT_RATE_LIMITED);
    assert_slice(result.error, "slow down");
    assert_close(result.retry_after_s, 7, 0);
    assert_int_equal(ask(upstream.url, "locked", 10, false).ending, AGENT_NOT_LOGGED_IN);
    assert_int_equal(ask(upstream.url, "broken", 10, false).ending, AGENT_UPSTREAM);
    assert_int_equal(ask(upstream.url, "slow", 0.3, false).ending, AGENT_TIMED_OUT);
    assert_int_equal(ask(upstream.url, "slow", 10, true).ending, AGENT_STOPPED);
    upstream_stop(&upstream);
    result = ask(upstream.url, "claude-haiku-5-5", 10, false);
    assert_int_equal(result.ending, AGENT_UPSTREAM);
    assert_true(isnan(result.cost_usd));
}

/* The real program against the stand-in upstream: RUNG_CLAUDE=PATH of the binary of the npm package
 * @anthropic-ai/claude-code-linux-x64. */
static void the_real_claude_edits(void **state)
{
    (void)state;
    const char *claude = getenv("RUNG_CLAUDE");
    if (!claude) {
        print_message("RUNG_CLAUDE is not set: the real claude is left out\n");
        skip();
    }
    struct upstream upstream;
    char script[1000];
    snprintf(script, sizeof(script),
        "{\"claude-haiku-5-5\":[{\"tool\":\"Write\",\"input\":{\"file_path\":\"%s/real.txt\","
        "\"content\":\"real\"},\"usage\":{\"input_tokens\":1000,\"output_tokens\":50,"
        "\"cache_creation_input_tokens\":9000}},{\"text\":\"Written.\",\"usage\":{"
        "\"input_tokens\":20,\"output_tokens\":30,\"cache_read_input_tokens\":10000}}]}",
        fixture.place);
    upstream_start(&upstream, script);
    const char *const environment[] = {fixture.environment[0],
        arena_print(&fixture.arena, "HOME=%s", fixture.place).base, "ANTHROPIC_API_KEY=dummy",
        arena_print(&fixture.arena, "ANTHROPIC_BASE_URL=%s", upstream.url).base,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_AUTOUPDATER=1", NULL};
    fixture.agent = (struct policy_agent){
        .program = slice_from(claude), .permission = SLICE("acceptEdits"), .max_turns = 9};
    struct dice dice = dice_from_seed(7);
    char session[AGENT_SESSION_BYTES];
    struct agent_call call = {.rung = &HAIKU,
        .prompt = SLICE("--help; write real.txt"),
        .directory = fixture.place,
        .scratch = fixture.place,
        .budget_usd = 1,
        .session = agent_make_session(&dice, session)};
    struct agent_start start;
    struct failure failure;
    struct child_result child;
    struct agent_result result;
    if (!agent_prepare(&fixture.arena, &fixture.agent, &call, environment, &start, &failure))
        fail_msg("%s", failure.text);
    struct child_setup with = {.directory = start.directory,
        .environment = start.environment,
        .input = start.input,
        .whole_group = true};
    if (!child_run_with(&fixture.arena, start.argv, &with, (struct child_limits){1 << 20, 60000},
            &child, &failure))
        fail_msg("%s", failure.text);
    upstream_stop(&upstream);
    struct agent_setup setup = setup_for(&HAIKU);
    struct agent_reader *reader = agent_reader_make(&setup);
    agent_reader_output(reader, child.output);
    agent_reader_error(reader, child.error);
    agent_reader_end(
        reader, &fixture.arena, &(struct agent_exit){.exit_status = child.exit_status}, &result);
    agent_reader_free(reader);
    if (result.ending != AGENT_DONE)
        fail_msg("%s: %.*s", agent_ending_name(result.ending), SLICE_ARG(result.error));
    assert_slice(result.answer, "Written.");
    assert_slice(result.session, session);
    assert_close(result.own_usd, 0.001367, 1e-9);
    assert_close(result.reckoned_usd, 0.001367, 1e-9);
    assert_int_equal(result.n_warnings, 0);
    assert_file("real.txt", "real");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(agents_work_and_are_read, begin, end),
        cmocka_unit_test_setup_teardown(skill_is_the_tables, begin, end),
        cmocka_unit_test_setup_teardown(trouble_is_told_apart, begin, end),
        cmocka_unit_test_setup_teardown(the_api_answers, begin, end),
        cmocka_unit_test_setup_teardown(the_real_claude_edits, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
