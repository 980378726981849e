/*
 * cook2019.c - the whole-animal connectome of Cook et al. 2019: workbook SI 5, hermaphrodite.
 *
 * Each sheet is a matrix [presynaptic row][postsynaptic column] of EM section counts, with section
 * titles above and to the left and the names again at the ends. Names carry leading zeros (VB01)
 * and include muscles and other cells. Read are "hermaphrodite chemical" and "hermaphrodite gap jn
 * symmetric"; of both the 300 canonical neurons, by the label parser.
 *
 * A gap junction stands in the sheet in both directions and is stored once for each pair of neurons
 * (from the first to the second in the canonical order; a neuron with itself once).
 *
 * rules=published repeats what an earlier pipeline did (Simeon et al. 2024): names must equal the
 * canonical ones unchanged, so all neurons numbered 1 to 9 of AS, DA, DB, DD, VA, VB, VC and VD
 * have no edge, and the first entry of a pair wins. It is there to reproduce published figures.
 */
#include <bramble/loader.h>

#include "import.h"
#include "intake.h"
#include "labels.h"
#include "xlsx.h"

#include <math.h>
#include <string.h>

static const bram_param params[] = {
    {"rules", BRAM_PARAM_CHOICE, "corrected", "corrected|published", 0, 0,
     "published matches names unchanged and loses 64 neurons, to reproduce published figures"},
    {.name = NULL}};

static const char chemical_sheet[] = "hermaphrodite chemical";
static const char gap_sheet[] = "hermaphrodite gap jn symmetric";
static const char group[] = "connectome/cook2019";

enum { NAMES = 2, DATA = 3 }; /* row and column of the names; the first with data */

/* Both layers over the canonical neurons, and every name that was met. */
struct connectome {
    bool published;
    double (*weight[2])[BRAM_NEURONS]; /* chemical, gap: [pre][post] */
    bool examined[2][BRAM_NEURONS][2]; /* by layer: as a row, as a column */
    size_t names, room;
    const char **name; /* distinct, owned by the grids */
};

/* @return the canonical index by the rules, or -1 */
static int neuron_of(const struct connectome *c, const char *name)
{
    if (c->published) return bram_neuron_find(name);
    bram_label label = bram_label_parse(name, (double)NAN, 0);
    return bram_label_is_certain(&label) ? label.neuron : -1;
}

static void note_name(struct connectome *c, const char *name)
{
    for (size_t i = 0; i < c->names; i++)
        if (strcmp(c->name[i], name) == 0) return;
    if (c->names < c->room) c->name[c->names++] = name;
}

/* ---- reading a sheet ------------------------------------------------------------------------ */

static int read_cell(bram_ctx *cx, struct connectome *c, size_t layer, const bram_grid *g,
                     size_t row, size_t col, int pre, int post)
{
    double weight;
    if (bram_grid_cell(g, row, col).type == BRAM_CELL_EMPTY) return BRAM_OK;
    BRAM_TRY(bram_grid_number(cx, g, row, col, 0, &weight));
    if (!(weight >= 0) || !isfinite(weight)) {
        char ref[16];
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s!%s: found %g, expected a number of sections, 0 or more",
                         bram_grid_name(g), bram_grid_ref(ref, row, col), weight);
    }
    double *sum = &c->weight[layer][pre][post];
    *sum = c->published && *sum > 0 ? *sum : *sum + weight;
    return BRAM_OK;
}

static int read_row(bram_ctx *cx, struct connectome *c, size_t layer, const bram_grid *g,
                    size_t row, const int *post)
{
    const char *name = bram_grid_text(g, row, NAMES);
    int pre = name[0] ? neuron_of(c, name) : -1;
    if (name[0]) note_name(c, name);
    if (pre < 0) return BRAM_OK;
    c->examined[layer][pre][0] = true;
    for (size_t col = DATA; col < bram_grid_cols(g); col++)
        if (post[col] >= 0) BRAM_TRY(read_cell(cx, c, layer, g, row, col, pre, post[col]));
    return BRAM_OK;
}

static int read_sheet(bram_ctx *cx, struct connectome *c, size_t layer, const bram_grid *g)
{
    size_t cols = bram_grid_cols(g), found = 0;
    int *post = bram_scratch(cx, cols, sizeof *post);
    if (!post) return BRAM_ENOMEM;
    for (size_t col = 0; col < cols; col++) {
        const char *name = col < DATA ? "" : bram_grid_text(g, NAMES, col);
        post[col] = name[0] ? neuron_of(c, name) : -1;
        if (name[0]) note_name(c, name);
        if (post[col] < 0) continue;
        c->examined[layer][post[col]][1] = true;
        found++;
    }
    if (found == 0)
        return bram_fail(cx, BRAM_EFORMAT, "sheet \"%s\": found no neuron's name in row %d",
                         bram_grid_name(g), NAMES + 1);
    for (size_t row = DATA; row < bram_grid_rows(g); row++)
        BRAM_TRY(read_row(cx, c, layer, g, row, post));
    return BRAM_OK;
}

