/*
 * spike_times.c - sorted spikes, as times, to counts in bins.
 *
 * Read are
 *   - a table of text with two columns, the number of a unit (from 1) and a time in seconds, one
 * row a spike, without headings (PPSeq: Williams et al. 2020);
 *   - a MATLAB file with cells of cells (session, epoch, tetrode, unit) of structs that have a
 * field `time` (nelpy example data). Empty cells and units without a spike are left out. A unit is
 * called by its numbers in the cells that have more than one element: 3.2 is unit 2 of tetrode 3.
 *
 * The width of a bin must be said. Bin i counts the spikes of [from + i bin, from + (i + 1) bin)
 * and its stamp is its end, when the count is known. Times within a billionth of a bin of an edge
 * belong to the later bin: they are multiples of a frame that no double hits. from and to are whole
 * bins of the clock about the first and last spike unless they are given.
 *
 * A second file may be the track of an animal (".videoPositionTracking" of Trodes): a text header
 * with the clock's rate and the fields, then records; the fields xloc and yloc become behaviour.
 */
#include "intake.h"

#include "csvfile.h"
#include "file.h"
#include "matlab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_BYTES = 48, MOST_UNITS = 100000, MOST_CELLS = 4096, MOST_DEPTH = 6 };

static const double MOST_BINS = 1e9, EDGE = 1e-9, NEVER = 1e12;

static const bram_param params[] = {
    {"bin", BRAM_PARAM_REAL, "0", NULL, 0, 1e9, "width of a bin in seconds; must be said"},
    {"from", BRAM_PARAM_REAL, "-1e12", NULL, -1e12, 1e12,
     "the first bin's beginning on the file's clock; by default the first spike's bin"},
    {"to", BRAM_PARAM_REAL, "1e12", NULL, -1e12, 1e12,
     "no bin ends behind it; by default the end of the last spike's bin"},
    {"units", BRAM_PARAM_INTEGER, "0", NULL, 0, MOST_UNITS,
     "how many units a table is of, silent ones included; 0: the largest number in it"},
    {"variable", BRAM_PARAM_TEXT, "spikes", NULL, 0, 0, "of a MATLAB file"},
    {"species", BRAM_PARAM_TEXT, "unknown", NULL, 0, 0, "e.g. Rattus norvegicus"},
    {"condition", BRAM_PARAM_TEXT, "unknown", NULL, 0, 0, "strain, treatment, task"},
    {"id", BRAM_PARAM_TEXT, "", NULL, 0, 0, "the recording's name; by default the file's"},
    {.name = NULL}};

/* Spikes in the order of the file. */
struct spikes {
    size_t count, room, units, unit_room;
    double *time;
    size_t *unit;
    char (*label)[LABEL_BYTES]; /* of each unit */
};

static void release(struct spikes *s)
{
    bram_free(s->time);
    bram_free(s->unit);
    bram_free(s->label);
}

static int add_spike(bram_ctx *cx, struct spikes *s, size_t unit, double time)
{
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 4096;
        double *times = bram_alloc(cx, room, sizeof *times);
        size_t *units = bram_alloc(cx, room, sizeof *units);
        if (!times || !units) {
            bram_free(times);
            bram_free(units);
            return BRAM_ENOMEM;
        }
        if (s->count) memcpy(times, s->time, s->count * sizeof *times);
        if (s->count) memcpy(units, s->unit, s->count * sizeof *units);
        bram_free(s->time);
        bram_free(s->unit);
        s->time = times, s->unit = units, s->room = room;
    }
    s->time[s->count] = time;
    s->unit[s->count++] = unit;
    return BRAM_OK;
}

/* ---- a table of text ------------------------------------------------------------------------ */

/* Room for the labels of a known number of units. */
static int make_labels(bram_ctx *cx, struct spikes *s, size_t units)
{
    s->label = bram_alloc(cx, units ? units : 1, sizeof *s->label);
    if (!s->label) return BRAM_ENOMEM;
    s->units = s->unit_room = units;
    return BRAM_OK;
}

