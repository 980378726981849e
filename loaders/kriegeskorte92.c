/*
 * kriegeskorte92.c - the 92 object images of Kriegeskorte et al. 2008: dissimilarity matrices of
 * human and monkey inferior temporal cortex, of judgements and of models, as the demonstrations of
 * rsatoolbox keep them: MATLAB files of version 5, several of them given together.
 *
 * A variable that is an array of structs with the fields RDM and name holds RDMs, square or as the
 * vector of their pairs:
 *   Models             stimuli/features/NAME: RDMs of models
 *   RDMs_mIT_hIT_fig1  the two areas of the paper's figure 1, each responses/NAME (one RDM, of the
 *                      group) and stimuli/features/NAME, so that one area can be the model of the
 *                      other
 *   modelRDMs          a network's layers seen through measurement models (fields reprName and
 *                      measModelName): responses/LAYER, one row for each measurement model, and
 *                      the one called complete as stimuli/features/LAYER
 *   any other          names "AREA | SUBJECT" or "AREA | SUBJECT | Session: K": responses/AREA, one
 *                      row for each; names without a bar: features
 * A variable that is a 92 x 92 matrix of dissimilarities itself is a feature of its name. RDMs that
 * several files have are kept once.
 * stimuli_92objs gives the pictures: stimuli/images/objects.
 * categoryLabels and categoryVectors give the columns of stimuli/stimulus, stimuli_92objs the
 * column category. The files name no image: ids are image01 .. image92 by their order.
 */
#include "kriegeskorte92.h"

#include "intake.h"

#include "matlab.h"
#include "pictures.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void release(struct bram_k92 *a)
{
    for (size_t i = 0; i < a->count; i++) bram_free(a->rdm[i].values);
    for (size_t i = 0; i < K92_IMAGES; i++) bram_free(a->category[i]);
    bram_free(a->rdm);
    bram_free(a->levels);
    bram_free(a);
}

/* ---- reading RDMs --------------------------------------------------------------------------- */

/* Layers of a network, each through several measurement models. */
static bool is_measured(const bram_matlab_value *v)
{
    return bram_matlab_has_field(v, "reprName") && bram_matlab_has_field(v, "measModelName");
}

static bool holds_rdms(const bram_matlab_value *v)
{
    return bram_matlab_kind_of(v) == BRAM_MATLAB_STRUCT && bram_matlab_has_field(v, "RDM") &&
           (bram_matlab_has_field(v, "name") || is_measured(v)) && bram_matlab_count(v) > 0;
}

/* A square matrix from a matrix or from the vector of its pairs. */
static int read_square(bram_ctx *cx, double *out, bram_matlab_value *v)
{
    double *values = NULL;
    size_t count = bram_matlab_count(v);
    if (bram_matlab_kind_of(v) != BRAM_MATLAB_NUMERIC || (count != K92_SIZE && count != K92_PAIRS))
        return bram_fail(
            cx, BRAM_EFORMAT,
            "%s: found %s of %zu elements, expected an RDM of %d images: %d x %d or %d "
            "pairs",
            bram_matlab_name(v), bram_matlab_class(v), count, K92_IMAGES, K92_IMAGES, K92_IMAGES,
            K92_PAIRS);
    BRAM_TRY(bram_matlab_numbers(cx, &values, v));
    for (size_t i = 0, k = 0; i < K92_IMAGES; i++) {
        out[i * K92_IMAGES + i] = count == K92_SIZE ? values[i * K92_IMAGES + i] : 0;
        for (size_t j = i + 1; j < K92_IMAGES; j++, k++) {
            out[i * K92_IMAGES + j] = values[count == K92_SIZE ? i * K92_IMAGES + j : k];
            out[j * K92_IMAGES + i] = values[count == K92_SIZE ? j * K92_IMAGES + i : k];
        }
    }
    bram_free(values);
    return BRAM_OK;
}

