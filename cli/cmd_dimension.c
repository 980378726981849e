/*
 * cmd_dimension.c - `bramble dimension FILE`: how many dimensions patterns take; with a second
 * file, the angles between the subspaces of both.
 *
 * Intervals are those of the delete-half jackknife (Shao & Wu 1989): halves of the rows without
 * replacement, whose values scatter as much as the value itself does. A bootstrap would copy rows,
 * and a copy is the nearest neighbour of its original.
 */
#include "dimensionality.h"
#include "matrix_file.h"
#include "number.h"
#include "output.h"
#include "resample.h"
#include "stats.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_MEASURES = 64, LEAST_ROWS = 16 /* for halves that say something */ };

/* What is asked, and a set of rows (NULL: all) that it is asked of. */
struct job {
    bram_cli_matrix x, y;
    bool two;
    size_t k, dim, halves, measures;
    double discard, level;
    uint64_t seed;
    bram_subspace_axis axis;
    double value[MOST_MEASURES], low[MOST_MEASURES], high[MOST_MEASURES];
    double *draw; /* halves x measures */
};

static void release(struct job *job)
{
    bram_cli_matrix_release(&job->x);
    bram_cli_matrix_release(&job->y);
    bram_free(job->draw);
}

static const char *const alone[] = {"participation_ratio", "effective_rank", "two_nn", "mle"};

/* The name of a measure; angles are made in the buffer. */
static const char *name_of(const struct job *job, size_t k, char buffer[32])
{
    if (!job->two) return alone[k];
    if (k == 0) return "subspace_overlap";
    snprintf(buffer, 32, "angle_%zu", k);
    return buffer;
}

static bram_mat view(const bram_cli_matrix *m)
{
    return (bram_mat){m->values, m->rows, m->cols, m->cols};
}

static int measure(bram_ctx *cx, double *value, const struct job *job, const bram_mat *x,
                   const bram_mat *y, size_t *same)
{
    if (job->two) return bram_principal_angles(cx, value + 1, value, x, y, job->dim, job->axis);
    BRAM_TRY(bram_participation_ratio(cx, &value[0], x));
    BRAM_TRY(bram_effective_rank(cx, &value[1], x));
    BRAM_TRY(bram_dimension_two_nn(cx, &value[2], same, x, job->discard));
    size_t k = job->k < x->rows ? job->k : x->rows - 1;
    return bram_dimension_mle(cx, &value[3], NULL, x, k);
}

/* ---- halves --------------------------------------------------------------------------------- */

/* Half of the rows of m, by the random order of this draw; the same rows of equal matrices. */
static int take_half(bram_ctx *cx, bram_mat *out, const bram_cli_matrix *m, uint64_t seed,
                     const char *stream, uint64_t draw)
{
    size_t *order = bram_scratch(cx, m->rows, sizeof *order);
    if (!order) return BRAM_ENOMEM;
    bram_rng g = bram_rng_at(seed, stream, draw);
    bram_rng_permutation(&g, m->rows, order);
    BRAM_TRY(bram_mat_scratch(cx, out, m->rows / 2, m->cols));
    for (size_t i = 0; i < out->rows; i++)
        memcpy(bram_row(out, i), m->values + order[i] * m->cols, m->cols * sizeof *m->values);
    return BRAM_OK;
}

static int half_task(bram_ctx *cx, size_t task, void *user)
{
    const struct job *job = user;
    bram_mat x, y = {0};
    /* conditions are the same rows on both sides; rows of two recordings are drawn each by itself
     */
    const char *second = job->axis == BRAM_IN_UNITS ? "dimension/other" : "dimension";
    BRAM_TRY(take_half(cx, &x, &job->x, job->seed, "dimension", task));
    if (job->two) BRAM_TRY(take_half(cx, &y, &job->y, job->seed, second, task));
    return measure(cx, job->draw + task * job->measures, job, &x, &y, NULL);
}

/* The largest value a measure can have. */
static double most_of(const struct job *job, size_t k)
{
    return !job->two ? (double)INFINITY : k == 0 ? 1 : acos(0);
}

