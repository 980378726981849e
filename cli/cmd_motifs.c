/*
 * cmd_motifs.c - `bramble motifs FILE...`: the dynamic functional connectome of recordings under
 * one protocol. benchmarks/motifs.h says what is computed.
 */
#include "motifs.h"
#include "number.h"
#include "output.h"
#include "rdm_figure.h"
#include "sheet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int above_zero(bram_ctx *cx, const bram_cli_args *args, const char *name,
                      const char *fallback, double *out)
{
    const char *text = bram_cli_text(args, name, fallback);
    if (bram_number_parse(text, 0, out) && *out > 0) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE, "--%s: found \"%s\", expected a number above 0", name, text);
}

static bram_block_kind kind_of(const char *name)
{
    static const char *const kinds[] = {"plain", "corrected", "bernoulli"};
    for (int k = 0; k < 3; k++)
        if (!strcmp(name, kinds[k])) return (bram_block_kind)k;
    return BRAM_BLOCK_SHORTER;
}

static int read_settings(bram_ctx *cx, bram_motif_settings *o, const bram_cli_args *args)
{
    int64_t rank, most, starts, animals, seed;
    BRAM_TRY(bram_cli_integer(cx, args, "rank", 1, 100, 0, &rank));
    BRAM_TRY(bram_cli_integer(cx, args, "most", 1, 100, 8, &most));
    BRAM_TRY(bram_cli_integer(cx, args, "starts", 1, 1000, 5, &starts));
    BRAM_TRY(bram_cli_integer(cx, args, "animals", 1, 100000, 1, &animals));
    BRAM_TRY(bram_cli_integer(cx, args, "seed", 0, INT64_MAX, 0, &seed));
    BRAM_TRY(above_zero(cx, args, "window", "2", &o->window));
    BRAM_TRY(above_zero(cx, args, "sigma", "1", &o->sigma));
    BRAM_TRY(above_zero(cx, args, "stable", "0.8", &o->stable));
    o->response = bram_cli_text(args, "response", "activity");
    o->kernel = strcmp(bram_cli_text(args, "kernel", "differential"), "gaussian")
                    ? BRAM_AFFINITY_DIFFERENTIAL
                    : BRAM_AFFINITY_GAUSSIAN;
    o->rank = (size_t)rank, o->most = (size_t)most, o->starts = (size_t)starts;
    o->animals = (size_t)animals, o->seed = (uint64_t)seed;
    o->blocks = (bram_block_settings){.kind = kind_of(bram_cli_text(args, "blocks", "shorter")),
                                      .restarts = 4,
                                      .rounds = 20,
                                      .seed = o->seed};
    return BRAM_OK;
}

/* ---- output --------------------------------------------------------------------------------- */

static double peak_time(const bram_motifs *m, size_t r)
{
    size_t peak = 0, rank = m->fit.rank;
    for (size_t t = 1; t < m->rows; t++)
        if (m->fit.factor[0][t * rank + r] > m->fit.factor[0][peak * rank + r]) peak = t;
    return bram_axis_values(m->time)[peak];
}

static int put_row(bram_ctx *cx, bram_table *t, const bram_motifs *m, size_t r)
{
    bram_buffer members = {0};
    size_t count = 0;
    for (size_t i = 0; i < m->neurons; i++)
        if (m->label[r * m->neurons + i] == m->core[r])
            bram_buffer_putf(&members, "%s%s", count++ ? " " : "", bram_axis_id(m->neuron, i));
    int status = bram_buffer_status(cx, &members);
    bram_table_row(t);
    bram_table_integer(t, 0, (int64_t)r + 1);
    bram_table_number(t, 1, m->fit.weight[r]);
    bram_table_number(t, 2, peak_time(m, r));
    bram_table_integer(t, 3, (int64_t)m->found[r].blocks);
    bram_table_text(t, 4,
                    m->found[r].kind == BRAM_BLOCK_PLAIN       ? "plain"
                    : m->found[r].kind == BRAM_BLOCK_CORRECTED ? "corrected"
                                                               : "bernoulli");
    if (count) bram_table_text(t, 5, bram_buffer_text(&members));
    bram_buffer_release(&members);
    return status;
}

