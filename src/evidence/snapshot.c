/* What the ledger taught, in one file: the learner, costs, tiers, climbs, the goal's worth and
 * the watches. Receives judged attempts, hands on estimates; refuses to know the ledger. */
#include "evidence.h"

#include "base/file.h"
#include "cost.h"
#include "image.h"
#include "learner.h"
#include "watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SNAPSHOT_VERSION = 2,
    NAME_BYTES = 96,
    KIND_LABELS_MOST = 16,
    ID_BYTES = 20,
};

static const char MAGIC[8] = "rungevi";

/* A rung that failed says that the task is hard: before anything was seen, the next succeeds at
 * this share of its usual rate. Measured on 350 coding tasks: .257 after .706, .299 after .744. */
static const double AFTER_SHARE = 0.4, AFTER_WEIGHT = 10;

static const int64_t TIME_MOST_MS = (int64_t)1 << 52;
static const double COUNT_MOST = 1e15;

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

/* ---- building ---- */

struct building {
    struct evidence *evidence;
    struct evidence_attempt *attempts;
    size_t n;
    struct evidence_corpus *corpus;
    struct evidence_outcome *outcomes; /* one for each attempt that was taken */
    const uint32_t **labels;           /* of each */
    size_t *n_labels;
};

static int compare_attempts(const void *left, const void *right)
{
    const struct evidence_attempt *a = left, *b = right;
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    int order = slice_compare(a->title, b->title);
    if (order == 0)
        order = slice_compare(a->rung, b->rung);
    if (order == 0)
        order = slice_compare(a->after, b->after);
    return order ? order : (int)a->success - (int)b->success;
}

static bool name_is(const char name[NAME_BYTES], struct slice text)
{
    return slice_is(slice_sub(text, 0, NAME_BYTES - 1), name);
}

static void copy_name(char name[NAME_BYTES], struct slice text)
{
    size_t n = text.len < NAME_BYTES - 1 ? text.len : NAME_BYTES - 1;
    if (n)
        memcpy(name, text.base, n);
    name[n] = '\0';
}

static int find_arm(
    const struct evidence *evidence, struct slice rung, struct slice model, struct slice effort)
{
    for (uint32_t i = 0; i < evidence->head->n_arms; i++)
        if (name_is(evidence->arms[i].rung, rung) && name_is(evidence->arms[i].model, model) &&
            name_is(evidence->arms[i].effort, effort))
            return (int)i;
    return -1;
}

/* The newest arm of a rung, whatever its model version. */
static int newest_arm(const struct evidence *evidence, struct slice rung)
{
    for (uint32_t i = evidence->head->n_arms; i-- > 0;)
        if (name_is(evidence->arms[i].rung, rung))
            return (int)i;
    return -1;
}

static int add_arm(struct evidence *evidence, const struct evidence_attempt *attempt)
{
    int found = find_arm(evidence, attempt->rung, attempt->model, attempt->effort);
    if (found >= 0 || evidence->head->n_arms == EVIDENCE_RUNGS_MOST)
        return found;
    int previous = newest_arm(evidence, attempt->rung);
    struct snapshot_arm *arm = &evidence->arms[evidence->head->n_arms];
    copy_name(arm->rung, attempt->rung);
    copy_name(arm->model, attempt->model);
    copy_name(arm->effort, attempt->effort);
    arm->previous = previous;
    return (int)evidence->head->n_arms++;
}

static void count_attempt(
    struct evidence *evidence, const struct evidence_attempt *attempt, int arm)
{
    struct snapshot_head *head = evidence->head;
    evidence->arms[arm].outcomes++;
    head->attempts++;
    if (head->attempts == 1)
        head->first_ms = attempt->at_ms;
    head->last_ms = attempt->at_ms;
    int failed = attempt->after.len ? newest_arm(evidence, attempt->after) : -1;
    if (failed >= 0) {
        struct tally *tally = &evidence->after[(size_t)failed * EVIDENCE_RUNGS_MOST + (size_t)arm];
        tally->n++;
        tally->successes += attempt->success;
    }
    if (attempt->after.len == 0) {
        head->first_attempts++;
        if (attempt->tier >= 0 && attempt->tier < EVIDENCE_TIERS_MOST) {
            head->tiers[attempt->tier].n++;
            head->tiers[attempt->tier].successes += attempt->success;
        }
    }
}

