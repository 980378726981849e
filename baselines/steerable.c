/*
 * steerable.c - statistics of a complex steerable pyramid, after Portilla & Simoncelli.
 *
 * The pyramid (Simoncelli & Freeman 1995; as buildSCFpyr of matlabPyrTools, transition of one
 * octave) of a square picture, whose size is a power of 2, has `scales` scales of `orientations`
 * complex bands; scale k is size / 2^k wide. L_0 is the picture's low-pass part, L_k+1 what scale
 * k hands on, halved. The statistics, in this order:
 *
 *   1. of the pixels: mean, variance, skewness m3 / m2^1.5, kurtosis m4 / m2^2, minimum, maximum  6
 *   2. variance of the high-pass residual                                                         1
 *   3. skewness and kurtosis of L_0 .. L_S                                                2 (S + 1)
 *   4. autocovariance of L_0 .. L_S at shifts within 3 pixels (half of 7 x 7, circular)  25 (S + 1)
 *   5. mean of the magnitude of each band                                                       S K
 *   6. autocovariance of the magnitudes, as 4                                                25 S K
 *   7. correlation of magnitudes between orientations of a scale                      S K (K - 1) /
 * 2
 *   8. correlation of magnitudes with those of the next coarser scale (its pixels taken
 *      twice each way)                                                                 (S - 1) K^2
 *
 * With 4 and 4: 630. A variance that is 0 makes skewness, kurtosis and correlations 0. What the
 * published set has beyond these: the statistics of phase across scales, and L_k with the bands
 * below added. Source: Portilla & Simoncelli 2000, Int J Comput Vis 40:49.
 */
#include "image_model.h"

#include "fft.h"

#include <math.h>
#include <string.h>

enum { MOST_SCALES = 6, MOST_ORIENTATIONS = 12, SHIFT = 3, SHIFTS = 25 };

static const double pi = 3.14159265358979323846, tiny = 1e-12;

static const bram_param params[] = {
    {"size", BRAM_PARAM_INTEGER, "128", NULL, 16, 1024, "rows and columns: a power of 2"},
    {"scales", BRAM_PARAM_INTEGER, "4", NULL, 1, MOST_SCALES, "of the pyramid"},
    {"orientations", BRAM_PARAM_INTEGER, "4", NULL, 2, MOST_ORIENTATIONS, "at each scale"},
    BRAM_IMAGE_PARAMS("1")};

struct pyramid {
    size_t side, scales, orientations;
    bram_fft2 *fft[MOST_SCALES + 1]; /* of side / 2^k */
    double *first;                   /* the low-pass mask of the whole */
    double *band[MOST_SCALES];       /* orientations x pixels: the masks of the bands of a scale */
    double *next[MOST_SCALES];       /* of what it hands on: half as wide */
};

static void release(void *state)
{
    struct pyramid *p = state;
    for (size_t k = 0; k <= MOST_SCALES; k++) bram_fft2_free(p->fft[k]);
    for (size_t k = 0; k < MOST_SCALES; k++) bram_free(p->band[k]), bram_free(p->next[k]);
    bram_free(p->first);
    bram_free(p);
}

/* ---- masks ---------------------------------------------------------------------------------- */

static double frequency(size_t k, size_t n)
{
    return k < n / 2 ? (double)k : (double)k - (double)n;
}

/* log2 of the radius, 0 at half the sampling rate; the constant counts as frequency 1. */
static double log_radius(double fy, double fx, size_t n)
{
    double r = hypot(fy, fx);
    return log2((r > 0 ? r : 1) / ((double)n / 2));
}

/* The high-pass of a transition from `edge` - 1 (0) to `edge` (1); low^2 = 1 - high^2. */
static double high(double log_r, double edge)
{
    double x = log_r - edge;
    return x >= 0 ? 1 : x <= -1 ? 0 : cos(pi / 2 * x);
}

static double low(double log_r, double edge)
{
    double h = high(log_r, edge);
    return sqrt(1 - h * h);
}

/* The angular part of band b of K. */
static double angular(double angle, size_t b, size_t bands)
{
    double order = (double)(bands - 1), alpha = angle - pi * (double)b / (double)bands;
    double factor = 0; /* log of 2^(2 order) (order!)^2 / (K (2 order)!) */
    factor = 2 * order * log(2) + 2 * lgamma(order + 1) - log((double)bands) -
             lgamma(2 * order + 1);
    while (alpha <= -pi) alpha += 2 * pi;
    while (alpha > pi) alpha -= 2 * pi;
    return fabs(alpha) < pi / 2 ? 2 * exp(factor / 2) * pow(cos(alpha), order) : 0;
}

