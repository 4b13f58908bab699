/* Reads outcome rows and splits them. Receives bytes of a stranger's file, hands on rows in an
 * arena; refuses to know what will be learned from them. */
#include "data.h"

#include "base/file.h"
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void data_free(struct eval_data *data)
{
    arena_free(&data->arena);
    *data = (struct eval_data){0};
}

size_t data_model(const struct eval_data *data, struct slice name)
{
    for (size_t i = 0; i < data->n_models; i++)
        if (slice_equal(data->models[i], name))
            return i;
    return SIZE_MAX;
}

struct data_outcome data_outcome(const struct data_row *row, size_t model)
{
    if (model >= row->n_outcomes)
        return (struct data_outcome){NAN, NAN};
    return row->outcomes[model];
}

static bool find_or_add_model(
    struct eval_data *data, struct slice name, size_t *model, struct failure *failure)
{
    *model = data_model(data, name);
    if (*model != SIZE_MAX)
        return true;
    if (data->n_models == DATA_MODELS_MOST)
        return failure_set(
            failure, "models: more than %d different models in the file", DATA_MODELS_MOST);
    data->models = arena_grow(
        &data->arena, data->models, data->n_models, &data->models_room, sizeof(*data->models));
    *model = data->n_models;
    data->models[data->n_models++] = arena_copy(&data->arena, name);
    return true;
}

static bool read_outcome(
    struct slice model, struct json value, struct data_outcome *outcome, struct failure *failure)
{
    *outcome = (struct data_outcome){NAN, NAN};
    bool truth;
    struct json ok = json_get(value, "ok");
    if (json_bool(ok, &truth))
        outcome->score = truth ? 1 : 0;
    else if (!json_double(ok, &outcome->score) &&
             !json_double(json_get(value, "score"), &outcome->score))
        return failure_set(
            failure, "models: %.*s has neither \"ok\" nor \"score\"", SLICE_ARG(model));
    if (!(outcome->score >= 0 && outcome->score <= 1))
        return failure_set(failure, "models: %.*s: the score %g is not between 0 and 1",
            SLICE_ARG(model), outcome->score);
    struct json cost = json_get(value, "cost");
    if (json_kind(cost) == JSON_NULL)
        return true;
    if (!json_double(cost, &outcome->cost_usd) || !(outcome->cost_usd >= 0))
        return failure_set(
            failure, "models: %.*s: \"cost\" must be null or dollars from 0 on", SLICE_ARG(model));
    return true;
}

static bool read_outcomes(
    struct eval_data *data, struct json models, struct data_row *row, struct failure *failure)
{
    if (json_kind(models) != JSON_OBJECT || json_count(models) == 0)
        return failure_set(failure, "\"models\" must be an object of at least one model");
    struct data_outcome outcomes[DATA_MODELS_MOST];
    size_t n = 0;
    struct json_walk walk = json_walk_over(models);
    while (json_next(&walk)) {
        size_t model;
        if (!find_or_add_model(data, walk.key, &model, failure))
            return false;
        while (n <= model)
            outcomes[n++] = (struct data_outcome){NAN, NAN};
        if (!read_outcome(walk.key, walk.value, &outcomes[model], failure))
            return false;
    }
    struct data_outcome *kept = ARENA_ARRAY(&data->arena, struct data_outcome, n);
    memcpy(kept, outcomes, n * sizeof(*kept));
    row->outcomes = kept;
    row->n_outcomes = n;
    return true;
}

/* "difficulty" names that label and every "difficulty:…"; "diff*" all that begin so. */
static bool is_excluded(struct slice label, const struct slice *excluded, size_t n_excluded)
{
    for (size_t i = 0; i < n_excluded; i++) {
        struct slice pattern = excluded[i];
        bool open = slice_ends(pattern, ":") || slice_ends(pattern, "*");
        if (slice_ends(pattern, "*"))
            pattern.len--;
        bool begins = slice_equal(slice_sub(label, 0, pattern.len), pattern);
        bool ends = label.len == pattern.len || label.base[pattern.len] == ':';
        if (begins && (open || ends))
            return true;
    }
    return false;
}

