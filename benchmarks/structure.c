/*
 * structure.c - the edges between the neurons of a recording; see structure.h.
 *
 * Shuffles keep edges with and without a direction apart, so that a gap junction stays one in both
 * directions; where only some pairs are known, edges stay within these.
 */
#include "structure.h"

#include "rewire.h"
#include "wiring.h"

#include <bramble/parallel.h>

#include <string.h>

void bram_structure_release(bram_structure *s)
{
    bram_axis_free(s->node);
}

static bool labelled(const bram_axis *unit, size_t i)
{
    const bram_column *c = bram_axis_column(unit, "certainty");
    return !c || !c->text || strcmp(c->text[i], "exact") == 0;
}

static int new_matrix(bram_ctx *cx, bram_mat *m, size_t n)
{
    double *data = bram_scratch(cx, n * n, sizeof *data);
    *m = (bram_mat){data, n, n, n};
    return data ? BRAM_OK : BRAM_ENOMEM;
}

/* ---- the edges ------------------------------------------------------------------------------ */

/* The wiring with its nodes numbered as those of the structure; others are -1. */
struct numbered {
    bram_wiring wiring;
    ptrdiff_t *node;
};

static int number_nodes(bram_ctx *cx, struct numbered *w, const bram_structure *s)
{
    size_t n = bram_axis_length(w->wiring.nodes);
    w->node = bram_scratch(cx, n, sizeof *w->node);
    if (!w->node) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++)
        w->node[i] = bram_axis_find(s->node, bram_axis_id(w->wiring.nodes, i));
    return BRAM_OK;
}

/* The neurons that are labelled in the recording and nodes; examined ones, if that is a zero. */
static int find_nodes(bram_ctx *cx, bram_structure *s, const bram_axis *unit,
                      const bram_axis *nodes, const bram_options *o)
{
    size_t n = bram_axis_length(unit), least = (size_t)bram_option_integer(o, "minimum");
    bool examined = strcmp(bram_option_text(o, "zeros"), "examined") == 0;
    s->unit = bram_scratch(cx, n, sizeof *s->unit);
    if (!s->unit) return BRAM_ENOMEM;
    for (size_t u = 0; u < n; u++) {
        ptrdiff_t at = bram_axis_find(nodes, bram_axis_id(unit, u));
        if (!labelled(unit, u) || at < 0) continue;
        if (!examined || bram_wiring_examined(nodes, (size_t)at)) s->unit[s->nodes++] = u;
    }
    if (s->nodes < least)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%zu exactly labelled neurons of the recording are %s in the connectome, "
                         "at least %zu are needed",
                         s->nodes, examined ? "examined" : "nodes", least);
    return bram_axis_take(cx, &s->node, unit, s->unit, s->nodes);
}

static int fill_edges(bram_ctx *cx, bram_structure *s, const struct numbered *w)
{
    BRAM_TRY(new_matrix(cx, &s->edge, s->nodes));
    BRAM_TRY(new_matrix(cx, &s->sign, s->nodes));
    for (size_t e = 0; e < w->wiring.edges; e++) {
        ptrdiff_t i = w->node[w->wiring.from[e]], j = w->node[w->wiring.to[e]];
        if (i < 0 || j < 0) continue;
        bram_row(&s->edge, (size_t)i)[j] += fabs(w->wiring.weight[e]);
        bram_row(&s->sign, (size_t)i)[j] += w->wiring.weight[e];
    }
    return BRAM_OK;
}

/* Known are the pairs of a neuron that acts on some and one that responds to some, whoever. */
static int fill_stimulated(bram_ctx *cx, bram_structure *s, const struct numbered *w)
{
    uint8_t *acts = bram_scratch(cx, s->nodes, 1), *responds = bram_scratch(cx, s->nodes, 1);
    if (!acts || !responds) return BRAM_ENOMEM;
    for (size_t e = 0; e < w->wiring.edges; e++) {
        ptrdiff_t i = w->node[w->wiring.from[e]], j = w->node[w->wiring.to[e]];
        if (i >= 0) acts[i] = 1;
        if (j >= 0) responds[j] = 1;
    }
    for (size_t k = 0; k < s->nodes * s->nodes; k++)
        s->present[k] = acts[k / s->nodes] && responds[k % s->nodes];
    return BRAM_OK;
}

