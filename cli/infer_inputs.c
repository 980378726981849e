/*
 * infer_inputs.c - reading the sides of `bramble infer`; see infer_inputs.h.
 */
#include "infer_inputs.h"

#include "linalg.h"
#include "rdm.h"

#include <math.h>
#include <string.h>

/* ---- input ---------------------------------------------------------------------------------- */

static void release_side(bram_infer_side *s)
{
    for (size_t i = 0; s->file && i < s->files; i++) bram_cli_matrix_release(&s->file[i]);
    for (size_t i = 0; s->name && i < s->rdm.rows; i++) bram_free(s->name[i]);
    bram_free(s->file);
    bram_free(s->name);
    bram_free(s->rdm.data);
}

void bram_infer_inputs_release(bram_infer_inputs *in)
{
    release_side(&in->models);
    release_side(&in->brains);
    bram_cli_labels_release(&in->subject_groups);
    bram_cli_labels_release(&in->condition_groups);
}

/* @param labels  a column that the files have, read of each into labels[i]; NULL: none */
static int read_side(bram_ctx *cx, bram_infer_side *s, const bram_cli_args *args,
                     const char *option, const char *ids, bram_cli_labels *labels, size_t labelled)
{
    s->files = bram_cli_count(args, option);
    if (!s->files) return bram_fail(cx, BRAM_EUSAGE, "infer needs --model and --brain");
    s->file = bram_alloc(cx, s->files, sizeof *s->file);
    if (!s->file) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->files; i++)
        BRAM_TRY(bram_cli_matrix_read_labelled(cx, &s->file[i], bram_cli_value(args, option, i),
                                               ids, labels ? labels + i : NULL, i < labelled));
    return BRAM_OK;
}

/* All files to the conditions that every one has, in the order of the first: once around to find
 * them, once more so that all have lost the same. */
static int match(bram_ctx *cx, bram_infer_inputs *in, const bram_cli_args *args, bool square)
{
    bram_cli_matrix *first = &in->brains.file[0];
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < in->brains.files + in->models.files; i++) {
            bool model = i >= in->brains.files;
            bram_cli_matrix *m = model ? &in->models.file[i - in->brains.files]
                                       : &in->brains.file[i];
            if (m == first) continue;
            int status = bram_cli_matrix_match(cx, m, first, square ? BRAM_MATCH_SQUARE : 0);
            if (status != BRAM_OK)
                return bram_fail_prefix(cx, status, "%s",
                                        bram_cli_value(args, model ? "model" : "brain",
                                                       model ? i - in->brains.files : i));
        }
    return BRAM_OK;
}

char *bram_infer_name(bram_ctx *cx, const char *spec, size_t row, size_t rows)
{
    const char *slash = strrchr(spec, '/');
    const char *base = slash ? slash + 1 : spec;
    return rows == 1 ? bram_strdup(cx, base) : bram_strf(cx, "%s[%zu]", base, row + 1);
}

static int new_rdms(bram_ctx *cx, bram_infer_side *s, size_t rows, size_t pairs)
{
    BRAM_TRY(bram_mat_new(cx, &s->rdm, rows, pairs));
    s->name = bram_alloc(cx, rows, sizeof *s->name);
    return s->name ? BRAM_OK : BRAM_ENOMEM;
}

/* Every file a matrix over conditions: an RDM, or patterns that make one. */
static int rdms_of_matrices(bram_ctx *cx, bram_infer_side *s, const bram_cli_args *args,
                            const char *option, bool patterns)
{
    size_t n = s->file[0].rows, pairs = bram_rdm_pairs(n);
    bram_rdm_kind kind = BRAM_RDM_CORRELATION;
    const char *method = bram_cli_text(args, "method", "correlation");
    if (!strcmp(method, "euclidean")) kind = BRAM_RDM_EUCLIDEAN;
    BRAM_TRY(new_rdms(cx, s, s->files, pairs));
    for (size_t i = 0; i < s->files; i++) {
        const char *spec = bram_cli_value(args, option, i);
        bram_side side = bram_cli_matrix_side(&s->file[i], !patterns);
        double *d = NULL;
        int status = patterns ? bram_rdm_new(cx, &d, &side, kind) : bram_rdm_given(cx, &d, &side);
        if (status != BRAM_OK) return bram_fail_prefix(cx, status, "%s", spec);
        memcpy(bram_row(&s->rdm, i), d, pairs * sizeof *d);
        bram_free(d);
        if (!(s->name[i] = bram_infer_name(cx, spec, 0, 1))) return BRAM_ENOMEM;
    }
    return BRAM_OK;
}

