/*
 * circuit.c - synapses of a connectome; see circuit.h.
 */
#include "circuit.h"

#include "linalg.h"
#include "wiring.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_NEURONS = 4096 };

void bram_circuit_free(bram_circuit *c)
{
    if (!c) return;
    bram_free(c->number);
    bram_free(c->sign);
    bram_free(c->chemical);
    bram_free(c->gap);
    bram_free(c);
}

/* ---- neurons -------------------------------------------------------------------------------- */

/* Numbers of the network's neurons: those of the nodes that it has, then units that are no node. */
struct cast {
    size_t neurons, matched;
    uint32_t *of_node, *of_unit; /* UINT32_MAX: is none */
};

static int choose_neurons(bram_ctx *cx, struct cast *c, const bram_wiring *w, const bram_axis *unit,
                          bool recorded)
{
    size_t nodes = bram_axis_length(w->nodes), units = unit ? bram_axis_length(unit) : 0;
    uint8_t *wired = bram_scratch(cx, nodes, 1), *seen = bram_scratch(cx, nodes, 1);
    c->of_node = bram_scratch(cx, nodes, sizeof *c->of_node);
    c->of_unit = bram_scratch(cx, units, sizeof *c->of_unit);
    if (!wired || !seen || !c->of_node || !c->of_unit) return BRAM_ENOMEM;
    for (size_t e = 0; e < w->edges; e++) wired[w->from[e]] = wired[w->to[e]] = 1;
    for (size_t u = 0; u < units; u++) {
        ptrdiff_t at = bram_axis_find(w->nodes, bram_axis_id(unit, u));
        if (at >= 0) seen[at] = 1;
    }
    for (size_t i = 0; i < nodes; i++) {
        bool examined = bram_wiring_examined(w->nodes, i) && !recorded;
        c->of_node[i] = examined || (seen[i] && wired[i]) ? (uint32_t)c->neurons++ : UINT32_MAX;
    }
    for (size_t u = 0; u < units; u++) {
        ptrdiff_t at = bram_axis_find(w->nodes, bram_axis_id(unit, u));
        bool matched = at >= 0 && c->of_node[at] != UINT32_MAX;
        c->matched += matched;
        c->of_unit[u] = matched ? c->of_node[at] : (uint32_t)c->neurons++;
    }
    if (unit && !c->matched)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "none of the %zu units is in the connectome",
                         units);
    if (c->neurons > MOST_NEURONS)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu neurons, expected %d at most", c->neurons,
                         MOST_NEURONS);
    return BRAM_OK;
}

/* ---- synapses ------------------------------------------------------------------------------- */

/* All pairs of neurons: what is added up over the edges of each. */
struct pairs {
    double *weight, *between; /* [from][to]; of gap junctions with from < to */
    int8_t *sign;             /* 2: edges of the pair do not agree */
};

static void add_pair(struct pairs *p, size_t n, const bram_wiring *w, size_t e, size_t i, size_t j)
{
    double weight = fabs(w->weight[e]);
    if (i == j || weight <= 0) return;
    if (w->both[e]) { /* each stands in both directions */
        p->between[i < j ? i * n + j : j * n + i] += weight / 2;
        return;
    }
    int8_t *sign = &p->sign[i * n + j];
    if (p->weight[i * n + j] > 0 && *sign != w->sign[e]) *sign = 2;
    else *sign = w->sign[e];
    p->weight[i * n + j] += weight;
}

/* The sign that all of a neuron's edges have. */
static void find_dale(const bram_synapses *s)
{
    uint8_t *told = (uint8_t *)s->dale; /* bits: 1 some +, 2 some -, 4 some unknown */
    for (size_t e = 0; e < s->edges; e++)
        told[s->from[e]] |= (uint8_t)(s->sign[e] > 0 ? 1 : s->sign[e] < 0 ? 2 : 4);
    for (size_t i = 0; i < s->neurons; i++) s->dale[i] = told[i] == 1 ? 1 : told[i] == 2 ? -1 : 0;
}

static int list_pairs(bram_ctx *cx, bram_synapses *s, const struct pairs *p)
{
    size_t n = s->neurons, edges = 0, gaps = 0;
    for (size_t k = 0; k < n * n; k++) edges += p->weight[k] > 0, gaps += p->between[k] > 0;
    s->from = bram_scratch(cx, edges, 2 * sizeof *s->from), s->to = s->from + edges;
    s->one = bram_scratch(cx, gaps, 2 * sizeof *s->one), s->other = s->one + gaps;
    s->sign = bram_scratch(cx, edges, 1), s->dale = bram_scratch(cx, n, 1);
    s->weight = bram_scratch(cx, edges, sizeof *s->weight);
    s->between = bram_scratch(cx, gaps, sizeof *s->between);
    if (!s->from || !s->one || !s->sign || !s->dale || !s->weight || !s->between)
        return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            size_t k = i * n + j;
            if (p->weight[k] > 0) {
                s->from[s->edges] = (uint32_t)i, s->to[s->edges] = (uint32_t)j;
                s->sign[s->edges] = p->sign[k] == 2 ? 0 : p->sign[k];
                s->weight[s->edges++] = p->weight[k];
            }
            if (p->between[k] > 0) {
                s->one[s->gaps] = (uint32_t)i, s->other[s->gaps] = (uint32_t)j;
                s->between[s->gaps++] = p->between[k];
            }
        }
    find_dale(s);
    return BRAM_OK;
}

