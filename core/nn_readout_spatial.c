/*
 * nn_readout_spatial.c - a factorized readout whose maps move and whose channels change their gains
 * from image to image: the semantic spatial transformer, as we read the description of Saha,
 * Chadha & Khosla 2024 (arXiv 2410.14031). Their text names the parts (maps and weights modulated
 * by what is in the image, through an affine transform with which maps are resampled, and gains);
 * the network that tells them is ours, with the first values of Jaderberg et al. 2015 (arXiv
 * 1506.02025), whose grid it is:
 *
 *   e = relu(R x_p + r) at each position    `reduced` channels
 *   h = relu(H e + h0), e of all positions  `hidden` units
 *   (t, g) = T h + t0                       6 numbers and one for each channel; T, t0 begin at 0
 *   A = [1 0 0; 0 1 0] + t, gain_c = 1 + g_c
 *   m'_j(p) = m_j(A (p_x, p_y, 1)')         bilinear, 0 beyond the map
 *   y_j = b_j + sum_c w_jc gain_c sum_p m'_j(p) x_pc
 *
 * One transform and one gain a channel for all units. As m' is linear in m, the sum over p is
 * m_j . G, G_q = sum_p S_pq x_p with S the bilinear weights of A p: tokens are carried to where the
 * maps see them, and all maps share that work.
 */
#include "nn_layer.h"
#include "nn_packed.h"
#include "nn_readout_private.h"
#include "nn_sample.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

static size_t positions(const bram_nn_readout *s)
{
    return s->height * s->width;
}

static size_t told(const bram_nn_readout *s)
{
    return 6 + s->channels;
}

/* ---- layout --------------------------------------------------------------------------------- */

enum { OWN_TENSORS = 6 }; /* after those of the factorized readout */

struct net {
    bram_real *reduce_w, *reduce_b, *hidden_w, *hidden_b, *out_w, *out_b;
};

static size_t tensors(const bram_nn_readout *s, bram_nn_tensor *tensor)
{
    const bram_nn_tensor own[OWN_TENSORS] = {
        {"reduce.weight", s->reduced, s->channels},
        {"reduce.bias", s->reduced, 0},
        {"hidden.weight", s->hidden, positions(s) * s->reduced},
        {"hidden.bias", s->hidden, 0},
        {"transform.weight", told(s), s->hidden},
        {"transform.bias", told(s), 0}};
    BRAM_NN(factors_tensors)(s, tensor);
    memcpy(tensor + BRAM_NN_FACTORS, own, sizeof own);
    return BRAM_NN_FACTORS + OWN_TENSORS;
}

static struct net net_at(const bram_nn_readout *s, const bram_real *w)
{
    struct net n = {.reduce_w = (bram_real *)(uintptr_t)w + BRAM_NN(factors_size)(s)};
    n.reduce_b = n.reduce_w + s->reduced * s->channels;
    n.hidden_w = n.reduce_b + s->reduced;
    n.hidden_b = n.hidden_w + s->hidden * positions(s) * s->reduced;
    n.out_w = n.hidden_b + s->hidden;
    n.out_b = n.out_w + told(s) * s->hidden;
    return n;
}

static void uniform(bram_rng *g, bram_real *w, size_t n, size_t in)
{
    double most = 1 / sqrt((double)in);
    for (size_t i = 0; i < n; i++) w[i] = (bram_real)(most * (2 * bram_rng_uniform(g) - 1));
}

static void start(const bram_nn_readout *s, bram_real *w, uint64_t seed)
{
    struct net n = net_at(s, w);
    bram_rng g = bram_rng_new(seed, "readout/spatial");
    size_t maps = positions(s) * s->reduced;
    BRAM_NN(factors_start)(s, w, seed);
    uniform(&g, n.reduce_w, s->reduced * s->channels, s->channels);
    uniform(&g, n.reduce_b, s->reduced, s->channels);
    uniform(&g, n.hidden_w, s->hidden * maps, maps);
    uniform(&g, n.hidden_b, s->hidden, maps);
    memset(n.out_w, 0, told(s) * (s->hidden + 1) * sizeof *n.out_w);
}

/* Of a batch: e, h, (t, g) after the ReLUs; of one row at a time: G before and after its gains;
 * then the factorized readout's. */
struct trace {
    bram_real *reduced, *hidden, *told, *carried, *gained, *factors;
};

static struct trace trace_at(const bram_nn_readout *s, const bram_real *values)
{
    struct trace t = {.reduced = (bram_real *)(uintptr_t)values};
    t.hidden = t.reduced + s->batch * positions(s) * s->reduced;
    t.told = t.hidden + s->batch * s->hidden;
    t.carried = t.told + s->batch * told(s);
    t.gained = t.carried + positions(s) * s->channels;
    t.factors = t.gained + positions(s) * s->channels;
    return t;
}

static size_t trace_size(const bram_nn_readout *s)
{
    return s->batch * (positions(s) * s->reduced + s->hidden + told(s)) +
           2 * positions(s) * s->channels + BRAM_NN(factors_trace)(s);
}

