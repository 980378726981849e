/*
 * import_recording.c - from the raw traces of a recording to its activity: who the neurons are, the
 * steps of homogenize.h, and a line of the report for every trace.
 */
#include "import.h"

#include "homogenize.h"
#include "intake.h"
#include "labels.h"
#include "labels_published.h"
#include "spill.h"
#include "traces_published.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What labels say when they are not read as names of worm neurons. */
static const char as_given[] = "as given";

/* One recording between raw and activity. */
struct work {
    const char *id;
    const bram_options *o;
    bram_response *raw;
    size_t rows, cols;
    bool worm;
    bram_label *label;          /* cols */
    const char **raw_label;     /* cols */
    const char *const *further; /* cols: other names that were considered; or NULL */
    const char *const *doubt;   /* cols: why the laboratory doubts a label, or ""; or NULL */
    const char **name;        /* cols: canonical or given name of those that are certain, else "" */
    const double *confidence; /* cols or NULL */
    bram_signals signals;
};

/* ---- identities ----------------------------------------------------------------------------- */

static void read_worm_labels(struct work *w)
{
    bram_label_rules rules = {.single_candidate = bram_option_is(w->o, "ambiguous", "single"),
                              .low_confidence = bram_option_is(w->o, "doubtful", "use")};
    double threshold = bram_option_real(w->o, "confidence");
    for (size_t i = 0; i < w->cols; i++) {
        w->label[i] = bram_label_parse(w->raw_label[i],
                                       w->confidence ? w->confidence[i] : (double)NAN, threshold);
        if (w->further) bram_label_weigh(&w->label[i], w->further[i]);
        if (!w->doubt || !w->doubt[i][0]) continue;
        if (w->label[i].certainty == BRAM_LABEL_UNLABELED) w->label[i].reason = w->doubt[i];
        bram_label_doubt(&w->label[i], w->doubt[i]);
    }
    bram_labels_resolve(w->label, w->cols, &rules, NULL);
}

/* Other species: a label that stands once names its unit. */
static void take_labels_as_given(struct work *w)
{
    for (size_t i = 0; i < w->cols; i++) {
        w->label[i] = (bram_label){.neuron = -1, .reason = "no label"};
        if (!w->raw_label[i][0]) continue;
        w->label[i].certainty = BRAM_LABEL_EXACT;
        w->label[i].reason = as_given;
        for (size_t k = 0; k < w->cols; k++)
            if (k != i && strcmp(w->raw_label[k], w->raw_label[i]) == 0) {
                w->label[i].certainty = BRAM_LABEL_DUPLICATE;
                w->label[i].reason = "several traces have this name";
            }
    }
}

/* Options that the published rules know nothing of must not seem to be heeded. */
static int check_published(bram_ctx *cx, const struct work *w)
{
    bool plain = bram_option_is(w->o, "doubtful", "mark") &&
                 bram_option_is(w->o, "ambiguous", "mark") &&
                 bram_option_is(w->o, "duplicates", "mark") &&
                 bram_option_real(w->o, "confidence") == 2.5;
    if (!plain)
        return bram_fail(cx, BRAM_EUSAGE,
                         "rules=published goes with the defaults of confidence, "
                         "doubtful, ambiguous and duplicates only");
    return w->worm ? BRAM_OK
                   : bram_fail(cx, BRAM_EUSAGE, "rules=published is for neurons of worms");
}

/* Labels by the published rules; what their figures count becomes attributes of the recording. */
static int read_published_labels(bram_ctx *cx, struct work *w, bram_attrs *attrs)
{
    bram_published counts;
    const char *blank = bram_attrs_text(attrs, "blank_labels");
    BRAM_TRY(check_published(cx, w));
    const char **dropped = bram_scratch(cx, w->cols, sizeof *dropped);
    if (!dropped) return BRAM_ENOMEM;
    bool one = blank && strcmp(blank, "text") == 0;
    bram_published_rule rule = bram_published_rule_find(bram_attrs_text(attrs, "published_rule"));
    bram_traces_published(dropped, &w->signals, rule == BRAM_PUBLISHED_SIDES);
    BRAM_TRY(bram_labels_published(cx, w->label, &counts, w->raw_label, dropped, w->cols, w->rows,
                                   one, rule));
    if (counts.left_out) return bram_attrs_set_text(cx, attrs, "published", counts.left_out);
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "published", "kept"));
    BRAM_TRY(bram_attrs_set_integer(cx, attrs, "published_labeled", (int64_t)counts.labeled));
    return bram_attrs_set_integer(cx, attrs, "published_recorded", (int64_t)counts.recorded);
}

