/* Receives suggestions that a person chose, adds a line for each to rung.yaml. Refuses to write a
 * file that the policy room would not read, and touches no line that is there. */
#include "suggest.h"

#include "base/file.h"
#include "base/log.h"

#include <string.h>
#include <sys/stat.h>

enum { INDENT = 2, PREFIX_LABELS_MOST = 64 };

struct lines {
    struct arena *arena;
    struct slice *items;
    size_t n, room;
};

static void insert(struct lines *lines, size_t at, struct slice text)
{
    lines->items =
        arena_grow(lines->arena, lines->items, lines->n, &lines->room, sizeof(*lines->items));
    memmove(lines->items + at + 1, lines->items + at, (lines->n - at) * sizeof(*lines->items));
    lines->items[at] = text;
    lines->n++;
}

static struct lines split(struct arena *arena, struct slice text)
{
    struct lines lines = {.arena = arena};
    while (text.len > 0) { /* what ends a line but its "\n" stays with it */
        size_t end = slice_find_byte(text, '\n');
        insert(&lines, lines.n, slice_sub(text, 0, end));
        text = end == SIZE_MAX ? (struct slice){0} : slice_sub(text, end + 1, text.len);
    }
    return lines;
}

static struct slice join(const struct lines *lines)
{
    struct emit emit = {0};
    for (size_t i = 0; i < lines->n; i++) {
        emit_bytes(&emit, lines->items[i]);
        emit_bytes(&emit, slice_from("\n"));
    }
    struct slice text = arena_copy(lines->arena, emit_slice(&emit));
    emit_free(&emit);
    return text;
}

static size_t indent_of(struct slice line)
{
    size_t n = 0;
    while (n < line.len && line.base[n] == ' ')
        n++;
    return n;
}

static bool is_content(struct slice line)
{
    struct slice text = slice_trim(line);
    return text.len > 0 && text.base[0] != '#';
}

/* What stands behind "key:" on its line, without a comment. */
static struct slice value_behind(struct slice line, const char *key)
{
    struct slice value = slice_trim(slice_sub(slice_trim(line), strlen(key), line.len));
    size_t comment = value.len && value.base[0] == '#' ? 0 : slice_find(value, " #");
    return comment == SIZE_MAX ? value : slice_trim(slice_sub(value, 0, comment));
}

/* The line of a key ("labels:") of the whole document; n where there is none. */
static size_t find_key(const struct lines *lines, const char *key)
{
    size_t i = 0;
    while (i < lines->n && !slice_starts(lines->items[i], key))
        i++;
    return i;
}

/* One behind the last line of what a key of the whole document holds. */
static size_t end_of(const struct lines *lines, size_t key)
{
    size_t end = key + 1;
    for (size_t i = key + 1; i < lines->n; i++) {
        struct slice line = lines->items[i];
        if (!is_content(line))
            continue;
        if (indent_of(line) == 0 && !slice_starts(line, "- "))
            break;
        end = i + 1;
    }
    return end;
}

/* The first line with content in (from, end), or end. */
static size_t content_after(const struct lines *lines, size_t from, size_t end)
{
    size_t i = from + 1;
    while (i < end && !is_content(lines->items[i]))
        i++;
    return i;
}

static struct slice quoted(struct arena *arena, struct slice text)
{
    struct emit emit = {0}; /* a JSON string is a double-quoted one of YAML */
    emit_text(&emit, text);
    struct slice copy = arena_copy(arena, emit_slice(&emit));
    emit_free(&emit);
    return copy;
}

/* ---- patterns ---- */

/* Rows that lower the rung speak last, rows that raise it first. */
static bool add_pattern(struct lines *lines, const struct policy *policy, int cheap,
    const struct eval_hint *hint, struct failure *failure)
{
    struct arena *arena = lines->arena;
    struct slice rung = policy->rungs[hint->to_cheap ? cheap : policy->middle].name;
    size_t key = find_key(lines, "patterns:");
    if (key == lines->n)
        insert(lines, lines->n, slice_from("patterns:"));
    else if (slice_is(value_behind(lines->items[key], "patterns:"), "[]"))
        lines->items[key] = slice_from("patterns:");
    else if (value_behind(lines->items[key], "patterns:").len)
        return failure_set(failure,
            "`patterns` is not written as a list of lines; add {rung: %.*s, in: title, words: "
            "[\"%.*s\"]} by hand",
            SLICE_ARG(rung), SLICE_ARG(hint->text));
    size_t end = end_of(lines, key), first = content_after(lines, key, end);
    size_t indent = first < end ? indent_of(lines->items[first]) : INDENT;
    insert(lines, hint->to_cheap ? end : key + 1,
        arena_print(arena, "%*s- {rung: %.*s, in: title, words: [%.*s]}", (int)indent, "",
            SLICE_ARG(rung), SLICE_ARG(quoted(arena, hint->text))));
    return true;
}