static int print_motifs(bram_ctx *cx, const bram_cli_args *args, const bram_motifs *m)
{
    static const bram_table_column columns[] = {
        {"motif", "motif", BRAM_CELL_INTEGER},
        {"weight", "weight", BRAM_CELL_NUMBER, .digits = -1},
        {"peak", "peak (s)", BRAM_CELL_NUMBER, .digits = -1},
        {"blocks", "communities", BRAM_CELL_INTEGER},
        {"kind", "kind", BRAM_CELL_TEXT},
        {"core", "most alike", BRAM_CELL_TEXT, .wrap = true}};
    bram_table *t = NULL;
    int status = BRAM_OK;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t r = 0; r < m->fit.rank && status == BRAM_OK; r++) status = put_row(cx, t, m, r);
    bram_table_note(t, "%zu animals, %zu neurons, %zu rows; relative error %.4f.", m->animals,
                    m->neurons, m->rows, m->fit.error);
    if (m->ranks)
        bram_table_note(
            t, "Rank %zu of 1 to %zu: the elbow of errors is at %zu, starts agree by %.3f.",
            m->choice.rank, m->ranks, m->choice.elbow, m->choice.similarity[m->choice.rank - 1]);
    if (status == BRAM_OK) status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

/* Each rank's error and how far its starts agree, as the table. */
static int print_ranks(bram_ctx *cx, const bram_cli_args *args, const bram_motifs *m)
{
    static const bram_table_column columns[] = {
        {"rank", "rank", BRAM_CELL_INTEGER},
        {"error", "error", BRAM_CELL_NUMBER, .digits = 4},
        {"similarity", "similarity", BRAM_CELL_NUMBER, .digits = 3}};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t r = 0; r < m->ranks; r++) {
        bram_table_row(t);
        bram_table_integer(t, 0, (int64_t)r + 1);
        bram_table_number(t, 1, m->choice.error[r]);
        bram_table_number(t, 2, m->choice.similarity[r]);
    }
    bram_table_note(t, "The elbow is at %zu; chosen: %zu.", m->choice.elbow, m->choice.rank);
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

static int add_lines(bram_ctx *cx, bram_figure *f, const bram_motifs *m)
{
    double *y = bram_scratch(cx, m->rows, sizeof *y);
    if (!y) return BRAM_ENOMEM;
    BRAM_TRY(bram_figure_x(cx, f, &(bram_figure_axis){.title = "time (s)"}));
    BRAM_TRY(bram_figure_y(cx, f, &(bram_figure_axis){.title = "strength", .zero = true}));
    for (size_t r = 0; r < m->fit.rank && r < 8; r++) {
        char name[32];
        snprintf(name, sizeof name, "motif %zu", r + 1);
        for (size_t t = 0; t < m->rows; t++)
            y[t] = m->fit.weight[r] * m->fit.factor[0][t * m->fit.rank + r];
        BRAM_TRY(bram_figure_add(cx, f,
                                 &(bram_series){.mark = BRAM_MARK_LINE,
                                                .name = name,
                                                .colour = (int)r,
                                                .count = m->rows,
                                                .x = bram_axis_values(m->time),
                                                .y = y}));
    }
    return BRAM_OK;
}

/* When each motif is on; the first eight. */
static int draw(bram_ctx *cx, const bram_cli_args *args, const bram_motifs *m,
                bram_sheet_format format)
{
    bram_figure *f = NULL;
    bram_buffer bytes = {0};
    BRAM_TRY(bram_figure_new(cx, &f, "When motifs are on",
                             "The factor of time of each motif, times its weight"));
    int status = add_lines(cx, f, m);
    const bram_figure *const panel[] = {f};
    bram_sheet sheet = {.title = bram_figure_title(f),
                        .description = bram_figure_description(f),
                        .panel = panel,
                        .panels = 1,
                        .columns = 1};
    if (status == BRAM_OK) status = bram_sheet_write(cx, &bytes, &sheet, format);
    if (status == BRAM_OK)
        status = bram_cli_figure_write(cx, bram_cli_text(args, "figure", NULL), &bytes,
                                       bram_cli_has(args, "force"));
    bram_buffer_release(&bytes);
    bram_figure_free(f);
    return status;
}

