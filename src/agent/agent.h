/* agent: receives a prompt and a rung, hands on how to start one attempt (argument vector,
 * environment, standard input) and reads what the agent prints: model that answered, tokens, cost,
 * how it ended. One table row and one reader for each agent. Refuses to start processes (`run`
 * does), to judge whether the work is good (`gate`), and to widen a permission that the user did
 * not configure.
 *
 * Ownership: what a function hands on lives in the arena it was given; a reader is freed by whoever
 * made it, and its progress and results die with it unless they say otherwise. */
#ifndef RUNG_AGENT_AGENT_H
#define RUNG_AGENT_AGENT_H

#include "base/arena.h"
#include "base/failure.h"
#include "policy/policy.h"
#include "price/price.h"
#include "record/record.h"

#include <stdatomic.h>

enum {
    AGENT_PROMPT_BYTES_MOST = 8 << 20,
    AGENT_SCHEMA_BYTES_MOST = 64 << 10,
    AGENT_LINE_BYTES_MOST = 8 << 20,    /* of a stream; a longer line is skipped and counted */
    AGENT_RESULT_BYTES_MOST = 16 << 20, /* of an output that is one document */
    AGENT_TRANSCRIPT_BYTES_MOST = 256 << 20,
    AGENT_ANSWER_BYTES_MOST = 1 << 20, /* the end of the final text that is kept */
    AGENT_ERROR_BYTES_MOST = 4096,     /* the end of standard error that is kept */
    AGENT_MODELS_MOST = 16,            /* that answer in one attempt */
    AGENT_REQUESTS_MOST = 4096,        /* whose usage is kept apart for price bands */
    AGENT_WARNINGS_MOST = 16,
    AGENT_ARGUMENTS_MOST = 400,
    AGENT_ENVIRONMENT_MOST = 4096,
    AGENT_SESSION_BYTES = 37, /* of an id that agent_make_session writes, with its NUL */
};

/* ---- before: how an attempt is started ---- */

/* What one attempt is asked. Nothing of it becomes an option: the rung's model and effort were
 * checked by the policy, and are again. */
struct agent_call {
    enum record_phase phase;        /* plan, review and judge get no tool that writes */
    const struct policy_rung *rung; /* its model and effort are passed */
    struct slice prompt;            /* goes by standard input or file, never by argument */
    struct slice schema;            /* JSON schema of a structured answer; empty: none asked */
    const char *directory;          /* the work tree that the agent works in */
    const char *scratch; /* directory of this attempt's own files, outside the work tree */
    const char *session; /* a fresh UUID, for agents that take one; NULL: theirs */
    double budget_usd;   /* the agent's own cap is set to it; 0: none */
    const struct price_table *prices; /* API: what an answer may cost at most */
    int32_t day;                      /* for which prices hold */
};

struct agent_file {
    const char *path;
    struct slice bytes;
};

/* A child process to be started as the leader of its own group: argv[0] is looked up on PATH; the
 * environment is complete, nothing else is inherited; `input` is written to standard input, then
 * closed; `files` are written first, mode 0600. With `url` it is one HTTP request instead, for
 * agent_api_call: `input` is its body, `headers` end in NULL, argv is NULL. */
struct agent_start {
    const char *const *argv;
    const char *const *environment; /* "NAME=value" …, NULL */
    const char *directory;
    struct slice input;
    struct agent_file files[2];
    size_t n_files;
    const char *url;
    const char *const *headers;
    double timeout_s;
    bool has_own_cap;      /* the agent ends itself at budget_usd (and may overshoot one request) */
    bool has_spend_inside; /* its stream tells the spend while it works */
    bool too_dear; /* agent_prepare is false because the budget does not pay for one request */
};

/* False where the agent cannot do what is asked (an effort it does not know, a budget too small
 * for one API answer), with the sentence. `environment` is the caller's own (environ): the agent
 * gets it without git's and Rung's variables and the marks of an enclosing agent session. */
bool agent_prepare(struct arena *arena, const struct policy_agent *agent,
    const struct agent_call *call, const char *const *environment, struct agent_start *start,
    struct failure *failure) MUST_USE;

/* By how much an attempt may pass its budget with this agent, as the end of a sentence: "claude …",
 * in words for the user. */
const char *agent_overshoot(const struct policy_agent *agent);

/* A random UUID (version 4). */
const char *agent_make_session(struct dice *dice, char out[AGENT_SESSION_BYTES]);

/* The JSON schema of a plan: {tasks:[{id,title,description,files[],acceptance[],complexity,
 * depends_on[]}]}. What comes back is checked by the gate room's gate_schema_holds. */
struct slice agent_plan_schema(void);

/* ---- during: what it prints ---- */

enum agent_signal {
    AGENT_QUIET,
    AGENT_SAME_CALL,       /* the same tool with the same input, again and again */
    AGENT_ERRORS_IN_A_ROW, /* of its tools */
    AGENT_NOTHING_CHANGED, /* many turns without an edit or a command */
    AGENT_OVER_BUDGET,     /* spend seen in the stream has passed the budget */
};

