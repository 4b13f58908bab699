/* policy: receives rung.yaml and this user's trust record, hands on a `struct policy`: the
 * ladder, the rules, the goal, gates and budgets. Refuses to know tasks' outcomes or to run
 * anything. One table of keys (schema.c) drives reading, checking and the reference page.
 *
 * Ownership: a policy and all it points to live in the arena given to the function that made it. */
#ifndef RUNG_POLICY_POLICY_H
#define RUNG_POLICY_POLICY_H

#include "base/arena.h"
#include "base/failure.h"
#include "base/file.h"
#include "price/price.h"

enum {
    POLICY_BYTES_MOST = 1 << 20,
    POLICY_RUNGS_MOST = 32,
    POLICY_PROBLEMS_MOST = 200,
    POLICY_NONE = -1, /* no rung */
};

struct policy_rung {
    struct slice name, model, effort; /* effort empty: the model's default */
    bool has_assume;
    struct token_counts assume; /* task totals over many requests */
    bool has_price;
    struct price_row price; /* of the policy's own, for a model that no price table knows */
};

/* A value of `complexity:` ("trivial"), or a whole label that stands for one ("good first
 * issue"), and the rung it asks for. */
struct policy_label {
    struct slice value;
    int rung;
    bool is_synonym; /* a whole label */
};

enum policy_where { POLICY_ANYWHERE, POLICY_IN_TITLE, POLICY_IN_BODY };

struct policy_matcher; /* the compiled patterns */

struct policy_match {
    struct slice pattern; /* as the policy spells it */
    int row;              /* which entry of `patterns`, from 0 */
    int rung;
    enum policy_where found_in; /* TITLE or BODY */
};

enum policy_goal_kind {
    POLICY_GOAL_TIERS,
    POLICY_GOAL_KEEP,
    POLICY_GOAL_VALUE,
    POLICY_GOAL_BUDGET
};

struct policy_goal {
    enum policy_goal_kind kind;
    int keep;          /* KEEP: the rung whose success must be kept … */
    double within;     /* … to within this difference of probabilities */
    double value_usd;  /* VALUE: what an accepted task is worth */
    double budget_usd; /* BUDGET: what a day may cost */
};

enum policy_gate_kind {
    POLICY_GATE_COMMAND,
    POLICY_GATE_DIFF,
    POLICY_GATE_SCHEMA,
    POLICY_GATE_PATTERN,
    POLICY_GATE_JUDGE,
};

struct policy_gate {
    struct slice name;
    enum policy_gate_kind kind;
    struct slice *command; /* argument vector */
    size_t n_command;
    double timeout_s;
    int max_files, max_lines; /* 0: no limit */
    bool keep_tests;
    struct slice *forbid; /* globs of paths */
    size_t n_forbid;
    struct slice schema;  /* path of a JSON schema */
    struct slice pattern; /* regular expression that the result must match */
    int judge_rung;
    int repeat;  /* COMMAND: a failing verdict is asked for so often again, on the same tree */
    int confirm; /* COMMAND: one in so many passing verdicts is asked for again; 0: none */
    struct slice
        *environment; /* names of variables that a command gate sees beside the usual few */
    size_t n_environment;
};

/* What `when` names is reviewed: all of it, or only while outcomes do not say that it does not pay.
 */
enum policy_review_mode { POLICY_REVIEW_ALWAYS, POLICY_REVIEW_AUTO };

/* Which tasks are split into parts first: those for which outcomes say that it pays (and, at the
 * policy's `explore`, by dice, to learn that), all that `when` names, none. */
enum policy_plan_mode { POLICY_PLAN_AUTO, POLICY_PLAN_ALWAYS, POLICY_PLAN_NEVER };

enum policy_agent_kind {
    POLICY_AGENT_CLAUDE,
    POLICY_AGENT_CODEX,
    POLICY_AGENT_OPENCODE,
    POLICY_AGENT_COMMAND,
    POLICY_AGENT_API,
};

