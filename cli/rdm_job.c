/*
 * rdm_job.c - responses to RDMs, a subject at a time; see rdm_job.h.
 */
#include "rdm_job.h"

#include "linalg.h"
#include "number.h"
#include "rdm_partial.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- reading -------------------------------------------------------------------------------- */

/* A number from the command line; the fallback where the option is absent. */
static int real_option(bram_ctx *cx, const bram_cli_args *args, const char *name, double fallback,
                       double *out)
{
    const char *text = bram_cli_text(args, name, NULL);
    *out = fallback;
    if (text && (!bram_number_parse(text, 0, out) || !isfinite(*out) || *out < 0))
        return bram_fail(cx, BRAM_EUSAGE, "--%s: found \"%s\", expected a number of 0 or more",
                         name, text);
    return BRAM_OK;
}

static int read_options(bram_ctx *cx, bram_rdm_job *job, const bram_cli_args *args)
{
    bram_rdm_options *o = &job->options;
    const char *method = bram_cli_text(args, "method", "correlation");
    *o = (bram_rdm_options){.remove_mean = bram_cli_has(args, "remove-mean"),
                            .unbalanced = bram_cli_has(args, "unbalanced"),
                            .has_prior = true};
    if (!bram_rdm_kind_find(&o->kind, method))
        return bram_fail(
            cx, BRAM_EUSAGE,
            "no estimator is named \"%s\": --method is correlation, euclidean, cosine, "
            "mahalanobis, crossnobis, poisson or poisson_cv",
            method);
    o->equal_weights = !strcmp(bram_cli_text(args, "weighting", "number"), "equal");
    bool kernel = !strcmp(bram_cli_text(args, "missing", "pairwise"), "kernel");
    o->missing = kernel ? BRAM_RDM_KERNEL : BRAM_RDM_PAIRWISE;
    job->wants_covariance = bram_cli_has(args, "condition-covariance");
    BRAM_TRY(real_option(cx, args, "prior-rate", 1, &o->prior_rate));
    BRAM_TRY(real_option(cx, args, "prior-weight", 0.1, &o->prior_weight));
    return real_option(cx, args, "dof", 0, &job->dof);
}

static int read_noise(bram_ctx *cx, bram_rdm_job *job, const bram_cli_args *args)
{
    const char *method = bram_cli_text(args, "noise", NULL);
    const char *residuals = bram_cli_text(args, "residuals", NULL);
    const char *precision = bram_cli_text(args, "precision", NULL);
    bool compatible = !strcmp(bram_cli_text(args, "shrinkage", "published"), "rsatoolbox");
    job->noise_label[0].spec = bram_cli_text(args, "residual-folds", NULL);
    job->noise_label[1].spec = bram_cli_text(args, "residual-subjects", NULL);
    bool labelled = job->noise_label[0].spec || job->noise_label[1].spec;
    if (precision && (method || residuals))
        return bram_fail(
            cx, BRAM_EUSAGE,
            "--precision is the noise: --noise and --residuals have no place beside it");
    if (labelled && !residuals)
        return bram_fail(cx, BRAM_EUSAGE,
                         "--residual-folds and --residual-subjects are of --residuals FILE");
    if (precision) job->source = BRAM_RDM_NOISE_PRECISION;
    else if (residuals) job->source = BRAM_RDM_NOISE_RESIDUALS;
    else if (method) job->source = BRAM_RDM_NOISE_REPEATS;
    if (!method) method = "shrinkage_diag";
    if (!bram_noise_method_find(&job->method, method))
        return bram_fail(cx, BRAM_EUSAGE, "no covariance is named \"%s\"", method);
    if (compatible && job->method != BRAM_NOISE_SHRINKAGE_DIAG)
        return bram_fail(cx, BRAM_EUSAGE, "--shrinkage rsatoolbox is a form of shrinkage_diag");
    if (compatible) job->method = BRAM_NOISE_SHRINKAGE_RSATOOLBOX;
    if (!precision && !residuals) return BRAM_OK;
    return bram_cli_matrix_read_labelled(cx, &job->noise, precision ? precision : residuals, NULL,
                                         job->noise_label, 2);
}

