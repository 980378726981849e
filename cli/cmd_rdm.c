/*
 * cmd_rdm.c - `bramble rdm FILE -o OUT`: responses to a representational dissimilarity matrix.
 */
#include "csvfile.h"
#include "matrix_file.h"
#include "npy.h"
#include "output.h"
#include "rdm.h"

#include <math.h>
#include <string.h>

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && !strcmp(path + n - m, ending);
}

/* Pairs (i < j) row by row to a whole symmetric matrix with a diagonal of zeros. */
static void to_square(double *square, const double *pair, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) square[i * n + j] = square[j * n + i] = *pair++;
}

/* The id of a condition, else its number from 1. */
static int put_name(bram_ctx *cx, bram_csv_writer *w, const bram_cli_matrix *m, size_t i)
{
    return m->row && *bram_axis_id(m->row, i) ? bram_csv_put_text(cx, w, bram_axis_id(m->row, i))
                                              : bram_csv_put_integer(cx, w, (int64_t)i + 1);
}

static int put_csv(bram_ctx *cx, bram_outfile *file, const bram_cli_matrix *m, const double *square)
{
    bram_csv_writer w;
    bram_csv_to_file(&w, file, ',');
    BRAM_TRY(bram_csv_put_text(cx, &w, "condition"));
    for (size_t j = 0; j < m->rows; j++) BRAM_TRY(put_name(cx, &w, m, j));
    BRAM_TRY(bram_csv_end_row(cx, &w));
    for (size_t i = 0; i < m->rows; i++) {
        BRAM_TRY(put_name(cx, &w, m, i));
        for (size_t j = 0; j < m->rows; j++) {
            double d = square[i * m->rows + j];
            BRAM_TRY(isnan(d) ? bram_csv_put_text(cx, &w, "") : bram_csv_put_number(cx, &w, d));
        }
        BRAM_TRY(bram_csv_end_row(cx, &w));
    }
    return BRAM_OK;
}

static int write_rdm(bram_ctx *cx, const char *path, bool replace, const bram_cli_matrix *m,
                     const double *square)
{
    size_t shape[] = {m->rows, m->rows};
    if (ends_in(path, ".npy"))
        return bram_npy_write(cx, path, replace, BRAM_NPY_F64, 2, shape, square);
    bram_outfile *file = NULL;
    BRAM_TRY(bram_outfile_open(cx, &file, path, replace));
    int status = put_csv(cx, file, m, square);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

static int make_rdm(bram_ctx *cx, const bram_cli_args *args, const bram_cli_matrix *m,
                    const char *out)
{
    bool euclidean = !strcmp(bram_cli_text(args, "method", "correlation"), "euclidean");
    bram_side side = bram_cli_matrix_side(m, false);
    double *pair = NULL;
    BRAM_TRY(bram_rdm_new(cx, &pair, &side, euclidean ? BRAM_RDM_EUCLIDEAN : BRAM_RDM_CORRELATION));
    double *square = bram_alloc(cx, m->rows * m->rows, sizeof *square);
    int status = square ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        to_square(square, pair, m->rows);
        size_t undefined = 0;
        for (size_t k = 0; k < bram_rdm_pairs(m->rows); k++) undefined += isnan(pair[k]);
        if (undefined)
            bram_note(cx, "%zu of %zu pairs are undefined", undefined, bram_rdm_pairs(m->rows));
        status = write_rdm(cx, out, bram_cli_has(args, "force"), m, square);
    }
    bram_free(pair);
    bram_free(square);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    const char *out = bram_cli_text(args, "output", NULL);
    if (!out || (!ends_in(out, ".npy") && !ends_in(out, ".csv")))
        return bram_fail(cx, BRAM_EUSAGE, "rdm needs -o FILE.npy or FILE.csv");
    bram_cli_matrix m;
    BRAM_TRY(
        bram_cli_matrix_read(cx, &m, bram_cli_argument(args, 0), bram_cli_text(args, "ids", NULL)));
    int status = make_rdm(cx, args, &m, out);
    bram_cli_matrix_release(&m);
    return status;
}

const bram_command bram_command_rdm = {
    .name = "rdm",
    .summary = "responses to a dissimilarity matrix over their rows",
    .arguments = "FILE -o OUT",
    .about =
        "Reads a matrix of conditions x channels (files as in 'bramble score') and writes the "
        "dissimilarities of its rows as a square matrix: .npy, or .csv with the ids. Pairs that "
        "are undefined (a constant row) are NaN, empty in .csv.",
    .options =
        (const bram_cli_option[]){
            {"output", 'o', "OUT", "The file to write, .npy or .csv"},
            {"method", 0, "HOW",
             "1 - Pearson r of two rows, or the mean squared difference over channels",
             "correlation|euclidean"},
            {"ids", 0, "IDS", "Ids of the rows: a column or variable of the file, or FILE[:NAME]"},
            {"force", 'f', NULL, "Replaces a file that exists"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble rdm it.h5:responses/it -o it.npy", "1 - r of patterns"},
            {"bramble rdm feat.csv --ids image --method euclidean -o d.csv",
             "with the names of the images"},
            {NULL, NULL}},
    .least = 1,
    .most = 1,
    .computes = true,
    .run = run,
};
