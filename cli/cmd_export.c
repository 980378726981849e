/*
 * cmd_export.c - `bramble export FILE WHAT -o OUT`: one array of a homogenized file as .npy or
 * .csv, a table as .csv, a connectome as a table, a matrix, GraphML or JSON. Values of arrays are
 * read and written block by block, so that any size works.
 */
#include "csvfile.h"
#include "graph_export.h"
#include "npy.h"
#include "output.h"

#include <bramble/dataset.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_VALUES = 1 << 16 };

/* The rows of the first dimension that are read at once, and how many values a row has. */
static int plan_blocks(bram_ctx *cx, const bram_response *r, size_t *row, size_t *rows)
{
    size_t values = 1;
    for (size_t d = 1; d < bram_response_dims(r); d++)
        if (__builtin_mul_overflow(values, bram_response_length(r, d), &values))
            return bram_fail(cx, BRAM_ESHAPE, "a row of %s is too long", bram_response_name(r));
    *row = values;
    *rows = values && values < BLOCK_VALUES ? BLOCK_VALUES / values : 1;
    return BRAM_OK;
}

struct block {
    size_t first, count, row; /* rows, and values a row */
    const double *values;     /* NaN where missing */
};

typedef int write_block(bram_ctx *cx, void *user, const bram_response *r, const struct block *b);

static int read_block(bram_ctx *cx, const bram_response *r, size_t first, size_t count, size_t row,
                      double *values, uint8_t *present)
{
    size_t start[BRAM_MAX_DIMS] = {first}, counts[BRAM_MAX_DIMS] = {count};
    for (size_t d = 1; d < bram_response_dims(r); d++) counts[d] = bram_response_length(r, d);
    BRAM_TRY(bram_response_read(cx, r, start, counts, values, present));
    for (size_t i = 0; i < count * row; i++)
        if (!present[i]) values[i] = (double)NAN;
    return BRAM_OK;
}

static int for_each_block(bram_ctx *cx, const bram_response *r, write_block *put, void *user)
{
    size_t row = 0, rows = 0, length = bram_response_length(r, 0);
    BRAM_TRY(plan_blocks(cx, r, &row, &rows));
    double *values = bram_alloc(cx, rows, row * sizeof *values);
    uint8_t *present = bram_alloc(cx, rows, row);
    int status = values && present ? BRAM_OK : BRAM_ENOMEM;
    for (size_t first = 0; first < length && !status; first += rows) {
        size_t count = length - first < rows ? length - first : rows;
        status = bram_ctx_check_cancel(cx);
        if (!status) status = read_block(cx, r, first, count, row, values, present);
        if (!status) status = put(cx, user, r, &(struct block){first, count, row, values});
        bram_ctx_progress(cx, "writing", (double)(first + count), (double)length);
    }
    bram_free(values);
    bram_free(present);
    return status;
}

/* ---- .npy ----------------------------------------------------------------------------------- */

static bram_npy_type npy_type(const bram_response *r)
{
    static const bram_npy_type types[] = {
        [BRAM_F64] = BRAM_NPY_F64, [BRAM_F32] = BRAM_NPY_F32, [BRAM_U8] = BRAM_NPY_U8};
    return types[bram_response_type(r)];
}

static int put_npy(bram_ctx *cx, void *user, const bram_response *r, const struct block *b)
{
    return bram_npy_put_values(cx, user, npy_type(r), b->values, b->count * b->row);
}

static int write_npy(bram_ctx *cx, bram_outfile *file, const bram_response *r)
{
    size_t shape[BRAM_MAX_DIMS];
    for (size_t d = 0; d < bram_response_dims(r); d++) shape[d] = bram_response_length(r, d);
    BRAM_TRY(bram_npy_put_header(cx, file, npy_type(r), bram_response_dims(r), shape));
    return for_each_block(cx, r, put_npy, file);
}

/* ---- .csv ----------------------------------------------------------------------------------- */

/* The name of position i on an axis: its label, else its id, else its coordinate, else i. */
static int put_position(bram_ctx *cx, bram_csv_writer *w, const bram_axis *axis, size_t i)
{
    const bram_column *label = bram_axis_column(axis, "label");
    if (label && label->type == BRAM_TEXT && *label->text[i])
        return bram_csv_put_text(cx, w, label->text[i]);
    if (*bram_axis_id(axis, i)) return bram_csv_put_text(cx, w, bram_axis_id(axis, i));
    const double *values = bram_axis_values(axis);
    return values ? bram_csv_put_number(cx, w, values[i]) : bram_csv_put_integer(cx, w, (int64_t)i);
}

/* A float gets the fewest digits that give it back, not those of the double it is held in. */
static int put_value(bram_ctx *cx, bram_csv_writer *w, double value, bram_type type)
{
    enum { LEAST = 6, ENOUGH = 9 };
    char text[32];
    if (isnan(value)) return bram_csv_put_text(cx, w, "");
    if (type == BRAM_F64) return bram_csv_put_number(cx, w, value);
    for (int digits = LEAST; digits <= ENOUGH; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if ((float)strtod(text, NULL) == (float)value) break;
    }
    return bram_csv_put_text(cx, w, text);
}

/* A row for each row of a matrix, the first cell its name. */
static int put_csv(bram_ctx *cx, void *user, const bram_response *r, const struct block *b)
{
    for (size_t i = 0; i < b->count; i++) {
        BRAM_TRY(put_position(cx, user, bram_response_axis(r, 0), b->first + i));
        for (size_t j = 0; j < b->row; j++)
            BRAM_TRY(put_value(cx, user, b->values[i * b->row + j], bram_response_type(r)));
        BRAM_TRY(bram_csv_end_row(cx, user));
    }
    return BRAM_OK;
}

