/*
 * allen_cux2.c - natural scenes of the Allen Brain Observatory (container 511510667, Cux2, VISp) as
 * plain arrays that others cut: a warning, and what of it is good.
 *
 *   all scenes     scene x pixel, square pictures of levels 0 to 255
 *   train, test    scene x pixel: the same scenes in two parts
 *   train, test    row x cell: said to be means over 50 repeats
 *   trials         trial x cell: single trials, without the scene of each
 *
 * The files are told apart by their values: the parts are rows of all scenes, and responses have as
 * many rows as a part. The scenes are good. The responses are not what they are called, as the
 * checks of an import find (response_checks.h): so they are looked at, what is found is said, and
 * they are left out unless responses=keep asks for them.
 */
#include "intake.h"
#include "intake_responses.h"

#include "csvfile.h"
#include "gz.h"
#include "intake_table.h"
#include "npy.h"
#include "response_checks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {{"responses", BRAM_PARAM_CHOICE, "leave", "leave|keep", 0, 0,
                                     "keep takes the responses as well, whatever was found"},
                                    {.name = NULL}};

enum { PARTS = 2, MOST_FILES = 8, ARRAYS = 6 };

struct array {
    double *values;
    bram_npy_info info;
};

struct scenes {
    struct array file[MOST_FILES];
    size_t files;
    const struct array *all, *picture[PARTS], *response[PARTS], *trials;
    size_t side; /* of a picture */
    bram_csv *containers;
};

static void release(struct scenes *s)
{
    for (size_t i = 0; i < s->files; i++) bram_free(s->file[i].values);
    bram_csv_free(s->containers);
}

static const char *const part_name[PARTS] = {"train", "test"};

/* ---- telling the files apart ----------------------------------------------------------------- */

static size_t rows(const struct array *a)
{
    return a->info.shape[0];
}

static size_t cols(const struct array *a)
{
    return a->info.shape[1];
}

static const double *row(const struct array *a, size_t i)
{
    return a->values + i * cols(a);
}

/* The row of b that equals row i of a, or -1. */
static ptrdiff_t find_row(const struct array *b, const struct array *a, size_t i)
{
    for (size_t k = 0; k < rows(b); k++)
        if (memcmp(row(b, k), row(a, i), cols(a) * sizeof(double)) == 0) return (ptrdiff_t)k;
    return -1;
}

static bool is_part(const struct array *a, const struct array *all)
{
    if (a == all || cols(a) != cols(all) || rows(a) >= rows(all)) return false;
    for (size_t i = 0; i < rows(a); i++)
        if (find_row(all, a, i) < 0) return false;
    return true;
}

/* All scenes: the array that two others are the parts of. The larger part is the first. */
static void find_scenes(struct scenes *s)
{
    for (size_t k = 0; k < s->files && !s->all; k++) {
        const struct array *all = &s->file[k], *part[PARTS] = {NULL, NULL};
        size_t found = 0, sum = 0;
        for (size_t i = 0; i < s->files; i++)
            if (is_part(&s->file[i], all)) {
                if (found < PARTS) part[found] = &s->file[i];
                found++, sum += rows(&s->file[i]);
            }
        if (found != PARTS || sum != rows(all)) continue;
        bool turn = rows(part[0]) < rows(part[1]);
        s->all = all, s->picture[0] = part[turn], s->picture[1] = part[!turn];
    }
}

static void find_responses(struct scenes *s)
{
    for (size_t i = 0; i < s->files; i++) {
        const struct array *a = &s->file[i];
        if (a == s->all || a == s->picture[0] || a == s->picture[1]) continue;
        if (!s->response[0] && rows(a) == rows(s->picture[0])) s->response[0] = a;
        else if (!s->response[1] && rows(a) == rows(s->picture[1])) s->response[1] = a;
        else if (!s->trials) s->trials = a;
    }
}

static int tell_apart(bram_ctx *cx, struct scenes *s)
{
    find_scenes(s);
    if (!s->all) return bram_fail(cx, BRAM_EFORMAT, "no array of which two others are the parts");
    find_responses(s);
    s->side = (size_t)lrint(sqrt((double)cols(s->all)));
    bool good = s->files == ARRAYS && s->response[0] && s->response[1] && s->trials &&
                cols(s->response[0]) == cols(s->response[1]) &&
                cols(s->response[0]) == cols(s->trials) && s->side * s->side == cols(s->all);
    for (size_t i = 0; good && i < s->all->info.count; i++)
        good = s->all->values[i] >= 0 && s->all->values[i] <= 255;
    return good ? BRAM_OK
                : bram_fail(cx, BRAM_EFORMAT,
                            "expected all scenes, two parts of them (levels of "
                            "square pictures), the responses to each part and single trials of the "
                            "same cells: six arrays");
}

