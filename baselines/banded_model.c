/*
 * banded_model.c - responses from several feature spaces by banded ridge regression: the column
 * `space` of the inputs says which belong together (without it they are one space), and every unit
 * has a penalty for each space. Weightings of the spaces are tried at random, each with all
 * penalties, in inner folds of the training rows (core/banded.h).
 *
 * Beside `mean` it answers with `space` (space x row x unit), what each space adds to the mean of
 * the training rows: the sum is `mean`.
 *
 * Inputs and what is missing: regression.h. Sources: Nunez-Elizalde, Huth & Gallant 2019; Dupre la
 * Tour et al. 2022.
 */
#include "banded.h"
#include "forecast.h"
#include "linalg.h"
#include "regression.h"

#include <math.h>
#include <string.h>

static const bram_param params[] = {
    {"alpha", BRAM_PARAM_REALS, "0.01..1e7", NULL, 0, INFINITY,
     "penalties; the best is chosen in inner folds of the training rows for each weighting"},
    {"draws", BRAM_PARAM_INTEGER, "20", NULL, 1, 1000000,
     "weightings of the spaces: equal ones, then random ones"},
    {"seed", BRAM_PARAM_INTEGER, "0", NULL, 0, 1e9, "of the weightings"},
    {"inner", BRAM_PARAM_INTEGER, "5", NULL, 2, 1000, "inner folds, contiguous training rows"},
    {"scale", BRAM_PARAM_CHOICE, "zscore", "none|zscore", 0, 0, "of the inputs"},
    {.name = NULL},
};

struct banded {
    bram_mat weights; /* inputs x units, of scaled inputs */
    bram_mat offset;  /* 1 x units: the training means */
    bram_mat input;   /* 2 x inputs: mean, scale */
    bram_mat space;   /* 1 x inputs: the number of the space of each */
};