/* Gradients: of (t, g), h and e of the batch; of G of a row; the factorized readout's room; of x
 * where nobody wants it. */
struct room {
    bram_real *told, *hidden, *reduced, *carried, *factors;
};

static struct room room_at(const bram_nn_readout *s, bram_real *values)
{
    struct room r = {.told = values};
    r.hidden = r.told + s->batch * told(s);
    r.reduced = r.hidden + s->batch * s->hidden;
    r.carried = r.reduced + s->batch * positions(s) * s->reduced;
    r.factors = r.carried + positions(s) * s->channels;
    return r;
}

static size_t room_size(const bram_nn_readout *s)
{
    return s->batch * (told(s) + s->hidden + positions(s) * s->reduced) +
           positions(s) * s->channels + BRAM_NN(factors_room)(s);
}

/* ---- the way forward ------------------------------------------------------------------------ */

static void cut(bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = x[i] > 0 ? x[i] : 0;
}

static void tell(const bram_nn_readout *s, const struct net *n, const struct trace *t,
                 const bram_real *x)
{
    size_t p = positions(s);
    BRAM_NN(linear)
    (t->reduced, x, n->reduce_w, n->reduce_b, s->batch * p, s->channels, s->reduced);
    cut(t->reduced, s->batch * p * s->reduced);
    BRAM_NN(linear)
    (t->hidden, t->reduced, n->hidden_w, n->hidden_b, s->batch, p * s->reduced, s->hidden);
    cut(t->hidden, s->batch * s->hidden);
    BRAM_NN(linear)(t->told, t->hidden, n->out_w, n->out_b, s->batch, s->hidden, told(s));
}

/* Where the transform takes a position, and the four positions around it. */
static void carry_to(const bram_nn_readout *s, const bram_real *t, size_t position,
                     BRAM_NN(corners) * c)
{
    bram_real x = BRAM_NN(coordinate)(position % s->width, s->width);
    bram_real y = BRAM_NN(coordinate)(position / s->width, s->height);
    BRAM_NN(sample)
    (c, (1 + t[0]) * x + t[1] * y + t[2], t[3] * x + (1 + t[4]) * y + t[5], s->height, s->width);
}

/* G of one row, before and after its gains. */
static void carry(const bram_nn_readout *s, const bram_real *t, const struct trace *trace,
                  const bram_real *x)
{
    size_t c = s->channels;
    memset(trace->carried, 0, positions(s) * c * sizeof *trace->carried);
    for (size_t p = 0; p < positions(s); p++) {
        BRAM_NN(corners) k;
        carry_to(s, t, p, &k);
        for (size_t i = 0; i < 4; i++)
            if (k.weight[i] != 0)
                BRAM_NN(add_scaled)(trace->carried + k.at[i] * c, x + p * c, k.weight[i], c);
    }
    for (size_t p = 0; p < positions(s); p++)
        for (size_t k = 0; k < c; k++)
            trace->gained[p * c + k] = trace->carried[p * c + k] * (1 + t[6 + k]);
}

static void forward(const bram_nn_readout *s, const bram_real *w, bram_real *y, const bram_real *x,
                    bram_real *values)
{
    struct net n = net_at(s, w);
    struct trace t = trace_at(s, values);
    tell(s, &n, &t, x);
    BRAM_NN(factors_begin)(s, w, t.factors);
    for (size_t b = 0; b < s->batch; b++) {
        carry(s, t.told + b * told(s), &t, x + b * positions(s) * s->channels);
        BRAM_NN(factors_row)(s, w, y + b * s->units, t.gained, t.factors);
    }
}

/* ---- the way back --------------------------------------------------------------------------- */

/* From the gradient of the gained tokens, in `d`, which becomes that of the carried ones: those of
 * (t, g) and of the row's tokens. */
static void carry_back(const bram_nn_readout *s, const bram_real *t, const struct trace *trace,
                       bram_real *d, bram_real *dtold, bram_real *dx, const bram_real *x)
{
    size_t c = s->channels;
    memset(dtold, 0, told(s) * sizeof *dtold);
    for (size_t p = 0; p < positions(s); p++)
        for (size_t k = 0; k < c; k++) {
            dtold[6 + k] += d[p * c + k] * trace->carried[p * c + k];
            d[p * c + k] *= 1 + t[6 + k];
        }
    for (size_t p = 0; p < positions(s); p++) {
        BRAM_NN(corners) k;
        bram_real by_x = 0, by_y = 0, at_x = BRAM_NN(coordinate)(p % s->width, s->width);
        bram_real at_y = BRAM_NN(coordinate)(p / s->width, s->height);
        carry_to(s, t, p, &k);
        for (size_t i = 0; i < 4; i++) {
            const bram_real *at = d + k.at[i] * c;
            if (k.weight[i] == 0 && k.by_x[i] == 0 && k.by_y[i] == 0) continue;
            bram_real along = BRAM_NN(dot)(x + p * c, at, c);
            by_x += k.by_x[i] * along, by_y += k.by_y[i] * along;
            if (dx) BRAM_NN(add_scaled)(dx + p * c, at, k.weight[i], c);
        }
        dtold[0] += by_x * at_x, dtold[1] += by_x * at_y, dtold[2] += by_x;
        dtold[3] += by_y * at_x, dtold[4] += by_y * at_y, dtold[5] += by_y;
    }
}

