/*
 * allen_derived.c - statistics of 32 mice (Allen Neuropixels, VISp) over 118 natural scenes, as
 * another study kept them: an .npz without a single response. They describe the scenes and the
 * mice, and that is what becomes of them.
 *
 *   consistency, ci_lower, ci_upper, mean_sparsity, mean_magnitude   one for each scene: columns of
 *                     stimuli/stimulus; sort_idx: the column place, where a scene comes when they
 *                     are sorted
 *   noise_ceiling     mouse x scene: statistics/noise_ceiling
 *   rdm_reliability   one for each mouse: a column of its axis
 */
#include "intake.h"
#include "intake_responses.h"

#include "npy.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 5 };

static const char *const columns[COLUMNS] = {"consistency", "ci_lower", "ci_upper", "mean_sparsity",
                                             "mean_magnitude"};

struct statistics {
    double *column[COLUMNS], *place, *ceiling, *reliability;
    size_t scenes, mice;
};

static void release(struct statistics *s)
{
    for (size_t k = 0; k < COLUMNS; k++) bram_free(s->column[k]);
    bram_free(s->place);
    bram_free(s->ceiling);
    bram_free(s->reliability);
}

/* An array of these lengths (columns 0: of one axis). */
static int read_array(bram_ctx *cx, double **out, const bram_npz *z, const char *name, size_t rows,
                      size_t cols)
{
    bram_npy *a = NULL;
    BRAM_TRY(bram_npz_array(cx, z, name, &a));
    const bram_npy_info *info = bram_npy_describe(a);
    int status = BRAM_OK;
    bool good = bram_npy_is_numeric(a) && info->dims == (cols ? 2 : 1) && info->shape[0] == rows &&
                (!cols || info->shape[1] == cols);
    if (!good)
        status = bram_fail(cx, BRAM_EFORMAT, "%s is %s, expected numbers for %zu%s", name,
                           bram_npy_summary(a), rows, cols ? " mice and all scenes" : "");
    double *values = status == BRAM_OK ? bram_alloc(cx, info->count, sizeof *values) : NULL;
    if (status == BRAM_OK) status = values ? bram_npy_read(cx, a, values) : BRAM_ENOMEM;
    bram_npy_close(a);
    if (status == BRAM_OK) *out = values;
    else bram_free(values);
    return status;
}

/* The numbers of mice and scenes. */
static int read_shape(bram_ctx *cx, struct statistics *s, const bram_npz *z)
{
    bram_npy *a = NULL;
    BRAM_TRY(bram_npz_array(cx, z, "noise_ceiling", &a));
    const bram_npy_info *info = bram_npy_describe(a);
    bool good = info->dims == 2 && info->count && info->count < (size_t)1 << 24;
    if (good) s->mice = info->shape[0], s->scenes = info->shape[1];
    int status = good ? BRAM_OK
                      : bram_fail(cx, BRAM_EFORMAT, "noise_ceiling is %s, expected mouse x scene",
                                  bram_npy_summary(a));
    bram_npy_close(a);
    return status;
}

static int read_file(bram_ctx *cx, struct statistics *s, const char *path)
{
    bram_npz *z = NULL;
    BRAM_TRY(bram_npz_open(cx, &z, path));
    int status = read_shape(cx, s, z);
    for (size_t k = 0; status == BRAM_OK && k < COLUMNS; k++)
        status = read_array(cx, &s->column[k], z, columns[k], s->scenes, 0);
    if (status == BRAM_OK) status = read_array(cx, &s->place, z, "sort_idx", s->scenes, 0);
    if (status == BRAM_OK)
        status = read_array(cx, &s->ceiling, z, "noise_ceiling", s->mice, s->scenes);
    if (status == BRAM_OK)
        status = read_array(cx, &s->reliability, z, "rdm_reliability", s->mice, 0);
    bram_npz_close(z);
    return status;
}

