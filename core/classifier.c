/*
 * classifier.c - linear readers of classes; see classifier.h.
 */
#include "classifier.h"

#include "lbfgs.h"
#include "linalg.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What the fits share. */
struct training {
    const bram_mat *z; /* standardized rows */
    const size_t *label;
    size_t classes, filled; /* filled: classes that have rows */
    const double *count;    /* rows of each class */
    bram_mat mean;          /* classes x columns */
};

/* ---- scales and means ----------------------------------------------------------------------- */

void bram_classifier_scale(double *mean, double *scale, const bram_mat *x)
{
    double n = (double)x->rows;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++) mean[j] += bram_row(x, i)[j] / n;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++) {
            double d = bram_row(x, i)[j] - mean[j];
            scale[j] += d * d / n;
        }
    for (size_t j = 0; j < x->cols; j++) {
        scale[j] = sqrt(scale[j]);
        /* what rounding leaves of a constant column is no deviation */
        if (!(scale[j] > 16 * DBL_EPSILON * fabs(mean[j]))) scale[j] = 1;
    }
}

static int standardize(bram_ctx *cx, bram_mat *z, const bram_classifier *c, const bram_mat *x)
{
    BRAM_TRY(bram_mat_scratch(cx, z, x->rows, x->cols));
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++)
            bram_row(z, i)[j] = (bram_row(x, i)[j] - c->mean[j]) / c->scale[j];
    return BRAM_OK;
}

static int class_means(bram_ctx *cx, struct training *t)
{
    size_t cols = t->z->cols;
    double *count = bram_scratch(cx, t->classes, sizeof *count);
    BRAM_TRY(bram_mat_scratch(cx, &t->mean, t->classes, cols));
    if (!count) return BRAM_ENOMEM;
    for (size_t i = 0; i < t->z->rows; i++) {
        double *mean = bram_row(&t->mean, t->label[i]);
        t->filled += count[t->label[i]]++ == 0;
        for (size_t j = 0; j < cols; j++) mean[j] += bram_row(t->z, i)[j];
    }
    for (size_t k = 0; k < t->classes; k++)
        for (size_t j = 0; j < cols && count[k] > 0; j++) bram_row(&t->mean, k)[j] /= count[k];
    t->count = count;
    return BRAM_OK;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t j = 0; j < n; j++) sum += a[j] * b[j];
    return sum;
}

/* Less its mean and of length one; a constant row becomes 0. */
static void to_direction(double *row, size_t n)
{
    double mean = 0, square = 0, most = 0;
    for (size_t j = 0; j < n; j++) mean += row[j] / (double)n;
    for (size_t j = 0; j < n; j++) most = fmax(most, fabs(row[j])), row[j] -= mean;
    square = sqrt(dot(row, row, n));
    bool constant = !(square > 16 * DBL_EPSILON * most);
    for (size_t j = 0; j < n; j++) row[j] = constant ? 0 : row[j] / square;
}

static void fit_means(bram_classifier *c, const struct training *t)
{
    size_t cols = t->z->cols;
    for (size_t k = 0; k < t->classes; k++) {
        double *w = bram_row(&c->weight, k);
        memcpy(w, bram_row(&t->mean, k), cols * sizeof *w);
        if (c->kind == BRAM_CLASSIFIER_CORRELATION) to_direction(w, cols);
        else c->offset[k] = -dot(w, w, cols) / 2;
    }
}

/* ---- discriminant analysis ------------------------------------------------------------------ */

/* The weight of the mean variance: Ledoit and Wolf's min(b^2, d^2) / d^2 of centred rows. */
static double shrinkage(const bram_mat *rows, const bram_mat *cov, double mu)
{
    double n = (double)rows->rows, p = (double)rows->cols, fourth = 0, square = 0;
    for (size_t i = 0; i < rows->rows; i++) {
        double r = dot(bram_row(rows, i), bram_row(rows, i), rows->cols);
        fourth += r * r;
    }
    for (size_t j = 0; j < cov->rows; j++)
        square += dot(bram_row(cov, j), bram_row(cov, j), cov->cols);
    double distance = square - p * mu * mu, noise = (fourth / n - square) / n;
    if (p < 2 || !(noise > 0)) return 0; /* one variance is its own mean */
    return distance > noise ? noise / distance : 1;
}

