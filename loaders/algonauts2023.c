/*
 * algonauts2023.c - fMRI responses to natural scenes as the Algonauts 2023 challenge gives them
 * out: the folder of one subject (Gifford et al. 2023, from the Natural Scenes Dataset).
 *
 *   training_split/training_fmri/{lh,rh}_training_fmri.npy   image x vertex, repeats averaged
 *   training_split/training_images/train-NNNN_nsd-NNNNN.png  row by the first number, from 1
 *   test_split/test_images/test-NNNN_nsd-NNNNN.png
 *   test_split/test_fmri/{lh,rh}_test_fmri.npy               given out after the challenge
 *   test_split/noise_ceiling/{lh,rh}_noise_ceiling.npy       one a vertex, shares of the variance
 *   roi_masks/{lh,rh}.CLASS_challenge_space.npy              whole numbers, one a vertex
 *
 * responses/SUBJECT is stimulus x vertex, training images first, left hemisphere first; a stimulus
 * is its NSD number. Regions are columns of the units, one for each class, by the names that the
 * challenge's tutorial gives the numbers of its six classes (the mapping_CLASS.npy are pickles,
 * which can run code when they are read: they are not); other classes keep their numbers. Test
 * images without responses stand in the table of stimuli. Documented: names and shapes of the
 * files. Assumed: that a noise ceiling above 1 is a percentage. Memory: rows are read when they are
 * written; nothing is held but tables.
 */
#include "bundle.h"
#include "shown.h"

#include "intake.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const bram_param params[] = {{"subject", BRAM_PARAM_TEXT, "", NULL, 0, 0,
                                     "what the responses are called; default: the folder's name"},
                                    {"noise_ceiling", BRAM_PARAM_REAL, "", NULL, 0, 1,
                                     "takes vertices whose noise ceiling is above this share"},
                                    {.name = NULL}};

enum { LEFT, RIGHT, SIDES, TRAINING = 0, TEST, SPLITS, CLASSES = 32 };

static const char *const side_name[SIDES] = {"lh", "rh"};
static const char *const split_name[SPLITS] = {"training", "test"};

/* What the numbers of a class of regions stand for, from 1. */
static const struct {
    const char *name, *region[8];
} known[] = {
    {"prf-visualrois", {"V1v", "V1d", "V2v", "V2d", "V3v", "V3d", "hV4"}},
    {"floc-bodies", {"EBA", "FBA-1", "FBA-2", "mTL-bodies"}},
    {"floc-faces", {"OFA", "FFA-1", "FFA-2", "mTL-faces", "aTL-faces"}},
    {"floc-places", {"OPA", "PPA", "RSC"}},
    {"floc-words", {"OWFA", "VWFA-1", "VWFA-2", "mfs-words", "mTL-words"}},
    {"streams",
     {"early", "midventral", "midlateral", "midparietal", "ventral", "lateral", "parietal"}}};

/* The arrays of the two splits and sides; owned by the response once there is one. */
struct source {
    bram_npy *fmri[SPLITS][SIDES];
    size_t images[SPLITS], vertices[SIDES];
    size_t *kept; /* vertices that are read, of both sides in one count */
    size_t units;
};

struct class
{
    char name[64];
    const char **region; /* vertices of both sides */
};

struct work {
    bram_bundle *files;
    const char *path;
    char id[128];
    struct source *source;
    size_t all; /* vertices of both sides */
    size_t listed[SPLITS];
    int64_t *nsd[SPLITS];      /* of each image; -1: unknown */
    const char **file[SPLITS]; /* its name within the folder, or "" */
    double *ceiling;           /* all; NULL: not stated */
    struct class class[CLASSES];
    size_t classes;
};

static void release_source(void *state)
{
    struct source *s = state;
    for (int split = 0; s && split < SPLITS; split++)
        for (int side = 0; side < SIDES; side++) bram_npy_close(s->fmri[split][side]);
    if (s) bram_free(s->kept);
    bram_free(s);
}

/* ---- arrays --------------------------------------------------------------------------------- */

