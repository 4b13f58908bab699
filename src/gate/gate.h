/* gate: receives a work tree, its change and an agent's answer, hands on a verdict with evidence:
 * pass, fail, or could not tell. Gates come from the trusted policy, never from the work tree.
 * Refuses to know which rung is next, and to trust anything that an agent could have written: git
 * runs on a repository directory of our own, without hooks, filters and configuration of the tree.
 *
 * Ownership: what a function hands on lives in the arena it was given. */
#ifndef RUNG_GATE_GATE_H
#define RUNG_GATE_GATE_H

#include "agent/agent.h"
#include "base/arena.h"
#include "base/failure.h"
#include "policy/policy.h"
#include "record/record.h"

enum {
    GATE_OUTPUT_BYTES_MOST = 1 << 20,   /* of a command: its end is kept */
    GATE_EVIDENCE_BYTES_MOST = 8 << 10, /* goes into the next prompt */
    GATE_EVIDENCE_LINES_MOST = 60,
    GATE_DIFF_BYTES_MOST = 32 << 20,
    GATE_DIFF_FILES_MOST = 20000,
    GATE_JUDGE_DIFF_BYTES_MOST = 200 << 10, /* of a change that a judge is shown */
    GATE_SCHEMA_DEPTH_MOST = 64,
    GATE_SEAL_FILES_MOST = 4096,
    GATE_GIT_WAIT_MS = 120000,
    GATE_ASKED_MOST = 8, /* a command, on the same tree */
};

enum gate_verdict { GATE_PASS, GATE_FAIL, GATE_UNSURE };
const char *gate_verdict_name(enum gate_verdict verdict); /* "pass", "fail", "unsure" */

struct gate_result {
    struct slice name;
    enum policy_gate_kind kind;
    enum gate_verdict verdict;
    struct slice evidence; /* printable lines, bounded; fit for a prompt and a terminal */
    double seconds;
    double confidence;  /* JUDGE: its own word, 0 … 1; NAN elsewhere */
    struct slice asked; /* "fail pass pass" where it was asked several times; else empty */
};

/* As the attempt's record has it. */
struct record_gate gate_record(const struct gate_result *result);

/* ---- the work tree ---- */

/* Where a change is looked at. `objects` is the object directory of the repository and `base` the
 * full commit id that the attempt began from, both asked of git before the agent ran
 * (gate_tree_open does). */
struct gate_tree {
    const char *directory; /* the work tree */
    const char *objects;
    const char *base;
    const char *scratch; /* an own directory outside the work tree; our git directory goes there */
    const char *common;  /* the repository's git directory, for the seal */
    const char *administration; /* this work tree's own git directory; `common` of the main one */
};

/* `directory` and `scratch`, which exists, are absolute and live as long as the tree. Before any
 * agent runs: finds objects, git directories and the commit that HEAD names. */
bool gate_tree_open(struct arena *arena, const char *directory, const char *scratch,
    struct gate_tree *tree, struct failure *failure) MUST_USE;

/* The work tree as it is now, untracked files included, ignored ones not. The tree object is
 * written to the repository, so that what was checked can be committed as it was (see
 * gate_tree_git); base_tree is that of the base. */
struct gate_change {
    struct slice diff;   /* unified, of base and tree, with renames as delete and add */
    const char *tree_id; /* "" never: the base's own where nothing changed */
    bool is_empty;
};
bool gate_take_change(struct arena *arena, const struct gate_tree *tree, struct gate_change *change,
    struct failure *failure) MUST_USE;

/* Runs git with these arguments (NULL at the end) on our own git directory and the tree's objects:
 * no hooks, no fsmonitor, no configuration of the repository or the user. For `commit-tree`,
 * `merge-tree`, `cat-file`. False with git's words where it fails. */
bool gate_tree_git(struct arena *arena, const struct gate_tree *tree, const char *const *arguments,
    struct slice *output, struct failure *failure) MUST_USE;

/* A file as the base commit has it: a gate's schema. False where it has none. */
bool gate_read_base(struct arena *arena, const struct gate_tree *tree, const char *path,
    struct slice *bytes, struct failure *failure) MUST_USE;

/* What an agent must not touch and no diff shows: hooks, configuration and attributes of the git
 * directory; ignored files under .claude/ and .rung/ of the work tree. Taken before, compared
 * after. */
struct gate_seal {
    struct gate_sealed {
        const char *path; /* "hooks/pre-commit" */
        char hash[SHA256_HEX_BYTES];
    } * items; /* sorted by path */
    size_t n;
    bool is_cut; /* more files than are kept: then the seal cannot tell */
};
bool gate_seal_take(struct arena *arena, const struct gate_tree *tree, struct gate_seal *seal,
    struct failure *failure) MUST_USE;
void gate_seal_check(struct arena *arena, const struct gate_seal *before,
    const struct gate_seal *after, struct gate_result *result); /* named "seal" */

/* What stat says of every file of the work tree, of its scratch and own git directory and of all
 * that is sealed: where two stamps are the same nothing was touched between them, neither what a
 * diff shows nor what it does not. Rests on the time of change, which nobody but root can set;
 * where the file system does not keep it finely enough, or there are too many files, a stamp is
 * not sure and is not the same as any. `before`: waits until whatever is touched from now on gets
 * another time than any that was seen (some milliseconds). */
struct gate_stamp {
    char hash[SHA256_HEX_BYTES];
    bool is_sure;
};
void gate_stamp_take(const struct gate_tree *tree, bool before, struct gate_stamp *stamp);
bool gate_stamp_is_same(const struct gate_stamp *before, const struct gate_stamp *after);

