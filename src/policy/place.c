/* policy, places: receives nodes of a YAML document, tells where they are, finds those below them
 * and notes mistakes there. Refuses to know what should be at a place. */
#include "walk.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static size_t path_depth(const struct place *place)
{
    size_t n = 0;
    for (; place && place->above; place = place->above)
        n++;
    return n;
}

struct slice walk_shown(struct walk *walk, struct slice text)
{
    return text_one_line(walk->arena, text, 60);
}

static struct slice path_of(struct walk *walk, const struct place *place)
{
    const struct place *way[WALK_DEPTH_MOST];
    size_t n = path_depth(place);
    assert(n <= WALK_DEPTH_MOST);
    for (size_t i = n; i-- > 0; place = place->above)
        way[i] = place;
    struct slice path = {"", 0};
    for (size_t i = 0; i < n; i++) {
        if (way[i]->is_item)
            path = arena_print(walk->arena, "%.*s[%zu]", SLICE_ARG(path), way[i]->index);
        else
            path = arena_print(walk->arena, "%.*s%s%.*s", SLICE_ARG(path), path.len ? "." : "",
                SLICE_ARG(walk_shown(walk, way[i]->key)));
    }
    return path;
}

struct slice walk_where(struct walk *walk, const struct place *place)
{
    struct slice path = path_of(walk, place);
    return arena_print(walk->arena, "%.*s:%zu:%zu: %.*s%s", SLICE_ARG(walk->name),
        place->node->start_mark.line + 1, place->node->start_mark.column + 1, SLICE_ARG(path),
        path.len ? ": " : "");
}

static void add_problem(struct walk *walk, struct policy_problem problem)
{
    if (walk->n_problems == POLICY_PROBLEMS_MOST) {
        walk->n_more++;
        return;
    }
    problem.sentence = arena_print(walk->arena, "%.*s:%zu:%zu: %.*s%s%.*s", SLICE_ARG(walk->name),
        problem.line, problem.column, SLICE_ARG(problem.key), problem.key.len ? ": " : "",
        SLICE_ARG(problem.message));
    walk->problems = arena_grow(walk->arena, walk->problems, walk->n_problems, &walk->problems_room,
        sizeof(*walk->problems));
    walk->problems[walk->n_problems] = (struct walk_problem){problem, walk->n_problems};
    walk->n_problems++;
}

static struct slice print_list(struct walk *walk, const char *format, va_list arguments)
{
    char text[2048];
    vsnprintf(text, sizeof(text), format, arguments);
    return arena_print(walk->arena, "%s", text);
}

void walk_problem(struct walk *walk, const struct place *place, const char *format, ...)
{
    va_list arguments;
    struct policy_problem problem = {.line = place->node->start_mark.line + 1,
        .column = place->node->start_mark.column + 1,
        .key = path_of(walk, place)};
    va_start(arguments, format);
    problem.message = print_list(walk, format, arguments);
    va_end(arguments);
    add_problem(walk, problem);
}

void walk_problem_at(struct walk *walk, size_t line, size_t column, const char *format, ...)
{
    va_list arguments;
    struct policy_problem problem = {.line = line, .column = column, .key = {"", 0}};
    va_start(arguments, format);
    problem.message = print_list(walk, format, arguments);
    va_end(arguments);
    add_problem(walk, problem);
}

struct slice walk_text(const yaml_node_t *node)
{
    assert(node->type == YAML_SCALAR_NODE);
    return (struct slice){(const char *)node->data.scalar.value, node->data.scalar.length};
}

yaml_node_t *walk_node(struct walk *walk, int index)
{
    return yaml_document_get_node(walk->document, index);
}

const struct place *walk_below(
    struct walk *walk, const struct place *above, struct slice key, yaml_node_t *node)
{
    struct place *place = arena_take(walk->arena, sizeof(*place));
    *place = (struct place){above, key, 0, false, node};
    return place;
}

const struct place *walk_item(struct walk *walk, const struct place *above, size_t index)
{
    struct place *place = arena_take(walk->arena, sizeof(*place));
    int node = above->node->data.sequence.items.start[index];
    *place = (struct place){above, {"", 0}, index, true, walk_node(walk, node)};
    return place;
}

const struct place *walk_find(struct walk *walk, const struct place *place, const char *key)
{
    if (place->node->type != YAML_MAPPING_NODE)
        return NULL;
    yaml_node_pair_t *pair = place->node->data.mapping.pairs.start;
    for (; pair < place->node->data.mapping.pairs.top; pair++) {
        yaml_node_t *name = walk_node(walk, pair->key);
        if (name->type == YAML_SCALAR_NODE && slice_is(walk_text(name), key))
            return walk_below(walk, place, walk_text(name), walk_node(walk, pair->value));
    }
    return NULL;
}

bool walk_is_empty_list(const struct place *place)
{
    const yaml_node_t *node = place->node;
    return node->type == YAML_SEQUENCE_NODE &&
           node->data.sequence.items.start == node->data.sequence.items.top;
}

/* ---- suggestions ---- */

enum { NAME_BYTES_MOST = 32 };

/* Edits (insert, delete, replace, swap neighbours) from one name to the other, caseless. */
static size_t distance(struct slice a, struct slice b)
{
    size_t rows[3][NAME_BYTES_MOST + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t k = 0; k <= b.len; k++)
        above[k] = k;
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t k = 1; k <= b.len; k++) {
            char x = slice_ascii_lower(a.base[i - 1]), y = slice_ascii_lower(b.base[k - 1]);
            size_t least = above[k - 1] + (x != y);
            least = above[k] + 1 < least ? above[k] + 1 : least;
            least = row[k - 1] + 1 < least ? row[k - 1] + 1 : least;
            if (i > 1 && k > 1 && x == slice_ascii_lower(b.base[k - 2]) &&
                y == slice_ascii_lower(a.base[i - 2]) && before[k - 2] + 1 < least)
                least = before[k - 2] + 1;
            row[k] = least;
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b.len];
}

bool walk_is_near(struct slice misspelt, struct slice name, size_t *best)
{
    if (misspelt.len > NAME_BYTES_MOST || name.len > NAME_BYTES_MOST || misspelt.len == 0)
        return false;
    size_t edits = distance(misspelt, name);
    size_t allowed = name.len <= 4 ? 1 : name.len <= 8 ? 2 : 3;
    if (edits > allowed || edits >= *best)
        return false;
    *best = edits;
    return true;
}
