/* Receives judged attempts, hands on what they teach: arms, counts, costs, the learner, watches.
 * Refuses to know the file. */
#include "snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int snapshot_find_arm(
    const struct evidence *evidence, struct slice rung, struct slice model, struct slice effort)
{
    for (uint32_t i = 0; i < evidence->head->n_arms; i++)
        if (name_is(evidence->arms[i].rung, rung) && name_is(evidence->arms[i].model, model) &&
            name_is(evidence->arms[i].effort, effort))
            return (int)i;
    return -1;
}

int snapshot_newest_arm(const struct evidence *evidence, struct slice rung)
{
    for (uint32_t i = evidence->head->n_arms; i-- > 0;)
        if (name_is(evidence->arms[i].rung, rung))
            return (int)i;
    return -1;
}

static int add_arm(struct evidence *evidence, const struct evidence_attempt *attempt)
{
    int found = snapshot_find_arm(evidence, attempt->rung, attempt->model, attempt->effort);
    if (found >= 0 || evidence->head->n_arms == EVIDENCE_RUNGS_MOST)
        return found;
    int previous = snapshot_newest_arm(evidence, attempt->rung);
    struct snapshot_arm *arm = &evidence->arms[evidence->head->n_arms];
    copy_name(arm->rung, attempt->rung);
    copy_name(arm->model, attempt->model);
    copy_name(arm->effort, attempt->effort);
    arm->previous = previous;
    return (int)evidence->head->n_arms++;
}

void snapshot_count_attempt(
    struct evidence *evidence, const struct evidence_attempt *attempt, int arm)
{
    struct snapshot_head *head = evidence->head;
    evidence->arms[arm].outcomes++;
    head->attempts++;
    if (head->attempts == 1)
        head->first_ms = attempt->at_ms;
    head->last_ms = attempt->at_ms;
    int failed = attempt->after.len ? snapshot_newest_arm(evidence, attempt->after) : -1;
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

void snapshot_watch_attempt(struct evidence *evidence, const struct evidence_attempt *attempt,
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
        snapshot_count_attempt(evidence, attempt, arm);
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
    struct evidence *evidence = snapshot_make();
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
        snapshot_watch_attempt(evidence, &building.attempts[i], (int)building.outcomes[i].rung,
            building.labels[i], building.n_labels[i]);
    give_id(&building);
    evidence_corpus_free(building.corpus);
    free(building.outcomes);
    free(building.labels);
    free(building.n_labels);
    return evidence;
}