static const bram_state_part state[] = {
    {"weights", offsetof(struct banded, weights)},
    {"offset", offsetof(struct banded, offset)},
    {"input", offsetof(struct banded, input)},
    {"space", offsetof(struct banded, space)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

/* ---- spaces --------------------------------------------------------------------------------- */

/* Numbers the spaces in the order in which inputs name them; first: an input of each. */
static size_t number_spaces(double *space, size_t *first, const bram_axis *input, size_t inputs)
{
    const bram_column *named = input ? bram_axis_column(input, "space") : NULL;
    size_t count = 0;
    for (size_t k = 0; k < inputs; k++) {
        size_t s = 0;
        while (s < count && named && named->text &&
               strcmp(named->text[k], named->text[first[s]]) != 0)
            s++;
        if (s == count) first[count++] = k;
        space[k] = (double)s;
    }
    return count;
}

static size_t spaces_of(const bram_mat *space)
{
    double most = 0;
    for (size_t k = 0; k < space->cols; k++) most = fmax(most, space->data[k]);
    return (size_t)most + 1;
}

/* The inputs of one space, times a factor; in scratch memory. */
static int take_space(bram_ctx *cx, bram_mat *out, const bram_mat *x, const bram_mat *space,
                      size_t which)
{
    size_t cols = 0, at = 0;
    for (size_t k = 0; k < x->cols; k++) cols += (size_t)space->data[k] == which;
    BRAM_TRY(bram_mat_scratch(cx, out, x->rows, cols));
    for (size_t k = 0; k < x->cols; k++) {
        if ((size_t)space->data[k] != which) continue;
        for (size_t i = 0; i < x->rows; i++) bram_row(out, i)[at] = bram_row(x, i)[k];
        at++;
    }
    return BRAM_OK;
}

static int make_kernels(bram_ctx *cx, bram_mat **kernel, const bram_mat *x, const bram_mat *space)
{
    size_t spaces = spaces_of(space);
    *kernel = bram_scratch(cx, spaces, sizeof **kernel);
    if (!*kernel) return BRAM_ENOMEM;
    for (size_t s = 0; s < spaces; s++) {
        bram_mat part;
        BRAM_TRY(bram_mat_scratch(cx, &(*kernel)[s], x->rows, x->rows));
        size_t mark = bram_scratch_mark(cx);
        int status = take_space(cx, &part, x, space, s);
        if (status == BRAM_OK) status = bram_syrk(cx, &(*kernel)[s], 1, &part, BRAM_AS_IS, 0);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- fitting -------------------------------------------------------------------------------- */

static int search(bram_ctx *cx, bram_banded *found, const bram_options *o, const bram_regression *r,
                  const bram_mat *space)
{
    bram_mat *kernel;
    bram_fold *fold = NULL;
    size_t units = r->y.cols;
    bram_targets targets = {.rows = r->y.rows, .cols = units, .f64 = &r->y};
    bram_ridge_search s = {.folds = (size_t)bram_option_integer(o, "inner")};
    s.grid = bram_option_reals(o, "alpha", &s.n_grid);
    if (!s.n_grid) return bram_fail(cx, BRAM_EUSAGE, "alpha names no penalty");
    BRAM_TRY(bram_mat_scratch(cx, &found->gamma, (size_t)bram_option_integer(o, "draws"),
                              spaces_of(space)));
    bram_banded_draws(&found->gamma, (uint64_t)bram_option_integer(o, "seed"));
    if (found->gamma.cols == 1) found->gamma.rows = 1; /* there is nothing to weigh */
    found->draw = bram_scratch(cx, units, sizeof *found->draw);
    found->alpha = bram_scratch(cx, units, sizeof *found->alpha);
    found->best = bram_scratch(cx, units, sizeof *found->best);
    if (!found->draw || !found->alpha || !found->best) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = make_kernels(cx, &kernel, &r->x, space);
    if (status == BRAM_OK) status = bram_regression_folds(cx, &fold, &s.folds, r);
    s.fold = fold;
    if (status == BRAM_OK)
        status = bram_banded_search(cx, found, kernel, found->gamma.cols, &targets, &s);
    bram_free(fold);
    bram_scratch_release(cx, mark);
    return status;
}

/* Columns of y, or of weights, for the units that took one weighting. */
static int take_units(bram_ctx *cx, bram_mat *y, double **alpha, size_t **unit,
                      const bram_banded *found, size_t draw, const bram_mat *from)
{
    size_t n = 0;
    *unit = bram_scratch(cx, from->cols, sizeof **unit);
    *alpha = bram_scratch(cx, from->cols, sizeof **alpha);
    if (!*unit || !*alpha) return BRAM_ENOMEM;
    for (size_t u = 0; u < from->cols; u++)
        if (found->draw[u] == draw) (*alpha)[n] = found->alpha[u], (*unit)[n++] = u;
    BRAM_TRY(bram_mat_scratch(cx, y, from->rows, n));
    for (size_t i = 0; i < from->rows; i++)
        for (size_t k = 0; k < n; k++) bram_row(y, i)[k] = bram_row(from, i)[(*unit)[k]];
    return BRAM_OK;
}

/* Ridge of inputs times the roots of their spaces' weights. */
static int solve_draw(bram_ctx *cx, struct banded *m, const bram_regression *r,
                      const bram_banded *found, size_t draw)
{
    bram_mat x, y, b, weights;
    bram_ridge *ridge = NULL;
    double *alpha, *mean, *offset;
    size_t *unit;
    BRAM_TRY(take_units(cx, &y, &alpha, &unit, found, draw, &r->y));
    if (!y.cols) return BRAM_OK;
    const double *gamma = bram_row(&found->gamma, draw);
    BRAM_TRY(bram_mat_scratch(cx, &x, r->x.rows, r->x.cols));
    BRAM_TRY(bram_mat_scratch(cx, &weights, r->x.cols, y.cols));
    if (!(mean = bram_scratch(cx, 2 * y.cols, sizeof *mean))) return BRAM_ENOMEM;
    offset = mean + y.cols;
    for (size_t i = 0; i < x.rows; i++)
        for (size_t k = 0; k < x.cols; k++)
            bram_row(&x, i)[k] = bram_row(&r->x, i)[k] * sqrt(gamma[(size_t)m->space.data[k]]);
    BRAM_TRY(bram_ridge_new(cx, &ridge, &x));
    int status = bram_mat_scratch(cx, &b, bram_ridge_rank(ridge), y.cols);
    if (status == BRAM_OK) status = bram_ridge_project(cx, ridge, &b, mean, &y);
    if (status == BRAM_OK)
        status = bram_ridge_weights(cx, ridge, &weights, offset, &b, mean, alpha);
    bram_ridge_free(ridge);
    for (size_t j = 0; status == BRAM_OK && j < y.cols; j++) {
        m->offset.data[unit[j]] = mean[j];
        for (size_t k = 0; k < x.cols; k++)
            bram_row(&m->weights, k)[unit[j]] = bram_row(&weights, k)[j] *
                                                sqrt(gamma[(size_t)m->space.data[k]]);
    }
    return status;
}

static int fit_all(bram_ctx *cx, struct banded *m, const bram_options *o, const bram_panel *train)
{
    bram_regression r = {0};
    bram_banded found = {0};
    int status = bram_regression_rows(cx, &r, train, bram_option_is(o, "scale", "zscore"),
                                      "banded");
    m->input = r.input;
    BRAM_TRY(status);
    BRAM_TRY(bram_mat_new(cx, &m->weights, r.x.cols, r.y.cols));
    BRAM_TRY(bram_mat_new(cx, &m->offset, 1, r.y.cols));
    BRAM_TRY(bram_mat_new(cx, &m->space, 1, r.x.cols));
    size_t *first = bram_scratch(cx, r.x.cols, sizeof *first);
    if (!first) return BRAM_ENOMEM;
    number_spaces(m->space.data, first, train->input, r.x.cols);
    BRAM_TRY(search(cx, &found, o, &r, &m->space));
    for (size_t draw = 0; draw < found.gamma.rows; draw++) {
        size_t mark = bram_scratch_mark(cx);
        status = solve_draw(cx, m, &r, &found, draw);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)validation;
    (void)seed;
    struct banded *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = fit_all(cx, m, o, train);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* What each space adds: spaces x rows x units. */
static int predict_spaces(bram_ctx *cx, double *out, const struct banded *m, const bram_segment *g)
{
    size_t units = m->weights.cols, spaces = spaces_of(&m->space);
    bram_mat x, part, weights;
    BRAM_TRY(bram_regression_inputs(cx, &x, &m->input, g));
    for (size_t s = 0; s < spaces; s++) {
        size_t mark = bram_scratch_mark(cx), at = 0;
        BRAM_TRY(take_space(cx, &part, &x, &m->space, s));
        BRAM_TRY(bram_mat_scratch(cx, &weights, part.cols, units));
        for (size_t k = 0; k < x.cols; k++)
            if ((size_t)m->space.data[k] == s)
                memcpy(bram_row(&weights, at++), bram_row(&m->weights, k), units * sizeof(double));
        bram_mat y = {out + s * x.rows * units, x.rows, units, units};
        BRAM_TRY(bram_gemm(cx, &y, 1, &part, BRAM_AS_IS, &weights, BRAM_AS_IS, 0));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

static int new_spaces(bram_ctx *cx, bram_response **out, const bram_response *mean, size_t spaces)
{
    bram_axis *space = NULL;
    BRAM_TRY(bram_axis_new(cx, &space, "space", spaces));
    int status = bram_response_new(
        cx, out, "space", BRAM_F64, 3,
        (const bram_axis *[]){space, bram_response_axis(mean, 0), bram_response_axis(mean, 1)});
    bram_axis_free(space);
    return status;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct banded *m = fitted;
    bram_response *mean = NULL, *space = NULL;
    size_t units = m->weights.cols, spaces = spaces_of(&m->space), mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_regression_answer(cx, &mean, q, m->weights.rows, units));
    size_t rows = bram_response_length(mean, 0);
    int status = new_spaces(cx, &space, mean, spaces);
    if (status == BRAM_OK)
        status = predict_spaces(cx, bram_response_f64(space), m, &q->panel->segment[q->segment]);
    bram_scratch_release(cx, mark);
    if (status != BRAM_OK) {
        bram_response_free(mean);
        bram_response_free(space);
        return status;
    }
    for (size_t i = 0; i < rows * units; i++) {
        double *at = bram_response_f64(mean) + i;
        *at = m->offset.data[i % units];
        for (size_t s = 0; s < spaces; s++) *at += bram_response_f64(space)[s * rows * units + i];
    }
    status = bram_dataset_add(cx, out, "", mean);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", space);
    bram_response_free(space);
    return status;
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, state, out);
}

static bool fits(const void *loaded)
{
    const struct banded *m = loaded;
    bool shaped = m->offset.rows == 1 && m->offset.cols == m->weights.cols && m->input.rows == 2 &&
                  m->input.cols == m->weights.rows && m->space.rows == 1 &&
                  m->space.cols == m->weights.rows;
    for (size_t k = 0; shaped && k < m->space.cols; k++)
        shaped = m->space.data[k] >= 0 && m->space.data[k] < (double)m->space.cols &&
                 m->space.data[k] == floor(m->space.data[k]);
    return shaped;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct banded), state, fits, in);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    size_t n;
    bram_option_reals(o, "alpha", &n);
    return 8 * (4 * rows * inputs + 12 * rows * rows + 4 * rows * units + inputs * units +
                n * units * (size_t)bram_option_integer(o, "inner"));
}

const bram_model bram_model_banded_model = {
    .name = "banded",
    .summary = "responses from several feature spaces by banded ridge, a penalty for each",
    .source = "Nunez-Elizalde, Huth & Gallant 2019; Dupre la Tour et al. 2022",
    .missing = "missing inputs and responses stand at the mean of their column in training; rows "
               "without any response are left out",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_RESPOND),
    .flags = BRAM_MODEL_NEEDS_INPUT | BRAM_MODEL_SPACES,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .memory = memory,
};