static bool read_labels(struct eval_data *data, struct json labels, const struct slice *excluded,
    size_t n_excluded, struct data_row *row, struct failure *failure)
{
    if (json_kind(labels) == JSON_NULL)
        return true;
    if (json_kind(labels) != JSON_ARRAY)
        return failure_set(failure, "\"labels\" must be an array of texts");
    if (json_count(labels) > DATA_LABELS_MOST)
        return failure_set(failure, "\"labels\": more than %d", DATA_LABELS_MOST);
    struct slice *kept = ARENA_ARRAY(&data->arena, struct slice, json_count(labels));
    struct json_walk walk = json_walk_over(labels);
    while (json_next(&walk)) {
        struct slice label;
        if (!json_text(walk.value, &label))
            return failure_set(failure, "\"labels\" must be an array of texts");
        if (!is_excluded(label, excluded, n_excluded))
            kept[row->n_labels++] = arena_copy(&data->arena, label);
    }
    row->labels = kept;
    return true;
}

struct reading {
    struct eval_data *data;
    struct json_parser *parser;
    const struct slice *excluded;
    size_t n_excluded;
};

static bool read_row(
    struct reading *reading, struct slice line, struct data_row *row, struct failure *failure)
{
    struct eval_data *data = reading->data;
    struct json root;
    if (line.len > DATA_LINE_BYTES_MOST)
        return failure_set(failure, "longer than %d bytes", DATA_LINE_BYTES_MOST);
    if (!json_parse(reading->parser, line, &root, failure))
        return false;
    if (json_kind(root) != JSON_OBJECT)
        return failure_set(failure, "not a JSON object");
    struct slice id, text;
    if (!json_text(json_get(root, "id"), &id) || id.len == 0)
        return failure_set(failure, "\"id\" must be a text that is not empty");
    if (!json_text(json_get(root, "text"), &text))
        return failure_set(failure, "\"text\" must be a text");
    row->id = arena_copy(&data->arena, id);
    row->text = arena_copy(&data->arena, text);
    return read_labels(data, json_get(root, "labels"), reading->excluded, reading->n_excluded, row,
               failure) &&
           read_outcomes(data, json_get(root, "models"), row, failure);
}

static int compare_ids(const void *a, const void *b)
{
    const struct data_row *left = *(const struct data_row *const *)a;
    const struct data_row *right = *(const struct data_row *const *)b;
    int order = slice_compare(left->id, right->id);
    return order ? order : (left->line > right->line) - (left->line < right->line);
}

/* The same id twice would put one task on both sides of a split. */
static bool check_ids(const struct data_row *rows, size_t n, struct failure *failure)
{
    const struct data_row **sorted = memory_take((n ? n : 1) * sizeof(*sorted));
    for (size_t i = 0; i < n; i++)
        sorted[i] = &rows[i];
    qsort(sorted, n, sizeof(*sorted), compare_ids);
    bool good = true;
    for (size_t i = 1; i < n && good; i++)
        if (slice_equal(sorted[i - 1]->id, sorted[i]->id))
            good = failure_set(failure, "line %zu: the id \"%.*s\" was on line %zu already",
                sorted[i]->line, SLICE_ARG(sorted[i]->id), sorted[i - 1]->line);
    free(sorted);
    return good;
}

static bool read_lines(
    struct reading *reading, struct slice rest, const char *path, struct failure *failure)
{
    struct eval_data *data = reading->data;
    size_t first = data->n_rows, number = 0;
    struct slice line;
    while (slice_next_line(&rest, &line)) {
        number++;
        if (json_is_blank(line))
            continue;
        if (data->n_rows == DATA_ROWS_MOST)
            return failure_set(failure, "%s: more than %d rows", path, DATA_ROWS_MOST);
        struct data_row row = {.file = data->n_files, .line = number};
        if (!read_row(reading, line, &row, failure))
            return failure_prefix(failure, "%s:%zu", path, number);
        data->rows = arena_grow(
            &data->arena, data->rows, data->n_rows, &data->rows_room, sizeof(*data->rows));
        data->rows[data->n_rows++] = row;
    }
    if (data->n_rows == first)
        return failure_set(failure, "%s: no outcome rows in it", path);
    if (!check_ids(data->rows + first, data->n_rows - first, failure))
        return failure_prefix(failure, "%s", path);
    data->n_files++;
    return true;
}

