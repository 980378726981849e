/*
 * lines.c - a loader outside the tree, as a plugin; the worked example of docs/adding-a-loader.md.
 *
 * The format is made up. The first line is the word "traces", the frames a second and a label for
 * each trace ("-" for none); each further line is a frame: a number for each trace, "-" where there
 * is none.
 *
 *   traces 2 AVAL AVAR -
 *   0.10 0.20 0.31
 *   0.11 - 0.30
 */
#define _POSIX_C_SOURCE 200809L
#include <bramble/plugin.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bram_param params[] = {
    {"unit", BRAM_PARAM_TEXT, "dF/F", NULL, 0, 0, "unit of the traces"},
    {.name = NULL},
};

static const char blanks[] = " \t\r\n";

/* What is read of one file; label and value are on the heap. */
struct sheet {
    double rate;
    size_t rows, cols, room;
    char **label;
    double *value; /* rows x cols, NaN where missing */
};

static void release(struct sheet *s)
{
    for (size_t i = 0; i < s->cols; i++) bram_free(s->label[i]);
    bram_free(s->label);
    bram_free(s->value);
}

/* ---- recognition ---------------------------------------------------------------------------- */

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    (void)cx;
    char head[8] = "";
    FILE *file = fopen(input->paths[0], "rb");
    bool mine = file && fread(head, 1, 7, file) == 7 && memcmp(head, "traces ", 7) == 0;
    if (file) fclose(file);
    out->verdict = mine ? BRAM_MINE : BRAM_NOT_MINE;
    snprintf(out->reason, sizeof out->reason, "a first line that begins with \"traces\"");
    return BRAM_OK;
}

/* ---- reading -------------------------------------------------------------------------------- */

static int read_header(bram_ctx *cx, struct sheet *s, char *line)
{
    char *rest = NULL, *word = strtok_r(line, blanks, &rest), *end = NULL;
    if (!word || strcmp(word, "traces") != 0)
        return bram_fail(cx, BRAM_EFORMAT, "line 1: found \"%.20s\", expected \"traces\"",
                         word ? word : "");
    word = strtok_r(NULL, blanks, &rest);
    s->rate = word ? strtod(word, &end) : 0;
    if (!word || *end || !(s->rate > 0) || !isfinite(s->rate))
        return bram_fail(cx, BRAM_EFORMAT, "line 1: found \"%.20s\", expected frames a second",
                         word ? word : "");
    while ((word = strtok_r(NULL, blanks, &rest))) {
        char **grown = bram_realloc(cx, s->label, s->cols + 1, sizeof *grown);
        if (!grown) return BRAM_ENOMEM;
        s->label = grown;
        s->label[s->cols] = bram_strdup(cx, strcmp(word, "-") == 0 ? "" : word);
        if (!s->label[s->cols]) return BRAM_ENOMEM;
        s->cols++;
    }
    return s->cols ? BRAM_OK : bram_fail(cx, BRAM_EFORMAT, "line 1: found no traces");
}

static int read_frame(bram_ctx *cx, struct sheet *s, char *line)
{
    if (s->rows == s->room) {
        size_t room = s->room ? 2 * s->room : 256;
        double *grown = bram_realloc(cx, s->value, room, s->cols * sizeof *grown);
        if (!grown) return BRAM_ENOMEM;
        s->value = grown;
        s->room = room;
    }
    char *rest = NULL, *word = strtok_r(line, blanks, &rest), *end;
    for (size_t j = 0; j < s->cols; j++, word = strtok_r(NULL, blanks, &rest)) {
        if (!word)
            return bram_fail(cx, BRAM_EFORMAT, "line %zu: found %zu numbers, expected %zu",
                             s->rows + 2, j, s->cols);
        bool missing = strcmp(word, "-") == 0;
        double x = missing ? (double)NAN : strtod(word, &end);
        if (!missing && (*end || !isfinite(x)))
            return bram_fail(cx, BRAM_EFORMAT, "line %zu: found \"%.20s\", expected a number or -",
                             s->rows + 2, word);
        s->value[s->rows * s->cols + j] = x;
    }
    s->rows++;
    return BRAM_OK;
}