/* Adds the shrunken covariance of one class, divided by the number of classes, to sum. */
static int add_class(bram_ctx *cx, bram_mat *sum, const struct training *t, size_t class)
{
    size_t cols = t->z->cols, n = 0, rows = (size_t)t->count[class];
    bram_mat own, cov;
    double *scale = bram_scratch(cx, cols, sizeof *scale), mu = 0;
    if (!scale) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &own, rows, cols));
    BRAM_TRY(bram_mat_scratch(cx, &cov, cols, cols));
    for (size_t i = 0; i < t->z->rows; i++) {
        if (t->label[i] != class) continue;
        double *row = bram_row(&own, n++);
        for (size_t j = 0; j < cols; j++) {
            row[j] = bram_row(t->z, i)[j] - bram_row(&t->mean, class)[j];
            scale[j] += row[j] * row[j] / (double)rows;
        }
    }
    for (size_t j = 0; j < cols; j++) scale[j] = scale[j] > DBL_EPSILON ? sqrt(scale[j]) : 1;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) bram_row(&own, i)[j] /= scale[j];
    BRAM_TRY(bram_syrk(cx, &cov, 1 / (double)rows, &own, BRAM_TRANSPOSED, 0));
    for (size_t j = 0; j < cols; j++) mu += bram_row(&cov, j)[j] / (double)cols;
    double weight = shrinkage(&own, &cov, mu);
    for (size_t i = 0; i < cols; i++)
        for (size_t j = 0; j < cols; j++)
            bram_row(sum, i)[j] += scale[i] * scale[j] / (double)t->filled *
                                   ((1 - weight) * bram_row(&cov, i)[j] + (i == j) * weight * mu);
    return BRAM_OK;
}

/* weight = mean S^+, by eigenvectors: a direction without variance tells nothing. */
static int solve(bram_ctx *cx, bram_mat *weight, const bram_mat *mean, bram_mat *cov)
{
    size_t p = cov->rows;
    bram_mat along;
    double *value = bram_scratch(cx, p, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &along, mean->rows, p));
    BRAM_TRY(bram_eigh(cx, cov, value));
    BRAM_TRY(bram_gemm(cx, &along, 1, mean, BRAM_AS_IS, cov, BRAM_TRANSPOSED, 0));
    double least = (double)p * DBL_EPSILON * value[p - 1];
    for (size_t k = 0; k < mean->rows; k++)
        for (size_t j = 0; j < p; j++) {
            double *a = &bram_row(&along, k)[j];
            *a = value[j] > least ? *a / value[j] : 0;
        }
    return bram_gemm(cx, weight, 1, &along, BRAM_AS_IS, cov, BRAM_AS_IS, 0);
}

static int fit_lda(bram_ctx *cx, bram_classifier *c, const struct training *t)
{
    bram_mat cov;
    BRAM_TRY(bram_mat_scratch(cx, &cov, t->z->cols, t->z->cols));
    for (size_t k = 0; k < t->classes; k++) {
        size_t mark = bram_scratch_mark(cx);
        int status = t->count[k] > 0 ? add_class(cx, &cov, t, k) : BRAM_OK;
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    BRAM_TRY(solve(cx, &c->weight, &t->mean, &cov));
    for (size_t k = 0; k < t->classes; k++)
        c->offset[k] = -dot(bram_row(&c->weight, k), bram_row(&t->mean, k), t->z->cols) / 2;
    return BRAM_OK;
}

/* ---- logistic regression -------------------------------------------------------------------- */

struct logistic {
    const struct training *t;
    double penalty;
    bram_mat p; /* rows x classes: scores, then what is left over of the probabilities */
};

/* Scores to weighted (p - truth) in place. @return the weighted -log p of the truth */
static double leave_over(double *score, size_t n, size_t truth, double weight)
{
    double most = score[0], sum = 0, own = score[truth];
    for (size_t k = 1; k < n; k++) most = fmax(most, score[k]);
    for (size_t k = 0; k < n; k++) sum += score[k] = exp(score[k] - most);
    for (size_t k = 0; k < n; k++) score[k] *= weight / sum;
    score[truth] -= weight;
    return weight * (log(sum) + most - own);
}

/* Parameters: weights, classes x columns, then the intercepts. A bram_cost_fn. */
static int cost(bram_ctx *cx, double *value, double *gradient, const double *x, void *user)
{
    struct logistic *l = user;
    const struct training *t = l->t;
    size_t k = t->classes, cols = t->z->cols;
    bram_mat w = {(double *)(uintptr_t)x, k, cols, cols}, g = {gradient, k, cols, cols};
    const double *intercept = x + k * cols;
    double *free = gradient + k * cols, sum = 0;
    BRAM_TRY(bram_gemm(cx, &l->p, 1, t->z, BRAM_AS_IS, &w, BRAM_TRANSPOSED, 0));
    for (size_t c = 0; c < k; c++) free[c] = 0;
    for (size_t i = 0; i < t->z->rows; i++) {
        double *row = bram_row(&l->p, i), n = t->count[t->label[i]];
        for (size_t c = 0; c < k; c++) row[c] += intercept[c];
        sum += leave_over(row, k, t->label[i], (double)t->z->rows / ((double)t->filled * n));
        for (size_t c = 0; c < k; c++) free[c] += row[c];
    }
    BRAM_TRY(bram_gemm(cx, &g, 1, &l->p, BRAM_TRANSPOSED, t->z, BRAM_AS_IS, 0));
    for (size_t j = 0; j < k * cols; j++) gradient[j] += l->penalty * x[j];
    *value = sum + l->penalty / 2 * dot(x, x, k * cols);
    return BRAM_OK;
}

static int fit_logistic(bram_ctx *cx, bram_classifier *c, const struct training *t,
                        const bram_classifier_settings *s)
{
    struct logistic l = {.t = t, .penalty = s->penalty};
    size_t weights = t->classes * t->z->cols, n = weights + t->classes;
    double *x = bram_scratch(cx, n, sizeof *x), value;
    if (!x) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &l.p, t->z->rows, t->classes));
    BRAM_TRY(bram_lbfgs(cx, x, &value, n, cost, &l, s->steps, s->tolerance));
    for (size_t k = 0; k < t->classes; k++) {
        memcpy(bram_row(&c->weight, k), x + k * t->z->cols, t->z->cols * sizeof *x);
        c->offset[k] = x[weights + k];
    }
    return BRAM_OK;
}

