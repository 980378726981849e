/*
 * nwb_worm.c - whole-brain recordings of worms in NWB 2, as laboratories deposit them on DANDI
 * (Nejatbakhsh et al. 2020, NeuroPAL recordings of several laboratories) and as Open Source Brain
 * made them of published data (Scholz et al. 2018, Kato et al. 2015).
 *
 * Traces and labels: nwb_worm_traces.c, further forms: nwb_worm_forms.c; behaviour and events:
 * nwb_worm_context.c; NWB itself: nwb.h. A rate or stamps are read, never assumed; traces without a
 * value stay, as missing.
 *
 * Tried on a real file of Scholz et al. 2018. The response series with NeuronIDs are known by
 * description only: github.com/focolab/NWBelegans names the objects and their shapes.
 */
#include "nwb_worm.h"

#include "intake.h"

#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"series", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "which response series has the traces, by its path or the end of it"},
    {"events", BRAM_PARAM_CHOICE, "read", "read|ignore", 0, 0,
     "ignore leaves out tables of intervals, where they are not as NWB has them"},
    {.name = NULL}};

/* ---- who was recorded ----------------------------------------------------------------------- */

/* Texts of a file and the attributes of a recording that they become. */
static const struct {
    const char *field, *attribute;
} texts[] = {{"identifier", "identifier"},
             {"session_description", "session_description"},
             {"session_start_time", "session_start_time"},
             {"general/experiment_description", "experiment_description"},
             {"general/experimenter", "experimenter"},
             {"general/lab", "laboratory"},
             {"general/institution", "institution"},
             {"general/related_publications", "publications"},
             {"general/keywords", "keywords"},
             {"general/subject/subject_id", "subject"},
             {"general/subject/species", "species"},
             {"general/subject/strain", "strain"},
             {"general/subject/genotype", "genotype"},
             {"general/subject/sex", "sex"},
             {"general/subject/age", "age"},
             {"general/subject/growth_stage", "growth_stage"},
             {"general/subject/description", "subject_description"}};

enum { TEXTS = sizeof texts / sizeof *texts };

struct session {
    char *text[TEXTS]; /* NULL or empty: not stated */
};

static void release_session(struct session *s)
{
    for (size_t i = 0; i < TEXTS; i++) bram_free(s->text[i]);
}

static int read_session(bram_ctx *cx, struct session *s, const bram_nwb *nwb)
{
    for (size_t i = 0; i < TEXTS; i++)
        BRAM_TRY(bram_nwb_text(cx, &s->text[i], nwb, texts[i].field));
    return BRAM_OK;
}

/* @return what is stated, or NULL */
static const char *stated(const struct session *s, const char *attribute)
{
    for (size_t i = 0; i < TEXTS; i++)
        if (strcmp(texts[i].attribute, attribute) == 0)
            return s->text[i] && s->text[i][0] ? s->text[i] : NULL;
    return NULL;
}

/* By its species (also as the term of NCBI's taxonomy), else by what the descriptions say. */
static bool is_worm(const struct session *s)
{
    static const char *const fields[] = {"experiment_description", "session_description",
                                         "publications", "keywords", "subject_description"};
    const char *species = stated(s, "species");
    if (species) return strstr(species, "elegans") || strstr(species, "NCBITaxon_6239");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (stated(s, fields[i]) && strstr(stated(s, fields[i]), "elegans")) return true;
    return false;
}

static const char *or_else(const char *text, const char *fallback)
{
    return text ? text : fallback;
}

/* Strain and stage where they are stated, else what the session was. */
static int set_condition(bram_ctx *cx, bram_dataset *ds, const char *id, const struct session *s)
{
    const char *strain = stated(s, "strain"), *stage = stated(s, "growth_stage");
    char *text = strain || stage
                     ? bram_strf(cx, "%s%s%s", or_else(strain, ""), strain && stage ? ", " : "",
                                 or_else(stage, ""))
                     : bram_strdup(cx, or_else(stated(s, "session_description"), "not stated"));
    int status = text ? bram_intake_text(cx, ds, id, "condition", text) : BRAM_ENOMEM;
    bram_free(text);
    return status;
}

