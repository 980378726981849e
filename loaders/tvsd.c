/*
 * tvsd.c - multi-unit activity of macaque V1, V4 and IT to the THINGS images, one monkey of the
 * THINGS ventral stream spiking dataset (Papale et al. 2025): THINGS_normMUA.mat, MATLAB 7.3.
 *
 *   train_MUA        channel x image, 22248 images shown once
 *   test_MUA_reps    channel x image x repeat, 100 images shown 30 times
 *   SNR, oracle      channel (x day): signal to noise, reliability
 *   things_imgs.mat  train_imgs, test_imgs: things_path of each image, in the order of the columns
 *
 * MATLAB's arrays stand the other way round in HDF5. responses/ID is the test set, ID_training the
 * other. Which channels are in which area depends on the monkey (option monkey), as the file does
 * not tell: N V1 1-512, V4 513-768, IT 769-1024; F V1 1-512, IT 513-832, V4 833-1024. Documented:
 * names, shapes, channels of the areas. Assumed: SNR and oracle (of several days the mean is
 * taken), and that things_imgs.mat has structs with things_path, "aardvark/aardvark_01b.jpg".
 * Memory: the responses to 64 images.
 */
#include "h5.h"
#include "intake.h"
#include "matlab_fields.h"
#include "shown.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"id", BRAM_PARAM_TEXT, "", NULL, 0, 0, "what the responses are called; default: the name"},
    {"monkey", BRAM_PARAM_CHOICE, "unknown", "unknown|N|F", 0, 0,
     "whose channels these are: it tells their areas"},
    {"snr", BRAM_PARAM_REAL, "", NULL, -1e9, 1e9, "takes channels whose SNR is above this"},
    {"oracle", BRAM_PARAM_REAL, "", NULL, -1e9, 1e9, "takes channels whose oracle is above this"},
    {.name = NULL}};

enum { BLOCK_IMAGES = 64, TRAINING = 0, TEST, SETS };

static const char *const array_name[SETS] = {"train_MUA", "test_MUA_reps"};
static const char *const set_name[SETS] = {"train", "test"};

struct work {
    const bram_options *o;
    char id[128];
    bram_h5 *file;
    const bram_h5_object *root;
    const char *path, *list; /* list: things_imgs.mat, or NULL */
    size_t channels, repeats, images[SETS];
    const char **name[SETS], **category[SETS], **picture[SETS]; /* without list: names alone */
    double *metric[2];                                          /* channels; NULL: not stated */
    size_t *kept, units;
    char *words;
    bram_axis *neuron;
    bram_fill *fill;
};

/* ---- arrays --------------------------------------------------------------------------------- */

static int measure(bram_ctx *cx, struct work *w)
{
    bram_h5_info train, test;
    BRAM_TRY(bram_h5_measure(cx, &train, w->root, array_name[TRAINING]));
    BRAM_TRY(bram_h5_measure(cx, &test, w->root, array_name[TEST]));
    if (train.rank != 2 || !train.elements)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: train_MUA: found %u dimensions of %llu numbers, "
                         "expected channel x image",
                         w->path, train.rank, (unsigned long long)train.elements);
    w->images[TRAINING] = train.dims[0];
    w->channels = train.dims[1];
    if (test.rank != 3 || !test.elements || test.dims[2] != w->channels)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: test_MUA_reps: found %u dimensions, the first of %llu, "
                         "expected %zu channels x image x repeat",
                         w->path, test.rank,
                         (unsigned long long)(test.rank ? test.dims[test.rank - 1] : 0),
                         w->channels);
    w->images[TEST] = test.dims[1];
    w->repeats = test.dims[0];
    return BRAM_OK;
}

/* One number for each channel: the mean over days of those that are finite. */
static int read_metric(bram_ctx *cx, struct work *w, size_t k, const char *name)
{
    bram_h5_info info;
    double *value = NULL;
    size_t n = w->channels;
    if (!bram_h5_exists(w->root, name)) return BRAM_OK;
    BRAM_TRY(bram_h5_info_of(cx, &info, w->root, name));
    bool across = info.rank == 2 && info.dims[1] == n, along = info.rank && info.dims[0] == n;
    size_t days = n ? info.elements / n : 0;
    if ((!across && !along) || days < 1 || days * n != info.elements)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s: found %llu numbers, expected some for each of %zu "
                         "channels",
                         w->path, name, (unsigned long long)info.elements, n);
    if (!(w->metric[k] = bram_scratch(cx, n, sizeof *w->metric[k]))) return BRAM_ENOMEM;
    BRAM_TRY(bram_h5_read_double(cx, &value, NULL, w->root, name, 0));
    for (size_t c = 0; c < n; c++) {
        double sum = 0, there = 0;
        for (size_t d = 0; d < days; d++) {
            double one = value[across ? d * n + c : c * days + d];
            if (!isfinite(one)) continue;
            sum += one;
            there++;
        }
        w->metric[k][c] = there > 0 ? sum / there : (double)NAN;
    }
    bram_free(value);
    return BRAM_OK;
}

