/* record: what happened to one task, with every attempt, and its JSON (one experiment a line, the
 * format of DESIGN.md). Receives lines and hands on `struct experiment`, and back; its one
 * conversion is to what evidence learns from. Refuses to know where experiments are stored.
 *
 * Ownership: what a function reads lives in the arena it was given. A field that is a slice may
 * point anywhere that lives as long as the experiment. */
#ifndef RUNG_RECORD_RECORD_H
#define RUNG_RECORD_RECORD_H

#include "base/arena.h"
#include "base/dice.h"
#include "base/emit.h"
#include "base/failure.h"
#include "base/json.h"
#include "evidence/evidence.h"

enum {
    RECORD_SCHEMA = 1,
    RECORD_LINE_BYTES_MOST = 16 << 20,
    RECORD_TEXT_BYTES_MOST = 1 << 20, /* description, notes, an attempt's error */
    RECORD_NAME_BYTES_MOST = 512,     /* ids, rungs, models, labels, … */
    RECORD_LABELS_MOST = 256,
    RECORD_ACTIONS_MOST = 256,
    RECORD_ATTEMPTS_MOST = 256,
    RECORD_GATES_MOST = 64,
    RECORD_EXTRAS_MOST = 1024,
    RECORD_ID_BYTES = 32, /* of an id that record_make_id writes, with its NUL */
};

/* Accepted or not; OPEN where nobody has said yet (`null` in JSON). */
enum record_success { RECORD_OPEN, RECORD_FAILED, RECORD_ACCEPTED };
enum record_cost_source { RECORD_ASSUMED, RECORD_MEASURED };
enum record_outcome_source { RECORD_NOBODY, RECORD_TEST, RECORD_REVIEW, RECORD_USER };
enum record_phase { RECORD_EXECUTE, RECORD_PLAN, RECORD_REVIEW_PHASE, RECORD_JUDGE };

/* Whether a task was chosen for something that not every task gets: NOT_ASKED where it was never
 * in question. Its propensity is the probability with which it was to be chosen, whatever came of
 * the throw; NAN or 1: nobody threw. */
enum record_choice { RECORD_NOT_ASKED, RECORD_CHOSEN, RECORD_PASSED_OVER };

/* A member that this version does not know: kept and written back as it was. */
struct record_extra {
    struct slice key;
    struct slice json;
};
struct record_extras {
    struct record_extra *items;
    size_t n;
};

struct record_texts {
    struct slice *items;
    size_t n;
};

struct record_gate {
    struct slice name, verdict; /* the gate room's words: "pass", "fail", … */
    struct slice asked;         /* several times on the same tree: "fail pass pass"; empty: once */
    double seconds;             /* NAN: not known, here and below */
    struct record_extras extras;
};
struct record_gates {
    struct record_gate *items;
    size_t n;
};

struct record_tokens { /* NAN: not known */
    double input, output, cache_read, cache_write_5m, cache_write_1h;
    struct record_extras extras;
};

struct record_attempt {
    struct slice rung, model, effort;
    enum record_phase phase;
    struct slice part; /* EXECUTE: id of the plan's part that it did; empty: the whole task */
    enum record_success success;
    struct record_gates gates;
    bool has_tokens;
    struct record_tokens tokens;
    double cost_usd;
    struct slice prices; /* JSON: which price rows its cost was reckoned with */
    double seconds;
    struct slice session, agent_version, error;
    struct record_extras extras;
};
struct record_attempts {
    struct record_attempt *items;
    size_t n;
};

struct record_action { /* a rung, and how probable it was that it would be chosen */
    struct slice rung;
    double p;
};
struct record_actions {
    struct record_action *items;
    size_t n;
};

struct experiment {
    /* The twelve fields of `.beads/routing-experiments.jsonl`, in their order. */
    struct slice id;
    int64_t at_ms; /* since 1970, UTC */
    struct slice task_id, description;
    struct slice model_used; /* the rung that did the last attempt */
    struct slice strategy;
    double confidence; /* stated before any outcome; NAN: none was */
    enum record_success success;
    double cost_usd; /* of all attempts, plan and review included; NAN: not known */
    double seconds;  /* NAN: not known */
    double quality;  /* 1 … 5; NAN: not known */
    struct slice notes;

    int64_t schema;
    struct slice source, project; /* the tracker's name; the user's name of the project */
    struct record_texts labels;
    struct slice rung; /* where it started */
    struct slice effort, requested;
    struct slice decided, served; /* model ids */
    struct record_actions propensities;
    struct slice policy, evidence; /* hash of the policy, id of the evidence snapshot */
    enum record_cost_source cost_source;
    enum record_outcome_source outcome_source;
    bool pending; /* decided, not yet done: success is OPEN, and it counts nowhere */
    struct record_attempts attempts;
    struct record_texts matched; /* the policy's patterns that spoke */
    enum record_choice planning, auditing;
    enum record_choice reviewing; /* should the policy call for a review */
    double plan_propensity, audit_propensity, review_propensity;
    struct slice pair; /* the same for two experiments of one task on two rungs; empty: none */
    struct record_extras extras;
};

