/*
 * identification.c - nearest centroids with one subject left out; see identification.h.
 */
#include "identification.h"

#include "linalg.h"

#include <math.h>
#include <string.h>

static const size_t NOBODY = (size_t)-1;

/* Whether item i is in the centroid of a region from which two subjects are left out. */
static bool is_in(const bram_identification *d, size_t i, size_t region, size_t out, size_t also)
{
    return d->region[i] == region && d->subject[i] != out && d->subject[i] != also;
}

/* sum_ij d2(i, j) / (2 T^2) of a region's T items; NaN where there is none. */
static double spread(const bram_identification *d, const bram_mat *squared, size_t region,
                     size_t out, size_t also)
{
    double total = 0, sum = 0;
    for (size_t i = 0; i < d->items; i++) {
        if (!is_in(d, i, region, out, also)) continue;
        total++;
        for (size_t j = 0; j < i; j++)
            if (is_in(d, j, region, out, also)) sum += bram_row(squared, i)[j];
    }
    return total > 0 ? sum / (total * total) : (double)NAN;
}

/* The mean squared distance of an item from the items of a region. */
static double distance(const bram_identification *d, const bram_mat *squared, size_t item,
                       size_t region, size_t out, size_t also)
{
    double total = 0, sum = 0;
    for (size_t i = 0; i < d->items; i++)
        if (is_in(d, i, region, out, also)) total++, sum += bram_row(squared, item)[i];
    return sum / total;
}

/* Where items go, and how near that is; `items` of each. */
struct places {
    double *nearest;
    ptrdiff_t *best;
};

static int places_new(bram_ctx *cx, struct places *p, size_t items)
{
    p->nearest = bram_scratch(cx, items, sizeof *p->nearest);
    p->best = bram_scratch(cx, items, sizeof *p->best);
    return p->nearest && p->best ? BRAM_OK : BRAM_ENOMEM;
}

struct tally {
    double placed, right;
};

/* Items of subject `out` to the centroids without `out` and `also`. */
static struct tally place(struct places *p, const bram_identification *d, const bram_mat *squared,
                          size_t out, size_t also)
{
    struct tally t = {0, 0};
    for (size_t i = 0; i < d->items; i++)
        if (d->subject[i] == out) p->nearest[i] = INFINITY, p->best[i] = BRAM_NO_REGION;
    for (size_t r = 0; r < d->regions; r++) {
        double within = spread(d, squared, r, out, also);
        for (size_t i = 0; !isnan(within) && i < d->items; i++) {
            if (d->subject[i] != out) continue;
            double away = distance(d, squared, i, r, out, also) - within;
            if (away < p->nearest[i]) p->nearest[i] = away, p->best[i] = (ptrdiff_t)r;
        }
    }
    for (size_t i = 0; i < d->items; i++) {
        if (d->subject[i] != out) continue;
        t.placed += p->best[i] != BRAM_NO_REGION;
        t.right += p->best[i] == (ptrdiff_t)d->region[i];
    }
    return t;
}

/* The accuracy over all subjects but `also`, which is in no centroid either; NaN for none.
 * Each subject's own goes to of_subject, where that is wanted. */
static double accuracy_without(struct places *p, const bram_identification *d,
                               const bram_mat *squared, size_t also, double *of_subject)
{
    struct tally all = {0, 0};
    for (size_t s = 0; s < d->subjects; s++) {
        if (s == also) continue;
        struct tally t = place(p, d, squared, s, also);
        all.placed += t.placed, all.right += t.right;
        if (of_subject && t.placed > 0) of_subject[s] = t.right / t.placed;
    }
    return all.placed > 0 ? all.right / all.placed : (double)NAN;
}