int bram_rdm_job_read(bram_ctx *cx, bram_rdm_job *job, const bram_cli_args *args)
{
    static const char *const names[] = {"conditions", "folds", "subjects"};
    for (size_t k = 0; k < BRAM_RDM_DROPPED; k++)
        job->label[k].spec = bram_cli_text(args, names[k], NULL);
    job->label[BRAM_RDM_CONDITIONS].role = BRAM_LABEL_STIMULUS;
    job->label[BRAM_RDM_FOLDS].role = BRAM_LABEL_REPEAT;
    size_t drops = bram_cli_count(args, "drop");
    if (drops > BRAM_RDM_LABELS - BRAM_RDM_DROPPED)
        return bram_fail(cx, BRAM_EUSAGE, "--drop is given %zu times, expected %d at most", drops,
                         BRAM_RDM_LABELS - BRAM_RDM_DROPPED);
    for (size_t k = 0; k < drops; k++)
        job->label[BRAM_RDM_DROPPED + k] = (bram_cli_labels){
            .spec = bram_cli_value(args, "drop", k), .set_aside = true};
    const char *ids = bram_cli_text(args, "ids", NULL);
    if (ids && job->label[BRAM_RDM_CONDITIONS].spec)
        return bram_fail(cx, BRAM_EUSAGE, "--conditions names the rows: --ids has no place beside");
    const char *of_channels = bram_cli_text(args, "channel-subjects", NULL);
    if (of_channels && (job->label[BRAM_RDM_SUBJECTS].spec || bram_cli_has(args, "precision")))
        return bram_fail(cx, BRAM_EUSAGE,
                         "--channel-subjects goes with neither --subjects nor --precision");
    if (job->label[BRAM_RDM_SUBJECTS].spec && !job->label[BRAM_RDM_CONDITIONS].spec)
        return bram_fail(cx, BRAM_EUSAGE,
                         "--subjects needs --conditions: which rows of two subjects are the same?");
    BRAM_TRY(read_options(cx, job, args));
    BRAM_TRY(read_noise(cx, job, args));
    BRAM_TRY(bram_cli_matrix_read_labelled(cx, &job->m, bram_cli_argument(args, 0), ids, job->label,
                                           BRAM_RDM_LABELS));
    if (of_channels) {
        job->by_channel = true;
        job->label[BRAM_RDM_SUBJECTS].spec = of_channels;
        BRAM_TRY(bram_cli_column_labels(cx, job->label + BRAM_RDM_SUBJECTS, &job->m));
    }
    bool labelled = job->label[BRAM_RDM_CONDITIONS].spec;
    bool several = job->label[BRAM_RDM_SUBJECTS].spec;
    if (job->wants_covariance && (several || !labelled || !job->label[BRAM_RDM_FOLDS].spec))
        return bram_fail(
            cx, BRAM_EUSAGE,
            "--condition-covariance is between --folds of --conditions of one subject");
    job->conditions = labelled ? job->label[BRAM_RDM_CONDITIONS].names : job->m.rows;
    job->subjects = several ? job->label[BRAM_RDM_SUBJECTS].names : 1;
    return BRAM_OK;
}

void bram_rdm_job_release(bram_rdm_job *job)
{
    bram_cli_matrix_release(&job->m);
    bram_cli_matrix_release(&job->noise);
    for (size_t k = 0; k < BRAM_RDM_LABELS; k++) bram_cli_labels_release(job->label + k);
    for (size_t k = 0; k < 2; k++) bram_cli_labels_release(job->noise_label + k);
    bram_free(job->rdm);
    bram_free(job->shrinkage);
    bram_free(job->covariance);
    job->rdm = job->shrinkage = job->covariance = NULL;
}

