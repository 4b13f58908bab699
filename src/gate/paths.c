/* gate, paths: receives a change, hands on what it must not touch or is too much of. */
#include "parts.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

/* What no agent may change unasked, in any directory and any case: what would steer Rung, git or
 * the next agent session. */
static const char *const PROTECTED[] = {"rung.yaml", "rung.yml", ".rung/", ".claude/", ".git/",
    ".git", ".gitmodules", ".githooks/", ".husky/", ".mcp.json"};

static bool is_path_byte(char c)
{
    return slice_ascii_is_word((unsigned char)c) || strchr("-_./~+@", c) || (c & 0x80);
}

/* True where `word` stands in the text, with nothing of a path around it. */
static bool has_path_word(struct slice text, struct slice word, bool is_directory)
{
    for (size_t at = 0; at + word.len <= text.len; at++) {
        if (memcmp(text.base + at, word.base, word.len) != 0)
            continue;
        size_t end = at + word.len;
        bool starts = at == 0 || !is_path_byte(text.base[at - 1]) ||
                      (at >= 2 && text.base[at - 1] == '/' && text.base[at - 2] == '.');
        /* "change rung.yaml." ends a sentence; "rung.yaml.bak" is another file. */
        bool dot_ends = end < text.len && text.base[end] == '.' &&
                        (end + 1 == text.len || !is_path_byte(text.base[end + 1]));
        bool ends = end == text.len || !is_path_byte(text.base[end]) || dot_ends;
        if (starts && (ends || is_directory))
            return true;
    }
    return false;
}

bool task_names(struct slice task, struct slice path)
{
    if (path.len == 0 || task.len < 2)
        return false;
    if (has_path_word(task, path, false))
        return true;
    for (size_t i = 0; i + 1 < path.len; i++)
        if (path.base[i] == '/' && i > 0 && has_path_word(task, slice_sub(path, 0, i + 1), true))
            return true;
    return false;
}

static struct slice last_part(struct slice path)
{
    for (size_t i = path.len; i-- > 0;)
        if (path.base[i] == '/')
            return slice_sub(path, i + 1, path.len);
    return path;
}

static bool is_below(struct slice path, struct slice directory)
{
    return path.len >= directory.len && slice_equal(slice_sub(path, 0, directory.len), directory);
}

bool path_matches(struct slice path, struct slice pattern)
{
    while (slice_starts(pattern, "./"))
        pattern = slice_sub(pattern, 2, pattern.len);
    if (slice_starts(pattern, "**/") && path_matches(path, slice_sub(pattern, 3, pattern.len)))
        return true;
    if (pattern.len && pattern.base[pattern.len - 1] == '/')
        return is_below(path, pattern);
    if (slice_glob(path, pattern))
        return true;
    return slice_find_byte(pattern, '/') == SIZE_MAX && slice_glob(last_part(path), pattern);
}

static struct slice lower(struct arena *arena, struct slice text)
{
    char *out = arena_take(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++)
        out[i] = slice_ascii_lower(text.base[i]);
    return (struct slice){out, text.len};
}

/* A protected name as the path itself or as a part of it. */
static bool is_protected(struct arena *arena, struct slice path)
{
    path = lower(arena, path);
    for (;;) {
        for (size_t i = 0; i < sizeof(PROTECTED) / sizeof(*PROTECTED); i++) {
            struct slice name = slice_from(PROTECTED[i]);
            bool is_directory = name.base[name.len - 1] == '/';
            if (is_directory ? is_below(path, name) : slice_equal(path, name))
                return true;
        }
        size_t slash = slice_find_byte(path, '/');
        if (slash == SIZE_MAX)
            return false;
        path = slice_sub(path, slash + 1, path.len);
    }
}

static bool names_file(const struct policy_gate *gates, size_t n, struct slice path)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k <= gates[i].n_command; k++) {
            struct slice word = k < gates[i].n_command ? gates[i].command[k] : gates[i].schema;
            while (slice_starts(word, "./"))
                word = slice_sub(word, 2, word.len);
            if (word.len && slice_equal(word, path))
                return true;
        }
    return false;
}

/* True where a gate of the policy runs or reads that file. */
static bool is_of_gate(const struct policy *policy, struct slice path)
{
    return names_file(policy->gates, policy->n_gates, path) ||
           names_file(policy->audit_gates, policy->n_audit_gates, path);
}