/* value + what the halves scatter about their median, within what is possible. */
static int find_intervals(bram_ctx *cx, struct job *job)
{
    job->draw = bram_alloc(cx, job->halves, job->measures * sizeof *job->draw);
    double *sorted = job->draw ? bram_scratch(cx, job->halves, sizeof *sorted) : NULL;
    if (!sorted) return BRAM_ENOMEM;
    BRAM_TRY(bram_parallel_for(cx, job->halves, half_task, job));
    for (size_t k = 0; k < job->measures; k++) {
        size_t n = 0;
        for (size_t d = 0; d < job->halves; d++)
            if (!isnan(job->draw[d * job->measures + k]))
                sorted[n++] = job->draw[d * job->measures + k];
        if (2 * n < job->halves || !n) continue;
        bram_sort(sorted, n);
        double middle = bram_quantile_sorted(sorted, n, 0.5);
        double shift = job->value[k] - middle;
        job->low[k] = fmax(0, shift + bram_quantile_sorted(sorted, n, (1 - job->level) / 2));
        job->high[k] = fmin(most_of(job, k),
                            shift + bram_quantile_sorted(sorted, n, (1 + job->level) / 2));
    }
    return BRAM_OK;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int complete(bram_ctx *cx, const bram_cli_matrix *m, const char *what)
{
    for (size_t i = 0; m->present && i < m->rows * m->cols; i++)
        if (!m->present[i])
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "%s: row %zu lacks column %zu, expected every value", what,
                             i / m->cols + 1, i % m->cols + 1);
    return m->rows < 4
               ? bram_fail(cx, BRAM_ESHAPE, "%s has %zu rows, expected 4 or more", what, m->rows)
               : BRAM_OK;
}

static int between(bram_ctx *cx, const bram_cli_args *args, const char *name, const char *fallback,
                   double *out)
{
    const char *text = bram_cli_text(args, name, fallback);
    if (bram_number_parse(text, 0, out) && *out >= 0 && *out < 1) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE, "--%s: found \"%s\", expected a number from 0 to below 1",
                     name, text);
}

static int read_job(bram_ctx *cx, struct job *job, const bram_cli_args *args)
{
    int64_t k, dim, halves, seed;
    const char *first = bram_cli_argument(args, 0), *with = bram_cli_text(args, "with", NULL);
    const char *ids = bram_cli_text(args, "ids", NULL);
    BRAM_TRY(bram_cli_integer(cx, args, "k", 2, 100000, 10, &k));
    BRAM_TRY(bram_cli_integer(cx, args, "dim", 1, MOST_MEASURES - 1, 3, &dim));
    BRAM_TRY(bram_cli_integer(cx, args, "halves", 0, 1000000, 200, &halves));
    BRAM_TRY(bram_cli_integer(cx, args, "seed", 0, INT64_MAX, 0, &seed));
    BRAM_TRY(between(cx, args, "discard", "0.1", &job->discard));
    BRAM_TRY(between(cx, args, "level", "0.95", &job->level));
    job->k = (size_t)k, job->dim = (size_t)dim, job->halves = (size_t)halves;
    job->seed = (uint64_t)seed, job->two = with != NULL;
    job->measures = job->two ? 1 + job->dim : sizeof alone / sizeof *alone;
    bool units = !strcmp(bram_cli_text(args, "axis", "units"), "units");
    job->axis = units ? BRAM_IN_UNITS : BRAM_IN_CONDITIONS;
    BRAM_TRY(bram_cli_matrix_read(cx, &job->x, first, ids));
    BRAM_TRY(complete(cx, &job->x, first));
    if (!with) return BRAM_OK;
    BRAM_TRY(bram_cli_matrix_read(cx, &job->y, with, ids));
    BRAM_TRY(complete(cx, &job->y, with));
    if (units) return BRAM_OK;
    if (job->x.rows != job->y.rows && !(job->x.row && job->y.row))
        return bram_fail(cx, BRAM_ESHAPE,
                         "%s has %zu rows, %s %zu, and not both have ids to match them by (--ids)",
                         first, job->x.rows, with, job->y.rows);
    return bram_cli_matrix_match(cx, &job->y, &job->x, 0);
}