static bool is_array(const char *path)
{
    char head[6];
    return bram_gz_peek(path, head, sizeof head) == sizeof head && !memcmp(head, "\x93NUMPY", 6);
}

static const bram_csv_options with_header = {.header = true};

static bool is_containers(const char *path)
{
    static const char first[] = "experiment_container_id,specimen_id,area,";
    char head[sizeof first - 1];
    return bram_gz_peek(path, head, sizeof head) == sizeof head &&
           memcmp(head, first, sizeof head) == 0;
}

static bool is_readme(const char *path)
{
    static const char first[] = "Input dimension is [ # of images, vectorised image]";
    char head[sizeof first - 1];
    return bram_gz_peek(path, head, sizeof head) == sizeof head &&
           !memcmp(head, first, sizeof head);
}

static int read_files(bram_ctx *cx, struct scenes *s, const bram_input *input)
{
    for (size_t i = 0; i < input->count; i++) {
        const char *path = input->paths[i];
        if (is_readme(path)) continue;
        if (!s->containers && is_containers(path)) {
            BRAM_TRY(bram_csv_read(cx, &s->containers, path, &with_header));
            continue;
        }
        if (s->files == MOST_FILES || !is_array(path))
            return bram_fail(cx, BRAM_EFORMAT, "%s: expected six .npy of scenes and responses",
                             path);
        struct array *a = &s->file[s->files];
        BRAM_TRY(bram_npy_load(cx, &a->values, &a->info, path));
        s->files++;
        bool good = a->info.dims == 2 && a->info.count;
        for (size_t k = 0; good && k < a->info.count; k++) good = isfinite(a->values[k]);
        if (!good)
            return bram_fail(cx, BRAM_EFORMAT, "%s: expected a matrix of finite numbers", path);
    }
    return tell_apart(cx, s);
}

/* ---- putting --------------------------------------------------------------------------------- */

static int put_scenes(bram_ctx *cx, bram_dataset *ds, const struct scenes *s,
                      const bram_axis *stimulus)
{
    bram_axis *axis[2] = {NULL, NULL};
    bram_response *r = NULL;
    int status = bram_axis_new(cx, &axis[0], "row", s->side);
    if (status == BRAM_OK) status = bram_axis_new(cx, &axis[1], "column", s->side);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "scenes", BRAM_F32, 3,
                                   (const bram_axis *[]){stimulus, axis[0], axis[1]});
    bram_axis_free(axis[0]);
    bram_axis_free(axis[1]);
    BRAM_TRY(status);
    for (size_t i = 0; i < s->all->info.count; i++)
        bram_response_f32(r)[i] = (float)(s->all->values[i] / 255);
    return bram_dataset_add(cx, ds, "stimuli/images", r);
}

/* The ids of the rows of a part: scenes in the order of its pictures. */
static int part_axis(bram_ctx *cx, bram_axis **out, const struct scenes *s, size_t part,
                     const bram_axis *stimulus)
{
    size_t n = rows(s->picture[part]), mark = bram_scratch_mark(cx);
    size_t *index = bram_scratch(cx, n, sizeof *index);
    if (!index) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) index[i] = (size_t)find_row(s->all, s->picture[part], i);
    int status = bram_axis_take(cx, out, stimulus, index, n);
    bram_scratch_release(cx, mark);
    return status;
}

static int put_response(bram_ctx *cx, bram_dataset *ds, const char *id, const struct array *a,
                        bram_axis *stimulus)
{
    bram_presented p = {.id = id,
                        .values = a->values,
                        .stimulus = stimulus,
                        .unit = "%",
                        .signal = "dF/F",
                        .species = "Mus musculus",
                        .area = "VISp"};
    int status = bram_intake_numbered(cx, &p.neuron, "neuron", cols(a), "", 0);
    if (status == BRAM_OK) return bram_intake_responses(cx, ds, &p);
    bram_axis_free(stimulus);
    return status;
}

static int put_responses(bram_ctx *cx, bram_dataset *ds, const struct scenes *s,
                         const bram_axis *stimulus)
{
    bram_axis *axis = NULL;
    for (size_t k = 0; k < PARTS; k++) {
        BRAM_TRY(part_axis(cx, &axis, s, k, stimulus));
        BRAM_TRY(put_response(cx, ds, part_name[k], s->response[k], axis));
    }
    BRAM_TRY(bram_intake_numbered(cx, &axis, "trial", rows(s->trials), "trial-", 3));
    return put_response(cx, ds, "trials", s->trials, axis);
}