const char *bram_rdm_job_condition(const bram_rdm_job *job, size_t i, char buffer[24])
{
    if (job->label[BRAM_RDM_CONDITIONS].name) return job->label[BRAM_RDM_CONDITIONS].name[i];
    if (job->m.row && *bram_axis_id(job->m.row, i)) return bram_axis_id(job->m.row, i);
    snprintf(buffer, 24, "%zu", i + 1);
    return buffer;
}

const char *bram_rdm_job_subject(const bram_rdm_job *job, size_t s)
{
    return job->label[BRAM_RDM_SUBJECTS].name ? job->label[BRAM_RDM_SUBJECTS].name[s] : NULL;
}

/* ---- one subject ---------------------------------------------------------------------------- */

/* The rows of one subject, its conditions and folds renumbered without gaps. */
struct part {
    bram_side side;
    bram_rdm_design design;
    size_t *condition; /* of the job, for each of the design */
    uint32_t *of_row;
    const char **condition_name, **fold_name;
    size_t *fold; /* of the job */
    bram_mat *precision;
    size_t precisions;
    double shrinkage;
};

static bool is_of(const bram_cli_labels *subjects, size_t row, size_t s)
{
    return !subjects->code || subjects->code[row] == s;
}

/* Codes of the part's rows without gaps: to[row] = new code, old[new code] = old code. */
static int renumber(bram_ctx *cx, uint32_t **to, size_t **old, const char ***name, size_t *count,
                    const bram_cli_labels *l, const size_t *row, size_t rows)
{
    size_t *new_code = bram_scratch(cx, l->names, sizeof *new_code);
    *to = bram_scratch(cx, rows, sizeof **to);
    *old = bram_scratch(cx, l->names, sizeof **old);
    *name = bram_scratch(cx, l->names, sizeof **name);
    if (!new_code || !*to || !*old || !*name) return BRAM_ENOMEM;
    *count = 0;
    for (size_t i = 0; i < rows; i++) new_code[l->code[row[i]]] = 1;
    for (size_t k = 0; k < l->names; k++)
        if (new_code[k]) {
            new_code[k] = *count;
            (*name)[*count] = l->name[k];
            (*old)[(*count)++] = k;
        }
    for (size_t i = 0; i < rows; i++) (*to)[i] = (uint32_t)new_code[l->code[row[i]]];
    return BRAM_OK;
}

static int take_rows(bram_ctx *cx, bram_side *side, const bram_cli_matrix *m, const size_t *row,
                     size_t rows)
{
    uint8_t *present = m->present ? bram_scratch(cx, rows * m->cols, 1) : NULL;
    BRAM_TRY(bram_mat_scratch(cx, &side->values, rows, m->cols));
    if (m->present && !present) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        memcpy(bram_row(&side->values, i), m->values + row[i] * m->cols,
               m->cols * sizeof *m->values);
        if (present) memcpy(present + i * m->cols, m->present + row[i] * m->cols, m->cols);
    }
    side->present = present;
    return BRAM_OK;
}

/* The channels of subject s, where these are told. */
static int take_channels(bram_ctx *cx, bram_side *side, const bram_rdm_job *job, size_t s)
{
    const bram_cli_labels *subjects = job->label + BRAM_RDM_SUBJECTS;
    size_t rows = side->values.rows, cols = side->values.cols, count = 0;
    if (!job->by_channel) return BRAM_OK;
    for (size_t k = 0; k < cols; k++) count += subjects->code[k] == s;
    bram_side less = {.present = NULL};
    uint8_t *present = side->present ? bram_scratch(cx, rows * count, 1) : NULL;
    BRAM_TRY(bram_mat_scratch(cx, &less.values, rows, count));
    if (side->present && !present) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0, to = 0; k < cols; k++) {
            if (subjects->code[k] != s) continue;
            bram_row(&less.values, i)[to] = bram_row(&side->values, i)[k];
            if (present) present[i * count + to] = side->present[i * cols + k];
            to++;
        }
    less.present = present;
    *side = less;
    return BRAM_OK;
}