static int open_fmri(bram_ctx *cx, struct work *w, int split, int side)
{
    char name[96];
    bram_npy *a = NULL;
    struct source *s = w->source;
    snprintf(name, sizeof name, "%s_split/%s_fmri/%s_%s_fmri.npy", split_name[split],
             split_name[split], side_name[side], split_name[split]);
    if (split == TEST && bram_bundle_find(w->files, name) < 0) return BRAM_OK;
    BRAM_TRY(bram_bundle_npy(cx, &a, w->files, name));
    s->fmri[split][side] = a;
    const bram_npy_info *info = bram_npy_describe(a);
    if (!bram_npy_is_numeric(a) || info->dims != 2 || !info->count)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s: found %s, expected image x vertex", w->path,
                         name, bram_npy_summary(a));
    if (!s->vertices[side]) s->vertices[side] = info->shape[1];
    if (!s->images[split]) s->images[split] = info->shape[0];
    if (info->shape[1] == s->vertices[side] && info->shape[0] == s->images[split]) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT, "%s: %s: found %s, expected %zu images x %zu vertices",
                     w->path, name, bram_npy_summary(a), s->images[split], s->vertices[side]);
}

static int open_all(bram_ctx *cx, struct work *w)
{
    struct source *s = w->source;
    for (int split = 0; split < SPLITS; split++)
        for (int side = 0; side < SIDES; side++) BRAM_TRY(open_fmri(cx, w, split, side));
    if (!s->fmri[TEST][LEFT] != !s->fmri[TEST][RIGHT])
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: test_split/test_fmri: found one hemisphere, "
                         "expected lh and rh or neither",
                         w->path);
    w->all = s->vertices[LEFT] + s->vertices[RIGHT];
    return BRAM_OK;
}

/* Rows of one split, its two sides beside each other, as far as they are kept. */
static int read_row(bram_ctx *cx, const struct source *s, int split, size_t row, double *room)
{
    BRAM_TRY(bram_npy_read_block(cx, s->fmri[split][LEFT], row, 1, room));
    return bram_npy_read_block(cx, s->fmri[split][RIGHT], row, 1, room + s->vertices[LEFT]);
}

static int read_block(bram_ctx *cx, void *state, const size_t *start, const size_t *count,
                      double *values, uint8_t *present)
{
    const struct source *s = state;
    size_t mark = bram_scratch_mark(cx);
    double *room = bram_scratch(cx, s->vertices[LEFT] + s->vertices[RIGHT], sizeof *room);
    int status = room ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < count[0]; i++) {
        size_t row = start[0] + i;
        bool test = row >= s->images[TRAINING];
        status = read_row(cx, s, test ? TEST : TRAINING, test ? row - s->images[TRAINING] : row,
                          room);
        for (size_t k = 0; status == BRAM_OK && k < count[1]; k++) {
            double value = room[s->kept[start[1] + k]];
            values[i * count[1] + k] = isfinite(value) ? value : 0;
            if (present) present[i * count[1] + k] = isfinite(value);
        }
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- images --------------------------------------------------------------------------------- */

/* "train-0001_nsd-00013.png": the first number from 1, the second from 0. */
static bool parse_image(const char *name, const char *prefix, int64_t *number, int64_t *nsd)
{
    char text[64];
    size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0 || strlen(name) - length >= sizeof text) return false;
    strcpy(text, name + length);
    char *second = strstr(text, "_nsd-"), *dot = strrchr(text, '.');
    if (!second || !dot || dot < second) return false;
    *second = *dot = 0;
    return bram_integer_parse(text, number) && bram_integer_parse(second + 5, nsd) && *nsd >= 0;
}

/* Of one split; images that no file names keep -1. */
static int read_images(bram_ctx *cx, struct work *w, int split)
{
    char prefix[64];
    int64_t number, nsd;
    size_t n = w->source->images[split], files = bram_bundle_count(w->files);
    snprintf(prefix, sizeof prefix, "%s_split/%s_images/%s-", split_name[split], split_name[split],
             split == TEST ? "test" : "train");
    for (size_t i = 0; !n && i < files; i++) /* without responses: as many as there are images */
        if (parse_image(bram_bundle_name(w->files, i), prefix, &number, &nsd)) w->listed[split]++;
    if (n) w->listed[split] = n;
    n = w->listed[split];
    w->nsd[split] = bram_scratch(cx, n, sizeof(int64_t));
    w->file[split] = bram_scratch(cx, n, sizeof(char *));
    if (!w->nsd[split] || !w->file[split]) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) w->nsd[split][i] = -1, w->file[split][i] = "";
    for (size_t i = 0; i < files; i++) {
        const char *name = bram_bundle_name(w->files, i);
        if (!parse_image(name, prefix, &number, &nsd)) continue;
        if (number < 1 || (uint64_t)number > n || w->nsd[split][number - 1] >= 0)
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: %s: found image %lld, expected each of 1 to %zu once, as there "
                             "are %s",
                             w->path, name, (long long)number, n,
                             w->source->images[split] ? "rows of responses" : "images");
        w->nsd[split][number - 1] = nsd;
        w->file[split][number - 1] = name;
    }
    return BRAM_OK;
}

