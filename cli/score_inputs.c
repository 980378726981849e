/*
 * score_inputs.c - reading the sides of `bramble score`; see score_inputs.h.
 */
#include "score_inputs.h"

#include "array_store.h"

#include <bramble/dataset.h>

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CONDITIONS, SUBJECTS, FOLDS, DROPPED, LABELS = DROPPED + BRAM_SCORE_DROPS };

static void release_texts(char **text, size_t count)
{
    for (size_t i = 0; text && i < count; i++) bram_free(text[i]);
    bram_free(text);
}

static void release_input(bram_score_input *in)
{
    size_t rows = in->pieces ? in->piece[0].rows : 0;
    for (size_t p = 0; in->piece && p < in->pieces; p++) bram_cli_matrix_release(&in->piece[p]);
    for (size_t p = 0; in->repeats && p < in->pieces; p++) {
        bram_cli_matrix_release(&in->repeats[p].m);
        bram_free(in->repeats[p].row);
        bram_free(in->repeats[p].fold);
    }
    bram_free(in->repeats);
    bram_cli_labels_release(&in->folds);
    bram_free(in->fold_fail);
    release_texts(in->subject, in->pieces);
    release_texts(in->fold, rows);
    bram_free(in->piece);
    bram_free(in->name);
    *in = (bram_score_input){0};
}

void bram_score_inputs_release(bram_score_inputs *in)
{
    for (size_t i = 0; i < in->count; i++) release_input(&in->item[i]);
    bram_free(in->item);
    *in = (bram_score_inputs){0};
}

/* ---- names ---------------------------------------------------------------------------------- */

/* A list of specs that grows. */
struct specs {
    char **text;
    size_t count;
};

static int add_spec(bram_ctx *cx, struct specs *s, const char *path, const char *name)
{
    char **grown = bram_realloc(cx, s->text, s->count + 1, sizeof *grown);
    if (!grown) return BRAM_ENOMEM;
    s->text = grown;
    grown[s->count] = name ? bram_strf(cx, "%s:%s", path, name) : bram_strdup(cx, path);
    return grown[s->count] ? (s->count++, BRAM_OK) : BRAM_ENOMEM;
}

static int add_matching(bram_ctx *cx, struct specs *s, const char *path, const char *pattern)
{
    bram_dataset *ds = NULL;
    bram_store *store = NULL;
    size_t before = s->count;
    int status = BRAM_OK;
    if (bram_dataset_open(cx, &ds, path) == BRAM_OK) {
        for (size_t i = 0; status == BRAM_OK && i < bram_dataset_responses(ds); i++) {
            const char *name = bram_dataset_response_path(ds, i);
            if (fnmatch(pattern, name, 0) == 0) status = add_spec(cx, s, path, name);
        }
    } else {
        status = bram_store_open(cx, &store, path);
        for (size_t i = 0; status == BRAM_OK && i < bram_store_arrays(store); i++) {
            const char *name = bram_store_array_name(store, i);
            if (fnmatch(pattern, name, 0) == 0) status = add_spec(cx, s, path, name);
        }
    }
    bram_store_close(store);
    bram_dataset_free(ds);
    if (status == BRAM_OK && s->count == before)
        return bram_fail(cx, BRAM_EABSENT,
                         "%s: no array matches \"%s\" (patterns are for .h5, .npz and .mat)", path,
                         pattern);
    return status;
}

/* The file before the last colon, where what follows is a pattern; else NULL. */
static char *pattern_path(bram_ctx *cx, const char *spec, const char **pattern)
{
    const char *colon = strrchr(spec, ':');
    *pattern = NULL;
    if (!colon || access(spec, F_OK) == 0 || !strpbrk(colon, "*?[")) return NULL;
    *pattern = colon + 1;
    return bram_strf(cx, "%.*s", (int)(colon - spec), spec);
}

static int expand(bram_ctx *cx, struct specs *s, const char *spec)
{
    const char *pattern;
    char *path = pattern_path(cx, spec, &pattern);
    if (!pattern) return add_spec(cx, s, spec, NULL);
    if (!path) return BRAM_ENOMEM;
    int status = add_matching(cx, s, path, pattern);
    bram_free(path);
    return status;
}