/* Where in the JSON of a `command` agent's result a value stands ("usage.cost"); empty: nowhere. */
struct policy_agent_paths {
    struct slice answer, cost_usd, model, session, error;
    struct slice input, output, cache_read, cache_write;
};

/* The program that does the work, and what the user allows it. */
struct policy_agent {
    enum policy_agent_kind kind;
    struct slice program;    /* started instead of the usual name; empty: the usual */
    struct slice permission; /* its permission mode or sandbox; empty: the program's own default */
    struct slice *allow;     /* claude: tools that it need not ask for */
    size_t n_allow;
    struct slice *command; /* COMMAND: argument vector; {model}, {effort}, {prompt_file} … in it */
    size_t n_command;
    bool prompt_is_file; /* COMMAND: the prompt is in {prompt_file}, not on standard input */
    bool result_is_json;
    struct policy_agent_paths paths;
    int max_turns; /* 0: no limit of ours */
    double timeout_s;
    struct slice url, key_variable; /* API: where to ask; the variable that holds the key */
    int max_output_tokens;          /* API */
};

struct policy {
    const char *path;            /* of the file, or NULL for the built-in policy */
    char hash[SHA256_HEX_BYTES]; /* of its bytes */
    bool trusted;                /* the built-in policy always is */

    struct policy_rung *rungs; /* as listed: lowest first, until measured cost says otherwise */
    size_t n_rungs;
    int default_rung, middle, top;

    struct slice explicit_prefix;    /* "model:" */
    struct policy_label *complexity; /* trivial, simple, standard, complex, and their synonyms */
    size_t n_complexity;
    struct policy_matcher *matcher;

    struct policy_goal goal;
    double explore; /* 0 … 1 */
    bool keep_text; /* false: the ledger keeps hashes instead of task texts */

    /* Only of a trusted policy; empty otherwise. */
    struct policy_gate *gates;
    size_t n_gates;
    int audit; /* one in so many accepted runs is checked by the audit gates; 0: none */
    struct policy_gate *audit_gates; /* asked of those alone; never empty where `audit` is set */
    size_t n_audit_gates;
    enum policy_plan_mode plan_mode;
    struct slice *plan_when;
    size_t n_plan_when; /* 0: any task */
    int plan_rung;      /* POLICY_NONE where nothing is planned first */
    struct slice *review_when;
    size_t n_review_when;
    enum policy_review_mode review_mode;
    int review_rung;                        /* POLICY_NONE where nothing is reviewed */
    double budget_task_usd, budget_day_usd; /* 0: no limit */
    struct slice agent;                     /* "claude", …; never empty */
    struct policy_agent worker;             /* the same, with how it is to be started */
    struct slice ledger;                    /* "sqlite:PATH", or empty for the usual place */

    struct slice *refused; /* a sentence for each key not obeyed for want of trust */
    size_t n_refused;
};

/* What is wrong with a policy: a sentence "file:line:column: key: what", and its parts. */
struct policy_problem {
    struct slice sentence;
    size_t line, column;
    struct slice key, message; /* "ladder[0].model"; empty where it is about no key */
};

struct policy_problems {
    struct policy_problem *items; /* in the order of the text */
    size_t n;
    size_t more; /* beyond POLICY_PROBLEMS_MOST */
};

/* Parses policy text. `path` goes into messages (NULL: the built-in one). Never stops at the
 * first mistake; false where there was any, and then the policy is not to be used. An untrusted
 * policy is checked as a whole, but its gates, audit, review, plan, agent and ledger are refused
 * (see `refused`), not obeyed. Its budget is: it can only limit. */
bool policy_parse(struct arena *arena, const char *path, struct slice text, bool trusted,
    struct policy *policy, struct policy_problems *problems) MUST_USE;

/* Gives back what is not the arena's: the machine code of the policy's expressions. Only a
 * program that replaces its policy while it runs needs it. */
void policy_free(struct policy *policy);

/* The policy that holds for a working directory: `path` if not NULL, else rung.yaml found upward
 * from `from`, else the user's config directory's, else the built-in one. Trust is looked up.
 * False with all the problems in one failure sentence's count and the first of them; `problems`
 * (may be NULL) has the rest. */
