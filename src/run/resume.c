/* Receives a journal, hands on the slots of its run as they were when the last step was written.
 * Refuses to do any step itself. */
#include "resume.h"

#include "base/clock.h"
#include "base/file.h"
#include "outcome.h"
#include "reviews.h"
#include "tasks.h"

#include <math.h>
#include <string.h>

void resume_write_head(struct run *run, struct emit *line)
{
    const struct run_settings *settings = &run->settings;
    emit_open(line, '{');
    emit_member_cstring(line, "run", run->id);
    emit_member_int64(line, "at", clock_now_ms());
    emit_member_text(line, "signature", run->parts->signature);
    emit_member_cstring(line, "base", run->repository.base);
    emit_member_cstring(line, "policy", run->parts->policy->hash);
    emit_key(line, "settings");
    emit_open(line, '{');
    emit_member_bool(line, "here", settings->here);
    emit_member_int64(line, "max_attempts", settings->max_attempts);
    emit_member_int64(line, "jobs", settings->jobs);
    emit_member_int64(line, "stop_after", settings->stop_after);
    emit_member_int64(line, "review", settings->review);
    if (settings->review == RUN_REVIEW_AT_END)
        emit_member_text(line, "reviewer", run->parts->policy->rungs[settings->review_rung].name);
    emit_member_text(line, "plan",
        settings->plan_rung == POLICY_NONE ? (struct slice){0}
                                           : run->parts->policy->rungs[settings->plan_rung].name);
    emit_member_bool(line, "no_plan", settings->no_plan);
    emit_member_double(line, "task_usd", settings->task_usd);
    emit_member_double(line, "total_usd", settings->total_usd);
    emit_member_double(line, "day_usd", settings->day_usd);
    emit_member_double(line, "usd_per_minute", settings->usd_per_minute);
    emit_close(line, '}');
    emit_close(line, '}');
}

static int read_int(struct json object, const char *key, int otherwise)
{
    int64_t number;
    return json_int64(json_get(object, key), &number) && number >= 0 && number < 1000000
               ? (int)number
               : otherwise;
}

/* An amount of dollars, finite and not negative; *usd stays as it is where there is none. */
static bool read_usd(struct json object, const char *key, double *usd, struct failure *failure)
{
    struct json value = json_get(object, key);
    double number;
    if (!value.document || json_kind(value) == JSON_NULL)
        return true;
    if (!json_double(value, &number) || !isfinite(number) || number < 0)
        return failure_set(failure, "\"%s\" is no amount of dollars", key);
    *usd = number;
    return true;
}

/* What is handed to git as a commit is one: never an option. */
static bool is_commit(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!memchr("0123456789abcdef", id.base[i], 16))
            return false;
    return id.len == 40 || id.len == 64;
}

static bool read_head(struct run *run, struct json head, struct failure *failure)
{
    struct run_settings *settings = &run->settings;
    struct json stored = json_get(head, "settings");
    struct slice base = json_get_text(head, "base"), id = json_get_text(head, "run");
    if (!is_commit(base) || id.len == 0 || id.len >= sizeof(run->id))
        return failure_set(failure, "%s is no journal of a run", run->journal.path);
    memcpy(run->id, id.base, id.len);
    run->id[id.len] = 0;
    run->repository.base = arena_text(&run->arena, base);
    json_bool(json_get(stored, "here"), &settings->here);
    settings->max_attempts = read_int(stored, "max_attempts", 0);
    settings->jobs = read_int(stored, "jobs", settings->jobs);
    settings->stop_after = read_int(stored, "stop_after", settings->stop_after);
    settings->review = (enum run_review)read_int(stored, "review", RUN_REVIEW_CRITICAL);
    settings->review_rung =
        policy_rung_by_name(run->parts->policy, json_get_text(stored, "reviewer"));
    if (settings->review == RUN_REVIEW_AT_END && settings->review_rung == POLICY_NONE)
        return failure_set(failure, "the ladder has no rung \"%.*s\", which is to review",
            SLICE_ARG(json_get_text(stored, "reviewer")));
    settings->plan_rung = policy_rung_by_name(run->parts->policy, json_get_text(stored, "plan"));
    json_bool(json_get(stored, "no_plan"), &settings->no_plan);
    settings->task_usd = settings->total_usd = settings->day_usd = settings->usd_per_minute = 0;
    if (!read_usd(stored, "task_usd", &settings->task_usd, failure) ||
        !read_usd(stored, "total_usd", &settings->total_usd, failure) ||
        !read_usd(stored, "day_usd", &settings->day_usd, failure) ||
        !read_usd(stored, "usd_per_minute", &settings->usd_per_minute, failure))
        return false;
    if (!slice_is(json_get_text(head, "policy"), run->parts->policy->hash))
        run_note(run, NULL,
            slice_from("the policy has changed since this run began; it goes on "
                       "under the present one"));
    return true;
}