static int identify(bram_ctx *cx, struct work *w, bram_attrs *attrs)
{
    if (bram_option_is(w->o, "rules", "published")) BRAM_TRY(read_published_labels(cx, w, attrs));
    else if (w->worm) read_worm_labels(w);
    else take_labels_as_given(w);
    if (w->worm && bram_option_is(w->o, "duplicates", "average"))
        bram_labels_average(w->label, w->cols, w->signals.values, w->signals.mask, w->rows);
    for (size_t i = 0; i < w->cols; i++) {
        bool certain = bram_label_is_certain(&w->label[i]);
        w->name[i] = !certain                 ? ""
                     : w->label[i].neuron < 0 ? w->raw_label[i]
                                              : bram_neuron_at((size_t)w->label[i].neuron)->name;
    }
    return BRAM_OK;
}

static const char *candidates_of(const bram_label *label, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = 0;
    for (size_t k = 0; k < label->candidates && used < bytes; k++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", k ? " " : "",
                                 bram_neuron_at((size_t)label->candidate[k])->name);
    return text;
}

/* The neuron axis of activity: ids are canonical names where they are certain, else trace numbers.
 */
static int make_neuron_axis(bram_ctx *cx, bram_axis **out, const struct work *w)
{
    enum { BYTES = 128 };
    const bram_axis *raw = bram_response_axis(w->raw, 1);
    const char **text = bram_scratch(cx, w->cols, sizeof *text);
    char *buffer = bram_scratch(cx, w->cols, BYTES);
    int64_t *trace = bram_scratch(cx, w->cols, sizeof *trace);
    if (!text || !buffer || !trace) return BRAM_ENOMEM;
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "neuron", w->cols));
    for (size_t i = 0; i < w->cols; i++) {
        text[i] = w->name[i][0] ? w->name[i] : bram_axis_id(raw, i);
        trace[i] = (int64_t)i + 1;
    }
    int status = bram_axis_set_ids(cx, axis, text);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "label", w->name);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "raw_label", w->raw_label);
    for (size_t i = 0; i < w->cols; i++) text[i] = bram_certainty_name(w->label[i].certainty);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "certainty", text);
    for (size_t i = 0; i < w->cols; i++) text[i] = w->label[i].class_name;
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "class", text);
    for (size_t i = 0; i < w->cols; i++) text[i] = w->label[i].reason;
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "reason", text);
    for (size_t i = 0; i < w->cols; i++)
        text[i] = candidates_of(&w->label[i], buffer + i * BYTES, BYTES);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "candidates", text);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, axis, "trace", trace);
    if (status == BRAM_OK && w->confidence)
        status = bram_axis_add_number(cx, axis, "confidence", w->confidence, "");
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* ---- the signals ---------------------------------------------------------------------------- */

static int choice(const bram_options *o, const char *name, const char *const *words)
{
    int i = 0;
    while (words[i + 1] && !bram_option_is(o, name, words[i])) i++;
    return i;
}