static void fill_low(double *mask, size_t n, size_t of, double edge, double factor)
{
    for (size_t y = 0, i = 0; y < n; y++)
        for (size_t x = 0; x < n; x++, i++)
            mask[i] = factor * low(log_radius(frequency(y, n), frequency(x, n), of), edge);
}

static void fill_bands(double *mask, size_t n, size_t bands)
{
    for (size_t b = 0; b < bands; b++)
        for (size_t y = 0; y < n; y++)
            for (size_t x = 0; x < n; x++) {
                double fy = frequency(y, n), fx = frequency(x, n);
                *mask++ = high(log_radius(fy, fx, n), -1) * angular(atan2(fy, fx), b, bands);
            }
}

/* ---- statistics ----------------------------------------------------------------------------- */

struct moments {
    double mean, m2, skewness, kurtosis, least, most;
};

static struct moments moments_of(const double *x, size_t n)
{
    struct moments m = {.least = INFINITY, .most = -INFINITY};
    double m3 = 0, m4 = 0, count = (double)n;
    for (size_t i = 0; i < n; i++) {
        m.mean += x[i] / count;
        m.least = fmin(m.least, x[i]), m.most = fmax(m.most, x[i]);
    }
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - m.mean, dd = d * d;
        m.m2 += dd / count, m3 += dd * d / count, m4 += dd * dd / count;
    }
    if (m.m2 > tiny) m.skewness = m3 / (m.m2 * sqrt(m.m2)), m.kurtosis = m4 / (m.m2 * m.m2);
    return m;
}

static double dot(const double *a, const double *b, size_t n)
{
    double lane[4] = {0};
    size_t k = 0;
    for (; k + 4 <= n; k += 4)
        for (size_t l = 0; l < 4; l++) lane[l] += a[k + l] * b[k + l];
    for (; k < n; k++) lane[0] += a[k] * b[k];
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

/*
 * Means of x(p) x(p + shift), circular, x without its mean, which goes from x itself: half of the
 * shifts, as they repeat.
 */
static double *put_autocovariance(double *out, double *x, size_t n)
{
    double mean = moments_of(x, n * n).mean;
    for (size_t i = 0; i < n * n; i++) x[i] -= mean;
    for (size_t dy = 0; dy <= SHIFT; dy++)
        for (ptrdiff_t shift = dy ? -SHIFT : 0; shift <= SHIFT; shift++) {
            size_t dx = (size_t)((ptrdiff_t)n + shift) % n; /* the columns behind wrap around */
            double sum = 0;
            for (size_t y = 0; y < n; y++) {
                const double *a = x + y * n, *b = x + (y + dy) % n * n;
                sum += dot(a, b + dx, n - dx) + dot(a + n - dx, b, dx);
            }
            *out++ = sum / (double)(n * n);
        }
    return out;
}

static double correlation(const double *a, const double *b, size_t n)
{
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < n; i++) ma += a[i] / (double)n, mb += b[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double da = a[i] - ma, db = b[i] - mb;
        aa += da * da / (double)n, bb += db * db / (double)n, ab += da * db / (double)n;
    }
    return aa > tiny && bb > tiny ? ab / sqrt(aa) / sqrt(bb) : 0;
}

/* ---- the pyramid ---------------------------------------------------------------------------- */

/* What was found, for the statistics. */
struct levels {
    double *low[MOST_SCALES + 1]; /* L_k */
    double *magnitude[MOST_SCALES][MOST_ORIENTATIONS];
};

/* The real part of the inverse transform of a spectrum: L_k. */
static int take_low(bram_ctx *cx, double **out, const struct pyramid *p, size_t k,
                    const double *spectrum)
{
    size_t n = p->side >> k, count = n * n;
    double *values = bram_scratch(cx, 2 * count, sizeof *values);
    if (!values || !(*out = bram_scratch(cx, count, sizeof **out))) return BRAM_ENOMEM;
    memcpy(values, spectrum, 2 * count * sizeof *values);
    bram_fft2_backward(p->fft[k], values);
    for (size_t i = 0; i < count; i++) (*out)[i] = values[2 * i];
    return BRAM_OK;
}

