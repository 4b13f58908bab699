/* The only C++ file: simdjson's document model behind the C door of json.h. */
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <simdjson.h>
#include <type_traits>

extern "C" {
#include "json.h"
}

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

struct json_parser {
    simdjson::dom::parser parser;
};

/* A struct json is an element by another name: which document, where on its tape. */
static_assert(sizeof(struct json) == sizeof(element));
static_assert(std::is_trivially_copyable_v<element>);
static_assert(sizeof(array::iterator) == sizeof(struct json));
static_assert(sizeof(object::iterator) == sizeof(struct json));

namespace
{
template <typename To, typename From> To as(const From &from)
{
    static_assert(sizeof(To) == sizeof(From));
    To to;
    std::memcpy(static_cast<void *>(&to), static_cast<const void *>(&from), sizeof(to));
    return to;
}

struct slice slice_of(std::string_view text)
{
    return {text.data(), text.size()};
}
} // namespace

extern "C" {

struct json_parser *json_parser_make(void)
{
    auto *made = new json_parser;
    if (made->parser.allocate(size_t{16} * 1024, JSON_DEPTH_MOST) != simdjson::SUCCESS)
        memory_exhausted();
    return made;
}

void json_parser_free(struct json_parser *parser)
{
    delete parser;
}

bool json_is_blank(struct slice bytes)
{
    return slice_trim(bytes).len == 0;
}

bool json_parse(
    struct json_parser *parser, struct slice bytes, struct json *root, struct failure *failure)
{
    if (bytes.len == 0)
        return failure_set(failure, "empty where JSON was expected");
    element parsed;
    auto error = parser->parser.parse(bytes.base, bytes.len, true).get(parsed);
    if (error != simdjson::SUCCESS) {
        if (error == simdjson::MEMALLOC)
            memory_exhausted();
        if (error == simdjson::DEPTH_ERROR)
            return failure_set(failure, "JSON nested deeper than %d levels", JSON_DEPTH_MOST);
        if (error == simdjson::UTF8_ERROR)
            return failure_set(failure, "not valid UTF-8");
        if (error == simdjson::UNCLOSED_STRING)
            return failure_set(failure, "not valid JSON: a string is not closed (cut off?)");
        if (error == simdjson::NUMBER_ERROR)
            return failure_set(failure, "not valid JSON: a number is malformed or too large");
        if (error == simdjson::UNESCAPED_CHARS)
            return failure_set(failure, "not valid JSON: a control character inside a string");
        if (error == simdjson::CAPACITY)
            return failure_set(failure, "larger than the 4 GB that can be read as JSON");
        return failure_set(failure, "not valid JSON");
    }
    *root = as<struct json>(parsed);
    return true;
}

enum json_kind json_kind(struct json value)
{
    if (!value.document)
        return JSON_NULL;
    switch (as<element>(value).type()) {
    case element_type::ARRAY:
        return JSON_ARRAY;
    case element_type::OBJECT:
        return JSON_OBJECT;
    case element_type::STRING:
        return JSON_TEXT;
    case element_type::BOOL:
        return JSON_BOOL;
    case element_type::NULL_VALUE:
        return JSON_NULL;
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
        break;
    }
    return JSON_NUMBER;
}

struct json json_get(struct json value, const char *key)
{
    element found;
    if (json_kind(value) != JSON_OBJECT ||
        as<element>(value).at_key(key).get(found) != simdjson::SUCCESS)
        return {nullptr, 0};
    return as<struct json>(found);
}

bool json_text(struct json value, struct slice *text)
{
    std::string_view found;
    if (!value.document || as<element>(value).get(found) != simdjson::SUCCESS)
        return false;
    *text = slice_of(found);
    return true;
}

bool json_double(struct json value, double *number)
{
    return value.document && as<element>(value).get(*number) == simdjson::SUCCESS;
}

bool json_int64(struct json value, int64_t *number)
{
    if (!value.document)
        return false;
    if (as<element>(value).get(*number) == simdjson::SUCCESS)
        return true;
    double real = 0;
    if (as<element>(value).get(real) != simdjson::SUCCESS || real != std::floor(real) ||
        std::fabs(real) > 9007199254740992.0)
        return false;
    *number = static_cast<int64_t>(real);
    return true;
}

bool json_bool(struct json value, bool *truth)
{
    return value.document && as<element>(value).get(*truth) == simdjson::SUCCESS;
}

struct slice json_get_text(struct json value, const char *key)
{
    struct slice text = {"", 0};
    json_text(json_get(value, key), &text);
    return text;
}

size_t json_count(struct json value)
{
    size_t n = 0;
    for (struct json_walk walk = json_walk_over(value); json_next(&walk);)
        n++;
    return n;
}

struct json_walk json_walk_over(struct json value)
{
    struct json_walk walk = {};
    enum json_kind kind = json_kind(value);
    if (kind == JSON_ARRAY) {
        array items = as<element>(value).get_array().value_unsafe();
        walk.at = as<struct json>(items.begin());
        walk.end = as<struct json>(items.end()).index;
    } else if (kind == JSON_OBJECT) {
        object members = as<element>(value).get_object().value_unsafe();
        walk.at = as<struct json>(members.begin());
        walk.end = as<struct json>(members.end()).index;
        walk.is_object = true;
    }
    return walk;
}

bool json_next(struct json_walk *walk)
{
    if (!walk->at.document || walk->at.index >= walk->end)
        return false;
    if (walk->is_object) {
        auto iterator = as<object::iterator>(walk->at);
        walk->key = slice_of(iterator.key());
        walk->value = as<struct json>(iterator.value());
        walk->at = as<struct json>(++iterator);
    } else {
        auto iterator = as<array::iterator>(walk->at);
        walk->key = {"", 0};
        walk->value = as<struct json>(*iterator);
        walk->at = as<struct json>(++iterator);
    }
    return true;
}

struct slice json_write(struct arena *arena, struct json value)
{
    if (!value.document)
        return arena_copy(arena, {"null", 4});
    std::string text = simdjson::minify(as<element>(value));
    return arena_copy(arena, slice_of(text));
}

size_t json_format_double(double number, char *out)
{
    if (!std::isfinite(number)) {
        std::memcpy(out, "null", 4);
        return 4;
    }
    auto written = std::to_chars(out, out + JSON_NUMBER_BYTES, number);
    return static_cast<size_t>(written.ptr - out);
}
}
