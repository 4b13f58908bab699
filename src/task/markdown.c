/* Receives Markdown with checklists (TODO files, spec-kit's tasks.md, Kiro's), hands on a task
 * for every box, with the headings and items that it stands under. */
#include "reader.h"

#include "fields.h"

#include <string.h>

enum {
    PREFIX_BYTES_MOST = 64,
    PROSE_BYTES_MOST = 1 << 16, /* of an item, looked through for dependencies and paths */
    RANGE_MOST = 64,
    TAB_COLUMNS = 4,
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct slice behind(struct slice s, size_t n)
{
    return slice_sub(s, n, s.len);
}

static size_t indent_of(struct slice line)
{
    size_t columns = 0;
    for (size_t i = 0; i < line.len && is_blank(line.base[i]); i++)
        columns += line.base[i] == '\t' ? TAB_COLUMNS : 1;
    return columns;
}

/* --- one item: "  - [x] T012 [P] [US1] text" --- */

struct item {
    size_t indent;
    char box;
    struct slice text;
};

/* Length of a list marker with the blank behind it, or 0. */
static size_t marker_length(struct slice s)
{
    size_t n = 0;
    if (s.len && (s.base[0] == '-' || s.base[0] == '*' || s.base[0] == '+'))
        n = 1;
    else
        while (n < s.len && n < 9 && is_digit(s.base[n]))
            n++;
    if (n && is_digit(s.base[n - 1]))
        n = n < s.len && (s.base[n] == '.' || s.base[n] == ')') ? n + 1 : 0;
    return n && n < s.len && is_blank(s.base[n]) ? n + 1 : 0;
}

static bool parse_item(struct slice line, struct item *item)
{
    struct slice s = slice_trim(line);
    size_t marker = marker_length(s);
    if (marker == 0)
        return false;
    s = slice_trim(behind(s, marker));
    size_t close = slice_find_byte(slice_sub(s, 0, 3), ']');
    if (close == SIZE_MAX || close == 0 || s.base[0] != '[')
        return false;
    item->box = close == 1 ? ' ' : s.base[1];
    if (!is_one_of(item->box, " xX-/~"))
        return false;
    s = behind(s, close + 1);
    if (slice_starts(s, "*")) /* Kiro's mark of an optional task */
        s = behind(s, 1);
    if (s.len && !is_blank(s.base[0]))
        return false;
    item->indent = indent_of(line);
    item->text = slice_trim(s);
    return true;
}

bool markdown_is_box(struct slice line)
{
    struct item item;
    return line.len <= TASK_LINE_BYTES_MOST && parse_item(line, &item);
}

static const char *status_of_box(char box)
{
    if (box == 'x' || box == 'X')
        return "done";
    return box == ' ' ? "open" : "in progress";
}

/* --- what stands before the text: id and words in brackets --- */

/* Length of "T012" or "T012a" at the beginning, or 0. */
static size_t task_number_length(struct slice s)
{
    size_t n = 1;
    if (s.len == 0 || s.base[0] != 'T')
        return 0;
    while (n < s.len && is_digit(s.base[n]))
        n++;
    if (n < 3)
        return 0;
    if (n < s.len && s.base[n] >= 'a' && s.base[n] <= 'z')
        n++;
    return n < s.len && (slice_ascii_is_word((unsigned char)s.base[n])) ? 0 : n;
}

/* Length of "ABC-12" where a colon follows, or 0. */
static size_t named_number_length(struct slice s)
{
    size_t n = 0, letters, digits;
    while (n < s.len && n < 10 && s.base[n] >= 'A' && s.base[n] <= 'Z')
        n++;
    letters = n;
    if (n < s.len && s.base[n] == '-')
        n++;
    digits = n;
    while (n < s.len && is_digit(s.base[n]))
        n++;
    return letters && n > digits && n < s.len && s.base[n] == ':' ? n : 0;
}

/* Length of "3." or, in a nested item, "3.1" or "3.1.", with a blank behind it; or 0. */
static size_t outline_number_length(struct slice s, bool nested)
{
    size_t n = 0, dots = 0;
    while (n < s.len && n < 12 && (is_digit(s.base[n]) || (n && s.base[n] == '.')))
        dots += s.base[n++] == '.';
    bool ends_in_dot = n && s.base[n - 1] == '.';
    bool fits = n && n < s.len && is_blank(s.base[n]) && (ends_in_dot || (nested && dots));
    return fits && (nested || dots == 1) ? n : 0;
}

/* Takes an id off the text, in bold or not. Empty where there is none. */
static struct slice take_id(struct slice *text, bool nested)
{
    struct slice s = *text, id = {"", 0};
    bool bold = slice_starts(s, "**");
    if (bold)
        s = behind(s, 2);
    size_t n = task_number_length(s);
    if (n == 0)
        n = named_number_length(s);
    if (n == 0)
        n = outline_number_length(s, nested);
    if (n == 0)
        return id;
    id = slice_sub(s, 0, n);
    s = behind(s, n);
    if (slice_starts(s, ":"))
        s = behind(s, 1);
    if (bold && slice_starts(s, "**"))
        s = behind(s, 2);
    else if (bold)
        return (struct slice){"", 0}; /* the bold text goes on: leave it whole */
    if (slice_starts(s, ":"))
        s = behind(s, 1);
    if (id.base[id.len - 1] == '.')
        id.len--;
    *text = slice_trim(s);
    return id;
}

/* Takes "[word]" off the text; a link, "[word](…)", is none. */
static bool take_bracket(struct slice *text, struct slice *word)
{
    size_t close = slice_find_byte(slice_sub(*text, 0, PREFIX_BYTES_MOST), ']');
    if (!slice_starts(*text, "[") || close == SIZE_MAX || close < 2)
        return false;
    if (close + 1 < text->len && !is_blank(text->base[close + 1]) && text->base[close + 1] != '[')
        return false;
    *word = slice_trim(slice_sub(*text, 1, close));
    *text = slice_trim(behind(*text, close + 1));
    return word->len > 0;
}

static void add_label(
    struct arena *arena, struct task_list *labels, size_t *room, struct slice word)
{
    if (labels->n >= TASK_LABELS_MOST)
        return;
    labels->items = arena_grow(arena, labels->items, labels->n, room, sizeof(*labels->items));
    labels->items[labels->n++] = word;
}

/* Takes "[key:value]" off the end of the text; other brackets there belong to the sentence. */
static bool take_last_bracket(struct slice *text, struct slice *word)
{
    size_t open = text->len, least = open > PREFIX_BYTES_MOST ? open - PREFIX_BYTES_MOST : 0;
    if (!slice_ends(*text, "]"))
        return false;
    while (open > least && text->base[open - 1] != '[')
        open--;
    *word = slice_sub(*text, open, text->len - 1);
    if (open <= least || slice_find_byte(*word, ':') == SIZE_MAX ||
        slice_find_byte(*word, ' ') != SIZE_MAX)
        return false;
    *text = slice_trim(slice_sub(*text, 0, open - 1));
    return true;
}

/* Takes id and words in brackets off the text; what remains is the title. */
static void take_prefix(struct arena *arena, struct slice text, bool nested, struct task *task)
{
    struct slice word;
    size_t room = 0;
    task->id = take_id(&text, nested);
    while (take_bracket(&text, &word)) {
        bool is_priority = word.len == 2 && word.base[0] == 'P';
        if (slice_is(word, "P"))
            task->parallel = true;
        else if (is_priority && task_priority_from_name(word) >= 0)
            task->priority = task_priority_from_name(word);
        else if (task->id.len == 0 && task_number_length(word) == word.len)
            task->id = word;
        else
            add_label(arena, &task->labels, &room, word);
    }
    if (task->id.len == 0)
        task->id = take_id(&text, nested);
    while (take_last_bracket(&text, &word))
        add_label(arena, &task->labels, &room, word);
    task->title = text;
}

/* --- what stands in the text: dependencies and paths --- */

struct growing {
    struct arena *arena;
    struct task_list list;
    size_t room;
};

static void grow_by(struct growing *growing, struct slice s)
{
    struct task_list *list = &growing->list;
    if (list->n >= TASK_LIST_MOST)
        return;
    for (size_t i = 0; i < list->n; i++)
        if (slice_equal(list->items[i], s))
            return;
    list->items =
        arena_grow(growing->arena, list->items, list->n, &growing->room, sizeof(*list->items));
    list->items[list->n++] = s;
}

/* "T003-T005" -> T003, T004, T005. False where it is no such range. */
static bool grow_by_range(struct growing *growing, struct slice s)
{
    size_t dash = slice_find_byte(s, '-');
    if (dash == SIZE_MAX || dash < 2 || s.base[0] != 'T')
        return false;
    struct slice to = behind(s, dash + 1);
    if (slice_starts(to, "T"))
        to = behind(to, 1);
    int64_t first = 0, last = 0;
    if (!slice_to_int64(slice_sub(s, 1, dash), &first) || !slice_to_int64(to, &last) || first < 0 ||
        last < first || last - first >= RANGE_MOST)
        return false;
    for (int64_t i = first; i <= last; i++)
        grow_by(growing, arena_print(growing->arena, "T%0*lld", (int)(dash - 1), (long long)i));
    return true;
}

/* "ABC-12" */
static bool is_named_number(struct slice s)
{
    size_t dash = slice_find_byte(s, '-');
    if (dash == SIZE_MAX || dash == 0 || dash + 1 >= s.len)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (i != dash && !(i < dash ? s.base[i] >= 'A' && s.base[i] <= 'Z' : is_digit(s.base[i])))
            return false;
    return true;
}

/* "3" or "3.1", where the sentence does not go on as in "3 services". */
static bool is_outline_number(struct slice s, struct slice rest)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_digit(s.base[i]) && s.base[i] != '.')
            return false;
    rest = slice_trim(rest);
    return rest.len == 0 || is_one_of(rest.base[0], ",;.)&\n") || slice_starts(rest, "and ");
}