static int find_part(bram_ctx *cx, struct part *p, const bram_rdm_job *job, size_t s)
{
    const bram_cli_labels *conditions = job->label + BRAM_RDM_CONDITIONS;
    const bram_cli_labels *folds = job->label + BRAM_RDM_FOLDS;
    size_t *row = bram_scratch(cx, job->m.rows, sizeof *row), rows = 0;
    if (!row) return BRAM_ENOMEM;
    for (size_t i = 0; i < job->m.rows; i++)
        if (job->by_channel || is_of(job->label + BRAM_RDM_SUBJECTS, i, s)) row[rows++] = i;
    if (rows == job->m.rows) p->side = bram_cli_matrix_side(&job->m, false);
    else BRAM_TRY(take_rows(cx, &p->side, &job->m, row, rows));
    BRAM_TRY(take_channels(cx, &p->side, job, s));
    if (conditions->code) {
        BRAM_TRY(renumber(cx, &p->of_row, &p->condition, &p->condition_name, &p->design.conditions,
                          conditions, row, rows));
        p->design.condition = p->of_row;
        p->design.condition_name = p->condition_name;
    }
    if (folds->code) {
        uint32_t *fold;
        BRAM_TRY(renumber(cx, &fold, &p->fold, &p->fold_name, &p->design.folds, folds, row, rows));
        p->design.fold = fold;
        p->design.fold_name = p->fold_name;
    }
    return BRAM_OK;
}

/* ---- noise ---------------------------------------------------------------------------------- */

static int add_precision(bram_ctx *cx, struct part *p, const bram_rdm_job *job,
                         const bram_mat *residuals, double dof)
{
    bram_mat *out = p->precision + p->precisions;
    double shrinkage;
    BRAM_TRY(bram_mat_scratch(cx, out, residuals->cols, residuals->cols));
    BRAM_TRY(bram_noise_covariance(cx, out, &shrinkage, residuals, job->method,
                                   job->dof > 0 ? job->dof : dof));
    BRAM_TRY(bram_noise_invert(cx, out));
    p->shrinkage = (p->shrinkage * (double)p->precisions + shrinkage) / (double)(p->precisions + 1);
    p->precisions++;
    return BRAM_OK;
}

static int from_file(bram_ctx *cx, struct part *p, const bram_rdm_job *job)
{
    size_t channels = job->m.cols, count = job->noise.rows / channels;
    if (job->noise.cols != channels || !count || job->noise.rows % channels)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the precision is %zu x %zu, expected %zu x %zu, or one such matrix for "
                         "each fold below the other",
                         job->noise.rows, job->noise.cols, channels, channels);
    p->precision = bram_scratch(cx, count, sizeof *p->precision);
    if (!p->precision) return BRAM_ENOMEM;
    for (; p->precisions < count; p->precisions++)
        p->precision[p->precisions] = (bram_mat){
            job->noise.values + p->precisions * channels * channels, channels, channels, channels};
    return BRAM_OK;
}