/* Where a new link leads: the one added line. */
static bool leads_out(const struct changed_file *file)
{
    struct hunk_walk walk = hunk_walk_over(file->hunks);
    while (hunk_next(&walk))
        if (walk.mark == '+')
            return slice_starts(walk.line, "/") || slice_find(walk.line, "..") != SIZE_MAX;
    return false;
}

static void check_file(struct arena *arena, const struct gate_subject *subject,
    const struct changed_file *file, struct findings *findings)
{
    struct slice shown = slice_sub(file->path, 0, 500);
    if (file->path.len == 0 || slice_find_byte(file->path, '\0') != SIZE_MAX)
        findings_add(findings, "a file whose name cannot be read was changed");
    else if (file->is_module && !task_names(subject->task, file->path))
        findings_add(findings, "%.*s: a submodule was added or moved", SLICE_ARG(shown));
    else if (file->is_link && !file->is_deleted && leads_out(file))
        findings_add(findings, "%.*s: a link that leads out of the work tree", SLICE_ARG(shown));
    else if (task_names(subject->task, file->path))
        return;
    else if (is_protected(arena, file->path))
        findings_add(
            findings, "%.*s is protected, and the task does not name it", SLICE_ARG(shown));
    else if (is_of_gate(subject->policy, file->path))
        findings_add(
            findings, "%.*s belongs to a gate, and the task does not name it", SLICE_ARG(shown));
}

static void finish(struct gate_result *result, struct findings *findings, int64_t start_us)
{
    result->verdict = findings->n ? GATE_FAIL : GATE_PASS;
    result->evidence = findings_text(findings);
    result->seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
}

static void finish_unsure(
    struct arena *arena, struct gate_result *result, const struct failure *failure)
{
    struct findings findings = {.arena = arena};
    findings_add(&findings, "%s", failure->text);
    result->verdict = GATE_UNSURE;
    result->evidence = findings_text(&findings);
}

void gate_check_protected(
    struct arena *arena, const struct gate_subject *subject, struct gate_result *result)
{
    int64_t start_us = clock_monotonic_us();
    *result = (struct gate_result){
        .name = slice_from("protected"), .kind = POLICY_GATE_DIFF, .confidence = NAN};
    struct change change;
    struct failure failure;
    if (!change_parse(arena, subject->diff, &change, &failure)) {
        finish_unsure(arena, result, &failure);
        return;
    }
    struct findings findings = {.arena = arena};
    for (size_t i = 0; i < change.n; i++)
        check_file(arena, subject, &change.files[i], &findings);
    finish(result, &findings, start_us);
}

static void check_forbidden(
    const struct policy_gate *gate, const struct change *change, struct findings *findings)
{
    for (size_t i = 0; i < change->n; i++)
        for (size_t k = 0; k < gate->n_forbid; k++)
            if (path_matches(change->files[i].path, gate->forbid[k])) {
                findings_add(findings, "%.*s is forbidden by \"%.*s\"",
                    SLICE_ARG(slice_sub(change->files[i].path, 0, 500)),
                    SLICE_ARG(gate->forbid[k]));
                break;
            }
}

void gate_check_diff(struct arena *arena, const struct policy_gate *gate,
    const struct gate_subject *subject, struct gate_result *result)
{
    int64_t start_us = clock_monotonic_us();
    struct change change;
    struct failure failure;
    if (!change_parse(arena, subject->diff, &change, &failure)) {
        finish_unsure(arena, result, &failure);
        return;
    }
    struct findings findings = {.arena = arena};
    size_t lines = change.added + change.removed;
    if (gate->max_files > 0 && change.n > (size_t)gate->max_files)
        findings_add(
            &findings, "%zu files were changed; at most %d are allowed", change.n, gate->max_files);
    if (gate->max_lines > 0 && lines > (size_t)gate->max_lines)
        findings_add(&findings, "%zu lines were added or removed; at most %d are allowed", lines,
            gate->max_lines);
    check_forbidden(gate, &change, &findings);
    if (gate->keep_tests)
        tests_are_weaker(arena, &change, subject->task, &findings);
    finish(result, &findings, start_us);
}