static void cut_back(bram_real *d, const bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(x[i] > 0)) d[i] = 0;
}

/* Through the small network; dx += its part. */
static void tell_back(const bram_nn_readout *s, const struct net *n, const struct net *d,
                      const struct trace *t, const struct room *r, bram_real *dx,
                      const bram_real *x)
{
    size_t p = positions(s), rows = s->batch * p;
    BRAM_NN(linear_back)
    (r->hidden, d->out_w, d->out_b, r->told, t->hidden, n->out_w, s->batch, s->hidden, told(s));
    cut_back(r->hidden, t->hidden, s->batch * s->hidden);
    BRAM_NN(linear_back)
    (r->reduced, d->hidden_w, d->hidden_b, r->hidden, t->reduced, n->hidden_w, s->batch,
     p * s->reduced, s->hidden);
    cut_back(r->reduced, t->reduced, rows * s->reduced);
    BRAM_NN(linear_back)
    (NULL, d->reduce_w, d->reduce_b, r->reduced, x, n->reduce_w, rows, s->channels, s->reduced);
    if (dx) BRAM_NN(multiply)
    (&(BRAM_NN(product)){dx, r->reduced, n->reduce_w, s->channels, s->reduced, s->channels,
                         BRAM_AS_IS, BRAM_AS_IS, rows, s->channels, s->reduced, 1, dx});
}

static void backward(const bram_nn_readout *s, const bram_real *w, bram_real *grad, bram_real *dx,
                     const bram_real *dy, const bram_real *x, bram_real *values, bram_real *memory)
{
    struct net n = net_at(s, w), d = net_at(s, grad);
    struct trace t = trace_at(s, values);
    struct room r = room_at(s, memory);
    size_t row = positions(s) * s->channels;
    if (dx) memset(dx, 0, s->batch * row * sizeof *dx);
    BRAM_NN(factors_back_begin)(s, r.factors);
    for (size_t b = 0; b < s->batch; b++) {
        carry(s, t.told + b * told(s), &t, x + b * row);
        BRAM_NN(factors_row_back)
        (s, w, grad, r.carried, dy + b * s->units, t.gained, t.factors, r.factors);
        carry_back(s, t.told + b * told(s), &t, r.carried, r.told + b * told(s),
                   dx ? dx + b * row : NULL, x + b * row);
    }
    BRAM_NN(factors_back_end)(s, grad, t.factors, r.factors);
    tell_back(s, &n, &d, &t, &r, dx, x);
}

/* ---- maps ----------------------------------------------------------------------------------- */

/* The mean over units of |m'|, by shares: maps of all units at rest, moved by each transform. */
static void attention(const bram_nn_readout *s, const bram_real *w, const bram_real *values,
                      bram_real *map)
{
    struct trace t = trace_at(s, values);
    BRAM_NN(factors) f = BRAM_NN(factors_at)(s, w);
    const bram_real *masks = s->mask == BRAM_MASK_SOFTMAX
                                 ? t.factors + s->units * s->terms * s->channels
                                 : f.mask;
    bram_real *mean = t.carried; /* positions of it */
    size_t n = positions(s);
    memset(mean, 0, n * sizeof *mean);
    for (size_t r = 0; r < s->units * s->terms; r++) {
        const bram_real *weight = f.features + r * s->channels;
        double length = sqrt((double)BRAM_NN(dot)(weight, weight, s->channels));
        for (size_t p = 0; p < n; p++)
            mean[p] += (bram_real)(length * fabs((double)masks[r * n + p]));
    }
    for (size_t b = 0; b < s->batch; b++, map += n) {
        double sum = 0;
        for (size_t p = 0; p < n; p++) {
            BRAM_NN(corners) k;
            carry_to(s, t.told + b * told(s), p, &k);
            map[p] = 0;
            for (size_t i = 0; i < 4; i++) map[p] += k.weight[i] * mean[k.at[i]];
            sum += (double)map[p];
        }
        for (size_t p = 0; sum > 0 && p < n; p++) map[p] = (bram_real)((double)map[p] / sum);
    }
}

const BRAM_NN(readout) BRAM_NN(readout_spatial) = {
    .name = "spatial transformer",
    .tensors = tensors,
    .start = start,
    .trace = trace_size,
    .room = room_size,
    .forward = forward,
    .backward = backward,
    .penalty = BRAM_NN(factors_penalty),
    .constrain = BRAM_NN(factors_constrain),
    .map = BRAM_NN(factors_map),
    .attention = attention,
};