static void watch_attempt(struct evidence *evidence, const struct evidence_attempt *attempt,
    int arm, const uint32_t *labels, size_t n_labels)
{
    for (uint32_t i = 0; i < evidence->head->n_watches; i++) {
        struct watch *watch = &evidence->watches[i];
        bool concerns = watch->arm == arm && watch->label == WATCH_NO_LABEL;
        for (size_t k = 0; watch->arm == arm && k < n_labels; k++)
            concerns = concerns || watch->label == (int32_t)labels[k];
        struct watch_alarm alarms[2];
        int n = concerns
                    ? watch_add(watch, attempt->success, attempt->cost_usd, attempt->at_ms, alarms)
                    : 0;
        for (int k = 0; k < n; k++) {
            if (evidence->head->n_alarms == WATCH_ALARMS_MOST) /* the oldest makes room */
                memmove(evidence->alarms, evidence->alarms + 1,
                    --evidence->head->n_alarms * sizeof(*evidence->alarms));
            evidence->alarms[evidence->head->n_alarms++] = alarms[k];
        }
    }
}

/* A watch for every arm, and for every label that an arm has met often enough. */
static void place_watches(struct building *building)
{
    struct evidence *evidence = building->evidence;
    size_t n_labels = evidence->head->n_labels, n_arms = evidence->head->n_arms;
    double *met = memory_take(n_labels * n_arms * sizeof(*met) + 1);
    for (size_t i = 0; i < building->n; i++)
        for (size_t k = 0; k < building->n_labels[i]; k++)
            met[building->outcomes[i].rung * n_labels + building->labels[i][k]]++;
    evidence->watches = ARENA_ARRAY(&evidence->arena, struct watch, WATCHES_MOST);
    uint32_t n = 0;
    for (size_t arm = 0; arm < n_arms; arm++) {
        evidence->watches[n++] = (struct watch){.arm = (int32_t)arm, .label = WATCH_NO_LABEL};
        for (size_t label = 0; label < n_labels && n < WATCHES_MOST - EVIDENCE_RUNGS_MOST; label++)
            if (met[arm * n_labels + label] >= 2 * WATCH_BASELINE)
                evidence->watches[n++] =
                    (struct watch){.arm = (int32_t)arm, .label = (int32_t)label};
    }
    evidence->head->n_watches = n;
    free(met);
}

static void count_kind(struct evidence *evidence, const uint32_t *labels, size_t n_labels)
{
    struct snapshot_kind kind = {.tasks = 1};
    for (size_t i = 0; i < n_labels && i < KIND_LABELS_MOST; i++)
        kind.labels[kind.n++] = labels[i];
    for (uint32_t i = 0; i < evidence->head->n_kinds; i++)
        if (evidence->kinds[i].n == kind.n &&
            memcmp(evidence->kinds[i].labels, kind.labels, sizeof(kind.labels)) == 0) {
            evidence->kinds[i].tasks++;
            return;
        }
    if (evidence->head->n_kinds < EVIDENCE_KINDS_MOST)
        evidence->kinds[evidence->head->n_kinds++] = kind;
}

static void take_attempts(struct building *building)
{
    struct evidence *evidence = building->evidence;
    size_t taken = 0;
    for (size_t i = 0; i < building->n; i++) {
        const struct evidence_attempt *attempt = &building->attempts[i];
        int arm = add_arm(evidence, attempt);
        if (arm < 0)
            continue;
        size_t task = evidence_corpus_add(
            building->corpus, attempt->title, attempt->body, attempt->labels, attempt->n_labels);
        building->attempts[taken] = *attempt;
        building->outcomes[taken] =
            (struct evidence_outcome){task, (size_t)arm, attempt->success ? 1 : 0};
        building->labels[taken] = corpus_labels(building->corpus, task, &building->n_labels[taken]);
        count_attempt(evidence, attempt, arm);
        if (attempt->after.len == 0)
            count_kind(evidence, building->labels[taken], building->n_labels[taken]);
        taken++;
    }
    building->n = taken;
}

static void learn_costs(struct building *building)
{
    struct evidence *evidence = building->evidence;
    struct cost_case *cases = memory_take((building->n + 1) * sizeof(*cases));
    size_t n = 0;
    for (size_t i = 0; i < building->n; i++)
        if (building->attempts[i].cost_usd > 0)
            cases[n++] = (struct cost_case){building->labels[i], building->n_labels[i],
                building->outcomes[i].rung, building->attempts[i].success,
                building->attempts[i].cost_usd};
    cost_fit(&evidence->arena, cases, n, evidence->head->n_arms, evidence->head->n_labels,
        &evidence->costs);
    free(cases);
}