/* When an attempt is worth ending early; 0 leaves a signal out. */
struct agent_limits {
    int same_calls, errors_in_a_row, turns_without_change;
    double budget_usd;
};
struct agent_limits agent_usual_limits(enum record_phase phase); /* without a budget */

struct agent_progress {
    enum agent_signal signal; /* the first that spoke; it stays */
    int turns;                /* answers of the model */
    int tool_calls, tool_errors, edits;
    double spend_usd;      /* so far, of requests seen; NAN where the stream does not tell */
    struct slice session;  /* empty until told */
    struct slice served;   /* model that answered last */
    struct slice doing;    /* one printable line: "Edit src/a.c" */
    struct slice version;  /* of the agent */
    double retry_after_s;  /* a rate limit said so; NAN: none did */
    int retries;           /* how often the agent has met one and goes on by itself */
    uint64_t bytes, lines; /* read so far */
};

struct agent_reader;

/* What the reader must know beside the bytes. The pointed-to must outlive the reader. */
struct agent_setup {
    const struct policy_agent *agent;
    const struct policy_rung *rung;
    const struct price_table *prices;
    int32_t day;
    struct agent_limits limits;
    bool wants_structured; /* a schema was asked for */
};

struct agent_reader *agent_reader_make(const struct agent_setup *setup);
void agent_reader_free(struct agent_reader *reader); /* NULL is allowed */

/* Bytes of standard output (or of an HTTP body) as they come, in pieces of any size. True where
 * the progress changed in a way worth showing or acting on. */
bool agent_reader_output(struct agent_reader *reader, struct slice bytes);
void agent_reader_error(struct agent_reader *reader, struct slice bytes); /* standard error */
const struct agent_progress *agent_reader_progress(const struct agent_reader *reader);

/* ---- the transcript: what some agents leave on disk and do not print ---- */

/* The file of the session that the agent told, below the home that `environment` names; NULL where
 * there is none, or none that is read. */
const char *agent_transcript_path(
    struct arena *arena, const struct agent_reader *reader, const char *const *environment);

/* Its bytes, once the process has ended and before agent_reader_end. */
void agent_reader_transcript(struct agent_reader *reader, struct slice bytes);

/* ---- after: what came of it ---- */

/* How the process ended, as its starter saw it. */
struct agent_exit {
    int exit_status;      /* 128 + signal where a signal ended it */
    bool not_started;     /* and `why` says why */
    bool too_dear;        /* not started, for want of money */
    bool timed_out;       /* we stopped it: time */
    bool stopped;         /* we stopped it: a signal of the stream, a budget, the user; see `why` */
    bool unkept;          /* it got away from us: whatever it says, it has failed */
    const char *why;      /* NULL, or a sentence for timed_out, stopped, not_started */
    int http_status;      /* API; 0: no answer */
    double retry_after_s; /* API; NAN or 0: not told */
};

enum agent_ending {
    AGENT_DONE, /* it says it is; gates will tell */
    AGENT_TURN_LIMIT,
    AGENT_BUDGET,
    AGENT_NOT_LOGGED_IN, /* or a key that is refused: no climb helps */
    AGENT_RATE_LIMITED,  /* or overloaded: later may help, another rung may too */
    AGENT_UPSTREAM,      /* the model's side failed otherwise */
    AGENT_REJECTED,      /* it will not take the request: again is no use, another rung may be */
    AGENT_REFUSED,       /* the model would not */
    AGENT_CUT,           /* the answer ended at its longest (max_tokens, context full) */
    AGENT_FAILED,        /* the program itself: exit status, its own error */
    AGENT_GARBAGE,       /* no result that can be read */
    AGENT_STOPPED,       /* we stopped it */
    AGENT_TIMED_OUT,
    AGENT_NOT_STARTED,
    AGENT_TOO_DEAR, /* not started: what is left does not pay for a request */
};
const char *agent_ending_name(enum agent_ending ending); /* "done", "turn-limit", … */

/* What the user can do about it: a sentence, empty where the ending's own says it. */
const char *agent_ending_advice(enum agent_ending ending);

/* True where nothing was learned about the rung: the model's side or the machine is to blame. */
bool agent_ending_is_no_evidence(enum agent_ending ending);

/* True where another attempt on a better rung can help (not: no login, not started). */
bool agent_ending_may_climb(enum agent_ending ending);

struct agent_use { /* tokens of one model in the attempt */
    struct slice model;
    struct token_counts tokens;
    double own_usd;      /* the agent's own figure; NAN */
    double reckoned_usd; /* tokens × dated prices; NAN where no price is known */
    bool band_unknown;   /* reckoned in the base band, for want of the requests one by one */
};