static int describe(bram_ctx *cx, bram_dataset *ds, const bram_nwb_recording *r,
                    const struct session *s)
{
    const char *slash = strrchr(r->nwb->path, '/');
    const char *identifier = stated(s, "identifier"), *species = stated(s, "species");
    for (size_t i = 0; i < TEXTS; i++)
        if (s->text[i] && s->text[i][0])
            BRAM_TRY(bram_intake_text(cx, ds, r->id, texts[i].attribute, s->text[i]));
    BRAM_TRY(bram_intake_text(cx, ds, r->id, "subject",
                              or_else(stated(s, "subject"), or_else(identifier, r->id))));
    BRAM_TRY(bram_intake_text(cx, ds, r->id, "session", or_else(identifier, r->id)));
    BRAM_TRY(bram_intake_text(cx, ds, r->id, "species",
                              is_worm(s) ? BRAM_SPECIES_WORM : or_else(species, "not stated")));
    BRAM_TRY(set_condition(cx, ds, r->id, s));
    BRAM_TRY(bram_intake_text(cx, ds, r->id, "nwb_version", r->nwb->version));
    BRAM_TRY(bram_intake_text(cx, ds, r->id, "traces_from", r->traces));
    BRAM_TRY(bram_intake_text(cx, ds, r->id, "time_from", r->timing));
    BRAM_TRY(bram_intake_text(cx, ds, r->id, "labels_from", r->label ? r->labels : "none"));
    if (r->label) BRAM_TRY(bram_intake_text(cx, ds, r->id, "blank_labels", "text"));
    return bram_intake_text(cx, ds, r->id, "source_file", slash ? slash + 1 : r->nwb->path);
}

/* The papers that the first file names are the citation of the whole. */
static int cite(bram_ctx *cx, bram_dataset *ds, const struct session *s)
{
    bram_attrs *root = bram_dataset_attrs(cx, ds, "");
    if (!root) return BRAM_ENOMEM;
    if (bram_attrs_text(root, "citation") || !stated(s, "publications")) return BRAM_OK;
    return bram_attrs_set_text(cx, root, "citation", stated(s, "publications"));
}

/* ---- a recording ---------------------------------------------------------------------------- */

static int put_recording(bram_ctx *cx, bram_dataset *ds, const bram_nwb_recording *r,
                         const struct session *s)
{
    bool scaled = bram_intake_is_zscored(r->values, r->rows, r->cols);
    const bram_traces traces = {
        .rows = r->rows,
        .cols = r->cols,
        .time = r->time,
        .values = r->values,
        .labels = (const char *const *)r->label,
        .unit = scaled       ? "z"
                : r->unit[0] ? r->unit
                             : "not stated",
        .filter = scaled ? "non-causal" : "none",
    };
    BRAM_TRY(bram_intake_traces(cx, ds, r->id, &traces));
    if (!scaled) return describe(cx, ds, r, s);
    bram_note(cx,
              "%s: every trace has mean 0 and standard deviation 1: normalised by its authors "
              "over the whole recording",
              r->id);
    return describe(cx, ds, r, s);
}

/* "2 series: acquisition/States (TimeSeries, 2198 x 1), ..." */
static void list_series(bram_ctx *cx, char *out, size_t bytes, const bram_nwb *nwb,
                        const bram_nwb_objects *objects)
{
    char list[300] = "";
    size_t series = 0;
    for (size_t i = 0; i < objects->count; i++) {
        bram_nwb_series s;
        if (!strstr(objects->item[i].type, "Series")) continue;
        size_t used = strlen(list);
        bool measured = bram_nwb_series_of(cx, &s, nwb, objects->item[i].path) == BRAM_OK;
        if (measured && used < sizeof list - 1)
            snprintf(list + used, sizeof list - used, "%s%.100s (%s, %zu x %zu)", used ? ", " : "",
                     objects->item[i].path, objects->item[i].type, s.rows, s.cols);
        series++;
    }
    snprintf(out, bytes, "%zu series%s%s", series, list[0] ? ": " : "", list);
}

/* A file of NWB without traces says what it has instead. */
static int without_traces(bram_ctx *cx, const bram_nwb *nwb, const bram_nwb_objects *objects)
{
    char list[340];
    list_series(cx, list, sizeof list, nwb, objects);
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s holds no traces of neurons: found %s, expected a RoiResponseSeries in "
                     "processing/ or series Activity_0000 ... in acquisition/",
                     nwb->path, list);
}

static int read_traces(bram_ctx *cx, bram_nwb_recording *r, const bram_nwb_objects *objects,
                       const bram_options *o)
{
    const bram_nwb_object *response = NULL;
    BRAM_TRY(bram_nwb_choose(cx, &response, r->nwb, objects, bram_option_text(o, "series")));
    if (response) {
        for (size_t i = 0; i < objects->count; i++)
            if (bram_nwb_is_response(&objects->item[i]) && &objects->item[i] != response)
                bram_note(cx, "%s: left out: %s; series=PATH takes it instead of %s", r->id,
                          objects->item[i].path, response->path);
        return bram_nwb_read_response(cx, r, response->path);
    }
    const bram_nwb_object *table = bram_nwb_activity_table(r->nwb, objects);
    if (table) return bram_nwb_read_table(cx, r, table->path);
    for (size_t i = 0; i < objects->count; i++)
        if (objects->item[i].trace) return bram_nwb_read_single(cx, r, objects);
    return without_traces(cx, r->nwb, objects);
}