/* Copies a piece of text without blanks at its ends. */
static void trim(char *out, const char *text, size_t length)
{
    while (length && isspace((unsigned char)*text)) text++, length--;
    while (length && isspace((unsigned char)text[length - 1])) length--;
    snprintf(out, K92_NAME, "%.*s", (int)(length < K92_NAME ? length : K92_NAME - 1), text);
}

/* "hIT | BE | Session: 1" to its parts. */
static void take_name_apart(struct bram_k92_rdm *r, const char *text, const char *variable)
{
    size_t area = strcspn(text, "|");
    trim(r->name, text, area);
    for (char *c = r->name; *c; c++)
        if (*c == '/') *c = '-'; /* a name is one step of a path */
    r->is_response = text[area] == '|' || strcmp(variable, "RDMs_mIT_hIT_fig1") == 0;
    r->is_feature = text[area] != '|';
    if (!text[area]) {
        snprintf(r->subject, sizeof r->subject, "group");
        return;
    }
    text += area + 1;
    size_t subject = strcspn(text, "|");
    trim(r->subject, text, subject);
    if (!text[subject]) return;
    text += subject + 1;
    size_t word = strcspn(text, ":");
    if (text[word]) text += word + 1;
    trim(r->session, text, strlen(text));
}

/* The text of a field of one element, without blanks at its ends. */
static int read_name(bram_ctx *cx, char *out, bram_matlab_value *v, const char *field,
                     size_t element)
{
    bram_matlab_value *value;
    char *text = NULL;
    BRAM_TRY(bram_matlab_field(cx, &value, v, field, element));
    BRAM_TRY(bram_matlab_text(cx, &text, value));
    trim(out, text, strlen(text));
    bram_free(text);
    return BRAM_OK;
}

/* Layer and measurement model, as area and subject. */
static int name_measured(bram_ctx *cx, struct bram_k92_rdm *r, bram_matlab_value *v, size_t element)
{
    BRAM_TRY(read_name(cx, r->name, v, "reprName", element));
    BRAM_TRY(read_name(cx, r->subject, v, "measModelName", element));
    r->is_response = true;
    r->is_feature = strcmp(r->subject, "complete") == 0;
    return BRAM_OK;
}

/* The RDM that was read last, if it was in another file already: the same values under the same
 * name are kept once; others get a number. */
static void merge_last(struct bram_k92 *a)
{
    struct bram_k92_rdm *last = &a->rdm[a->count - 1];
    size_t number = 1;
    for (size_t i = 0; i + 1 < a->count; i++) {
        struct bram_k92_rdm *r = &a->rdm[i];
        if (strcmp(r->name, last->name) != 0 || strcmp(r->subject, last->subject) != 0 ||
            strcmp(r->session, last->session) != 0)
            continue;
        if (memcmp(r->values, last->values, K92_SIZE * sizeof *r->values) == 0) {
            r->is_response |= last->is_response, r->is_feature |= last->is_feature;
            bram_free(last->values);
            a->count--;
            return;
        }
        number++;
    }
    size_t used = strlen(last->name);
    if (number > 1) snprintf(last->name + used, K92_NAME - used, "-%zu", number);
}

/* Room for one RDM more. */
static int new_rdm(bram_ctx *cx, struct bram_k92 *a)
{
    if (a->count == a->room) {
        size_t room = a->room ? 2 * a->room : 16;
        struct bram_k92_rdm *grown = bram_realloc(cx, a->rdm, room, sizeof *grown);
        if (!grown) return BRAM_ENOMEM;
        a->rdm = grown, a->room = room;
    }
    struct bram_k92_rdm *r = &a->rdm[a->count];
    *r = (struct bram_k92_rdm){.values = bram_alloc(cx, K92_SIZE, sizeof(double))};
    if (!r->values) return BRAM_ENOMEM;
    a->count++;
    return BRAM_OK;
}

