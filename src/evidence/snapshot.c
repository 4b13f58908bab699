/* Receives what was learned, keeps it in one file; opens such a file, believing nothing in it that
 * could not be true. Refuses to know what it means. */
#include "snapshot.h"

#include "base/file.h"
#include "image.h"

#include <stdlib.h>
#include <string.h>

static const char MAGIC[8] = "rungevi";

static const int64_t TIME_MOST_MS = (int64_t)1 << 52;
static const double COUNT_MOST = 1e15;

struct evidence *snapshot_make(void)
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