/* ---- images --------------------------------------------------------------------------------- */

/* "aardvark/aardvark_01b.jpg" or "images\aardvark\..." gives aardvark_01b and aardvark. */
static int split_path(bram_ctx *cx, const char *path, const char **name, const char **category,
                      const char **file)
{
    size_t length = strlen(path) + 1;
    char *text = bram_scratch(cx, 2 * length, 1);
    if (!text) return BRAM_ENOMEM;
    strcpy(text, path);
    for (char *c = text; *c; c++)
        if (*c == '\\') *c = '/';
    *file = strcpy(text + length, text);
    char *slash = strrchr(text, '/'), *dot = strrchr(slash ? slash : text, '.');
    if (dot) *dot = 0;
    if (slash) *slash = 0;
    *name = slash ? slash + 1 : text;
    char *above = slash ? strrchr(text, '/') : NULL;
    *category = above ? above + 1 : slash ? text : "";
    return BRAM_OK;
}

/* Element i of the field, whether the struct is an array or the field is a cell. */
static int image_path(bram_ctx *cx, char **out, bram_matlab_value *images, size_t i, size_t n)
{
    bram_matlab_value *v = NULL;
    bool array = bram_matlab_count(images) == n && n != 1;
    BRAM_TRY(bram_matlab_field(cx, &v, images, "things_path", array ? i : 0));
    if (!array) {
        BRAM_TRY(bram_matlab_expect_cells(cx, v, n, "one for each image"));
        BRAM_TRY(bram_matlab_cell(cx, &v, v, i));
    }
    return bram_matlab_bare_text(cx, out, v);
}

static int read_list(bram_ctx *cx, struct work *w, bram_matlab *file, int set)
{
    bram_matlab_value *images = NULL;
    size_t n = w->images[set];
    BRAM_TRY(bram_matlab_variable(cx, &images, file, set == TEST ? "test_imgs" : "train_imgs"));
    if (bram_matlab_kind_of(images) != BRAM_MATLAB_STRUCT ||
        (bram_matlab_count(images) != n && bram_matlab_count(images) != 1))
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s: found %s of %zu elements, expected a struct of "
                         "%zu, one for each image",
                         w->list, bram_matlab_name(images), bram_matlab_class(images),
                         bram_matlab_count(images), n);
    for (size_t i = 0; i < n; i++) {
        char *path = NULL;
        BRAM_TRY(image_path(cx, &path, images, i, n));
        int status = split_path(cx, path, &w->name[set][i], &w->category[set][i],
                                &w->picture[set][i]);
        bram_free(path);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static int name_images(bram_ctx *cx, struct work *w)
{
    bram_matlab *file = NULL;
    for (int set = 0; set < SETS; set++) {
        w->name[set] = bram_shown_ids(cx, w->images[set], set == TEST ? "test-" : "train-",
                                      set == TEST ? 3 : 5, 1);
        if (!w->name[set]) return BRAM_ENOMEM;
        w->category[set] = bram_scratch(cx, w->images[set], sizeof(char *));
        w->picture[set] = bram_scratch(cx, w->images[set], sizeof(char *));
        if (!w->category[set] || !w->picture[set]) return BRAM_ENOMEM;
    }
    if (!w->list) {
        bram_note(cx, "%s: without things_imgs.mat the images are known by their numbers alone",
                  w->id);
        return BRAM_OK;
    }
    BRAM_TRY(bram_matlab_open(cx, &file, w->list));
    int status = read_list(cx, w, file, TRAINING);
    if (status == BRAM_OK) status = read_list(cx, w, file, TEST);
    bram_matlab_close(file);
    return status;
}

static int stimulus_axis(bram_ctx *cx, bram_axis **out, const struct work *w, int first, int last)
{
    size_t n = 0, k = 0;
    for (int s = first; s <= last; s++) n += w->images[s];
    const char **id = bram_scratch(cx, n, sizeof *id), **set = bram_scratch(cx, n, sizeof *set),
               **category = bram_scratch(cx, n, sizeof *category),
               **image = bram_scratch(cx, n, sizeof *image);
    if (!id || !set || !category || !image) return BRAM_ENOMEM;
    for (int s = first; s <= last; s++)
        for (size_t i = 0; i < w->images[s]; i++, k++) {
            id[k] = w->name[s][i];
            set[k] = set_name[s];
            category[k] = w->category[s][i];
            image[k] = w->picture[s][i];
        }
    const bram_field fields[] = {{"set", .text = set},
                                 {"category", .text = w->list ? category : NULL},
                                 {"image", .text = w->list ? image : NULL},
                                 {NULL}};
    return bram_shown_axis(cx, out, "stimulus", n, id, fields);
}

/* ---- channels ------------------------------------------------------------------------------- */

static const char *area_of(const struct work *w, size_t channel)
{
    bool second = channel >= 512;
    if (bram_option_is(w->o, "monkey", "unknown")) return "";
    if (!second) return "V1";
    if (bram_option_is(w->o, "monkey", "N")) return channel < 768 ? "V4" : "IT";
    return channel < 832 ? "IT" : "V4";
}

static int choose_channels(bram_ctx *cx, struct work *w)
{
    size_t n = w->units = w->channels;
    bool known = !bram_option_is(w->o, "monkey", "unknown");
    if (known && n != 1024)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu channels, expected the 1024 of monkey %s",
                         w->path, n, bram_option_is(w->o, "monkey", "N") ? "N" : "F");
    if (!known) bram_note(cx, "%s: monkey=N or monkey=F tells the areas of the channels", w->id);
    if (!(w->kept = bram_scratch(cx, n, sizeof *w->kept))) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) w->kept[i] = i;
    const bram_unit_rule rules[] = {
        {"snr", w->metric[0], bram_option_real(w->o, "snr"), true},
        {"oracle", w->metric[1], bram_option_real(w->o, "oracle"), true},
        {NULL}};
    return bram_shown_filter(cx, w->kept, &w->units, &w->words, rules);
}

