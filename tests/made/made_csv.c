/*
 * made_csv.c - made tables of recordings: see made.h. Cells are quoted by the library's own writer,
 * which the reader (libcsv) must understand.
 *
 * Venkatachalam laboratory. Documented: a row a neuron, `neuron`, eight more columns that describe
 * it, 98 blank ones, frames from column 107 on with their number as header, one more at the end.
 * Assumed: the names of the eight and of the last.
 *
 * Homogenized collection. Documented (github.com/qsimeon/worm-data-preprocess): the columns; arrays
 * in a cell, as numpy prints them or as a list; half precision. Seen when numpy prints: line ends
 * within a cell, and "..." in arrays of more than 1000 numbers.
 */
#include "made.h"

#include "csvfile.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* ---- Venkatachalam laboratory --------------------------------------------------------------- */

enum { BLANK = 98, FRAMES = 30, NEURONS = 4 };

static int put_frames_header(bram_ctx *cx, bram_csv_writer *w, const char *defect)
{
    static const char *const describing[] = {"x", "y", "z", "r", "g", "b", "conf", "note"};
    BRAM_TRY(bram_csv_put_text(cx, w, is(defect, "no-neuron") ? "cell" : "neuron"));
    for (size_t i = 0; i < 8; i++) BRAM_TRY(bram_csv_put_text(cx, w, describing[i]));
    for (size_t i = 0; i < BLANK; i++) BRAM_TRY(bram_csv_put_text(cx, w, ""));
    for (int i = 0; i < FRAMES; i++) {
        char number[16];
        int frame = i + (i > 19 ? 100 : 0); /* a pause of 100 frames */
        snprintf(number, sizeof number, is(defect, "unnumbered") ? "f%d" : "%d", frame);
        BRAM_TRY(bram_csv_put_text(cx, w, number));
    }
    BRAM_TRY(bram_csv_put_text(cx, w, "end"));
    return bram_csv_end_row(cx, w);
}

static int put_neuron(bram_ctx *cx, bram_csv_writer *w, int k, const char *defect)
{
    static const char *const names[NEURONS] = {"AVAL", "ASH?", "AVAL",
                                               ""}; /* one twice, one none */
    BRAM_TRY(bram_csv_put_text(cx, w, names[k]));
    for (size_t i = 0; i < 8 + BLANK; i++) BRAM_TRY(bram_csv_put_text(cx, w, i < 6 ? "1.5" : ""));
    for (int i = 0; i < FRAMES; i++) {
        bool empty = (k == 3 && i < 5) || is(defect, "nan");
        if (is(defect, "word") && k == 2 && i == 4) BRAM_TRY(bram_csv_put_text(cx, w, "four"));
        else if (empty) BRAM_TRY(bram_csv_put_text(cx, w, ""));
        else BRAM_TRY(bram_csv_put_number(cx, w, 10 * k + i));
    }
    if (!(is(defect, "ragged") && k == 1)) BRAM_TRY(bram_csv_put_text(cx, w, "x"));
    return bram_csv_end_row(cx, w);
}

static int put_frames(bram_ctx *cx, bram_csv_writer *w, const char *defect)
{
    BRAM_TRY(put_frames_header(cx, w, defect));
    for (int k = 0; k < NEURONS && !is(defect, "empty"); k++)
        BRAM_TRY(put_neuron(cx, w, k, defect));
    return BRAM_OK;
}

/* ---- the collection ------------------------------------------------------------------------- */

enum { SAMPLES = 2000 };

/* The nearest number in half precision. */
static double half(double x)
{
    int exponent;
    frexp(x, &exponent);
    double spacing = ldexp(1, (exponent < -13 ? -13 : exponent) - 11);
    return x == 0 ? 0 : nearbyint(x / spacing) * spacing;
}

/* An array as numpy prints it, eight to a line, or as a list. */
static void print(char *text, size_t bytes, const double *values, int count, const char *defect)
{
    size_t used = (size_t)snprintf(text, bytes, "[");
    bool list = is(defect, "list"), cut = is(defect, "cut");
    for (int i = 0; i < count; i++) {
        const char *between = !i ? "" : list ? ", " : i % 8 ? " " : "\n ";
        if (cut && i == 3) used += (size_t)snprintf(text + used, bytes - used, " ...");
        if (cut && i >= 3 && i < count - 3) continue;
        used += (size_t)snprintf(text + used, bytes - used, "%s%.9g", between, values[i]);
    }
    snprintf(text + used, bytes - used, is(defect, "open") ? "" : "]");
}

