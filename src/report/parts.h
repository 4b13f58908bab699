/* Inside the report room: what its files share. */
#ifndef RUNG_REPORT_PARTS_H
#define RUNG_REPORT_PARTS_H

#include "report.h"

/* Sums of all experiments; of those in which a rung could have been the start, NULL where none
 * was explored; of those that began on a rung, over its model versions. */
const struct ledger_sums *report_sums_of_all(const struct report_facts *facts);
const struct ledger_sums *report_sums_of_action(const struct report_facts *facts, int rung);
struct ledger_sums report_sums_of_rung(const struct report_facts *facts, int rung);

enum report_basis report_basis_of(const struct ledger_sums *sums);

/* Mean recorded cost of the tasks that began on a rung, else what the policy assumes. */
double report_rung_cost(const struct report_facts *facts, int rung, enum report_basis *basis);

void report_add_savings(
    struct arena *arena, const struct report_facts *facts, struct report *report);
void report_add_remarks(
    struct arena *arena, const struct report_facts *facts, struct report *report);

void report_add_gates(struct arena *arena, const struct report_facts *facts, struct report *report);

/* Why a saving has no interval. */
const char *report_why_no_interval(const struct report_saving *saving);

/* A mean with the variance of that mean. */
struct report_estimate {
    double mean, variance, effective; /* effective: the sample size that it is worth */
};

/* Self-normalised weighting over explored experiments; NAN where `sums` is NULL or empty. */
struct report_estimate report_weighted_success(const struct ledger_sums *sums);
struct report_estimate report_weighted_cost(const struct ledger_sums *sums);
enum { REPORT_EFFECTIVE_LEAST = 50 };

/* The verdicts of compare.c. */

/* Tasks that were done on the middle rung and on another: how often each difference of the other's
 * acceptance to the middle's came, -1, 0 and 1; of all such pairs, and of those of which both
 * outcomes are verified. */
struct report_pairs {
    int64_t n, both_accepted;
    double all[3], verified[3];
};
struct report_pairs report_find_pairs(const struct report_facts *facts);
/* Settles the claim "not worse than the middle rung by `margin` or more" by them; n > 0. */
void report_judge_pairs(struct arena *arena, const struct report_facts *facts,
    const struct report_pairs *pairs, double margin, struct report_verdict *row);

struct report_verdict report_judge_cost(struct arena *arena, const struct report_facts *facts);
struct report_verdict report_judge_regression(
    struct arena *arena, const struct report_facts *facts);
struct report_verdict report_judge_tenth(struct arena *arena, const struct report_facts *facts);

/* Text for a person, shared by the writers. */
struct slice report_percent(struct arena *arena, double rate);           /* "67.5 %", "–" */
struct slice report_percent_range(struct arena *arena, struct interval); /* "61 … 100 %" */
struct slice report_count(struct arena *arena, int64_t n);               /* "10,000" */
struct slice report_e_value(struct arena *arena, double e);
struct slice report_number(struct arena *arena, double number, int digits);

/* Which watches have gone off, and where outcomes teach nothing; nothing without evidence. */
void report_print_alarms(FILE *out, struct arena *arena, const struct report *report);
void report_print_alarms_markdown(FILE *out, struct arena *arena, const struct report *report);
void report_write_alarms(struct emit *emit, const struct report *report);

/* "Planning and review"; nothing where there is no such data. */
void report_print_phases(FILE *out, struct arena *arena, const struct report *report);
void report_print_phases_markdown(FILE *out, struct arena *arena, const struct report *report);
void report_write_phases(struct emit *emit, const struct report *report);

/* Text on its way into a cell or an item of Markdown. */
void report_print_cell(FILE *out, struct arena *arena, struct slice text);

#endif
