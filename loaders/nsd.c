/*
 * nsd.c - fMRI responses to natural scenes, one subject of the Natural Scenes Dataset (Allen et al.
 * 2022). nsd_files.c reads what lies beside the responses.
 *
 *   betas_sessionNN.hdf5      betas: trial x z x y x x, int16, percent x 300; or .nii(.gz) of the
 * same, x y z trial nsd_stim_info_merged.csv  a row an image: nsdId, shared1000, subjectK_rep0 .. 2
 * (its trials, from 1; 0: not shown), cocoId, cocoSplit, flagged nsd_expdesign.mat masterordering,
 * subjectim: compared with the former where it is given ncsnr.nii.gz              signal to noise
 * of each voxel; other volumes are regions
 *
 * Trial t of session s is trial 750 (s - 1) + t of the subject; s is in the name of the file, as in
 * nothing else. responses/ID is image x voxel x 3; images are called by nsdId (from 0), `set` is
 * shared1000 or own. Voxels are those where the volume that `mask` names is above 0.
 * Documented: names, shapes, scale of 300, 750 trials a session, sessions of each subject. Assumed:
 * that trials in the csv count from 1 and 0 is "not shown".
 * Memory: the trials of one slice of a session; of NIfTI, one session.
 */
#include "nsd.h"

#include "intake.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"id", BRAM_PARAM_TEXT, "", NULL, 0, 0, "what the responses are called; default: subj01 ..."},
    {"subject", BRAM_PARAM_INTEGER, "0", NULL, 0, 8,
     "whose betas these are, 1 to 8: needed, as no file tells"},
    {"mask", BRAM_PARAM_TEXT, "nsdgeneral", NULL, 0, 0,
     "takes voxels where this volume (name without .nii.gz) is above 0"},
    {"ncsnr", BRAM_PARAM_REAL, "", NULL, 0, 1e9, "takes voxels whose ncsnr is above this"},
    {"normalize", BRAM_PARAM_CHOICE, "none", "none|session", 0, 0,
     "session: z-scores of each voxel within a session"},
    {.name = NULL}};

struct work {
    bram_nsd nsd;
    const bram_options *o;
    char id[64];
    bool normalize;
    size_t *kept, units; /* voxels, z y x with x fastest */
    char *words;
    bram_axis *neuron, *stimulus;
    bram_fill *fill;
};

/* ---- voxels --------------------------------------------------------------------------------- */

static int choose_voxels(bram_ctx *cx, struct work *w)
{
    const bram_nsd *n = &w->nsd;
    const char *name = bram_option_text(w->o, "mask");
    const bram_nsd_map *mask = bram_nsd_find_map(n, name), *snr = bram_nsd_find_map(n, "ncsnr");
    char *words = NULL;
    if (!(w->kept = bram_scratch(cx, n->voxels, sizeof *w->kept))) return BRAM_ENOMEM;
    if (*name && !mask && strcmp(name, "nsdgeneral") != 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "found no volume %s among the files, which mask=%s names", name, name);
    if (*name && !mask) bram_note(cx, "%s: without nsdgeneral.nii.gz all voxels are taken", w->id);
    for (size_t v = 0; v < n->voxels; v++)
        if (!mask || mask->value[v] > 0) w->kept[w->units++] = v;
    if (!w->units)
        return bram_fail(cx, BRAM_EFORMAT, "%s: none of %zu voxels is above 0", name, n->voxels);
    const bram_unit_rule rules[] = {
        {"ncsnr", snr ? snr->value : NULL, bram_option_real(w->o, "ncsnr"), true}, {NULL}};
    BRAM_TRY(bram_shown_filter(cx, w->kept, &w->units, &words, rules));
    w->words = bram_strf(cx, "%s%s%s", words, mask ? ", in " : "", mask ? name : "");
    bram_free(words);
    return w->words ? BRAM_OK : BRAM_ENOMEM;
}

