/* gate, tests: receives a change, says where tests were deleted or weakened. Knows no language: it
 * looks for the words that assertions, tests and skips have in most of them.
 *
 *   A file is one of tests by its directory (test, tests, __tests__, spec, …) or its name (test_x,
 *   x_test, x.test, x.spec, XTest). Of these files:
 *   - one that was deleted is a finding, unless most of its lines came back in a file of tests that
 *     is new (it was moved);
 *   - fewer assertions, or fewer tests, than before are findings (an assertion that is always true,
 *     or one within a comment, is none);
 *   - a line that skips or narrows tests, and was not there before, is one;
 *   - an assertion that came back with nothing but other literals is one: its expected value was
 *     changed. Recorded values (.snap, .golden, …) that were changed are the same.
 *   A file that the task names is left alone. */
#include "parts.h"

#include <string.h>

/* ---- which files, which lines ---- */

static bool is_test_directory(struct slice part)
{
    static const char *const NAMES[] = {"test", "tests", "__tests__", "spec", "specs", "testing",
        "e2e", "testdata", "__snapshots__"};
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++)
        if (slice_is_caseless(part, NAMES[i]))
            return true;
    return false;
}

static bool is_recorded(struct slice path)
{
    static const char *const ENDS[] = {".snap", ".golden", ".expected", ".approved.txt"};
    for (size_t i = 0; i < sizeof(ENDS) / sizeof(*ENDS); i++)
        if (slice_ends(path, ENDS[i]))
            return true;
    return false;
}

static bool is_test_name(struct slice name)
{
    static const char *const WITHIN[] = {
        "_test.", ".test.", "_spec.", ".spec.", "Test.", "Tests.", "-test.", "_tests."};
    if (slice_starts(name, "test_") || slice_starts(name, "test-") || slice_is(name, "conftest.py"))
        return true;
    for (size_t i = 0; i < sizeof(WITHIN) / sizeof(*WITHIN); i++)
        if (slice_find(name, WITHIN[i]) != SIZE_MAX)
            return true;
    return is_recorded(name);
}

static bool is_test_file(struct slice path)
{
    struct slice part = {"", 0};
    while (slice_next_field(&path, '/', &part))
        if (path.len && is_test_directory(part))
            return true;
    return is_test_name(part);
}

static bool has_one_of(struct slice line, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (slice_find(line, words[i]) != SIZE_MAX)
            return true;
    return false;
}

static bool is_comment(struct slice line)
{
    static const char *const MARKS[] = {"#", "//", "/*", "* ", "--", "<!--", ";", "%", NULL};
    line = slice_trim(line);
    if (slice_starts(line, "#[")) /* Rust's attributes */
        return false;
    for (size_t i = 0; MARKS[i]; i++)
        if (slice_starts(line, MARKS[i]))
            return true;
    return false;
}

static bool is_assertion(struct slice line)
{
    static const char *const WORDS[] = {"assert", "Assert", "ASSERT_", "EXPECT_", "expect(",
        "expect_", "should", "REQUIRE(", "CHECK(", "t.Error", "t.Fatal", "require.", "XCTAssert",
        "verify(", "raises(", "fail_unless", "is_deeply(", "must_equal", " ok(", NULL};
    static const char *const ALWAYS_TRUE[] = {"assert True", "assert(true)", "assertTrue(true)",
        "assertTrue(True)", "expect(true).to", "assert 1", "assert(1)", "assert!(true)",
        "assert_true(true)", "assert_true(1)", "EXPECT_TRUE(true)", "ASSERT_TRUE(true)", NULL};
    return !is_comment(line) && has_one_of(line, WORDS) && !has_one_of(line, ALWAYS_TRUE);
}

static bool is_test_start(struct slice line)
{
    static const char *const WORDS[] = {"def test", "func Test", "it(", "test(", "@Test", "#[test]",
        "TEST(", "TEST_F(", "cmocka_unit_test", "describe(", "scenario(", "Scenario:", "fn test_",
        "public void test", "[Fact]", "[Test]", "@pytest.mark.parametrize", NULL};
    return !is_comment(line) && has_one_of(line, WORDS);
}