/* The ids in "T001, T002 and T003-T005": as long as there are some. */
static void grow_by_ids(struct growing *growing, struct slice s)
{
    while (s.len) {
        if (is_one_of(s.base[0], " \t,:&+`*")) {
            s = behind(s, 1);
            continue;
        }
        size_t n = 0;
        while (n < s.len && n < PREFIX_BYTES_MOST &&
               (slice_ascii_is_word((unsigned char)s.base[n]) || is_one_of(s.base[n], "-.")))
            n++;
        struct slice word = slice_sub(s, 0, n);
        while (word.len && word.base[word.len - 1] == '.')
            word.len--;
        s = behind(s, word.len);
        if (slice_is(word, "and") || grow_by_range(growing, word))
            continue;
        bool is_id = word.len && (task_number_length(word) == word.len || is_named_number(word) ||
                                     is_outline_number(word, s));
        if (!is_id)
            return;
        grow_by(growing, word);
    }
}

static struct task_list dependencies_of(struct arena *arena, struct slice text)
{
    static const char *const WORDS[] = {"depends on", "Depends on", "DEPENDS ON", "Depends:"};
    struct growing growing = {.arena = arena};
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++)
        for (struct slice s = text; growing.list.n < TASK_LIST_MOST;) {
            size_t at = slice_find(s, WORDS[i]);
            if (at == SIZE_MAX)
                break;
            s = behind(s, at + strlen(WORDS[i]));
            grow_by_ids(&growing, s);
        }
    return growing.list;
}