/* ---- all ------------------------------------------------------------------------------------ */

int bram_classifier_check(bram_ctx *cx, const bram_mat *x, const size_t *label, size_t classes)
{
    if (!x->rows || !x->cols || !classes)
        return bram_fail(cx, BRAM_ESHAPE, "%zu rows, %zu columns, %zu classes: nothing to learn",
                         x->rows, x->cols, classes);
    for (size_t i = 0; i < x->rows; i++) {
        if (label[i] >= classes)
            return bram_fail(cx, BRAM_ESHAPE, "row %zu is of class %zu, expected below %zu", i,
                             label[i], classes);
        for (size_t j = 0; j < x->cols; j++)
            if (!isfinite(bram_row(x, i)[j]))
                return bram_fail(cx, BRAM_ENUMERIC, "row %zu, column %zu is not finite", i, j);
    }
    return BRAM_OK;
}

int bram_classifier_fit(bram_ctx *cx, bram_classifier *out, const bram_mat *x, const size_t *label,
                        size_t classes, const bram_classifier_settings *s)
{
    BRAM_TRY(bram_classifier_check(cx, x, label, classes));
    bram_classifier c = {.kind = s->kind};
    bram_mat z;
    c.mean = bram_scratch(cx, x->cols, sizeof *c.mean);
    c.scale = bram_scratch(cx, x->cols, sizeof *c.scale);
    c.offset = bram_scratch(cx, classes, sizeof *c.offset);
    if (!c.mean || !c.scale || !c.offset) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &c.weight, classes, x->cols));
    size_t mark = bram_scratch_mark(cx);
    bram_classifier_scale(c.mean, c.scale, x);
    int status = standardize(cx, &z, &c, x);
    struct training t = {.z = &z, .label = label, .classes = classes};
    if (status == BRAM_OK) status = class_means(cx, &t);
    if (status == BRAM_OK && s->kind == BRAM_CLASSIFIER_LDA) status = fit_lda(cx, &c, &t);
    else if (status == BRAM_OK && s->kind == BRAM_CLASSIFIER_LOGISTIC)
        status = fit_logistic(cx, &c, &t, s);
    else if (status == BRAM_OK) fit_means(&c, &t);
    for (size_t k = 0; k < classes && status == BRAM_OK; k++)
        if (!(t.count[k] > 0)) c.offset[k] = -INFINITY;
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = c;
    return status;
}

int bram_classifier_scores(bram_ctx *cx, bram_mat *score, const bram_classifier *c,
                           const bram_mat *x)
{
    bram_mat z;
    if (x->cols != c->weight.cols || score->rows != x->rows || score->cols != c->weight.rows)
        return bram_fail(cx, BRAM_ESHAPE, "rows of %zu columns, expected %zu", x->cols,
                         c->weight.cols);
    size_t mark = bram_scratch_mark(cx);
    int status = standardize(cx, &z, c, x);
    for (size_t i = 0; status == BRAM_OK && i < x->rows; i++)
        if (c->kind == BRAM_CLASSIFIER_CORRELATION) to_direction(bram_row(&z, i), z.cols);
    if (status == BRAM_OK)
        status = bram_gemm(cx, score, 1, &z, BRAM_AS_IS, &c->weight, BRAM_TRANSPOSED, 0);
    for (size_t i = 0; status == BRAM_OK && i < x->rows; i++)
        for (size_t k = 0; k < score->cols; k++) bram_row(score, i)[k] += c->offset[k];
    bram_scratch_release(cx, mark);
    return status;
}
