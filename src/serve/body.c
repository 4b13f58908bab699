/* Receives a body that is JSON and a table of members, hands on their values. */
#include "api.h"

static size_t count_characters(struct slice text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += (text.base[i] & 0xc0) != 0x80;
    return n;
}

static bool text_fits(const struct api_member *member, struct slice text)
{
    size_t n = count_characters(text);
    return (double)n >= member->least && (double)n <= member->most;
}

static bool read_texts(const struct serve_request *request, const struct api_member *member,
    struct json json, struct api_value *value)
{
    if (json_kind(json) != JSON_ARRAY || json_count(json) > member->most_items)
        return false;
    value->texts = ARENA_ARRAY(request->arena, struct slice, json_count(json));
    struct json_walk walk = json_walk_over(json);
    while (json_next(&walk)) {
        struct slice *text = &value->texts[value->n++];
        if (!json_text(walk.value, text) || !text_fits(member, *text))
            return false;
    }
    return true;
}

static bool read_value(const struct serve_request *request, const struct api_member *member,
    struct json json, struct api_value *value)
{
    switch (member->kind) {
    case API_TEXT:
        return json_text(json, &value->text) && text_fits(member, value->text);
    case API_TEXTS:
        return read_texts(request, member, json, value);
    case API_NUMBER:
        return json_double(json, &value->number) && value->number >= member->least &&
               value->number <= member->most;
    case API_WHOLE:
        return json_double(json, &value->number) && value->number >= member->least &&
               value->number <= member->most && (double)(int64_t)value->number == value->number;
    case API_BOOL:
        return json_bool(json, &value->truth);
    }
    return false;
}

static const char *wanted(const struct api_member *member)
{
    static const char *const words[] = {
        "a text", "a list of texts", "a number", "a whole number", "true or false"};
    return words[member->kind];
}

static bool refuse_bad(const struct serve_request *request, struct serve_answer *answer,
    const struct api_member *member)
{
    if (member->kind == API_BOOL)
        serve_refuse(request, answer, 422, "\"%s\" wants true or false", member->name);
    else if (member->kind == API_TEXTS)
        serve_refuse(request, answer, 422,
            "\"%s\" wants at most %zu texts of %g to %g characters each", member->name,
            member->most_items, member->least, member->most);
    else
        serve_refuse(request, answer, 422, "\"%s\" wants %s %s %g to %g", member->name,
            wanted(member), member->kind == API_TEXT ? "of a length of" : "from", member->least,
            member->most);
    return false;
}

bool api_read_body(const struct serve_request *request, struct serve_answer *answer,
    const struct api_member *members, size_t n, struct api_value *values)
{
    if (json_kind(request->body_json) != JSON_OBJECT) {
        serve_refuse(request, answer, 422, "the body wants a JSON object");
        return false;
    }
    struct json_walk walk = json_walk_over(request->body_json);
    while (json_next(&walk)) {
        size_t i = 0;
        while (i < n && !slice_is(walk.key, members[i].name))
            i++;
        if (i == n) {
            serve_refuse(request, answer, 422, "the body has a member that is not known: %.*s",
                SLICE_ARG(slice_sub(walk.key, 0, 80)));
            return false;
        }
        if (values[i].given)
            continue; /* of duplicate keys the first counts */
        values[i].given = true;
        if (!read_value(request, &members[i], walk.value, &values[i]))
            return refuse_bad(request, answer, &members[i]);
    }
    for (size_t i = 0; i < n; i++)
        if (members[i].required && !values[i].given) {
            serve_refuse(request, answer, 422, "the body lacks \"%s\"", members[i].name);
            return false;
        }
    return true;
}

void api_emit_joined(struct emit *out, struct slice first, struct slice second)
{
    struct emit joined = {0};
    first = slice_trim(first);
    second = slice_trim(second);
    emit_bytes(&joined, slice_sub(first, 0, first.len - 1));
    if (first.len > 2 && second.len > 2)
        emit_bytes(&joined, slice_from(","));
    emit_bytes(&joined, slice_sub(second, 1, second.len));
    emit_raw(out, emit_slice(&joined));
    emit_free(&joined);
}

void api_fail(
    const struct serve_request *request, struct serve_answer *answer, const struct failure *failure)
{
    serve_refuse(request, answer, 500, "%s", failure->text);
}

bool api_answer_kept(struct serve_state *state, const struct serve_request *request,
    struct serve_answer *answer, int64_t most_us, struct slice words, struct slice *key)
{
    *key = arena_print(request->arena, "%s %d %s %d %s %.*s", request->route->id, state->today,
        state->policy.hash, state->policy.trusted,
        state->evidence ? evidence_tell(state->evidence).id : "-", SLICE_ARG(words));
    struct slice kept = cache_find(state->place->cache, request->arena, *key, state->seq, most_us);
    if (kept.len)
        emit_raw(&answer->data, kept);
    return kept.len > 0;
}

void api_keep(struct serve_state *state, const struct serve_answer *answer, struct slice key)
{
    if (answer->status == 0)
        cache_keep(state->place->cache, key, state->seq, emit_slice(&answer->data));
}