static struct evidence *make_blank(void)
{
    struct evidence *evidence = memory_take(sizeof(*evidence));
    struct arena *arena = &evidence->arena;
    evidence->head = arena_take(arena, sizeof(*evidence->head));
    memcpy(evidence->head->magic, MAGIC, sizeof(MAGIC));
    evidence->head->version = SNAPSHOT_VERSION;
    evidence->arms = ARENA_ARRAY(arena, struct snapshot_arm, EVIDENCE_RUNGS_MOST);
    evidence->after =
        ARENA_ARRAY(arena, struct tally, (size_t)EVIDENCE_RUNGS_MOST * EVIDENCE_RUNGS_MOST);
    evidence->kinds = ARENA_ARRAY(arena, struct snapshot_kind, EVIDENCE_KINDS_MOST);
    evidence->alarms = ARENA_ARRAY(arena, struct watch_alarm, WATCH_ALARMS_MOST);
    evidence->view = evidence_view_make();
    return evidence;
}

/* Hash of what was learned, so that a record can name what a decision rested on. */
static void give_id(const struct building *building)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < building->n; i++) {
        const struct evidence_attempt *attempt = &building->attempts[i];
        const struct slice parts[] = {attempt->rung, attempt->model, attempt->effort,
            attempt->title, attempt->body, attempt->after};
        for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++)
            hash = (hash ^ slice_hash(parts[k])) * 0x100000001b3u;
        hash = (hash ^ (uint64_t)attempt->at_ms ^ (uint64_t)attempt->success) * 0x100000001b3u;
    }
    snprintf(building->evidence->head->id, ID_BYTES, "ev_%016llx", (unsigned long long)hash);
}

struct evidence *evidence_build(struct evidence_attempt *attempts, size_t n)
{
    struct evidence *evidence = make_blank();
    struct building building = {.evidence = evidence, .attempts = attempts, .n = n};
    building.corpus = evidence_corpus_make();
    building.outcomes = memory_take((n + 1) * sizeof(*building.outcomes));
    building.labels = memory_take((n + 1) * sizeof(*building.labels));
    building.n_labels = memory_take((n + 1) * sizeof(*building.n_labels));
    if (n > 1)
        qsort(attempts, n, sizeof(*attempts), compare_attempts);
    take_attempts(&building);
    size_t n_arms = evidence->head->n_arms;
    if (n_arms > 0)
        evidence->learner = evidence_learn(building.corpus, building.outcomes, building.n,
            (struct evidence_options){n_arms, true, true});
    evidence->head->n_labels = (uint32_t)corpus_label_count(building.corpus);
    learn_costs(&building);
    place_watches(&building);
    for (size_t i = 0; i < building.n; i++)
        watch_attempt(evidence, &building.attempts[i], (int)building.outcomes[i].rung,
            building.labels[i], building.n_labels[i]);
    give_id(&building);
    evidence_corpus_free(building.corpus);
    free(building.outcomes);
    free(building.labels);
    free(building.n_labels);
    return evidence;
}

/* ---- the file ---- */

bool evidence_save(const struct evidence *evidence, const char *path, struct failure *failure)
{
    struct emit out = {0};
    struct snapshot_head head = *evidence->head;
    image_write(&out, &head, 1, sizeof(head));
    image_write(&out, evidence->arms, head.n_arms, sizeof(*evidence->arms));
    image_write(&out, evidence->after, (size_t)EVIDENCE_RUNGS_MOST * EVIDENCE_RUNGS_MOST,
        sizeof(*evidence->after));
    image_write(&out, evidence->kinds, head.n_kinds, sizeof(*evidence->kinds));
    image_write(&out, evidence->watches, head.n_watches, sizeof(*evidence->watches));
    image_write(&out, evidence->alarms, WATCH_ALARMS_MOST, sizeof(*evidence->alarms));
    cost_write(&evidence->costs, &out);
    if (evidence->learner)
        learner_write(evidence->learner, &out);
    ((struct snapshot_head *)(void *)out.bytes)->size = out.len;
    bool ok = file_replace(path, emit_slice(&out), 0600, failure);
    emit_free(&out);
    return ok;
}

static bool tiers_are_sound(const struct tally *tiers)
{
    for (size_t i = 0; i < EVIDENCE_TIERS_MOST; i++)
        if (!(tiers[i].n >= 0 && tiers[i].n < COUNT_MOST && tiers[i].successes >= 0 &&
                tiers[i].successes <= tiers[i].n))
            return false;
    return true;
}