/* The residuals of this subject and, where their folds are told, of fold f of the part. */
static int from_residuals(bram_ctx *cx, struct part *p, const bram_rdm_job *job, size_t index)
{
    const char *subject = bram_rdm_job_subject(job, index);
    const bram_cli_labels *folds = job->noise_label, *subjects = job->noise_label + 1;
    size_t sets = folds->code ? p->design.folds : 1;
    ptrdiff_t s = subjects->code && subject ? bram_cli_labels_find(subjects, subject) : -1;
    if (job->noise.cols != job->m.cols)
        return bram_fail(cx, BRAM_ESHAPE, "the residuals have %zu channels, the responses %zu",
                         job->noise.cols, job->m.cols);
    if (job->noise.present)
        return bram_fail(cx, BRAM_ENUMERIC, "the residuals have missing values, expected none");
    if (subjects->code && s < 0)
        return bram_fail(cx, BRAM_EABSENT, "no residuals are of subject %s",
                         subject ? subject : "(there is one only)");
    if (folds->code && !p->design.fold)
        return bram_fail(cx, BRAM_EUSAGE, "--residual-folds needs --folds");
    p->precision = bram_scratch(cx, sets, sizeof *p->precision);
    size_t *row = bram_scratch(cx, job->noise.rows, sizeof *row);
    if (!p->precision || !row) return BRAM_ENOMEM;
    for (size_t f = 0; f < sets; f++) {
        ptrdiff_t fold = folds->code ? bram_cli_labels_find(folds, p->fold_name[f]) : -1;
        size_t rows = 0;
        bram_side e;
        for (size_t i = 0; i < job->noise.rows; i++)
            if ((s < 0 || subjects->code[i] == (size_t)s) &&
                (!folds->code || (fold >= 0 && folds->code[i] == (size_t)fold)))
                row[rows++] = i;
        if (rows < 2)
            return bram_fail(cx, BRAM_EABSENT, "%zu residuals are of fold %s, expected 2 or more",
                             rows, folds->code ? p->fold_name[f] : "(all)");
        BRAM_TRY(take_rows(cx, &e, &job->noise, row, rows));
        BRAM_TRY(take_channels(cx, &e, job, index));
        BRAM_TRY(add_precision(cx, p, job, &e.values, (double)rows - 1));
    }
    return BRAM_OK;
}

static int from_repeats(bram_ctx *cx, struct part *p, const bram_rdm_job *job)
{
    bram_mat e;
    double dof;
    if (!p->design.condition)
        return bram_fail(cx, BRAM_EUSAGE,
                         "--noise without --residuals is of repeated rows: say which by "
                         "--conditions");
    if (p->side.present)
        return bram_fail(cx, BRAM_ENUMERIC,
                         "rows with missing values give no noise covariance: give --residuals or "
                         "--precision");
    p->precision = bram_scratch(cx, 1, sizeof *p->precision);
    if (!p->precision) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &e, p->side.values.rows, p->side.values.cols));
    BRAM_TRY(bram_noise_residuals(cx, &e, &dof, &p->side.values, p->of_row, p->design.conditions));
    return add_precision(cx, p, job, &e, dof);
}

static int find_noise(bram_ctx *cx, struct part *p, const bram_rdm_job *job, size_t s)
{
    if (job->source == BRAM_RDM_NOISE_PRECISION) return from_file(cx, p, job);
    if (job->source == BRAM_RDM_NOISE_RESIDUALS) return from_residuals(cx, p, job, s);
    return job->source == BRAM_RDM_NOISE_REPEATS ? from_repeats(cx, p, job) : BRAM_OK;
}

/* ---- all subjects --------------------------------------------------------------------------- */

/* The pairs of a part among those of all conditions; NaN elsewhere. */
static void spread(double *out, const double *d, const struct part *p, size_t conditions)
{
    size_t n = p->design.condition ? p->design.conditions : conditions;
    for (size_t k = 0; k < bram_rdm_pairs(conditions); k++) out[k] = NAN;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, d++) {
            size_t a = p->condition ? p->condition[i] : i, b = p->condition ? p->condition[j] : j;
            out[bram_rdm_index(conditions, a, b)] = *d;
        }
}

static int find_covariance(bram_ctx *cx, bram_rdm_job *job, const struct part *p)
{
    size_t n = job->conditions;
    job->covariance = bram_alloc(cx, n * n, sizeof *job->covariance);
    if (!job->covariance) return BRAM_ENOMEM;
    bram_mat out = {job->covariance, n, n, n};
    if (p->precisions > 1)
        return bram_fail(cx, BRAM_EUSAGE,
                         "--condition-covariance takes one noise for all folds, found %zu",
                         p->precisions);
    return bram_noise_conditions(cx, &out, &p->side, &p->design, p->precision);
}