/* ---- what is kept --------------------------------------------------------------------------- */

/* Examined: a row and a column of both sheets, so that an absent edge to any other is a zero. */
static bool is_examined(const struct connectome *c, size_t i)
{
    return c->examined[0][i][0] && c->examined[0][i][1] && c->examined[1][i][0] &&
           c->examined[1][i][1];
}

static int add_nodes(bram_ctx *cx, bram_dataset *ds, const struct connectome *c)
{
    const char *text[4][BRAM_NEURONS];
    static const char *const columns[] = {NULL, "class", "transmitter", "type"};
    size_t n = 0;
    for (size_t i = 0; i < BRAM_NEURONS; i++) {
        const bram_neuron *neuron = bram_neuron_at(i);
        if (!is_examined(c, i)) continue;
        text[0][n] = neuron->name, text[1][n] = neuron->class_name;
        text[2][n] = neuron->transmitter, text[3][n++] = neuron->type;
    }
    bram_axis *nodes = NULL;
    BRAM_TRY(bram_axis_new(cx, &nodes, "nodes", n));
    int status = bram_axis_set_ids(cx, nodes, text[0]);
    for (size_t k = 1; status == BRAM_OK && k < 4; k++)
        status = bram_axis_add_text(cx, nodes, columns[k], text[k]);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, group, nodes);
    bram_axis_free(nodes);
    return status;
}

/* The weight of an edge as stored; 0 where there is none. A gap junction is the mean of its
 * entries. */
static double edge(const struct connectome *c, size_t layer, size_t i, size_t j)
{
    double there = c->weight[layer][i][j], back = c->weight[layer][j][i];
    if (!is_examined(c, i) || !is_examined(c, j)) return 0;
    if (layer == 0 || i == j) return there;
    if (j < i) return 0;
    return there > 0 && back > 0 ? 0.5 * (there + back) : there + back;
}

static int add_layer(bram_ctx *cx, bram_dataset *ds, const struct connectome *c, size_t layer)
{
    static const char *const names[] = {"chemical", "gap"};
    size_t count = 0, n = 0;
    for (size_t k = 0; k < BRAM_NEURONS * BRAM_NEURONS; k++)
        count += edge(c, layer, k / BRAM_NEURONS, k % BRAM_NEURONS) > 0;
    const char **from = bram_scratch(cx, count, sizeof *from),
               **to = bram_scratch(cx, count, sizeof *to);
    const char **type = bram_scratch(cx, count, sizeof *type);
    double *weight = bram_scratch(cx, count, sizeof *weight);
    if (!from || !to || !type || !weight) return BRAM_ENOMEM;
    for (size_t k = 0; k < BRAM_NEURONS * BRAM_NEURONS; k++) {
        double w = edge(c, layer, k / BRAM_NEURONS, k % BRAM_NEURONS);
        if (!(w > 0)) continue;
        from[n] = bram_neuron_at(k / BRAM_NEURONS)->name;
        to[n] = bram_neuron_at(k % BRAM_NEURONS)->name;
        type[n] = names[layer];
        weight[n++] = w;
    }
    bram_axis *table = NULL;
    BRAM_TRY(bram_axis_new(cx, &table, names[layer], count));
    int status = bram_axis_add_text(cx, table, "from", from);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "to", to);
    if (status == BRAM_OK) status = bram_axis_add_number(cx, table, "weight", weight, "sections");
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "type", type);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, group, table);
    bram_axis_free(table);
    return status;
}

/* ---- the report ----------------------------------------------------------------------------- */

/* Figures of the sheets themselves (gap junctions in both directions), as other tools count them.
 */
static int add_counts(bram_ctx *cx, bram_dataset *ds, const struct connectome *c)
{
    int64_t pairs[2] = {0}, either = 0, self = 0, uneven = 0, nodes = 0;
    double weight[2] = {0};
    bool connected[BRAM_NEURONS] = {false};
    for (size_t i = 0; i < BRAM_NEURONS; i++)
        for (size_t j = 0; j < BRAM_NEURONS; j++) {
            double w[2] = {c->weight[0][i][j], c->weight[1][i][j]};
            for (size_t l = 0; l < 2; l++) pairs[l] += w[l] > 0, weight[l] += w[l];
            either += w[0] > 0 || w[1] > 0;
            self += i == j && w[1] > 0;
            uneven += i < j && w[1] != c->weight[1][j][i];
            if (w[0] > 0 || w[1] > 0) connected[i] = connected[j] = true;
        }
    for (size_t i = 0; i < BRAM_NEURONS; i++) nodes += connected[i];
    const struct {
        const char *name;
        int64_t value;
    } counts[] = {{"chemical_pairs", pairs[0]},
                  {"gap_entries", pairs[1]},
                  {"gap_self", self},
                  {"gap_uneven_pairs", uneven},
                  {"connected_ordered_pairs", either},
                  {"connected_nodes", nodes}};
    bram_attrs *attrs = bram_dataset_attrs(cx, ds, group);
    if (!attrs) return BRAM_ENOMEM;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        BRAM_TRY(bram_attrs_set_integer(cx, attrs, counts[i].name, counts[i].value));
    BRAM_TRY(bram_attrs_set_number(cx, attrs, "chemical_weight", weight[0]));
    BRAM_TRY(bram_attrs_set_number(cx, attrs, "gap_weight_both_directions", weight[1]));
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "direction",
                                 "from presynaptic to postsynaptic; each gap "
                                 "junction once for both directions"));
    return bram_attrs_set_text(cx, attrs, "rules", c->published ? "published" : "corrected");
}

