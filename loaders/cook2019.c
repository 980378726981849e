/*
 * cook2019.c - the whole-animal connectome of Cook et al. 2019: workbooks SI 5 and SI 7,
 * hermaphrodite.
 *
 * Each sheet is a matrix [presynaptic row][postsynaptic column] of EM section counts, with section
 * titles above and to the left and sums at the ends. Names carry leading zeros (VB01) and include
 * muscles and other cells. Read are "hermaphrodite chemical" and "hermaphrodite gap jn symmetric",
 * in which a gap junction stands in both directions.
 *
 * SI 7 has the same sections added up by cell class: connectome/cook2019_classes, whose nodes are
 * classes (and groups such as MUBODY), level "class".
 *
 * The same connectome as a table of edges (JSON, CSV) is read by nemanode.c.
 */
#include "connectome.h"
#include "edge_table.h"
#include "intake.h"
#include "matrix_table.h"
#include "xlsx.h"

static const bram_param params[] = {BRAM_CONNECTOME_RULES, {.name = NULL}};

/* A workbook: its sheets of chemical synapses and gap junctions, and whose matrices they are. */
static const struct form {
    const char *sheet[2], *name, *level;
} forms[] = {
    {{"hermaphrodite chemical", "hermaphrodite gap jn symmetric"}, "cook2019", NULL},
    {{"herm chem grouped", "herm gap jn grouped symmetric"}, "cook2019_classes", "class"},
};

enum { FORMS = sizeof forms / sizeof *forms };

static const bram_layer layers[] = {{"chemical", "chemical", "sections"},
                                    {"gap", "gap", "sections", .symmetric = true}};

static const struct form *form_of(const bram_xlsx *book)
{
    for (size_t i = 0; i < FORMS; i++)
        if (bram_xlsx_find(book, forms[i].sheet[0]) >= 0 &&
            bram_xlsx_find(book, forms[i].sheet[1]) >= 0)
            return &forms[i];
    return NULL;
}

static int read_sheet(bram_ctx *cx, bram_connectome *c, const bram_xlsx *book, const char *sheet,
                      size_t k)
{
    static const bram_matrix_place place = {.name_row = 2, .name_col = 2};
    static const bram_matrix_place grouped = {.name_row = 1, .name_col = 1};
    bram_grid *g = NULL;
    bool classes = form_of(book) == &forms[1];
    BRAM_TRY(bram_connectome_add_layer(cx, c, &layers[k]));
    BRAM_TRY(bram_xlsx_read_named(cx, book, sheet, &g));
    int status = bram_matrix_table_add(cx, c, k, g, classes ? &grouped : &place);
    bram_grid_free(g);
    return status;
}

static int read_book(bram_ctx *cx, bram_dataset *ds, bram_connectome *c, const bram_xlsx *book)
{
    const struct form *form = form_of(book);
    if (!form)
        return bram_fail(
            cx, BRAM_EFORMAT, "found no sheets \"%s\" and \"%s\", nor \"%s\" and \"%s\"",
            forms[0].sheet[0], forms[0].sheet[1], forms[1].sheet[0], forms[1].sheet[1]);
    for (size_t k = 0; k < 2; k++) BRAM_TRY(read_sheet(cx, c, book, form->sheet[k], k));
    BRAM_TRY(bram_connectome_put(cx, c, ds, form->name));
    if (!form->level) return BRAM_OK;
    return bram_attrs_set_text(cx, bram_dataset_attrs(cx, ds, "connectome/cook2019_classes"),
                               "level", form->level);
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    bram_connectome *c = NULL;
    bram_xlsx *book = NULL;
    BRAM_TRY(bram_one_file(cx, input));
    BRAM_TRY(bram_connectome_new(cx, &c, o));
    int status = bram_xlsx_open(cx, &book, input->paths[0]);
    if (status == BRAM_OK) status = read_book(cx, ds, c, book);
    bram_xlsx_close(book);
    bram_connectome_free(c);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_xlsx *book = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no workbook with the sheets of SI 5 or SI 7");
    int status = bram_xlsx_open(cx, &book, input->paths[0]);
    const struct form *form = status == BRAM_OK ? form_of(book) : NULL;
    if (form)
        bram_recognise(out, BRAM_MINE, "workbook with sheets \"%s\" and \"%s\"", form->sheet[0],
                       form->sheet[1]);
    bram_xlsx_close(book);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_cook2019 = {
    .name = "cook2019",
    .summary = "C. elegans connectome of the adult hermaphrodite, chemical and gap junctions",
    .citation = "Cook et al. 2019, Nature 571:63",
    .doi = "10.1038/s41586-019-1352-7",
    .licence = "not stated",
    .reads = "xlsx: SI 5 (cells) and SI 7 (classes), adjacency matrices, corrected July 2020",
    .version = 2,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_ZIP,
    .apart = true,
    .single = true,
};