static int run_subject(bram_ctx *cx, bram_rdm_job *job, size_t s)
{
    struct part p = {.shrinkage = 0};
    double *d = NULL;
    bram_rdm_options o = job->options;
    BRAM_TRY(find_part(cx, &p, job, s));
    BRAM_TRY(find_noise(cx, &p, job, s));
    o.precision = p.precision, o.precisions = p.precisions;
    BRAM_TRY(bram_rdm_estimate(cx, &d, &p.side, p.design.condition ? &p.design : NULL, &o));
    spread(job->rdm + s * bram_rdm_pairs(job->conditions), d, &p, job->conditions);
    job->shrinkage[s] = job->source >= BRAM_RDM_NOISE_RESIDUALS ? p.shrinkage : (double)NAN;
    bram_free(d);
    return job->wants_covariance ? find_covariance(cx, job, &p) : BRAM_OK;
}

/* Conditions that are undefined with every other one in all RDMs are told by name. */
int bram_rdm_job_tell(bram_ctx *cx, bram_rdm_job *job)
{
    enum { MOST_NAMES = 5 };
    size_t n = job->conditions, pairs = bram_rdm_pairs(n), without = 0, length = 0;
    char names[256] = "", buffer[24];
    bool *defined = bram_scratch(cx, n, sizeof *defined);
    if (!defined) return BRAM_ENOMEM;
    bool whitened = job->options.kind == BRAM_RDM_MAHALANOBIS ||
                    job->options.kind == BRAM_RDM_CROSSNOBIS;
    if (whitened && job->source == BRAM_RDM_NO_NOISE)
        bram_note(cx, "no noise is given (--noise, --residuals, --precision): channels count as "
                      "they are");
    job->undefined = 0;
    for (size_t s = 0; s < job->subjects; s++) {
        const double *d = job->rdm + s * pairs;
        for (size_t i = 0; i < n; i++)
            for (size_t j = i + 1; j < n; j++, d++) {
                if (isnan(*d)) job->undefined++;
                else defined[i] = defined[j] = true;
            }
    }
    if (!job->undefined) return BRAM_OK;
    for (size_t i = 0; i < n; i++) {
        if (defined[i] || without++ >= MOST_NAMES || length >= sizeof names) continue;
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s",
                                   length ? ", " : "", bram_rdm_job_condition(job, i, buffer));
    }
    bram_note(cx, "%zu of %zu pairs are undefined%s%s%s", job->undefined, job->subjects * pairs,
              without ? "; with every other condition: " : "", names,
              without > MOST_NAMES ? " ..." : "");
    return BRAM_OK;
}

int bram_rdm_job_run(bram_ctx *cx, bram_rdm_job *job)
{
    job->rdm = bram_alloc(cx, job->subjects * bram_rdm_pairs(job->conditions), sizeof *job->rdm);
    job->shrinkage = bram_alloc(cx, job->subjects, sizeof *job->shrinkage);
    if (!job->rdm || !job->shrinkage) return BRAM_ENOMEM;
    for (size_t s = 0; s < job->subjects; s++) {
        size_t mark = bram_scratch_mark(cx);
        int status = run_subject(cx, job, s);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK && job->subjects > 1)
            return bram_fail_prefix(cx, status, "subject %s", bram_rdm_job_subject(job, s));
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

int bram_rdm_job_mean(bram_ctx *cx, bram_rdm_job *job, const char *how)
{
    static const char *const names[] = {"evidence", "setsize", "simple"};
    size_t pairs = bram_rdm_pairs(job->conditions), k = 0;
    double *mean = bram_alloc(cx, pairs, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    while (k < 3 && strcmp(how, names[k]) != 0) k++;
    int status = BRAM_OK;
    if (k == 3) bram_rdm_mean(mean, job->rdm, job->subjects, pairs);
    else status = bram_rdm_rescale(cx, mean, job->rdm, job->subjects, pairs, (bram_rdm_weighting)k);
    if (status != BRAM_OK) {
        bram_free(mean);
        return status;
    }
    bram_free(job->rdm);
    job->rdm = mean;
    job->subjects = 1;
    bram_cli_labels_release(job->label + BRAM_RDM_SUBJECTS);
    return BRAM_OK;
}
