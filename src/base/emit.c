#include "emit.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *room_for(struct emit *emit, size_t bytes)
{
    if (emit->room - emit->len < bytes) {
        size_t wanted = emit->room ? emit->room : 4096;
        while (wanted - emit->len < bytes)
            wanted *= 2;
        emit->bytes = memory_resize(emit->bytes, wanted);
        emit->room = wanted;
    }
    return emit->bytes + emit->len;
}

void emit_bytes(struct emit *emit, struct slice bytes)
{
    if (bytes.len)
        memcpy(room_for(emit, bytes.len), bytes.base, bytes.len);
    emit->len += bytes.len;
}

static void put(struct emit *emit, char c)
{
    *room_for(emit, 1) = c;
    emit->len++;
}

void emit_free(struct emit *emit)
{
    free(emit->bytes);
    *emit = (struct emit){0};
}

void emit_clear(struct emit *emit)
{
    emit->len = 0;
    emit->depth = 0;
    emit->has_members = 0;
    emit->after_key = false;
}

struct slice emit_slice(const struct emit *emit)
{
    return (struct slice){emit->bytes, emit->len};
}

/* The comma that a value or key may need before it. */
static void separate(struct emit *emit)
{
    uint64_t bit = (uint64_t)1 << emit->depth;
    if (emit->after_key) {
        emit->after_key = false;
        return;
    }
    if (emit->depth && (emit->has_members & bit))
        put(emit, ',');
    emit->has_members |= bit;
}

void emit_open(struct emit *emit, char bracket)
{
    separate(emit);
    put(emit, bracket);
    emit->depth++;
    assert(emit->depth < EMIT_DEPTH_MOST);
    emit->has_members &= ~((uint64_t)1 << emit->depth);
}

void emit_close(struct emit *emit, char bracket)
{
    assert(emit->depth > 0 && !emit->after_key);
    emit->depth--;
    put(emit, bracket);
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != 0x7f;
}

static void escape(struct emit *emit, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char *found = strchr("\"\\\b\f\n\r\t", c);
    if (c && found) {
        put(emit, '\\');
        put(emit, "\"\\bfnrt"[found - "\"\\\b\f\n\r\t"]);
        return;
    }
    char *out = room_for(emit, 6);
    memcpy(out, "\\u00", 4);
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    emit->len += 6;
}

static void quoted(struct emit *emit, struct slice text)
{
    put(emit, '"');
    while (text.len) {
        size_t plain = 0;
        while (plain < text.len && is_plain((unsigned char)text.base[plain]))
            plain++;
        emit_bytes(emit, slice_sub(text, 0, plain));
        text = slice_sub(text, plain, text.len);
        if (text.len == 0)
            break;
        unsigned char c = (unsigned char)text.base[0];
        size_t n = slice_utf8_length(text);
        if (n > 1)
            emit_bytes(emit, slice_sub(text, 0, n));
        else if (n == 1)
            escape(emit, c);
        else
            emit_bytes(emit, (struct slice){"\xef\xbf\xbd", 3});
        text = slice_sub(text, n ? n : 1, text.len);
    }
    put(emit, '"');
}

void emit_key_slice(struct emit *emit, struct slice key)
{
    assert(!emit->after_key);
    separate(emit);
    quoted(emit, key);
    put(emit, ':');
    emit->after_key = true;
}

void emit_key(struct emit *emit, const char *key)
{
    emit_key_slice(emit, slice_from(key));
}

void emit_raw(struct emit *emit, struct slice json)
{
    separate(emit);
    emit_bytes(emit, json);
}

void emit_text(struct emit *emit, struct slice text)
{
    separate(emit);
    quoted(emit, text);
}

void emit_cstring(struct emit *emit, const char *text)
{
    if (text)
        emit_text(emit, slice_from(text));
    else
        emit_null(emit);
}

void emit_int64(struct emit *emit, int64_t number)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0)
        digits[--at] = '-';
    emit_raw(emit, (struct slice){digits + at, sizeof(digits) - at});
}

void emit_double(struct emit *emit, double number)
{
    char text[JSON_NUMBER_BYTES];
    emit_raw(emit, (struct slice){text, json_format_double(number, text)});
}

void emit_usd(struct emit *emit, double usd)
{
    emit_double(emit, fabs(usd) < 1e6 ? round(usd * 1e9) / 1e9 : usd);
}

void emit_bool(struct emit *emit, bool truth)
{
    emit_raw(emit, slice_from(truth ? "true" : "false"));
}

void emit_null(struct emit *emit)
{
    emit_raw(emit, (struct slice){"null", 4});
}

void emit_member_text(struct emit *emit, const char *key, struct slice text)
{
    emit_key(emit, key);
    emit_text(emit, text);
}

void emit_member_cstring(struct emit *emit, const char *key, const char *text)
{
    emit_key(emit, key);
    emit_cstring(emit, text);
}

void emit_member_int64(struct emit *emit, const char *key, int64_t number)
{
    emit_key(emit, key);
    emit_int64(emit, number);
}

void emit_member_double(struct emit *emit, const char *key, double number)
{
    emit_key(emit, key);
    emit_double(emit, number);
}

void emit_member_usd(struct emit *emit, const char *key, double usd)
{
    emit_key(emit, key);
    emit_usd(emit, usd);
}

void emit_member_bool(struct emit *emit, const char *key, bool truth)
{
    emit_key(emit, key);
    emit_bool(emit, truth);
}

void emit_member_null(struct emit *emit, const char *key)
{
    emit_key(emit, key);
    emit_null(emit);
}
