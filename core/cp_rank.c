/*
 * cp_rank.c - how alike factorizations are, and which rank the data have; see cp.h.
 */
#include "assignment.h"
#include "cp.h"
#include "linalg.h"

#include <bramble/parallel.h>

int bram_cp_similarity(bram_ctx *cx, double *out, const bram_cp *a, const bram_cp *b,
                       const size_t dim[3])
{
    size_t rank = a->rank, mark = bram_scratch_mark(cx);
    if (rank == 0 || b->rank != rank)
        return bram_fail(cx, BRAM_ESHAPE, "factorizations of rank %zu and %zu cannot be matched",
                         rank, b->rank);
    bram_mat cost = {0};
    size_t *column = bram_scratch(cx, rank, sizeof *column);
    int status = column ? bram_mat_scratch(cx, &cost, rank, rank) : BRAM_ENOMEM;
    for (size_t r = 0; r < rank && status == BRAM_OK; r++)
        for (size_t s = 0; s < rank; s++) {
            double product = -1;
            for (int f = 0; f < 3; f++) {
                double cosine = 0;
                for (size_t i = 0; i < dim[f]; i++)
                    cosine += a->factor[f][i * rank + r] * b->factor[f][i * rank + s];
                product *= cosine;
            }
            bram_row(&cost, r)[s] = product;
        }
    double total = 0;
    if (status == BRAM_OK) status = bram_assignment(cx, column, &total, &cost);
    if (status == BRAM_OK) *out = -total / (double)rank;
    bram_scratch_release(cx, mark);
    return status;
}

struct fits {
    const bram_cp_data *data;
    const bram_cp_settings *settings;
    size_t starts;
    bram_cp *fit; /* ranks x starts */
};

static int fit_task(bram_ctx *cx, size_t task, void *user)
{
    struct fits *f = user;
    return bram_cp_fit(cx, &f->fit[task], f->data, f->settings, task % f->starts, NULL);
}

static int make_fits(bram_ctx *cx, struct fits *f, size_t ranks)
{
    const size_t *dim = f->data->dim;
    size_t sum = dim[0] + dim[1] + dim[2] + 1;
    f->fit = bram_scratch(cx, ranks * f->starts, sizeof *f->fit);
    if (!f->fit) return BRAM_ENOMEM;
    for (size_t k = 0; k < ranks * f->starts; k++) {
        bram_cp *c = &f->fit[k];
        c->rank = k / f->starts + 1;
        c->weight = bram_scratch(cx, sum, c->rank * sizeof *c->weight);
        if (!c->weight) return BRAM_ENOMEM;
        c->factor[0] = c->weight + c->rank;
        c->factor[1] = c->factor[0] + dim[0] * c->rank;
        c->factor[2] = c->factor[1] + dim[1] * c->rank;
    }
    return BRAM_OK;
}

/* Farthest below the line from the first error to the last. */
static size_t find_elbow(const double *error, size_t ranks)
{
    size_t elbow = 1;
    double farthest = 0, fall = error[0] - error[ranks - 1];
    for (size_t r = 1; r + 1 < ranks && fall > 0; r++) {
        double along = (double)r / (double)(ranks - 1);
        double below = 1 - along - (error[r] - error[ranks - 1]) / fall;
        if (below > farthest) farthest = below, elbow = r + 1;
    }
    return elbow;
}

static int choose(bram_ctx *cx, bram_cp_choice *out, struct fits *f, size_t ranks, double stable)
{
    BRAM_TRY(make_fits(cx, f, ranks));
    BRAM_TRY(bram_parallel_for(cx, ranks * f->starts, fit_task, f));
    for (size_t r = 0; r < ranks; r++) {
        const bram_cp *fit = f->fit + r * f->starts;
        size_t best = 0;
        double sum = 0, one;
        for (size_t s = 1; s < f->starts; s++)
            if (fit[s].error < fit[best].error) best = s;
        for (size_t s = 0; s < f->starts; s++) {
            if (s == best) continue;
            BRAM_TRY(bram_cp_similarity(cx, &one, &fit[best], &fit[s], f->data->dim));
            sum += one;
        }
        out->error[r] = fit[best].error;
        out->similarity[r] = f->starts > 1 ? sum / (double)(f->starts - 1) : 1;
        out->best[r] = best;
    }
    out->elbow = out->rank = find_elbow(out->error, ranks);
    while (out->rank > 1 && out->similarity[out->rank - 1] < stable) out->rank--;
    return BRAM_OK;
}

int bram_cp_choose(bram_ctx *cx, bram_cp_choice *out, const bram_cp_data *data,
                   const bram_cp_settings *settings, size_t ranks, size_t starts, double stable)
{
    if (ranks == 0 || starts == 0)
        return bram_fail(cx, BRAM_ESHAPE, "%zu ranks from %zu starts, expected 1 or more of each",
                         ranks, starts);
    size_t mark = bram_scratch_mark(cx);
    struct fits f = {.data = data, .settings = settings, .starts = starts};
    int status = choose(cx, out, &f, ranks, stable);
    bram_scratch_release(cx, mark);
    return status;
}