static int make_channels(bram_ctx *cx, struct work *w)
{
    size_t n = w->units;
    int64_t *number = bram_scratch(cx, n, sizeof *number);
    double *snr = bram_scratch(cx, n, sizeof *snr), *oracle = bram_scratch(cx, n, sizeof *oracle);
    const char **area = bram_scratch(cx, n, sizeof *area), **id = NULL;
    if (!number || !snr || !oracle || !area) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        number[i] = (int64_t)w->kept[i] + 1;
        area[i] = area_of(w, w->kept[i]);
        snr[i] = w->metric[0] ? w->metric[0][w->kept[i]] : 0;
        oracle[i] = w->metric[1] ? w->metric[1][w->kept[i]] : 0;
    }
    if (!(id = bram_shown_numbers(cx, n, "", 4, number))) return BRAM_ENOMEM;
    const bram_field fields[] = {{"area", .text = area},
                                 {"snr", .number = w->metric[0] ? snr : NULL},
                                 {"oracle", .number = w->metric[1] ? oracle : NULL},
                                 {NULL}};
    return bram_shown_axis(cx, &w->neuron, "neuron", n, id, fields);
}

/* ---- responses ------------------------------------------------------------------------------ */

/* Images first .. first + n - 1 of one repeat, all channels, to the channels that are kept. */
static int put_images(bram_ctx *cx, struct work *w, int set, size_t repeat, size_t first, size_t n)
{
    size_t mark = bram_scratch_mark(cx);
    double *all = bram_scratch(cx, n * w->channels, sizeof *all),
           *kept = bram_scratch(cx, n * w->units, sizeof *kept);
    if (!all || !kept) return BRAM_ENOMEM;
    const uint64_t start[] = {repeat, first, 0}, count[] = {1, n, w->channels};
    int status = bram_h5_slab_double(cx, all, w->root, array_name[set], start + (set == TRAINING),
                                     count + (set == TRAINING));
    for (size_t i = 0; i < n; i++)
        for (size_t u = 0; u < w->units; u++)
            kept[i * w->units + u] = all[i * w->channels + w->kept[u]];
    if (status == BRAM_OK)
        status = bram_fill_put(cx, w->fill, (size_t[]){first, 0, repeat},
                               (size_t[]){n, w->units, 1}, kept);
    bram_scratch_release(cx, mark);
    return status;
}

static int fill_set(bram_ctx *cx, struct work *w, int set)
{
    for (size_t r = 0; r < (set == TEST ? w->repeats : 1); r++)
        for (size_t i = 0; i < w->images[set]; i += BLOCK_IMAGES) {
            size_t left = w->images[set] - i;
            BRAM_TRY(bram_ctx_check_cancel(cx));
            BRAM_TRY(put_images(cx, w, set, r, i, left < BLOCK_IMAGES ? left : BLOCK_IMAGES));
        }
    return BRAM_OK;
}

