/*
 * nlinear.c - one linear map from the last L values of a unit to its next H, shared by all units,
 * with the last value subtracted before and added after (Zeng et al. 2023, NLinear):
 *
 *   y_{t+h-1} - y_{t-1} = b_h + sum over l = 2 .. L of w_{l,h} (y_{t-l} - y_{t-1}),  h = 1 .. H
 *
 * fitted in closed form with a ridge penalty on w over all rows of all units pooled (those with
 * all L + H values present). A free run gives H steps at once and feeds them back beyond. Several
 * lags or penalties: the pair with the least one-step squared error on the validation data.
 *
 * Inputs (inputs.h) add V_{u,h} x to that, x those known with the last value, V of each unit its
 * own under the same penalty: what an animal does raises some units and lowers others.
 */
#include "forecast.h"
#include "linalg.h"

#include <bramble/parallel.h>

#include <string.h>

/* Units whose sums one task adds up; part of the fixed order of the sums. */
enum { UNIT_BLOCK = 32 };

struct nlinear {
    bram_mat mean;    /* 1 x units: training means, for what is missing */
    bram_mat inputs;  /* 2 x inputs, see inputs.h */
    bram_mat bias;    /* 1 x horizon */
    bram_mat weights; /* lags x horizon: row l - 1 is lag l; row 0 (the last value) is zero */
    bram_mat drive;   /* horizon inputs x units: row (h - 1) inputs + k is V_{u,h} of input k */
};

static int predict(bram_ctx *cx, const void *fitted, bram_mat *out, size_t steps,
                   const bram_mat *lagged)
{
    (void)cx;
    const struct nlinear *m = fitted;
    size_t units = m->mean.cols, inputs = m->inputs.cols;
    for (size_t h = 0; h < steps; h++)
        for (size_t i = 0; i < out[h].rows; i++) {
            const double *last = bram_row(&lagged[0], i);
            double *to = bram_row(&out[h], i);
            for (size_t j = 0; j < units; j++) to[j] = last[j] + m->bias.data[h];
            for (size_t l = 1; l < m->weights.rows; l++) {
                const double *from = bram_row(&lagged[l], i);
                double w = bram_row(&m->weights, l)[h];
                for (size_t j = 0; j < units; j++) to[j] += w * (from[j] - last[j]);
            }
            for (size_t k = 0; k < inputs; k++) {
                const double *v = bram_row(&m->drive, h * inputs + k);
                for (size_t j = 0; j < units; j++) to[j] += v[j] * last[units + k];
            }
        }
    bram_inputs_hold(out, steps, &lagged[0], units);
    return BRAM_OK;
}

static bram_forecast view(const struct nlinear *m)
{
    return (bram_forecast){.fitted = m,
                           .units = m->mean.cols,
                           .lags = m->weights.rows,
                           .horizon = m->weights.cols,
                           .mean = m->mean.data,
                           .predict = predict,
                           .inputs = &m->inputs};
}

