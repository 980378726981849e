/*
 * rdm_figure.c - the figures of `bramble rdm`; see rdm_figure.h.
 */
#include "rdm_figure.h"

#include "cairo_sheet.h"
#include "file.h"
#include "rdm_figures.h"
#include "rdm_write.h"

#include <bramble/axis.h>

#include <string.h>

int bram_cli_figure_check(bram_ctx *cx, bram_sheet_format *format, const char *path)
{
    if (!bram_sheet_format_of(path, format))
        return bram_fail(cx, BRAM_EUSAGE, "%s: figures are written as .svg, .pdf or .png", path);
    if (*format == BRAM_SHEET_SVG || bram_cairo_available()) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE, "%s: PDF and PNG need cairo, which is not there", path);
}

int bram_cli_figure_write(bram_ctx *cx, const char *path, const bram_buffer *bytes, bool replace)
{
    bram_outfile *file = NULL;
    BRAM_TRY(bram_outfile_open(cx, &file, path, replace));
    int status = bram_outfile_write(cx, file, bytes->text, bytes->length);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

int bram_rdm_check_figure(bram_ctx *cx, const bram_cli_args *args)
{
    static const char *const others[] = {"figure-kind", "figure-scale", "figure-scaling", "title"};
    const char *path = bram_cli_text(args, "figure", NULL);
    for (size_t i = 0; i < 4 && !path; i++)
        if (bram_cli_has(args, others[i]))
            return bram_fail(cx, BRAM_EUSAGE, "--%s needs --figure", others[i]);
    if (!path) return BRAM_OK;
    if (bram_cli_has(args, "figure-scale") &&
        strcmp(bram_cli_text(args, "figure-kind", "heat"), "heat") != 0)
        return bram_fail(cx, BRAM_EUSAGE, "--figure-scale is for heat maps");
    if (bram_cli_has(args, "figure-scaling") &&
        strncmp(bram_cli_text(args, "figure-kind", "heat"), "mds", 3) != 0)
        return bram_fail(cx, BRAM_EUSAGE, "--figure-scaling is for maps: --figure-kind mds");
    bram_sheet_format format;
    return bram_cli_figure_check(cx, &format, path);
}

/* Names of the conditions and matrices, where they have any. */
static int name_all(bram_ctx *cx, bram_rdm_view *v, const bram_rdm_job *job)
{
    const char **condition = bram_scratch(cx, v->n, sizeof *condition);
    char *number = bram_scratch(cx, v->n, 24);
    if (!condition || !number) return BRAM_ENOMEM;
    for (size_t i = 0; i < v->n; i++)
        condition[i] = bram_rdm_job_condition(job, i, number + 24 * i);
    v->condition = (const char *const *)condition;
    if (v->count > 1 && bram_rdm_job_subject(job, 0))
        v->name = (const char *const *)job->label[BRAM_RDM_SUBJECTS].name;
    return BRAM_OK;
}

static bool is_squared(bram_rdm_kind kind)
{
    return kind == BRAM_RDM_EUCLIDEAN || kind == BRAM_RDM_MAHALANOBIS ||
           kind == BRAM_RDM_CROSSNOBIS;
}

static int draw(bram_ctx *cx, bram_rdm_view *v, const bram_cli_args *args)
{
    const char *kind = bram_cli_text(args, "figure-kind", "heat");
    const char *path = bram_cli_text(args, "figure", NULL);
    bool ranks = !strcmp(bram_cli_text(args, "figure-scale", "value"), "rank");
    bram_buffer svg = {0};
    BRAM_TRY(bram_cli_figure_check(cx, &v->format, path));
    v->title = bram_cli_text(args, "title", v->title);
    v->classical = !strcmp(bram_cli_text(args, "figure-scaling", "metric"), "classical");
    int status = !strcmp(kind, "heat")         ? bram_rdm_heat_maps(cx, &svg, v, ranks)
                 : !strcmp(kind, "mds")        ? bram_rdm_map(cx, &svg, v)
                 : !strcmp(kind, "mds-rdms")   ? bram_rdm_map_of_rdms(cx, &svg, v)
                 : !strcmp(kind, "dendrogram") ? bram_rdm_tree(cx, &svg, v, false)
                                               : bram_rdm_tree(cx, &svg, v, true);
    if (status == BRAM_OK)
        status = bram_cli_figure_write(cx, path, &svg, bram_cli_has(args, "force"));
    bram_buffer_release(&svg);
    return status;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int bram_rdm_draw(bram_ctx *cx, const bram_rdm_job *job, const bram_cli_args *args)
{
    bram_rdm_view v = {.n = job->conditions,
                       .count = job->subjects,
                       .pairs = job->rdm,
                       .title = base_name(bram_cli_argument(args, 0)),
                       .measure = job->unit,
                       .squared = is_squared(job->options.kind) &&
                                  !bram_cli_has(args, "transform")};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(name_all(cx, &v, job));
    int status = draw(cx, &v, args);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- matrices that are there already -------------------------------------------------------- */

/* All to the conditions that every one has, in the order of the first: once around to find them,
 * once more so that all have lost the same. */
static int read_all(bram_ctx *cx, bram_cli_matrix *m, const bram_cli_args *args)
{
    size_t count = bram_cli_arguments(args);
    const char *ids = bram_cli_text(args, "ids", NULL);
    for (size_t i = 0; i < count; i++)
        BRAM_TRY(bram_cli_matrix_read(cx, &m[i], bram_cli_argument(args, i), ids));
    for (size_t i = 1; i < 2 * count; i++) {
        if (i % count == 0) continue;
        int status = bram_cli_matrix_match(cx, &m[i % count], &m[0], BRAM_MATCH_SQUARE);
        if (status != BRAM_OK)
            return bram_fail_prefix(cx, status, "%s", bram_cli_argument(args, i % count));
    }
    return BRAM_OK;
}

/* "it.npy" is called "it" */
static int name_matrix(bram_ctx *cx, const char **out, const char *path)
{
    const char *base = base_name(path), *dot = strrchr(base, '.');
    size_t n = dot && dot > base && !strchr(dot, ':') ? (size_t)(dot - base) : strlen(base);
    char *name = bram_scratch(cx, n + 1, 1);
    if (!name) return BRAM_ENOMEM;
    memcpy(name, base, n);
    *out = name;
    return BRAM_OK;
}

static int draw_matrices(bram_ctx *cx, bram_cli_matrix *m, const bram_cli_args *args)
{
    size_t count = bram_cli_arguments(args), n = m->rows, pairs = bram_rdm_pairs(n);
    const char **name = bram_scratch(cx, count, sizeof *name);
    const char **condition = bram_scratch(cx, n, sizeof *condition);
    double *rdm = bram_scratch(cx, count, pairs * sizeof *rdm), *d = NULL;
    if (!name || !condition || (pairs && !rdm)) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        bram_side side = bram_cli_matrix_side(&m[i], true);
        int status = bram_rdm_given(cx, &d, &side);
        if (status != BRAM_OK)
            return bram_fail_prefix(cx, status, "%s", bram_cli_argument(args, i));
        if (pairs) memcpy(rdm + i * pairs, d, pairs * sizeof *rdm);
        bram_free(d);
        BRAM_TRY(name_matrix(cx, &name[i], bram_cli_argument(args, i)));
    }
    for (size_t i = 0; m->row && i < n; i++) condition[i] = bram_axis_id(m->row, i);
    bram_rdm_view v = {.n = n,
                       .count = count,
                       .pairs = rdm,
                       .condition = m->row ? (const char *const *)condition : NULL,
                       .name = (const char *const *)name,
                       .title = count == 1 ? name[0] : "Dissimilarity matrices",
                       .measure = "dissimilarity"};
    return draw(cx, &v, args);
}

int bram_rdm_draw_given(bram_ctx *cx, const bram_cli_args *args)
{
    static const char *const others[] = {"output",
                                         "condition-covariance",
                                         "vector",
                                         "method",
                                         "conditions",
                                         "folds",
                                         "subjects",
                                         "drop",
                                         "transform",
                                         "mean",
                                         "unbalanced",
                                         "weighting",
                                         "missing",
                                         "remove-mean",
                                         "prior-rate",
                                         "prior-weight",
                                         "noise",
                                         "residuals",
                                         "residual-folds",
                                         "residual-subjects",
                                         "dof",
                                         "shrinkage",
                                         "precision"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (bram_cli_has(args, others[i]))
            return bram_fail(cx, BRAM_EUSAGE, "--%s makes an RDM of responses; --given has RDMs",
                             others[i]);
    if (!bram_cli_has(args, "figure"))
        return bram_fail(cx, BRAM_EUSAGE, "--given draws RDMs: it needs --figure");
    size_t count = bram_cli_arguments(args), mark = bram_scratch_mark(cx);
    bram_cli_matrix *m = bram_scratch(cx, count, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    int status = read_all(cx, m, args);
    if (status == BRAM_OK) status = draw_matrices(cx, m, args);
    for (size_t i = 0; i < count; i++) bram_cli_matrix_release(&m[i]);
    bram_scratch_release(cx, mark);
    return status;
}
