/*
 * rdm_steps.c - transforms of RDMs by name; see rdm_steps.h.
 */
#include "rdm_steps.h"

#include "rdm_transform.h"
#include "trsa_statistic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One RDM of n conditions, in place. */
typedef int step_fn(bram_ctx *cx, double *d, size_t n, const bram_options *o);

static int positive(bram_ctx *cx, double *d, size_t n, const bram_options *o)
{
    (void)cx, (void)o;
    bram_rdm_positive(d, d, bram_rdm_pairs(n));
    return BRAM_OK;
}

static int square_root(bram_ctx *cx, double *d, size_t n, const bram_options *o)
{
    (void)cx, (void)o;
    bram_rdm_sqrt(d, d, bram_rdm_pairs(n));
    return BRAM_OK;
}

static int rank(bram_ctx *cx, double *d, size_t n, const bram_options *o)
{
    static const char *const ties[] = {"average", "min", "max", "dense", "ordinal"};
    size_t k = 0;
    while (k < 4 && !bram_option_is(o, "ties", ties[k])) k++;
    return bram_rdm_rank_transform(cx, d, d, bram_rdm_pairs(n), (bram_rank_ties)k);
}

static int minmax(bram_ctx *cx, double *d, size_t n, const bram_options *o)
{
    (void)o;
    return bram_rdm_minmax(cx, d, d, bram_rdm_pairs(n));
}

static int geotopological(bram_ctx *cx, double *d, size_t n, const bram_options *o)
{
    return bram_rdm_geotopological(cx, d, d, bram_rdm_pairs(n), bram_option_real(o, "l"),
                                   bram_option_real(o, "u"));
}

static int geodesic(bram_ctx *cx, double *d, size_t n, const bram_options *o)
{
    bram_trsa_settings s = {.statistic = BRAM_TRSA_GEODESIC,
                            .infinite = bram_option_is(o, "infinite", "inf")   ? BRAM_TRSA_INF
                                        : bram_option_is(o, "infinite", "max") ? BRAM_TRSA_MAX
                                                                               : BRAM_TRSA_DROP};
    size_t pairs = bram_rdm_pairs(n);
    bram_topology_groups each = {NULL, n};
    bram_topology_side side = {.n = n, .d = d};
    bram_draw draw;
    bram_drawn_rdm rdm;
    bool defined = false;
    double *x = bram_scratch(cx, pairs, sizeof *x);
    if (!x) return BRAM_ENOMEM;
    BRAM_TRY(bram_order_scratch(cx, &side.order, d, pairs));
    BRAM_TRY(bram_draw_new(cx, &draw, &each, &side, &side, NULL));
    BRAM_TRY(bram_drawn_rdm_new(cx, &rdm, &draw, &side));
    BRAM_TRY(bram_trsa_statistic_of(cx, x, &defined, &s, &draw, &rdm, "matrix"));
    if (!defined)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "all dissimilarities are equal: no geodesics");
    memcpy(d, x, pairs * sizeof *d);
    return BRAM_OK;
}

/* ---- by name -------------------------------------------------------------------------------- */

static const bram_param no_params[] = {{.name = NULL}};
static const bram_param rank_params[] = {{"ties", BRAM_PARAM_CHOICE, "average",
                                          "average|min|max|dense|ordinal", 0, 0,
                                          "what equal values get"},
                                         {.name = NULL}};
static const bram_param gt_params[] = {
    {"l", BRAM_PARAM_REAL, "0.2", NULL, 0, 1, "lower threshold, a quantile"},
    {"u", BRAM_PARAM_REAL, "0.8", NULL, 0, 1, "upper threshold, not below l"},
    {.name = NULL}};
static const bram_param geodesic_params[] = {
    {"infinite", BRAM_PARAM_CHOICE, "inf", "inf|max|drop", 0, 0, "pairs that no path joins"},
    {.name = NULL}};

static const struct step {
    const char *name;
    const bram_param *params;
    step_fn *run;
} steps[] = {{"positive", no_params, positive},
             {"sqrt", no_params, square_root},
             {"rank", rank_params, rank},
             {"minmax", no_params, minmax},
             {"geotopological", gt_params, geotopological},
             {"geodesic", geodesic_params, geodesic}};

static int find_step(bram_ctx *cx, const struct step **out, bram_options **o, const char *spec)
{
    size_t length = bram_spec_name_length(spec);
    for (size_t k = 0; length && k < sizeof steps / sizeof *steps; k++)
        if (strlen(steps[k].name) == length && !strncmp(spec, steps[k].name, length)) {
            *out = &steps[k];
            return bram_options_new(cx, o, steps[k].params, spec[length] ? spec + length + 1 : "");
        }
    return bram_fail(cx, BRAM_EUSAGE,
                     "--transform \"%s\", expected positive, sqrt, rank, minmax, geotopological or "
                     "geodesic",
                     spec);
}

static int run_step(bram_ctx *cx, bram_rdm_job *job, const struct step *step, const bram_options *o)
{
    size_t pairs = bram_rdm_pairs(job->conditions), mark = bram_scratch_mark(cx);
    for (size_t s = 0; pairs && s < job->subjects; s++) {
        int status = step->run(cx, job->rdm + s * pairs, job->conditions, o);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) return bram_fail_prefix(cx, status, "--transform %s", step->name);
    }
    return BRAM_OK;
}

int bram_rdm_job_transform(bram_ctx *cx, bram_rdm_job *job, const bram_cli_args *args)
{
    size_t used = strlen(job->unit);
    for (size_t k = 0; k < bram_cli_count(args, "transform"); k++) {
        const struct step *step = NULL;
        bram_options *o = NULL;
        BRAM_TRY(find_step(cx, &step, &o, bram_cli_value(args, "transform", k)));
        int status = run_step(cx, job, step, o);
        bram_options_free(o);
        BRAM_TRY(status);
        if (used < sizeof job->unit)
            used += (size_t)snprintf(job->unit + used, sizeof job->unit - used, ", %s", step->name);
    }
    return BRAM_OK;
}
