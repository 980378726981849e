/*
 * venkatachalam2024.c - chemosensory whole-brain recordings of the Venkatachalam laboratory
 * (Seyedolmohadesin et al., chemosensory-data.worm.world): one CSV a worm, by itself or in a zip.
 *
 * Documented: a row a neuron; a column `neuron` with its name, eight more that describe it, about a
 * hundred blank ones, then a column a frame whose header is the number of the frame; 0.375 s a
 * frame (2.667 Hz), which the file itself does not state.
 * Assumed: that frames are the longest run of columns whose headers are ascending whole numbers,
 * that a name may repeat, and that an empty cell is a missing value.
 * No original file was at hand (verified: documented).
 */
#include "intake.h"

#include "archivefile.h"
#include "csvfile.h"
#include "gz.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FEWEST_FRAMES = 10, HEAD = 1 << 18 };

static const bram_param params[] = {
    {"step", BRAM_PARAM_REAL, "0.375", NULL, 1e-6, 1e6,
     "seconds from a frame to the next, as the laboratory states them"},
    {.name = NULL}};

/* The frames of a table: columns first .. first + count - 1. */
struct frames {
    size_t first, count;
};

/* The number in a header; -1 for anything but a whole number from 0. */
static double frame_of(const bram_csv *t, size_t col)
{
    double number;
    const char *name = bram_csv_name(t, col);
    bool is = bram_number_parse(name, 0, &number) && number >= 0 && number == floor(number);
    return is ? number : -1;
}

/* The longest run of columns with ascending whole numbers as headers. */
static struct frames find_frames(const bram_csv *t)
{
    struct frames best = {0, 0}, run = {0, 0};
    double before = -1;
    for (size_t c = 0; c < bram_csv_cols(t); c++) {
        double frame = frame_of(t, c);
        if (frame < 0) run.count = 0;
        else if (run.count && frame > before) run.count++;
        else run = (struct frames){c, 1};
        before = frame;
        if (run.count > best.count) best = run;
    }
    return best;
}

/* ---- a worm --------------------------------------------------------------------------------- */

struct worm {
    const bram_csv *table;
    const char *name; /* of the file, for messages */
    char id[128];
    size_t names; /* the column */
    struct frames frames;
    double *time, *values;
    const char **label;
};

static int measure(bram_ctx *cx, struct worm *w)
{
    size_t neurons = bram_csv_rows(w->table);
    BRAM_TRY(bram_csv_column(cx, w->table, "neuron", &w->names));
    w->frames = find_frames(w->table);
    if (w->frames.count < FEWEST_FRAMES || neurons == 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found %zu columns with a frame's number as header and %zu rows, "
                         "expected %d or more and a row a neuron",
                         w->name, w->frames.count, neurons, FEWEST_FRAMES);
    return BRAM_OK;
}

static int fill(bram_ctx *cx, struct worm *w, double step)
{
    size_t cols = bram_csv_rows(w->table), rows = w->frames.count;
    w->time = bram_scratch(cx, rows, sizeof *w->time);
    w->label = bram_scratch(cx, cols, sizeof *w->label);
    w->values = bram_scratch(cx, rows, cols * sizeof *w->values);
    if (!w->time || !w->label || !w->values) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) w->time[i] = step * frame_of(w->table, w->frames.first + i);
    for (size_t k = 0; k < cols; k++) {
        w->label[k] = bram_csv_text(w->table, k, w->names);
        for (size_t i = 0; i < rows; i++)
            BRAM_TRY(bram_csv_number(cx, w->table, k, w->frames.first + i, BRAM_NUMBER_MISSING,
                                     &w->values[i * cols + k]));
    }
    return BRAM_OK;
}

static int put_worm(bram_ctx *cx, bram_dataset *ds, const struct worm *w, double step,
                    const char *source)
{
    char timing[80], number[BRAM_NUMBER_BYTES];
    const bram_traces traces = {.rows = w->frames.count,
                                .cols = bram_csv_rows(w->table),
                                .time = w->time,
                                .values = w->values,
                                .labels = w->label,
                                .unit = "not stated",
                                .filter = "none"};
    snprintf(timing, sizeof timing, "frame number times %s s", bram_number_format(number, step));
    BRAM_TRY(bram_intake_traces(cx, ds, w->id, &traces));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "subject", w->id));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "session", w->id));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "species", BRAM_SPECIES_WORM));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "condition", "odours, order not in the file"));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "time_from", timing));
    return bram_intake_text(cx, ds, w->id, "source_file", source);
}