static int take_band(bram_ctx *cx, double **out, const struct pyramid *p, size_t k, size_t b,
                     const double *spectrum)
{
    size_t n = p->side >> k, count = n * n;
    double *values = bram_scratch(cx, 2 * count, sizeof *values);
    if (!values || !(*out = bram_scratch(cx, count, sizeof **out))) return BRAM_ENOMEM;
    const double *mask = p->band[k] + b * count;
    for (size_t i = 0; i < count; i++) {
        values[2 * i] = mask[i] * spectrum[2 * i];
        values[2 * i + 1] = mask[i] * spectrum[2 * i + 1];
    }
    bram_fft2_backward(p->fft[k], values);
    for (size_t i = 0; i < count; i++) (*out)[i] = hypot(values[2 * i], values[2 * i + 1]);
    return BRAM_OK;
}

/* The inner half of a spectrum, low-passed: what the next scale works on. The mask's factor 1/4
 * keeps values of pictures as they are. */
static double *halve(bram_ctx *cx, const double *spectrum, const double *mask, size_t n)
{
    size_t half = n / 2;
    double *out = bram_scratch(cx, 2 * half * half, sizeof *out);
    for (size_t y = 0; out && y < half; y++)
        for (size_t x = 0; x < half; x++) {
            double fy = frequency(y, half), fx = frequency(x, half);
            size_t from_y = fy < 0 ? n - (half - y) : y, from_x = fx < 0 ? n - (half - x) : x;
            const double *from = spectrum + 2 * (from_y * n + from_x);
            double *to = out + 2 * (y * half + x);
            to[0] = mask[y * half + x] * from[0], to[1] = mask[y * half + x] * from[1];
        }
    return out;
}

/* Splits the picture's spectrum into its first low-pass part (in place) and the variance of the
 * rest. */
static double split(double *spectrum, const double *mask, size_t n)
{
    double rest = 0, count = (double)(n * n);
    for (size_t i = 0; i < n * n; i++) {
        double *at = spectrum + 2 * i, power = at[0] * at[0] + at[1] * at[1];
        rest += (1 - mask[i] * mask[i]) * power / count / count; /* Parseval */
        at[0] *= mask[i], at[1] *= mask[i];
    }
    return rest;
}

static int build(bram_ctx *cx, struct levels *v, double *rest, const struct pyramid *p,
                 const bram_image *im)
{
    size_t count = p->side * p->side;
    double *spectrum = bram_scratch(cx, 2 * count, sizeof *spectrum);
    if (!spectrum) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) spectrum[2 * i] = im->values[i];
    bram_fft2_forward(p->fft[0], spectrum);
    *rest = split(spectrum, p->first, p->side);
    for (size_t k = 0; k < p->scales; k++) {
        BRAM_TRY(take_low(cx, &v->low[k], p, k, spectrum));
        for (size_t b = 0; b < p->orientations; b++)
            BRAM_TRY(take_band(cx, &v->magnitude[k][b], p, k, b, spectrum));
        if (!(spectrum = halve(cx, spectrum, p->next[k], p->side >> k))) return BRAM_ENOMEM;
    }
    return take_low(cx, &v->low[p->scales], p, p->scales, spectrum);
}

/* ---- features ------------------------------------------------------------------------------- */

static double *put_magnitudes(double *out, const struct levels *v, const struct pyramid *p)
{
    for (size_t k = 0; k < p->scales; k++)
        for (size_t b = 0; b < p->orientations; b++)
            *out++ = moments_of(v->magnitude[k][b], (p->side >> k) * (p->side >> k)).mean;
    for (size_t k = 0; k < p->scales; k++)
        for (size_t b = 0; b < p->orientations; b++)
            out = put_autocovariance(out, v->magnitude[k][b], p->side >> k);
    for (size_t k = 0; k < p->scales; k++)
        for (size_t a = 0; a < p->orientations; a++)
            for (size_t b = a + 1; b < p->orientations; b++)
                *out++ = correlation(v->magnitude[k][a], v->magnitude[k][b],
                                     (p->side >> k) * (p->side >> k));
    return out;
}