/* Known are the edges, and the pairs of the layers of zeros. */
static int fill_present(bram_ctx *cx, bram_structure *s, const struct numbered *all,
                        const bram_dataset *ds, const bram_options *o)
{
    struct numbered w = {{0}, NULL};
    const char *zeros = bram_option_text(o, "zeros");
    if (strcmp(zeros, "examined") == 0) return BRAM_OK;
    s->present = bram_scratch(cx, s->nodes, s->nodes);
    if (!s->present) return BRAM_ENOMEM;
    if (strcmp(zeros, "stimulated") == 0) return fill_stimulated(cx, s, all);
    BRAM_TRY(bram_wiring_read(cx, &w.wiring, ds, bram_option_text(o, "connectome"), zeros));
    int status = number_nodes(cx, &w, s);
    for (size_t e = 0; e < w.wiring.edges && status == BRAM_OK; e++) {
        ptrdiff_t i = w.node[w.wiring.from[e]], j = w.node[w.wiring.to[e]];
        if (i >= 0 && j >= 0) s->present[(size_t)i * s->nodes + (size_t)j] = 1;
    }
    for (size_t k = 0; k < s->nodes * s->nodes && status == BRAM_OK; k++)
        if (s->edge.data[k] > 0) s->present[k] = 1;
    bram_wiring_release(&w.wiring);
    return status;
}

/* The column `delay` of the layers that have one. */
static int fill_delays(bram_ctx *cx, bram_structure *s, const bram_dataset *ds,
                       const bram_options *o)
{
    for (const char *at = bram_option_text(o, "layers"); *at;) {
        size_t length = strcspn(at, "+");
        char *path = bram_strf(cx, "connectome/%s/%.*s", bram_option_text(o, "connectome"),
                               (int)length, at);
        if (!path) return BRAM_ENOMEM;
        const bram_axis *layer = bram_dataset_table(ds, path);
        bram_free(path);
        at += length + (at[length] == '+');
        const bram_column *delay = layer ? bram_axis_column(layer, "delay") : NULL;
        if (!delay || !delay->number) continue;
        if (!s->delayed) {
            BRAM_TRY(new_matrix(cx, &s->delay, s->nodes));
            s->delayed = bram_scratch(cx, s->nodes, s->nodes);
            if (!s->delayed) return BRAM_ENOMEM;
        }
        for (size_t e = 0; e < bram_axis_length(layer); e++) {
            ptrdiff_t i = bram_axis_find(s->node, bram_axis_column(layer, "from")->text[e]);
            ptrdiff_t j = bram_axis_find(s->node, bram_axis_column(layer, "to")->text[e]);
            if (i < 0 || j < 0 || !isfinite(delay->number[e])) continue;
            bram_row(&s->delay, (size_t)i)[j] = delay->number[e];
            s->delayed[(size_t)i * s->nodes + (size_t)j] = 1;
        }
    }
    return BRAM_OK;
}

/* ---- random graphs of the same degrees ------------------------------------------------------ */

struct shuffling {
    bram_structure *s;
    bram_edge_list list[2]; /* with and without a direction */
    double *weight[2];
    const char *stream;
};

