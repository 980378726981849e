/*
 * import.c - bram_import: which loader knows the files, loading, and what every recording needs
 * afterwards. Identities and homogenization of one recording are in import_recording.c.
 */
#include "import.h"

#include "bundle.h"
#include "hash.h"
#include "intake.h"
#include "neurons.h"
#include "recognise.h"
#include "response_checks.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const bram_param bram_import_params[] = {
    {"gap", BRAM_PARAM_REAL, "3", NULL, 0, 1e9,
     "a step longer than this many median steps is a gap; 0: none"},
    {"smooth", BRAM_PARAM_CHOICE, "none", "none|exponential|moving|gaussian", 0, 0,
     "smoothing; exponential and moving look back only"},
    {"smooth_s", BRAM_PARAM_REAL, "1", NULL, 1e-6, 1e6, "time constant, window or sd in seconds"},
    {"dt", BRAM_PARAM_REAL, "0", NULL, 0, 1e9,
     "resample to this step in seconds; 0: keep the stamps"},
    {"resample", BRAM_PARAM_CHOICE, "mean", "mean|linear|hold", 0, 0,
     "bin means, interpolation (looks ahead), or the last value"},
    {"stamp", BRAM_PARAM_CHOICE, "right", "right|centre", 0, 0,
     "where in its bin a mean is stamped"},
    {"normalize", BRAM_PARAM_CHOICE, "none", "none|z|causal", 0, 0,
     "z-scores by the part from..to, or by the past alone"},
    {"from", BRAM_PARAM_REAL, "0", NULL, 0, 1e12, "start of the part to normalize by, in seconds"},
    {"to", BRAM_PARAM_REAL, "0", NULL, 0, 1e12, "its end; 0 with from=0: the whole recording"},
    {"burn_in", BRAM_PARAM_REAL, "60", NULL, 0, 1e12,
     "seconds that causal normalization leaves out"},
    {"identities", BRAM_PARAM_CHOICE, "auto", "auto|worm|given", 0, 0,
     "read labels as worm neurons, or take them as they are; auto: by the species"},
    {"rules", BRAM_PARAM_CHOICE, "corrected", "corrected|published", 0, 0,
     "published: labels of worms as the published collection has them, its losses included"},
    {"confidence", BRAM_PARAM_REAL, "2.5", NULL, -1e9, 1e9,
     "labels of lower confidence are doubtful"},
    {"doubtful", BRAM_PARAM_CHOICE, "mark", "mark|use", 0, 0, "use takes doubtful labels as exact"},
    {"ambiguous", BRAM_PARAM_CHOICE, "mark", "mark|single", 0, 0,
     "single resolves an ambiguity that has one candidate left"},
    {"duplicates", BRAM_PARAM_CHOICE, "mark", "mark|average", 0, 0,
     "average makes one trace of those with one name"},
    {.name = NULL}};

/* ---- which loader --------------------------------------------------------------------------- */

static int recognise(bram_ctx *cx, const bram_loader **out, const bram_input *input)
{
    bram_verdicts v;
    BRAM_TRY(bram_recognise_files(cx, &v, input));
    BRAM_TRY(bram_recognised_one(cx, &v, input));
    *out = v.loader;
    return BRAM_OK;
}

int bram_import_loader(bram_ctx *cx, const bram_loader **loader, const char **options,
                       const char *spec)
{
    size_t length = bram_spec_name_length(spec);
    char name[64];
    if (length == 0 || length >= sizeof name)
        return bram_fail(cx, BRAM_EUSAGE, "\"%s\" does not name a loader", spec);
    memcpy(name, spec, length);
    name[length] = 0;
    *options = spec[length] ? spec + length + 1 : NULL;
    *loader = NULL;
    if (strcmp(name, "auto") == 0) return BRAM_OK;
    *loader = bram_loader_find(name);
    return *loader ? BRAM_OK : bram_fail(cx, BRAM_EUSAGE, "there is no loader \"%s\"", name);
}