static int put_across_scales(bram_ctx *cx, double *out, const struct levels *v,
                             const struct pyramid *p)
{
    double *large = bram_scratch(cx, p->side * p->side, sizeof *large);
    if (!large) return BRAM_ENOMEM;
    for (size_t k = 0; k + 1 < p->scales; k++)
        for (size_t b = 0; b < p->orientations; b++) {
            size_t n = p->side >> k;
            for (size_t y = 0; y < n; y++)
                for (size_t x = 0; x < n; x++)
                    large[y * n + x] = v->magnitude[k + 1][b][y / 2 * (n / 2) + x / 2];
            for (size_t a = 0; a < p->orientations; a++)
                out[a * p->orientations + b] = correlation(v->magnitude[k][a], large, n * n);
            if (b + 1 == p->orientations) out += p->orientations * p->orientations;
        }
    return BRAM_OK;
}

static int compute(bram_ctx *cx, double *const *row, const void *state, const bram_image *im)
{
    const struct pyramid *p = state;
    struct levels v;
    size_t count = p->side * p->side;
    double rest, *out = row[0], *pixels = bram_scratch(cx, count, sizeof *pixels);
    if (!pixels) return BRAM_ENOMEM;
    BRAM_TRY(build(cx, &v, &rest, p, im));
    for (size_t i = 0; i < count; i++) pixels[i] = im->values[i];
    struct moments m = moments_of(pixels, count);
    *out++ = m.mean, *out++ = m.m2, *out++ = m.skewness, *out++ = m.kurtosis;
    *out++ = m.least, *out++ = m.most, *out++ = rest;
    for (size_t k = 0; k <= p->scales; k++) {
        m = moments_of(v.low[k], (p->side >> k) * (p->side >> k));
        *out++ = m.skewness, *out++ = m.kurtosis;
    }
    for (size_t k = 0; k <= p->scales; k++) out = put_autocovariance(out, v.low[k], p->side >> k);
    return put_across_scales(cx, put_magnitudes(out, &v, p), &v, p);
}

/* ---- the entry ------------------------------------------------------------------------------ */

static int fill(bram_ctx *cx, struct pyramid *p, const bram_options *o)
{
    p->side = (size_t)bram_option_integer(o, "size");
    p->scales = (size_t)bram_option_integer(o, "scales");
    p->orientations = (size_t)bram_option_integer(o, "orientations");
    if (p->side & (p->side - 1) || p->side >> p->scales < 4)
        return bram_fail(cx, BRAM_EUSAGE,
                         "size %zu, expected a power of 2 that leaves 4 pixels after %zu scales",
                         p->side, p->scales);
    for (size_t k = 0; k <= p->scales; k++)
        BRAM_TRY(bram_fft2_new(cx, &p->fft[k], p->side >> k, p->side >> k));
    if (!(p->first = bram_alloc(cx, p->side * p->side, sizeof(double)))) return BRAM_ENOMEM;
    fill_low(p->first, p->side, p->side, 0, 1);
    for (size_t k = 0; k < p->scales; k++) {
        size_t n = p->side >> k;
        p->band[k] = bram_alloc(cx, p->orientations * n * n, sizeof(double));
        p->next[k] = bram_alloc(cx, n * n / 4, sizeof(double));
        if (!p->band[k] || !p->next[k]) return BRAM_ENOMEM;
        fill_bands(p->band[k], n, p->orientations);
        fill_low(p->next[k], n / 2, n, -1, 0.25);
    }
    return BRAM_OK;
}

static int make(bram_ctx *cx, bram_image_plan *plan, const bram_options *o)
{
    struct pyramid *p = bram_alloc(cx, 1, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    int status = fill(cx, p, o);
    if (status != BRAM_OK) {
        release(p);
        return status;
    }
    size_t s = p->scales, k = p->orientations;
    *plan = (bram_image_plan){
        .channels = 1,
        .side = p->side,
        .layers = 1,
        .layer = {{"statistics", 7 + (2 + SHIFTS) * (s + 1) + (1 + SHIFTS) * s * k +
                                     s * k * (k - 1) / 2 + (s - 1) * k * k}},
        .compute = compute,
        .state = p,
        .release = release};
    return BRAM_OK;
}

BRAM_IMAGE_FIT(make, bram_model_steerable)

const bram_model bram_model_steerable = {
    .name = "steerable",
    .summary = "statistics of a complex steerable pyramid, as for textures",
    .source = "Portilla & Simoncelli 2000, Int J Comput Vis 40:49",
    .version = 1,
    .params = params,
    BRAM_IMAGE_ENTRY,
};
