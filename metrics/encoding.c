/*
 * encoding.c - encoding models: how well features predict the responses of each unit.
 *
 * In each fold a map is fitted on the training rows and scored on the test rows: Pearson r, r2
 * (against the mean of the test rows) or explained variance (r2 of errors about their mean) for
 * every unit. raw[u] = mean of that over the folds. A
 * unit that is undefined in a fold (constant there, or too few training rows) is undefined: NaN.
 * Without folds in the comparison, folds= contiguous parts of the rows are left out in turn.
 *
 * Rows whose axis says (column `image`) that they are the same image may not be on both sides of a
 * fold: what is then predicted has been seen. Movies that share frames are to be split by movie.
 *
 * The penalty is chosen in inner folds of the training rows. Only sums over the test rows of each
 * fold and resampling group are kept. Under weights each fold is scored over its rows as drawn (r2
 * about the mean of all its test rows: r2.c has the reason), and counts in the mean as often as the
 * share of its entries that was drawn.
 *
 * Sources: Yamins et al. 2014; Naselaris et al. 2011; the order (unit, then fold) is Brain-Score's
 * without its median over units.
 */
#include "delays.h"
#include "encoding_checks.h"
#include "internal.h"
#include "mapping.h"
#include "moments.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

static const bram_param params[] = {
    {"map", BRAM_PARAM_CHOICE, "ridge", "ridge|ols|pls|banded|lasso|elastic-net", 0, 0,
     "the map from features to responses"},
    {"alpha", BRAM_PARAM_REALS, "0.01..1e7", NULL, 0, INFINITY,
     "penalties; the best of several is chosen in inner folds. Of lasso and elastic-net those of "
     "the mean squared error over 2"},
    {"choice", BRAM_PARAM_CHOICE, "local", "local|global|conservative", 0, 0,
     "a penalty for each unit, one for all, or the largest within one deviation of the best"},
    {"select", BRAM_PARAM_CHOICE, "l2", "l2|r2|correlation", 0, 0, "the score of that choice"},
    {"tune", BRAM_PARAM_CHOICE, "folds", "folds|loo", 0, 0,
     "the choice in inner folds, or by leaving out one training row at a time"},
    {"inner", BRAM_PARAM_INTEGER, "5", NULL, 2, 1000,
     "inner folds, contiguous parts of the training rows, where the fold brings none"},
    {"folds", BRAM_PARAM_INTEGER, "10", NULL, 2, 1000,
     "contiguous parts of the rows, where the comparison brings no folds"},
    {"delays", BRAM_PARAM_INTEGERS, "0", NULL, 0, 1000000,
     "rows are moments: features of so many rows before (0..5), not across a change of the column "
     "segment"},
    {"scale", BRAM_PARAM_CHOICE, "none", "none|zscore", 0, 0,
     "of the features, by the training rows; they are always centred"},
    {"kernel", BRAM_PARAM_CHOICE, "linear", "linear|rbf|polynomial", 0, 0,
     "of ridge: inner products, exp(-gamma |a - b|^2), (gamma a.b + 1)^degree"},
    {"gamma", BRAM_PARAM_REAL, "auto", NULL, 0, INFINITY, "of the kernel; auto: 1 / features"},
    {"degree", BRAM_PARAM_REAL, "3", NULL, 1, 100, "of the polynomial kernel"},
    {"l1", BRAM_PARAM_REAL, "0.5", NULL, 0, 1, "elastic-net: the share of |w| in the penalty"},
    {"components", BRAM_PARAM_INTEGER, "25", NULL, 1, 100000, "of pls"},
    {"pls", BRAM_PARAM_CHOICE, "exact", "exact|nipals", 0, 0,
     "singular vectors, or power iteration stopped as scikit-learn does by default"},
    {"bands", BRAM_PARAM_INTEGERS, "", NULL, 1, 1e9,
     "banded: how many features each band has, left to right (1000+300)"},
    {"draws", BRAM_PARAM_INTEGER, "100", NULL, 1, 1000000, "banded: weightings tried"},
    {"seed", BRAM_PARAM_INTEGER, "0", NULL, 0, 1e9, "banded: of the weightings"},
    {"descent", BRAM_PARAM_INTEGER, "0", NULL, 0, 1000000,
     "banded: steps of descent of the squared error after them, unit by unit; for few units"},
    {"precision", BRAM_PARAM_CHOICE, "double", "double|float32", 0, 0,
     "of products with responses while penalties are chosen"},
    {"score", BRAM_PARAM_CHOICE, "pearson", "pearson|r2|explained-variance", 0, 0,
     "of the test rows, for each unit"},
    {"leaks", BRAM_PARAM_CHOICE, "refuse", "refuse|allow", 0, 0,
     "the same image among training and test rows, by the column image of the rows"},
    {"constant", BRAM_PARAM_CHOICE, "nan", "nan|zero", 0, 0,
     "the Pearson r of a prediction that is constant over the test rows of a fold"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

/* A cell holds the test rows of one fold in one resampling group. */
struct cell {
    size_t fold, group;
};

struct encoding {
    bram_moments *sums; /* its groups are the cells */
    struct cell *cells;
    uint8_t *fitted; /* folds x units */
    size_t folds, units, groups;
    enum { PEARSON, R2, EXPLAINED } score;
};

static void release_pair(void *pair)
{
    struct encoding *e = pair;
    if (!e) return;
    bram_moments_free(e->sums);
    bram_free(e->cells);
    bram_free(e->fitted);
    bram_free(e);
}

/* ---- fitting -------------------------------------------------------------------------------- */

/* Where the predictions of a fold go. */
struct intake {
    struct encoding *e;
    const bram_side *brain;
    const size_t *cell_of; /* of each row, in this fold */
    size_t fold;
};

static void take(void *user, const bram_fold *fold, const bram_mat *prediction, const size_t *unit,
                 const double *mean)
{
    const struct intake *in = user;
    size_t units = in->e->units;
    for (size_t k = 0; k < prediction->cols; k++) in->e->fitted[in->fold * units + unit[k]] = 1;
    for (size_t i = 0; i < fold->tests; i++) {
        size_t row = fold->test[i];
        for (size_t k = 0; k < prediction->cols; k++) {
            if (in->brain->present && !in->brain->present[row * units + unit[k]]) continue;
            double truth = bram_row(&in->brain->values, row)[unit[k]];
            bram_entry entry = {bram_row(prediction, i)[k], truth, truth, mean[k], mean[k]};
            bram_moments_add(in->e->sums, in->cell_of[row], unit[k], &entry);
        }
    }
}

static size_t group_of(const bram_groups *g, size_t row)
{
    return g->group ? g->group[row] : row;
}

/* Numbers the cells in the order in which test rows meet them; cell_of is folds x rows. */
static int make_cells(bram_ctx *cx, struct encoding *e, size_t *cell_of, const bram_comparison *c,
                      size_t rows, size_t *count)
{
    size_t mark = bram_scratch_mark(cx), most = 0, cells = 0;
    for (size_t f = 0; f < c->folds; f++) most += c->fold[f].tests;
    size_t *latest = bram_scratch(cx, e->groups, sizeof *latest); /* 1 + the group's cell */
    e->cells = latest ? bram_alloc(cx, most, sizeof *e->cells) : NULL;
    for (size_t f = 0; e->cells && f < c->folds; f++) {
        size_t first = cells;
        for (size_t i = 0; i < c->fold[f].tests; i++) {
            size_t row = c->fold[f].test[i], g = group_of(&c->groups, row);
            if (latest[g] <= first) {
                e->cells[cells++] = (struct cell){f, g};
                latest[g] = cells;
            }
            cell_of[f * rows + row] = latest[g] - 1;
        }
    }
    bram_scratch_release(cx, mark);
    *count = cells;
    return e->cells ? BRAM_OK : BRAM_ENOMEM;
}

/* What the folds share. */
struct fits {
    struct encoding *e;
    const bram_mapping *m;
    const bram_comparison *c;
    const size_t *cell_of;
};

static int fit_fold(bram_ctx *cx, size_t f, void *user)
{
    const struct fits *s = user;
    const bram_fold *fold = &s->c->fold[f];
    struct intake in = {s->e, s->m->brain, s->cell_of + f * s->m->x->rows, f};
    double bytes = bram_mapping_bytes(s->m, fold);
    if (s->m->map == BRAM_MAP_PLS) bytes *= bram_ctx_threads(cx);
    if (s->c->memory && bytes > (double)s->c->memory)
        return bram_fail(cx, BRAM_EMEMORY,
                         "fitting %zu x %zu features to %zu units needs about %.0f bytes, the "
                         "budget is %zu",
                         fold->trains, s->m->x->cols, s->e->units, bytes, s->c->memory);
    return bram_mapping_fold(cx, s->m, fold, take, &in);
}

static int fit_folds(bram_ctx *cx, struct encoding *e, const bram_mapping *m,
                     const bram_comparison *c, const bram_options *o)
{
    size_t rows = m->x->rows, cells, size;
    if (__builtin_mul_overflow(c->folds, rows, &size))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu folds of %zu rows", c->folds, rows);
    size_t *cell_of = bram_scratch(cx, size, sizeof *cell_of);
    if (!cell_of) return BRAM_ENOMEM;
    BRAM_TRY(make_cells(cx, e, cell_of, c, rows, &cells));
    if (!(e->fitted = bram_alloc(cx, c->folds, e->units))) return BRAM_ENOMEM;
    static const unsigned needs_of[] = {BRAM_PEARSON_NEEDS, BRAM_R2_NEEDS, BRAM_EXPLAINED_NEEDS};
    unsigned needs = needs_of[e->score];
    BRAM_TRY(bram_moments_empty(cx, &e->sums, cells, e->units, needs, c->memory));
    e->sums->choice = bram_option_is(o, "constant", "zero");
    struct fits fits = {e, m, c, cell_of};
    /* partial least squares are many small products: folds side by side, each on one thread */
    if (m->map == BRAM_MAP_PLS) BRAM_TRY(bram_parallel_for(cx, c->folds, fit_fold, &fits));
    for (size_t f = 0; f < c->folds && m->map != BRAM_MAP_PLS; f++) {
        BRAM_TRY(fit_fold(cx, f, &fits));
        bram_ctx_progress(cx, "encoding", (double)f + 1, (double)c->folds);
    }
    return bram_moments_check(cx, e->sums);
}

static bram_mapping mapping_of(const bram_options *o, const bram_side *model,
                               const bram_side *brain)
{
    bram_mapping m = {.x = &model->values,
                      .brain = brain,
                      .select = BRAM_RIDGE_L2,
                      .choice = BRAM_RIDGE_LOCAL,
                      .inner = (size_t)bram_option_integer(o, "inner"),
                      .zscore = bram_option_is(o, "scale", "zscore"),
                      .loo = bram_option_is(o, "tune", "loo"),
                      .single = bram_option_is(o, "precision", "float32"),
                      .gamma = bram_option_real(o, "gamma"),
                      .degree = bram_option_real(o, "degree"),
                      .components = (size_t)bram_option_integer(o, "components"),
                      .nipals = bram_option_is(o, "pls", "nipals"),
                      .draws = (size_t)bram_option_integer(o, "draws"),
                      .seed = (uint64_t)bram_option_integer(o, "seed"),
                      .descent = (size_t)bram_option_integer(o, "descent")};
    m.band = bram_option_integers(o, "bands", &m.bands);
    if (bram_option_is(o, "map", "ols")) m.map = BRAM_MAP_OLS;
    if (bram_option_is(o, "map", "pls")) m.map = BRAM_MAP_PLS;
    m.l1 = bram_option_is(o, "map", "lasso") ? 1 : bram_option_real(o, "l1");
    if (bram_option_is(o, "map", "lasso") || bram_option_is(o, "map", "elastic-net"))
        m.map = BRAM_MAP_LASSO;
    if (bram_option_is(o, "map", "banded")) m.map = BRAM_MAP_BANDED;
    if (bram_option_is(o, "kernel", "rbf")) m.kernel = BRAM_KERNEL_RBF;
    if (bram_option_is(o, "kernel", "polynomial")) m.kernel = BRAM_KERNEL_POLYNOMIAL;
    m.grid = bram_option_reals(o, "alpha", &m.n_grid);
    if (bram_option_is(o, "select", "r2")) m.select = BRAM_RIDGE_R2;
    if (bram_option_is(o, "select", "correlation")) m.select = BRAM_RIDGE_CORRELATION;
    if (bram_option_is(o, "choice", "global")) m.choice = BRAM_RIDGE_GLOBAL;
    if (bram_option_is(o, "choice", "conservative")) m.choice = BRAM_RIDGE_CONSERVATIVE;
    return m;
}

/* Options that do not go together are refused, not left aside. */
static int check_map(bram_ctx *cx, const bram_mapping *m)
{
    bool ridge = m->map == BRAM_MAP_RIDGE, banded = m->map == BRAM_MAP_BANDED;
    if (m->n_grid == 0) return bram_fail(cx, BRAM_EUSAGE, "alpha names no penalty");
    if (m->kernel != BRAM_KERNEL_LINEAR && !ridge)
        return bram_fail(cx, BRAM_EUSAGE, "kernel= goes with map=ridge");
    if (banded != (m->bands > 0))
        return bram_fail(cx, BRAM_EUSAGE,
                         banded ? "map=banded needs bands=, such as bands=100+30"
                                : "bands= goes with map=banded");
    if (m->descent && (!banded || m->select != BRAM_RIDGE_L2))
        return bram_fail(cx, BRAM_EUSAGE, "descent= goes with map=banded and select=l2");
    if (m->loo && !ridge) return bram_fail(cx, BRAM_EUSAGE, "tune=loo goes with map=ridge");
    return BRAM_OK;
}

static int fill(bram_ctx *cx, struct encoding *e, const bram_options *o, const bram_comparison *c)
{
    bram_mapping m = mapping_of(o, c->model, c->brain);
    BRAM_TRY(check_map(cx, &m));
    for (size_t f = 0; f < c->folds; f++) {
        BRAM_TRY(bram_encoding_check_fold(cx, &c->fold[f], m.x->rows));
        if (bram_option_is(o, "leaks", "allow")) continue;
        BRAM_TRY(bram_encoding_check_leaks(cx, c->brain, &c->fold[f]));
        BRAM_TRY(bram_encoding_check_leaks(cx, c->model, &c->fold[f]));
    }
    BRAM_TRY(bram_groups_check(cx, &e->groups, &c->groups, m.x->rows));
    e->folds = c->folds;
    e->units = m.brain->values.cols;
    e->score = bram_option_is(o, "score", "pearson") ? PEARSON
               : bram_option_is(o, "score", "r2")    ? R2
                                                     : EXPLAINED;
    size_t mark = bram_scratch_mark(cx), delays;
    const int64_t *delay = bram_option_integers(o, "delays", &delays);
    bram_mat delayed;
    int status = BRAM_OK;
    if (!delays) status = bram_fail(cx, BRAM_EUSAGE, "delays names no row");
    else if (delays != 1 || delay[0] != 0) {
        const bram_side *model = c->model;
        status = bram_delayed(cx, &delayed, m.x, delay, delays,
                              model->row ? model->row : m.brain->row);
        m.x = &delayed;
    }
    if (status == BRAM_OK) status = fit_folds(cx, e, &m, c, o);
    bram_scratch_release(cx, mark);
    return status;
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *given)
{
    bram_comparison c = *given;
    const bram_side *brain = c.brain;
    bram_fold *folds = NULL;
    BRAM_TRY(bram_encoding_check_sides(cx, c.model, brain));
    if (!c.folds) {
        size_t wanted = (size_t)bram_option_integer(o, "folds"), rows = brain->values.rows;
        if (rows < 2)
            return bram_fail(cx, BRAM_ESHAPE, "one row, expected two or more to fit and to score");
        c.folds = wanted < rows ? wanted : rows;
        BRAM_TRY(bram_kfold(cx, &folds, rows, c.folds));
        c.fold = folds;
    }
    struct encoding *e = bram_alloc(cx, 1, sizeof *e);
    int status = e ? fill(cx, e, o, &c) : BRAM_ENOMEM;
    bram_free(folds);
    if (status == BRAM_OK) *out = e, *values = e->units;
    else release_pair(e);
    return status;
}

/* ---- scoring -------------------------------------------------------------------------------- */

/* Sums over folds for each unit: score x share drawn, share drawn. */
struct mean {
    double sum, share;
    bool undefined;
};

/* Adds fold f, its cells under `weight` in drawn (and ones in whole), to the means. */
static int add_fold(bram_ctx *cx, struct mean *mean, const struct encoding *e, size_t f,
                    const double *weight, double *drawn, double *whole)
{
    bram_total *as_drawn, *all;
    bool any = false;
    for (size_t k = 0; k < e->sums->groups; k++) {
        bool inside = e->cells[k].fold == f;
        whole[k] = inside;
        drawn[k] = inside ? weight ? weight[e->cells[k].group] : 1 : 0;
        any = any || drawn[k] > 0;
    }
    BRAM_TRY(bram_moments_total(cx, &as_drawn, e->sums, drawn));
    BRAM_TRY(bram_moments_total(cx, &all, e->sums, whole));
    for (size_t u = 0; u < e->units; u++) {
        bool fitted = e->fitted[f * e->units + u];
        mean[u].undefined = mean[u].undefined || (any && !fitted);
        if (!fitted || !(as_drawn[u].of[BRAM_COUNT] > 0)) continue;
        double share = as_drawn[u].of[BRAM_COUNT] / all[u].of[BRAM_COUNT];
        double score = e->score == R2          ? bram_total_r2(&as_drawn[u], &all[u])
                       : e->score == EXPLAINED ? bram_total_explained(&as_drawn[u], &all[u])
                                               : bram_total_pearson(&as_drawn[u], e->sums->choice);
        mean[u].sum += share * score;
        mean[u].share += share;
    }
    return BRAM_OK;
}

static int score(bram_ctx *cx, double *raw, const struct encoding *e, const double *weight)
{
    struct mean *mean = bram_scratch(cx, e->units, sizeof *mean);
    double *drawn = bram_scratch(cx, e->sums->groups, sizeof *drawn);
    double *whole = bram_scratch(cx, e->sums->groups, sizeof *whole);
    if (!mean || !drawn || !whole) return BRAM_ENOMEM;
    for (size_t f = 0; f < e->folds; f++) {
        size_t mark = bram_scratch_mark(cx);
        int status = add_fold(cx, mean, e, f, weight, drawn, whole);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) return status;
    }
    for (size_t u = 0; u < e->units; u++)
        raw[u] = !mean[u].undefined && mean[u].share > 0 ? mean[u].sum / mean[u].share
                                                         : (double)NAN;
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const struct encoding *e = state;
    BRAM_TRY(bram_weights_check(cx, weight, e->groups));
    size_t mark = bram_scratch_mark(cx);
    int status = score(cx, raw, e, weight);
    bram_scratch_release(cx, mark);
    return status;
}

/* As for pearson and r2. */
static double ceiling(const bram_options *o, double reliability)
{
    if (isnan(reliability)) return NAN;
    if (reliability < 0) return 0;
    return bram_option_is(o, "score", "pearson") ? sqrt(reliability) : reliability;
}

const bram_metric bram_metric_encoding = {
    .name = "encoding",
    .summary = "cross-validated prediction of each unit from features by a fitted map",
    .source = "Naselaris et al. 2011; Yamins et al. 2014",
    .version = 3,
    .kind = BRAM_METRIC_MAPPED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_INV_SHIFT |
             BRAM_METRIC_INV_ROTATE | BRAM_METRIC_FITS | BRAM_METRIC_FIXED_REFERENCE,
    .chance = 0,
    .params = params,
    .pair = pair,
    .release_pair = release_pair,
    .compare = compare,
    .ceiling = ceiling,
};