/* ---- conditions and subjects ---------------------------------------------------------------- */

/* The rows of the matrix read: row -> condition and subject, as codes. */
struct design {
    const bram_cli_matrix *m;
    const bram_cli_labels *label;
    size_t conditions, subjects, kept;
    size_t *place; /* of each condition among those that are kept */
    bool *keep;
};

static size_t condition_of(const struct design *d, size_t i)
{
    return d->label[CONDITIONS].spec ? d->label[CONDITIONS].code[i] : i;
}

static size_t subject_of(const struct design *d, size_t i)
{
    return d->label[SUBJECTS].spec ? d->label[SUBJECTS].code[i] : 0;
}

/* Conditions that every subject has. */
static int find_kept(bram_ctx *cx, struct design *d)
{
    bool *seen = bram_scratch(cx, d->conditions * d->subjects, sizeof *seen);
    d->keep = bram_scratch(cx, d->conditions, sizeof *d->keep);
    d->place = bram_scratch(cx, d->conditions, sizeof *d->place);
    if (!seen || !d->keep || !d->place) return BRAM_ENOMEM;
    for (size_t i = 0; i < d->m->rows; i++)
        seen[condition_of(d, i) * d->subjects + subject_of(d, i)] = true;
    for (size_t c = 0; c < d->conditions; c++) {
        d->keep[c] = true;
        for (size_t s = 0; s < d->subjects; s++)
            d->keep[c] = d->keep[c] && seen[c * d->subjects + s];
        if (d->keep[c]) d->place[c] = d->kept++;
    }
    if (d->kept == 0)
        return bram_fail(cx, BRAM_ESHAPE, "no condition is there in all %zu subjects", d->subjects);
    if (d->kept < d->conditions)
        bram_note(cx,
                  "%zu of %zu conditions are there in all %zu subjects; the others are left out",
                  d->kept, d->conditions, d->subjects);
    return BRAM_OK;
}

/* Means over what is present of the rows of one subject, by condition. */
static int average(bram_ctx *cx, bram_cli_matrix *out, const struct design *d, size_t subject)
{
    size_t cols = d->m->cols;
    double *count = bram_scratch(cx, d->kept * cols, sizeof *count);
    bram_cli_matrix t = {.rows = d->kept, .cols = cols};
    t.values = bram_alloc(cx, d->kept * cols, sizeof *t.values);
    t.present = bram_alloc(cx, d->kept * cols, 1);
    *out = t;
    if (!count || !t.values || !t.present) return BRAM_ENOMEM;
    for (size_t i = 0; i < d->m->rows; i++) {
        size_t c = condition_of(d, i);
        if (subject_of(d, i) != subject || !d->keep[c]) continue;
        for (size_t k = 0; k < cols; k++) {
            size_t to = d->place[c] * cols + k, from = i * cols + k;
            if (d->m->present && !d->m->present[from]) continue;
            t.values[to] += d->m->values[from], count[to]++;
        }
    }
    bool all = true;
    for (size_t k = 0; k < d->kept * cols; k++) {
        t.present[k] = count[k] > 0;
        all = all && t.present[k];
        if (t.present[k]) t.values[k] /= count[k];
    }
    if (all) {
        bram_free(t.present);
        out->present = NULL;
    }
    if (d->m->column) out->column = bram_axis_ref(d->m->column);
    return BRAM_OK;
}

/* The conditions as the axis of rows that all pieces share; without conditions the rows' own. */
static int name_rows(bram_ctx *cx, bram_axis **out, const struct design *d)
{
    *out = NULL;
    if (!d->label[CONDITIONS].spec) {
        if (d->m->row) *out = bram_axis_ref(d->m->row);
        return BRAM_OK;
    }
    const char **name = bram_scratch(cx, d->kept, sizeof *name);
    if (!name) return BRAM_ENOMEM;
    for (size_t c = 0; c < d->conditions; c++)
        if (d->keep[c]) name[d->place[c]] = d->label[CONDITIONS].name[c];
    BRAM_TRY(bram_axis_new(cx, out, "row", d->kept));
    int status = bram_axis_set_ids(cx, *out, name);
    if (status != BRAM_OK) {
        bram_axis_free(*out);
        *out = NULL;
    }
    return status;
}