static int put_containers(bram_ctx *cx, bram_dataset *ds, const bram_csv *t)
{
    bram_axis *table = NULL;
    size_t n = bram_csv_rows(t);
    const char **id = bram_scratch(cx, n, sizeof *id);
    if (!id) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) id[i] = bram_csv_text(t, i, 0);
    BRAM_TRY(bram_axis_new(cx, &table, "container", n));
    int status = bram_axis_set_ids(cx, table, id);
    if (status == BRAM_OK) status = bram_intake_columns(cx, table, t, 0, NULL);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "experiments", table);
    bram_axis_free(table);
    return status;
}

static int put(bram_ctx *cx, bram_dataset *ds, const struct scenes *s, bool responses)
{
    bram_axis *stimulus = NULL;
    BRAM_TRY(bram_intake_numbered(cx, &stimulus, "stimulus", rows(s->all), "scene-", 3));
    int status = bram_dataset_add_table(cx, ds, "stimuli", bram_axis_ref(stimulus));
    if (status == BRAM_OK) status = put_scenes(cx, ds, s, stimulus);
    if (status == BRAM_OK && responses) status = put_responses(cx, ds, s, stimulus);
    if (status == BRAM_OK && s->containers) status = put_containers(cx, ds, s->containers);
    bram_axis_free(stimulus);
    return status;
}

/* Says what is wrong with the responses, and keeps it where they would be. */
static int leave_responses(bram_ctx *cx, bram_dataset *ds, const struct scenes *s)
{
    static const char said[] = "left out: they are not what they are called, and rows of pictures "
                               "and responses do not belong together";
    bram_dataset *looked_at = NULL;
    BRAM_TRY(bram_dataset_new(cx, &looked_at));
    int status = put(cx, looked_at, s, true);
    if (status == BRAM_OK) status = bram_check_responses(cx, looked_at);
    bram_dataset_free(looked_at);
    if (status == BRAM_OK) bram_note(cx, "responses: %s (responses=keep takes them)", said);
    bram_attrs *attrs = status == BRAM_OK ? bram_dataset_attrs(cx, ds, "stimuli") : NULL;
    if (status == BRAM_OK && !attrs) status = BRAM_ENOMEM;
    return status == BRAM_OK ? bram_attrs_set_text(cx, attrs, "responses", said) : status;
}

/* ---- the loader ------------------------------------------------------------------------------ */

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct scenes s = {.files = 0};
    bool keep = bram_option_is(o, "responses", "keep");
    size_t mark = bram_scratch_mark(cx);
    int status = read_files(cx, &s, input);
    if (status == BRAM_OK) status = put(cx, ds, &s, keep);
    if (status == BRAM_OK && !keep) status = leave_responses(cx, ds, &s);
    release(&s);
    bram_scratch_release(cx, mark);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    struct scenes s = {.files = 0};
    bram_recognise(out, BRAM_NOT_MINE, "no six arrays of scenes, two parts of them and responses");
    size_t arrays = 0;
    for (size_t i = 0; i < input->count && input->count <= MOST_FILES; i++)
        arrays += is_array(input->paths[i]);
    int status = arrays == ARRAYS ? read_files(cx, &s, input) : BRAM_EFORMAT;
    if (status == BRAM_OK)
        bram_recognise(out, BRAM_MINE,
                       ".npy of %zu scenes in two parts, with responses of %zu cells", rows(s.all),
                       cols(s.trials));
    release(&s);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

static int belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    (void)cx;
    if (is_containers(path))
        return bram_recognise(out, BRAM_MINE, "a table of experiment containers");
    if (is_readme(path))
        return bram_recognise(out, BRAM_BESIDE_MINE, "the readme of arrays of scenes");
    return bram_recognise(out, BRAM_NOT_MINE, "no table of containers");
}

const bram_loader bram_loader_allen_cux2 = {
    .name = "allen-cux2",
    .summary = "118 natural scenes with responses of mouse VISp that do not belong to them",
    .citation = "Allen Brain Observatory, de Vries et al. 2020, Nature Neuroscience 23:138; arrays "
                "of psailamul/Allen_Brain_Observatory",
    .doi = "10.1038/s41593-019-0550-9",
    .licence = "Allen Institute terms of use",
    .reads = ".npy: Allen_train_input, Allen_test_output and the like, with all_exps.csv",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_NPY | BRAM_FORM_TEXT,
    .belongs = belongs,
};