static double stamp(const char *defect, int i)
{
    double even = .333 * i;
    if (is(defect, "uneven")) even += i > 1500 ? 40 : 0;
    return half(even);
}

struct row {
    const char *source, *worm, *neuron, *labeled;
};

static int put_row(bram_ctx *cx, bram_csv_writer *w, const struct row *r, int k, const char *defect)
{
    static char text[SAMPLES * 32];
    double values[SAMPLES], time[SAMPLES];
    int count = SAMPLES - (is(defect, "length") && k == 2);
    for (int i = 0; i < SAMPLES; i++) {
        values[i] = half(k + sin(i / 9.));
        time[i] = stamp(defect, i) + (is(defect, "stamp") && k == 1 && i == 7 ? 1 : 0);
    }
    if (is(defect, "nan-list")) values[4] = (double)NAN;
    const char *texts[] = {r->source, "file.mat", r->worm, r->neuron, r->labeled, "moving"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        BRAM_TRY(bram_csv_put_text(cx, w, texts[i]));
    print(text, sizeof text, values, count, defect);
    BRAM_TRY(bram_csv_put_text(cx, w, text));
    print(text, sizeof text, values, 100, "list");
    BRAM_TRY(bram_csv_put_text(cx, w, text));
    print(text, sizeof text, time, SAMPLES, is(defect, "list") ? defect : "good");
    BRAM_TRY(bram_csv_put_text(cx, w, text));
    print(text, sizeof text, time, 100, "list");
    BRAM_TRY(bram_csv_put_text(cx, w, text));
    return bram_csv_end_row(cx, w);
}

static int put_collection(bram_ctx *cx, bram_csv_writer *w, const char *defect)
{
    static const char *const columns[] = {"source_dataset",
                                          "raw_data_file",
                                          "worm",
                                          "neuron",
                                          "is_labeled_neuron",
                                          "smooth_method",
                                          "original_calcium_data",
                                          "calcium_data",
                                          "original_time_in_seconds",
                                          "time_in_seconds"};
    /* the rows of a worm need not stand together */
    static const struct row rows[] = {{"Kato2015", "worm0", "AVAL", "True"},
                                      {"Kato2015", "worm0", "17", "False"},
                                      {"Dag2023", "worm0", "AVAL", "True"},
                                      {"Kato2015", "worm0", "RIMR", "True"}};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (!(is(defect, "no-time") && i == 8)) BRAM_TRY(bram_csv_put_text(cx, w, columns[i]));
        else BRAM_TRY(bram_csv_put_text(cx, w, "time"));
    BRAM_TRY(bram_csv_end_row(cx, w));
    for (int k = 0; k < 4 && !is(defect, "empty"); k++)
        BRAM_TRY(put_row(cx, w, &rows[k], k, defect));
    return BRAM_OK;
}

/* ---- files ---------------------------------------------------------------------------------- */

typedef int writer(bram_ctx *cx, bram_csv_writer *w, const char *defect);

static bool make(const char *path, const char *defect, writer *write)
{
    bram_outfile *file = NULL;
    bram_csv_writer w;
    bram_ctx *cx = bram_ctx_new();
    if (!cx) return false;
    int status = bram_outfile_open(cx, &file, path, true);
    if (status == BRAM_OK) {
        bram_csv_to_file(&w, file, ',');
        status = write(cx, &w, defect);
        if (status == BRAM_OK) status = bram_outfile_commit(cx, file);
        else bram_outfile_abort(file);
    }
    bram_ctx_free(cx);
    return status == BRAM_OK;
}

static bool is_one_of(const char *defect, const char *const *known)
{
    while (*known && !is(defect, *known)) known++;
    return *known;
}

bool made_venkatachalam(const char *path, const char *defect)
{
    static const char *const known[] = {"good", "no-neuron", "unnumbered", "word",
                                        "nan",  "ragged",    "empty",      NULL};
    return is_one_of(defect, known) && make(path, defect, put_frames);
}

bool made_collection(const char *path, const char *defect)
{
    static const char *const known[] = {"good",   "list",  "nan-list", "uneven", "cut", "open",
                                        "length", "stamp", "no-time",  "empty",  NULL};
    return is_one_of(defect, known) && make(path, defect, put_collection);
}
