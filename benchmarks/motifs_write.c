/*
 * motifs_write.c - motifs as a dataset; see motifs.h.
 */
#include "motifs.h"

#include <stdio.h>
#include <string.h>

static int add_response(bram_ctx *cx, bram_dataset *ds, const char *name, size_t dims,
                        const bram_axis *const *axes, const double *values)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_response_new(cx, &r, name, BRAM_F64, dims, axes));
    memcpy(bram_response_f64(r), values, bram_response_count(r) * sizeof *values);
    return bram_dataset_add(cx, ds, "motifs", r);
}

/* motif x neuron x neuron_2, symmetric, diagonal 0. */
static int add_graph(bram_ctx *cx, bram_dataset *ds, const bram_motifs *m, const bram_axis *motif,
                     const bram_axis *other)
{
    size_t n = m->neurons, rank = m->fit.rank;
    double *graph = bram_scratch(cx, rank, n * n * sizeof *graph);
    if (!graph) return BRAM_ENOMEM;
    for (size_t r = 0; r < rank; r++)
        for (size_t i = 0, p = 0; i < n; i++)
            for (size_t j = i + 1; j < n; j++, p++)
                graph[(r * n + i) * n + j] = graph[(r * n + j) * n + i] =
                    m->fit.weight[r] * m->fit.factor[2][p * rank + r];
    return add_response(cx, ds, "graph", 3, (const bram_axis *[]){motif, m->neuron, other}, graph);
}

static int add_communities(bram_ctx *cx, bram_dataset *ds, const bram_motifs *m,
                           const bram_axis *motif)
{
    size_t n = m->neurons, rank = m->fit.rank;
    double *community = bram_scratch(cx, rank, n * sizeof *community);
    if (!community) return BRAM_ENOMEM;
    for (size_t r = 0; r < rank; r++)
        for (size_t i = 0; i < n; i++) community[i * rank + r] = (double)m->label[r * n + i];
    return add_response(cx, ds, "community", 2, (const bram_axis *[]){m->neuron, motif}, community);
}

static int describe_motifs(bram_ctx *cx, bram_axis *motif, const bram_motifs *m)
{
    size_t rank = m->fit.rank;
    double *nats = bram_scratch(cx, rank, sizeof *nats);
    int64_t *number = bram_scratch(cx, rank, 2 * sizeof *number);
    char(*text)[24] = bram_scratch(cx, rank, sizeof *text);
    const char **id = bram_scratch(cx, rank, sizeof *id);
    if (!nats || !number || !text || !id) return BRAM_ENOMEM;
    for (size_t r = 0; r < rank; r++) {
        snprintf(text[r], sizeof text[r], "%zu", r + 1);
        id[r] = text[r], nats[r] = m->found[r].nats;
        number[r] = (int64_t)m->found[r].blocks, number[rank + r] = (int64_t)m->core[r];
    }
    BRAM_TRY(bram_axis_set_ids(cx, motif, id));
    BRAM_TRY(bram_axis_add_number(cx, motif, "weight", m->fit.weight, "1"));
    BRAM_TRY(bram_axis_add_integer(cx, motif, "blocks", number));
    BRAM_TRY(bram_axis_add_integer(cx, motif, "core", number + rank));
    return bram_axis_add_number(cx, motif, "nats", nats, "1");
}

/* Errors and similarities of the ranks that were tried, where the rank was chosen. */
static int add_ranks(bram_ctx *cx, bram_dataset *ds, const bram_motifs *m)
{
    char(*text)[24] = bram_scratch(cx, m->ranks, sizeof *text);
    const char **id = bram_scratch(cx, m->ranks, sizeof *id);
    bram_axis *table = NULL;
    if (!m->ranks) return BRAM_OK;
    if (!text || !id) return BRAM_ENOMEM;
    for (size_t r = 0; r < m->ranks; r++) {
        snprintf(text[r], sizeof text[r], "%zu", r + 1);
        id[r] = text[r];
    }
    BRAM_TRY(bram_axis_new(cx, &table, "rank", m->ranks));
    int status = bram_axis_set_ids(cx, table, id);
    if (status == BRAM_OK) status = bram_axis_add_number(cx, table, "error", m->choice.error, "1");
    if (status == BRAM_OK)
        status = bram_axis_add_number(cx, table, "similarity", m->choice.similarity, "1");
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "motifs", table);
    bram_axis_free(table);
    return status;
}

static int describe(bram_ctx *cx, bram_dataset *ds, const bram_motifs *m)
{
    static const char *const texts[][2] = {{"dataset", "motifs"},
                                           {"licence", "that of the recordings"},
                                           {"citation", "Dyballa et al. 2024, arXiv 2402.14102"},
                                           {"history", "bramble motifs"}};
    bram_attrs *root = bram_dataset_attrs(cx, ds, "");
    if (!root) return BRAM_ENOMEM;
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        BRAM_TRY(bram_attrs_set_text(cx, root, texts[k][0], texts[k][1]));
    bram_attrs *a = bram_dataset_attrs(cx, ds, "motifs");
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_number(cx, a, "error", m->fit.error));
    if (m->ranks) BRAM_TRY(bram_attrs_set_integer(cx, a, "elbow", (int64_t)m->choice.elbow));
    return bram_attrs_set_integer(cx, a, "rank", (int64_t)m->fit.rank);
}

static int fill(bram_ctx *cx, bram_dataset *ds, const bram_motifs *m, bram_axis *axis[2])
{
    const char **id = bram_scratch(cx, m->neurons, sizeof *id);
    if (!id) return BRAM_ENOMEM;
    for (size_t i = 0; i < m->neurons; i++) id[i] = bram_axis_id(m->neuron, i);
    BRAM_TRY(describe(cx, ds, m));
    BRAM_TRY(bram_axis_new(cx, &axis[0], "motif", m->fit.rank));
    BRAM_TRY(describe_motifs(cx, axis[0], m));
    BRAM_TRY(bram_axis_new(cx, &axis[1], "neuron_2", m->neurons));
    BRAM_TRY(bram_axis_set_ids(cx, axis[1], id));
    BRAM_TRY(
        add_response(cx, ds, "when", 2, (const bram_axis *[]){m->time, axis[0]}, m->fit.factor[0]));
    BRAM_TRY(add_response(cx, ds, "who", 2, (const bram_axis *[]){m->animal, axis[0]},
                          m->fit.factor[1]));
    BRAM_TRY(add_graph(cx, ds, m, axis[0], axis[1]));
    BRAM_TRY(add_communities(cx, ds, m, axis[0]));
    return add_ranks(cx, ds, m);
}

int bram_motifs_dataset(bram_ctx *cx, bram_dataset **out, const bram_motifs *m)
{
    bram_dataset *ds = NULL;
    bram_axis *axis[2] = {NULL};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_dataset_new(cx, &ds));
    int status = fill(cx, ds, m, axis);
    for (size_t k = 0; k < 2; k++) bram_axis_free(axis[k]);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = ds;
    else bram_dataset_free(ds);
    return status;
}
