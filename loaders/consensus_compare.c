/*
 * consensus_compare.c - how far two ways of putting connectomes together differ.
 */
#include "consensus.h"

#include "neurons.h"
#include "number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = BRAM_NEURONS * BRAM_NEURONS };

/* The weights of one wire by both rules, NaN where there is no edge. */
struct both {
    double *published, *agreed;
};

static void read_published(double *to, const bram_axis *table, const char *column)
{
    const bram_column *from = bram_axis_column(table, "from_neuron");
    const bram_column *other = bram_axis_column(table, "to_neuron");
    const bram_column *weight = bram_axis_column(table, column);
    for (size_t i = 0; i < bram_axis_length(table); i++) {
        int pre = bram_neuron_find(from->text[i]), post = bram_neuron_find(other->text[i]);
        double value;
        if (pre >= 0 && post >= 0 && bram_number_parse(weight->text[i], 0, &value))
            to[(size_t)pre * BRAM_NEURONS + (size_t)post] = value;
    }
}

static void read_agreed(double *to, const bram_axis *layer)
{
    const bram_column *from = layer ? bram_axis_column(layer, "from") : NULL;
    for (size_t i = 0; layer && i < bram_axis_length(layer); i++) {
        int pre = bram_neuron_find(from->text[i]);
        int post = bram_neuron_find(bram_axis_column(layer, "to")->text[i]);
        if (pre >= 0 && post >= 0)
            to[(size_t)pre * BRAM_NEURONS + (size_t)post] =
                bram_axis_column(layer, "weight")->number[i];
    }
}

static int read_both(bram_ctx *cx, struct both *b, size_t wire, const bram_axis *published,
                     const bram_dataset *agreed)
{
    static const char *const columns[] = {"mean_chem_weight", "mean_gap_weight"};
    static const char *const paths[] = {"connectome/consensus/chemical",
                                        "connectome/consensus/gap"};
    b->published = bram_scratch(cx, PAIRS, sizeof *b->published);
    b->agreed = bram_scratch(cx, PAIRS, sizeof *b->agreed);
    if (!b->published || !b->agreed) return BRAM_ENOMEM;
    for (size_t k = 0; k < PAIRS; k++) b->published[k] = b->agreed[k] = (double)NAN;
    read_published(b->published, published, columns[wire]);
    read_agreed(b->agreed, bram_dataset_table(agreed, paths[wire]));
    for (size_t k = 0; wire == BRAM_WIRE_GAP && k < PAIRS; k++)
        if (k / BRAM_NEURONS > k % BRAM_NEURONS) b->published[k] = (double)NAN; /* once a pair */
    return BRAM_OK;
}

/* ---- Spearman's rho ------------------------------------------------------------------------- */

struct value {
    double value;
    size_t at;
};

static int compare_values(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static int mid_ranks(bram_ctx *cx, double *x, size_t n)
{
    struct value *sorted = bram_scratch(cx, n, sizeof *sorted);
    if (!sorted) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) sorted[i] = (struct value){x[i], i};
    if (n) qsort(sorted, n, sizeof *sorted, compare_values);
    for (size_t i = 0, next; i < n; i = next) {
        for (next = i; next < n && sorted[next].value == sorted[i].value;) next++;
        for (size_t k = i; k < next; k++) x[sorted[k].at] = 0.5 * (double)(i + 1 + next);
    }
    return BRAM_OK;
}

/* Pearson's r of the ranks; NaN where one side is constant. */
static double correlation(const double *x, const double *y, size_t n)
{
    double mean = 0.5 * (double)(n + 1), xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mean) * (x[i] - mean);
        yy += (y[i] - mean) * (y[i] - mean);
        xy += (x[i] - mean) * (y[i] - mean);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx) / sqrt(yy) : (double)NAN;
}

static int compare_wire(bram_ctx *cx, bram_wire_difference *d, const struct both *b,
                        bool *published_nodes, bool *agreed_nodes)
{
    double *x = bram_scratch(cx, PAIRS, sizeof *x), *y = bram_scratch(cx, PAIRS, sizeof *y);
    size_t n = 0;
    if (!x || !y) return BRAM_ENOMEM;
    for (size_t k = 0; k < PAIRS; k++) {
        bool there = !isnan(b->published[k]), here = !isnan(b->agreed[k]);
        d->published += there;
        d->agreed += here;
        d->both += there && here;
        if (there) published_nodes[k / BRAM_NEURONS] = published_nodes[k % BRAM_NEURONS] = true;
        if (here) agreed_nodes[k / BRAM_NEURONS] = agreed_nodes[k % BRAM_NEURONS] = true;
        if (there && here) x[n] = b->published[k], y[n++] = b->agreed[k];
    }
    BRAM_TRY(mid_ranks(cx, x, n));
    BRAM_TRY(mid_ranks(cx, y, n));
    d->spearman = correlation(x, y, n);
    return BRAM_OK;
}

int bram_consensus_compare(bram_ctx *cx, bram_consensus_difference *out, const bram_axis *published,
                           const bram_dataset *agreed)
{
    bram_consensus_difference d = {0};
    bool nodes[2][BRAM_NEURONS] = {{false}};
    size_t mark = bram_scratch_mark(cx);
    int status = BRAM_OK;
    for (size_t wire = 0; wire < 2 && status == BRAM_OK; wire++) {
        struct both b;
        status = read_both(cx, &b, wire, published, agreed);
        if (status == BRAM_OK) status = compare_wire(cx, &d.wire[wire], &b, nodes[0], nodes[1]);
    }
    bram_scratch_release(cx, mark);
    for (size_t i = 0; i < BRAM_NEURONS; i++)
        d.neurons_published += nodes[0][i], d.neurons_agreed += nodes[1][i];
    if (status == BRAM_OK) *out = d;
    return status;
}
