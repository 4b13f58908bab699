/* report: receives a ledger's sums, a policy and prices, hands on what was spent and accepted, what
 * that saved against plain baselines, and verdicts on five claims; as text for a person, Markdown
 * or JSON. Refuses to know how outcomes came about and never scans where sums are maintained.
 *
 * Ownership: a report lives in the arena it was gathered into and points into the policy. What is
 * not known is NAN (JSON: null). Everything that rests on an assumed cost says so. */
#ifndef RUNG_REPORT_REPORT_H
#define RUNG_REPORT_REPORT_H

#include "base/arena.h"
#include "base/emit.h"
#include "evidence/evidence.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "price/price.h"
#include "stats/stats.h"

enum {
    REPORT_SCHEMA = 1,
    REPORT_LATEST = 10, /* recent experiments shown where nobody says how many */
    REPORT_LATEST_MOST = 10000,
    REPORT_PROJECTIONS = 3, /* 100, 1,000 and 10,000 tasks */
    REPORT_BASELINES_MOST = 4,
    REPORT_BINS = 10, /* of stated confidence: [0, 0.1) … [0.9, 1] */
    REPORT_REMARKS_MOST = 32,
    REPORT_GROUPS_SHOWN = 12, /* rows of labels, patterns, … in a text that shows everything */
    REPORT_VERSIONS_MOST = 64,
};

/* A cost is MEASURED where every record that it sums was measured, else ASSUMED. */
enum report_basis { REPORT_UNKNOWN, REPORT_ASSUMED, REPORT_MEASURED };
const char *report_basis_name(enum report_basis basis); /* NULL for UNKNOWN */

/* What is grouped by. NONE: all of them in turn. */
enum report_by {
    REPORT_BY_MODEL,
    REPORT_BY_STRATEGY,
    REPORT_BY_LABEL,
    REPORT_BY_PATTERN,
    REPORT_BY_PROJECT,
    REPORT_BY_DAY,
    REPORT_BY_NONE,
};
const char *report_by_name(enum report_by by); /* "model" */
bool report_by_from_name(struct slice name, enum report_by *by);

/* One line: experiments that have something in common. */
struct report_group {
    struct slice key;
    int64_t n, accepted;
    struct interval success; /* rate with Wilson's 95 % interval */
    double cost_usd;         /* sum over those whose cost is known */
    enum report_basis basis;
    double cost_per_task;     /* mean over those whose cost is known */
    double cost_per_accepted; /* cost_per_task ÷ rate of success */
    double seconds, quality;  /* means over those that carry the field */
    double stated;            /* mean stated confidence */
};
struct report_groups {
    struct report_group *items;
    size_t n;
};

/* What was spent against what a plain way would have cost, for the tasks whose cost is known. A
 * baseline's cost per task is the mean recorded cost of tasks that began on its rung, and where
 * there is none what the policy assumes; random-same-share draws each task's rung by chance, at
 * the shares that were used. */
struct report_saving {
    struct slice baseline; /* "all-sonnet" */
    double per_task_usd, baseline_usd, usd, percent;
    struct interval interval; /* of `percent`, 95 %; NAN where anything is assumed */
    enum report_basis basis;
    bool by_construction; /* random-same-share with nothing explored: costs what was spent */
};

struct report_projection {
    int64_t tasks;
    struct slice against;
    double actual, baseline, saved;
    struct interval interval; /* of `saved`, 95 %; NAN where anything is assumed */
    enum report_basis basis;
};

/* Stated against observed confidence, of forecasts only. */
struct report_bin {
    double from, to;
    int64_t n;
    double stated;
    struct interval observed;
};
struct report_calibration {
    int64_t n;
    double stated, observed; /* means over all */
    double error;            /* expected calibration error over the bins */
    struct interval
        error_null; /* what a perfect forecaster of the same n would show: 5 %, mean, 95 % */
    struct report_bin bins[REPORT_BINS];
    size_t n_bins;
};

/* Does a plan help? Tasks that began on one rung, with a plan made first and without. */
struct report_arm {
    int64_t n, held;          /* held: their first try was accepted */
    struct interval success;  /* of the first try, Wilson's 95 % */
    double cost_usd;          /* mean per task, all phases and climbs */
    double cost_per_accepted; /* whatever try was accepted */
    enum report_basis basis;
};
struct report_planning {
    struct slice label; /* empty: all tasks */
    struct slice rung;
    struct report_arm planned, alone;
    /* Of first tries, planned - alone: 95 %, Newcombe. By the tasks for which dice chose, weighted
     * by 1 ÷ propensity and with their effective number, where there are REPORT_THROWN_LEAST of
     * each; else by all, which proves nothing where people chose. */
    struct interval difference;
    bool is_randomised;
    int64_t thrown;             /* tasks for which dice chose */
    enum stats_verdict verdict; /* SUPPORTED: the interval is above zero; REFUTED: below it */
};
enum { REPORT_THROWN_LEAST = 5 };