struct agent_result {
    enum agent_ending ending;
    struct slice error;      /* a printable sentence, empty where DONE */
    struct slice answer;     /* the final text, its end where it was long */
    struct slice structured; /* JSON of the structured answer, or empty */
    struct slice session, version;
    struct slice served;    /* model id of the main conversation; empty: the agent does not tell */
    bool is_mismatch;       /* another model than the rung's answered: loud */
    struct agent_use *uses; /* by model */
    size_t n_uses;
    bool has_tokens;
    struct token_counts tokens;   /* of all models */
    int turns, denials;           /* denials: tools that its permissions refused */
    double own_usd, reckoned_usd; /* NAN: not known */
    double cost_usd;      /* own_usd; reckoned_usd where that is missing, 0, or of another model */
    bool band_unknown;    /* of any use */
    bool costs_differ;    /* own and reckoned by more than 2 % */
    struct slice prices;  /* JSON: the price rows reckoned with */
    struct slice batch;   /* id of the Message Batch that it was part of, or empty */
    double price_factor;  /* of the prices, by which costs were multiplied; 0: none */
    double share;         /* of an attempt that served several tasks; 0: all of it */
    double retry_after_s; /* NAN: not told */
    struct slice warnings[AGENT_WARNINGS_MOST]; /* sentences: mismatch, cost, band, denials … */
    size_t n_warnings;
};

/* Ends the stream: the last line may lack its newline. To be called once; the result lives in the
 * arena. */
void agent_reader_end(struct agent_reader *reader, struct arena *arena,
    const struct agent_exit *exit, struct agent_result *result);

/* The attempt's row for the ledger. `success` stays open and gates stay empty: the caller knows.
 * model = the one that answered, where it is known, else the one that was decided, and `served` is
 * "unknown"; that, `decided`, `ending`, `turns`, `ownCost`, `reckonedCost`, `band` and `warnings`
 * stand in its extras. */
#define AGENT_SERVED_UNKNOWN "unknown"
struct record_attempt agent_attempt(struct arena *arena, const struct agent_call *call,
    const struct agent_result *result, double seconds);

/* True where a model id that answered is the one that was decided: the same, its dated snapshot,
 * the alias of its line ("haiku"), with or without "[1m]" and a provider before "/". */
bool agent_is_model(struct slice decided, struct slice served);

/* ---- Message Batches: many requests at once, answered within a day, at half the price ---- */

enum { AGENT_BATCH_ID_BYTES_MOST = 100, AGENT_BATCH_BYTES_MOST = 64 << 20 };
#define AGENT_BATCH_FACTOR 0.5 /* of all prices; PROTOCOLS.md, Batches */

/* The body that creates a batch of requests, as agent_prepare made them for the API; `names` are
 * their custom ids. */
struct slice agent_batch_body(
    struct arena *arena, const struct agent_start *starts, const char *const *names, size_t n);

/* Where it is created (`id` NULL), looked at, or where its results are. The API's own results_url
 * is not asked: the key goes nowhere else. */
const char *agent_batch_url(
    struct arena *arena, const struct agent_start *start, const char *id, bool results);

/* What the API says of a batch: its id, in the arena, and whether it has ended. False, with the
 * API's words, where it is no batch. */
bool agent_batch_read(struct arena *arena, struct slice body, const char **id, bool *ended,
    struct failure *failure) MUST_USE;
bool agent_batch_is_id(struct slice id);

/* Feeds the result of one request to a reader, from the JSONL of all; agent_reader_end takes *exit.
 * False where there is none: *exit says so then. */
bool agent_batch_result(struct arena *arena, struct slice results, const char *name,
    struct agent_reader *reader, struct agent_exit *exit);

/* Multiplies what it cost by a batch's price factor, which is recorded. */
void agent_result_discount(
    struct arena *arena, const char *batch, double factor, struct agent_result *result);

/* The part of an attempt that one of several tasks has to bear: costs and tokens times `share`. */
struct agent_result agent_result_share(
    struct arena *arena, const struct agent_result *whole, double share);

/* ---- the API: in a library of its own, because it loads libcurl (link `librung_api`) ---- */

/* One request of an agent_start with `url`, blocking; the answer's body goes to the reader, status
 * and waits to *exit. `stop`, where not NULL, ends it when it becomes true. May run in any thread.
 * Never fails otherwise than in *exit, whose texts live in the arena. */
void agent_api_call(struct arena *arena, const struct agent_start *start, const atomic_bool *stop,
    struct agent_reader *reader, struct agent_exit *exit);

/* One request with the headers of an agent_start to another address: POST of `body`, or GET where
 * its base is NULL. The answer, at most AGENT_BATCH_BYTES_MOST, lives in the arena; exit as
 * above. */
void agent_api_fetch(struct arena *arena, const struct agent_start *start, const char *url,
    struct slice body, const atomic_bool *stop, struct slice *answer, struct agent_exit *exit);

#endif