static int write_csv(bram_ctx *cx, bram_outfile *file, const bram_response *r, char delimiter)
{
    size_t dims = bram_response_dims(r);
    bram_csv_writer w;
    if (dims > 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s has %zu dimensions; a table has 2: export it to .npy",
                         bram_response_name(r), dims);
    bram_csv_to_file(&w, file, delimiter);
    BRAM_TRY(bram_csv_put_text(cx, &w, bram_axis_name(bram_response_axis(r, 0))));
    if (dims == 1) BRAM_TRY(bram_csv_put_text(cx, &w, bram_response_name(r)));
    for (size_t j = 0; dims == 2 && j < bram_response_length(r, 1); j++)
        BRAM_TRY(put_position(cx, &w, bram_response_axis(r, 1), j));
    BRAM_TRY(bram_csv_end_row(cx, &w));
    return for_each_block(cx, r, put_csv, &w);
}

/* ---- the command ---------------------------------------------------------------------------- */

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && !strcmp(path + n - m, ending);
}

static int find_array(bram_ctx *cx, const bram_response **out, const bram_dataset *ds,
                      const char *path)
{
    *out = bram_dataset_response(ds, path);
    if (*out) return BRAM_OK;
    size_t n = bram_dataset_responses(ds);
    bram_buffer names = {0};
    for (size_t i = 0; i < n; i++)
        bram_buffer_putf(&names, "%s%s", i ? "|" : "", bram_dataset_response_path(ds, i));
    size_t length = 0;
    const char *near = bram_cli_nearest(path, bram_buffer_text(&names), &length);
    int status = near ? bram_fail(cx, BRAM_EABSENT, "no array '%s'; did you mean '%.*s'?", path,
                                  (int)length, near)
                      : bram_fail(cx, BRAM_EABSENT, "no array '%s' among %zu", path, n);
    bram_buffer_release(&names);
    return status;
}

static int export_array(bram_ctx *cx, const bram_response *r, const char *path, bool replace)
{
    bram_outfile *file = NULL;
    BRAM_TRY(bram_outfile_open(cx, &file, path, replace));
    int status = ends_in(path, ".npy")   ? write_npy(cx, file, r)
                 : ends_in(path, ".csv") ? write_csv(cx, file, r, ',')
                                         : write_csv(cx, file, r, '\t');
    if (!status) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

/* An array, else a table or a connectome. */
static int export_named(bram_ctx *cx, const bram_dataset *ds, const char *name, const char *out,
                        bool replace)
{
    const bram_response *r = NULL;
    bool array = bram_dataset_response(ds, name) != NULL;
    if (!array && bram_graph_is(ds, name)) return bram_graph_export(cx, ds, name, out, replace);
    BRAM_TRY(find_array(cx, &r, ds, name));
    if (!ends_in(out, ".npy") && !ends_in(out, ".csv") && !ends_in(out, ".tsv"))
        return bram_fail(cx, BRAM_EUSAGE, "%s: expected a name that ends in .npy, .csv or .tsv",
                         out);
    return export_array(cx, r, out, replace);
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    const char *path = bram_cli_argument(args, 0), *out = bram_cli_text(args, "output", NULL);
    if (!out) return bram_fail(cx, BRAM_EUSAGE, "export needs -o FILE.npy, FILE.csv or FILE.tsv");
    if (!bram_cli_has(args, "force") && access(out, F_OK) == 0)
        return bram_fail(cx, BRAM_EWRITE, "%s exists already; --force replaces it", out);
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_open(cx, &ds, path));
    int status = export_named(cx, ds, bram_cli_argument(args, 1), out, bram_cli_has(args, "force"));
    bram_dataset_free(ds);
    return status;
}

const bram_command bram_command_export = {
    .name = "export",
    .summary = "writes an array, a table or a connectome of a homogenized file",
    .arguments = "FILE WHAT -o OUT",
    .about = "Writes one array of a homogenized file to a file of its own, by the ending of its "
             "name: .npy (missing values are NaN), or .csv and .tsv with names of rows and columns "
             "(missing values are empty). Tables are written as .csv and .tsv.\n\n"
             "A connectome (connectome/NAME) or one of its layers (connectome/NAME/gap) becomes a "
             ".csv or .tsv with a row for each edge, a .json of nodes and edges, or a .graphml in "
             "which a gap junction stands in both directions. A layer becomes a matrix "
             "[from][to] as .npy, with its nodes beside it in NAME.nodes.csv; pairs that were not "
             "examined are NaN. 'bramble info FILE' lists what there is.",
    .options = (const bram_cli_option[]){{"output", 'o', "OUT", "The file to write"},
                                         {"force", 'f', NULL, "Replaces a file that exists"},
                                         {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble export worm.h5 recordings/w1/activity -o w1.npy", "time x neuron for NumPy"},
            {"bramble export worm.h5 recordings/w1/raw -o w1.csv --force",
             "with times and neuron names, for a spreadsheet"},
            {"bramble export wires.h5 connectome/cook2019 -o cook2019.graphml",
             "a connectome for networkx, igraph or Gephi"},
            {"bramble export wires.h5 connectome/cook2019/chemical -o chemical.npy",
             "its adjacency matrix, and chemical.nodes.csv"},
            {NULL, NULL}},
    .least = 2,
    .most = 2,
    .run = run,
};