/* Does a judge or a review pay, and can it be believed? Truth is what an audit of the same change
 * or the user said. */
struct report_checker {
    struct slice label, name, rung; /* name: of the gate; "review" */
    int64_t n, passed, failed, unsure;
    int64_t caught, false_alarms;    /* failed, and right or wrong; of the rest nobody knows */
    int64_t confirmed, missed;       /* passed, and right or wrong */
    struct interval agreement;       /* of verdicts whose truth is known, Wilson's 95 % */
    double cost_usd, cost_per_catch; /* catch: caught; NAN where nothing was */
    double cost_per_rejection;
};

/* How often are the gates wrong? Accepted changes that a stronger gate looked at too. */
struct report_audit {
    struct slice label, rung;      /* that made the change; empty: all */
    int64_t n, refuted, unsure;    /* unsure is not in n */
    struct interval false_accepts; /* refuted of n, Clopper–Pearson 95 % */
};

struct report_phases {
    struct report_planning *plans; /* all tasks first, then by label; most tasks first */
    size_t n_plans;
    struct report_checker *checkers;
    size_t n_checkers;
    struct report_audit *audits;
    size_t n_audits;
};

/* How steady a gate's verdicts are, by asking again about the same tree. What was asked once,
 * nobody knows. */
struct report_gate {
    struct slice name;
    int64_t n;           /* attempts that it judged */
    int64_t asked_again; /* … more than once */
    int64_t flaky;       /* … with verdicts that differ */
    int64_t climbs;      /* failed first, the majority passed: a climb that was not wasted */
    int64_t acceptances; /* passed first, the majority failed: an acceptance that was not false */
    int64_t passed;      /* at first, and asked once */
    int64_t confirmed;   /* passed at first and asked again: as the gate's `confirm` drew them */
    struct interval
        false_acceptances; /* to be expected among `passed`; NAN where none is confirmed */
};

struct report {
    struct report_group all;
    struct slice first_day, last_day; /* "2026-01-05"; empty where there is nothing */
    struct report_groups by[REPORT_BY_NONE];
    struct report_saving savings[REPORT_BASELINES_MOST];
    size_t n_savings;
    struct report_projection projections[REPORT_PROJECTIONS];
    size_t n_projections;
    struct report_calibration calibration;
    struct report_phases phases;
    struct experiment *recent; /* newest first */
    size_t n_recent;
    struct slice warnings[REPORT_REMARKS_MOST];
    size_t n_warnings;
    struct slice notes[REPORT_REMARKS_MOST];
    size_t n_notes;
    struct report_gate *gates; /* those that were asked again at least once */
    size_t n_gates;
    const struct policy *policy; /* for the colours of its rungs */
    bool has_evidence;           /* `rung learn` was run: what follows says something */
    struct evidence_alarm *alarms;
    size_t n_alarms;
    struct slice *degenerate; /* sentences: where the outcomes teach nothing */
    size_t n_degenerate;
};

/* The sums of a ledger and what a report needs beside them. */
struct report_facts {
    const struct ledger_tally *tallies; /* sorted, as ledger_tallies gives them */
    size_t n_tallies;
    struct ledger_counts counts;
    const struct policy *policy;
    const double *assumed_usd; /* by rung of the policy; NAN where unknown */
    int cheapest, middle, top; /* rungs of the policy */
};

/* Reads the sums (ledger NULL: there is none yet, everything is 0) and settles which rung is
 * the cheapest: by what the policy assumes, until two rungs have both been measured on
 * REPORT_MEASURED_LEAST tasks. */
enum { REPORT_MEASURED_LEAST = 20 };
bool report_gather(struct arena *arena, struct ledger *ledger, const struct ledger_filter *filter,
    const struct policy *policy, const struct price_table *prices, int32_t day,
    struct report_facts *facts, struct failure *failure) MUST_USE;

/* The same of the latest experiments that the filter lets pass, within `pages`; *whole: of all. */
bool report_gather_latest(struct arena *arena, struct ledger *ledger,
    const struct ledger_filter *filter, const struct ledger_pages *pages,
    const struct policy *policy, const struct price_table *prices, int32_t day,
    struct report_facts *facts, bool *whole, struct failure *failure) MUST_USE;