/* The fold of each condition; where one is in several, only what to say to metrics that fit. */
static int take_folds(bram_ctx *cx, bram_score_input *in, const struct design *d)
{
    const bram_cli_labels *folds = &d->label[FOLDS];
    in->fold = bram_alloc(cx, d->kept, sizeof *in->fold);
    if (!in->fold) return BRAM_ENOMEM;
    for (size_t i = 0; i < d->m->rows; i++) {
        size_t c = condition_of(d, i);
        if (!d->keep[c]) continue;
        char **fold = &in->fold[d->place[c]];
        if (*fold && strcmp(*fold, folds->text[i]) != 0) {
            in->fold_fail = bram_strf(
                cx,
                "%s: condition \"%s\" is in the folds \"%s\" and \"%s\", expected one: rows of a "
                "condition are averaged",
                in->name, d->label[CONDITIONS].spec ? d->label[CONDITIONS].name[c] : "", *fold,
                folds->text[i]);
            release_texts(in->fold, d->kept);
            in->fold = NULL;
            return in->fold_fail ? BRAM_OK : BRAM_ENOMEM;
        }
        if (!*fold && !(*fold = bram_strdup(cx, folds->text[i]))) return BRAM_ENOMEM;
    }
    return BRAM_OK;
}

/* The rows of a subject as they are, of the conditions that are kept. */
static int take_repeats(bram_ctx *cx, bram_score_repeats *r, const struct design *d, size_t subject)
{
    const bram_cli_labels *folds = &d->label[FOLDS];
    size_t cols = d->m->cols, rows = 0;
    for (size_t i = 0; i < d->m->rows; i++)
        rows += subject_of(d, i) == subject && d->keep[condition_of(d, i)];
    r->row = bram_alloc(cx, rows, sizeof *r->row);
    r->fold = folds->spec ? bram_alloc(cx, rows, sizeof *r->fold) : NULL;
    r->folds = folds->names;
    r->m.values = bram_alloc(cx, rows * cols, sizeof *r->m.values);
    r->m.present = d->m->present ? bram_alloc(cx, rows * cols, 1) : NULL;
    if (!r->row || (folds->spec && !r->fold) || !r->m.values || (d->m->present && !r->m.present))
        return BRAM_ENOMEM;
    for (size_t i = 0, at = 0; i < d->m->rows; i++) {
        if (subject_of(d, i) != subject || !d->keep[condition_of(d, i)]) continue;
        r->row[at] = (uint32_t)d->place[condition_of(d, i)];
        if (r->fold) r->fold[at] = folds->code[i];
        memcpy(r->m.values + at * cols, d->m->values + i * cols, cols * sizeof *r->m.values);
        if (r->m.present) memcpy(r->m.present + at * cols, d->m->present + i * cols, cols);
        at++;
    }
    r->m.rows = rows, r->m.cols = cols;
    return BRAM_OK;
}

static int make_pieces(bram_ctx *cx, bram_score_input *in, struct design *d,
                       const bram_score_labels *labels)
{
    const bram_cli_labels *subjects = &d->label[SUBJECTS];
    bram_axis *rows;
    BRAM_TRY(find_kept(cx, d));
    in->piece = bram_alloc(cx, d->subjects, sizeof *in->piece);
    if (!in->piece) return BRAM_ENOMEM;
    in->pieces = d->subjects;
    for (size_t s = 0; s < d->subjects; s++) BRAM_TRY(average(cx, &in->piece[s], d, s));
    if (labels->keep_repeats && d->m->rows > d->conditions) { /* else they are no means */
        in->repeats = bram_alloc(cx, d->subjects, sizeof *in->repeats);
        if (!in->repeats) return BRAM_ENOMEM;
        for (size_t s = 0; s < d->subjects; s++) BRAM_TRY(take_repeats(cx, &in->repeats[s], d, s));
    }
    BRAM_TRY(name_rows(cx, &rows, d));
    for (size_t s = 0; rows && s < d->subjects; s++) in->piece[s].row = bram_axis_ref(rows);
    bram_axis_free(rows);
    /* the repeats of a response are folds of its measurements alone */
    if (labels->folds) BRAM_TRY(take_folds(cx, in, d));
    if (!subjects->spec) return BRAM_OK;
    in->subject = bram_alloc(cx, d->subjects, sizeof *in->subject);
    if (!in->subject) return BRAM_ENOMEM;
    for (size_t s = 0; s < d->subjects; s++)
        if (!(in->subject[s] = bram_strdup(cx, subjects->name[s]))) return BRAM_ENOMEM;
    return BRAM_OK;
}