static const bram_state_part state[] = {
    {"mean", offsetof(struct nlinear, mean)},   {"inputs", offsetof(struct nlinear, inputs)},
    {"bias", offsetof(struct nlinear, bias)},   {"weights", offsetof(struct nlinear, weights)},
    {"drive", offsetof(struct nlinear, drive)}, {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

/* ---- pooled sums ---------------------------------------------------------------------------- */

/* A row is v = (L - 1 sources, H targets). Of each block of units: the number of rows, the sums of
 * v, and the products of sources with v. Of each unit the products of inputs x with (x, 1, v). */
struct job {
    const bram_panel *train;
    const bram_mat *inputs;             /* their scale */
    size_t lags, horizon, units, width; /* width: L - 1 + H */
    double *rows;
    bram_mat sums;     /* blocks x width */
    bram_mat products; /* blocks (L - 1) x width */
    bram_mat own;      /* units inputs x (inputs + 1 + width) */
};

/* One row of a unit into its products with the inputs x. */
static void add_inputs(const struct job *job, size_t unit, const double *x, const double *v)
{
    size_t inputs = job->inputs->cols;
    for (size_t k = 0; k < inputs; k++) {
        double *to = bram_row(&job->own, unit * inputs + k);
        for (size_t a = 0; a < inputs; a++) to[a] += x[k] * x[a];
        to[inputs] += x[k];
        for (size_t a = 0; a < job->width; a++) to[inputs + 1 + a] += x[k] * v[a];
    }
}

/* v: room for a row and its inputs. */
static void add_rows(const struct job *job, size_t unit, const double *y, const size_t *run,
                     const bram_segment *s, double *v)
{
    size_t sources = job->lags - 1, block = unit / UNIT_BLOCK;
    double *sum = bram_row(&job->sums, block), *x = v + job->width;
    for (size_t t = s->first > job->lags ? s->first : job->lags; t + job->horizon <= s->y.rows;
         t++) {
        if (run[t + job->horizon - 1] < job->lags + job->horizon) continue;
        double last = y[t - 1];
        for (size_t k = 0; k < sources; k++) v[k] = y[t - 2 - k] - last;
        for (size_t h = 0; h < job->horizon; h++) v[sources + h] = y[t + h] - last;
        job->rows[block]++;
        for (size_t k = 0; k < job->width; k++) sum[k] += v[k];
        for (size_t a = 0; a < sources; a++) {
            double *row = bram_row(&job->products, block * sources + a);
            for (size_t b = 0; b < job->width; b++) row[b] += v[a] * v[b];
        }
        if (!job->inputs->cols) continue;
        bram_inputs_row(job->inputs, x, s, t);
        add_inputs(job, unit, x, v);
    }
}

static int add_block(bram_ctx *cx, size_t block, void *user)
{
    const struct job *job = user;
    size_t end = (block + 1) * UNIT_BLOCK < job->units ? (block + 1) * UNIT_BLOCK : job->units;
    double *v = bram_scratch(cx, job->width + job->inputs->cols, sizeof *v);
    if (!v) return BRAM_ENOMEM;
    for (size_t unit = block * UNIT_BLOCK; unit < end; unit++)
        for (size_t s = 0; s < job->train->segments; s++) {
            size_t mark = bram_scratch_mark(cx), *run;
            double *y;
            BRAM_TRY(bram_forecast_column(cx, &y, &run, &job->train->segment[s], unit));
            add_rows(job, unit, y, run, &job->train->segment[s], v);
            bram_scratch_release(cx, mark);
        }
    return BRAM_OK;
}

/* Adds the blocks into the first one and centres it. */
static int pooled(bram_ctx *cx, struct job *job)
{
    size_t blocks = (job->units + UNIT_BLOCK - 1) / UNIT_BLOCK, sources = job->lags - 1;
    if (!(job->rows = bram_scratch(cx, blocks, sizeof *job->rows))) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &job->sums, blocks, job->width));
    BRAM_TRY(bram_mat_scratch(cx, &job->products, blocks * sources, job->width));
    BRAM_TRY(bram_mat_scratch(cx, &job->own, job->units * job->inputs->cols,
                              job->inputs->cols + 1 + job->width));
    BRAM_TRY(bram_parallel_for(cx, blocks, add_block, job));
    double *mean = job->sums.data;
    for (size_t b = 1; b < blocks; b++) {
        job->rows[0] += job->rows[b];
        for (size_t k = 0; k < job->width; k++) mean[k] += bram_row(&job->sums, b)[k];
        for (size_t k = 0; k < sources * job->width; k++)
            job->products.data[k] += job->products.data[b * sources * job->width + k];
    }
    if (job->rows[0] == 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no stretch of %zu values without a gap",
                         job->lags + job->horizon);
    for (size_t k = 0; k < job->width; k++) mean[k] /= job->rows[0];
    for (size_t a = 0; a < sources; a++)
        for (size_t k = 0; k < job->width; k++)
            bram_row(&job->products, a)[k] -= job->rows[0] * mean[a] * mean[k];
    return BRAM_OK;
}

/* Weights and bias for one penalty from the centred sums of `job`. */
static int solve(bram_ctx *cx, struct nlinear *m, const struct job *job, double ridge)
{
    size_t sources = job->lags - 1;
    const double *mean = job->sums.data;
    bram_mat gram, right = {m->weights.data + job->horizon, sources, job->horizon, job->horizon};
    BRAM_TRY(bram_mat_scratch(cx, &gram, sources, sources));
    for (size_t a = 0; a < sources; a++) {
        const double *row = bram_row(&job->products, a);
        memcpy(bram_row(&gram, a), row, sources * sizeof *row);
        memcpy(bram_row(&right, a), row + sources, job->horizon * sizeof *row);
        bram_row(&gram, a)[a] += ridge;
    }
    BRAM_TRY(bram_cholesky(cx, &gram));
    BRAM_TRY(bram_cholesky_solve(cx, &gram, &right));
    for (size_t h = 0; h < job->horizon; h++) {
        m->bias.data[h] = mean[sources + h];
        for (size_t a = 0; a < sources; a++) m->bias.data[h] -= mean[a] * bram_row(&right, a)[h];
    }
    return BRAM_OK;
}

