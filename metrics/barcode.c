/*
 * barcode.c - how far apart the barcodes of two dissimilarity matrices are.
 *
 * The Vietoris-Rips filtration of each side (persistence.h) has a barcode of components
 * (dimension=0) or of loops (dimension=1); raw = the bottleneck or Wasserstein distance between the
 * two diagrams, of dissimilarities divided by scale=: the 0.9 quantile of the whole matrix, its
 * largest value, or nothing. One value, 0 for equal barcodes; NaN for fewer than three conditions
 * or a matrix of zeros.
 *
 * A missing pair gets the least value that the triangle inequality leaves it. Copies of a condition
 * in a draw are then at distance 0 and change no bar. Cost: O(n^2) for components, loops as
 * bram_barcode_h1, and an assignment of all bars.
 *
 * Source: Edelsbrunner & Harer 2010, Computational Topology, chapters VII and VIII.
 */
#include "internal.h"
#include "persistence.h"
#include "topology_side.h"

#include <math.h>

static const bram_param params[] = {
    {"dimension", BRAM_PARAM_INTEGER, "0", NULL, 0, 1, "components (0) or loops (1)"},
    {"distance", BRAM_PARAM_CHOICE, "wasserstein", "wasserstein|bottleneck", 0, 0,
     "of the diagrams: a sum over matched points, or the largest"},
    {"order", BRAM_PARAM_REAL, "1", NULL, 1, 16, "of wasserstein: root of a sum of powers"},
    {"ground", BRAM_PARAM_CHOICE, "max", "max|euclidean", 0, 0,
     "distance of two points (birth, death)"},
    {"scale", BRAM_PARAM_CHOICE, "quantile", "quantile|max|none", 0, 0,
     "dissimilarities are divided by their 0.9 quantile, their largest, or nothing"},
    BRAM_TOPOLOGY_RDM,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

enum scale { QUANTILE, LARGEST, NONE };

struct barcode {
    bram_topology_pair sides;
    bool loops;
    enum scale scale;
    bram_diagram_metric metric;
};

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    void *made = NULL;
    BRAM_TRY(bram_topology_pair_new(cx, &made, sizeof(struct barcode), c));
    struct barcode *b = made;
    b->loops = bram_option_integer(o, "dimension") == 1;
    b->scale = bram_option_is(o, "scale", "quantile") ? QUANTILE
               : bram_option_is(o, "scale", "max")    ? LARGEST
                                                      : NONE;
    b->metric.order = bram_option_is(o, "distance", "bottleneck") ? (double)INFINITY
                                                                  : bram_option_real(o, "order");
    b->metric.euclidean = bram_option_is(o, "ground", "euclidean");
    *out = b, *values = 1;
    return BRAM_OK;
}

/* The barcode of one side; *defined is false for a matrix of zeros. */
static int side_barcode(bram_ctx *cx, bram_barcode *out, bool *defined, const struct barcode *b,
                        const bram_draw *draw, const bram_topology_side *side)
{
    double *d, unit = 0;
    BRAM_TRY(bram_drawn_full(cx, &d, draw, side));
    if (b->scale == QUANTILE)
        BRAM_TRY(bram_square_quantile(cx, &unit, d, draw->n, draw->times, 0.9));
    for (size_t k = 0; b->scale != QUANTILE && k < draw->pairs; k++) unit = fmax(unit, d[k]);
    *defined = unit > 0;
    if (!*defined) return BRAM_OK;
    for (size_t k = 0; b->scale != NONE && k < draw->pairs; k++) d[k] /= unit;
    return b->loops ? bram_barcode_h1(cx, out, d, draw->n) : bram_barcode_h0(cx, out, d, draw->n);
}

static int value_of(bram_ctx *cx, double *value, const void *pair, const bram_draw *draw)
{
    const struct barcode *b = pair;
    bram_barcode model = {0}, brain = {0};
    bool x = false, y = false;
    int status = side_barcode(cx, &model, &x, b, draw, b->sides.model);
    if (status == BRAM_OK) status = side_barcode(cx, &brain, &y, b, draw, b->sides.brain);
    if (status == BRAM_OK && x && y)
        status = bram_diagram_distance(cx, value, &model, &brain, &b->metric);
    bram_free(model.bar);
    bram_free(brain.bar);
    return status;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    return bram_topology_compare(cx, raw, state, weight, value_of);
}

const bram_metric bram_metric_barcode = {
    .name = "barcode",
    .summary = "distance between the persistence diagrams of two dissimilarity matrices",
    .source = "Edelsbrunner & Harer 2010, Computational Topology, VIII.2",
    .version = 1,
    .kind = BRAM_METRIC_GEOMETRY,
    .flags = BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ZERO | BRAM_METRIC_INV_SCALE |
             BRAM_METRIC_INV_SHIFT | BRAM_METRIC_INV_ROTATE | BRAM_METRIC_SAMPLE_SIZE,
    .chance = NAN,
    .params = params,
    .prepare = bram_topology_prepare,
    .release = bram_topology_release,
    .pair = pair,
    .release_pair = bram_topology_pair_free,
    .compare = compare,
};