/* x, y, z from 0, and what each volume says of the voxel. */
static int make_voxels(bram_ctx *cx, struct work *w)
{
    const bram_nsd *n = &w->nsd;
    bram_field field[BRAM_NSD_MAPS + 4] = {{NULL}};
    int64_t *place[3];
    size_t fields = 3;
    static const char *const axis[3] = {"x", "y", "z"};
    for (size_t d = 0; d < 3; d++) {
        if (!(place[d] = bram_scratch(cx, w->units, sizeof **place))) return BRAM_ENOMEM;
        field[d] = (bram_field){axis[d], .integer = place[d]};
    }
    for (size_t i = 0; i < w->units; i++) {
        size_t v = w->kept[i];
        place[0][i] = (int64_t)(v % n->side[0]);
        place[1][i] = (int64_t)(v / n->side[0] % n->side[1]);
        place[2][i] = (int64_t)(v / n->side[0] / n->side[1]);
    }
    for (size_t k = 0; k < n->maps; k++) {
        double *value = bram_scratch(cx, w->units, sizeof *value);
        if (!value) return BRAM_ENOMEM;
        for (size_t i = 0; i < w->units; i++) value[i] = n->map[k].value[w->kept[i]];
        field[fields++] = (bram_field){n->map[k].column, .number = value};
    }
    int64_t *number = bram_scratch(cx, w->units, sizeof *number);
    if (!number) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->units; i++) number[i] = (int64_t)w->kept[i];
    const char **id = bram_shown_numbers(cx, w->units, "", 1, number);
    return id ? bram_shown_axis(cx, &w->neuron, "neuron", w->units, id, field) : BRAM_ENOMEM;
}

/* ---- responses ------------------------------------------------------------------------------ */

/* Brings every voxel of a slice to mean 0 and deviation 1 over the trials of the session. */
static void normalize(double *slice, size_t trials, size_t voxels)
{
    for (size_t v = 0; v < voxels; v++) {
        double mean = 0, sum = 0;
        for (size_t t = 0; t < trials; t++) mean += slice[t * voxels + v] / (double)trials;
        for (size_t t = 0; t < trials; t++) {
            double d = slice[t * voxels + v] - mean;
            sum += d * d;
        }
        double deviation = sqrt(sum / (double)trials);
        for (size_t t = 0; t < trials; t++) {
            double *x = &slice[t * voxels + v];
            *x = deviation > 0 ? (*x - mean) / deviation : (double)NAN;
        }
    }
}

/* Units first .. first + n - 1 lie in one slice. */
static int put_slice(bram_ctx *cx, struct work *w, const bram_nsd_session *s, size_t first,
                     size_t n, double *slice, double *one)
{
    const bram_nsd *nsd = &w->nsd;
    size_t plane = nsd->side[0] * nsd->side[1], z = w->kept[first] / plane;
    BRAM_TRY(bram_nsd_slice(cx, nsd, s, z, slice));
    if (w->normalize) normalize(slice, s->trials, plane);
    for (size_t t = 0; t < s->trials; t++) {
        const bram_nsd_trial *trial = &nsd->trial[s->first + t];
        if (trial->stimulus < 0) continue;
        for (size_t u = 0; u < n; u++)
            one[u] = slice[t * plane + w->kept[first + u] % plane] / (w->normalize ? 1 : 300);
        BRAM_TRY(bram_fill_put(cx, w->fill,
                               (size_t[]){(size_t)trial->stimulus, first, trial->repeat},
                               (size_t[]){1, n, 1}, one));
    }
    return BRAM_OK;
}