static bram_homogenizing steps_of(const bram_options *o)
{
    static const char *const smoothings[] = {"none", "exponential", "moving", "gaussian", NULL};
    static const char *const resamplings[] = {"mean", "linear", "hold", NULL};
    static const char *const stamps[] = {"right", "centre", NULL};
    static const char *const normalizations[] = {"none", "z", "causal", NULL};
    double gap = bram_option_real(o, "gap");
    return (bram_homogenizing){
        .gap = gap > 0 ? gap : -1,
        .smoothing = (bram_smoothing)choice(o, "smooth", smoothings),
        .smooth_seconds = bram_option_real(o, "smooth_s"),
        .dt = bram_option_real(o, "dt"),
        .resampling = (bram_resampling)choice(o, "resample", resamplings),
        .stamp = (bram_stamp)choice(o, "stamp", stamps),
        .normalization = (bram_normalization)choice(o, "normalize", normalizations),
        .from = bram_option_real(o, "from"),
        .to = bram_option_real(o, "to"),
        .burn_in = bram_option_real(o, "burn_in"),
    };
}

static bram_filter filter_of(const bram_response *raw)
{
    const char *filter = bram_attrs_text(bram_response_attrs_const(raw), "filter");
    if (filter && strcmp(filter, "non-causal") == 0) return BRAM_FILTER_NON_CAUSAL;
    return filter && strcmp(filter, "causal") == 0 ? BRAM_FILTER_CAUSAL : BRAM_FILTER_NONE;
}

static int take_signals(bram_ctx *cx, struct work *w)
{
    const double *time = bram_axis_values(bram_response_axis(w->raw, 0));
    size_t count, mark = bram_scratch_mark(cx);
    if (!time)
        return bram_fail(cx, BRAM_EFORMAT, "recording %s has raw traces without a time axis",
                         w->id);
    if (__builtin_mul_overflow(w->rows, w->cols, &count))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu x %zu values", w->rows, w->cols);
    double *values = bram_scratch(cx, count, sizeof *values);
    uint8_t *present = bram_scratch(cx, count, 1);
    int status = values && present ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = bram_response_read(cx, w->raw, (size_t[]){0, 0}, (size_t[]){w->rows, w->cols},
                                    values, present);
    if (status == BRAM_OK)
        status = bram_signals_init(cx, &w->signals, w->rows, w->cols, time, values, present);
    bram_scratch_release(cx, mark);
    if (status != BRAM_OK) return status;
    const bram_column *piece = bram_axis_column(bram_response_axis(w->raw, 0), "segment");
    w->signals.piece = piece && piece->type == BRAM_INTEGER ? piece->integer : NULL;
    w->signals.filter = filter_of(w->raw);
    return BRAM_OK;
}

/*
 * A gap ends a segment also when the steps were told not to heed it: what reads the file must know.
 * @return the number of segments
 */
static int64_t number_segments(const bram_signals *s, int64_t *segment)
{
    int64_t number = 1;
    for (size_t g = 0; g < s->segments; g++)
        for (size_t i = s->start[g]; i < s->start[g + 1]; i++) {
            bool gap = i && s->time[i] - s->time[i - 1] > 3 * s->step;
            number += i && (gap || i == s->start[g]);
            segment[i] = number;
        }
    return number;
}

static int make_time_axis(bram_ctx *cx, bram_axis **out, const bram_signals *s)
{
    bram_axis *axis = NULL;
    int64_t *segment = bram_scratch(cx, s->rows, sizeof *segment);
    if (!segment) return BRAM_ENOMEM;
    BRAM_TRY(bram_axis_new(cx, &axis, "time", s->rows));
    int status = bram_axis_set_values(cx, axis, s->time, "s");
    if (status == BRAM_OK && number_segments(s, segment) > 1)
        status = bram_axis_add_integer(cx, axis, "segment", segment);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int copy_values(bram_ctx *cx, bram_response *r, const bram_signals *s)
{
    size_t count = s->rows * s->cols, missing = 0;
    float *to = bram_response_f32(r);
    for (size_t k = 0; k < count; k++) {
        to[k] = (float)s->values[k];
        missing += !s->mask[k];
    }
    uint8_t *mask = missing ? bram_response_mask(cx, r) : NULL;
    if (missing && !mask) return BRAM_ENOMEM;
    if (mask) memcpy(mask, s->mask, count);
    return BRAM_OK;
}

static int describe(bram_ctx *cx, bram_response *r, const struct work *w)
{
    const char *unit = bram_attrs_text(bram_response_attrs(w->raw), "unit");
    const char *given = bram_attrs_text(bram_response_attrs(w->raw), "filter");
    bool scaled = !bram_option_is(w->o, "normalize", "none");
    bram_attrs *attrs = bram_response_attrs(r);
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "unit", scaled ? "z" : unit ? unit : ""));
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "filter",
                                 w->signals.filter == BRAM_FILTER_NONE && given
                                     ? given
                                     : bram_filter_name(w->signals.filter)));
    return bram_attrs_set_text(cx, attrs, "history",
                               w->signals.history[0] ? w->signals.history : "as raw");
}