/* ---- synonyms ---- */

static struct slice put_in_braces(struct arena *arena, struct slice line, struct slice entry)
{
    size_t brace = slice_find_byte(line, '{') + 1;
    return arena_print(arena, "%.*s%.*s, %.*s", (int)brace, line.base, SLICE_ARG(entry),
        SLICE_ARG(slice_sub(line, brace, line.len)));
}

static size_t find_synonyms(const struct lines *lines, size_t labels, size_t end)
{
    size_t i = labels + 1;
    while (i < end &&
           !(is_content(lines->items[i]) && slice_starts(slice_trim(lines->items[i]), "synonyms:")))
        i++;
    return i;
}

/* The line of `synonyms:`, which is made where there is none. False where `labels` is written in
 * braces. */
static bool have_synonyms(struct lines *lines, size_t *found, struct failure *failure)
{
    size_t labels = find_key(lines, "labels:");
    if (labels == lines->n)
        insert(lines, lines->n, slice_from("labels:"));
    else if (value_behind(lines->items[labels], "labels:").len)
        return failure_set(
            failure, "`labels` is not written over several lines: add the synonym by hand");
    size_t end = end_of(lines, labels), child = content_after(lines, labels, end);
    *found = find_synonyms(lines, labels, end);
    if (*found < end)
        return true;
    size_t indent = child < end ? indent_of(lines->items[child]) : INDENT;
    *found = labels + 1;
    insert(lines, *found, arena_print(lines->arena, "%*ssynonyms:", (int)indent, ""));
    return true;
}

static bool add_synonym(
    struct lines *lines, struct slice label, struct slice value, struct failure *failure)
{
    struct arena *arena = lines->arena;
    size_t at = 0;
    if (!have_synonyms(lines, &at, failure))
        return false;
    struct slice entry =
        arena_print(arena, "%.*s: %.*s", SLICE_ARG(quoted(arena, label)), SLICE_ARG(value));
    struct slice behind = value_behind(lines->items[at], "synonyms:");
    size_t next = content_after(lines, at, lines->n), indent = indent_of(lines->items[at]);
    bool is_child = next < lines->n && indent_of(lines->items[next]) > indent;
    if (slice_starts(behind, "{")) {
        lines->items[at] = put_in_braces(arena, lines->items[at], entry);
    } else if (behind.len) {
        return failure_set(failure, "`labels.synonyms`: add %.*s by hand", SLICE_ARG(entry));
    } else if (is_child && slice_starts(slice_trim(lines->items[next]), "{")) {
        lines->items[next] = put_in_braces(arena, lines->items[next], entry);
    } else {
        size_t deeper = is_child ? indent_of(lines->items[next]) : indent + INDENT;
        insert(lines, at + 1, arena_print(arena, "%*s%.*s", (int)deeper, "", SLICE_ARG(entry)));
    }
    return true;
}

static bool add_label(struct lines *lines, const struct suggestions *s, struct slice label,
    struct slice value, struct failure *failure)
{
    const struct policy *policy = s->policy;
    if (policy_rung_by_label(policy, label) != POLICY_NONE)
        return failure_set(failure,
            "the label \"%.*s\" is a synonym already: change its line by hand", SLICE_ARG(label));
    return add_synonym(lines, label, value, failure);
}