static bool head_is_sound(const struct snapshot_head *head, size_t size)
{
    return memcmp(head->magic, MAGIC, sizeof(MAGIC)) == 0 && head->version == SNAPSHOT_VERSION &&
           head->size == size && head->n_arms <= EVIDENCE_RUNGS_MOST &&
           head->n_labels <= EVIDENCE_LABELS_MOST && head->n_kinds <= EVIDENCE_KINDS_MOST &&
           head->n_watches <= WATCHES_MOST && head->n_alarms <= WATCH_ALARMS_MOST &&
           head->first_ms >= 0 && head->first_ms <= head->last_ms && head->last_ms < TIME_MOST_MS &&
           tiers_are_sound(head->tiers) && memchr(head->id, '\0', ID_BYTES) &&
           memchr(head->goal_policy, '\0', SHA256_HEX_BYTES);
}

/* Numbers that are used as indices must be ones. */
static bool indices_are_sound(const struct evidence *evidence)
{
    const struct snapshot_head *head = evidence->head;
    for (uint32_t i = 0; i < head->n_arms; i++) {
        const struct snapshot_arm *arm = &evidence->arms[i];
        if (arm->previous >= (int32_t)i || arm->previous < -1 ||
            !memchr(arm->rung, '\0', NAME_BYTES) || !memchr(arm->model, '\0', NAME_BYTES) ||
            !memchr(arm->effort, '\0', NAME_BYTES))
            return false;
    }
    for (uint32_t i = 0; i < head->n_kinds; i++) {
        if (evidence->kinds[i].n > KIND_LABELS_MOST)
            return false;
        for (uint32_t k = 0; k < evidence->kinds[i].n; k++)
            if (evidence->kinds[i].labels[k] >= head->n_labels)
                return false;
    }
    for (uint32_t i = 0; i < head->n_alarms; i++)
        if (evidence->alarms[i].arm < 0 || evidence->alarms[i].arm >= (int32_t)head->n_arms ||
            evidence->alarms[i].label < WATCH_NO_LABEL ||
            evidence->alarms[i].label >= (int32_t)head->n_labels)
            return false;
    return true;
}

static bool read_blocks(struct evidence *evidence)
{
    struct image_reader reader = {
        evidence->file.mapped ? evidence->file.mapped : evidence->file.taken,
        evidence->file.bytes.len, 0, false};
    evidence->head = image_read(&reader, 1, sizeof(*evidence->head));
    if (reader.broken || !head_is_sound(evidence->head, evidence->file.bytes.len))
        return false;
    const struct snapshot_head *head = evidence->head;
    evidence->arms = image_read(&reader, head->n_arms, sizeof(*evidence->arms));
    evidence->after = image_read(
        &reader, (size_t)EVIDENCE_RUNGS_MOST * EVIDENCE_RUNGS_MOST, sizeof(*evidence->after));
    evidence->kinds = image_read(&reader, head->n_kinds, sizeof(*evidence->kinds));
    evidence->watches = image_read(&reader, head->n_watches, sizeof(*evidence->watches));
    evidence->alarms = image_read(&reader, WATCH_ALARMS_MOST, sizeof(*evidence->alarms));
    evidence->costs.n_arms = head->n_arms;
    evidence->costs.n_labels = head->n_labels;
    cost_read(&reader, &evidence->costs);
    if (reader.broken || !indices_are_sound(evidence))
        return false;
    if (head->n_arms > 0)
        evidence->learner = learner_read(&reader, head->n_arms, head->n_labels);
    return head->n_arms == 0 || evidence->learner;
}

/* Takes the file over. */
static bool open_bytes(
    const char *path, struct file_bytes file, struct evidence **opened, struct failure *failure)
{
    struct evidence *evidence = memory_take(sizeof(*evidence));
    evidence->view = evidence_view_make();
    evidence->file = file;
    if (!read_blocks(evidence)) {
        evidence_close(evidence);
        return failure_set(failure,
            "%s is no evidence that this version can read; `rung learn` makes a new one", path);
    }
    *opened = evidence;
    return true;
}

bool evidence_open(const char *path, struct evidence **opened, struct failure *failure)
{
    struct file_bytes file;
    *opened = NULL;
    return !file_exists(path) ||
           (file_open_unlinked(path, EVIDENCE_FILE_BYTES_MOST, &file, failure) &&
               open_bytes(path, file, opened, failure));
}

