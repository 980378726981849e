/*
 * response_pairing.c - do responses and pictures belong together, row by row? See
 * response_checks.h.
 *
 * Visual cortex responds alike to pictures that are alike, so the two lists of similarities go
 * together wherever rows are paired; shuffled rows lose it. On 50 pictures and 55 units of mouse V1
 * (Antolik et al. 2016) r is 0.13, none of 999 shuffles comes near; on the rows of a set that is
 * known not to be paired r is 0.009.
 */
#include "response_checks.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 400, LEAST = 20, SIDE = 32, SHUFFLES = 499, ENOUGH = 100 };

/* Stimuli that are looked at, and both sides of them with mean 0 and length 1. */
struct pairing {
    size_t count, pixels, units;
    size_t row[MOST];
    double *picture, *response; /* stimulus x pixel, stimulus x unit */
};

/* ---- pictures -------------------------------------------------------------------------------- */

/* The grey means of squares of a picture, at most SIDE x SIDE. */
static void shrink(double *out, const double *picture, size_t rows, size_t cols, size_t channels)
{
    size_t high = rows < SIDE ? rows : SIDE, wide = cols < SIDE ? cols : SIDE;
    for (size_t y = 0; y < high; y++)
        for (size_t x = 0; x < wide; x++) {
            size_t top = y * rows / high, bottom = (y + 1) * rows / high;
            size_t left = x * cols / wide, right = (x + 1) * cols / wide;
            double sum = 0;
            for (size_t i = top; i < bottom; i++)
                for (size_t j = left * channels; j < right * channels; j++)
                    sum += picture[i * cols * channels + j];
            out[y * wide + x] = sum / (double)((bottom - top) * (right - left) * channels);
        }
}

/* The pictures: a set below stimuli/images, or the features called pixels. */
static const bram_response *find_pictures(const bram_dataset *ds)
{
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const char *path = bram_dataset_response_path(ds, i);
        if (strncmp(path, "stimuli/images/", 15) == 0 &&
            bram_response_count(bram_dataset_response(ds, path)))
            return bram_dataset_response(ds, path);
    }
    const bram_response *r = bram_dataset_response(ds, "stimuli/features/pixels");
    return r && bram_response_dims(r) == 2 ? r : NULL;
}

/* Up to MOST stimuli, evenly spaced among those that have a picture. */
static void choose(struct pairing *p, const bram_checked *c, const bram_axis *pictures)
{
    const bram_axis *stimulus = bram_response_axis(c->r, 0);
    size_t there = 0, seen = 0;
    for (size_t i = 0; i < c->rows; i++)
        there += bram_axis_find(pictures, bram_axis_id(stimulus, i)) >= 0;
    size_t wanted = there < MOST ? there : MOST;
    for (size_t i = 0; i < c->rows && p->count < wanted; i++) {
        if (bram_axis_find(pictures, bram_axis_id(stimulus, i)) < 0) continue;
        if (seen++ == p->count * there / wanted) p->row[p->count++] = i;
    }
}

static int read_pictures(bram_ctx *cx, struct pairing *p, const bram_checked *c,
                         const bram_response *pictures)
{
    size_t dims = bram_response_dims(pictures), length[4] = {1, 1, 1, 1};
    for (size_t d = 1; d < dims; d++) length[d] = bram_response_length(pictures, d);
    bool flat = dims == 2;
    size_t rows = flat ? 1 : length[1], cols = flat ? length[1] : length[2];
    size_t all = length[1] * length[2] * length[3];
    p->pixels = flat ? all : (rows < SIDE ? rows : SIDE) * (cols < SIDE ? cols : SIDE);
    double *one = bram_scratch(cx, all, sizeof *one);
    uint8_t *present = bram_scratch(cx, all, 1);
    p->picture = bram_scratch(cx, p->count * p->pixels, sizeof *p->picture);
    if (!one || !present || !p->picture) return BRAM_ENOMEM;
    for (size_t i = 0; i < p->count; i++) {
        const char *id = bram_axis_id(bram_response_axis(c->r, 0), p->row[i]);
        ptrdiff_t at = bram_axis_find(bram_response_axis(pictures, 0), id);
        size_t start[4] = {(size_t)at, 0, 0, 0}, count[4] = {1, length[1], length[2], length[3]};
        BRAM_TRY(bram_response_read(cx, pictures, start, count, one, present));
        if (flat) memcpy(p->picture + i * p->pixels, one, all * sizeof *one);
        else shrink(p->picture + i * p->pixels, one, rows, cols, length[3]);
    }
    return BRAM_OK;
}

/* ---- responses ------------------------------------------------------------------------------- */

/* Means over repeats, z-scored over the stimuli; what is missing is at the mean. */
static int read_responses(bram_ctx *cx, struct pairing *p, const bram_checked *c)
{
    p->units = c->units;
    p->response = bram_scratch(cx, p->count * p->units, sizeof *p->response);
    if (!p->response) return BRAM_ENOMEM;
    for (size_t u = 0; u < c->units; u++) {
        double mean = 0, square = 0;
        size_t n = 0;
        for (size_t i = 0; i < p->count; i++) {
            const double *x = c->values + (p->row[i] * c->units + u) * c->repeats;
            double sum = 0;
            size_t there = 0;
            for (size_t k = 0; k < c->repeats; k++)
                if (!isnan(x[k])) sum += x[k], there++;
            double value = there ? sum / (double)there : NAN;
            p->response[i * p->units + u] = value;
            if (!there) continue;
            double d = value - mean;
            mean += d / (double)++n, square += d * (value - mean);
        }
        double sd = n > 1 ? sqrt(square / (double)n) : 0;
        for (size_t i = 0; i < p->count; i++) {
            double *z = &p->response[i * p->units + u];
            *z = sd > 0 && !isnan(*z) ? (*z - mean) / sd : 0;
        }
    }
    return BRAM_OK;
}