static int read_recording(bram_ctx *cx, bram_dataset *ds, const bram_nwb *nwb,
                          const bram_options *o)
{
    bram_nwb_recording r = {.nwb = nwb};
    bram_nwb_objects objects = {0};
    struct session s = {{NULL}};
    bram_intake_id(r.id, sizeof r.id, nwb->path, NULL);
    int status = bram_nwb_objects_list(cx, &objects, nwb);
    if (status == BRAM_OK) status = read_traces(cx, &r, &objects, o);
    if (status == BRAM_OK) status = read_session(cx, &s, nwb);
    if (status == BRAM_OK) status = put_recording(cx, ds, &r, &s);
    if (status == BRAM_OK) status = bram_nwb_behaviour(cx, ds, &r, &objects);
    if (status == BRAM_OK && bram_option_is(o, "events", "read"))
        status = bram_nwb_events(cx, ds, &r);
    if (status == BRAM_OK) status = cite(cx, ds, &s);
    bram_nwb_recording_release(&r);
    bram_nwb_objects_release(&objects);
    release_session(&s);
    return status;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    for (size_t i = 0; i < input->count; i++) {
        bram_nwb nwb;
        BRAM_TRY(bram_nwb_open(cx, &nwb, input->paths[i]));
        int status = read_recording(cx, ds, &nwb, o);
        bram_nwb_close(&nwb);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- recognition ---------------------------------------------------------------------------- */

static int judge(bram_ctx *cx, const bram_nwb *nwb, const bram_nwb_objects *objects,
                 const struct session *s, bram_recognition *out)
{
    const bram_nwb_object *response = NULL;
    size_t singles = 0;
    int status = bram_nwb_choose(cx, &response, nwb, objects, "");
    if (status == BRAM_OK && !response) response = bram_nwb_activity_table(nwb, objects);
    if (status == BRAM_ENOMEM) return status;
    bool several = status != BRAM_OK;
    for (size_t i = 0; i < objects->count; i++) singles += objects->item[i].trace;
    bool labels = bram_h5_exists(nwb->root, "processing/CalciumActivity");
    bool traces = several || response || singles;
    int verdict = traces && (is_worm(s) || labels) ? BRAM_MINE : BRAM_MAYBE_MINE;
    if (singles)
        return bram_recognise(out, verdict, "NWB %s with %zu series, one for each neuron",
                              nwb->version, singles);
    return bram_recognise(out, verdict, "NWB %s %s%.100s", nwb->version,
                          traces ? "with traces in " : "without traces of neurons",
                          response  ? response->path
                          : several ? "several response series"
                                    : "");
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_nwb nwb = {0};
    bram_nwb_objects objects = {0};
    struct session s = {{NULL}};
    bool is = false;
    BRAM_TRY(bram_nwb_is(cx, &is, input->paths[0]));
    if (!is) return bram_recognise(out, BRAM_NOT_MINE, "no file of NWB 2");
    int status = bram_nwb_open(cx, &nwb, input->paths[0]);
    if (status == BRAM_OK) status = bram_nwb_objects_list(cx, &objects, &nwb);
    if (status == BRAM_OK) status = read_session(cx, &s, &nwb);
    if (status == BRAM_OK) status = judge(cx, &nwb, &objects, &s, out);
    else if (status != BRAM_ENOMEM)
        status = bram_recognise(out, BRAM_MAYBE_MINE, "NWB 2, damaged: %.120s",
                                bram_ctx_message(cx));
    bram_nwb_objects_release(&objects);
    release_session(&s);
    bram_nwb_close(&nwb);
    return status;
}

/* States without traces, as in early files of Open Source Brain; not what has spikes. */
static int belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    bram_nwb nwb = {0};
    bram_nwb_objects objects = {0};
    bool is = false, traces = false;
    char list[160];
    bram_recognise(out, BRAM_NOT_MINE, "no file of NWB 2");
    BRAM_TRY(bram_nwb_is(cx, &is, path));
    if (!is) return BRAM_OK;
    int status = bram_nwb_open(cx, &nwb, path);
    if (status == BRAM_OK) status = bram_nwb_objects_list(cx, &objects, &nwb);
    if (status == BRAM_OK && !bram_h5_exists(nwb.root, "units")) {
        traces = bram_nwb_activity_table(&nwb, &objects) != NULL;
        for (size_t i = 0; i < objects.count; i++)
            traces |= objects.item[i].trace || bram_nwb_is_response(&objects.item[i]);
        list_series(cx, list, sizeof list, &nwb, &objects);
        if (!traces)
            bram_recognise(out, BRAM_BESIDE_MINE, "NWB %s, holds no traces of neurons: %s",
                           nwb.version, list);
    }
    bram_nwb_objects_release(&objects);
    bram_nwb_close(&nwb);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_nwb_worm = {
    .name = "nwb-worm",
    .summary = "C. elegans whole-brain calcium in NWB 2: DANDI with NeuroPAL labels, Scholz 2018",
    .citation = "the papers that each file names; the format: Ruebel et al. 2022, eLife 11:e78362",
    .doi = "",
    .licence = "not stated",
    .reads = "NWB 2 (HDF5), one file a recording",
    .version = 2,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_HDF5,
    .apart = true,
    .belongs = belongs,
};