static int add_rdm(bram_ctx *cx, struct bram_k92 *a, bram_matlab_value *v, size_t element,
                   const char *variable)
{
    bram_matlab_value *values;
    char text[K92_NAME];
    BRAM_TRY(new_rdm(cx, a));
    struct bram_k92_rdm *r = &a->rdm[a->count - 1];
    BRAM_TRY(bram_matlab_field(cx, &values, v, "RDM", element));
    BRAM_TRY(read_square(cx, r->values, values));
    if (is_measured(v)) {
        BRAM_TRY(name_measured(cx, r, v, element));
    } else {
        BRAM_TRY(read_name(cx, text, v, "name", element));
        take_name_apart(r, text, variable);
    }
    if (!r->name[0])
        return bram_fail(cx, BRAM_EFORMAT, "%s: an RDM without a name", bram_matlab_name(v));
    merge_last(a);
    return BRAM_OK;
}

/* Dissimilarities: 0 with itself, the same both ways, finite. */
static bool is_dissimilarity(const double *x)
{
    for (size_t i = 0; i < K92_IMAGES; i++)
        for (size_t j = 0; j < K92_IMAGES; j++)
            if (!isfinite(x[i * K92_IMAGES + j]) ||
                x[i * K92_IMAGES + j] != x[j * K92_IMAGES + i] ||
                (i == j && x[i * K92_IMAGES + j] != 0))
                return false;
    return true;
}

/* A matrix that is a variable of its own: a model, called as the variable. */
static int add_matrix(bram_ctx *cx, struct bram_k92 *a, bram_matlab_value *v, const char *variable)
{
    BRAM_TRY(new_rdm(cx, a));
    struct bram_k92_rdm *r = &a->rdm[a->count - 1];
    BRAM_TRY(read_square(cx, r->values, v));
    if (!is_dissimilarity(r->values)) {
        bram_free(r->values);
        a->count--;
        return BRAM_OK;
    }
    snprintf(r->name, sizeof r->name, "%.*s", K92_NAME - 1, variable);
    snprintf(r->subject, sizeof r->subject, "group");
    r->is_feature = true;
    merge_last(a);
    return BRAM_OK;
}

static int read_variable(bram_ctx *cx, struct bram_k92 *a, bram_matlab *file, const char *name)
{
    bram_matlab_value *v;
    if (strcmp(name, "categoryVectors") == 0) return bram_k92_categories(cx, a, file);
    BRAM_TRY(bram_matlab_variable(cx, &v, file, name));
    if (bram_matlab_kind_of(v) == BRAM_MATLAB_STRUCT && bram_matlab_has_field(v, "category"))
        return bram_k92_objects(cx, a, v);
    const size_t *dims = bram_matlab_dims(v);
    if (bram_matlab_kind_of(v) == BRAM_MATLAB_NUMERIC && bram_matlab_rank(v) == 2 &&
        dims[0] == K92_IMAGES && dims[1] == K92_IMAGES)
        return add_matrix(cx, a, v, name);
    if (!holds_rdms(v)) return BRAM_OK;
    for (size_t i = 0; i < bram_matlab_count(v); i++) BRAM_TRY(add_rdm(cx, a, v, i, name));
    return BRAM_OK;
}

static int read_file(bram_ctx *cx, struct bram_k92 *a, const char *path)
{
    bram_matlab *file = NULL;
    BRAM_TRY(bram_matlab_open(cx, &file, path));
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < bram_matlab_variables(file); i++)
        status = read_variable(cx, a, file, bram_matlab_variable_at(file, i));
    bram_matlab_close(file);
    return status == BRAM_OK ? BRAM_OK : bram_fail_prefix(cx, status, "%s", path);
}

/* ---- putting -------------------------------------------------------------------------------- */

static int image_axis(bram_ctx *cx, bram_axis **out, const char *name)
{
    char text[K92_IMAGES][16];
    const char *id[K92_IMAGES];
    bram_axis *axis = NULL;
    for (size_t i = 0; i < K92_IMAGES; i++) {
        snprintf(text[i], sizeof text[i], "image%02zu", i + 1);
        id[i] = text[i];
    }
    BRAM_TRY(bram_axis_new(cx, &axis, name, K92_IMAGES));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int put_stimuli(bram_ctx *cx, bram_dataset *ds, const struct bram_k92 *a)
{
    bram_axis *table = NULL;
    BRAM_TRY(image_axis(cx, &table, "stimulus"));
    int status = BRAM_OK;
    if (a->category[0])
        status = bram_axis_add_text(cx, table, "category", (const char *const *)a->category);
    for (size_t k = 0; status == BRAM_OK && k < a->labels; k++)
        status = bram_axis_add_integer(cx, table, a->label[k], a->member[k]);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "stimuli", table);
    bram_axis_free(table);
    return status;
}