/* ---- similarities ---------------------------------------------------------------------------- */

/* Correlations between the rows; two columns or fewer have none: products there. */
static void correlate(double *out, double *x, size_t n, size_t cols)
{
    for (size_t i = 0; i < n; i++) {
        double *row = x + i * cols, mean = 0, length = 0;
        for (size_t k = 0; k < cols; k++) mean += row[k] / (double)cols;
        for (size_t k = 0; k < cols; k++) {
            if (cols > 2) row[k] -= mean;
            length += row[k] * row[k];
        }
        for (size_t k = 0; k < cols && cols > 2; k++)
            row[k] = length > 0 ? row[k] / sqrt(length) : 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t k = 0; k < cols; k++) sum += x[i * cols + k] * x[j * cols + k];
            out[i * n + j] = out[j * n + i] = sum;
        }
}

/* Pairs above the diagonal to mean 0 and length 1. @return false where all are equal */
static bool normalize(double *s, size_t n)
{
    double mean = 0, length = 0, pairs = (double)n * (double)(n - 1) / 2;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) mean += s[i * n + j] / pairs;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            s[i * n + j] -= mean;
            s[j * n + i] = s[i * n + j];
            length += s[i * n + j] * s[i * n + j];
        }
    for (size_t k = 0; k < n * n; k++) s[k] /= sqrt(length);
    return length > 1e-20;
}

static double agreement(const double *a, const double *b, const size_t *order, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) sum += a[i * n + j] * b[order[i] * n + order[j]];
    return sum;
}

/* r, and the share of shuffles (it among them) that reach it; not all are made where it is clear.
 */
static int shuffle(bram_ctx *cx, double *r, double *p, const double *a, const double *b, size_t n)
{
    size_t *order = bram_scratch(cx, n, sizeof *order), reached = 1, made = 1;
    bram_rng g = bram_rng_new(0, "import/pairing");
    if (!order) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) order[i] = i;
    *r = agreement(a, b, order, n);
    for (; made <= SHUFFLES && reached < ENOUGH; made++) {
        bram_rng_permutation(&g, n, order);
        reached += agreement(a, b, order, n) >= *r;
    }
    *p = (double)reached / (double)made;
    return BRAM_OK;
}

static int compare(bram_ctx *cx, struct pairing *p, double *r, double *probability)
{
    size_t n = p->count;
    double *a = bram_scratch(cx, n * n, sizeof *a), *b = bram_scratch(cx, n * n, sizeof *b);
    if (!a || !b) return BRAM_ENOMEM;
    correlate(a, p->picture, n, p->pixels);
    correlate(b, p->response, n, p->units);
    if (!normalize(a, n) || !normalize(b, n)) return BRAM_OK; /* all alike: nothing to tell */
    return shuffle(cx, r, probability, a, b, n);
}

/* ---- the finding ----------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the column reliability; NaN without. */
static double median_reliability(bram_ctx *cx, const bram_checked *c)
{
    const bram_column *column = bram_axis_column(bram_response_axis(c->r, 1), "reliability");
    double *x = bram_scratch(cx, c->units, sizeof *x);
    size_t n = 0;
    if (!x || !column || column->type != BRAM_NUMBER) return NAN;
    for (size_t u = 0; u < c->units; u++)
        if (!isnan(column->number[u])) x[n++] = column->number[u];
    if (!n) return NAN;
    qsort(x, n, sizeof *x, ascending);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static void say(bram_ctx *cx, bram_checked *c, const struct pairing *p, double r,
                double probability)
{
    char reliable[80] = "";
    double median = median_reliability(cx, c);
    if (median >= 0.3)
        snprintf(reliable, sizeof reliable, ", although the units are reliable (median %.2f)",
                 median);
    bram_checked_say(c,
                     "nothing ties the responses to the pictures%s: over the pairs of %zu stimuli "
                     "the similarity of pictures and that of responses correlate by %.3f (p = %.2g "
                     "by shuffles); rows and pictures may not belong together",
                     reliable, p->count, r, probability);
}

int bram_check_pairing(bram_ctx *cx, bram_checked *c, const bram_dataset *ds, double *r, double *p)
{
    const bram_response *pictures = find_pictures(ds);
    double value = NAN, probability = NAN;
    size_t mark = bram_scratch_mark(cx);
    struct pairing pair = {.count = 0};
    if (pictures) choose(&pair, c, bram_response_axis(pictures, 0));
    int status = BRAM_OK;
    if (pair.count >= LEAST) {
        status = read_pictures(cx, &pair, c, pictures);
        if (status == BRAM_OK) status = read_responses(cx, &pair, c);
        if (status == BRAM_OK) status = compare(cx, &pair, &value, &probability);
        if (status == BRAM_OK && probability > 0.05) say(cx, c, &pair, value, probability);
    }
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK && r) *r = value;
    if (status == BRAM_OK && p) *p = probability;
    return status;
}
