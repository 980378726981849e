/*
 * rdm_side.c - the RDM of one side of a comparison; see rdm_side.h.
 */
#include "rdm_side.h"

#include "linalg.h"
#include "noise.h"

#include <string.h>

bram_rdm_way bram_rdm_way_of(const bram_options *o)
{
    bram_rdm_way way = {.kind = BRAM_RDM_CORRELATION, .noise = bram_option_text(o, "noise")};
    way.given = !bram_rdm_kind_find(&way.kind, bram_option_text(o, "rdm"));
    return way;
}

bool bram_rdm_crossvalidates(const bram_rdm_way *way)
{
    return !way->given && (way->kind == BRAM_RDM_CROSSNOBIS || way->kind == BRAM_RDM_POISSON_CV);
}

static bool has_noise(const bram_rdm_way *way)
{
    return strcmp(way->noise, "none") != 0;
}

bool bram_rdm_uses_repeats(const bram_rdm_way *way)
{
    return bram_rdm_crossvalidates(way) || has_noise(way);
}

/* The precision of the noise between channels, in scratch memory. */
static int find_precision(bram_ctx *cx, bram_mat *out, const bram_repeats *r, size_t conditions,
                          const char *method)
{
    bram_noise_method how = BRAM_NOISE_FULL;
    double dof;
    bram_mat residuals;
    for (size_t i = 0; r->present && i < r->values.rows * r->values.cols; i++)
        if (!r->present[i])
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "noise=%s: measurement %zu lacks channel %zu, expected all", method,
                             i / r->values.cols, i % r->values.cols);
    (void)bram_noise_method_find(&how, method);
    BRAM_TRY(bram_mat_scratch(cx, &residuals, r->values.rows, r->values.cols));
    BRAM_TRY(bram_mat_scratch(cx, out, r->values.cols, r->values.cols));
    BRAM_TRY(bram_noise_residuals(cx, &residuals, &dof, &r->values, r->row, conditions));
    BRAM_TRY(bram_noise_covariance(cx, out, NULL, &residuals, how, dof));
    return bram_noise_invert(cx, out);
}

/* The names of the rows, for messages, in scratch memory; NULL where they have none. */
static const char *const *names_of(bram_ctx *cx, const bram_side *side)
{
    size_t n = side->values.rows;
    const char **name = side->row && bram_axis_has_ids(side->row)
                            ? bram_scratch(cx, n, sizeof *name)
                            : NULL;
    for (size_t i = 0; name && i < n; i++) name[i] = bram_axis_id(side->row, i);
    return name;
}

/* Folds without gaps: those that these measurements are in. In scratch memory. */
static int number_folds(bram_ctx *cx, bram_rdm_design *design, const bram_repeats *r)
{
    size_t rows = r->values.rows, count = 0;
    if (!r->fold) return BRAM_OK;
    uint32_t *number = bram_scratch(cx, r->folds, sizeof *number); /* 0: not met yet */
    uint32_t *fold = bram_scratch(cx, rows, sizeof *fold);
    const char **name = bram_scratch(cx, r->folds, sizeof *name);
    if (!number || !fold || !name) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        uint32_t *met = &number[r->fold[i]];
        if (!*met && r->fold_name) name[count] = r->fold_name[r->fold[i]];
        if (!*met) *met = (uint32_t)++count;
        fold[i] = *met - 1;
    }
    design->fold = fold, design->folds = count;
    design->fold_name = r->fold_name ? name : NULL;
    return BRAM_OK;
}

/* From measurements: between folds, by the precision of their noise. */
static int estimate_measured(bram_ctx *cx, double **out, const bram_side *side,
                             const bram_rdm_way *way)
{
    const bram_repeats *r = side->repeats;
    bram_side rows = {.values = r->values, .present = r->present};
    bram_rdm_design design = {
        .condition = r->row, .conditions = side->values.rows, .condition_name = names_of(cx, side)};
    bram_rdm_options how = {.kind = way->kind, .unbalanced = way->unbalanced};
    bram_mat precision;
    BRAM_TRY(number_folds(cx, &design, r));
    if (has_noise(way)) {
        BRAM_TRY(find_precision(cx, &precision, r, side->values.rows, way->noise));
        how.precision = &precision, how.precisions = 1;
    }
    return bram_rdm_estimate(cx, out, &rows, &design, &how);
}

int bram_rdm_of_side(bram_ctx *cx, double **d, bool *measured, const bram_side *side,
                     const bram_rdm_way *way)
{
    bram_rdm_kind kind = way->kind;
    *measured = false;
    if (side->is_rdm) return bram_rdm_given(cx, d, side);
    if (way->given)
        return bram_fail(cx, BRAM_EUSAGE,
                         "rdm=given, but this side is %zu x %zu patterns, not an RDM",
                         side->values.rows, side->values.cols);
    if (!bram_rdm_uses_repeats(way) || !side->repeats) {
        if (kind == BRAM_RDM_CROSSNOBIS || kind == BRAM_RDM_MAHALANOBIS) kind = BRAM_RDM_EUCLIDEAN;
        if (kind == BRAM_RDM_POISSON_CV) kind = BRAM_RDM_POISSON;
        return bram_rdm_new(cx, d, side, kind);
    }
    size_t mark = bram_scratch_mark(cx);
    int status = estimate_measured(cx, d, side, way);
    bram_scratch_release(cx, mark);
    *measured = status == BRAM_OK;
    return status;
}

int bram_rdm_check_brain(bram_ctx *cx, const bram_rdm_way *way, bool measured, bool given)
{
    if (!bram_rdm_uses_repeats(way) || measured || given) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                     "rdm=%s, noise=%s: the brain has no measurements of the same condition in "
                     "several folds (runs, repeats)",
                     bram_rdm_kind_name(way->kind), way->noise);
}