/* An experiment about which nothing is known: what is to be set is set on it. */
struct experiment record_blank(void);
struct record_attempt record_blank_attempt(void);

/* "exp_<ms in base 36>_<five base 36 digits of chance>". */
const char *record_make_id(int64_t at_ms, struct dice *dice, char out[RECORD_ID_BYTES]);

/* What the programs of DESIGN.md call the values of the enumerations, and back. */
const char *record_cost_source_name(enum record_cost_source source);
const char *record_outcome_source_name(enum record_outcome_source source);
bool record_outcome_source_from_name(struct slice name, enum record_outcome_source *source);

/* One line of JSONL. Missing fields read as: rung = modelUsed (while pending also the other way
 * round), strategy "default", cost assumed, outcome from nobody. False where it is no JSON object,
 * a field is of a wrong type or out of its range, or one of id, timestamp, taskId, modelUsed,
 * success is missing (success: null only while pending). The sentence names the key; the caller
 * puts file and line before it. */
bool record_read(struct arena *arena, struct json_parser *parser, struct slice line,
    struct experiment *experiment, struct failure *failure) MUST_USE;

/* The same of a value that was parsed already. */
bool record_read_json(struct arena *arena, struct json value, struct experiment *experiment,
    struct failure *failure) MUST_USE;

/* Whether an experiment that a program filled in is one that record_read would take back. */
bool record_check(const struct experiment *experiment, struct failure *failure) MUST_USE;

/* The experiment as a JSON object without a newline: the twelve fields first, ours behind them,
 * unknown ones last. What is unknown is left out, but for cost and confidence, then null. Writing
 * what was read from what was written gives the same bytes. */
void record_write(struct emit *emit, const struct experiment *experiment);

/* For a store that keeps the narrow fields in columns: an object of all other fields (not id,
 * timestamp, taskId, description, modelUsed, routingStrategy, routingConfidence, success, cost,
 * timeToComplete, qualityScore, notes, source, project, rung, costSource, outcomeSource, pending).
 * Reading it sets those fields and leaves the columns alone. */
void record_write_rest(struct emit *emit, const struct experiment *experiment);
bool record_read_rest(struct arena *arena, struct json_parser *parser, struct slice rest,
    struct experiment *experiment, struct failure *failure) MUST_USE;

/* CSV of the twelve fields after RFC 4180, description and notes always quoted, each row with its
 * "\n". Unknown values are empty. EXACT alters no data. A spreadsheet would take a text that begins
 * with = + - @, a tab or a carriage return for a formula: SPREADSHEET puts a ' before it. */
enum record_csv { RECORD_CSV_EXACT, RECORD_CSV_SPREADSHEET };
void record_write_csv_header(struct emit *emit);
void record_write_csv(struct emit *emit, const struct experiment *experiment, enum record_csv how);

/* The attempts, where none were written down the one that they imply (which is put in *implied):
 * modelUsed, with the experiment's outcome, cost and time. None while pending. */
struct record_attempts record_attempts_of(
    const struct experiment *experiment, struct record_attempt *implied);

/* The model id that the experiment began with: of its first attempt, else served, else decided;
 * empty where the version is unknown. */
struct slice record_model_version(const struct experiment *experiment);

/* True where somebody other than the user judged: outcomes of a test or a review. */
bool record_is_verified(const struct experiment *experiment);

/* True where the confidence was a forecast: not for `forced` and `explicit-label`, which are
 * obeyed, and not where none was stated. */
bool record_is_calibrated(const struct experiment *experiment);

/* True where more than one rung could have been chosen. */
bool record_is_explored(const struct experiment *experiment);

/* How the first try at the whole task ended: the first attempt of the execute phase that somebody
 * judged, all parts of a plan being one try. OPEN where none was judged or none was written down.
 */
enum record_success record_first_try(const struct experiment *experiment);

/* True where a plan was to be made first, whatever came of it. */
bool record_is_planned(const struct experiment *experiment);

/* What the gates of an audit are called in a record: "audit:" and the gate's name. */
extern const char RECORD_AUDIT[];
/* What the audit said of an attempt's change: empty where it was not audited. *others_passed: no
 * other gate refused it. */
struct slice record_audit_verdict(const struct record_attempt *attempt, bool *others_passed);

/* What evidence learns from: one a judged attempt of the execute phase, in their order. None while
 * pending, or where nobody judged the outcome, and none of a plan's parts: that a rung holds a part
 * says nothing of its chance at a whole task. Returns how many; their texts are the
 * experiment's. */
size_t record_attempts_judged(
    struct arena *arena, const struct experiment *experiment, struct evidence_attempt **judged);

#endif