static bool is_skip(struct slice line)
{
    static const char *const WORDS[] = {"@skip", "@Skip", "@Ignore", "@Disabled", ".skip(",
        "mark.skip", "mark.xfail", "skipif", "skipIf", "skipTest(", "xit(", "xdescribe(", "xtest(",
        ".only(", "fit(", "fdescribe(", "t.Skip", "b.Skip", "#[ignore", "GTEST_SKIP", "DISABLED_",
        "pending(", "test.todo", "it.todo", "pytest.skip(", "[Ignore", " skip();", "xfail(",
        "expectedFailure", NULL};
    return !is_comment(line) && has_one_of(line, WORDS);
}

/* ---- one file ---- */

static bool is_word_byte(char c)
{
    return slice_ascii_is_word((unsigned char)c) || c == '_';
}

/* Length of the literal at the start of a text: a number, a quoted text, true or false; else 0. */
static size_t literal_length(struct slice text)
{
    static const char *const TRUTHS[] = {"true", "false", "True", "False", "TRUE", "FALSE"};
    char first = text.base[0];
    size_t n = 1;
    if (first == '"' || first == '\'' || first == '`') {
        for (; n < text.len && text.base[n] != first; n++)
            n += text.base[n] == '\\';
        return n < text.len ? n + 1 : text.len;
    }
    if (first >= '0' && first <= '9') {
        while (n < text.len && (is_word_byte(text.base[n]) || text.base[n] == '.'))
            n++;
        return n;
    }
    for (size_t i = 0; i < sizeof(TRUTHS) / sizeof(*TRUTHS); i++) {
        n = strlen(TRUTHS[i]);
        if (slice_starts(text, TRUTHS[i]) && (n == text.len || !is_word_byte(text.base[n])))
            return n;
    }
    return 0;
}

/* The line without the values of its literals: two assertions that differ only there test the same
 * thing for another value. */
static struct slice mask_literals(struct arena *arena, struct slice line)
{
    line = slice_trim(line);
    char *out = arena_take(arena, line.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < line.len;) {
        bool in_word = i > 0 && is_word_byte(line.base[i - 1]);
        size_t n = in_word ? 0 : literal_length(slice_sub(line, i, line.len));
        out[len++] = n ? '$' : line.base[i];
        i += n ? n : 1;
    }
    return (struct slice){out, len};
}

enum { LINES_LOOKED_AT_MOST = 2000 };

struct lines {
    struct slice *items;
    size_t n, room;
};

static void lines_add(struct arena *arena, struct lines *lines, struct slice line)
{
    if (lines->n == LINES_LOOKED_AT_MOST)
        return;
    lines->items = arena_grow(arena, lines->items, lines->n, &lines->room, sizeof(*lines->items));
    lines->items[lines->n++] = slice_trim(line);
}

/* Takes a line out; false where it was not there. */
static bool lines_take(struct lines *lines, struct slice line)
{
    line = slice_trim(line);
    for (size_t i = 0; i < lines->n; i++)
        if (slice_equal(lines->items[i], line)) {
            lines->items[i] = lines->items[--lines->n];
            return true;
        }
    return false;
}

struct counts {
    size_t assertions_gone, assertions_new, tests_gone, tests_new;
    struct lines gone, new_ones; /* assertions that did not merely move */
    struct lines skips_gone, skips_new;
};

static void count_line(struct arena *arena, struct counts *counts, char mark, struct slice line)
{
    bool is_old = mark == '-';
    if (is_assertion(line)) {
        *(is_old ? &counts->assertions_gone : &counts->assertions_new) += 1;
        lines_add(arena, is_old ? &counts->gone : &counts->new_ones, line);
    }
    if (is_test_start(line))
        *(is_old ? &counts->tests_gone : &counts->tests_new) += 1;
    if (is_skip(line))
        lines_add(arena, is_old ? &counts->skips_gone : &counts->skips_new, line);
}