static int read_sheet(bram_ctx *cx, struct sheet *s, const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) return bram_fail(cx, BRAM_EREAD, "%s", strerror(errno));
    char *line = NULL;
    size_t room = 0;
    int status = getline(&line, &room, file) < 0 ? bram_fail(cx, BRAM_EFORMAT, "the file is empty")
                                                 : read_header(cx, s, line);
    while (status == BRAM_OK && getline(&line, &room, file) >= 0) status = read_frame(cx, s, line);
    free(line);
    fclose(file);
    return status;
}

/* ---- the dataset ---------------------------------------------------------------------------- */

/* The axes raw_time, in seconds, and neuron, with ids "1" .. "N" and the labels as written. */
static int make_axes(bram_ctx *cx, bram_axis **time, bram_axis **neuron, const struct sheet *s)
{
    double *stamp = bram_scratch(cx, s->rows, sizeof *stamp);
    char(*id)[24] = bram_scratch(cx, s->cols, sizeof *id);
    const char **ids = bram_scratch(cx, s->cols, sizeof *ids);
    if (!stamp || !id || !ids) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->rows; i++) stamp[i] = (double)i / s->rate;
    for (size_t j = 0; j < s->cols; j++) {
        snprintf(id[j], sizeof id[j], "%zu", j + 1);
        ids[j] = id[j];
    }
    BRAM_TRY(bram_axis_new(cx, time, "raw_time", s->rows));
    BRAM_TRY(bram_axis_set_values(cx, *time, stamp, "s"));
    BRAM_TRY(bram_axis_new(cx, neuron, "neuron", s->cols));
    BRAM_TRY(bram_axis_set_ids(cx, *neuron, ids));
    return bram_axis_add_text(cx, *neuron, "raw_label", (const char *const *)s->label);
}

static int fill(bram_ctx *cx, bram_response *raw, const struct sheet *s, const char *unit)
{
    uint8_t *present = bram_response_mask(cx, raw);
    double *value = bram_response_f64(raw);
    if (!present) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->rows * s->cols; i++) {
        present[i] = !isnan(s->value[i]);
        value[i] = present[i] ? s->value[i] : 0;
    }
    BRAM_TRY(bram_attrs_set_text(cx, bram_response_attrs(raw), "unit", unit));
    return bram_attrs_set_text(cx, bram_response_attrs(raw), "filter", "none");
}

static int put(bram_ctx *cx, bram_dataset *out, const struct sheet *s, const char *unit)
{
    bram_axis *time = NULL, *neuron = NULL;
    bram_response *raw = NULL;
    int status = make_axes(cx, &time, &neuron, s);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &raw, "raw", BRAM_F64, 2,
                                   (const bram_axis *[]){time, neuron});
    bram_axis_free(time); /* the response has its share of both */
    bram_axis_free(neuron);
    if (status == BRAM_OK) status = fill(cx, raw, s, unit);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "recordings/worm", raw);
    bram_response_free(raw);
    return status;
}

static int describe(bram_ctx *cx, bram_dataset *out)
{
    static const char *const words[][2] = {{"subject", "worm"},
                                           {"session", "1"},
                                           {"species", "Caenorhabditis elegans"},
                                           {"condition", "not stated"}};
    bram_attrs *attrs = bram_dataset_attrs(cx, out, "recordings/worm");
    if (!attrs) return BRAM_ENOMEM;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        BRAM_TRY(bram_attrs_set_text(cx, attrs, words[i][0], words[i][1]));
    return bram_attrs_set_number(cx, attrs, "start", 0);
}

static int load(bram_ctx *cx, bram_dataset *out, const bram_input *input, const bram_options *o)
{
    struct sheet sheet = {0};
    int status = read_sheet(cx, &sheet, input->paths[0]);
    if (status == BRAM_OK) status = put(cx, out, &sheet, bram_option_text(o, "unit"));
    if (status == BRAM_OK) status = describe(cx, out);
    release(&sheet);
    return status == BRAM_OK ? BRAM_OK : bram_fail_prefix(cx, status, "%s", input->paths[0]);
}

/* ---- the entry ------------------------------------------------------------------------------ */

static const bram_loader lines = {
    .name = "lines",
    .summary = "traces as lines of text",
    .citation = "none: a made-up format",
    .doi = "",
    .licence = "not stated",
    .reads = "text whose first line begins with \"traces\"",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
};

static const bram_loader *const loaders[] = {&lines, NULL};

extern const bram_plugin bram_plugin_entry;
const bram_plugin bram_plugin_entry = {
    .abi = BRAM_PLUGIN_ABI,
    .name = "lines",
    .loaders = loaders,
};