static int make_activity(bram_ctx *cx, bram_response **out, const struct work *w)
{
    bram_axis *axes[2] = {NULL, NULL};
    bram_response *r = NULL;
    int status = make_time_axis(cx, &axes[0], &w->signals);
    if (status == BRAM_OK) status = make_neuron_axis(cx, &axes[1], w);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "activity", BRAM_F32, 2,
                                   (const bram_axis *const[]){axes[0], axes[1]});
    bram_axis_free(axes[0]);
    bram_axis_free(axes[1]);
    if (status == BRAM_OK) status = copy_values(cx, r, &w->signals);
    if (status == BRAM_OK) status = describe(cx, r, w);
    if (status == BRAM_OK) *out = r;
    else bram_response_free(r);
    return status;
}

/* ---- a recording ---------------------------------------------------------------------------- */

static bool reads_as_worm(const struct work *w, const bram_attrs *attrs)
{
    const char *species = attrs ? bram_attrs_text(attrs, "species") : NULL;
    if (bram_option_is(w->o, "identities", "auto"))
        return species && strcmp(species, BRAM_SPECIES_WORM) == 0;
    return bram_option_is(w->o, "identities", "worm");
}

static const char *const *text_of(const bram_axis *axis, const char *name)
{
    const bram_column *column = bram_axis_column(axis, name);
    return column && column->type == BRAM_TEXT ? column->text : NULL;
}

static int prepare(bram_ctx *cx, struct work *w)
{
    const bram_axis *neuron = bram_response_axis(w->raw, 1);
    const char *const *label = text_of(neuron, "raw_label");
    const bram_column *confidence = bram_axis_column(neuron, "confidence");
    w->rows = bram_response_length(w->raw, 0);
    w->cols = bram_response_length(w->raw, 1);
    w->label = bram_scratch(cx, w->cols, sizeof *w->label);
    w->raw_label = bram_scratch(cx, w->cols, sizeof *w->raw_label);
    w->name = bram_scratch(cx, w->cols, sizeof *w->name);
    if (!w->label || !w->raw_label || !w->name) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->cols; i++) w->raw_label[i] = label ? label[i] : "";
    w->further = text_of(neuron, "further_labels");
    w->doubt = text_of(neuron, "doubt");
    w->confidence = confidence && confidence->type == BRAM_NUMBER ? confidence->number : NULL;
    return BRAM_OK;
}

static int import_one(bram_ctx *cx, bram_dataset *ds, struct work *w, const char *group)
{
    bram_response *activity = NULL;
    BRAM_TRY(prepare(cx, w));
    BRAM_TRY(take_signals(cx, w));
    bram_attrs *attrs = bram_dataset_attrs(cx, ds, group);
    if (!attrs) return BRAM_ENOMEM;
    BRAM_TRY(identify(cx, w, attrs));
    bram_homogenizing steps = steps_of(w->o);
    BRAM_TRY(bram_signals_homogenize(cx, &w->signals, &steps));
    BRAM_TRY(make_activity(cx, &activity, w));
    BRAM_TRY(bram_dataset_add(cx, ds, group, activity));
    BRAM_TRY(bram_dataset_spill(cx, ds, activity));
    attrs = bram_dataset_attrs(cx, ds, group);
    if (!attrs) return BRAM_ENOMEM;
    return isfinite(w->signals.step) ? bram_attrs_set_number(cx, attrs, "dt", w->signals.step)
                                     : BRAM_OK;
}