bool evidence_map(const char *path, struct evidence **opened, struct failure *failure)
{
    struct file_bytes file;
    *opened = NULL;
    return !file_exists(path) ||
           (file_map_unlinked(path, EVIDENCE_FILE_BYTES_MOST, &file, failure) &&
               open_bytes(path, file, opened, failure));
}

void evidence_close(struct evidence *evidence)
{
    if (!evidence)
        return;
    evidence_learner_free(evidence->learner);
    evidence_view_free(evidence->view);
    file_close(&evidence->file);
    arena_free(&evidence->arena);
    free(evidence);
}

/* ---- later outcomes ---- */

void evidence_add(struct evidence *evidence, const struct evidence_attempt *attempt)
{
    int arm =
        evidence->learner ? find_arm(evidence, attempt->rung, attempt->model, attempt->effort) : -1;
    if (arm < 0)
        return; /* a new arm needs `rung learn` */
    size_t n_labels = 0;
    evidence_view_task(evidence->view, evidence->learner, attempt->title, attempt->body,
        attempt->labels, attempt->n_labels);
    const uint32_t *labels = evidence->view->labels;
    n_labels = evidence->view->n_labels;
    evidence_update(evidence->learner, evidence->view, (size_t)arm, attempt->success ? 1 : 0);
    if (attempt->cost_usd > 0) {
        const struct cost_case one = {
            labels, n_labels, (size_t)arm, attempt->success, attempt->cost_usd};
        cost_update(&evidence->costs, &one);
    }
    count_attempt(evidence, attempt, arm);
    watch_attempt(evidence, attempt, arm, labels, n_labels);
}

/* ---- answers ---- */

struct evidence_about evidence_tell(const struct evidence *evidence)
{
    const struct snapshot_head *head = evidence->head;
    double days = (double)(head->last_ms - head->first_ms) / 86400000.0;
    return (struct evidence_about){head->id, head->last_ms, (size_t)head->attempts,
        (double)head->first_attempts / (days > 1 ? days : 1)};
}

void evidence_match(
    const struct evidence *evidence, const struct policy *policy, struct evidence_arms *arms)
{
    for (size_t i = 0; i < policy->n_rungs; i++) {
        const struct policy_rung *rung = &policy->rungs[i];
        arms->arm[i] = find_arm(evidence, rung->name, rung->model, rung->effort);
        arms->carried[i] = false;
        if (arms->arm[i] >= 0)
            continue;
        arms->arm[i] = newest_arm(evidence, rung->name);
        arms->carried[i] = arms->arm[i] >= 0;
    }
}

/* Success, weight and cost of one arm. */
struct arm_answer {
    double success, weight, outcomes;
    struct interval cost_usd;
    double costs;
};

static struct arm_answer ask_arm(
    const struct evidence *evidence, const struct evidence_view *view, int arm)
{
    size_t n_labels = 0;
    const uint32_t *labels = view->labels;
    n_labels = view->n_labels;
    struct evidence_prediction predicted =
        evidence_predict_view(evidence->learner, view, (size_t)arm);
    return (struct arm_answer){
        predicted.success,
        predicted.weight,
        evidence->arms[arm].outcomes,
        cost_expect(&evidence->costs, labels, n_labels, (size_t)arm, predicted.success),
        cost_count(&evidence->costs, (size_t)arm),
    };
}

static double at_most(double x, double most)
{
    return x < most ? x : most;
}

/* The older version's answer stands for EVIDENCE_CARRIED outcomes at most. */
static struct arm_answer discount(struct arm_answer old)
{
    old.weight = at_most(old.weight, EVIDENCE_CARRIED);
    old.outcomes = at_most(old.outcomes, EVIDENCE_CARRIED);
    old.costs = at_most(old.costs, EVIDENCE_CARRIED);
    return old;
}

static struct arm_answer blend(struct arm_answer now, struct arm_answer old)
{
    double n = now.outcomes + old.outcomes, costs = now.costs + old.costs;
    if (n > 0)
        now.success = (now.success * now.outcomes + old.success * old.outcomes) / n;
    if (now.costs > 0 && old.costs > 0) {
        double share = now.costs / costs;
        now.cost_usd.mean = share * now.cost_usd.mean + (1 - share) * old.cost_usd.mean;
        now.cost_usd.low = share * now.cost_usd.low + (1 - share) * old.cost_usd.low;
        now.cost_usd.high = share * now.cost_usd.high + (1 - share) * old.cost_usd.high;
    } else if (old.costs > 0) {
        now.cost_usd = old.cost_usd;
    }
    now.weight += old.weight;
    now.outcomes = n;
    now.costs = costs;
    return now;
}