static int read_table(bram_ctx *cx, struct spikes *s, const bram_csv *t, const char *path,
                      size_t units)
{
    size_t largest = 0;
    if (bram_csv_cols(t) != 2)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found %zu columns, expected two: the number of a unit and a time in "
                         "seconds",
                         path, bram_csv_cols(t));
    for (size_t r = 0; r < bram_csv_rows(t); r++) {
        double unit, time;
        BRAM_TRY(bram_csv_number(cx, t, r, 0, 0, &unit));
        BRAM_TRY(bram_csv_number(cx, t, r, 1, 0, &time));
        if (!(unit >= 1) || unit != floor(unit) || unit > (units ? (double)units : MOST_UNITS))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: line %zu: unit %g, expected a whole number from 1 to %zu", path,
                             bram_csv_line(t, r), unit, units ? units : (size_t)MOST_UNITS);
        if ((size_t)unit > largest) largest = (size_t)unit;
        BRAM_TRY(add_spike(cx, s, (size_t)unit - 1, time));
    }
    BRAM_TRY(make_labels(cx, s, units ? units : largest));
    for (size_t u = 0; u < s->units; u++) snprintf(s->label[u], LABEL_BYTES, "%zu", u + 1);
    return BRAM_OK;
}

/* ---- MATLAB --------------------------------------------------------------------------------- */

/* Where a value stands in cells of cells. */
struct place {
    size_t depth, index[MOST_DEPTH], count[MOST_DEPTH];
};

/* "3.2": the numbers in those cells that have more than one element. */
static void label_of(char *out, const struct place *p)
{
    size_t used = 0;
    out[0] = 0;
    for (size_t i = 0; i < p->depth && used < LABEL_BYTES; i++)
        if (p->count[i] > 1)
            used += (size_t)snprintf(out + used, LABEL_BYTES - used, "%s%zu", used ? "." : "",
                                     p->index[i] + 1);
    if (!used) snprintf(out, LABEL_BYTES, "1");
}

static int add_unit(bram_ctx *cx, struct spikes *s, bram_matlab_value *v, const struct place *p)
{
    bram_matlab_value *field = NULL;
    double *times = NULL;
    if (s->units == s->unit_room)
        return bram_fail(cx, BRAM_EFORMAT, "%s: more than %zu units", bram_matlab_name(v),
                         s->unit_room);
    BRAM_TRY(bram_matlab_field(cx, &field, v, "time", 0));
    if (bram_matlab_count(field) == 0) return BRAM_OK;
    BRAM_TRY(bram_matlab_numbers(cx, &times, field));
    int status = BRAM_OK;
    for (size_t i = 0; i < bram_matlab_count(field) && status == BRAM_OK; i++) {
        if (!isfinite(times[i]))
            status = bram_fail(cx, BRAM_EFORMAT, "%s: time %zu is %g", bram_matlab_name(field), i,
                               times[i]);
        else status = add_spike(cx, s, s->units, times[i]);
    }
    bram_free(times);
    BRAM_TRY(status);
    label_of(s->label[s->units++], p);
    return BRAM_OK;
}

/* Structs are units, cells hold more of them, anything else (an empty array) is none. */
static int read_cells(bram_ctx *cx, struct spikes *s, bram_matlab_value *v, struct place *p)
{
    if (bram_matlab_kind_of(v) == BRAM_MATLAB_STRUCT && bram_matlab_count(v) > 0)
        return add_unit(cx, s, v, p);
    if (bram_matlab_kind_of(v) != BRAM_MATLAB_CELL) return BRAM_OK;
    if (p->depth == MOST_DEPTH)
        return bram_fail(cx, BRAM_EFORMAT, "%s: cells in cells deeper than %d", bram_matlab_name(v),
                         MOST_DEPTH);
    size_t at = p->depth++;
    p->count[at] = bram_matlab_count(v);
    for (size_t i = 0; i < p->count[at]; i++) {
        bram_matlab_value *element = NULL;
        p->index[at] = i;
        BRAM_TRY(bram_matlab_cell(cx, &element, v, i));
        BRAM_TRY(read_cells(cx, s, element, p));
    }
    p->depth--;
    return BRAM_OK;
}