/* ---- the report ----------------------------------------------------------------------------- */

static const char *id_at(const bram_dataset *ds, const char *const *order, size_t i)
{
    return order ? order[i] : bram_dataset_group_at(ds, "recordings", i);
}

/* A row for every trace of every recording that has activity. */
int bram_import_report(bram_ctx *cx, bram_dataset *ds, const char *const *order, size_t count)
{
    static const char *const copied[] = {"raw_label", "label", "certainty", "reason", "candidates"};
    enum { COPIED = sizeof copied / sizeof *copied };
    size_t recordings = order ? count : bram_dataset_groups(ds, "recordings"), rows = 0, at = 0;
    const bram_axis **axis = bram_scratch(cx, recordings, sizeof *axis);
    if (!axis) return BRAM_ENOMEM;
    for (size_t i = 0; i < recordings; i++) {
        char *path = bram_strf(cx, "recordings/%s/activity", id_at(ds, order, i));
        if (!path) return BRAM_ENOMEM;
        bram_response *r = bram_dataset_response(ds, path);
        bram_free(path);
        axis[i] = r ? bram_response_axis(r, 1) : NULL;
        rows += axis[i] ? bram_axis_length(axis[i]) : 0;
    }
    if (rows == 0 || bram_dataset_table(ds, "import_report")) return BRAM_OK;
    const char **text = bram_scratch(cx, rows * (COPIED + 1), sizeof *text);
    int64_t *trace = bram_scratch(cx, rows, sizeof *trace);
    if (!text || !trace) return BRAM_ENOMEM;
    for (size_t i = 0; i < recordings; i++)
        for (size_t k = 0; axis[i] && k < bram_axis_length(axis[i]); k++, at++) {
            text[at] = id_at(ds, order, i);
            trace[at] = (int64_t)k + 1;
            for (size_t c = 0; c < COPIED; c++)
                text[(c + 1) * rows + at] = bram_axis_column(axis[i], copied[c])->text[k];
        }
    bram_axis *table = NULL;
    int status = bram_axis_new(cx, &table, "import_report", rows);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "recording", text);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, table, "trace", trace);
    for (size_t c = 0; status == BRAM_OK && c < COPIED; c++)
        status = bram_axis_add_text(cx, table, copied[c], text + (c + 1) * rows);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "", table);
    bram_axis_free(table);
    return status;
}

static int import_recording(bram_ctx *cx, bram_dataset *ds, const bram_options *options,
                            const char *id)
{
    char *group = bram_strf(cx, "recordings/%s", id),
         *path = bram_strf(cx, "recordings/%s/raw", id);
    struct work w = {.id = id, .o = options};
    int status = group && path ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) w.raw = bram_dataset_response(ds, path);
    if (w.raw && bram_response_dims(w.raw) == 2) {
        w.worm = reads_as_worm(&w, bram_dataset_find_attrs(ds, group));
        status = import_one(cx, ds, &w, group);
    }
    bram_signals_release(&w.signals);
    bram_free(group);
    bram_free(path);
    return status == BRAM_OK ? BRAM_OK : bram_fail_prefix(cx, status, "recording %s", id);
}

int bram_import_recordings(bram_ctx *cx, bram_dataset *ds, const bram_options *options)
{
    size_t mark = bram_scratch_mark(cx), recordings = bram_dataset_groups(ds, "recordings");
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < recordings; i++) {
        const char *id = bram_dataset_group_at(ds, "recordings", i);
        bram_ctx_progress(cx, id, (double)i, (double)recordings);
        status = bram_ctx_check_cancel(cx);
        if (status == BRAM_OK) status = import_recording(cx, ds, options, id);
        bram_scratch_release(cx, mark);
    }
    if (status == BRAM_OK) status = bram_import_report(cx, ds, NULL, 0);
    bram_scratch_release(cx, mark);
    return status;
}