static int put_set(bram_ctx *cx, bram_dataset *ds, struct work *w, int set)
{
    static const size_t order[] = {0, 2, 1};
    bram_axis *axis[3] = {NULL, bram_axis_ref(w->neuron), NULL};
    char *name = bram_strf(cx, "%s%s", w->id, set == TRAINING ? "_training" : "");
    int status = name ? stimulus_axis(cx, &axis[0], w, set, set) : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = bram_axis_new(cx, &axis[2], "repeat", set == TEST ? w->repeats : 1);
    if (status == BRAM_OK)
        status = bram_fill_new(cx, &w->fill, name, 3, (const bram_axis *const *)axis, order);
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    bram_free(name);
    if (status == BRAM_OK) status = fill_set(cx, w, set);
    if (status != BRAM_OK) return status;
    bool known = !bram_option_is(w->o, "monkey", "unknown");
    const char *const pairs[] = {
        "unit",       "1",
        "signal",     "normalized multi-unit activity",
        "species",    BRAM_SPECIES_MACAQUE,
        "unit_rules", w->words,
        "subject",    !known ? NULL : bram_option_is(w->o, "monkey", "N") ? "monkey N" : "monkey F",
        NULL};
    bram_fill *fill = w->fill;
    w->fill = NULL; /* taken over in any case */
    return bram_shown_put(cx, ds, fill, NULL, pairs);
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int read_all(bram_ctx *cx, bram_dataset *ds, struct work *w)
{
    bram_axis *table = NULL;
    BRAM_TRY(bram_h5_open(cx, &w->file, w->path));
    w->root = bram_h5_root(w->file);
    BRAM_TRY(measure(cx, w));
    BRAM_TRY(read_metric(cx, w, 0, "SNR"));
    BRAM_TRY(read_metric(cx, w, 1, "oracle"));
    BRAM_TRY(name_images(cx, w));
    BRAM_TRY(choose_channels(cx, w));
    BRAM_TRY(make_channels(cx, w));
    for (int set = 0; set < SETS; set++) BRAM_TRY(put_set(cx, ds, w, set));
    BRAM_TRY(stimulus_axis(cx, &table, w, TRAINING, TEST));
    return bram_dataset_add_table(cx, ds, "stimuli", table);
}

/* Whether a file has both arrays, as HDF5. */
static int has_arrays(bram_ctx *cx, bool *out, const char *path)
{
    bram_h5 *file = NULL;
    *out = false;
    int status = bram_h5_probe(path) ? bram_h5_open(cx, &file, path) : BRAM_EFORMAT;
    if (status == BRAM_OK)
        *out = bram_h5_exists(bram_h5_root(file), array_name[TRAINING]) &&
               bram_h5_exists(bram_h5_root(file), array_name[TEST]);
    bram_h5_close(file);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct work w = {.o = o, .path = input->paths[0]};
    size_t mark = bram_scratch_mark(cx);
    const char *id = bram_option_text(o, "id");
    if (input->count > 2)
        return bram_fail(cx, BRAM_EUSAGE,
                         "found %zu files, expected the responses of one monkey "
                         "and the list of images",
                         input->count);
    for (size_t i = 0; i < input->count; i++) {
        bool responses;
        BRAM_TRY(has_arrays(cx, &responses, input->paths[i]));
        if (responses || input->count == 1) w.path = input->paths[i];
        else w.list = input->paths[i];
    }
    if (*id) snprintf(w.id, sizeof w.id, "%s", id);
    else bram_intake_id(w.id, sizeof w.id, w.path, "");
    int status = read_all(cx, ds, &w);
    bram_fill_free(w.fill);
    bram_axis_free(w.neuron);
    bram_free(w.words);
    bram_h5_close(w.file);
    bram_scratch_release(cx, mark);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bool mine = false;
    bram_recognise(out, BRAM_NOT_MINE, "no train_MUA and test_MUA_reps");
    for (size_t i = 0; i < input->count && input->count <= 2 && !mine; i++)
        BRAM_TRY(has_arrays(cx, &mine, input->paths[i]));
    return mine ? bram_recognise(out, BRAM_MINE, "MATLAB 7.3 with train_MUA and test_MUA_reps")
                : BRAM_OK;
}

static int belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    bram_matlab *file = NULL;
    int status = bram_matlab_open(cx, &file, path);
    if (status == BRAM_OK && bram_matlab_has_variable(file, "train_imgs") &&
        bram_matlab_has_variable(file, "test_imgs"))
        bram_recognise(out, BRAM_MINE, "MATLAB with train_imgs and test_imgs");
    bram_matlab_close(file);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_tvsd = {
    .name = "tvsd",
    .summary = "macaque V1, V4 and IT, multi-unit activity: 22,000 images of THINGS",
    .citation = "Papale et al. 2025, Neuron 113:539",
    .doi = "10.1016/j.neuron.2024.12.003",
    .licence = "not stated",
    .reads = "THINGS_normMUA.mat of a monkey (MATLAB 7.3), with things_imgs.mat",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_HDF5 | BRAM_FORM_MAT5,
    .apart = true,
    .single = true,
    .belongs = belongs,
};
