/*
 * cook2019.c - the whole-animal connectome of Cook et al. 2019: workbook SI 5, hermaphrodite.
 *
 * Each sheet is a matrix [presynaptic row][postsynaptic column] of EM section counts, with section
 * titles above and to the left and sums at the ends. Names carry leading zeros (VB01) and include
 * muscles and other cells. Read are "hermaphrodite chemical" and "hermaphrodite gap jn symmetric",
 * in which a gap junction stands in both directions.
 *
 * The same connectome as a table of edges (JSON, CSV) is read by nemanode.c.
 */
#include "connectome.h"
#include "edge_table.h"
#include "intake.h"
#include "matrix_table.h"
#include "xlsx.h"

static const bram_param params[] = {BRAM_CONNECTOME_RULES, {.name = NULL}};

static const char *const sheets[] = {"hermaphrodite chemical", "hermaphrodite gap jn symmetric"};

static const bram_layer layers[] = {{"chemical", "chemical", "sections"},
                                    {"gap", "gap", "sections", .symmetric = true}};

static int read_sheet(bram_ctx *cx, bram_connectome *c, const bram_xlsx *book, size_t k)
{
    static const bram_matrix_place place = {.name_row = 2, .name_col = 2};
    bram_grid *g = NULL;
    BRAM_TRY(bram_connectome_add_layer(cx, c, &layers[k]));
    BRAM_TRY(bram_xlsx_read_named(cx, book, sheets[k], &g));
    int status = bram_matrix_table_add(cx, c, k, g, &place);
    bram_grid_free(g);
    return status;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    bram_connectome *c = NULL;
    bram_xlsx *book = NULL;
    BRAM_TRY(bram_one_file(cx, input));
    BRAM_TRY(bram_connectome_new(cx, &c, o));
    int status = bram_xlsx_open(cx, &book, input->paths[0]);
    for (size_t k = 0; k < 2 && status == BRAM_OK; k++) status = read_sheet(cx, c, book, k);
    if (status == BRAM_OK) status = bram_connectome_put(cx, c, ds, "cook2019");
    bram_xlsx_close(book);
    bram_connectome_free(c);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_xlsx *book = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no workbook with the sheets of SI 5");
    int status = bram_xlsx_open(cx, &book, input->paths[0]);
    if (status == BRAM_OK && bram_xlsx_find(book, sheets[0]) >= 0 &&
        bram_xlsx_find(book, sheets[1]) >= 0)
        bram_recognise(out, BRAM_MINE, "workbook with sheets \"%s\" and \"%s\"", sheets[0],
                       sheets[1]);
    bram_xlsx_close(book);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_cook2019 = {
    .name = "cook2019",
    .summary = "C. elegans connectome of the adult hermaphrodite, chemical and gap junctions",
    .citation = "Cook et al. 2019, Nature 571:63",
    .doi = "10.1038/s41586-019-1352-7",
    .licence = "not stated",
    .reads = "xlsx: SI 5, connectome adjacency matrices, corrected July 2020",
    .version = 2,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_ZIP,
};
