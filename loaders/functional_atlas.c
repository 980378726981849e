/*
 * functional_atlas.c - functional maps as layers of a connectome.
 *
 * Why two layers and not one with zeros (Randi et al. 2023): most pairs that were measured are
 * neither significantly connected (q) nor significantly not (q_eq). Only the latter are negatives.
 */
#include "functional_atlas.h"

#include "connectome.h"

#include <math.h>

enum { FUNCTIONAL, NONCONNECTION, MEASURED, LAYERS };

static double at(const double *matrix, size_t k)
{
    return matrix ? matrix[k] : (double)NAN;
}

/* Whether pair k belongs to a layer. */
static bool belongs(const bram_atlas *a, size_t k, size_t layer)
{
    if (!isfinite(a->amplitude[k])) return false;
    switch (layer) {
    case FUNCTIONAL:
        return a->q ? a->q[k] < a->q_below : a->zero_is_not_known && a->amplitude[k] != 0;
    case NONCONNECTION:
        return a->q_eq && a->q_eq[k] < a->q_eq_below;
    default:
        return !a->zero_is_not_known;
    }
}

static int add_layers(bram_ctx *cx, bram_connectome *c, const bram_atlas *a)
{
    static const char *const names[LAYERS] = {"functional", "nonconnection", "measured"};
    for (size_t i = 0; i < LAYERS; i++) {
        bram_layer layer = {.name = names[i],
                            .type = i == NONCONNECTION ? "non-connection" : "functional",
                            .unit = a->unit,
                            .any = true,
                            .number = {"q", "q_eq", "occurrences"}};
        if (i == FUNCTIONAL && a->delay) layer.number[3] = "delay";
        if (a->zero_is_not_known) layer.number[0] = NULL;
        BRAM_TRY(bram_connectome_add_layer(cx, c, &layer));
    }
    return BRAM_OK;
}

static int add_pairs(bram_ctx *cx, bram_connectome *c, const bram_atlas *a)
{
    for (size_t k = 0; k < a->n * a->n; k++) {
        if (k / a->n == k % a->n) continue;
        bram_entry e = {
            .pre = a->names[k / a->n],
            .post = a->names[k % a->n],
            .weight = a->amplitude[k],
            .number = {at(a->q, k), at(a->q_eq, k), at(a->occurrences, k), at(a->delay, k)}};
        for (size_t layer = 0; layer < LAYERS; layer++)
            if (belongs(a, k, layer)) BRAM_TRY(bram_connectome_add(cx, c, layer, &e));
    }
    return BRAM_OK;
}

/* How many pairs are in each layer, in two of them, not finite, of a neuron with itself. */
static int describe(bram_ctx *cx, bram_dataset *ds, const char *source, const bram_atlas *a)
{
    static const char *const names[] = {"functional_pairs", "nonconnection_pairs",
                                        "measured_pairs",   "pairs_in_both",
                                        "infinite_pairs",   "self_pairs_left_out"};
    int64_t count[6] = {0};
    for (size_t k = 0; k < a->n * a->n; k++) {
        if (k / a->n == k % a->n) {
            count[5] += belongs(a, k, FUNCTIONAL) || belongs(a, k, MEASURED);
            continue;
        }
        for (size_t layer = 0; layer < LAYERS; layer++) count[layer] += belongs(a, k, layer);
        count[3] += belongs(a, k, FUNCTIONAL) && belongs(a, k, NONCONNECTION);
        count[4] += isinf(a->amplitude[k]);
    }
    char *group = bram_strf(cx, "connectome/%s", source);
    bram_attrs *attrs = group ? bram_dataset_attrs(cx, ds, group) : NULL;
    bram_free(group);
    if (!attrs) return BRAM_ENOMEM;
    for (size_t i = 0; i < 6; i++)
        if (count[i] || i == 0) BRAM_TRY(bram_attrs_set_integer(cx, attrs, names[i], count[i]));
    return bram_attrs_set_text(cx, attrs, "coverage",
                               a->zero_is_not_known
                                   ? "not stated: a pair without an edge was not significant or "
                                     "not measured"
                                   : "the pairs of the layer measured");
}

int bram_atlas_put(bram_ctx *cx, bram_dataset *ds, const char *source, const bram_atlas *atlas,
                   const bram_options *options)
{
    bram_connectome *c = NULL;
    BRAM_TRY(bram_connectome_new(cx, &c, options));
    int status = add_layers(cx, c, atlas);
    for (size_t i = 0; i < atlas->n && status == BRAM_OK; i++)
        status = bram_connectome_examine(cx, c, atlas->names[i], 0);
    if (status == BRAM_OK) status = add_pairs(cx, c, atlas);
    if (status == BRAM_OK) status = bram_connectome_put(cx, c, ds, source);
    if (status == BRAM_OK) status = describe(cx, ds, source, atlas);
    bram_connectome_free(c);
    return status;
}
