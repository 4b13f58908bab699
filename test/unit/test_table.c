/* Tables at the widths that terminals have. */
#include "unit.h"

#include "base/arena.h"
#include "base/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct table_column COLUMNS[] = {{"id", false, TABLE_KEEPS},
    {"title", false, TABLE_SHRINKS}, {"note", false, TABLE_SPARE}, {"cost", true, TABLE_KEEPS},
    {"of 5", true, TABLE_SPARE_LAST}};

/* What the table of one row prints at so many columns. */
static const char *printed(struct arena *arena, const char *columns, const char *const cells[5])
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&bytes, &n);
    assert_non_null(out);
    setenv("COLUMNS", columns, 1);
    /* a stream in memory has no descriptor and is no terminal */
    struct table *table = table_make(out, COLUMNS, 5);
    table_add_row(table);
    for (size_t i = 0; i < 5; i++)
        table_set(table, i, slice_from(cells[i]), TABLE_PLAIN);
    table_print(table);
    table_free(table);
    fclose(out);
    const char *copy = arena_text(arena, (struct slice){bytes, n});
    free(bytes);
    return copy;
}

static void texts_shrink_and_numbers_do_not(void **state)
{
    (void)state;
    static const char *const cells[] = {
        "t-1", "Fix the typo in the README", "soon", "$0.0052", "4"};
    struct arena arena = {0};
    assert_string_equal(printed(&arena, "80", cells),
        "id   title                       note     cost  of 5\n"
        "t-1  Fix the typo in the README  soon  $0.0052     4\n");
    assert_string_equal(printed(&arena, "50", cells),
        "id   title                     note     cost  of 5\n"
        "t-1  Fix the typo in the REA…  soon  $0.0052     4\n");
    assert_string_equal(printed(&arena, "40", cells), "id   title           note     cost  of 5\n"
                                                      "t-1  Fix the typo …  soon  $0.0052     4\n");
    assert_string_equal(printed(&arena, "39", cells), "id   title                   cost  of 5\n"
                                                      "t-1  Fix the typo in th…  $0.0052     4\n"
                                                      "not shown for want of width: note\n");
    assert_string_equal(printed(&arena, "29", cells), "id   title               cost\n"
                                                      "t-1  Fix the typo i…  $0.0052\n"
                                                      "not shown for want of width:\nnote, of 5\n");
    arena_free(&arena);
}

static void wide_characters_count_for_two_columns(void **state)
{
    (void)state;
    static const char *const cells[] = {"t-1", "漢字漢字漢字漢字漢字", "", "1", ""};
    struct arena arena = {0};
    assert_string_equal(printed(&arena, "32", cells), "id   title            cost  of 5\n"
                                                      "t-1  漢字漢字漢字漢…     1  \n"
                                                      "not shown for want of width:\nnote\n");
    arena_free(&arena);
}

static void text_is_broken_at_blanks(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&bytes, &n);
    setenv("COLUMNS", "20", 1);
    table_print_text(out, slice_from("one two three … four five"), 4);
    fclose(out);
    assert_string_equal(bytes, "one two three …\n    four five\n");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_shrink_and_numbers_do_not),
        cmocka_unit_test(wide_characters_count_for_two_columns),
        cmocka_unit_test(text_is_broken_at_blanks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