static void report_values(struct arena *arena, const struct changed_file *file,
    struct counts *counts, struct findings *findings)
{
    struct lines moved = {0};
    for (size_t i = 0; i < counts->gone.n; i++)
        if (!lines_take(&counts->new_ones, counts->gone.items[i]))
            lines_add(arena, &moved, counts->gone.items[i]);
    for (size_t i = 0; i < moved.n; i++) {
        struct slice masked = mask_literals(arena, moved.items[i]);
        for (size_t k = 0; k < counts->new_ones.n; k++)
            if (slice_equal(masked, mask_literals(arena, counts->new_ones.items[k]))) {
                findings_add(findings, "%.*s: an expected value was changed: \"%.*s\" to \"%.*s\"",
                    SLICE_ARG(slice_sub(file->path, 0, 200)),
                    SLICE_ARG(slice_sub(moved.items[i], 0, 100)),
                    SLICE_ARG(slice_sub(counts->new_ones.items[k], 0, 100)));
                counts->new_ones.items[k] = counts->new_ones.items[--counts->new_ones.n];
                break;
            }
    }
}

static void check_changed(
    struct arena *arena, const struct changed_file *file, struct findings *findings)
{
    struct counts counts = {0};
    struct slice path = slice_sub(file->path, 0, 300);
    struct hunk_walk walk = hunk_walk_over(file->hunks);
    while (hunk_next(&walk))
        if (walk.mark != ' ')
            count_line(arena, &counts, walk.mark, walk.line);
    if (counts.tests_new < counts.tests_gone)
        findings_add(findings, "%.*s: %zu tests fewer than before", SLICE_ARG(path),
            counts.tests_gone - counts.tests_new);
    if (counts.assertions_new < counts.assertions_gone)
        findings_add(findings, "%.*s: %zu assertions fewer than before", SLICE_ARG(path),
            counts.assertions_gone - counts.assertions_new);
    for (size_t i = 0; i < counts.skips_new.n; i++)
        if (!lines_take(&counts.skips_gone, counts.skips_new.items[i]))
            findings_add(findings, "%.*s: tests are skipped: \"%.*s\"", SLICE_ARG(path),
                SLICE_ARG(slice_sub(counts.skips_new.items[i], 0, 200)));
    report_values(arena, file, &counts, findings);
    if (is_recorded(file->path) && file->removed)
        findings_add(findings, "%.*s: recorded values were changed", SLICE_ARG(path));
}

/* ---- files that went ---- */

static void add_lines(
    struct arena *arena, struct lines *lines, const struct changed_file *file, char mark)
{
    struct hunk_walk walk = hunk_walk_over(file->hunks);
    while (hunk_next(&walk))
        if (walk.mark == mark && slice_trim(walk.line).len > 1)
            lines_add(arena, lines, walk.line);
}

/* True where three of five of its lines stand in test files that are new. */
static bool was_moved(
    struct arena *arena, const struct change *change, const struct changed_file *gone)
{
    struct lines old = {0}, new_ones = {0};
    size_t found = 0;
    add_lines(arena, &old, gone, '-');
    for (size_t i = 0; i < change->n; i++)
        if (change->files[i].is_new && is_test_file(change->files[i].path))
            add_lines(arena, &new_ones, &change->files[i], '+');
    for (size_t i = 0; i < old.n; i++)
        found += lines_take(&new_ones, old.items[i]);
    return old.n > 0 && found * 5 >= old.n * 3;
}

bool tests_are_weaker(
    struct arena *arena, const struct change *change, struct slice task, struct findings *findings)
{
    size_t before = findings->n + findings->more;
    for (size_t i = 0; i < change->n; i++) {
        const struct changed_file *file = &change->files[i];
        if (!is_test_file(file->path) || task_names(task, file->path))
            continue;
        if (file->is_deleted && !was_moved(arena, change, file))
            findings_add(findings, "%.*s: a file of tests was deleted",
                SLICE_ARG(slice_sub(file->path, 0, 300)));
        else if (!file->is_deleted && !file->is_new)
            check_changed(arena, file, findings);
    }
    return findings->n + findings->more > before;
}
