/* A learner as blocks of a snapshot, and back without parsing: numbers stay where they are mapped,
 * only the names of labels get their slices anew. */
#include "learner.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_MOST = 4 * EVIDENCE_LABELS_MOST };

struct image_sizes {
    uint64_t n_slots, name_bytes;
    double strength;
    struct evidence_options options;
    struct evidence_summary summary;
    struct text_scale scale;
};

struct image_name {
    uint64_t at, len;
};

static void write_labels(const struct evidence_learner *learner, struct emit *out)
{
    const struct labels *labels = &learner->labels;
    struct image_name *names = memory_take((labels->n + 1) * sizeof(*names));
    struct emit bytes = {0};
    for (size_t i = 0; i < labels->n; i++) {
        names[i] = (struct image_name){bytes.len, labels->names[i].len};
        emit_bytes(&bytes, labels->names[i]);
    }
    image_write(out, labels->slots, labels->n_slots, sizeof(*labels->slots));
    image_write(out, names, labels->n, sizeof(*names));
    image_write(out, bytes.bytes ? bytes.bytes : "", bytes.len, 1);
    emit_free(&bytes);
    free(names);
}

static size_t name_bytes_of(const struct labels *labels)
{
    size_t n = 0;
    for (size_t i = 0; i < labels->n; i++)
        n += labels->names[i].len;
    return n;
}

void learner_write(const struct evidence_learner *learner, struct emit *out)
{
    const struct cell_model *cells = &learner->layers.cells;
    const struct image_sizes sizes = {learner->labels.n_slots, name_bytes_of(&learner->labels),
        cells->strength, learner->options, learner->summary, learner->layers.scale};
    image_write(out, &sizes, 1, sizeof(sizes));
    write_labels(learner, out);
    image_write(out, learner->layers.base, cells->n_rungs, sizeof(*learner->layers.base));
    image_write(out, learner->calibrations, cells->n_rungs, sizeof(*learner->calibrations));
    image_write(out, cells->ability, cells->n_rungs, sizeof(*cells->ability));
    image_write(out, cells->difficulty, cells->n_labels, sizeof(*cells->difficulty));
    image_write(out, cells->precision, cells->n_labels, sizeof(*cells->precision));
    image_write(out, cells->n, cells->n_rungs, sizeof(*cells->n));
    image_write(out, cells->cells, cells->n_labels * cells->n_rungs, sizeof(*cells->cells));
    if (!learner->options.use_text || !(learner->summary.text_gate > 0))
        return; /* a text that tells nothing is not kept: it would be megabytes */
    image_write(out, learner->layers.heads, cells->n_rungs, sizeof(*learner->layers.heads));
    for (size_t i = 0; i < cells->n_rungs; i++)
        image_write(
            out, learner->layers.heads[i].words, FEATURES_BUCKETS, sizeof(struct text_weight));
}

static bool read_labels(
    struct image_reader *reader, struct evidence_learner *learner, const struct image_sizes *sizes)
{
    struct labels *labels = &learner->labels;
    size_t n = learner->layers.cells.n_labels;
    if (sizes->n_slots > SLOTS_MOST || (sizes->n_slots & (sizes->n_slots - 1)) != 0 ||
        (n > 0 && sizes->n_slots <= n))
        return false;
    labels->n = n;
    labels->n_slots = sizes->n_slots;
    labels->slots = image_read(reader, sizes->n_slots, sizeof(*labels->slots));
    const struct image_name *names = image_read(reader, n, sizeof(*names));
    const char *bytes = image_read(reader, sizes->name_bytes, 1);
    if (reader->broken)
        return false;
    labels->names = ARENA_ARRAY(&learner->arena, struct slice, n);
    for (size_t i = 0; i < n; i++) {
        if (names[i].at > sizes->name_bytes || names[i].len > sizes->name_bytes - names[i].at)
            return false;
        labels->names[i] = (struct slice){bytes + names[i].at, names[i].len};
    }
    size_t free_slots = 0;
    for (size_t i = 0; i < labels->n_slots; i++) {
        if (labels->slots[i] > n)
            return false;
        free_slots += labels->slots[i] == 0;
    }
    return n == 0 || free_slots > 0; /* a search must come to an end */
}

static bool read_cells(
    struct image_reader *reader, struct evidence_learner *learner, const struct image_sizes *sizes)
{
    struct layers *layers = &learner->layers;
    struct cell_model *cells = &layers->cells;
    layers->base = image_read(reader, cells->n_rungs, sizeof(*layers->base));
    learner->calibrations = image_read(reader, cells->n_rungs, sizeof(*learner->calibrations));
    cells->strength = sizes->strength;
    cells->ability = image_read(reader, cells->n_rungs, sizeof(*cells->ability));
    cells->difficulty = image_read(reader, cells->n_labels, sizeof(*cells->difficulty));
    cells->precision = image_read(reader, cells->n_labels, sizeof(*cells->precision));
    cells->n = image_read(reader, cells->n_rungs, sizeof(*cells->n));
    cells->cells = image_read(reader, cells->n_labels * cells->n_rungs, sizeof(*cells->cells));
    return !reader->broken;
}

static bool read_text(struct image_reader *reader, struct evidence_learner *learner)
{
    if (!learner->options.use_text || !(learner->summary.text_gate > 0)) {
        learner->options.use_text = false;
        return true;
    }
    size_t n = learner->layers.cells.n_rungs;
    learner->layers.heads = image_read(reader, n, sizeof(*learner->layers.heads));
    for (size_t i = 0; i < n && !reader->broken; i++)
        learner->layers.heads[i].words =
            image_read(reader, FEATURES_BUCKETS, sizeof(struct text_weight));
    return !reader->broken;
}

struct evidence_learner *learner_read(struct image_reader *reader, size_t n_rungs, size_t n_labels)
{
    struct evidence_learner *learner = memory_take(sizeof(*learner));
    const struct image_sizes *sizes = image_read(reader, 1, sizeof(*sizes));
    if (sizes && sizes->options.n_rungs == n_rungs) {
        learner->options = sizes->options;
        learner->summary = sizes->summary;
        learner->layers.scale = sizes->scale;
        learner->layers.cells.n_rungs = n_rungs;
        learner->layers.cells.n_labels = n_labels;
        if (read_labels(reader, learner, sizes) && read_cells(reader, learner, sizes) &&
            read_text(reader, learner))
            return learner;
    }
    evidence_learner_free(learner);
    return NULL;
}

struct slice learner_label_name(const struct evidence_learner *learner, uint32_t label)
{
    return learner && label < learner->labels.n ? learner->labels.names[label]
                                                : (struct slice){"", 0};
}