/* Every row of every file the pairs of an RDM. */
static int rdms_of_vectors(bram_ctx *cx, bram_infer_side *s, const bram_cli_args *args,
                           const char *option, size_t pairs)
{
    size_t rows = 0, at = 0;
    for (size_t i = 0; i < s->files; i++) rows += s->file[i].rows;
    BRAM_TRY(new_rdms(cx, s, rows, pairs));
    for (size_t i = 0; i < s->files; i++) {
        const bram_cli_matrix *m = &s->file[i];
        const char *spec = bram_cli_value(args, option, i);
        if (m->cols != pairs)
            return bram_fail(cx, BRAM_ESHAPE, "%s: rows of %zu values, expected %zu pairs", spec,
                             m->cols, pairs);
        for (size_t row = 0; row < m->rows; row++, at++) {
            for (size_t k = 0; k < pairs; k++) {
                bool there = !m->present || m->present[row * pairs + k];
                bram_row(&s->rdm, at)[k] = there ? m->values[row * pairs + k] : (double)NAN;
            }
            if (!(s->name[at] = bram_infer_name(cx, spec, row, m->rows))) return BRAM_ENOMEM;
        }
    }
    return BRAM_OK;
}

static int conditions_of(bram_ctx *cx, size_t *n, size_t pairs)
{
    size_t root = (size_t)((1 + sqrt(1 + 8 * (double)pairs)) / 2 + 0.5);
    if (root < 2 || bram_rdm_pairs(root) != pairs)
        return bram_fail(cx, BRAM_ESHAPE, "rows of %zu values, expected n (n - 1) / 2 pairs",
                         pairs);
    *n = root;
    return BRAM_OK;
}

/* ---- groups --------------------------------------------------------------------------------- */

/* Labels of each thing from those of n others; at[i] is the one of thing i. One block. */
static int take_labels(bram_ctx *cx, bram_cli_labels *to, char *const *text, const size_t *at,
                       size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) bytes += strlen(text[at[i]]) + 1;
    char **block = bram_alloc(cx, 1, n * sizeof *block + bytes + 1);
    if (!block) return BRAM_ENOMEM;
    char *free_at = (char *)(block + n);
    for (size_t i = 0; i < n; i++) {
        size_t size = strlen(text[at[i]]) + 1;
        block[i] = memcpy(free_at, text[at[i]], size), free_at += size;
    }
    to->text = block, to->rows = n;
    return bram_cli_labels_code(cx, to);
}

/* Groups from a column of every file of rows of pairs. */
static int join_labels(bram_ctx *cx, bram_cli_labels *to, const bram_cli_labels *of_file,
                       size_t files)
{
    size_t rows = 0, at = 0;
    for (size_t i = 0; i < files; i++) rows += of_file[i].rows;
    char **text = bram_scratch(cx, rows, sizeof *text);
    size_t *each = text ? bram_scratch(cx, rows, sizeof *each) : NULL;
    if (!each) return BRAM_ENOMEM;
    for (size_t i = 0; i < files; i++)
        for (size_t k = 0; k < of_file[i].rows; k++, at++)
            text[at] = of_file[i].text[k], each[at] = at;
    return take_labels(cx, to, text, each, rows);
}

/* The place of each id of an axis in a list of ids. */
static int find_ids(bram_ctx *cx, size_t *at, const bram_axis *axis, const bram_axis *in,
                    const char *spec)
{
    for (size_t i = 0; i < bram_axis_length(axis); i++) {
        ptrdiff_t found = bram_axis_find(in, bram_axis_id(axis, i));
        if (found < 0)
            return bram_fail(cx, BRAM_EFORMAT, "%s: there is no condition \"%s\"", spec,
                             bram_axis_id(axis, i));
        at[i] = (size_t)found;
    }
    return BRAM_OK;
}

/* The groups of the conditions that are left, from labels of the conditions of `ids` (NULL: in the
 * order of those that are left). */
static int match_labels(bram_ctx *cx, bram_infer_inputs *in, const bram_cli_labels *labels,
                        const bram_axis *ids)
{
    const bram_axis *axis = in->brains.file[0].row;
    const char *spec = in->condition_groups.spec;
    size_t *at = bram_scratch(cx, in->n, sizeof *at);
    if (!at) return BRAM_ENOMEM;
    for (size_t i = 0; i < in->n; i++) at[i] = i;
    if (axis && ids) BRAM_TRY(find_ids(cx, at, axis, ids, spec));
    else if (labels->rows != in->n)
        return bram_fail(cx, BRAM_ESHAPE,
                         "%s: found %zu labels, expected %zu, one for each condition", spec,
                         labels->rows, in->n);
    return take_labels(cx, &in->condition_groups, labels->text, at, in->n);
}

