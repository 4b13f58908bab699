/* Answers which policy holds, and what is wrong with a copy of it that somebody edits. The file is
 * read here and never written. */
#include "api.h"
#include "base/file.h"

enum { POLICY_TEXT_MOST = 200000 };

static void write_problem(struct emit *out, const struct policy_problem *problem)
{
    emit_open(out, '{');
    emit_member_int64(out, "line", (int64_t)problem->line);
    emit_member_int64(out, "column", (int64_t)problem->column);
    emit_member_text(out, "key", problem->key);
    emit_member_text(out, "message", problem->message);
    emit_close(out, '}');
}

void api_write_problems(struct emit *out, const char *key, const struct policy_problems *problems)
{
    emit_key(out, key);
    emit_open(out, '[');
    for (size_t i = 0; i < problems->n; i++)
        write_problem(out, &problems->items[i]);
    emit_close(out, ']');
}

static void write_ladder(struct emit *out, const struct policy *policy)
{
    emit_key(out, "ladder");
    emit_open(out, '[');
    for (size_t i = 0; i < policy->n_rungs; i++) {
        const struct policy_rung *rung = &policy->rungs[i];
        emit_open(out, '{');
        emit_member_text(out, "rung", rung->name);
        emit_member_text(out, "model", rung->model);
        emit_key(out, "effort");
        if (rung->effort.len)
            emit_text(out, rung->effort);
        else
            emit_null(out);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

/* The file as it is now; where it cannot be read any more, nothing. */
static void write_text(struct emit *out, const struct policy *policy)
{
    struct file_bytes file;
    struct failure unread;
    emit_key(out, "text");
    if (!policy->path) {
        emit_text(out, policy_builtin_text());
    } else if (file_open(policy->path, POLICY_BYTES_MOST, &file, &unread)) {
        emit_text(out, file.bytes);
        file_close(&file);
    } else {
        emit_text(out, (struct slice){"", 0});
    }
}

static void write_texts(struct emit *out, const char *key, const struct slice *texts, size_t n)
{
    emit_key(out, key);
    emit_open(out, '[');
    for (size_t i = 0; i < n; i++)
        emit_text(out, texts[i]);
    emit_close(out, ']');
}

void api_policy(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    const struct policy *policy = &state->policy;
    struct emit *out = &answer->data;
    (void)request;
    emit_open(out, '{');
    emit_member_cstring(out, "path", policy->path);
    emit_member_cstring(out, "hash", policy->hash);
    emit_member_bool(out, "trusted", policy->trusted);
    write_text(out, policy);
    api_write_problems(out, "problems", &state->problems);
    write_texts(out, "refused", policy->refused, policy->n_refused);
    write_ladder(out, policy);
    emit_member_text(out, "default", policy->rungs[policy->default_rung].name);
    emit_member_text(out, "middle", policy->rungs[policy->middle].name);
    emit_member_text(out, "top", policy->rungs[policy->top].name);
    emit_close(out, '}');
}

void api_policy_check(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    static const struct api_member members[] = {{"policy", API_TEXT, 0, POLICY_TEXT_MOST, 0, true}};
    struct api_value text = {0};
    struct policy policy;
    struct policy_problems problems = {0};
    struct emit *out = &answer->data;
    (void)state;
    if (!api_read_body(request, answer, members, 1, &text))
        return;
    bool ok = policy_parse(request->arena, "policy", text.text, false, &policy, &problems);
    if (ok)
        policy_free(&policy);
    emit_open(out, '{');
    emit_member_bool(out, "ok", ok);
    api_write_problems(out, "problems", &problems);
    emit_close(out, '}');
}