void evidence_estimate(const struct evidence *evidence, const struct evidence_arms *arms,
    size_t n_rungs, struct slice title, struct slice body, const struct slice *labels,
    size_t n_labels, struct evidence_view *view, struct evidence_estimate *estimates)
{
    const struct interval unknown = {NAN, NAN, NAN};
    if (evidence->learner)
        view_fill(view, evidence->learner, title, body, labels, n_labels);
    for (size_t i = 0; i < n_rungs; i++) {
        estimates[i] = (struct evidence_estimate){unknown, unknown, 0, 0};
        if (!evidence->learner || arms->arm[i] < 0)
            continue;
        struct arm_answer answer = ask_arm(evidence, view, arms->arm[i]);
        int previous = evidence->arms[arms->arm[i]].previous;
        if (arms->carried[i])
            answer = discount(answer);
        else if (previous >= 0)
            answer = blend(answer, discount(ask_arm(evidence, view, previous)));
        estimates[i] = (struct evidence_estimate){
            stats_wilson(answer.success * answer.weight, answer.weight, 0.95), answer.cost_usd,
            answer.outcomes, answer.costs};
        estimates[i].success.mean = answer.success;
    }
}

double evidence_after_failure(const struct evidence *evidence, const struct evidence_arms *arms,
    int failed, int next, double success_of_next)
{
    struct tally seen = {0};
    if (arms->arm[failed] >= 0 && arms->arm[next] >= 0)
        seen =
            evidence
                ->after[(size_t)arms->arm[failed] * EVIDENCE_RUNGS_MOST + (size_t)arms->arm[next]];
    return (seen.successes + AFTER_WEIGHT * AFTER_SHARE * success_of_next) /
           (seen.n + AFTER_WEIGHT);
}

void evidence_tier(
    const struct evidence *evidence, int tier, double stated, double weight, double *a, double *b)
{
    struct tally seen = {0};
    if (tier >= 0 && tier < EVIDENCE_TIERS_MOST)
        seen = evidence->head->tiers[tier];
    *a = weight * stated + seen.successes;
    *b = weight * (1 - stated) + seen.n - seen.successes;
}

void evidence_set_goal(
    struct evidence *evidence, const char *policy_hash, struct evidence_goal goal)
{
    evidence->head->goal = goal;
    snprintf(evidence->head->goal_policy, SHA256_HEX_BYTES, "%s", policy_hash);
}

bool evidence_get_goal(
    const struct evidence *evidence, const char *policy_hash, struct evidence_goal *goal)
{
    *goal = evidence->head->goal;
    return goal->value_high > 0 && strcmp(evidence->head->goal_policy, policy_hash) == 0;
}

size_t evidence_kinds(
    const struct evidence *evidence, struct arena *arena, struct evidence_kind **kinds)
{
    size_t n = evidence->head->n_kinds;
    *kinds = ARENA_ARRAY(arena, struct evidence_kind, n);
    for (size_t i = 0; i < n; i++) {
        const struct snapshot_kind *kind = &evidence->kinds[i];
        struct slice *labels = ARENA_ARRAY(arena, struct slice, kind->n);
        for (uint32_t k = 0; k < kind->n; k++)
            labels[k] = learner_label_name(evidence->learner, kind->labels[k]);
        (*kinds)[i] = (struct evidence_kind){labels, kind->n, kind->tasks};
    }
    return n;
}

size_t evidence_alarms(
    const struct evidence *evidence, struct arena *arena, struct evidence_alarm **alarms)
{
    size_t n = evidence->head->n_alarms;
    *alarms = ARENA_ARRAY(arena, struct evidence_alarm, n);
    for (size_t i = 0; i < n; i++) {
        const struct watch_alarm *alarm = &evidence->alarms[i];
        const struct snapshot_arm *arm = &evidence->arms[alarm->arm];
        struct slice label = {"", 0};
        if (alarm->label != WATCH_NO_LABEL)
            label = learner_label_name(evidence->learner, (uint32_t)alarm->label);
        (*alarms)[i] = (struct evidence_alarm){slice_from(arm->rung), slice_from(arm->model), label,
            alarm->of_cost != 0, alarm->expected, alarm->seen, alarm->at_ms};
    }
    return n;
}