/* Pure, in time that depends on the number of groups alone. `recent` is left empty. */
void report_make(struct arena *arena, const struct report_facts *facts, struct report *report);

/* The part of it that plans, judges and audits are learned from; pure likewise. */
void report_make_phases(
    struct arena *arena, const struct report_facts *facts, struct report_phases *phases);
/* The same of experiments that are not summed up: `gates` has room for RECORD_GATES_MOST, *n
 * begins at 0. What is known in the end, report_settle_gate adds. */
void report_count_gates(const struct experiment *experiment, struct report_gate *gates, size_t *n);
void report_settle_gate(struct report_gate *gate);
/* What a person should know of it; empty where it was never asked again. */
struct slice report_gate_text(struct arena *arena, const struct report_gate *gate);

/* Adds what the evidence's watches say; nothing where `evidence` is NULL. */
void report_add_evidence(
    struct arena *arena, const struct evidence *evidence, struct report *report);

/* One alarm as a sentence. */
struct slice report_alarm_text(struct arena *arena, const struct evidence_alarm *alarm);

/* The newest experiments, done ones only. */
bool report_read_recent(struct arena *arena, struct ledger *ledger,
    const struct ledger_filter *filter, size_t most, struct report *report,
    struct failure *failure) MUST_USE;

void report_print_text(
    FILE *out, struct arena *arena, const struct report *report, enum report_by by);
void report_print_markdown(
    FILE *out, struct arena *arena, const struct report *report, enum report_by by);
/* The object of DESIGN's `report --format json`, on one line. */
void report_write_json(struct emit *emit, const struct report *report);

/* Its member `calibration`. */
void report_write_calibration(struct emit *emit, const struct report_calibration *calibration);

/* ---- validate ---- */

enum report_claim {
    REPORT_CHEAP_SUCCESS,  /* attempts on the cheapest rung are accepted at 0.85 or more */
    REPORT_COST_REDUCTION, /* routing costs less than always the middle rung */
    REPORT_CONFIDENCE,     /* mean stated confidence > 0.80, and that often tasks are accepted */
    REPORT_NO_REGRESSION,  /* accepted within 0.05 of always the middle rung */
    REPORT_TENTH_OF_COST,  /* 90 % of the middle rung's success at a tenth of its cost */
    REPORT_CLAIMS,
};

/* How sure a verdict has to be: e >= 1 ÷ REPORT_ALPHA. */
#define REPORT_ALPHA 0.05

struct report_verdict {
    const char *id;       /* "cheap-success" */
    struct slice claim;   /* in words */
    struct slice version; /* model id, for cheap-success; empty: unknown */
    enum stats_verdict verdict;
    double target, estimate, lower; /* lower: one-sided 95 % */
    double e;
    int64_t n, k;
    int64_t more_needed;  /* tasks at the observed rate, or STATS_NEVER */
    bool verified_needed; /* … and verified ones: what nobody verified supports nothing */
    struct slice reason;
};

struct report_validation {
    enum stats_verdict verdict; /* REFUTED if any is, else INSUFFICIENT if any is */
    struct report_verdict rows[REPORT_CLAIMS];
    struct report_verdict versions[REPORT_VERSIONS_MOST]; /* cheap-success of the other versions */
    size_t n_versions;
};

/* Verdicts over counts, pure. Rates: the uniform-mixture e-process of stats, or with `one_look`
 * the exact binomial bound for a single planned look. SUPPORTED only where the outcomes that a
 * test or a review gave suffice by themselves. Claims that compare rungs rest on explored
 * experiments, weighted by 1 ÷ propensity and self-normalised, and on the e-value of a normal
 * mixture over their difference, valid at any time as n grows (Waudby-Smith, Arbour, Sinha,
 * Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences",
 * Annals of Statistics 2024, §2); no verdict below an effective sample of 50. */
void report_validate(struct arena *arena, const struct report_facts *facts, bool one_look,
    struct report_validation *validation);

const char *report_verdict_name(enum stats_verdict verdict); /* "SUPPORTED" */
void report_print_validation(
    FILE *out, struct arena *arena, const struct report_validation *validation);
void report_write_validation(struct emit *emit, const struct report_validation *validation);

/* How many tasks a claim needs: the power table of the claims about a rate and of the paired
 * comparison with the middle rung. */
void report_print_plan(FILE *out, struct arena *arena);
void report_write_plan(struct emit *emit);

/* Dollars for a person's eyes: "$0.0260", with "~" before it unless measured; "–" for NAN. */
struct slice report_money(struct arena *arena, double usd, enum report_basis basis);

#endif
