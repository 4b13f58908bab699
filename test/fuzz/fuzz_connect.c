/* Any bytes as settings, as a hook's input and as a transcript: what is made of them is JSON, holds
 * our hook after adding it and not after removing it. */
#include "base/json.h"
#include "connect/connect.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What was written into a text without a mark of ours and taken out again is that text. */
static void write_and_undo(struct arena *arena, enum task_format format, struct slice text)
{
    struct failure failure;
    struct connect_note note = {.id = {"1", 1},
        .line = 1,
        .rung = {"haiku", 5},
        .model = {"claude-haiku-5-5", 16},
        .effort = {"low", 3},
        .decision = {"exp_1", 5}};
    struct slice with, undone, plain;
    if (!connect_write_text(arena, format, text, &note, 1, true, &plain, &failure) ||
        slice_find(plain, "rung") != SIZE_MAX ||
        !connect_write_text(arena, format, plain, &note, 1, false, &with, &failure))
        return;
    if (!connect_write_text(arena, format, with, &note, 1, true, &undone, &failure) ||
        !slice_equal(undone, plain))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena = {0};
    struct failure failure;
    struct slice text = {(const char *)bytes, n}, with, without;
    struct json_parser *parser = json_parser_make();
    struct json root;
    if (connect_settings_add(&arena, text, true, &with, &failure)) {
        if (!json_parse(parser, with, &root, &failure))
            abort();
        if (connect_settings_has(with) &&
            (!connect_settings_remove(&arena, with, &without, &failure) ||
                connect_settings_has(without)))
            abort();
    }
    struct connect_hook hook;
    if (connect_hook_read(&arena, text, &hook, &failure) && hook.is_agent_call &&
        !json_parse(
            parser, connect_hook_answer(&arena, &hook, "opus", slice_from("low")), &root, &failure))
        abort();
    struct connect_transcript transcript;
    struct price_table prices = price_builtin();
    connect_transcript_read(&arena, text, &prices, &transcript);
    write_and_undo(&arena, TASK_FORMAT_MARKDOWN, text);
    write_and_undo(&arena, TASK_FORMAT_BACKLOG, text);
    write_and_undo(&arena, TASK_FORMAT_TASKMASTER, text);
    json_parser_free(parser);
    arena_free(&arena);
    return 0;
}
