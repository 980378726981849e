/*
 * allen_neuropixels_units.c - the units of a session: their spikes, metrics and places, and which
 * of them are kept; see allen_neuropixels.c.
 */
#include "allen_neuropixels.h"

#include <math.h>
#include <string.h>

static const char units[] = "units";
static const char electrodes[] = "general/extracellular_ephys/electrodes";
static const char *const metric_name[BRAM_NEUROPIXELS_METRICS] = {
    "isi_violations", "amplitude_cutoff", "presence_ratio", "snr", "firing_rate"};

/* ---- reading -------------------------------------------------------------------------------- */

/* Where each unit's peak channel is. */
static int read_places(bram_ctx *cx, bram_neuropixels *w)
{
    static const char *const axis[] = {"x", "y", "z"};
    double *channel = NULL, *id = NULL, *place[3] = {NULL};
    const char **location = NULL;
    size_t n = 0;
    BRAM_TRY(bram_neuropixels_numbers(cx, &channel, w, units, "peak_channel_id", &w->all));
    if (!channel) return BRAM_OK;
    BRAM_TRY(bram_neuropixels_numbers(cx, &id, w, electrodes, "id", &n));
    if (!id) return BRAM_OK;
    if (bram_nwb_has_column(&w->nwb, electrodes, "location"))
        BRAM_TRY(bram_neuropixels_texts(cx, &location, w, electrodes, "location", n));
    for (size_t d = 0; d < 3; d++)
        BRAM_TRY(bram_neuropixels_numbers(cx, &place[d], w, electrodes, axis[d], &n));
    for (size_t i = 0; i < w->all; i++) {
        size_t k = 0;
        while (k < n && id[k] != channel[i]) k++;
        if (k == n) continue;
        if (location) w->area[i] = location[k];
        for (size_t d = 0; d < 3; d++)
            if (place[d]) w->place[d][i] = place[d][k];
    }
    return BRAM_OK;
}

static int read_units(bram_ctx *cx, bram_neuropixels *w)
{
    bram_h5_info info;
    BRAM_TRY(bram_h5_measure(cx, &info, w->nwb.root, "units/spike_times"));
    if (info.rank != 1)
        return bram_fail(cx, BRAM_EFORMAT, "%s: units/spike_times has %u dimensions, expected 1",
                         w->nwb.path, info.rank);
    BRAM_TRY(bram_nwb_ragged(cx, &w->begin, &w->all, &w->nwb, units, "spike_times", info.elements));
    w->area = bram_scratch(cx, w->all, sizeof *w->area);
    if (!w->area) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->all; i++) w->area[i] = "";
    for (size_t d = 0; d < 3; d++) {
        if (!(w->place[d] = bram_scratch(cx, w->all, sizeof **w->place))) return BRAM_ENOMEM;
        for (size_t i = 0; i < w->all; i++) w->place[d][i] = (double)NAN;
    }
    if (!w->all) return bram_fail(cx, BRAM_EFORMAT, "%s: units: found none", w->nwb.path);
    for (size_t k = 0; k < BRAM_NEUROPIXELS_METRICS; k++)
        BRAM_TRY(bram_neuropixels_numbers(cx, &w->metric[k], w, units, metric_name[k], &w->all));
    if (bram_nwb_has_column(&w->nwb, units, "quality"))
        BRAM_TRY(bram_neuropixels_texts(cx, &w->quality, w, units, "quality", w->all));
    double *number = NULL;
    BRAM_TRY(bram_neuropixels_numbers(cx, &number, w, units, "id", &w->all));
    w->number = number ? bram_scratch(cx, w->all, sizeof *w->number) : NULL;
    if (number && !w->number) return BRAM_ENOMEM;
    for (size_t i = 0; number && i < w->all; i++) {
        if (!(fabs(number[i]) < 9e15))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: units/id: entry %zu is %g, expected a number of "
                             "a unit",
                             w->nwb.path, i + 1, number[i]);
        w->number[i] = (int64_t)number[i];
    }
    return read_places(cx, w);
}

/* ---- choosing ------------------------------------------------------------------------------- */

/* Whether a text stands in a list joined by +. */
static bool is_listed(const char *list, const char *text)
{
    size_t length = strlen(text);
    for (const char *at = list; at; at = strchr(at, '+')) {
        at += *at == '+';
        if (strcspn(at, "+") == length && strncmp(at, text, length) == 0) return true;
        if (!*at) break;
    }
    return false;
}