/* ---- what is looked at ---- */

struct gate_subject {
    const struct policy *policy;
    const char *directory;   /* the work tree: command gates run in it */
    struct slice task;       /* title and text, for the judge and for paths that the task names */
    struct slice diff;       /* gate_change's */
    struct slice answer;     /* the agent's final text */
    struct slice structured; /* its structured answer; empty: the answer is taken, if it is JSON */
    struct slice schema;     /* bytes of the file that the SCHEMA gate names */
};

/* DIFF, SCHEMA and PATTERN, without a process. */
void gate_check(struct arena *arena, const struct policy_gate *gate,
    const struct gate_subject *subject, struct gate_result *result);

/* The gate that every run has, whatever the policy: rung.yaml, .rung/, .claude/, git's own files
 * and the files that gate commands name are not changed, unless the task names them, and no
 * submodule is added. To be checked before any command gate is started. Named "protected". */
void gate_check_protected(
    struct arena *arena, const struct gate_subject *subject, struct gate_result *result);

/* ---- COMMAND: run starts it on its loop, or gate_command_run does ---- */

/* Started as the leader of its own process group in `directory`, standard input empty, both
 * outputs into one tail of GATE_OUTPUT_BYTES_MOST; after `wait_ms`, and after the leader's end,
 * the whole group is killed. */
struct gate_command {
    const char *const *argv;
    const char *const *environment; /* complete */
    const char *directory;
    int wait_ms;
};
struct gate_command gate_command_prepare(struct arena *arena, const struct policy_gate *gate,
    const struct gate_subject *subject, const char *const *environment);

struct gate_ended {
    int exit_status; /* 128 + signal where a signal ended it */
    bool timed_out;
    const char *not_started; /* why, or NULL */
    struct slice output;     /* its end */
    double seconds;
};

/* Passes at exit status 0; 125, 126, 127, a signal from outside and a command that did not start
 * cannot tell; anything else fails, and so does running out of time. */
void gate_command_judge(struct arena *arena, const struct policy_gate *gate,
    const struct gate_ended *ended, struct gate_result *result);

/* A flaky command says now this, now that of one and the same tree. After `n` verdicts: whether it
 * is to be asked once more (a failing one as often as its `repeat` says, a passing one where it
 * `confirm`s, and on until one verdict is ahead), and what all of them together say: the majority,
 * with the evidence of a verdict that said so. */
bool gate_is_to_ask_again(
    const struct policy_gate *gate, const struct gate_result *asked, size_t n, bool confirm);
struct gate_result gate_settle(struct arena *arena, const struct gate_result *asked, size_t n);

/* Prepare, run, judge; blocking. */
void gate_command_run(struct arena *arena, const struct policy_gate *gate,
    const struct gate_subject *subject, const char *const *environment, struct gate_result *result);

/* ---- JUDGE, and the review phase: a verdict by another rung ---- */

/* The prompt for agent_call.prompt and the schema for agent_call.schema. The change and the task
 * are quoted as data that holds no orders. */
struct slice gate_judge_prompt(struct arena *arena, const struct gate_subject *subject);
struct slice gate_judge_schema(void);

/* {verdict: approve|reject|unsure, confidence, findings:[{severity,file,line,what}]}. A critical
 * or major finding fails whatever the verdict says; an attempt that did not end well or an answer
 * that is not of the schema could not tell. */
void gate_judge_read(struct arena *arena, struct slice name, const struct agent_result *answer,
    double seconds, struct gate_result *result);

/* ---- one review of several changes (reviews.c) ---- */

enum {
    GATE_REVIEWS_MOST = 20, /* changes in a prompt */
    GATE_REVIEWS_BYTES_MOST = 400 << 10,
    GATE_REVIEW_BYTES_MOST = 100 << 10, /* of one diff or answer; the rest is cut */
};

struct gate_reviewed {
    struct slice task, diff, answer; /* diff or answer may be empty */
};

/* What one change takes of a prompt. */
size_t gate_review_bytes(const struct gate_reviewed *change);

/* How many of the first changes go into one prompt: one at least, at most GATE_REVIEWS_MOST. */
size_t gate_reviews_fit(const struct gate_reviewed *changes, size_t n);

/* As gate_judge_prompt, for 1 … GATE_REVIEWS_MOST changes at once; {reviews:[{change: number from
 * 1, verdict, confidence, findings}]}. */
struct slice gate_reviews_prompt(
    struct arena *arena, const struct gate_reviewed *changes, size_t n);
struct slice gate_reviews_schema(void);

/* The verdict on each, in their order, named "review". A change that the answer does not name, and
 * all where it cannot be read, could not be told; one that it names twice fails where either does.
 */
void gate_reviews_read(struct arena *arena, const struct agent_result *answer, double seconds,
    struct gate_result *results, size_t n);

/* ---- schema ---- */

/* True where a JSON text meets a JSON schema: type, enum, const, properties, required,
 * additionalProperties, items, minItems, maxItems, minLength, maxLength, minimum, maximum,
 * pattern, anyOf, allOf, oneOf, $ref into "#/$defs" and "#/definitions". A keyword that is not
 * known makes the schema unusable, not true: *is_usable is false then. The failure names the path
 * in the value ("tasks[2].title") and what is wrong with it. */
bool gate_schema_holds(
    struct slice schema, struct slice value, bool *is_usable, struct failure *failure) MUST_USE;

#endif