/* sort_idx lists scenes in order; the column says of each scene where it is. */
static int add_places(bram_ctx *cx, bram_axis *axis, const struct statistics *s)
{
    int64_t *place = bram_scratch(cx, s->scenes, sizeof *place);
    if (!place) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->scenes; i++) {
        double at = s->place[i];
        if (!(at >= 0 && at < (double)s->scenes && at == floor(at)) || place[(size_t)at])
            return bram_fail(cx, BRAM_EFORMAT,
                             "sort_idx is %g at %zu, expected each of %zu scenes "
                             "once",
                             at, i, s->scenes);
        place[(size_t)at] = (int64_t)i + 1;
    }
    return bram_axis_add_integer(cx, axis, "place", place);
}

static int put_ceiling(bram_ctx *cx, bram_dataset *ds, const struct statistics *s,
                       const bram_axis *stimulus)
{
    bram_axis *mouse = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_intake_numbered(cx, &mouse, "mouse", s->mice, "mouse-", 2));
    int status = bram_axis_add_number(cx, mouse, "rdm_reliability", s->reliability, "");
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "noise_ceiling", BRAM_F64, 2,
                                   (const bram_axis *[]){mouse, stimulus});
    bram_axis_free(mouse);
    BRAM_TRY(status);
    uint8_t *mask = bram_response_mask(cx, r);
    if (!mask) {
        bram_response_free(r);
        return BRAM_ENOMEM;
    }
    for (size_t k = 0; k < s->mice * s->scenes; k++) {
        mask[k] = isfinite(s->ceiling[k]);
        bram_response_f64(r)[k] = mask[k] ? s->ceiling[k] : 0;
    }
    return bram_dataset_add(cx, ds, "statistics", r);
}

static int put(bram_ctx *cx, bram_dataset *ds, const struct statistics *s)
{
    bram_axis *stimulus = NULL;
    BRAM_TRY(bram_intake_numbered(cx, &stimulus, "stimulus", s->scenes, "scene-", 3));
    int status = add_places(cx, stimulus, s);
    for (size_t k = 0; status == BRAM_OK && k < COLUMNS; k++)
        status = bram_axis_add_number(cx, stimulus, columns[k], s->column[k], "");
    if (status == BRAM_OK)
        status = bram_dataset_add_table(cx, ds, "stimuli", bram_axis_ref(stimulus));
    if (status == BRAM_OK) status = put_ceiling(cx, ds, s, stimulus);
    bram_axis_free(stimulus);
    return status;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct statistics s = {.scenes = 0};
    size_t mark = bram_scratch_mark(cx);
    (void)o;
    int status = input->count == 1
                     ? read_file(cx, &s, input->paths[0])
                     : bram_fail(cx, BRAM_EUSAGE, "found %zu files, expected one", input->count);
    if (status == BRAM_OK) status = put(cx, ds, &s);
    release(&s);
    bram_scratch_release(cx, mark);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    static const char *const names[] = {"consistency", "noise_ceiling", "rdm_reliability",
                                        "sort_idx"};
    bram_npz *z = NULL;
    size_t found = 0;
    bram_recognise(out, BRAM_NOT_MINE, "no .npz with noise_ceiling and rdm_reliability");
    int status = input->count == 1 ? bram_npz_open(cx, &z, input->paths[0]) : BRAM_EFORMAT;
    for (size_t i = 0; status == BRAM_OK && i < bram_npz_count(z); i++)
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            found += strcmp(bram_npz_name(z, i), names[k]) == 0;
    bram_npz_close(z);
    if (found == sizeof names / sizeof *names)
        bram_recognise(out, BRAM_MINE,
                       ".npz with noise_ceiling, rdm_reliability and consistency: "
                       "statistics, no responses");
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_allen_derived = {
    .name = "allen-derived",
    .summary = "statistics of 32 mice (VISp, Neuropixels) over 118 natural scenes; no responses",
    .citation = "Siegle et al. 2021, Nature 592:86; arrays of Jana-HQ/cross-mouse-v1-rsa",
    .doi = "10.1038/s41586-020-03171-x",
    .licence = "not stated",
    .reads = ".npz: part1_outputs",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_ZIP,
    .single = true,
    .apart = true,
};