bool data_add(struct eval_data *data, const char *name, struct slice bytes,
    const struct slice *excluded, size_t n_excluded, struct failure *failure)
{
    if (data->n_files == DATA_FILES_MOST)
        return failure_set(failure, "%s: more than %d files", name, DATA_FILES_MOST);
    struct reading reading = {data, json_parser_make(), excluded, n_excluded};
    bool good = read_lines(&reading, bytes, name, failure);
    json_parser_free(reading.parser);
    return good;
}

bool data_read(struct eval_data *data, const char *path, const struct slice *excluded,
    size_t n_excluded, struct failure *failure)
{
    struct file_bytes file = {0};
    if (!file_open(path, DATA_BYTES_MOST, &file, failure))
        return false;
    bool good = data_add(data, path, file.bytes, excluded, n_excluded, failure);
    file_close(&file);
    return good;
}

uint64_t data_hash(const char *salt, struct slice text)
{
    size_t salt_len = strlen(salt);
    char *bytes = memory_take(salt_len + text.len + 1);
    memcpy(bytes, salt, salt_len);
    if (text.len)
        memcpy(bytes + salt_len, text.base, text.len);
    char hex[SHA256_HEX_BYTES];
    file_sha256((struct slice){bytes, salt_len + text.len}, hex);
    free(bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < 16; i++)
        value = value << 4 | (uint64_t)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
    return value;
}

void data_split_folds(const struct eval_data *data, const char *salt, size_t n_folds, size_t *fold)
{
    for (size_t i = 0; i < data->n_rows; i++)
        fold[i] = (size_t)(data_hash(salt, data->rows[i].id) % n_folds);
}

struct hashed {
    uint64_t hash;
    struct slice key;
    size_t row;
};

static int compare_hashed(const void *a, const void *b)
{
    const struct hashed *left = a, *right = b;
    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    int order = slice_compare(left->key, right->key);
    return order ? order : (left->row > right->row) - (left->row < right->row);
}

static struct slice label_with_prefix(const struct data_row *row, const char *prefix)
{
    for (size_t i = 0; i < row->n_labels; i++)
        if (slice_starts(row->labels[i], prefix))
            return row->labels[i];
    return (struct slice){0};
}

bool data_split_groups(const struct eval_data *data, const char *salt, const char *prefix,
    size_t n_folds, size_t *fold, struct failure *failure)
{
    size_t n = data->n_rows, n_groups = 0;
    struct hashed *hashed = memory_take((n ? n : 1) * sizeof(*hashed));
    size_t *held = memory_take(n_folds * sizeof(*held));
    memset(held, 0, n_folds * sizeof(*held));
    for (size_t i = 0; i < n; i++) {
        struct slice label = label_with_prefix(&data->rows[i], prefix);
        hashed[i] = (struct hashed){data_hash(salt, label), label, i};
    }
    qsort(hashed, n, sizeof(*hashed), compare_hashed);
    for (size_t i = 0; i < n;) {
        size_t end = i, to = 0;
        while (end < n && slice_equal(hashed[end].key, hashed[i].key))
            end++;
        for (size_t f = 1; f < n_folds; f++)
            if (held[f] < held[to])
                to = f;
        held[to] += end - i;
        n_groups++;
        for (; i < end; i++)
            fold[hashed[i].row] = to;
    }
    free(hashed);
    free(held);
    if (n_groups < n_folds)
        return failure_set(failure, "--group-by %s: %zu groups of labels, %zu are needed", prefix,
            n_groups, n_folds);
    return true;
}

void data_order(const struct eval_data *data, const char *salt, size_t *order)
{
    size_t n = data->n_rows;
    struct hashed *hashed = memory_take((n ? n : 1) * sizeof(*hashed));
    for (size_t i = 0; i < n; i++)
        hashed[i] = (struct hashed){data_hash(salt, data->rows[i].id), data->rows[i].id, i};
    qsort(hashed, n, sizeof(*hashed), compare_hashed);
    for (size_t i = 0; i < n; i++)
        order[i] = hashed[i].row;
    free(hashed);
}
