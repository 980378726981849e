/*
 * network_init.c - recurrent weights at the start of a training; see network_init.h.
 */
#include "network_init.h"

#include "circuit.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

bram_start_kind bram_start_of(const bram_options *o)
{
    static const char *const names[] = {"uniform", "orthogonal", "gaussian", "lowrank",
                                        "aligned", "connectome", "shuffled"};
    for (int k = 0; k < 7; k++)
        if (bram_option_is(o, "init", names[k])) return (bram_start_kind)k;
    return BRAM_INIT_UNIFORM;
}

/* ---- singular vectors ----------------------------------------------------------------------- */

static double norm_of(const bram_mat *w)
{
    double sum = 0;
    for (size_t i = 0; i < w->rows * w->cols; i++) sum += w->data[i] * w->data[i];
    return sqrt(sum);
}

/* Leaves the `rank` leading singular vectors of a packed square matrix; flat: all as strong as each
 * other, otherwise with the norm `norm`. */
static int truncate_rank(bram_ctx *cx, bram_mat *w, size_t rank, bool flat, double norm)
{
    size_t n = w->rows;
    bram_mat u, vt;
    double *s = bram_scratch(cx, n, sizeof *s), sum = 0;
    if (!s) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &u, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &vt, n, n));
    BRAM_TRY(bram_svd(cx, &u, s, &vt, w));
    for (size_t k = 0; k < n; k++) {
        if (flat) s[k] = 1;
        if (k >= rank) s[k] = 0;
        sum += s[k] * s[k];
    }
    double factor = flat || sum <= 0 ? 1 : norm / sqrt(sum);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) bram_row(&u, i)[k] *= s[k] * factor;
    return bram_gemm(cx, w, 1, &u, BRAM_AS_IS, &vt, BRAM_AS_IS, 0);
}

int bram_rank_of_weights(bram_ctx *cx, double *rank, const bram_mat *w)
{
    size_t n = w->rows < w->cols ? w->rows : w->cols, mark = bram_scratch_mark(cx);
    double *s = bram_scratch(cx, n, sizeof *s), sum = 0, entropy = 0;
    if (!s) return BRAM_ENOMEM;
    BRAM_TRY(bram_svd(cx, NULL, s, NULL, w));
    for (size_t k = 0; k < n; k++) sum += s[k];
    for (size_t k = 0; k < n && sum > 0; k++)
        if (s[k] > 0) entropy -= s[k] / sum * log(s[k] / sum);
    *rank = sum > 0 ? exp(entropy) : 0;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- the matrices --------------------------------------------------------------------------- */

int bram_init_matrix(bram_ctx *cx, float *out, size_t hidden, bram_start_kind kind, double gain,
                     size_t rank, const double *guide, bram_rng *g)
{
    size_t count = hidden * hidden, mark = bram_scratch_mark(cx);
    bram_mat w;
    BRAM_TRY(bram_mat_scratch(cx, &w, hidden, hidden));
    for (size_t i = 0; i < count; i++) w.data[i] = gain / sqrt((double)hidden) * bram_rng_normal(g);
    double norm = norm_of(&w);
    switch (kind) {
    case BRAM_INIT_ORTHOGONAL:
        BRAM_TRY(truncate_rank(cx, &w, hidden, true, 0));
        for (size_t i = 0; i < count; i++) w.data[i] *= gain;
        break;
    case BRAM_INIT_LOWRANK:
        BRAM_TRY(truncate_rank(cx, &w, rank, false, norm));
        break;
    case BRAM_INIT_ALIGNED:
        memcpy(w.data, guide, count * sizeof *guide);
        BRAM_TRY(truncate_rank(cx, &w, rank, false, norm));
        break;
    case BRAM_INIT_CONNECTOME:
    case BRAM_INIT_SHUFFLED:
        for (size_t i = 0; i < count; i++) w.data[i] = gain * guide[i];
        break;
    default:
        break;
    }
    for (size_t i = 0; i < count; i++) out[i] = (float)w.data[i];
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- a connectome --------------------------------------------------------------------------- */

/* Numbers of the neurons with the greatest sums of weights, in their order: rank[i] of neuron i, or
 * SIZE_MAX. */
static int choose_strongest(bram_ctx *cx, size_t *place, const bram_synapses *s, size_t hidden)
{
    double *strength = bram_scratch(cx, s->neurons, sizeof *strength);
    if (!strength) return BRAM_ENOMEM;
    for (size_t e = 0; e < s->edges; e++)
        strength[s->from[e]] += s->weight[e], strength[s->to[e]] += s->weight[e];
    size_t used = 0;
    for (size_t i = 0; i < s->neurons; i++) {
        size_t before = 0; /* neurons that are stronger, or as strong and first */
        for (size_t j = 0; j < s->neurons; j++)
            before += strength[j] > strength[i] || (strength[j] >= strength[i] && j < i);
        place[i] = before < hidden ? used++ : SIZE_MAX;
    }
    return BRAM_OK;
}

static int scale_guide(bram_ctx *cx, double *guide, size_t hidden)
{
    bram_mat w;
    double radius = 0, largest = 0;
    BRAM_TRY(bram_mat_scratch(cx, &w, hidden, hidden));
    for (size_t i = 0; i < hidden * hidden; i++) largest = fmax(largest, fabs(guide[i]));
    if (largest <= 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "no edge between the %zu strongest neurons of the connectome", hidden);
    for (size_t i = 0; i < hidden * hidden; i++) guide[i] /= largest;
    memcpy(w.data, guide, hidden * hidden * sizeof *guide);
    BRAM_TRY(bram_spectral_radius(cx, &radius, &w));
    for (size_t i = 0; i < hidden * hidden && radius > 1e-6; i++) guide[i] /= radius;
    return BRAM_OK;
}

int bram_init_connectome(bram_ctx *cx, double **guide, const bram_options *o, size_t hidden,
                         bool shuffled, const bram_dataset *at_hand, bram_rng *g)
{
    bram_synapses s;
    uint32_t *unused = NULL;
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_synapses_read(cx, &s, &unused, o, NULL, false, at_hand));
    if (s.neurons < hidden)
        return bram_fail(cx, BRAM_EUSAGE, "the connectome has %zu neurons, expected hidden=%zu",
                         s.neurons, hidden);
    if (shuffled) BRAM_TRY(bram_synapses_mask(cx, &s, BRAM_MASK_SHUFFLED, g));
    size_t *place = bram_scratch(cx, s.neurons, sizeof *place);
    double *w = bram_alloc(cx, hidden * hidden, sizeof *w);
    int status = place && w ? choose_strongest(cx, place, &s, hidden) : BRAM_ENOMEM;
    for (size_t e = 0; e < s.edges && status == BRAM_OK; e++) {
        size_t i = place[s.from[e]], j = place[s.to[e]];
        bool minus = bram_rng_uniform(g) < 0.5;
        if (s.sign[e]) minus = s.sign[e] < 0;
        if (i != SIZE_MAX && j != SIZE_MAX) w[j * hidden + i] = minus ? -s.weight[e] : s.weight[e];
    }
    if (status == BRAM_OK) status = scale_guide(cx, w, hidden);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *guide = w;
    else bram_free(w);
    return status;
}