/* Ids and sets of all images, those with responses first. */
static int name_images(bram_ctx *cx, const struct work *w, const char ***id, const char ***set,
                       const char ***image, size_t n)
{
    char(*text)[32] = bram_scratch(cx, n, sizeof *text);
    *id = bram_scratch(cx, n, sizeof **id);
    *set = bram_scratch(cx, n, sizeof **set);
    *image = bram_scratch(cx, n, sizeof **image);
    if (!text || !*id || !*set || !*image) return BRAM_ENOMEM;
    for (size_t i = 0, split = 0, k = 0; i < n; i++, k++) {
        if (split == TRAINING && k == w->listed[TRAINING]) split = TEST, k = 0;
        if (w->nsd[split][k] >= 0)
            snprintf(text[i], sizeof text[i], "nsd-%05lld", (long long)w->nsd[split][k]);
        else snprintf(text[i], sizeof text[i], "%s-%04zu", split_name[split], k + 1);
        (*id)[i] = text[i];
        (*set)[i] = split_name[split];
        (*image)[i] = w->file[split][k];
    }
    return BRAM_OK;
}

/* ---- vertices ------------------------------------------------------------------------------- */

/* One number for each vertex of a side; the caller frees it. */
static int read_side(bram_ctx *cx, double **out, const struct work *w, const char *name, int side)
{
    bram_npy *a = NULL;
    size_t n = w->source->vertices[side];
    BRAM_TRY(bram_bundle_npy(cx, &a, w->files, name));
    int status = BRAM_OK;
    if (!bram_npy_is_numeric(a) || bram_npy_describe(a)->count != n)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: %s: found %s, expected %zu vertices", w->path,
                           name, bram_npy_summary(a), n);
    double *values = status == BRAM_OK ? bram_alloc(cx, n, sizeof *values) : NULL;
    if (status == BRAM_OK) status = values ? bram_npy_read(cx, a, values) : BRAM_ENOMEM;
    if (status == BRAM_OK) *out = values;
    else bram_free(values);
    bram_npy_close(a);
    return status;
}

static int read_ceiling(bram_ctx *cx, struct work *w)
{
    char name[96];
    double largest = 0;
    if (bram_bundle_find(w->files, "test_split/noise_ceiling/lh_noise_ceiling.npy") < 0)
        return BRAM_OK;
    if (!(w->ceiling = bram_scratch(cx, w->all, sizeof *w->ceiling))) return BRAM_ENOMEM;
    for (int side = 0; side < SIDES; side++) {
        double *values = NULL;
        snprintf(name, sizeof name, "test_split/noise_ceiling/%s_noise_ceiling.npy",
                 side_name[side]);
        BRAM_TRY(read_side(cx, &values, w, name, side));
        for (size_t i = 0; i < w->source->vertices[side]; i++) {
            w->ceiling[(side ? w->source->vertices[LEFT] : 0) + i] = values[i];
            if (values[i] > largest) largest = values[i];
        }
        bram_free(values);
    }
    for (size_t i = 0; largest > 1 && i < w->all; i++) w->ceiling[i] /= 100;
    return BRAM_OK;
}

static const char *region_name(bram_ctx *cx, const char *class, double number)
{
    size_t k = 0, kinds = sizeof known / sizeof *known;
    if (number == 0) return "";
    while (k < kinds && strcmp(known[k].name, class) != 0) k++;
    if (k < kinds && number >= 1 && number <= 8 && number == floor(number) &&
        known[k].region[(size_t)number - 1])
        return known[k].region[(size_t)number - 1];
    char *text = bram_scratch(cx, 24, 1);
    if (text) snprintf(text, 24, "%g", number);
    return text;
}

static int read_mask(bram_ctx *cx, struct work *w, struct class *class, const char *name, int side)
{
    double *number = NULL;
    BRAM_TRY(read_side(cx, &number, w, name, side));
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < w->source->vertices[side]; i++) {
        const char *region = region_name(cx, class->name, number[i]);
        if (!region) status = BRAM_ENOMEM;
        class->region[(side ? w->source->vertices[LEFT] : 0) + i] = region;
    }
    bram_free(number);
    return status;
}