/* ---- reading -------------------------------------------------------------------------------- */

static int read_one(bram_ctx *cx, bram_score_input *in, const char *spec,
                    const bram_score_labels *labels)
{
    bram_cli_matrix m = {0};
    bram_cli_labels label[LABELS] = {
        [CONDITIONS] = {.spec = labels->conditions, .role = BRAM_LABEL_STIMULUS},
        [SUBJECTS] = {.spec = labels->subjects},
        [FOLDS] = {.spec = labels->folds, .role = BRAM_LABEL_REPEAT}};
    for (size_t k = 0; k < BRAM_SCORE_DROPS; k++)
        label[DROPPED + k] = (bram_cli_labels){.spec = labels->drop[k], .set_aside = true};
    if (!(in->name = bram_strdup(cx, spec))) return BRAM_ENOMEM;
    BRAM_TRY(labels->span
                 ? bram_cli_matrix_read_span(cx, &m, spec, labels->ids)
                 : bram_cli_matrix_read_labelled(cx, &m, spec, labels->ids, label, LABELS));
    struct design d = {.m = &m, .label = label};
    d.conditions = label[CONDITIONS].spec ? label[CONDITIONS].names : m.rows;
    d.subjects = labels->subjects ? label[SUBJECTS].names : 1;
    int status = BRAM_OK;
    if (!label[CONDITIONS].spec && !labels->subjects && !labels->folds) {
        in->piece = bram_alloc(cx, 1, sizeof *in->piece);
        if (in->piece) in->piece[0] = m, in->pieces = 1, m = (bram_cli_matrix){0};
        else status = BRAM_ENOMEM;
    } else {
        status = make_pieces(cx, in, &d, labels);
        if (status != BRAM_OK) status = bram_fail_prefix(cx, status, "%s", spec);
    }
    if (in->repeats) in->folds = label[FOLDS], label[FOLDS] = (bram_cli_labels){0};
    bram_cli_matrix_release(&m);
    for (size_t k = 0; k < LABELS; k++) bram_cli_labels_release(&label[k]);
    return status;
}

static int read_all(bram_ctx *cx, bram_score_inputs *in, const struct specs *s,
                    const bram_score_labels *labels)
{
    in->item = bram_alloc(cx, s->count, sizeof *in->item);
    if (!in->item) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->count; i++) {
        in->count++;
        size_t mark = bram_scratch_mark(cx);
        int status = read_one(cx, &in->item[i], s->text[i], labels);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) return status;
    }
    return BRAM_OK;
}

int bram_score_inputs_read(bram_ctx *cx, bram_score_inputs *out, const char *const *spec,
                           size_t count, const bram_score_labels *labels, bool square)
{
    struct specs s = {0};
    bram_score_inputs in = {0};
    if (square && (labels->conditions || labels->subjects || labels->folds))
        return bram_fail(cx, BRAM_EUSAGE,
                         "conditions, subjects and folds are of responses, not of square matrices");
    if (labels->subjects && !labels->conditions)
        return bram_fail(cx, BRAM_EUSAGE,
                         "--subjects needs --conditions: rows of several subjects "
                         "are put together by condition");
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < count; i++) status = expand(cx, &s, spec[i]);
    if (status == BRAM_OK) status = read_all(cx, &in, &s, labels);
    release_texts(s.text, s.count);
    if (status == BRAM_OK) *out = in;
    else bram_score_inputs_release(&in);
    return status;
}