static bool is_path_character(char c)
{
    return slice_ascii_is_word((unsigned char)c) || is_one_of(c, "._-/@+[]$~") ||
           (unsigned char)c >= 0x80;
}

/* "src/app/page.ts", "docs/", or in back quotes "README.md"; no address, no "and/or". */
static bool is_path(struct slice s, bool quoted)
{
    size_t slash = SIZE_MAX, dot = SIZE_MAX;
    for (size_t i = 0; i < s.len; i++) {
        if (s.base[i] == '/') {
            slash = i;
            dot = SIZE_MAX;
        } else if (s.base[i] == '.') {
            dot = i;
        }
    }
    bool has_extension =
        dot != SIZE_MAX && dot + 1 < s.len && s.len - dot <= 12 && !is_digit(s.base[dot + 1]);
    if (slash == SIZE_MAX)
        return quoted && has_extension && dot > 0;
    return has_extension || slash + 1 == s.len || slice_starts(s, "src/") ||
           slice_starts(s, "tests/") || slice_starts(s, "lib/");
}

static struct task_list files_of(struct arena *arena, struct slice text)
{
    struct growing growing = {.arena = arena};
    while (text.len && growing.list.n < TASK_LIST_MOST) {
        size_t n = 0;
        while (n < text.len && is_path_character(text.base[n]))
            n++;
        struct slice word = slice_sub(text, 0, n);
        bool address = n < text.len && text.base[n] == ':' && slice_starts(behind(text, n), "://");
        bool quoted = n < text.len && text.base[n] == '`';
        while (word.len && is_one_of(word.base[word.len - 1], ".-"))
            word.len--;
        if (slice_starts(word, "[") && slice_find_byte(word, ']') == word.len - 1)
            word = slice_sub(word, 1, word.len - 1);
        if (address) /* skip what follows up to the next blank */
            while (n < text.len && !is_blank(text.base[n]) && text.base[n] != '\n')
                n++;
        else if (word.len > 1 && is_path(word, quoted))
            grow_by(&growing, word);
        text = behind(text, n + 1);
    }
    return growing.list;
}