static int list_edges(bram_ctx *cx, struct shuffling *h, const struct numbered *w, int both)
{
    size_t n = h->s->nodes, at = 0;
    double *sum = bram_scratch(cx, n * n, sizeof *sum);
    if (!sum) return BRAM_ENOMEM;
    for (size_t e = 0; e < w->wiring.edges; e++) {
        ptrdiff_t i = w->node[w->wiring.from[e]], j = w->node[w->wiring.to[e]];
        if (i < 0 || j < 0 || i == j || w->wiring.both[e] != both) continue;
        if (!both || i < j) sum[(size_t)i * n + (size_t)j] += fabs(w->wiring.weight[e]);
    }
    for (size_t k = 0; k < n * n; k++) at += sum[k] > 0;
    bram_edge_list *l = &h->list[both];
    *l = (bram_edge_list){n, 0, bram_scratch(cx, at, sizeof *l->from),
                          bram_scratch(cx, at, sizeof *l->to), !both};
    h->weight[both] = bram_scratch(cx, at, sizeof *h->weight[both]);
    if (!l->from || !l->to || !h->weight[both]) return BRAM_ENOMEM;
    for (size_t k = 0; k < n * n; k++) {
        if (!(sum[k] > 0)) continue;
        l->from[l->count] = (uint32_t)(k / n), l->to[l->count] = (uint32_t)(k % n);
        h->weight[both][l->count++] = sum[k];
    }
    return BRAM_OK;
}

/* One kind of edges, shuffled, added to a matrix. */
static int add_shuffled(bram_ctx *cx, bram_mat *m, const struct shuffling *h, int both,
                        bram_rng *rng)
{
    bram_edge_list l = h->list[both];
    uint32_t *from = bram_scratch(cx, l.count, sizeof *from);
    uint32_t *to = bram_scratch(cx, l.count, sizeof *to);
    if (!from || !to) return BRAM_ENOMEM;
    if (l.count) memcpy(from, l.from, l.count * sizeof *from);
    if (l.count) memcpy(to, l.to, l.count * sizeof *to);
    l.from = from, l.to = to;
    BRAM_TRY(bram_rewire(cx, &l, h->s->present, rng));
    for (size_t e = 0; e < l.count; e++) {
        bram_row(m, from[e])[to[e]] += h->weight[both][e];
        if (both) bram_row(m, to[e])[from[e]] += h->weight[both][e];
    }
    return BRAM_OK;
}

/* Task of the pool: shuffle number k. */
static int one_shuffle(bram_ctx *cx, size_t k, void *user)
{
    const struct shuffling *h = user;
    bram_rng rng = bram_rng_at(0, h->stream, k);
    BRAM_TRY(add_shuffled(cx, &h->s->shuffled[k], h, 0, &rng));
    return add_shuffled(cx, &h->s->shuffled[k], h, 1, &rng);
}

static int shuffle(bram_ctx *cx, bram_structure *s, const struct numbered *w, size_t count,
                   const char *stream)
{
    struct shuffling h = {.s = s, .stream = stream};
    s->shuffled = bram_scratch(cx, count, sizeof *s->shuffled);
    if (!s->shuffled) return BRAM_ENOMEM;
    for (size_t k = 0; k < count; k++) BRAM_TRY(new_matrix(cx, &s->shuffled[k], s->nodes));
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(list_edges(cx, &h, w, 0));
    BRAM_TRY(list_edges(cx, &h, w, 1));
    BRAM_TRY(bram_parallel_for(cx, count, one_shuffle, &h));
    bram_scratch_release(cx, mark);
    s->shuffles = count;
    return BRAM_OK;
}

int bram_structure_make(bram_ctx *cx, bram_structure *out, const bram_dataset *ds,
                        const bram_axis *unit, const bram_options *o, const char *stream)
{
    struct numbered w = {{0}, NULL};
    bram_structure s = {0};
    BRAM_TRY(bram_wiring_read(cx, &w.wiring, ds, bram_option_text(o, "connectome"),
                              bram_option_text(o, "layers")));
    int status = find_nodes(cx, &s, unit, w.wiring.nodes, o);
    if (status == BRAM_OK) status = number_nodes(cx, &w, &s);
    if (status == BRAM_OK) status = fill_edges(cx, &s, &w);
    if (status == BRAM_OK) status = fill_present(cx, &s, &w, ds, o);
    if (status == BRAM_OK) status = fill_delays(cx, &s, ds, o);
    if (status == BRAM_OK)
        status = shuffle(cx, &s, &w, (size_t)bram_option_integer(o, "shuffles"), stream);
    bram_wiring_release(&w.wiring);
    if (status == BRAM_OK) *out = s;
    else bram_structure_release(&s);
    return status;
}