/* A column needs a name of small letters. */
static void column_name(char *name)
{
    for (; *name; name++)
        if (*name == '-') *name = '_';
}

static int add_class(bram_ctx *cx, struct work *w, const char *name)
{
    static const char front[] = "roi_masks/lh.", end[] = "_challenge_space.npy";
    struct class *class = &w->class[w->classes];
    size_t length = strlen(name), cut = sizeof front + sizeof end - 2;
    if (strncmp(name, front, sizeof front - 1) != 0 || length <= cut ||
        length - cut >= sizeof class->name || strcmp(name + length - (sizeof end - 1), end) != 0 ||
        w->classes == CLASSES)
        return BRAM_OK;
    snprintf(class->name, sizeof class->name, "%.*s", (int)(length - cut), name + sizeof front - 1);
    if (!(class->region = bram_scratch(cx, w->all, sizeof *class->region))) return BRAM_ENOMEM;
    char other[160];
    snprintf(other, sizeof other, "roi_masks/rh.%s%s", class->name, end);
    BRAM_TRY(read_mask(cx, w, class, name, LEFT));
    BRAM_TRY(read_mask(cx, w, class, other, RIGHT));
    column_name(class->name);
    w->classes++;
    return BRAM_OK;
}

static int choose_vertices(bram_ctx *cx, struct work *w, double least, char **words)
{
    struct source *s = w->source;
    if (!(s->kept = bram_alloc(cx, w->all, sizeof *s->kept))) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->all; i++) s->kept[i] = i;
    s->units = w->all;
    const bram_unit_rule rules[] = {{"noise_ceiling", w->ceiling, least, true}, {NULL}};
    return bram_shown_filter(cx, s->kept, &s->units, words, rules);
}

static int make_units(bram_ctx *cx, bram_axis **out, const struct work *w)
{
    const struct source *s = w->source;
    size_t n = s->units, fields = 0;
    char(*text)[24] = bram_scratch(cx, n, sizeof *text);
    const char **id = bram_scratch(cx, n, sizeof *id), **side = bram_scratch(cx, n, sizeof *side),
               **subject = bram_scratch(cx, n, sizeof *subject);
    double *ceiling = bram_scratch(cx, n, sizeof *ceiling);
    bram_field field[CLASSES + 4] = {{NULL}};
    if (!text || !id || !side || !subject || !ceiling) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        bool right = s->kept[i] >= s->vertices[LEFT];
        snprintf(text[i], sizeof text[i], "%s-%05zu", side_name[right],
                 s->kept[i] - (right ? s->vertices[LEFT] : 0) + 1);
        id[i] = text[i];
        side[i] = side_name[right];
        subject[i] = w->id;
        ceiling[i] = w->ceiling ? w->ceiling[s->kept[i]] : 0;
    }
    field[fields++] = (bram_field){"hemisphere", .text = side};
    field[fields++] = (bram_field){"subject", .text = subject};
    if (w->ceiling) field[fields++] = (bram_field){"noise_ceiling", .number = ceiling};
    for (size_t k = 0; k < w->classes; k++) {
        const char **region = bram_scratch(cx, n, sizeof *region);
        if (!region) return BRAM_ENOMEM;
        for (size_t i = 0; i < n; i++) region[i] = w->class[k].region[s->kept[i]];
        field[fields++] = (bram_field){w->class[k].name, .text = region};
    }
    return bram_shown_axis(cx, out, "neuron", n, id, field);
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int put_response(bram_ctx *cx, bram_dataset *ds, struct work *w, const bram_axis *stimulus,
                        const bram_axis *unit, const char *words)
{
    struct source *s = w->source;
    bram_response *r = NULL;
    w->source = NULL; /* taken over in any case */
    BRAM_TRY(bram_response_from_reader(cx, &r, w->id, BRAM_F32, 2,
                                       (const bram_axis *[]){stimulus, unit},
                                       (bram_reader){read_block, release_source, s, true}));
    const char *const pairs[] = {
        "unit",       "z",
        "signal",     "BOLD betas, z-scored within sessions, repeats averaged",
        "species",    BRAM_SPECIES_HUMAN,
        "subject",    w->id,
        "unit_rules", words,
        NULL};
    int status = bram_shown_say(cx, bram_response_attrs(r), pairs);
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, "responses", r);
    bram_response_free(r);
    return status;
}