/* Every name of the sheets and what became of it. */
static int add_report(bram_ctx *cx, bram_dataset *ds, const struct connectome *c)
{
    size_t n = c->names;
    const char **label = bram_scratch(cx, n, sizeof *label),
               **source = bram_scratch(cx, n, sizeof *source);
    const char **certainty = bram_scratch(cx, n, sizeof *certainty);
    const char **reason = bram_scratch(cx, n, sizeof *reason);
    int64_t *trace = bram_scratch(cx, n, sizeof *trace);
    if (!label || !source || !certainty || !reason || !trace) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        bram_label parsed = bram_label_parse(c->name[i], (double)NAN, 0);
        int neuron = neuron_of(c, c->name[i]);
        bool lost = neuron < 0 && bram_label_is_certain(&parsed);
        source[i] = "cook2019";
        trace[i] = (int64_t)i + 1;
        label[i] = neuron < 0 ? "" : bram_neuron_at((size_t)neuron)->name;
        certainty[i] = bram_certainty_name(lost ? BRAM_LABEL_UNLABELED : parsed.certainty);
        reason[i] = lost ? "not spelt as the canonical name (rules=published)" : parsed.reason;
    }
    bram_axis *table = NULL;
    BRAM_TRY(bram_axis_new(cx, &table, "import_report", n));
    int status = bram_axis_add_text(cx, table, "recording", source);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, table, "trace", trace);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "raw_label", c->name);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "label", label);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "certainty", certainty);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "reason", reason);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "", table);
    bram_axis_free(table);
    return status;
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int put(bram_ctx *cx, bram_dataset *ds, const struct connectome *c)
{
    BRAM_TRY(add_nodes(cx, ds, c));
    BRAM_TRY(add_layer(cx, ds, c, 0));
    BRAM_TRY(add_layer(cx, ds, c, 1));
    BRAM_TRY(add_counts(cx, ds, c));
    BRAM_TRY(add_report(cx, ds, c));
    return bram_add_neurons(cx, ds);
}

static int read_both(bram_ctx *cx, struct connectome *c, bram_grid *grid[2], const bram_xlsx *book)
{
    BRAM_TRY(bram_xlsx_read_named(cx, book, chemical_sheet, &grid[0]));
    BRAM_TRY(bram_xlsx_read_named(cx, book, gap_sheet, &grid[1]));
    for (size_t l = 0; l < 2; l++) {
        c->room += bram_grid_rows(grid[l]) + bram_grid_cols(grid[l]);
        c->weight[l] = bram_scratch(cx, BRAM_NEURONS, sizeof *c->weight[l]);
        if (!c->weight[l]) return BRAM_ENOMEM;
    }
    c->name = bram_scratch(cx, c->room, sizeof *c->name);
    if (!c->name) return BRAM_ENOMEM;
    for (size_t l = 0; l < 2; l++) BRAM_TRY(read_sheet(cx, c, l, grid[l]));
    return BRAM_OK;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    bram_xlsx *book = NULL;
    bram_grid *grid[2] = {NULL, NULL};
    size_t mark = bram_scratch_mark(cx);
    struct connectome *c = bram_scratch(cx, 1, sizeof *c);
    if (!c) return BRAM_ENOMEM;
    c->published = bram_option_is(o, "rules", "published");
    int status = input->count == 1
                     ? bram_xlsx_open(cx, &book, input->paths[0])
                     : bram_fail(cx, BRAM_EUSAGE, "found %zu files, expected one workbook",
                                 input->count);
    if (status == BRAM_OK) status = read_both(cx, c, grid, book);
    if (status == BRAM_OK) status = put(cx, ds, c);
    bram_grid_free(grid[0]);
    bram_grid_free(grid[1]);
    bram_xlsx_close(book);
    bram_scratch_release(cx, mark);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_xlsx *book = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no workbook with the sheets of SI 5");
    int status = bram_xlsx_open(cx, &book, input->paths[0]);
    if (status == BRAM_OK && bram_xlsx_find(book, chemical_sheet) >= 0 &&
        bram_xlsx_find(book, gap_sheet) >= 0)
        bram_recognise(out, BRAM_MINE, "workbook with sheets \"%s\" and \"%s\"", chemical_sheet,
                       gap_sheet);
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
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
};
