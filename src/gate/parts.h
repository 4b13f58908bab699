/* Inner header: what the gates share: a change taken apart, and evidence put together. */
#ifndef RUNG_GATE_PARTS_H
#define RUNG_GATE_PARTS_H

#include "gate.h"

/* One file of a unified diff without renames. */
struct changed_file {
    struct slice path;
    bool is_new, is_deleted, is_binary;
    bool is_link, is_module; /* its new mode: symbolic link, submodule */
    size_t added, removed;   /* lines */
    struct slice hunks;      /* as in the diff; empty where there are none */
};

struct change {
    struct changed_file *files;
    size_t n;
    size_t added, removed;
};

/* False where the text is no such diff, or has more than GATE_DIFF_FILES_MOST files. */
bool change_parse(struct arena *arena, struct slice diff, struct change *change,
    struct failure *failure) MUST_USE;

/* Walks the lines of hunks: `mark` is ' ', '-' or '+'; `hunk` counts from 0. */
struct hunk_walk {
    struct slice rest, line;
    char mark;
    size_t hunk;
    size_t old_left, new_left; /* lines of the hunk that are still to come */
    bool is_broken;
};
struct hunk_walk hunk_walk_over(struct slice hunks);
bool hunk_next(struct hunk_walk *walk);

/* Lines of evidence, bounded; what is added beyond is counted. */
struct findings {
    struct arena *arena;
    struct slice lines[GATE_EVIDENCE_LINES_MOST];
    size_t n, more;
};
void findings_add(struct findings *findings, const char *format, ...) FORMAT(2, 3);
struct slice findings_text(struct findings *findings);
/* The last lines of an output, each made printable. */
void findings_add_end_of(struct findings *findings, struct slice output);

/* True where the task's text holds the path as a word of its own, or a directory of it, written
 * with its "/". */
bool task_names(struct slice task, struct slice path);

/* True where a glob of the policy matches a path: '*' also across "/"; a pattern without "/" is
 * also held against the last part; one that ends in "/" means all below. */
bool path_matches(struct slice path, struct slice pattern);

/* The findings about tests that were deleted or weakened; true where there is any. */
bool tests_are_weaker(
    struct arena *arena, const struct change *change, struct slice task, struct findings *findings);

/* What is sealed of the repository's git directory, ended by NULL. */
extern const char *const SEALED_OF_GIT[];

/* The DIFF gate: fills in verdict and evidence. */
void gate_check_diff(struct arena *arena, const struct policy_gate *gate,
    const struct gate_subject *subject, struct gate_result *result);

/* The verdict of one object that a judge answered, its findings and its confidence (left as it is
 * where it says none). */
enum gate_verdict judge_read_verdict(
    struct json value, struct findings *findings, double *confidence);

#endif
