#include "unit.h"

#include "base/arena.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/dice.h"
#include "base/emit.h"
#include "base/file.h"
#include "base/git.h"
#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct slice s(const char *text)
{
    return slice_from(text);
}

static void slices_split_and_compare(void **state)
{
    (void)state;
    struct slice rest = s("a,,b"), field;
    assert_true(slice_next_field(&rest, ',', &field));
    assert_slice(field, "a");
    assert_true(slice_next_field(&rest, ',', &field));
    assert_slice(field, "");
    assert_true(slice_next_field(&rest, ',', &field));
    assert_slice(field, "b");
    assert_false(slice_next_field(&rest, ',', &field));

    rest = s("one\r\ntwo\n\nthree");
    assert_true(slice_next_line(&rest, &field));
    assert_slice(field, "one");
    assert_true(slice_next_line(&rest, &field));
    assert_true(slice_next_line(&rest, &field));
    assert_slice(field, "");
    assert_true(slice_next_line(&rest, &field));
    assert_slice(field, "three");
    assert_false(slice_next_line(&rest, &field));

    assert_true(slice_compare(s("ab"), s("b")) < 0);
    assert_true(slice_compare(s("ab"), s("a")) > 0);
    assert_slice(slice_trim(s(" \t x y\n")), "x y");
}

static void slices_as_numbers(void **state)
{
    (void)state;
    int64_t whole = 0;
    assert_true(slice_to_int64(s("-9223372036854775808"), &whole));
    assert_true(whole == INT64_MIN);
    assert_false(slice_to_int64(s("9223372036854775808"), &whole));
    assert_false(slice_to_int64(s("12x"), &whole));
    assert_false(slice_to_int64(s(""), &whole));
    double real = 0;
    assert_true(slice_to_double(s("2.5e-3"), &real));
    assert_close(real, 0.0025, 1e-15);
    assert_false(slice_to_double(s("nan"), &real));
    assert_false(slice_to_double(s("1e999"), &real));
    assert_false(slice_to_double(s("0x10"), &real));
    assert_false(slice_to_double(s("1 "), &real));
}