/* ---- what the root says --------------------------------------------------------------------- */

static int set_text(bram_ctx *cx, bram_attrs *attrs, const char *name, const char *value)
{
    if (!value || !value[0] || bram_attrs_text(attrs, name))
        return BRAM_OK; /* the loader knew better */
    return bram_attrs_set_text(cx, attrs, name, value);
}

/* Of a folder: over the names of its files and their bytes. */
static int hash_source(bram_ctx *cx, char hex[65], const char *path)
{
    bram_bundle *b = NULL;
    if (!bram_loader_of_folder(path)) return bram_sha256_file(cx, hex, path);
    BRAM_TRY(bram_bundle_open(cx, &b, path));
    int status = bram_bundle_hash(cx, hex, b);
    bram_bundle_close(b);
    return status;
}

/* The last step of a path, of a folder as well. */
static const char *last_step(const char *path, size_t *length)
{
    const char *end = path + strlen(path);
    while (end > path + 1 && end[-1] == '/') end--;
    const char *from = end;
    while (from > path && from[-1] != '/') from--;
    *length = (size_t)(end - from);
    return from;
}

/* "sha256 name" of each file, separated by ", "; names without folders, which differ by machine. */
static int describe_sources(bram_ctx *cx, char **out, const bram_input *input)
{
    char *text = bram_strdup(cx, "");
    for (size_t i = 0; text && i < input->count; i++) {
        char hex[65];
        size_t length = 0;
        const char *name = last_step(input->paths[i], &length);
        int status = hash_source(cx, hex, input->paths[i]);
        if (status != BRAM_OK) {
            bram_free(text);
            return status;
        }
        char *longer = bram_strf(cx, "%s%s%s %.*s", text, i ? ", " : "", hex, (int)length, name);
        bram_free(text);
        text = longer;
    }
    if (!text) return BRAM_ENOMEM;
    *out = text;
    return BRAM_OK;
}

static int describe_root(bram_ctx *cx, bram_dataset *ds, const bram_loader *loader,
                         const bram_input *input, const char *loader_options, const char *options)
{
    bram_attrs *root = bram_dataset_attrs(cx, ds, "");
    char *sources = NULL, *history = NULL;
    if (!root) return BRAM_ENOMEM;
    BRAM_TRY(describe_sources(cx, &sources, input));
    int status = set_text(cx, root, "sources", sources);
    bram_free(sources);
    if (status == BRAM_OK) status = set_text(cx, root, "dataset", loader->name);
    if (status == BRAM_OK) status = set_text(cx, root, "citation", loader->citation);
    if (status == BRAM_OK) status = set_text(cx, root, "doi", loader->doi);
    if (status == BRAM_OK) status = set_text(cx, root, "licence", loader->licence);
    if (status != BRAM_OK) return status;
    history = bram_strf(cx, "imported by bramble %s: %s%s%s (version %u) with %s", bram_version(),
                        loader->name, loader_options[0] ? ":" : "", loader_options, loader->version,
                        options);
    if (!history) return BRAM_ENOMEM;
    status = set_text(cx, root, "history", history);
    bram_free(history);
    return status;
}

/* ---- the canonical neurons, where worms are ------------------------------------------------- */