/*
 * The same with inputs. About the means of all units' rows a unit has y = c + w z + V_u x. Given c
 * and w its V_u is a ridge regression; put in, that leaves for (c, w) the sums over all units
 * without the part that x tells, G (x'x + penalty)^-1 G' with G the products of (1, z) with x.
 */
struct partial {
    bram_mat left, right; /* L x L, L x H: of (1, z) */
    bram_mat cross,
        solved; /* inputs x (L + H): products of x with (1, z, y); solved of all units */
};

static int take_out_inputs(bram_ctx *cx, struct partial *p, const struct job *job, size_t unit,
                           double ridge)
{
    size_t inputs = job->inputs->cols, all = job->lags + job->horizon, mark = bram_scratch_mark(cx);
    bram_mat gram, solved = bram_mat_rows(p->solved, unit * inputs, inputs);
    BRAM_TRY(bram_mat_scratch(cx, &gram, inputs, inputs));
    for (size_t k = 0; k < inputs; k++) {
        const double *own = bram_row(&job->own, unit * inputs + k);
        double *cross = bram_row(&p->cross, k);
        memcpy(bram_row(&gram, k), own, inputs * sizeof *own);
        bram_row(&gram, k)[k] += ridge;
        cross[0] = own[inputs];
        for (size_t a = 1; a < all; a++)
            cross[a] = own[inputs + a] - own[inputs] * job->sums.data[a - 1];
        memcpy(bram_row(&solved, k), cross, all * sizeof *cross);
    }
    BRAM_TRY(bram_cholesky(cx, &gram));
    BRAM_TRY(bram_cholesky_solve(cx, &gram, &solved));
    bram_mat g = {p->cross.data, inputs, job->lags, all}, z = {solved.data, inputs, job->lags, all},
             y = {solved.data + job->lags, inputs, job->horizon, all};
    BRAM_TRY(bram_gemm(cx, &p->left, -1, &g, BRAM_TRANSPOSED, &z, BRAM_AS_IS, 1));
    BRAM_TRY(bram_gemm(cx, &p->right, -1, &g, BRAM_TRANSPOSED, &y, BRAM_AS_IS, 1));
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int start_partial(bram_ctx *cx, struct partial *p, const struct job *job, double ridge)
{
    size_t lags = job->lags, horizon = job->horizon, inputs = job->inputs->cols;
    BRAM_TRY(bram_mat_scratch(cx, &p->left, lags, lags));
    BRAM_TRY(bram_mat_scratch(cx, &p->right, lags, horizon));
    BRAM_TRY(bram_mat_scratch(cx, &p->cross, inputs, lags + horizon));
    BRAM_TRY(bram_mat_scratch(cx, &p->solved, job->units * inputs, lags + horizon));
    p->left.data[0] = job->rows[0];
    for (size_t a = 1; a < lags; a++) {
        const double *row = bram_row(&job->products, a - 1);
        memcpy(bram_row(&p->left, a) + 1, row, (lags - 1) * sizeof *row);
        memcpy(bram_row(&p->right, a), row + lags - 1, horizon * sizeof *row);
        bram_row(&p->left, a)[a] += ridge;
    }
    return BRAM_OK;
}

static int solve_inputs(bram_ctx *cx, struct nlinear *m, const struct job *job, double ridge)
{
    size_t lags = job->lags, inputs = job->inputs->cols;
    const double *mean = job->sums.data;
    struct partial p;
    BRAM_TRY(start_partial(cx, &p, job, ridge));
    for (size_t unit = 0; unit < job->units; unit++)
        BRAM_TRY(take_out_inputs(cx, &p, job, unit, ridge));
    BRAM_TRY(bram_cholesky(cx, &p.left));
    BRAM_TRY(bram_cholesky_solve(cx, &p.left, &p.right));
    for (size_t h = 0; h < job->horizon; h++) {
        m->bias.data[h] = mean[lags - 1 + h] + bram_row(&p.right, 0)[h];
        for (size_t a = 1; a < lags; a++) {
            double w = bram_row(&p.right, a)[h];
            bram_row(&m->weights, a)[h] = w;
            m->bias.data[h] -= w * mean[a - 1];
        }
        for (size_t row = 0; row < job->units * inputs; row++) {
            const double *solved = bram_row(&p.solved, row);
            double v = solved[lags + h];
            for (size_t a = 0; a < lags; a++) v -= solved[a] * bram_row(&p.right, a)[h];
            bram_row(&m->drive, h * inputs + row % inputs)[row / inputs] = v;
        }
    }
    return BRAM_OK;
}

/* ---- the model ------------------------------------------------------------------------------ */

/* The search over lags and penalties. */
struct search {
    const bram_panel *train, *validation; /* validation NULL: a single candidate */
    const double *ridge;
    size_t ridges, horizon;
    struct nlinear *best;
    double least;
};

static int try_one(bram_ctx *cx, struct search *s, const struct job *job, double ridge)
{
    struct nlinear trial = {.mean = s->best->mean, .inputs = s->best->inputs};
    double error = 0;
    size_t inputs = trial.inputs.cols, mark = bram_scratch_mark(cx);
    int status = bram_mat_new(cx, &trial.weights, job->lags, job->horizon);
    if (status == BRAM_OK) status = bram_mat_new(cx, &trial.bias, 1, job->horizon);
    if (status == BRAM_OK)
        status = bram_mat_new(cx, &trial.drive, job->horizon * inputs, job->units);
    if (status == BRAM_OK) status = (inputs ? solve_inputs : solve)(cx, &trial, job, ridge);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK && s->validation) {
        bram_forecast f = view(&trial);
        status = bram_forecast_error(cx, &error, &f, s->validation);
    }
    if (status == BRAM_OK && (!s->best->weights.data || error < s->least)) {
        struct nlinear last = *s->best;
        *s->best = trial;
        s->least = error;
        trial = last;
    }
    bram_free(trial.weights.data);
    bram_free(trial.bias.data);
    bram_free(trial.drive.data);
    return status;
}