static int put_session(bram_ctx *cx, struct work *w, bram_nsd_session *s)
{
    size_t plane = w->nsd.side[0] * w->nsd.side[1], mark = bram_scratch_mark(cx);
    double *slice = bram_scratch(cx, s->trials * plane, sizeof *slice),
           *one = bram_scratch(cx, plane, sizeof *one);
    int status = slice && one ? bram_nsd_session_open(cx, s) : BRAM_ENOMEM;
    for (size_t first = 0, n; status == BRAM_OK && first < w->units; first += n) {
        for (n = 1; first + n < w->units && w->kept[first + n] / plane == w->kept[first] / plane;)
            n++;
        status = bram_ctx_check_cancel(cx);
        if (status == BRAM_OK) status = put_slice(cx, w, s, first, n, slice, one);
    }
    bram_nsd_session_close(s);
    bram_scratch_release(cx, mark);
    return status;
}

static int put_response(bram_ctx *cx, bram_dataset *ds, struct work *w)
{
    static const size_t order[] = {0, 2, 1};
    bram_axis *axis[3] = {w->stimulus, w->neuron, NULL};
    BRAM_TRY(bram_axis_new(cx, &axis[2], "repeat", w->nsd.repeats));
    int status = bram_fill_new(cx, &w->fill, w->id, 3, (const bram_axis *const *)axis, order);
    bram_axis_free(axis[2]);
    for (size_t k = 0; status == BRAM_OK && k < w->nsd.sessions; k++) {
        status = put_session(cx, w, &w->nsd.session[k]);
        bram_ctx_progress(cx, "sessions", (double)k + 1, (double)w->nsd.sessions);
    }
    if (status != BRAM_OK) return status;
    const char *const pairs[] = {"unit",       w->normalize ? "z" : "%",
                                 "signal",     "BOLD betas",
                                 "species",    BRAM_SPECIES_HUMAN,
                                 "subject",    w->id,
                                 "unit_rules", w->words,
                                 "normalized", w->normalize ? "within sessions" : "",
                                 NULL};
    bram_fill *fill = w->fill;
    w->fill = NULL; /* taken over in any case */
    return bram_shown_put(cx, ds, fill, NULL, pairs);
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int read_all(bram_ctx *cx, bram_dataset *ds, struct work *w, const bram_input *input)
{
    BRAM_TRY(bram_nsd_read(cx, &w->nsd, input, bram_option_integer(w->o, "subject")));
    BRAM_TRY(choose_voxels(cx, w));
    BRAM_TRY(make_voxels(cx, w));
    BRAM_TRY(bram_nsd_stimuli(cx, &w->stimulus, &w->nsd));
    BRAM_TRY(put_response(cx, ds, w));
    BRAM_TRY(bram_nsd_put_pictures(cx, ds, &w->nsd, w->stimulus));
    return bram_dataset_add_table(cx, ds, "stimuli", bram_axis_ref(w->stimulus));
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct work w = {.o = o, .normalize = bram_option_is(o, "normalize", "session")};
    size_t mark = bram_scratch_mark(cx);
    const char *id = bram_option_text(o, "id");
    if (*id) snprintf(w.id, sizeof w.id, "%s", id);
    else snprintf(w.id, sizeof w.id, "subj%02d", (int)bram_option_integer(o, "subject"));
    int status = read_all(cx, ds, &w, input);
    bram_fill_free(w.fill);
    bram_axis_free(w.neuron);
    bram_axis_free(w.stimulus);
    bram_free(w.words);
    bram_nsd_release(&w.nsd);
    bram_scratch_release(cx, mark);
    return status;
}

const bram_loader bram_loader_nsd = {
    .name = "nsd",
    .summary = "human visual cortex, 7 T fMRI: 10,000 natural scenes a subject, three times each",
    .citation = "Allen et al. 2022, Nature Neuroscience 25:116",
    .doi = "10.1038/s41593-021-00962-x",
    .licence = "by agreement (NSD Data Access Agreement)",
    .reads = "betas_sessionNN.hdf5 or .nii.gz of a subject, nsd_stim_info_merged.csv, volumes, "
             "nsd_stimuli.hdf5",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = bram_nsd_recognise,
    .load = load,
    .belongs = bram_nsd_belongs,
};
