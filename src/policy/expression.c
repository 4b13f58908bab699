/* policy, expressions: receives one regular expression and texts, says whether it is found.
 * Refuses to run on: a search that takes more steps than the limit has found nothing. */
#include "match.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <assert.h>

struct match_expression {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

static pcre2_code *compile(struct slice text, int *error, size_t *error_at)
{
    uint32_t options = PCRE2_CASELESS | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
                       PCRE2_NEVER_BACKSLASH_C | PCRE2_MULTILINE;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        memory_exhausted();
    pcre2_set_max_pattern_length(context, MATCH_EXPRESSION_BYTES_MOST);
    pcre2_set_parens_nest_limit(context, 50);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)text.base, text.len, options, error, error_at, context);
    pcre2_compile_context_free(context);
    return code;
}

bool match_check_expression(struct slice expression, struct failure *failure)
{
    int error = 0;
    size_t error_at = 0;
    pcre2_code *code = compile(expression, &error, &error_at);
    if (code) {
        pcre2_code_free(code);
        return true;
    }
    char message[256] = "";
    pcre2_get_error_message(error, (PCRE2_UCHAR *)message, sizeof(message));
    return failure_set(failure, "%s (at byte %zu)", message, error_at + 1);
}

struct match_expression *match_expression_make(struct arena *arena, struct slice text)
{
    struct match_expression *expression = arena_take(arena, sizeof(*expression));
    int error = 0;
    size_t error_at = 0;
    expression->code = compile(text, &error, &error_at);
    assert(expression->code);                                /* it was checked */
    pcre2_jit_compile(expression->code, PCRE2_JIT_COMPLETE); /* without JIT it is only slower */
    expression->data = pcre2_match_data_create(1, NULL);
    expression->limits = pcre2_match_context_create(NULL);
    if (!expression->data || !expression->limits)
        memory_exhausted();
    pcre2_set_match_limit(expression->limits, MATCH_EXPRESSION_STEPS_MOST);
    pcre2_set_depth_limit(expression->limits, 1000);
    pcre2_set_heap_limit(expression->limits, 1024);
    return expression;
}

bool match_expression_finds(const struct match_expression *expression, struct slice text)
{
    size_t len =
        text.len < MATCH_EXPRESSION_TEXT_BYTES_MOST ? text.len : MATCH_EXPRESSION_TEXT_BYTES_MOST;
    const char *base = text.base ? text.base : "";
    return pcre2_match(expression->code, (PCRE2_SPTR)base, len, 0, 0, expression->data,
               expression->limits) >= 0;
}

void match_expression_free(struct match_expression *expression)
{
    if (!expression)
        return;
    pcre2_match_context_free(expression->limits);
    pcre2_match_data_free(expression->data);
    pcre2_code_free(expression->code);
}
