/* Any bytes as settings, as a hook's input and as a transcript: what is made of them is JSON, holds
 * our hook after adding it and not after removing it. */
#include "base/json.h"
#include "connect/connect.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

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
    json_parser_free(parser);
    arena_free(&arena);
    return 0;
}