int bram_add_neurons(bram_ctx *cx, bram_dataset *ds)
{
    const char *text[4][BRAM_NEURONS];
    double place[3][BRAM_NEURONS];
    static const char *const columns[] = {NULL, "class", "transmitter", "type"};
    static const char *const places[] = {"x", "y", "z"};
    if (bram_dataset_table(ds, "neurons")) return BRAM_OK;
    for (size_t i = 0; i < BRAM_NEURONS; i++) {
        const bram_neuron *n = bram_neuron_at(i);
        text[0][i] = n->name, text[1][i] = n->class_name;
        text[2][i] = n->transmitter, text[3][i] = n->type;
        place[0][i] = n->x, place[1][i] = n->y, place[2][i] = n->z;
    }
    bram_axis *table = NULL;
    int status = bram_axis_new(cx, &table, "neurons", BRAM_NEURONS);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, table, text[0]);
    for (size_t k = 1; status == BRAM_OK && k < 4; k++)
        status = bram_axis_add_text(cx, table, columns[k], text[k]);
    for (size_t k = 0; status == BRAM_OK && k < 3; k++)
        status = bram_axis_add_number(cx, table, places[k], place[k], "um");
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "", table);
    bram_axis_free(table);
    return status;
}

static bool has_worms(const bram_dataset *ds)
{
    for (size_t i = 0; i < bram_dataset_groups(ds, "recordings"); i++) {
        char group[300];
        snprintf(group, sizeof group, "recordings/%s", bram_dataset_group_at(ds, "recordings", i));
        const bram_attrs *attrs = bram_dataset_find_attrs(ds, group);
        const char *species = attrs ? bram_attrs_text(attrs, "species") : NULL;
        if (species && strcmp(species, BRAM_SPECIES_WORM) == 0) return true;
    }
    return false;
}

/* A loader that reads one file at a time need not say where a connectome is from. */
static int name_source_file(bram_ctx *cx, bram_dataset *ds, const bram_input *input)
{
    const char *slash = strrchr(input->paths[0], '/');
    for (size_t i = 0; i < bram_dataset_groups(ds, "connectome"); i++) {
        char *group = bram_strf(cx, "connectome/%s", bram_dataset_group_at(ds, "connectome", i));
        bram_attrs *attrs = group ? bram_dataset_attrs(cx, ds, group) : NULL;
        bram_free(group);
        if (!attrs) return BRAM_ENOMEM;
        BRAM_TRY(set_text(cx, attrs, "source_file", slash ? slash + 1 : input->paths[0]));
    }
    return BRAM_OK;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int load(bram_ctx *cx, bram_dataset *ds, const bram_loader *loader, const bram_input *input,
                const char *text, const bram_options *options)
{
    bram_options *own = NULL;
    BRAM_TRY(bram_options_new(cx, &own, loader->params, text));
    int status = loader->load(cx, ds, input, own);
    if (status == BRAM_OK) status = bram_check_responses(cx, ds);
    if (status == BRAM_OK) status = bram_import_recordings(cx, ds, options);
    if (status != BRAM_OK) bram_name_the_file(cx, status, loader->name, input);
    if (status == BRAM_OK && has_worms(ds)) status = bram_add_neurons(cx, ds);
    if (status == BRAM_OK && (input->count == 1 || loader->single))
        status = name_source_file(cx, ds, input);
    if (status == BRAM_OK)
        status = describe_root(cx, ds, loader, input, bram_options_canonical(own),
                               bram_options_canonical(options));
    bram_options_free(own);
    return status;
}

int bram_import(bram_ctx *cx, bram_dataset **out, const char *spec, const bram_input *input,
                const bram_options *options)
{
    const bram_loader *loader = NULL;
    const char *text = NULL;
    bram_options *defaults = NULL;
    bram_dataset *ds = NULL;
    if (input->count == 0) return bram_fail(cx, BRAM_EUSAGE, "no file is given to import");
    BRAM_TRY(bram_import_loader(cx, &loader, &text, spec));
    if (!loader) BRAM_TRY(recognise(cx, &loader, input));
    assert(loader);
    if (!options) BRAM_TRY(bram_options_new(cx, &defaults, bram_import_params, NULL));
    int status = bram_dataset_new(cx, &ds);
    if (status == BRAM_OK) status = load(cx, ds, loader, input, text, options ? options : defaults);
    bram_options_free(defaults);
    if (status == BRAM_OK) *out = ds;
    else bram_dataset_free(ds);
    return status;
}