/* Units of the wanted quality and areas. */
static int choose_named(bram_ctx *cx, bram_neuropixels *w, const char *areas, const char *quality)
{
    if (!(w->unit = bram_scratch(cx, w->all, sizeof *w->unit))) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->all; i++) {
        bool good = !*quality || !w->quality || strcmp(w->quality[i], quality) == 0;
        if (good && (!*areas || is_listed(areas, w->area[i]))) w->unit[w->kept++] = i;
    }
    if (w->kept) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT, "%s: none of %zu units is %s%s%s%s%s", w->nwb.path, w->all,
                     *quality ? "of quality " : "", quality, *quality && *areas ? " and " : "",
                     *areas ? "in " : "", areas);
}

/* A default that the file does not allow for is no rule; one that was asked for is an error. */
static double limit_of(bram_ctx *cx, const bram_neuropixels *w, size_t metric, double standard)
{
    double limit = bram_option_real(w->o, metric_name[metric]);
    if (w->metric[metric] || limit != standard) return limit;
    bram_note(cx, "%s: the units have no %s: not filtered by it", w->id, metric_name[metric]);
    return (double)NAN;
}

static int choose_units(bram_ctx *cx, bram_neuropixels *w)
{
    const char *areas = bram_option_text(w->o, "areas"),
               *quality = bram_option_text(w->o, "quality");
    char *words = NULL;
    BRAM_TRY(choose_named(cx, w, areas, quality));
    const bram_unit_rule rules[] = {
        {metric_name[0], w->metric[0], limit_of(cx, w, 0, 0.5), false},
        {metric_name[1], w->metric[1], limit_of(cx, w, 1, 0.1), false},
        {metric_name[2], w->metric[2], limit_of(cx, w, 2, 0.9), true},
        {metric_name[3], w->metric[3], bram_option_real(w->o, "snr"), true},
        {metric_name[4], w->metric[4], bram_option_real(w->o, "firing_rate"), true},
        {NULL}};
    int status = bram_shown_filter(cx, w->unit, &w->kept, &words, rules);
    if (status != BRAM_OK) return bram_fail_prefix(cx, status, "%s", w->nwb.path);
    bool graded = *quality && w->quality;
    w->words = bram_strf(cx, "%s%s%s%s%s%s", words, graded ? ", quality " : "",
                         graded ? quality : "", *areas ? ", in " : "", areas, "");
    bram_free(words);
    return w->words ? BRAM_OK : BRAM_ENOMEM;
}

int bram_neuropixels_units(bram_ctx *cx, bram_neuropixels *w)
{
    BRAM_TRY(read_units(cx, w));
    return choose_units(cx, w);
}

/* ---- their axis ----------------------------------------------------------------------------- */

int bram_neuropixels_unit_axis(bram_ctx *cx, bram_neuropixels *w)
{
    size_t n = w->kept;
    double *metric[BRAM_NEUROPIXELS_METRICS] = {NULL}, *place[3] = {NULL};
    int64_t *number = bram_scratch(cx, n, sizeof *number);
    const char **area = bram_scratch(cx, n, sizeof *area), **id = NULL;
    if (!number || !area) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        number[i] = w->number ? w->number[w->unit[i]] : (int64_t)w->unit[i] + 1;
        area[i] = w->area[w->unit[i]];
    }
    for (size_t k = 0; k < BRAM_NEUROPIXELS_METRICS + 3; k++) {
        const double *from = k < BRAM_NEUROPIXELS_METRICS ? w->metric[k]
                                                          : w->place[k - BRAM_NEUROPIXELS_METRICS];
        double *to = from ? bram_scratch(cx, n, sizeof *to) : NULL;
        if (from && !to) return BRAM_ENOMEM;
        for (size_t i = 0; from && i < n; i++) to[i] = from[w->unit[i]];
        if (k < BRAM_NEUROPIXELS_METRICS) metric[k] = to;
        else place[k - BRAM_NEUROPIXELS_METRICS] = to;
    }
    if (!(id = bram_shown_numbers(cx, n, "", 1, number))) return BRAM_ENOMEM;
    const bram_field fields[] = {{"area", .text = area},
                                 {metric_name[0], .number = metric[0]},
                                 {metric_name[1], .number = metric[1]},
                                 {metric_name[2], .number = metric[2]},
                                 {metric_name[3], .number = metric[3]},
                                 {metric_name[4], .number = metric[4], .unit = "1/s"},
                                 {"x", .number = place[0], .unit = "um"},
                                 {"y", .number = place[1], .unit = "um"},
                                 {"z", .number = place[2], .unit = "um"},
                                 {NULL}};
    return bram_shown_axis(cx, &w->axis[1], "neuron", n, id, fields);
}