static int take_synapses(bram_ctx *cx, bram_synapses *s, const bram_wiring *w, const struct cast *c)
{
    size_t n = c->neurons;
    struct pairs p = {.weight = bram_scratch(cx, n * n, 2 * sizeof *p.weight)};
    p.sign = bram_scratch(cx, n * n, 1);
    if (!p.weight || !p.sign) return BRAM_ENOMEM;
    p.between = p.weight + n * n;
    *s = (bram_synapses){.neurons = n};
    for (size_t e = 0; e < w->edges; e++) {
        uint32_t i = c->of_node[w->from[e]], j = c->of_node[w->to[e]];
        if (i != UINT32_MAX && j != UINT32_MAX) add_pair(&p, n, w, e, i, j);
    }
    return list_pairs(cx, s, &p);
}

/* ---- the connectome ------------------------------------------------------------------------- */

static int find_source(bram_ctx *cx, const char **source, const bram_dataset *ds,
                       const bram_options *o)
{
    const char *named = bram_option_text(o, "source");
    size_t n = bram_dataset_groups(ds, "connectome");
    if (!named[0] && n != 1)
        return bram_fail(cx, n ? BRAM_EUSAGE : BRAM_ENOTAPPLICABLE,
                         n ? "%zu connectomes are at hand, expected source=NAME (%s, %s ...)"
                           : "no connectome is at hand: expected wiring=FILE",
                         n, n ? bram_dataset_group_at(ds, "connectome", 0) : "",
                         n ? bram_dataset_group_at(ds, "connectome", 1) : "");
    *source = named[0] ? named : bram_dataset_group_at(ds, "connectome", 0);
    return BRAM_OK;
}

static int read_from(bram_ctx *cx, bram_synapses *out, uint32_t **neuron, const bram_options *o,
                     const bram_axis *unit, bool recorded, const bram_dataset *ds)
{
    const char *source = NULL;
    bram_wiring w = {0};
    struct cast c = {0};
    BRAM_TRY(find_source(cx, &source, ds, o));
    BRAM_TRY(bram_wiring_read(cx, &w, ds, source, bram_option_text(o, "edges")));
    int status = choose_neurons(cx, &c, &w, unit, recorded);
    if (status == BRAM_OK) status = take_synapses(cx, out, &w, &c);
    bram_wiring_release(&w);
    if (status == BRAM_OK) *neuron = c.of_unit;
    return status;
}

int bram_synapses_read(bram_ctx *cx, bram_synapses *out, uint32_t **neuron, const bram_options *o,
                       const bram_axis *unit, bool recorded, const bram_dataset *at_hand)
{
    const char *path = bram_option_text(o, "wiring");
    bram_dataset *ds = NULL;
    if (!path[0] && !at_hand)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no connectome is at hand: expected wiring=FILE");
    if (!path[0]) return read_from(cx, out, neuron, o, unit, recorded, at_hand);
    BRAM_TRY(bram_dataset_open(cx, &ds, path));
    int status = read_from(cx, out, neuron, o, unit, recorded, ds);
    bram_dataset_free(ds);
    return status;
}

/* ---- matrices ------------------------------------------------------------------------------- */

void bram_synapses_matrix(const bram_synapses *s, const double *strength, bram_mat *w)
{
    for (size_t i = 0; i < w->rows; i++) memset(bram_row(w, i), 0, w->cols * sizeof *w->data);
    for (size_t e = 0; e < s->edges; e++) bram_row(w, s->to[e])[s->from[e]] = strength[e];
}

int bram_spectral_radius(bram_ctx *cx, double *radius, bram_mat *w)
{
    double *real = bram_scratch(cx, w->rows, 2 * sizeof *real), largest = 0;
    if (!real) return BRAM_ENOMEM;
    double *imaginary = real + w->rows;
    BRAM_TRY(bram_eigenvalues(cx, real, imaginary, w));
    for (size_t i = 0; i < w->rows; i++) largest = fmax(largest, hypot(real[i], imaginary[i]));
    *radius = largest;
    return BRAM_OK;
}