/* --- the lines around it --- */

/* Length of the run of back quotes or tildes that opens or closes a code block, or 0. */
static struct slice fence_of(struct slice line)
{
    struct slice s = slice_trim(line);
    size_t n = 0;
    while (n < s.len && (s.base[0] == '`' || s.base[0] == '~') && s.base[n] == s.base[0])
        n++;
    return slice_sub(s, 0, n >= 3 ? n : 0);
}

/* Keeps count of code blocks and comments. True where the line belongs to one. */
static bool is_hidden(struct markdown_place *place, struct slice line)
{
    if (place->in_comment) {
        place->in_comment = slice_find(line, "-->") == SIZE_MAX;
        return true;
    }
    struct slice fence = fence_of(line);
    if (place->fence.len) {
        bool closes = fence.len >= place->fence.len && fence.base[0] == place->fence.base[0] &&
                      slice_trim(line).len == fence.len;
        if (closes)
            place->fence.len = 0;
        return true;
    }
    place->fence = fence;
    if (fence.len)
        return true;
    if (!slice_starts(slice_trim(line), "<!--"))
        return false;
    place->in_comment = slice_find(line, "-->") == SIZE_MAX;
    return true;
}

/* Takes note of "## Phase 2: Core"; true where the line is a heading. */
static bool take_heading(struct markdown_place *place, struct slice line)
{
    size_t level = 0;
    while (level < line.len && line.base[level] == '#')
        level++;
    if (level == 0 || level > MARKDOWN_HEADINGS || level >= line.len || !is_blank(line.base[level]))
        return false;
    place->headings[level - 1] = slice_trim(behind(line, level));
    for (size_t i = level; i < MARKDOWN_HEADINGS; i++)
        place->headings[i].len = 0;
    place->n_parents = 0;
    return true;
}