static enum run_stop stop_from_name(struct slice name)
{
    for (int i = 1; i < RUN_STOPS; i++)
        if (slice_is(name, run_stop_name((enum run_stop)i)))
            return (enum run_stop)i;
    return RUN_NOT_OVER;
}

static const char *text_or_null(struct arena *arena, struct json object, const char *key)
{
    struct slice text = json_get_text(object, key);
    return text.len ? arena_text(arena, text) : NULL;
}

/* The attempt that works on this part ("": the whole) and has no end yet; NULL: there is none. */
static struct lost *find_lost(struct slot *slot, struct slice part)
{
    for (size_t i = 0; i < slot->n_lost; i++)
        if (slice_equal(slot->lost[i].part, part))
            return &slot->lost[i];
    return NULL;
}

static bool take_attempting(struct slot *slot, struct json step, struct failure *failure)
{
    struct arena *arena = &slot->job.arena;
    struct slice rung = json_get_text(step, "attempting"), part = json_get_text(step, "part");
    struct lost *lost = find_lost(slot, part);
    if (rung.len && !lost) {
        slot->lost =
            arena_grow(arena, slot->lost, slot->n_lost, &slot->lost_room, sizeof(*slot->lost));
        lost = &slot->lost[slot->n_lost++];
    }
    if (rung.len)
        *lost = (struct lost){.rung = arena_copy(arena, rung),
            .part = arena_copy(arena, part),
            .phase = slice_is(json_get_text(step, "phase"), "plan") ? RECORD_PLAN : RECORD_EXECUTE,
            .usd = NAN};
    double usd = NAN;
    if (!read_usd(step, "spend", &usd, failure))
        return false;
    if (lost && !isnan(usd))
        lost->usd = usd;
    return true;
}

/* An attempt has ended: that of the part which the step names, else all that there were. */
static bool take_end(struct slot *slot, struct json step, struct failure *failure)
{
    struct arena *arena = &slot->job.arena;
    struct slice part = json_get_text(step, "part"), change = json_get_text(step, "change");
    if (part.len == 0) {
        slot->n_lost = 0;
        return true;
    }
    struct lost *lost = find_lost(slot, part);
    if (lost)
        *lost = slot->lost[--slot->n_lost];
    if (change.len == 0)
        return true;
    if (!is_commit(change))
        return failure_set(failure, "\"change\" is no id of a commit");
    slot->parts_done = arena_grow(arena, slot->parts_done, slot->n_parts_done,
        &slot->parts_done_room, sizeof(*slot->parts_done));
    struct part_done *done = &slot->parts_done[slot->n_parts_done++];
    *done = (struct part_done){arena_copy(arena, part), arena_text(arena, change), false};
    json_bool(json_get(step, "whole"), &done->is_whole);
    return true;
}

