/* gate, change: receives a unified diff as git writes it, hands on its files and lines. Counts the
 * lines that a hunk announces, so that no line of a file can pass for a header. */
#include "parts.h"

#include <string.h>

/* ---- names ---- */

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* Git's quoted names: "a/\303\244\n". */
static struct slice unquote(struct arena *arena, struct slice name)
{
    if (name.len < 2 || name.base[0] != '"')
        return name;
    static const char LETTERS[] = "abtnvfr\"\\", MEANT[] = "\a\b\t\n\v\f\r\"\\";
    char *out = arena_take(arena, name.len);
    size_t len = 0;
    for (size_t i = 1; i < name.len && name.base[i] != '"'; i++) {
        char c = name.base[i];
        if (c != '\\' || i + 1 == name.len) {
            out[len++] = c;
            continue;
        }
        const char *letter = strchr(LETTERS, name.base[++i]);
        if (letter && *letter) {
            out[len++] = MEANT[letter - LETTERS];
        } else if (i + 2 < name.len && is_octal(name.base[i]) && is_octal(name.base[i + 1]) &&
                   is_octal(name.base[i + 2])) {
            out[len++] = (char)((name.base[i] - '0') * 64 + (name.base[i + 1] - '0') * 8 +
                                (name.base[i + 2] - '0'));
            i += 2;
        }
    }
    return (struct slice){out, len};
}

/* "a/x" or "b/x" -> "x". */
static struct slice without_prefix(struct slice name)
{
    bool has_prefix = slice_starts(name, "a/") || slice_starts(name, "b/");
    return has_prefix ? slice_sub(name, 2, name.len) : name;
}

/* Of "diff --git a/P b/P": both are the same, so the line says it twice in equal lengths. */
static struct slice path_of_header(struct arena *arena, struct slice names)
{
    if (names.len && names.base[0] == '"') {
        size_t end = 1;
        while (end < names.len && names.base[end] != '"')
            end += names.base[end] == '\\' ? 2 : 1;
        return without_prefix(unquote(arena, slice_sub(names, 0, end + 1)));
    }
    return without_prefix(slice_sub(names, 0, names.len / 2));
}

/* Of "--- a/P" and "+++ b/P"; git ends a name that holds a blank with a tab. */
static struct slice path_of_line(struct arena *arena, struct slice line)
{
    struct slice name = slice_sub(line, 4, line.len);
    if (name.len && name.base[0] != '"')
        name = slice_sub(name, 0, slice_find_byte(name, '\t'));
    return slice_is(name, "/dev/null") ? (struct slice){"", 0}
                                       : without_prefix(unquote(arena, name));
}

/* ---- hunks ---- */

/* "12,3" or "12" -> 3 or 1. */
static bool read_range(struct slice range, size_t *lines)
{
    struct slice start;
    int64_t n;
    if (!slice_next_field(&range, ',', &start) || !slice_to_int64(start, &n) || n < 0)
        return false;
    if (range.len == 0) {
        *lines = 1;
        return true;
    }
    if (!slice_to_int64(range, &n) || n < 0 || n > INT32_MAX)
        return false;
    *lines = (size_t)n;
    return true;
}

/* "@@ -1,3 +1,4 @@ …". */
static bool read_hunk_header(struct slice line, size_t *old_lines, size_t *new_lines)
{
    struct slice at, old_range, new_range;
    if (!slice_starts(line, "@@ -") || !slice_next_field(&line, ' ', &at) ||
        !slice_next_field(&line, ' ', &old_range) || !slice_next_field(&line, ' ', &new_range) ||
        !slice_starts(new_range, "+"))
        return false;
    return read_range(slice_sub(old_range, 1, old_range.len), old_lines) &&
           read_range(slice_sub(new_range, 1, new_range.len), new_lines);
}

struct hunk_walk hunk_walk_over(struct slice hunks)
{
    return (struct hunk_walk){.rest = hunks, .hunk = SIZE_MAX};
}

/* A line as git ends it: "\n" alone, a "\r" is the file's. */
static bool next_raw_line(struct slice *rest, struct slice *line)
{
    if (rest->len == 0)
        return false;
    size_t end = slice_find_byte(*rest, '\n');
    *line = slice_sub(*rest, 0, end);
    *rest = end == SIZE_MAX ? (struct slice){"", 0} : slice_sub(*rest, end + 1, rest->len);
    return true;
}