/* The headings and parents above an item, joined. */
static struct slice context_of(const struct markdown_place *place, struct arena *arena)
{
    struct slice context = {"", 0};
    const char *const joint = " › ";
    for (size_t i = 0; i < MARKDOWN_HEADINGS + place->n_parents; i++) {
        struct slice next = i < MARKDOWN_HEADINGS ? place->headings[i]
                                                  : place->parents[i - MARKDOWN_HEADINGS].title;
        if (next.len > TASK_TITLE_CUT_BYTES)
            continue; /* no heading that anybody reads */
        if (next.len && context.len)
            context = arena_print(arena, "%.*s%s%.*s", SLICE_ARG(context), joint, SLICE_ARG(next));
        else if (next.len)
            context = next;
    }
    return context;
}

/* spec-kit writes a story's priority into its heading: "(Priority: P1)". */
static int priority_of(struct slice context)
{
    static const char WORD[] = "(Priority: P";
    size_t at = slice_find(context, WORD);
    if (at == SIZE_MAX)
        return -1;
    return task_priority_from_name(slice_sub(context, at + strlen(WORD), at + strlen(WORD) + 1));
}

/* Items further to the right than the parent belong to it. */
static void leave_parents(struct markdown_place *place, size_t indent)
{
    while (place->n_parents && place->parents[place->n_parents - 1].indent >= indent)
        place->n_parents--;
}

static void become_parent(struct markdown_place *place, const struct item *item, struct slice title)
{
    if (place->n_parents == MARKDOWN_PARENTS_MOST)
        return;
    place->parents[place->n_parents].indent = item->indent;
    place->parents[place->n_parents].title = title;
    place->n_parents++;
}

/* The lines behind an item that are indented more than it, up to the next box. */
static struct slice take_body(struct task_reader *reader, size_t indent)
{
    const char *begin = reader->rest.base;
    struct slice rest = reader->rest, line, end = rest;
    size_t lines = 0;
    while (slice_next_line(&rest, &line)) {
        struct markdown_place before = reader->markdown;
        bool hidden = is_hidden(&reader->markdown, line), blank = slice_trim(line).len == 0;
        bool inside = before.fence.len || before.in_comment || indent_of(line) > indent;
        if (!blank && (!inside || (!hidden && markdown_is_box(line)))) {
            reader->markdown = before;
            break;
        }
        lines++;
        end = rest;
    }
    reader->lines_read += lines;
    reader->rest = end;
    return slice_trim((struct slice){begin, (size_t)(end.base - begin)});
}

static enum task_read read_item(struct task_reader *reader, const struct item *item,
    struct arena *arena, struct task *task, struct failure *failure)
{
    struct markdown_place *place = &reader->markdown;
    leave_parents(place, item->indent);
    take_prefix(arena, item->text, item->indent > 0, task);
    task->status = slice_from(status_of_box(item->box));
    task->context = context_of(place, arena);
    if (task->priority < 0)
        task->priority = priority_of(task->context);
    become_parent(place, item, task->title);
    size_t line = reader->line;
    task->body = take_body(reader, item->indent);
    reader->line = line;
    const struct slice parts[] = {task->title, task->body};
    struct slice text = slice_sub(fields_join(arena, parts, 2), 0, PROSE_BYTES_MOST);
    task->depends_on = dependencies_of(arena, text);
    task->files = files_of(arena, text);
    return reader_complete(reader, arena, task, failure) ? TASK_READ_TASK
                                                         : reader_bad(reader, failure);
}

enum task_read markdown_next(
    struct task_reader *reader, struct arena *arena, struct task *task, struct failure *failure)
{
    struct slice line;
    struct item item;
    while (reader_next_line(reader, &line)) {
        if (line.len > TASK_LINE_BYTES_MOST) {
            failure_set(
                failure, "a line of %zu bytes; the most is %d", line.len, TASK_LINE_BYTES_MOST);
            return reader_bad(reader, failure);
        }
        if (is_hidden(&reader->markdown, line) || take_heading(&reader->markdown, line))
            continue;
        if (parse_item(line, &item))
            return read_item(reader, &item, arena, task, failure);
    }
    return TASK_READ_END;
}