static bool take_experiment(struct slot *slot, struct json step, struct failure *failure)
{
    struct run_job *job = &slot->job;
    struct json value = json_get(step, "experiment");
    if (!value.document)
        return true;
    if (!record_read_json(&job->arena, value, &job->experiment, failure))
        return false;
    if (!take_end(slot, step, failure))
        return false;
    slot->was_interrupted = false;
    json_bool(json_get(step, "interrupted"), &slot->was_interrupted);
    job->commit = text_or_null(&job->arena, step, "commit");
    if (job->commit && !is_commit(slice_from(job->commit)))
        return failure_set(failure, "\"commit\" is no id of a commit");
    if (json_get_text(step, "answer").len)
        slot->answer = arena_copy(&job->arena, json_get_text(step, "answer"));
    job->branch = text_or_null(&job->arena, step, "branch");
    job->stop = stop_from_name(json_get_text(step, "stop"));
    job->why = arena_copy(&job->arena, json_get_text(step, "why"));
    if (json_get_text(step, "plan").len)
        job->plan = arena_copy(&job->arena, json_get_text(step, "plan"));
    return true;
}

static bool take_step(struct run *run, struct json step, struct failure *failure)
{
    int64_t index;
    struct json is = json_get(step, "is");
    if (!json_int64(json_get(step, "task"), &index) || index < 0)
        return reviews_read_batch(run, step, failure);
    if (is.document) {
        struct task task;
        struct arena arena = {0};
        tasks_read(&arena, is, &task);
        bool fits = (size_t)index == run->n_slots && run_new_slot(run, &task) != NULL;
        arena_free(&arena);
        return fits || failure_set(failure, "%s: task %lld is out of order", run->journal.path,
                           (long long)index);
    }
    if ((size_t)index >= run->n_slots)
        return failure_set(
            failure, "%s: task %lld is not known", run->journal.path, (long long)index);
    struct slot *slot = run->slots[index];
    if (!take_attempting(slot, step, failure))
        return false;
    json_bool(json_get(step, "recorded"), &slot->is_recorded);
    return take_experiment(slot, step, failure);
}

/* The decision that was taken then holds, whatever the dice would say now. */
static void restore_decision(struct run *run, struct slot *slot)
{
    struct decision *decision = &slot->job.decision;
    int rung = policy_rung_by_name(run->parts->policy, slot->job.experiment.rung);
    if (rung == POLICY_NONE || rung == decision->rung)
        return;
    decision->rung = rung;
    decision->n_climb = 0;
    decision->climb = ARENA_ARRAY(&slot->job.arena, int, run->parts->policy->n_rungs);
    for (int i = rung + 1; i < (int)run->parts->policy->n_rungs; i++)
        decision->climb[decision->n_climb++] = i;
}

static void settle_slot(struct run *run, struct slot *slot)
{
    struct run_job *job = &slot->job;
    if (job->experiment.id.len == 0)
        return;
    restore_decision(run, slot);
    struct record_attempts attempts = job->experiment.attempts;
    job->experiment.attempts = (struct record_attempts){0};
    for (size_t i = 0; i < attempts.n; i++)
        outcome_add(run, slot, &attempts.items[i]);
    for (size_t i = 0; i < slot->n_lost; i++)
        outcome_add_lost(run, slot, &slot->lost[i]);
    slot->was_interrupted = slot->was_interrupted || slot->n_lost;
    run->spent_usd += job->spent_usd;
    if (job->stop == RUN_NOT_OVER)
        return;
    job->was_done_before = true;
    slot->state = JOB_OVER;
    run->n_over++;
}

bool resume_read(struct run *run, struct failure *failure)
{
    struct file_bytes file;
    struct slice line;
    if (!file_open_descriptor(
            run->journal.fd, run->journal.path, JOURNAL_BYTES_MOST, &file, failure))
        return false;
    struct json_parser *parser = json_parser_make();
    struct slice rest = file.bytes;
    bool ok = true, is_head = true;
    while (ok && slice_next_line(&rest, &line)) {
        struct json step;
        ok = json_parse(parser, line, &step, failure) &&
             (is_head ? read_head(run, step, failure) : take_step(run, step, failure));
        is_head = false;
    }
    if (!ok)
        failure_prefix(failure, "%s", run->journal.path);
    for (size_t i = 0; ok && i < run->n_slots; i++)
        settle_slot(run, run->slots[i]);
    run->n_from_before = run->n_slots;
    json_parser_free(parser);
    file_close(&file);
    return ok;
}