int bram_identify(bram_ctx *cx, double *accuracy, double *of_subject, ptrdiff_t *assigned,
                  const bram_identification *d, const bram_mat *squared)
{
    size_t mark = bram_scratch_mark(cx);
    struct places p;
    int status = places_new(cx, &p, d->items);
    if (status == BRAM_OK) {
        for (size_t i = 0; i < d->items; i++) p.best[i] = BRAM_NO_REGION;
        for (size_t s = 0; of_subject && s < d->subjects; s++) of_subject[s] = NAN;
        *accuracy = accuracy_without(&p, d, squared, NOBODY, of_subject);
        if (assigned && d->items) memcpy(assigned, p.best, d->items * sizeof *assigned);
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- nested --------------------------------------------------------------------------------- */

struct nested {
    const bram_identification *d;
    const bram_mat *squared;
    size_t settings;
    double *inner; /* accuracy of each setting without the left-out subject */
    struct places places;
};

/* Subject s under the settings that the others chose. */
static struct tally place_chosen(struct nested *n, double *chosen, size_t s)
{
    struct tally sum = {0, 0};
    double best = -INFINITY, count = 0;
    for (size_t g = 0; g < n->settings; g++) {
        double inner = accuracy_without(&n->places, n->d, &n->squared[g], s, NULL);
        n->inner[g] = isnan(inner) ? 0 : inner; /* nobody to choose by: all are equally good */
        best = fmax(best, n->inner[g]);
    }
    for (size_t g = 0; g < n->settings; g++) count += n->inner[g] >= best - 1e-12;
    for (size_t g = 0; g < n->settings; g++) {
        bool taken = n->inner[g] >= best - 1e-12;
        if (chosen) chosen[g * n->d->subjects + s] = taken ? 1 / count : 0;
        if (!taken) continue;
        struct tally t = place(&n->places, n->d, &n->squared[g], s, NOBODY);
        sum.placed += t.placed / count, sum.right += t.right / count;
    }
    return sum;
}

static int identify_nested(bram_ctx *cx, double *accuracy, double *of_subject, double *optimistic,
                           double *chosen, struct nested *n)
{
    const bram_identification *d = n->d;
    struct tally all = {0, 0};
    double best = NAN;
    n->inner = bram_scratch(cx, n->settings, sizeof *n->inner);
    if (!n->inner) return BRAM_ENOMEM;
    BRAM_TRY(places_new(cx, &n->places, d->items));
    for (size_t s = 0; of_subject && s < d->subjects; s++) of_subject[s] = NAN;
    if (chosen) memset(chosen, 0, n->settings * d->subjects * sizeof *chosen);
    for (size_t s = 0; s < d->subjects; s++) {
        struct tally t = place_chosen(n, chosen, s);
        if (of_subject && t.placed > 0) of_subject[s] = t.right / t.placed;
        all.placed += t.placed, all.right += t.right;
    }
    for (size_t g = 0; g < n->settings; g++)
        best = fmax(best, accuracy_without(&n->places, d, &n->squared[g], NOBODY, NULL));
    *accuracy = all.placed > 0 ? all.right / all.placed : (double)NAN;
    *optimistic = best;
    return BRAM_OK;
}

int bram_identify_nested(bram_ctx *cx, double *accuracy, double *of_subject, double *optimistic,
                         double *chosen, const bram_identification *d, const bram_mat *squared,
                         size_t settings)
{
    if (!settings) return bram_fail(cx, BRAM_ESHAPE, "no settings to choose from");
    size_t mark = bram_scratch_mark(cx);
    struct nested n = {.d = d, .squared = squared, .settings = settings};
    int status = identify_nested(cx, accuracy, of_subject, optimistic, chosen, &n);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- distances ------------------------------------------------------------------------------ */

int bram_squared_distances(bram_ctx *cx, bram_mat *squared, const bram_mat *x, const double *weight)
{
    size_t mark = bram_scratch_mark(cx), used = 0;
    bram_mat y;
    BRAM_TRY(bram_mat_scratch(cx, &y, x->rows, x->cols));
    for (size_t k = 0; k < x->cols; k++) {
        double w = weight ? weight[k] : 1, root = sqrt(w);
        if (!(w > 0)) continue;
        double origin = x->rows ? bram_row(x, 0)[k] : 0; /* a large offset does no harm */
        for (size_t i = 0; i < x->rows; i++)
            bram_row(&y, i)[used] = root * (bram_row(x, i)[k] - origin);
        used++;
    }
    y.cols = used;
    int status = bram_syrk(cx, squared, 1, &y, BRAM_AS_IS, 0);
    for (size_t i = 0; status == BRAM_OK && i < x->rows; i++)
        for (size_t j = 0; j < i; j++) {
            double both = bram_row(squared, i)[i] + bram_row(squared, j)[j];
            double d2 = fmax(0, both - 2 * bram_row(squared, i)[j]);
            bram_row(squared, i)[j] = bram_row(squared, j)[i] = d2;
        }
    for (size_t i = 0; status == BRAM_OK && i < x->rows; i++) bram_row(squared, i)[i] = 0;
    bram_scratch_release(cx, mark);
    return status;
}
