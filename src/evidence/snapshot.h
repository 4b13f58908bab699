/* Inside the evidence room: what was learned, as it lies in memory and in the file. build.c makes
 * it, snapshot.c writes and opens it, answers.c asks it. */
#ifndef RUNG_EVIDENCE_SNAPSHOT_H
#define RUNG_EVIDENCE_SNAPSHOT_H

#include "cost.h"
#include "evidence.h"
#include "learner.h"
#include "watch.h"

enum {
    SNAPSHOT_VERSION = 2,
    NAME_BYTES = 96,
    KIND_LABELS_MOST = 16,
    ID_BYTES = 20,
};

struct tally {
    double n, successes;
};

struct snapshot_head {
    char magic[8];
    uint32_t version, n_arms;
    uint64_t size; /* of the whole file */
    uint32_t n_labels, n_kinds, n_watches, n_alarms;
    uint64_t attempts, first_attempts;
    int64_t first_ms, last_ms;
    struct tally tiers[EVIDENCE_TIERS_MOST];
    struct evidence_goal goal;
    char goal_policy[SHA256_HEX_BYTES];
    char id[ID_BYTES];
};

struct snapshot_arm {
    char rung[NAME_BYTES], model[NAME_BYTES], effort[NAME_BYTES];
    int32_t previous; /* arm of the same rung's older model version, -1 */
    int32_t unused;
    double outcomes;
};

/* One label set and how many tasks had it. */
struct snapshot_kind {
    double tasks;
    uint32_t n, labels[KIND_LABELS_MOST];
};

struct evidence {
    struct arena arena;
    struct file_bytes file; /* what was opened: later outcomes are added to this copy */
    struct snapshot_head *head;
    struct snapshot_arm *arms;
    struct tally *after; /* [failed arm][next arm] */
    struct snapshot_kind *kinds;
    struct watch *watches;
    struct watch_alarm *alarms;
    struct cost_model costs;
    struct evidence_learner *learner;
    struct evidence_view *view;
};

/* A snapshot of nothing, in an arena of its own. */
struct evidence *snapshot_make(void);

/* Arms are known by rung, model and effort; -1 where there is none. */
int snapshot_find_arm(
    const struct evidence *evidence, struct slice rung, struct slice model, struct slice effort);
/* The newest arm of a rung, whatever its model version. */
int snapshot_newest_arm(const struct evidence *evidence, struct slice rung);

/* Books one more attempt: its counts, and what the watches over its arm say. */
void snapshot_count_attempt(
    struct evidence *evidence, const struct evidence_attempt *attempt, int arm);
void snapshot_watch_attempt(struct evidence *evidence, const struct evidence_attempt *attempt,
    int arm, const uint32_t *labels, size_t n_labels);

#endif