static int read_table(bram_ctx *cx, bram_dataset *ds, const bram_csv *table, const char *name,
                      const char *source, const bram_options *o)
{
    size_t mark = bram_scratch_mark(cx);
    double step = bram_option_real(o, "step");
    struct worm w = {.table = table, .name = name};
    bram_intake_id(w.id, sizeof w.id, source, NULL);
    int status = measure(cx, &w);
    if (status == BRAM_OK) status = fill(cx, &w, step);
    if (status == BRAM_OK) status = put_worm(cx, ds, &w, step, source);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- files ---------------------------------------------------------------------------------- */

static const bram_csv_options reading = {.header = true, .ragged = false};

static bool is_zip(const char *path)
{
    char head[4] = "";
    return bram_gz_peek(path, head, 4) == 4 && memcmp(head, "PK\3\4", 4) == 0;
}

/* A table within an archive, not the shadow files that some systems add. */
static bool is_table(const char *member)
{
    size_t length = strlen(member);
    const char *slash = strrchr(member, '/');
    return length > 4 && strcmp(member + length - 4, ".csv") == 0 &&
           (slash ? slash[1] : member[0]) != '.' && strncmp(member, "__MACOSX/", 9) != 0;
}

/* Calls back for each table of an archive; `most` of them. */
typedef int visit(bram_ctx *cx, void *user, const bram_csv *table, const char *name,
                  const char *member);

static int each_table(bram_ctx *cx, const char *path, size_t most, size_t *found, visit *call,
                      void *user)
{
    bram_archive *archive = NULL;
    const char *member = NULL;
    BRAM_TRY(bram_archive_open(cx, &archive, path));
    int status = bram_archive_next(cx, archive, &member);
    for (*found = 0; status == BRAM_OK && member && *found < most;) {
        unsigned char *bytes = NULL;
        size_t size = 0;
        bram_csv *table = NULL;
        char name[400];
        if (is_table(member)) {
            snprintf(name, sizeof name, "%.250s: %.120s", path, member);
            status = bram_archive_take(cx, archive, &bytes, &size, 0);
            if (status == BRAM_OK) status = bram_csv_parse(cx, &table, name, bytes, size, &reading);
            if (status == BRAM_OK) status = call(cx, user, table, name, member);
            bram_csv_free(table);
            bram_free(bytes);
            ++*found;
        }
        if (status == BRAM_OK) status = bram_archive_next(cx, archive, &member);
    }
    bram_archive_close(archive);
    return status;
}

struct loading {
    bram_dataset *ds;
    const bram_options *o;
};

static int load_table(bram_ctx *cx, void *user, const bram_csv *table, const char *name,
                      const char *member)
{
    const struct loading *l = user;
    const char *slash = strrchr(member, '/');
    return read_table(cx, l->ds, table, name, slash ? slash + 1 : member, l->o);
}

static int load_zip(bram_ctx *cx, bram_dataset *ds, const char *path, const bram_options *o)
{
    struct loading l = {ds, o};
    size_t found = 0;
    BRAM_TRY(each_table(cx, path, SIZE_MAX, &found, load_table, &l));
    return found ? BRAM_OK
                 : bram_fail(cx, BRAM_EFORMAT,
                             "%s: found no .csv in the archive, expected one or "
                             "more",
                             path);
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    for (size_t i = 0; i < input->count; i++) {
        const char *path = input->paths[i], *slash = strrchr(path, '/');
        bram_csv *table = NULL;
        if (is_zip(path)) {
            BRAM_TRY(load_zip(cx, ds, path, o));
            continue;
        }
        BRAM_TRY(bram_csv_read(cx, &table, path, &reading));
        int status = read_table(cx, ds, table, path, slash ? slash + 1 : path, o);
        bram_csv_free(table);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- recognition ---------------------------------------------------------------------------- */

static int judge(bram_ctx *cx, void *user, const bram_csv *table, const char *name,
                 const char *member)
{
    size_t frames = find_frames(table).count;
    (void)cx, (void)name, (void)member;
    if (bram_csv_find(table, "neuron") >= 0 && frames >= FEWEST_FRAMES)
        bram_recognise(user, BRAM_MINE,
                       "table with a column \"neuron\" and %zu columns that are "
                       "called by the number of a frame",
                       frames);
    return BRAM_OK;
}

/* The header of a table by itself, without reading the rest. */
static int judge_head(bram_ctx *cx, bram_recognition *out, const char *path)
{
    bram_csv *table = NULL;
    char *head = bram_alloc(cx, HEAD, 1);
    if (!head) return BRAM_ENOMEM;
    size_t size = bram_gz_peek(path, head, HEAD);
    const char *end = memchr(head, '\n', size);
    int status = end && !memchr(head, 0, (size_t)(end - head))
                     ? bram_csv_parse(cx, &table, path, head, (size_t)(end - head) + 1, &reading)
                     : BRAM_EFORMAT;
    if (status == BRAM_OK) status = judge(cx, out, table, NULL, NULL);
    bram_csv_free(table);
    bram_free(head);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    size_t found = 0;
    bram_recognise(out, BRAM_NOT_MINE, "no table of neurons and frames");
    int status = is_zip(input->paths[0]) ? each_table(cx, input->paths[0], 1, &found, judge, out)
                                         : judge_head(cx, out, input->paths[0]);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_venkatachalam2024 = {
    .name = "venkatachalam2024",
    .summary = "C. elegans whole-brain calcium with odours, Venkatachalam laboratory",
    .citation = "Seyedolmohadesin et al. 2024, chemosensory-data.worm.world",
    .doi = "",
    .licence = "not stated",
    .reads = "CSV, one file a worm, or a zip of them",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_TEXT | BRAM_FORM_ZIP,
    .apart = true,
};
