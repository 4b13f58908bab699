/* Receives the path of a transcript, hands on its cost to the experiment that waits for it. */
#include "settle.h"

#include "agent/agent.h"
#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

struct settling {
    struct arena *arena;
    const struct policy *policy;
    const struct connect_transcript *transcript;
};

/* A sum of prices without what is left of binary fractions. */
static double rounded(double usd)
{
    return round(usd * 1e9) / 1e9;
}

static struct record_attempt attempt_of(const struct settling *settling, const struct experiment *e)
{
    const struct connect_transcript *transcript = settling->transcript;
    const struct token_counts *tokens = &transcript->tokens;
    struct record_attempt attempt = record_blank_attempt();
    attempt.rung = e->model_used;
    attempt.model = transcript->served;
    attempt.effort = transcript->effort;
    attempt.success = e->success;
    attempt.has_tokens = true;
    attempt.tokens.input = tokens->input;
    attempt.tokens.output = tokens->output;
    attempt.tokens.cache_read = tokens->cache_read;
    attempt.tokens.cache_write_5m = tokens->cache_write_5m;
    attempt.tokens.cache_write_1h = tokens->cache_write_1h;
    attempt.cost_usd = rounded(transcript->cost_usd);
    attempt.seconds = e->seconds;
    attempt.session = transcript->session;
    attempt.agent_version = transcript->version;
    if (transcript->ended_in_error)
        attempt.error = slice_from("the last answer was an error of the API");
    return attempt;
}

/* The rung that did it: the decided one, or that of the model which answered instead. */
static void name_rung(const struct settling *settling, struct experiment *e)
{
    struct slice served = settling->transcript->served;
    if (served.len == 0)
        return;
    e->served = served;
    if (agent_is_model(e->decided, served))
        return;
    int rung = policy_rung_by_wish(settling->policy, served, settling->transcript->effort);
    e->model_used = rung == POLICY_NONE ? served : settling->policy->rungs[rung].name;
    e->notes = arena_print(settling->arena, "%.*s%s%.*s was decided, %.*s answered",
        SLICE_ARG(e->notes), e->notes.len ? "; " : "", SLICE_ARG(e->decided), SLICE_ARG(served));
}

void settle_fill(struct arena *arena, const struct policy *policy,
    const struct connect_transcript *transcript, struct experiment *e)
{
    const struct settling settling = {arena, policy, transcript};
    if (transcript->requests && !isnan(transcript->cost_usd) && !transcript->cut) {
        e->cost_usd = rounded(transcript->cost_usd);
        e->cost_source = RECORD_MEASURED;
    }
    if (transcript->last_ms > transcript->first_ms)
        e->seconds = (double)(transcript->last_ms - transcript->first_ms) / 1000;
    name_rung(&settling, e);
    e->attempts.items = ARENA_ARRAY(arena, struct record_attempt, 1);
    e->attempts.items[0] = attempt_of(&settling, e);
    e->attempts.n = 1;
}

static void fill(struct experiment *e, void *context)
{
    const struct settling *settling = context;
    const struct connect_transcript *transcript = settling->transcript;
    bool failed = transcript->ended_in_error || transcript->requests == 0;
    e->pending = false;
    e->success = failed ? RECORD_FAILED : RECORD_ACCEPTED;
    e->outcome_source = RECORD_NOBODY;
    e->notes = (struct slice){0}; /* woken up again, it is told anew */
    settle_fill(settling->arena, settling->policy, transcript, e);
}

/* The call's experiment that is complete already: a sub-agent may be woken up again. A judgement
 * that somebody has given meanwhile is left as it is. */
static bool bring_up_to_date(
    struct ledger *ledger, struct settling *settling, struct slice call_id, struct failure *failure)
{
    struct ledger_filter filter = {
        .task_id = call_id, .source = slice_from("claude-code"), .state = LEDGER_DONE};
    struct ledger_walk *walk = NULL;
    struct experiment e;
    bool found = false;
    if (!ledger_walk_open(ledger, &filter, LEDGER_NEWEST, 1, &walk, failure))
        return false;
    enum ledger_next next = ledger_walk_next(walk, settling->arena, &e, failure);
    ledger_walk_close(walk);
    if (next != LEDGER_ROW || e.outcome_source != RECORD_NOBODY)
        return next != LEDGER_BROKEN;
    fill(&e, settling);
    return ledger_replace(ledger, &e, &found, failure);
}

bool settle_agent(struct ledger *ledger, struct arena *arena, const struct workspace *workspace,
    const char *path, struct failure *failure)
{
    struct connect_agent_meta meta;
    struct connect_transcript transcript;
    struct settling settling = {arena, &workspace->policy, &transcript};
    struct experiment e;
    bool found = false;
    if (!connect_agent_meta(arena, path, &meta))
        return true;
    if (!connect_transcript_open(arena, path, &workspace->prices, &transcript, failure))
        return false;
    if (!ledger_complete(
            ledger, arena, (struct slice){0}, meta.call_id, fill, &settling, &e, &found, failure))
        return false;
    return found || bring_up_to_date(ledger, &settling, meta.call_id, failure);
}

static bool is_recent(const char *path, int64_t now_ms)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
           now_ms / 1000 - status.st_mtime < SETTLE_RECENT_S;
}

bool settle_session(struct ledger *ledger, struct arena *arena, const struct workspace *workspace,
    const char *session, struct failure *failure)
{
    struct slice path = slice_from(session);
    if (!slice_ends(path, ".jsonl"))
        return true;
    const char *directory = arena_print(arena, "%.*s/subagents", (int)path.len - 6, path.base).base;
    DIR *open = opendir(directory);
    bool ok = true;
    struct dirent *entry;
    for (int n = 0; open && ok && n < SETTLE_FILES_MOST && (entry = readdir(open)); n++) {
        if (!slice_starts(slice_from(entry->d_name), "agent-") ||
            !slice_ends(slice_from(entry->d_name), ".jsonl"))
            continue;
        const char *agent = file_join(arena, directory, entry->d_name);
        if (is_recent(agent, workspace->now_ms))
            ok = settle_agent(ledger, arena, workspace, agent, failure);
    }
    if (open)
        closedir(open);
    return ok;
}
