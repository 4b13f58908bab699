/* gate, check: receives a gate that needs no process and what it looks at, hands on the verdict. */
#include "parts.h"

#include "base/clock.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <assert.h>
#include <math.h>

enum { STEPS_MOST = 1000000 };

static void say(struct arena *arena, struct gate_result *result, enum gate_verdict verdict,
    const char *sentence)
{
    struct findings findings = {.arena = arena};
    if (sentence)
        findings_add(&findings, "%s", sentence);
    result->verdict = verdict;
    result->evidence = findings_text(&findings);
}

static void check_schema(struct arena *arena, const struct policy_gate *gate,
    const struct gate_subject *subject, struct gate_result *result)
{
    struct failure failure;
    struct slice value = subject->structured.len ? subject->structured : subject->answer;
    if (subject->schema.len == 0) {
        say(arena, result, GATE_UNSURE,
            arena_print(arena, "the schema %.*s could not be read", SLICE_ARG(gate->schema)).base);
        return;
    }
    bool is_usable;
    if (gate_schema_holds(subject->schema, value, &is_usable, &failure))
        say(arena, result, GATE_PASS, NULL);
    else
        say(arena, result, is_usable ? GATE_FAIL : GATE_UNSURE, failure.text);
}

static int search(struct slice pattern, struct slice text)
{
    int error;
    size_t error_at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.base, pattern.len,
        PCRE2_CASELESS | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
            PCRE2_MULTILINE,
        &error, &error_at, NULL);
    if (!code)
        return error;
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    if (!data || !limits)
        memory_exhausted();
    pcre2_set_match_limit(limits, STEPS_MOST);
    int found =
        pcre2_match(code, (PCRE2_SPTR)(text.base ? text.base : ""), text.len, 0, 0, data, limits);
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return found;
}

static void check_pattern(struct arena *arena, const struct policy_gate *gate,
    const struct gate_subject *subject, struct gate_result *result)
{
    struct slice text = subject->structured.len ? subject->structured : subject->answer;
    int found = search(gate->pattern, text);
    if (found >= 0)
        say(arena, result, GATE_PASS, NULL);
    else if (found == PCRE2_ERROR_NOMATCH)
        say(arena, result, GATE_FAIL,
            arena_print(arena, "the result does not match %.*s", SLICE_ARG(gate->pattern)).base);
    else
        say(arena, result, GATE_UNSURE,
            arena_print(arena, "the search for %.*s took too long and was given up",
                SLICE_ARG(gate->pattern))
                .base);
}

void gate_check(struct arena *arena, const struct policy_gate *gate,
    const struct gate_subject *subject, struct gate_result *result)
{
    int64_t start_us = clock_monotonic_us();
    *result = (struct gate_result){.name = gate->name, .kind = gate->kind, .confidence = NAN};
    switch (gate->kind) {
    case POLICY_GATE_DIFF:
        gate_check_diff(arena, gate, subject, result);
        break;
    case POLICY_GATE_SCHEMA:
        check_schema(arena, gate, subject, result);
        break;
    case POLICY_GATE_PATTERN:
        check_pattern(arena, gate, subject, result);
        break;
    case POLICY_GATE_COMMAND:
    case POLICY_GATE_JUDGE:
        assert(0 && "a gate without a process");
    }
    result->seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
}
