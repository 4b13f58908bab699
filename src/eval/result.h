/* What an evaluation found, whatever the protocol: policies beside their controls, metrics,
 * paired differences. Written as JSON and as a table for people. */
#ifndef RUNG_EVAL_RESULT_H
#define RUNG_EVAL_RESULT_H

#include "base/arena.h"
#include "base/emit.h"
#include "base/failure.h"
#include "stats/stats.h"

#include <stdio.h>

enum {
    EVAL_RESULT_POLICIES_MOST = 320, /* DATA_MODELS_MOST constants and a few more */
    EVAL_NOTES_MOST = 32,
};

/* NAN where nothing is known: written as null. */
struct eval_policy {
    struct slice name; /* "direct", "always-<model>", … */
    struct interval quality, cost_usd, saving, false_accepts;
};

struct eval_paired { /* mean quality of a minus that of b, on the same tasks */
    struct slice a, b;
    struct interval difference;
};

struct eval_metric {
    const char *name; /* "apgr", "cpt50", … */
    struct interval value;
};

struct eval_bin { /* of a reliability diagram */
    double stated, observed;
    size_t n;
};

/* Everything in it lives in the arena of whoever filled it. */
struct eval_result {
    struct slice data; /* what was judged: a path */
    size_t rows;       /* that were judged */
    const char *protocol;
    struct eval_policy *policies;
    size_t n_policies;
    struct eval_metric *metrics;
    size_t n_metrics;
    struct eval_paired *paired;
    size_t n_paired;
    struct eval_bin *bins;
    size_t n_bins;
    struct slice notes[EVAL_NOTES_MOST]; /* sentences: rows left out, the rule that was fitted */
    size_t n_notes;
};

/* The row of a policy by name, NULL where there is none. */
const struct eval_policy *eval_find_policy(const struct eval_result *result, const char *name);
/* Adds a sentence; beyond EVAL_NOTES_MOST it is dropped. */
void eval_add_note(struct arena *arena, struct eval_result *result, const char *format, ...)
    FORMAT(3, 4);

/* The object `eval --json` of DESIGN, with `notes` behind. */
void eval_write_json(struct emit *emit, const struct eval_result *result);
void eval_print_table(FILE *out, const struct eval_result *result);

/* Writes a drawing to `path`: with bins the reliability diagram, else quality over cost with one
 * labelled point a policy. */
bool eval_plot_svg(
    const struct eval_result *result, const char *path, struct failure *failure) MUST_USE;

#endif