static int read_variable(bram_ctx *cx, struct spikes *s, bram_matlab_value *all)
{
    struct place p = {0};
    if (bram_matlab_kind_of(all) != BRAM_MATLAB_CELL)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s is a %s, expected cells, of cells, of structs with the field time",
                         bram_matlab_name(all), bram_matlab_class(all));
    BRAM_TRY(make_labels(cx, s, MOST_CELLS));
    s->units = 0;
    return read_cells(cx, s, all, &p);
}

static int read_matlab(bram_ctx *cx, struct spikes *s, const char *path, const char *variable)
{
    bram_matlab *file = NULL;
    bram_matlab_value *all = NULL;
    BRAM_TRY(bram_matlab_open(cx, &file, path));
    int status = bram_matlab_variable(cx, &all, file, variable);
    if (status == BRAM_OK) status = read_variable(cx, s, all);
    bram_matlab_close(file);
    return status;
}

static bool is_matlab(const char *path)
{
    bram_ctx *cx = bram_ctx_new();
    bram_matlab *file = NULL;
    bool is = cx && bram_matlab_open(cx, &file, path) == BRAM_OK;
    bram_matlab_close(file);
    bram_ctx_free(cx);
    return is;
}

static int read_spikes(bram_ctx *cx, struct spikes *s, const char *path, const bram_options *o)
{
    if (is_matlab(path)) return read_matlab(cx, s, path, bram_option_text(o, "variable"));
    bram_csv *t = NULL;
    BRAM_TRY(bram_csv_read(cx, &t, path, NULL));
    int status = read_table(cx, s, t, path, (size_t)bram_option_integer(o, "units"));
    bram_csv_free(t);
    return status;
}

/* ---- bins ----------------------------------------------------------------------------------- */

/* The bin of a time, from a first one at `from`; below 0: before it. */
static double bin_of(double time, double from, double bin)
{
    return floor((time - from) / bin + EDGE);
}

struct grid {
    double from, bin;
    size_t bins;
};

static int make_grid(bram_ctx *cx, struct grid *g, const struct spikes *s, const char *path,
                     const bram_options *o)
{
    double bin = bram_option_real(o, "bin"), from = bram_option_real(o, "from");
    double to = bram_option_real(o, "to"), first = INFINITY, last = -INFINITY;
    for (size_t i = 0; i < s->count; i++)
        first = fmin(first, s->time[i]), last = fmax(last, s->time[i]);
    if (!(bin > 0))
        return bram_fail(cx, BRAM_EUSAGE, "%s: spike times need bin=SECONDS, the width of a bin",
                         path);
    if (s->count == 0) return bram_fail(cx, BRAM_EFORMAT, "%s: there is no spike in it", path);
    if (from <= -NEVER) from = bin_of(first, 0, bin) * bin;
    double bins = to >= NEVER ? bin_of(last, from, bin) + 1 : floor((to - from) / bin + EDGE);
    if (!(bins >= 1) || bins > MOST_BINS)
        return bram_fail(cx, BRAM_EUSAGE,
                         "%s: from %g to %g s are %g bins of %g s; spikes are from %g to %g s",
                         path, from, to >= NEVER ? last : to, bins, bin, first, last);
    *g = (struct grid){from, bin, (size_t)bins};
    return BRAM_OK;
}

static int count_spikes(bram_ctx *cx, double **out, const struct spikes *s, const struct grid *g)
{
    double *counts = bram_alloc(cx, g->bins, s->units * sizeof *counts);
    if (!counts) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->count; i++) {
        double at = bin_of(s->time[i], g->from, g->bin);
        if (at >= 0 && at < (double)g->bins) counts[(size_t)at * s->units + s->unit[i]]++;
    }
    *out = counts;
    return BRAM_OK;
}