static int copy_values(bram_ctx *cx, bram_response *r, size_t at, const double *values)
{
    for (size_t k = 0; k < K92_SIZE; k++) {
        if (isfinite(values[k])) {
            bram_response_f64(r)[at * K92_SIZE + k] = values[k];
            continue;
        }
        uint8_t *mask = bram_response_mask(cx, r);
        if (!mask) return BRAM_ENOMEM;
        mask[at * K92_SIZE + k] = 0;
    }
    return BRAM_OK;
}

/* Adds a response along the given axes with these RDMs. Axes are freed. */
static int put_rdms(bram_ctx *cx, bram_dataset *ds, const char *group,
                    struct bram_k92_rdm *const *rdm, size_t rows, bram_axis *subject)
{
    bram_axis *first = NULL, *second = NULL;
    bram_response *r = NULL;
    int status = image_axis(cx, &first, "stimulus");
    if (status == BRAM_OK) status = image_axis(cx, &second, "stimulus_2");
    const bram_axis *axes[] = {subject, first, second};
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, rdm[0]->name, BRAM_F64, subject ? 3 : 2,
                                   subject ? axes : axes + 1);
    bram_axis_free(subject);
    bram_axis_free(first);
    bram_axis_free(second);
    for (size_t i = 0; status == BRAM_OK && i < rows; i++)
        status = copy_values(cx, r, i, rdm[i]->values);
    const char *species = strncmp(rdm[0]->name, "hIT", 3) == 0   ? "Homo sapiens"
                          : strncmp(rdm[0]->name, "mIT", 3) == 0 ? "Macaca mulatta"
                                                                 : NULL;
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, bram_response_attrs(r), "kind", "rdm");
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "1");
    if (status == BRAM_OK && subject && species)
        status = bram_attrs_set_text(cx, bram_response_attrs(r), "species", species);
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, group, r);
    bram_response_free(r);
    return status;
}

/* The axis of an area's RDMs: ids of subject and session. */
static int subject_axis(bram_ctx *cx, bram_axis **out, struct bram_k92_rdm *const *rdm, size_t rows)
{
    char(*text)[2 * K92_NAME] = bram_scratch(cx, rows, sizeof *text);
    const char **id = bram_scratch(cx, rows, sizeof *id);
    const char **subject = bram_scratch(cx, rows, sizeof *subject);
    const char **session = bram_scratch(cx, rows, sizeof *session);
    if (!text || !id || !subject || !session) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        const struct bram_k92_rdm *r = rdm[i];
        snprintf(text[i], sizeof *text, "%s%s%s", r->subject, *r->session ? "/" : "", r->session);
        id[i] = text[i], subject[i] = r->subject, session[i] = r->session;
    }
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "subject", rows));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "subject", subject);
    if (status == BRAM_OK && *session[0]) status = bram_axis_add_text(cx, axis, "session", session);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* All RDMs of the area of rdm[first], as one response. */
static int put_area(bram_ctx *cx, bram_dataset *ds, struct bram_k92 *a, size_t first)
{
    struct bram_k92_rdm **of = bram_scratch(cx, a->count, sizeof *of);
    bram_axis *subject = NULL;
    size_t rows = 0;
    if (!of) return BRAM_ENOMEM;
    for (size_t i = first; i < a->count; i++) {
        struct bram_k92_rdm *r = &a->rdm[i];
        if (!r->is_response || strcmp(r->name, a->rdm[first].name) != 0) continue;
        r->stored = true;
        of[rows++] = r;
    }
    BRAM_TRY(subject_axis(cx, &subject, of, rows));
    return put_rdms(cx, ds, "responses", of, rows, subject);
}