bool policy_find(struct arena *arena, const char *path, const char *from, struct policy *policy,
    struct policy_problems *problems, struct failure *failure) MUST_USE;

/* The text of the built-in policy, which `rung init` writes: it is parsed like any other. */
struct slice policy_builtin_text(void);

/* Index of a rung by its name; POLICY_NONE where there is none. */
int policy_rung_by_name(const struct policy *policy, struct slice name);

/* What a wish names: a rung's name, a model id of the ladder, or a tier word of one of its model
 * names ("haiku" in "claude-haiku-5-5"); with an effort, the rung of that model nearest to it.
 * POLICY_NONE where it names none. */
int policy_rung_by_wish(const struct policy *policy, struct slice wish, struct slice effort);

/* The rung for a value of `complexity:` or a synonym, caseless; POLICY_NONE where unknown. */
int policy_rung_by_complexity(const struct policy *policy, struct slice value);

/* The rung for a whole label that `labels.synonyms` lists, caseless; POLICY_NONE for any other. */
int policy_rung_by_label(const struct policy *policy, struct slice label);

/* The rung for Task Master's score: 1–3 as simple, 4–6 as standard, 7–10 as complex. */
int policy_rung_by_score(const struct policy *policy, int score);

/* Patterns found in a title and a body, in the order of the policy's rows, at most `most`;
 * returns how many. Words match whole, with their inflections, articles allowed between them,
 * "..." standing for up to five words of the same line. The first decides. */
size_t policy_match(const struct policy *policy, struct slice title, struct slice body,
    struct policy_match *matches, size_t most);

/* The price of a rung on a day, from the policy's own row or the table; NULL where unknown. */
const struct price_row *policy_rung_price(
    const struct policy_rung *rung, const struct price_table *prices, int32_t day);

/* Expected cost of a task on a rung before anything was measured: `assume` tokens × price of the
 * base band, USD. False where tokens or price are unknown. */
bool policy_assumed_cost(const struct policy_rung *rung, const struct price_table *prices,
    int32_t day, double *usd) MUST_USE;

/* True for a key of the policy that is obeyed only where the policy is trusted. */
bool policy_needs_trust(struct slice key);

/* Trust: a record in the user's data directory of the hashes this user has trusted, by path. Each
 * change is made under a lock. */
bool policy_is_trusted(struct arena *arena, const char *path, const char *hash);
bool policy_trust(
    struct arena *arena, const char *path, const char *hash, struct failure *failure) MUST_USE;
bool policy_distrust(struct arena *arena, const char *path, struct failure *failure) MUST_USE;

/* The record also lists the files in projects that this user began or accepted: ledgers and their
 * evidence. They are known by inode and time of birth, which no clone, archive or checkout brings
 * with it; a move within the file system keeps both, a copy has its own. Where the file system
 * knows no birth the path must be the same too. `file` is what is there now, `place` the path under
 * which it will be found. */
bool policy_owns_file(struct arena *arena, const char *path);
bool policy_own_file(
    struct arena *arena, const char *file, const char *place, struct failure *failure) MUST_USE;
/* Makes an empty file of this user's own there; true too where one is there already. False where
 * another's is. */
bool policy_begin_file(struct arena *arena, const char *path, struct failure *failure) MUST_USE;
bool policy_disown_file(struct arena *arena, const char *place, struct failure *failure) MUST_USE;

/* The pages that agents read, generated from the policy so that they are never out of step. */
struct policy_page {
    const char *name; /* "model-routing-optimization.md" */
    struct slice text;
};
enum { POLICY_PAGES = 3 };
void policy_pages(struct arena *arena, const struct policy *policy,
    const struct price_table *prices, int32_t day, struct policy_page pages[POLICY_PAGES]);

/* Every key of rung.yaml with its default and what it is for, one a line: from the same table
 * that reads and checks the file. */
struct slice policy_reference(struct arena *arena);

#endif