static int put(bram_ctx *cx, bram_dataset *ds, struct work *w, const char *words)
{
    const char **id, **set, **image;
    size_t shown = w->source->images[TRAINING] + w->source->images[TEST],
           all = w->listed[TRAINING] + w->listed[TEST];
    bram_axis *table = NULL, *stimulus = NULL, *unit = NULL;
    BRAM_TRY(name_images(cx, w, &id, &set, &image, all));
    const bram_field fields[] = {{"set", .text = set}, {"image", .text = image}, {NULL}};
    BRAM_TRY(bram_shown_axis(cx, &table, "stimulus", all, id, fields));
    BRAM_TRY(bram_dataset_add_table(cx, ds, "stimuli", table));
    int status = bram_shown_axis(cx, &stimulus, "stimulus", shown, id, fields);
    if (status == BRAM_OK) status = make_units(cx, &unit, w);
    if (status == BRAM_OK) status = put_response(cx, ds, w, stimulus, unit, words);
    bram_axis_free(stimulus);
    bram_axis_free(unit);
    return status;
}

static int read_all(bram_ctx *cx, struct work *w, const bram_options *o, char **words)
{
    BRAM_TRY(bram_bundle_open(cx, &w->files, w->path));
    if (!(w->source = bram_alloc(cx, 1, sizeof *w->source))) return BRAM_ENOMEM;
    BRAM_TRY(open_all(cx, w));
    for (int split = 0; split < SPLITS; split++) BRAM_TRY(read_images(cx, w, split));
    BRAM_TRY(read_ceiling(cx, w));
    for (size_t i = 0; i < bram_bundle_count(w->files); i++)
        BRAM_TRY(add_class(cx, w, bram_bundle_name(w->files, i)));
    return choose_vertices(cx, w, bram_option_real(o, "noise_ceiling"), words);
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct work w = {.path = input->paths[0]};
    char *words = NULL;
    size_t mark = bram_scratch_mark(cx), end = strlen(w.path);
    const char *subject = bram_option_text(o, "subject");
    if (input->count != 1)
        return bram_fail(cx, BRAM_EUSAGE, "found %zu inputs, expected one subject's folder",
                         input->count);
    while (end > 1 && w.path[end - 1] == '/') end--;
    char *bare = bram_strf(cx, "%.*s", (int)end, w.path);
    if (!bare) return BRAM_ENOMEM;
    if (*subject) snprintf(w.id, sizeof w.id, "%s", subject);
    else bram_intake_id(w.id, sizeof w.id, bare, ".zip");
    bram_free(bare);
    int status = read_all(cx, &w, o, &words);
    if (status == BRAM_OK) status = put(cx, ds, &w, words);
    release_source(w.source);
    bram_bundle_close(w.files);
    bram_free(words);
    bram_scratch_release(cx, mark);
    return status;
}

static const char landmark[] = "training_split/training_fmri/lh_training_fmri.npy";

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_bundle *files = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no %s", landmark);
    int status = input->count == 1 ? bram_bundle_open(cx, &files, input->paths[0]) : BRAM_EFORMAT;
    if (status == BRAM_OK && bram_bundle_find(files, landmark) >= 0)
        bram_recognise(out, BRAM_MINE, "%s", landmark);
    bram_bundle_close(files);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

static bool folder(const char *path)
{
    char name[4096];
    struct stat s;
    int n = snprintf(name, sizeof name, "%s/%s", path, landmark);
    return n > 0 && (size_t)n < sizeof name && stat(name, &s) == 0;
}

const bram_loader bram_loader_algonauts2023 = {
    .name = "algonauts2023",
    .summary = "human visual cortex, 7 T fMRI: natural scenes, by vertex of the cortical surface",
    .citation =
        "Gifford et al. 2023, arXiv:2301.03198; Allen et al. 2022, Nature Neuroscience 25:116",
    .doi = "10.48550/arXiv.2301.03198",
    .licence = "by agreement with the Natural Scenes Dataset",
    .reads = "the folder of a subject: training_split, test_split, roi_masks; or a zip of it",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_FOLDER | BRAM_FORM_ZIP,
    .apart = true,
    .single = true,
    .folder = folder,
};