static int write_file(bram_ctx *cx, const bram_cli_args *args, const bram_motifs *m)
{
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_motifs_dataset(cx, &ds, m));
    int status = bram_dataset_write(cx, ds, bram_cli_text(args, "output", NULL),
                                    bram_cli_has(args, "force"));
    bram_dataset_free(ds);
    return status;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int hand_out(bram_ctx *cx, const bram_cli_args *args, const bram_motifs *m,
                    bram_sheet_format format)
{
    if (bram_cli_has(args, "output")) BRAM_TRY(write_file(cx, args, m));
    if (bram_cli_has(args, "figure")) BRAM_TRY(draw(cx, args, m, format));
    return strcmp(bram_cli_text(args, "table", "motifs"), "ranks") ? print_motifs(cx, args, m)
                                                                   : print_ranks(cx, args, m);
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    bram_motif_settings o = {0};
    bram_motifs m = {0};
    bram_sheet_format format = BRAM_SHEET_SVG;
    BRAM_TRY(read_settings(cx, &o, args));
    if (o.rank && !strcmp(bram_cli_text(args, "table", "motifs"), "ranks"))
        return bram_fail(cx, BRAM_EUSAGE,
                         "--table ranks is of ranks that are tried, --rank tries none");
    if (bram_cli_has(args, "figure"))
        BRAM_TRY(bram_cli_figure_check(cx, &format, bram_cli_text(args, "figure", NULL)));
    size_t count = bram_cli_arguments(args);
    bram_dataset **ds = bram_scratch(cx, count, sizeof *ds);
    int status = ds ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < count && status == BRAM_OK; i++)
        status = bram_dataset_open(cx, &ds[i], bram_cli_argument(args, i));
    if (status == BRAM_OK)
        status = bram_motifs_find(cx, &m, (const bram_dataset *const *)ds, count, &o);
    if (status == BRAM_OK) status = hand_out(cx, args, &m, format);
    bram_motifs_release(&m);
    for (size_t i = 0; ds && i < count; i++) bram_dataset_free(ds[i]);
    return status;
}

const bram_command bram_command_motifs = {
    .name = "motifs",
    .summary = "which neurons change together, when, in which animals",
    .arguments = "FILE.h5... [-o OUT.h5]",
    .about =
        "The dynamic functional connectome of recordings under one protocol, in homogenized files: "
        "affinities of all pairs of labelled neurons at each moment, parted into motifs by "
        "non-negative factorization (time x animal x pair), and the communities of each motif by a "
        "stochastic block model. docs/motifs.md has the formulas.",
    .options =
        (const bram_cli_option[]){
            {"output", 'o', "OUT.h5", "Writes factors, graphs and communities"},
            {"figure", 0, "OUT.svg|.pdf|.png", "Draws when motifs are on"},
            {"table", 0, "WHAT", "What is printed", "motifs|ranks"},
            {"kernel", 0, "NAME", "The affinity (default differential)", "differential|gaussian"},
            {"window", 0, "S", "Seconds over which a slope is taken (default 2)"},
            {"sigma", 0, "X", "Width of the gaussian kernel, in deviations (default 1)"},
            {"rank", 0, "R", "Number of motifs (default: chosen)"},
            {"most", 0, "R", "Ranks 1 to R are tried (default 8)"},
            {"starts", 0, "N", "Random starts of each rank (default 5)"},
            {"stable", 0, "X", "Similarity between starts that a chosen rank needs (default 0.8)"},
            {"animals", 0, "N", "Animals in which a neuron must be recorded (default 1)"},
            {"blocks", 0, "KIND", "The block model (default shorter: plain or corrected)",
             "shorter|plain|corrected|bernoulli"},
            {"response", 0, "NAME", "Which response of each recording (default activity)"},
            {"seed", 0, "N", "Seed of all random starts (default 0)"},
            {"force", 'f', NULL, "Replaces files that exist"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble motifs worms.h5 -o motifs.h5 --figure when.svg", "all recordings of a file"},
            {"bramble motifs worms.h5 --table ranks --most 12 --starts 10",
             "which number of motifs do the data have?"},
            {NULL, NULL}},
    .least = 1,
    .most = 1000,
    .computes = true,
    .run = run,
};