static int try_lags(bram_ctx *cx, struct search *s, size_t lags)
{
    size_t mark = bram_scratch_mark(cx);
    struct job job = {.train = s->train,
                      .inputs = &s->best->inputs,
                      .lags = lags,
                      .horizon = s->horizon,
                      .units = s->best->mean.cols,
                      .width = lags - 1 + s->horizon};
    int status = pooled(cx, &job);
    for (size_t k = 0; k < s->ridges && status == BRAM_OK; k++)
        status = try_one(cx, s, &job, s->ridge[k]);
    bram_scratch_release(cx, mark);
    return status;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)seed;
    size_t n, ridges;
    const int64_t *lags = bram_option_integers(o, "lags", &n);
    const double *ridge = bram_option_reals(o, "ridge", &ridges);
    BRAM_TRY(bram_forecast_check_choice(cx, n * ridges, validation));
    struct nlinear *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    struct search s = {train,  n * ridges > 1 ? validation : NULL,        ridge,
                       ridges, (size_t)bram_option_integer(o, "horizon"), m,
                       0};
    int status = bram_forecast_means(cx, &m->mean.data, train);
    if (status == BRAM_OK) {
        size_t units = train->segment[0].y.cols;
        m->mean = (bram_mat){m->mean.data, 1, units, units};
        status = bram_inputs_fit(cx, &m->inputs, train, bram_inputs_spread(train, m->mean.data));
    }
    for (size_t k = 0; k < n && status == BRAM_OK; k++) status = try_lags(cx, &s, (size_t)lags[k]);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    bram_forecast f = view(fitted);
    return bram_forecast_answer(cx, &f, query, out);
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, state, out);
}

static bool fits(const void *loaded)
{
    const struct nlinear *m = loaded;
    return m->mean.cols > 0 && m->mean.rows == 1 && m->bias.rows == 1 && m->bias.cols > 0 &&
           m->inputs.rows == 2 && m->drive.rows == m->bias.cols * m->inputs.cols &&
           (m->drive.cols == m->mean.cols || !m->drive.rows) && m->weights.cols == m->bias.cols &&
           m->weights.rows > 0;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct nlinear), state, fits, in);
}

static const bram_param params[] = {
    {"lags", BRAM_PARAM_INTEGERS, "10", NULL, 1, 1000,
     "values of history; several: chosen on validation"},
    {"horizon", BRAM_PARAM_INTEGER, "1", NULL, 1, 1000,
     "steps the map gives at once; a free run feeds back beyond"},
    {"ridge", BRAM_PARAM_REALS, "1", NULL, 0, 1e300,
     "penalty of the squared weights; several: chosen on validation"},
    {.name = NULL},
};

const bram_model bram_model_nlinear = {
    .name = "nlinear",
    .summary = "one linear map of L values to H shared by all units, last value subtracted",
    .source = "Zeng et al. 2023 (NLinear); the linear baseline of ZAPBench with the subtraction",
    .missing = "fits on stretches without a gap; in a forecast a missing value counts as the "
               "training mean",
    .version = 2,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN),
    .flags = BRAM_MODEL_TAKES_INPUT,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
};
