/*
 * rdm_partial.c - partial RDMs on one scale; see rdm_partial.h.
 */
#include "rdm_partial.h"

#include "internal.h"

#include <math.h>
#include <string.h>

enum { MOST_ROUNDS = 1000 };

static const double least_change = 1e-8, least_evidence = 0.04;

void bram_rdm_mean(double *mean, const double *rdm, size_t count, size_t pairs)
{
    for (size_t k = 0; k < pairs; k++) {
        double sum = 0, have = 0;
        for (size_t r = 0; r < count; r++)
            if (!isnan(rdm[r * pairs + k])) sum += rdm[r * pairs + k], have++;
        mean[k] = have > 0 ? sum / have : (double)NAN;
    }
}

/* The root of the sum of squares of x where `where` is a number. */
static double norm(const double *x, const double *where, size_t pairs)
{
    double sum = 0;
    for (size_t k = 0; k < pairs; k++)
        if (!isnan(where[k]) && !isnan(x[k])) sum += x[k] * x[k];
    return sqrt(sum);
}

static double weight_of(double d, double present, bram_rdm_weighting weighting)
{
    if (weighting == BRAM_RDM_EVIDENCE) return fmax(d * d, least_evidence);
    return weighting == BRAM_RDM_SETSIZE ? 1 / present : 1;
}

/* Weights from the RDMs as they were given; 0 where missing. */
static void weigh(double *weight, const double *rdm, size_t count, size_t pairs,
                  bram_rdm_weighting weighting)
{
    for (size_t r = 0; r < count; r++) {
        double present = 0;
        for (size_t k = 0; k < pairs; k++) present += !isnan(rdm[r * pairs + k]);
        for (size_t k = 0; k < pairs; k++) {
            double d = rdm[r * pairs + k];
            weight[r * pairs + k] = isnan(d) ? 0 : weight_of(d, present, weighting);
        }
    }
}

static void weighted_mean(double *mean, const double *rdm, const double *weight, size_t count,
                          size_t pairs)
{
    for (size_t k = 0; k < pairs; k++) {
        double sum = 0, total = 0;
        for (size_t r = 0; r < count; r++)
            if (weight[r * pairs + k] > 0) {
                sum += weight[r * pairs + k] * rdm[r * pairs + k];
                total += weight[r * pairs + k];
            }
        mean[k] = total > 0 ? sum / total : (double)NAN;
    }
}

static void unit(double *x, size_t pairs)
{
    double length = norm(x, x, pairs);
    for (size_t k = 0; k < pairs; k++) x[k] /= length;
}

/* Each RDM to the norm of the estimate on its own pairs. */
static void align(double *rdm, const double *estimate, size_t count, size_t pairs)
{
    for (size_t r = 0; r < count; r++) {
        double *one = rdm + r * pairs, scale = norm(estimate, one, pairs) / norm(one, one, pairs);
        for (size_t k = 0; k < pairs; k++) one[k] *= scale;
    }
}

static double change(const double *a, const double *b, size_t pairs)
{
    double sum = 0;
    for (size_t k = 0; k < pairs; k++)
        if (!isnan(a[k])) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
}

int bram_rdm_rescale(bram_ctx *cx, double *mean, double *rdm, size_t count, size_t pairs,
                     bram_rdm_weighting weighting)
{
    if (!count || !pairs)
        return bram_fail(cx, BRAM_ESHAPE, "%zu partial RDMs of %zu pairs: nothing to scale", count,
                         pairs);
    for (size_t r = 0; r < count; r++)
        if (!(norm(rdm + r * pairs, rdm + r * pairs, pairs) > 0))
            return bram_fail(cx, BRAM_ENUMERIC, "partial RDM %zu has no pair that is not 0", r);
    size_t mark = bram_scratch_mark(cx);
    double *weight = bram_scratch(cx, count * pairs, sizeof *weight);
    double *now = weight ? bram_scratch(cx, pairs, 2 * sizeof *now) : NULL;
    if (!now) {
        bram_scratch_release(cx, mark);
        return BRAM_ENOMEM;
    }
    double *before = now + pairs;
    weigh(weight, rdm, count, pairs, weighting);
    bram_rdm_mean(now, rdm, count, pairs);
    unit(now, pairs);
    for (size_t round = 0; round < MOST_ROUNDS; round++) {
        memcpy(before, now, pairs * sizeof *now);
        align(rdm, now, count, pairs);
        weighted_mean(now, rdm, weight, count, pairs);
        unit(now, pairs);
        if (change(now, before, pairs) <= least_change) break;
    }
    if (mean) weighted_mean(mean, rdm, weight, count, pairs);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