static int put_counts(bram_ctx *cx, bram_dataset *ds, const char *id, const struct spikes *s,
                      const struct grid *g, double *counts)
{
    double *time = bram_scratch(cx, g->bins, sizeof *time);
    const char **label = bram_scratch(cx, s->units, sizeof *label);
    if (!time || !label) return BRAM_ENOMEM;
    for (size_t i = 0; i < g->bins; i++) time[i] = g->from + (double)(i + 1) * g->bin;
    for (size_t u = 0; u < s->units; u++) label[u] = s->label[u];
    const bram_traces traces = {.rows = g->bins,
                                .cols = s->units,
                                .time = time,
                                .values = counts,
                                .labels = label,
                                .unit = "count",
                                .filter = "none"};
    return bram_intake_traces(cx, ds, id, &traces);
}

/* ---- the track ------------------------------------------------------------------------------ */

/* Of a record's fields: how many bytes it has, and where time and places are in it. */
struct track {
    const unsigned char *records;
    size_t count, bytes, time, x, y;
    double rate;
};

static uint32_t little(const unsigned char *p, size_t bytes)
{
    uint32_t value = 0;
    for (size_t i = bytes; i-- > 0;) value = value << 8 | p[i];
    return value;
}

/* "<time uint32><xloc uint16>..." */
static int read_fields(bram_ctx *cx, struct track *k, const char *text, const char *path)
{
    bool time = false, x = false, y = false;
    for (; *text == '<'; text = strchr(text, '>') + 1) {
        char name[32], type[32];
        if (!strchr(text, '>') || sscanf(text, "<%31[^ >] %31[^ >]>", name, type) != 2) break;
        size_t bytes = strcmp(type, "uint32") == 0 ? 4 : strcmp(type, "uint16") == 0 ? 2 : 0;
        if (!bytes)
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: field %s is of type %s, expected uint32 or uint16", path, name,
                             type);
        if (strcmp(name, "time") == 0 && bytes == 4) k->time = k->bytes, time = true;
        if (strcmp(name, "xloc") == 0 && bytes == 2) k->x = k->bytes, x = true;
        if (strcmp(name, "yloc") == 0 && bytes == 2) k->y = k->bytes, y = true;
        k->bytes += bytes;
    }
    if (time && x && y) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s: expected the fields <time uint32><xloc uint16><yloc uint16>", path);
}

static int read_header(bram_ctx *cx, struct track *k, const unsigned char *bytes, size_t size,
                       const char *path)
{
    static const char end_mark[] = "<End settings>\n";
    const char *text = (const char *)bytes, *end = strstr(text, end_mark);
    const char *rate = strstr(text, "\nclockrate: "), *fields = strstr(text, "\nFields: ");
    if (strncmp(text, "<Start settings>", 16) != 0 || !end || !rate || rate > end || !fields ||
        fields > end)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: expected a header from <Start settings> to <End settings> with "
                         "clockrate and Fields",
                         path);
    k->rate = strtod(rate + 12, NULL);
    if (!(k->rate > 0)) return bram_fail(cx, BRAM_EFORMAT, "%s: clockrate is not above 0", path);
    BRAM_TRY(read_fields(cx, k, fields + 9, path));
    k->records = (const unsigned char *)end + sizeof end_mark - 1;
    size_t left = size - (size_t)(k->records - bytes);
    k->count = left / k->bytes;
    if (left % k->bytes || k->count == 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %zu bytes behind the header, expected records of %zu", path, left,
                         k->bytes);
    return BRAM_OK;
}