static int print_result(bram_ctx *cx, const bram_cli_args *args, const struct job *job)
{
    static const bram_table_column columns[] = {{"measure", "measure", BRAM_CELL_TEXT},
                                                {"value", "value", BRAM_CELL_NUMBER, .digits = -1},
                                                {"low", "low", BRAM_CELL_NUMBER, .digits = -1},
                                                {"high", "high", BRAM_CELL_NUMBER, .digits = -1},
                                                {"rows", "rows", BRAM_CELL_INTEGER},
                                                {"columns", "columns", BRAM_CELL_INTEGER}};
    bram_table *t = NULL;
    char buffer[32];
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t k = 0; k < job->measures; k++) {
        bram_table_row(t);
        bram_table_text(t, 0, name_of(job, k, buffer));
        bram_table_number(t, 1, job->value[k]);
        bram_table_number(t, 2, job->low[k]);
        bram_table_number(t, 3, job->high[k]);
        bram_table_integer(t, 4, (int64_t)job->x.rows);
        bram_table_integer(t, 5, (int64_t)job->x.cols);
    }
    if (job->two) bram_table_note(t, "Angles are in radians.");
    if (job->halves)
        bram_table_note(t, "low, high: %g %% intervals from %zu halves of the rows.",
                        100 * job->level, job->halves);
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

static int compute(bram_ctx *cx, struct job *job)
{
    size_t same = 0;
    bram_mat x = view(&job->x), y = view(&job->y);
    for (size_t k = 0; k < job->measures; k++) job->low[k] = job->high[k] = NAN;
    BRAM_TRY(measure(cx, job->value, job, &x, &y, &same));
    if (same) bram_note(cx, "%zu rows have an exact copy and are left out of two_nn and mle", same);
    if (!job->two && job->k >= job->x.rows)
        bram_note(cx, "mle: %zu neighbours instead of %zu", job->x.rows - 1, job->k);
    if (!job->halves) return BRAM_OK;
    size_t rows = job->two && job->y.rows < job->x.rows ? job->y.rows : job->x.rows;
    if (rows >= LEAST_ROWS) return find_intervals(cx, job);
    bram_note(cx, "%zu rows are too few for intervals from halves, expected %d or more", rows,
              LEAST_ROWS);
    job->halves = 0;
    return BRAM_OK;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    struct job job = {0};
    int status = read_job(cx, &job, args);
    if (status == BRAM_OK) status = compute(cx, &job);
    if (status == BRAM_OK) status = print_result(cx, args, &job);
    release(&job);
    return status;
}

const bram_command bram_command_dimension = {
    .name = "dimension",
    .summary = "how many dimensions patterns take; angles of two subspaces",
    .arguments = "FILE [--with FILE]",
    .about =
        "Reads patterns, conditions (or times) x units, as 'bramble score' does, and prints the "
        "participation ratio, the effective rank and two local estimates: two-NN and the maximum "
        "likelihood estimate from k neighbours. docs/similarity.md has the formulas.\n\n"
        "With a second file: the principal angles between the subspaces of the leading components "
        "of both, and their overlap, the mean squared cosine.\n\n"
        "Intervals come from random halves of the rows (the delete-half jackknife).",
    .options =
        (const bram_cli_option[]){
            {"with", 0, "FILE", "The other patterns: angles between the two subspaces"},
            {"dim", 0, "D", "Components of each subspace (default 3)"},
            {"axis", 0, "AXIS",
             "The subspaces lie in the space of units (the files share columns) or of conditions "
             "(they share rows)",
             "units|conditions"},
            {"k", 0, "K", "Neighbours of the maximum likelihood estimate (default 10)"},
            {"discard", 0, "SHARE", "two-NN: the largest ratios left out (default 0.1)"},
            {"ids", 0, "IDS", "Ids of the rows: a column or variable of the file"},
            {"halves", 0, "N", "Random halves for the intervals (default 200; 0: none)"},
            {"level", 0, "P", "Level of intervals (default 0.95)"},
            {"seed", 0, "N", "Seed of the halves (default 0)"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble dimension it.npy", "four measures with intervals"},
            {"bramble dimension before.npy --with after.npy --dim 5",
             "do two epochs of the same units share a subspace?"},
            {"bramble dimension feat.npz:conv5 --with it.npy --axis conditions --format json",
             "a layer and an area over the same images"},
            {NULL, NULL}},
    .least = 1,
    .most = 1,
    .computes = true,
    .run = run,
};
