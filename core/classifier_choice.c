/*
 * classifier_choice.c - the penalty of the logistic reader by inner folds; see classifier.h.
 */
#include "classifier.h"

#include "linalg.h"

#include <math.h>
#include <string.h>

/* The training rows of one inner fold and those that it leaves out. */
struct cut {
    bram_mat in, out;
    size_t *in_label, *out_label;
};

static int make_cut(bram_ctx *cx, struct cut *c, const bram_mat *x, const size_t *label,
                    const size_t *fold, size_t which)
{
    size_t left = 0;
    for (size_t i = 0; i < x->rows; i++) left += fold[i] == which;
    c->in_label = bram_scratch(cx, x->rows, sizeof *c->in_label);
    c->out_label = bram_scratch(cx, x->rows, sizeof *c->out_label);
    if (!c->in_label || !c->out_label) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &c->in, x->rows - left, x->cols));
    BRAM_TRY(bram_mat_scratch(cx, &c->out, left, x->cols));
    c->in.rows = c->out.rows = 0;
    for (size_t i = 0; i < x->rows; i++) {
        bool out = fold[i] == which;
        bram_mat *to = out ? &c->out : &c->in;
        (out ? c->out_label : c->in_label)[to->rows] = label[i];
        memcpy(bram_row(to, to->rows++), bram_row(x, i), x->cols * sizeof(double));
    }
    return BRAM_OK;
}

/* -log p of the truth by scores; NaN where the truth is a class that the fit never saw. */
static double loss_of(const double *score, size_t classes, size_t truth)
{
    double most = -INFINITY, sum = 0;
    if (isinf(score[truth])) return NAN;
    for (size_t k = 0; k < classes; k++) most = fmax(most, score[k]);
    for (size_t k = 0; k < classes; k++) sum += exp(score[k] - most);
    return log(sum) + most - score[truth];
}

/* Adds the loss of the rows that are left out, every class alike. */
static int add_loss(bram_ctx *cx, double *loss, const struct cut *c, size_t classes,
                    const bram_classifier_settings *s)
{
    bram_classifier fitted;
    bram_mat score;
    double *sum = bram_scratch(cx, classes, sizeof *sum);
    double *count = bram_scratch(cx, classes, sizeof *count);
    if (!sum || !count) return BRAM_ENOMEM;
    BRAM_TRY(bram_classifier_fit(cx, &fitted, &c->in, c->in_label, classes, s));
    BRAM_TRY(bram_mat_scratch(cx, &score, c->out.rows, classes));
    BRAM_TRY(bram_classifier_scores(cx, &score, &fitted, &c->out));
    for (size_t i = 0; i < c->out.rows; i++) {
        double l = loss_of(bram_row(&score, i), classes, c->out_label[i]);
        if (!isnan(l)) sum[c->out_label[i]] += l, count[c->out_label[i]]++;
    }
    for (size_t k = 0; k < classes; k++)
        if (count[k] > 0) *loss += sum[k] / count[k];
    return BRAM_OK;
}

/* The losses of all penalties in one inner fold. */
static int add_fold(bram_ctx *cx, double *loss, const bram_mat *x, const size_t *label,
                    size_t classes, const size_t *fold, size_t which, const double *grid, size_t n,
                    bram_classifier_settings s)
{
    struct cut c;
    BRAM_TRY(make_cut(cx, &c, x, label, fold, which));
    for (size_t g = 0; g < n; g++) {
        size_t mark = bram_scratch_mark(cx);
        s.penalty = grid[g];
        int status = add_loss(cx, &loss[g], &c, classes, &s);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

int bram_classifier_choose(bram_ctx *cx, double *penalty, const bram_mat *x, const size_t *label,
                           size_t classes, const size_t *fold, const double *grid, size_t n,
                           const bram_classifier_settings *s)
{
    size_t mark = bram_scratch_mark(cx), folds = 0, best = n - 1;
    double *loss = bram_scratch(cx, n, sizeof *loss);
    if (!loss) return BRAM_ENOMEM;
    BRAM_TRY(bram_classifier_check(cx, x, label, classes));
    for (size_t i = 0; i < x->rows; i++)
        if (fold[i] >= folds) folds = fold[i] + 1;
    int status = BRAM_OK;
    for (size_t f = 0; status == BRAM_OK && f < folds; f++) {
        size_t rows = 0, inner = bram_scratch_mark(cx);
        for (size_t i = 0; i < x->rows; i++) rows += fold[i] == f;
        if (!rows) continue;
        if (rows == x->rows)
            return bram_fail(cx, BRAM_ESHAPE,
                             "a penalty is chosen by leaving out folds; the rows are all in one");
        status = add_fold(cx, loss, x, label, classes, fold, f, grid, n, *s);
        bram_scratch_release(cx, inner);
    }
    for (size_t g = n; g-- > 0;)
        if (loss[g] < loss[best]) best = g;
    if (status == BRAM_OK) *penalty = grid[best];
    bram_scratch_release(cx, mark);
    return status;
}