static int put_track(bram_ctx *cx, bram_dataset *ds, const char *id, const struct track *k)
{
    static const char *const names[] = {"x", "y"}, *const units[] = {"pixel", "pixel"};
    double *time = bram_alloc(cx, k->count, 3 * sizeof *time);
    if (!time) return BRAM_ENOMEM;
    double *place = time + k->count;
    size_t used = 0;
    for (size_t i = 0; i < k->count; i++) {
        const unsigned char *at = k->records + i * k->bytes;
        double stamp = little(at + k->time, 4) / k->rate;
        if (used && !(stamp > time[used - 1])) continue; /* a frame that was stored twice */
        time[used] = stamp;
        place[2 * used] = little(at + k->x, 2);
        place[2 * used + 1] = little(at + k->y, 2);
        used++;
    }
    if (used < k->count)
        bram_note(cx,
                  "%s: %zu of %zu places of the track are left out: their stamps are not after "
                  "the one before",
                  id, k->count - used, k->count);
    int status = bram_intake_behaviour(cx, ds, id, used, 2, time, place, names, units);
    bram_free(time);
    return status;
}

static int read_track(bram_ctx *cx, bram_dataset *ds, const char *id, const char *path)
{
    unsigned char *bytes = NULL;
    size_t size;
    struct track k = {0};
    BRAM_TRY(bram_file_read(cx, &bytes, &size, path, 0));
    int status = read_header(cx, &k, bytes, size, path);
    if (status == BRAM_OK) status = put_track(cx, ds, id, &k);
    bram_free(bytes);
    return status;
}

/* ---- the recording -------------------------------------------------------------------------- */

static int put_recording(bram_ctx *cx, bram_dataset *ds, const struct spikes *s, const char *path,
                         const char *id, const bram_options *o)
{
    const char *slash = strrchr(path, '/');
    double *counts = NULL;
    struct grid g = {0};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(make_grid(cx, &g, s, path, o));
    BRAM_TRY(count_spikes(cx, &counts, s, &g));
    int status = put_counts(cx, ds, id, s, &g, counts);
    bram_free(counts);
    bram_scratch_release(cx, mark);
    BRAM_TRY(status);
    BRAM_TRY(bram_intake_spikes(cx, ds, id, s->count, s->unit, s->time));
    BRAM_TRY(bram_intake_text(cx, ds, id, "subject", id));
    BRAM_TRY(bram_intake_text(cx, ds, id, "session", id));
    BRAM_TRY(bram_intake_text(cx, ds, id, "species", bram_option_text(o, "species")));
    BRAM_TRY(bram_intake_text(cx, ds, id, "condition", bram_option_text(o, "condition")));
    return bram_intake_text(cx, ds, id, "source_file", slash ? slash + 1 : path);
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct spikes s = {0};
    const char *given = bram_option_text(o, "id");
    char id[128];
    if (input->count > 2)
        return bram_fail(
            cx, BRAM_EUSAGE,
            "%zu files are given, expected one of spike times and, where there is one, "
            "that of the track",
            input->count);
    if (given[0]) snprintf(id, sizeof id, "%s", given);
    else bram_intake_id(id, sizeof id, input->paths[0], NULL);
    int status = read_spikes(cx, &s, input->paths[0], o);
    if (status == BRAM_OK) status = put_recording(cx, ds, &s, input->paths[0], id, o);
    release(&s);
    if (status == BRAM_OK && input->count == 2) status = read_track(cx, ds, id, input->paths[1]);
    return status;
}

/* Never on its own: any table of two columns would do, and the width of a bin must be said. */
static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    (void)cx, (void)input;
    return bram_recognise(out, BRAM_NOT_MINE, "spike times are named: --source spike_times:bin=S");
}

const bram_loader bram_loader_spike_times = {
    .name = "spike_times",
    .summary = "spike times to counts: a table of unit and time, or MATLAB cells; say bin=",
    .citation = "the recording's own",
    .doi = "",
    .licence = "not stated",
    .reads = "text of two columns, MATLAB 5 and 7.3, videoPositionTracking",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
};