/* Labels of a file of their own, with the ids that stand beside them where there are any. */
static int read_condition_file(bram_ctx *cx, bram_infer_inputs *in, const char *ids)
{
    bram_cli_labels labels = {.spec = in->condition_groups.spec};
    bram_axis *axis = NULL;
    int status = bram_cli_labels_with_ids(cx, &labels, &axis, ids);
    if (status == BRAM_OK) status = match_labels(cx, in, &labels, axis);
    bram_axis_free(axis);
    bram_cli_labels_release(&labels);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int make_rdms(bram_ctx *cx, bram_infer_inputs *in, const bram_cli_args *args, bool vectors,
                     bool patterns)
{
    if (vectors) {
        size_t pairs = in->brains.file[0].cols;
        BRAM_TRY(conditions_of(cx, &in->n, pairs));
        BRAM_TRY(rdms_of_vectors(cx, &in->models, args, "model", pairs));
        return rdms_of_vectors(cx, &in->brains, args, "brain", pairs);
    }
    BRAM_TRY(match(cx, in, args, !patterns));
    in->n = in->brains.file[0].rows;
    BRAM_TRY(rdms_of_matrices(cx, &in->models, args, "model", patterns));
    return rdms_of_matrices(cx, &in->brains, args, "brain", patterns);
}

/* With the columns that groups are read from: of the first brain's file (conditions), or of all
 * (subjects in rows of pairs). */
static int read_all(bram_ctx *cx, bram_infer_inputs *in, const bram_cli_args *args,
                    bram_cli_labels *column)
{
    const char *form = bram_cli_text(args, "form", "square"),
               *ids = bram_cli_text(args, "ids", NULL);
    bool vectors = !strcmp(form, "vectors"), patterns = !strcmp(form, "patterns");
    bram_cli_labels *subjects = &in->subject_groups, *conditions = &in->condition_groups;
    bool of_files = subjects->spec && !bram_cli_is_elsewhere(subjects->spec);
    bool of_first = conditions->spec && !bram_cli_is_elsewhere(conditions->spec);
    size_t files = bram_cli_count(args, "brain"), labelled = of_files ? files : of_first;
    if (vectors && ids) return bram_fail(cx, BRAM_EUSAGE, "--ids does not go with --form vectors");
    if (of_files && !vectors)
        return bram_fail(
            cx, BRAM_EUSAGE,
            "--subject-groups \"%s\": no such file, and a column only with --form vectors",
            subjects->spec);
    if (of_first && vectors)
        return bram_fail(cx, BRAM_EUSAGE, "--condition-groups \"%s\": no such file",
                         conditions->spec);
    for (size_t i = 0; i < labelled; i++)
        column[i].spec = of_files ? subjects->spec : conditions->spec;
    BRAM_TRY(read_side(cx, &in->models, args, "model", ids, NULL, 0));
    BRAM_TRY(read_side(cx, &in->brains, args, "brain", ids, column, labelled));
    bram_axis *axis = in->brains.file[0].row ? bram_axis_ref(in->brains.file[0].row) : NULL;
    int status = make_rdms(cx, in, args, vectors, patterns);
    if (status == BRAM_OK && of_first) status = match_labels(cx, in, &column[0], axis);
    bram_axis_free(axis);
    BRAM_TRY(status);
    if (conditions->spec && !of_first) BRAM_TRY(read_condition_file(cx, in, ids));
    if (of_files) return join_labels(cx, subjects, column, files);
    return subjects->spec ? bram_cli_labels_read(cx, subjects, in->brains.rdm.rows) : BRAM_OK;
}

int bram_infer_inputs_read(bram_ctx *cx, bram_infer_inputs *in, const bram_cli_args *args)
{
    size_t files = bram_cli_count(args, "brain");
    bram_cli_labels *column = bram_alloc(cx, files, sizeof *column);
    if (!column) return BRAM_ENOMEM;
    in->subject_groups.spec = bram_cli_text(args, "subject-groups", NULL);
    in->condition_groups.spec = bram_cli_text(args, "condition-groups", NULL);
    int status = read_all(cx, in, args, column);
    for (size_t i = 0; i < files; i++) bram_cli_labels_release(&column[i]);
    bram_free(column);
    return status;
}