bool hunk_next(struct hunk_walk *walk)
{
    struct slice line;
    while (walk->old_left + walk->new_left == 0) {
        struct slice before = walk->rest;
        if (!next_raw_line(&walk->rest, &line))
            return false;
        if (slice_starts(line, "\\")) /* "\ No newline at end of file" */
            continue;
        if (!read_hunk_header(line, &walk->old_left, &walk->new_left)) {
            walk->rest = before; /* the next file */
            return false;
        }
        walk->hunk++;
    }
    if (!next_raw_line(&walk->rest, &line)) {
        walk->is_broken = true;
        return false;
    }
    if (slice_starts(line, "\\"))
        return hunk_next(walk);
    walk->mark = line.len ? line.base[0] : ' ';
    bool is_old = walk->mark == '-' || walk->mark == ' ';
    bool is_new = walk->mark == '+' || walk->mark == ' ';
    walk->is_broken =
        (!is_old && !is_new) || (is_old && walk->old_left == 0) || (is_new && walk->new_left == 0);
    if (walk->is_broken)
        return false;
    walk->old_left -= is_old;
    walk->new_left -= is_new;
    walk->line = slice_sub(line, 1, line.len);
    return true;
}

/* ---- files ---- */

static void read_mode(struct changed_file *file, struct slice line)
{
    static const struct {
        const char *prefix;
        bool is_new, is_deleted;
    } MODES[] = {{"new file mode ", true, false}, {"deleted file mode ", false, true},
        {"new mode ", false, false}, {"index ", false, false}};
    for (size_t i = 0; i < sizeof(MODES) / sizeof(*MODES); i++)
        if (slice_starts(line, MODES[i].prefix)) {
            file->is_new = file->is_new || MODES[i].is_new;
            file->is_deleted = file->is_deleted || MODES[i].is_deleted;
            file->is_link = file->is_link || slice_ends(line, " 120000");
            file->is_module = file->is_module || slice_ends(line, " 160000");
        }
}

/* The lines between "diff --git" and the first hunk or the next file. */
static void read_header(struct arena *arena, struct slice *rest, struct changed_file *file)
{
    struct slice line;
    for (;;) {
        struct slice before = *rest;
        if (!next_raw_line(rest, &line))
            return;
        if (slice_starts(line, "@@ ") || slice_starts(line, "diff --git ")) {
            *rest = before;
            return;
        }
        read_mode(file, line);
        if (slice_starts(line, "Binary files ") || slice_starts(line, "GIT binary patch"))
            file->is_binary = true;
        if (slice_starts(line, "--- ") || slice_starts(line, "+++ ")) {
            struct slice path = path_of_line(arena, line);
            file->path = path.len ? path : file->path;
        }
    }
}

static bool read_hunks(struct slice *rest, struct changed_file *file, struct failure *failure)
{
    struct slice start = *rest;
    struct hunk_walk walk = hunk_walk_over(start);
    while (hunk_next(&walk)) {
        file->added += walk.mark == '+';
        file->removed += walk.mark == '-';
    }
    file->hunks = slice_sub(start, 0, start.len - walk.rest.len);
    *rest = walk.rest;
    if (walk.is_broken || walk.old_left + walk.new_left)
        return failure_set(failure, "the diff of %.*s ends in the middle of a hunk",
            SLICE_ARG(slice_sub(file->path, 0, 200)));
    return true;
}

bool change_parse(
    struct arena *arena, struct slice diff, struct change *change, struct failure *failure)
{
    *change = (struct change){0};
    size_t room = 0;
    struct slice line;
    while (next_raw_line(&diff, &line)) {
        if (!slice_starts(line, "diff --git "))
            return failure_set(failure, "the diff has a line that belongs to no file: \"%.*s\"",
                SLICE_ARG(slice_sub(line, 0, 80)));
        if (change->n == GATE_DIFF_FILES_MOST)
            return failure_set(failure, "the change has more than %d files", GATE_DIFF_FILES_MOST);
        change->files = arena_grow(arena, change->files, change->n, &room, sizeof(*change->files));
        struct changed_file *file = &change->files[change->n++];
        *file = (struct changed_file){
            .path = path_of_header(arena, slice_sub(line, strlen("diff --git "), line.len))};
        read_header(arena, &diff, file);
        if (!read_hunks(&diff, file, failure))
            return false;
        change->added += file->added;
        change->removed += file->removed;
    }
    return true;
}