static int put_pictures(bram_ctx *cx, bram_dataset *ds, const struct bram_k92 *a)
{
    bram_axis *axis = NULL;
    bram_response *r = NULL;
    BRAM_TRY(image_axis(cx, &axis, "stimulus"));
    int status = bram_pictures_new(cx, &r, "objects", axis, a->side[0], a->side[1], 3);
    bram_axis_free(axis);
    BRAM_TRY(status);
    memcpy(bram_response_u8(r), a->levels, bram_response_count(r));
    return bram_dataset_add(cx, ds, "stimuli/images", r);
}

static int put(bram_ctx *cx, bram_dataset *ds, struct bram_k92 *a)
{
    if (!a->count)
        return bram_fail(cx, BRAM_EFORMAT, "found no struct with the fields RDM and name");
    BRAM_TRY(put_stimuli(cx, ds, a));
    if (a->levels) BRAM_TRY(put_pictures(cx, ds, a));
    for (size_t i = 0; i < a->count; i++) {
        struct bram_k92_rdm *r = &a->rdm[i];
        if (r->is_response && !r->stored) BRAM_TRY(put_area(cx, ds, a, i));
        if (r->is_feature) BRAM_TRY(put_rdms(cx, ds, "stimuli/features", &r, 1, NULL));
    }
    return BRAM_OK;
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    (void)o;
    size_t mark = bram_scratch_mark(cx);
    struct bram_k92 *a = bram_alloc(cx, 1, sizeof *a);
    if (!a) return BRAM_ENOMEM;
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < input->count; i++)
        status = read_file(cx, a, input->paths[i]);
    if (status == BRAM_OK) status = put(cx, ds, a);
    release(a);
    bram_scratch_release(cx, mark);
    return status;
}

/* Whether a variable holds RDMs of 92 images. */
static bool has_images(bram_ctx *cx, bram_matlab *file, const char *name)
{
    bram_matlab_value *v, *rdm;
    if (bram_matlab_variable(cx, &v, file, name) != BRAM_OK || !holds_rdms(v) ||
        bram_matlab_field(cx, &rdm, v, "RDM", 0) != BRAM_OK)
        return false;
    return bram_matlab_count(rdm) == K92_SIZE || bram_matlab_count(rdm) == K92_PAIRS;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_recognise(out, BRAM_NOT_MINE, "no MATLAB file with RDMs of 92 images");
    for (size_t i = 0; i < input->count; i++) {
        bram_matlab *file = NULL;
        int status = bram_matlab_open(cx, &file, input->paths[i]);
        if (status == BRAM_ENOMEM) return status;
        bool found = false;
        for (size_t k = 0; status == BRAM_OK && !found && k < bram_matlab_variables(file); k++)
            if (bram_matlab_may_be_struct(file, k) &&
                (found = has_images(cx, file, bram_matlab_variable_at(file, k))))
                bram_recognise(out, BRAM_MINE, "MATLAB structs %.60s with RDM and name, 92 images",
                               bram_matlab_variable_at(file, k));
        bram_matlab_close(file);
        if (!found) return bram_recognise(out, BRAM_NOT_MINE, "a file without RDMs of 92 images");
    }
    return BRAM_OK;
}

const bram_loader bram_loader_kriegeskorte92 = {
    .name = "kriegeskorte92",
    .summary = "92 object images: RDMs of human and monkey IT, of judgements and of models",
    .citation = "Kriegeskorte et al. 2008, Neuron 60:1126",
    .doi = "10.1016/j.neuron.2008.10.043",
    .licence = "MIT (the repository of rsatoolbox); none stated for the data",
    .reads = "MATLAB 5: 92_brainRDMs, 92_modelRDMs, modelRDMs_A2020, Kriegeskorte_Neuron2008 ...",
    .version = 3,
    .verified = BRAM_VERIFIED_REAL,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_MAT5 | BRAM_FORM_HDF5,
};