static void globs(void **state)
{
    (void)state;
    assert_true(slice_glob(s("complexity:trivial"), s("complexity:*")));
    assert_true(slice_glob(s("aXbXc"), s("a*b?c")));
    assert_true(slice_glob(s("a*c"), s("a\\*c")));
    assert_false(slice_glob(s("abc"), s("a\\*c")));
    assert_false(slice_glob(s("abc"), s("ab")));
    assert_true(slice_glob(s(""), s("**")));
    assert_false(slice_glob(s("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), s("*a*a*a*a*a*a*c")));
}

static void text_is_made_harmless(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_slice(text_one_line(&arena, s(" a\n\tb\033[31m c "), 0), "a b[31m c");
    assert_slice(text_one_line(&arena, s("abcdef"), 6), "abcdef");
    assert_slice(text_one_line(&arena, s("abcdefg"), 6), "abcde…");
    assert_slice(text_one_line(&arena,
                     s("a\xff"
                       "b\xe2\x80\xae"
                       "c"),
                     0),
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd"
        "c");
    size_t replaced = 0;
    assert_slice(text_utf8(&arena, s("x\xc0\xaf"), &replaced), "x\xef\xbf\xbd\xef\xbf\xbd");
    assert_int_equal(replaced, 2);
    char line[] = "a\033[2Jb\x80";
    text_make_printable(line);
    assert_string_equal(line, "a?[2Jb?");
    arena_free(&arena);
}

static void json_is_read_and_written(void **state)
{
    (void)state;
    struct json_parser *parser = json_parser_make();
    struct arena arena = {0};
    struct failure failure = {0};
    struct json root;
    assert_true(json_parse(parser,
        s("{\"a\":[1,-2.5,\"t\\u0000x\",null,true],\"a\":2,\"big\":9007199254740993}"), &root,
        &failure));
    assert_int_equal(json_kind(root), JSON_OBJECT);
    struct json items = json_get(root, "a");
    assert_int_equal(json_count(items), 5); /* the first of the duplicates */
    struct json_walk walk = json_walk_over(items);
    int64_t whole = 0;
    double real = 0;
    struct slice text = {0};
    assert_true(json_next(&walk) && json_int64(walk.value, &whole) && whole == 1);
    assert_true(
        json_next(&walk) && json_double(walk.value, &real) && !json_int64(walk.value, &whole));
    assert_true(json_next(&walk) && json_text(walk.value, &text) && text.len == 3);
    assert_true(json_next(&walk) && json_kind(walk.value) == JSON_NULL);
    assert_true(json_next(&walk));
    assert_false(json_next(&walk));
    assert_true(json_int64(json_get(root, "big"), &whole) && whole == 9007199254740993);
    assert_int_equal(json_kind(json_get(root, "none")), JSON_NULL);
    assert_slice(json_write(&arena, items), "[1,-2.5,\"t\\u0000x\",null,true]");

    assert_false(json_parse(parser, s("{\"a\":1}}"), &root, &failure));
    assert_false(json_parse(parser, s("\"\xff\""), &root, &failure));
    assert_non_null(strstr(failure.text, "UTF-8"));
    assert_false(json_parse(parser, s("{\"a\":\"cut"), &root, &failure));

    char deep[400];
    memset(deep, '[', 200);
    memset(deep + 200, ']', 200);
    assert_false(json_parse(parser, (struct slice){deep, 400}, &root, &failure));
    assert_non_null(strstr(failure.text, "nested deeper"));
    arena_free(&arena);
    json_parser_free(parser);
}

static void emitted_json_is_valid(void **state)
{
    (void)state;
    struct emit emit = {0};
    emit_open(&emit, '{');
    emit_member_text(&emit, "t", (struct slice){"q\"\\\n\x01\0\xc3\xa4\xff", 9});
    emit_key(&emit, "l");
    emit_open(&emit, '[');
    emit_int64(&emit, INT64_MIN);
    emit_double(&emit, 0.1);
    emit_double(&emit, NAN);
    emit_usd(&emit, 0.1 + 0.2);
    emit_close(&emit, ']');
    emit_member_null(&emit, "n");
    emit_close(&emit, '}');
    assert_slice(emit_slice(&emit), "{\"t\":\"q\\\"\\\\\\n\\u0001\\u0000\xc3\xa4\xef\xbf\xbd\","
                                    "\"l\":[-9223372036854775808,0.1,null,0.3],\"n\":null}");
    emit_free(&emit);
}

static void moments_are_read_and_written(void **state)
{
    (void)state;
    int64_t ms = 0;
    char text[CLOCK_MS_BYTES], day_text[CLOCK_DAY_BYTES];
    assert_true(clock_parse_ms(s("2026-01-07T22:48:13.885592-06:00"), &ms));
    assert_int_equal(ms, 1767847693885);
    assert_string_equal(clock_format_ms(ms, text), "2026-01-08T04:48:13Z");
    assert_true(clock_parse_ms(s("1767847693885"), &ms));
    assert_false(clock_parse_ms(s("2026-02-30"), &ms));
    assert_false(clock_parse_ms(s("2026-01-07T25:00:00Z"), &ms));
    assert_false(clock_parse_ms(s("2026-01-07T"), &ms));
    int32_t day = 0;
    assert_true(clock_parse_day(s("1970-01-01"), &day) && day == 0);
    assert_true(clock_parse_day(s("2024-02-29"), &day));
    assert_string_equal(clock_format_day(day, day_text), "2024-02-29");
    assert_int_equal(clock_day_from_ms(-1), -1);
}

static void dice_repeat_for_a_seed(void **state)
{
    (void)state;
    struct dice a = dice_from_seed(7), b = dice_from_seed(7);
    size_t counts[5] = {0};
    for (int i = 0; i < 50000; i++) {
        uint64_t n = dice_below(&a, 5);
        assert_int_equal(n, dice_below(&b, 5));
        counts[n]++;
    }
    for (int i = 0; i < 5; i++)
        assert_in_range(counts[i], 9600, 10400); /* ± 4.5 standard errors */
}

static void files_are_replaced_whole(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct failure failure = {0};
    struct file_bytes file;
    char directory[] = "/tmp/rung-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    const char *path = file_join(&arena, directory, "a/b/c.txt");
    assert_true(file_make_directories(file_directory(&arena, path), 0700, &failure));
    assert_true(file_replace(path, s("one"), 0600, &failure));
    assert_true(file_replace(path, s("two"), 0600, &failure));
    assert_true(file_open(path, 100, &file, &failure));
    assert_slice(file.bytes, "two");
    file_close(&file);
    assert_false(file_open(path, 2, &file, &failure));
    assert_string_equal(
        file_find_upward(&arena, file_join(&arena, directory, "a/b"), "a"), directory);
    const char *remove[] = {"rm", "-r", directory, NULL};
    struct child_result result;
    assert_true(child_run(&arena, remove, (struct child_limits){100, 5000}, &result, &failure));
    char hex[SHA256_HEX_BYTES];
    file_sha256(s("abc"), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    arena_free(&arena);
}

/* A pipe that nobody writes to would be waited for; a file cut short would end the reader. */
static void only_plain_files_are_read(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct failure failure = {0};
    struct file_bytes file;
    char root[] = "/tmp/rung-test-XXXXXX";
    assert_non_null(mkdtemp(root));
    const char *path = file_join(&arena, root, "file"), *link = file_join(&arena, root, "link"),
               *pipe = file_join(&arena, root, "pipe");
    assert_true(file_replace(path, s("three"), 0600, &failure));
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_false(file_open_plain(pipe, 100, &file, &failure));
    assert_non_null(strstr(failure.text, "pipe is no plain file"));
    assert_false(file_open_plain("/dev/zero", 100, &file, &failure));
    assert_false(file_open_plain(root, 100, &file, &failure));
    assert_false(file_open_plain(path, 4, &file, &failure));
    assert_false(file_open_unlinked(link, 100, &file, &failure));
    assert_true(file_open_unlinked(path, 5, &file, &failure));
    file_close(&file);
    assert_true(file_open_plain(link, 5, &file, &failure));
    assert_int_equal(truncate(path, 0), 0);
    assert_slice(file.bytes, "three");
    file_close(&file);
    assert_true(file_open_plain(path, 5, &file, &failure));
    assert_int_equal(file.bytes.len, 0);
    file_close(&file);
    assert_int_equal(unlink(path) + unlink(link) + unlink(pipe) + rmdir(root), 0);
    arena_free(&arena);
}

static void links_are_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct failure failure = {0};
    char root[] = "/tmp/rung-test-XXXXXX";
    assert_non_null(mkdtemp(root));
    assert_true(file_make_directories(file_join(&arena, root, "a/b"), 0700, &failure));
    assert_int_equal(symlink("b", file_join(&arena, root, "a/link")), 0);
    assert_true(file_refuse_links(root, "a/b/not/there", &failure));
    assert_false(file_refuse_links(root, "a/link/c", &failure));
    assert_non_null(strstr(failure.text, "a/link is a symbolic link"));
    assert_false(file_refuse_links(root, "a/link", &failure));
    assert_false(file_refuse_links(root, "a/link/", &failure));
    assert_false(file_refuse_links(root, "a/../../b", &failure));
    const char *remove[] = {"rm", "-r", root, NULL};
    struct child_result result;
    assert_true(child_run(&arena, remove, (struct child_limits){100, 5000}, &result, &failure));
    arena_free(&arena);
}

/* The filters of the repository's own configuration do not run; the user's own would. */
static void git_starts_no_stranger(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct failure failure = {0};
    struct child_result result;
    struct child_limits limits = {10000, 20000};
    char root[] = "/tmp/rung-test-XXXXXX";
    assert_non_null(mkdtemp(root));
    struct slice config = slice_from("[core]\n\trepositoryformatversion = 0\n[filter \"a=b\"]\n"
                                     "\tclean = touch ran; cat\n\trequired = true\n"
                                     "[merge \"m\"]\n\tdriver = touch ran\n");
    const char *init[] = {"init", "--quiet", NULL}, *add[] = {"add", ".", NULL};
    assert_true(git_run(&arena, root, init, limits, &result, &failure));
    assert_true(file_replace(file_join(&arena, root, ".git/config"), config, 0600, &failure));
    assert_true(file_replace(
        file_join(&arena, root, ".gitattributes"), s("x filter=a=b\n"), 0600, &failure));
    assert_true(file_replace(file_join(&arena, root, "x"), s("text\n"), 0600, &failure));
    assert_true(git_run(&arena, root, add, limits, &result, &failure));
    assert_slice(result.error, "");
    assert_int_equal(result.exit_status, 0);
    assert_false(file_exists(file_join(&arena, root, "ran")));
    const char *driver[] = {"config", "merge.m.driver", NULL};
    assert_true(git_run(&arena, root, driver, limits, &result, &failure));
    assert_slice(result.output, "false\n");
    const char *remove[] = {"rm", "-rf", root, NULL};
    assert_true(child_run(&arena, remove, limits, &result, &failure));
    arena_free(&arena);
}

static void children_are_bounded(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct failure failure = {0};
    struct child_result result;
    const char *speak[] = {"sh", "-c", "printf 12345; echo no >&2; exit 3", NULL};
    assert_true(child_run(&arena, speak, (struct child_limits){4, 5000}, &result, &failure));
    assert_slice(result.output, "1234");
    assert_slice(result.error, "no\n");
    assert_true(result.cut);
    assert_int_equal(result.exit_status, 3);
    const char *sleep[] = {"sh", "-c", "sleep 30 & sleep 30", NULL};
    assert_false(child_run(&arena, sleep, (struct child_limits){4, 50}, &result, &failure));
    assert_non_null(strstr(failure.text, "50 ms"));
    const char *missing[] = {"no-such-program-here", NULL};
    assert_false(child_run(&arena, missing, (struct child_limits){4, 50}, &result, &failure));
    assert_true(child_is_installed("sh"));
    assert_false(child_is_installed("no-such-program-here"));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_split_and_compare),
        cmocka_unit_test(slices_as_numbers),
        cmocka_unit_test(globs),
        cmocka_unit_test(text_is_made_harmless),
        cmocka_unit_test(json_is_read_and_written),
        cmocka_unit_test(emitted_json_is_valid),
        cmocka_unit_test(moments_are_read_and_written),
        cmocka_unit_test(dice_repeat_for_a_seed),
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(children_are_bounded),
        cmocka_unit_test(only_plain_files_are_read),
        cmocka_unit_test(links_are_refused),
        cmocka_unit_test(git_starts_no_stranger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