/* Every label of the ledger that begins so and that no rule knows. */
static bool add_prefix(struct lines *lines, const struct suggestions *s, struct slice prefix,
    struct slice value, struct failure *failure)
{
    struct slice added[PREFIX_LABELS_MOST];
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->rows[i].n_labels; k++) {
            struct slice label = s->rows[i].labels[k];
            bool known = policy_rung_by_label(s->policy, label) != POLICY_NONE ||
                         !slice_equal(slice_sub(label, 0, prefix.len), prefix);
            for (size_t j = 0; j < n && !known; j++)
                known = slice_equal_caseless(added[j], label);
            if (known || n == PREFIX_LABELS_MOST)
                continue;
            added[n++] = label;
            if (!add_label(lines, s, label, value, failure))
                return false;
        }
    return n > 0 ||
           failure_set(failure, "every label \"%.*s…\" is a synonym already", SLICE_ARG(prefix));
}

/* ---- the file ---- */

static bool add_hint(struct lines *lines, const struct suggestions *s, const struct eval_hint *hint,
    struct failure *failure)
{
    const struct policy *policy = s->policy;
    struct slice value = hint->to_cheap ? s->value : s->away;
    if (hint->moves == 0)
        return failure_set(failure, "\"%.*s\" would move no task", SLICE_ARG(hint->text));
    if (hint->kind == EVAL_HINT_WORDS)
        return add_pattern(lines, policy, s->cheap, hint, failure);
    if (value.len == 0)
        return failure_set(failure,
            "labels.complexity has no value for the rung %.*s, which \"%.*s\" would stand for",
            SLICE_ARG(policy->rungs[hint->to_cheap ? s->cheap : policy->middle].name),
            SLICE_ARG(hint->text));
    return hint->kind == EVAL_HINT_LABEL ? add_label(lines, s, hint->text, value, failure)
                                         : add_prefix(lines, s, hint->text, value, failure);
}

static bool add_chosen(struct lines *lines, const struct suggestions *s, struct slice list,
    size_t *n, struct failure *failure)
{
    struct slice item;
    bool all = slice_is(slice_trim(list), "all");
    for (size_t i = 0; all && i < s->n_hints; i++) {
        if (add_hint(lines, s, &s->hints[i], failure))
            (*n)++;
        else
            log_note("left out: suggestion %zu: %s", i + 1, failure->text);
    }
    while (!all && slice_next_field(&list, ',', &item)) {
        int64_t number = 0;
        if (!slice_to_int64(slice_trim(item), &number) || number < 1 ||
            number > (int64_t)s->n_hints)
            return failure_set(failure, "--accept \"%.*s\": there are suggestions 1 to %zu",
                SLICE_ARG(slice_trim(item)), s->n_hints);
        if (!add_hint(lines, s, &s->hints[number - 1], failure))
            return failure_prefix(failure, "suggestion %lld", (long long)number);
        (*n)++;
    }
    return true;
}

/* The new text must be a policy; only then is the file replaced. */
static bool replace(const struct suggestions *s, struct slice text, struct failure *failure)
{
    struct arena *arena = s->arena;
    const struct policy *before = s->policy;
    struct policy after;
    struct policy_problems problems = {0};
    struct stat status;
    if (!policy_parse(arena, before->path, text, true, &after, &problems))
        return failure_set(failure,
            "the policy would not be sound any more, nothing was written: "
            "%.*s",
            SLICE_ARG(problems.n ? problems.items[0].sentence : (struct slice){0}));
    policy_free(&after);
    unsigned mode = stat(before->path, &status) == 0 ? status.st_mode & 0777 : 0644;
    if (!file_replace(before->path, text, mode, failure))
        return false;
    if (!before->trusted) {
        log_note(
            "%s has changed; it is not trusted: read it, then type `rung trust`", before->path);
        return true;
    }
    char hash[SHA256_HEX_BYTES];
    file_sha256(text, hash);
    if (!policy_trust(arena, before->path, hash, failure))
        return false;
    log_note("%s has changed; it was trusted, and is as it stands now", before->path);
    return true;
}

bool suggest_accept(
    const struct suggestions *s, struct slice list, size_t *n, struct failure *failure)
{
    const struct policy *policy = s->policy;
    struct file_bytes file;
    *n = 0;
    if (!policy->path)
        return failure_set(failure, "there is no rung.yaml to write to: `rung init` makes one");
    if (!file_open_plain(policy->path, POLICY_BYTES_MOST, &file, failure))
        return false;
    struct lines lines = split(s->arena, arena_copy(s->arena, file.bytes));
    file_close(&file);
    return add_chosen(&lines, s, list, n, failure) &&
           (*n == 0 || replace(s, join(&lines), failure));
}
