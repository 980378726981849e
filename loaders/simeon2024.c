/*
 * simeon2024.c - the published consensus table of Simeon et al. 2024, as its users have it: CSV
 * with from_neuron, to_neuron, mean_gap_weight, mean_chem_weight, functional_weight and more.
 *
 * A row is an ordered pair with up to three weights, one for each layer; gap junctions stand in
 * both directions. functional_weight is kept as the layer functional, in the direction in which the
 * table has it. What those rows are is in docs/connectomes.md: not significant connections, and
 * turned around.
 */
#include "edge_table.h"
#include "intake.h"

static const bram_param params[] = {BRAM_CONNECTOME_RULES, {.name = NULL}};

static const bram_layer layers[] = {
    {"chemical", "chemical", "mean of sections and synapses"},
    {"gap", "gap", "mean of sections and synapses", .symmetric = true},
    {"functional", "functional", "dF/F", .any = true}};

static const char *const weights[] = {"mean_chem_weight", "mean_gap_weight", "functional_weight"};

enum { LAYERS = sizeof layers / sizeof *layers };

static const char what[] = "a table with from_neuron, to_neuron, mean_gap_weight, mean_chem_weight";

/* The columns of the names and of the weights; the last is optional. @return false: another table
 */
static bool find_columns(const bram_grid *g, ptrdiff_t names[2], ptrdiff_t at[LAYERS])
{
    names[0] = bram_book_heading(g, "from_neuron");
    names[1] = bram_book_heading(g, "to_neuron");
    for (size_t k = 0; k < LAYERS; k++) at[k] = bram_book_heading(g, weights[k]);
    return names[0] >= 0 && names[1] >= 0 && at[0] >= 0 && at[1] >= 0;
}

static int read_cell(bram_ctx *cx, bram_connectome *c, const bram_grid *g, size_t row, size_t layer,
                     ptrdiff_t column, const bram_entry *names)
{
    bram_entry e = *names;
    if (bram_grid_cell(g, row, (size_t)column).type == BRAM_CELL_EMPTY) return BRAM_OK;
    if (bram_grid_number(cx, g, row, (size_t)column, 0, &e.weight) != BRAM_OK)
        return bram_fail(cx, BRAM_EFORMAT,
                         "row %zu, column \"%s\": found \"%.80s\", expected a "
                         "number",
                         row + 1, weights[layer], bram_grid_text(g, row, (size_t)column));
    if (e.weight == 0) return BRAM_OK;
    int status = bram_connectome_add(cx, c, layer, &e);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "row %zu", row + 1);
}

static int read_rows(bram_ctx *cx, bram_connectome *c, const bram_grid *g)
{
    ptrdiff_t names[2], at[LAYERS];
    if (!find_columns(g, names, at))
        return bram_fail(cx, BRAM_EFORMAT, "found \"%.40s, %.40s ...\", expected %s",
                         bram_grid_text(g, 0, 0), bram_grid_text(g, 0, 1), what);
    for (size_t k = 0; k < LAYERS; k++) BRAM_TRY(bram_connectome_add_layer(cx, c, &layers[k]));
    for (size_t row = 1; row < bram_grid_rows(g); row++) {
        const bram_entry e = {.pre = bram_grid_text(g, row, (size_t)names[0]),
                              .post = bram_grid_text(g, row, (size_t)names[1])};
        if (!e.pre[0] && !e.post[0]) continue;
        for (size_t k = 0; k < LAYERS; k++)
            if (at[k] >= 0) BRAM_TRY(read_cell(cx, c, g, row, k, at[k], &e));
    }
    return BRAM_OK;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    bram_book *book = NULL;
    bram_grid *g = NULL;
    bram_connectome *c = NULL;
    BRAM_TRY(bram_one_file(cx, input));
    BRAM_TRY(bram_connectome_new(cx, &c, o));
    int status = bram_book_open(cx, &book, input->paths[0], false);
    if (status == BRAM_OK) status = bram_book_read(cx, book, 0, &g);
    if (status == BRAM_OK) status = read_rows(cx, c, g);
    if (status == BRAM_OK) status = bram_connectome_put(cx, c, ds, "simeon2024");
    bram_grid_free(g);
    bram_book_close(book);
    bram_connectome_free(c);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_book *book = NULL;
    bram_grid *g = NULL;
    ptrdiff_t names[2], at[LAYERS];
    bram_recognise(out, BRAM_NOT_MINE, "no table of a consensus");
    int status = bram_book_open(cx, &book, input->paths[0], true);
    if (status == BRAM_OK && bram_book_form_of(book) == BRAM_BOOK_TEXT)
        status = bram_book_read(cx, book, 0, &g);
    if (g && find_columns(g, names, at)) bram_recognise(out, BRAM_MINE, "%s", what);
    bram_grid_free(g);
    bram_book_close(book);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_simeon2024 = {
    .name = "simeon2024",
    .summary = "the published consensus of C. elegans connectomes, with its functional rows",
    .citation = "Simeon et al. 2024, arXiv 2411.12091",
    .doi = "10.48550/arXiv.2411.12091",
    .licence = "not stated",
    .reads = "CSV: consensus_connectome_trimmed_withfunc, _nofunc",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
};
