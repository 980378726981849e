/*
 * vesselgraph.c - whole-brain vessel graphs (Paetzold et al. 2021, arXiv 2108.13233): branch points
 * of vessels and the vessels between them, as a graph below connectome/vesselgraph.
 *
 * Forms, told apart by content, the files in any order:
 * - two tables of Voreen, with headers and ";" (comma and tab are read as well): nodes with id,
 *   pos_x, pos_y, pos_z (and isAtSampleBorder), edges with node1id, node2id and what was measured
 *   (length, distance, curveness, volume, avgRadiusAvg ...). All number columns are kept.
 * - the csv.gz files of raw/ in a folder of the Open Graph Benchmark, without headers: edge (two
 *   node numbers a line), num-node-list (one number), and where there are node-feat (a line a node,
 *   the first three numbers its position) and edge-feat (a line an edge: kept as feature1 ...).
 *   num-edge-list is not needed. Splits (*.pt) are Python's and not read.
 *
 * The weight of a vessel is its mean radius where that is known (avgRadiusAvg; of OGB files column
 * radius=N of edge-feat), else 1. A vessel has no direction and stands there once. Two vessels may
 * join the same two branch points, and one may come back to its own.
 */
#include <bramble/loader.h>

#include "csvfile.h"
#include "import.h"
#include "intake.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {{"radius", BRAM_PARAM_INTEGER, "0", NULL, 0, 1000,
                                     "column of edge-feat that is the radius, from 1; 0: none is"},
                                    {.name = NULL}};

static const char group[] = "connectome/vesselgraph";

enum { MOST_FILES = 5, MOST_COLUMNS = 64 };

/* The tables that were found; with headers, or without: then num_* are single numbers. */
struct files {
    bram_csv *table[MOST_FILES];
    size_t count;
    const bram_csv *nodes, *edges;                 /* Voreen */
    const bram_csv *pairs, *node_feat, *edge_feat; /* OGB */
    size_t node_count;
};

static void close_files(struct files *f)
{
    for (size_t i = 0; i < f->count; i++) bram_csv_free(f->table[i]);
}

/* ---- which file is which -------------------------------------------------------------------- */

static bool has_all(const bram_csv *t, const char *const *names)
{
    for (; *names; names++)
        if (bram_csv_find(t, *names) < 0) return false;
    return true;
}

static const char *const node_names[] = {"id", "pos_x", "pos_y", "pos_z", NULL};
static const char *const edge_names[] = {"node1id", "node2id", NULL};

/* Reads a file with its header where the first cell is no number. */
static int open_table(bram_ctx *cx, bram_csv **out, const char *path)
{
    double number;
    BRAM_TRY(bram_csv_read(cx, out, path, NULL));
    if (bram_number_parse(bram_csv_text(*out, 0, 0), 0, &number)) return BRAM_OK;
    bram_csv_free(*out);
    *out = NULL;
    return bram_csv_read(cx, out, path, &(bram_csv_options){.header = true});
}

static int open_all(bram_ctx *cx, struct files *f, const bram_input *input)
{
    if (input->count > MOST_FILES)
        return bram_fail(cx, BRAM_EUSAGE, "found %zu files, expected at most %d of one graph",
                         input->count, MOST_FILES);
    for (size_t i = 0; i < input->count; i++) {
        BRAM_TRY(open_table(cx, &f->table[i], input->paths[i]));
        f->count++;
        const bram_csv *t = f->table[i];
        if (has_all(t, node_names)) f->nodes = t;
        else if (has_all(t, edge_names)) f->edges = t;
        else if (!*bram_csv_name(t, 0) && bram_csv_cols(t) == 2) f->pairs = t;
    }
    return BRAM_OK;
}

/* A single number is that of the edges when it is not needed for the nodes. */
static int read_counts(bram_ctx *cx, struct files *f)
{
    size_t edges = bram_csv_rows(f->pairs), numbers = 0;
    for (size_t i = 0; i < f->count; i++) {
        const bram_csv *t = f->table[i];
        int64_t n = 0;
        if (bram_csv_rows(t) != 1 || bram_csv_cols(t) != 1) continue;
        BRAM_TRY(bram_csv_integer(cx, t, 0, 0, &n));
        if (n < 1 || n > UINT32_MAX)
            return bram_fail(cx, BRAM_EFORMAT, "a number of nodes or edges is %lld", (long long)n);
        numbers++;
        if ((uint64_t)n != edges || !f->node_count) f->node_count = (size_t)n;
    }
    if (!numbers)
        return bram_fail(cx, BRAM_EFORMAT,
                         "pairs of node numbers without num-node-list, a file of one number");
    for (size_t i = 0; i < f->count; i++) {
        const bram_csv *t = f->table[i];
        size_t rows = bram_csv_rows(t), cols = bram_csv_cols(t);
        if (t == f->pairs || (rows == 1 && cols == 1)) continue;
        if (rows == f->node_count && cols >= 3 && !f->node_feat) f->node_feat = t;
        else if (rows == edges) f->edge_feat = t;
        else
            return bram_fail(
                cx, BRAM_EFORMAT,
                "a table of %zu x %zu is neither of the %zu nodes nor of the %zu edges", rows, cols,
                f->node_count, edges);
    }
    return BRAM_OK;
}

static int sort_files(bram_ctx *cx, struct files *f)
{
    if (f->nodes && f->edges) return BRAM_OK;
    if (f->pairs && !f->nodes && !f->edges) return read_counts(cx, f);
    return bram_fail(cx, BRAM_EFORMAT,
                     "found %s%s, expected a table of nodes (id, pos_x ...) and one of edges "
                     "(node1id, node2id ...), or the raw files of an OGB folder",
                     f->nodes ? "nodes alone" : "", f->edges ? "edges alone" : "");
}

/* ---- nodes ---------------------------------------------------------------------------------- */

static int add_position(bram_ctx *cx, bram_axis *nodes, const bram_csv *t, const size_t col[3])
{
    static const char *const names[] = {"x", "y", "z"};
    double *value = bram_scratch(cx, bram_csv_rows(t), sizeof *value);
    if (!value) return BRAM_ENOMEM;
    for (size_t d = 0; d < 3; d++) {
        BRAM_TRY(bram_csv_numbers(cx, t, col[d], 0, value));
        BRAM_TRY(bram_axis_add_number(cx, nodes, names[d], value, "voxel"));
    }
    return BRAM_OK;
}

static int named_nodes(bram_ctx *cx, bram_axis *nodes, const bram_csv *t)
{
    size_t n = bram_csv_rows(t), id, col[3];
    const char **text = bram_scratch(cx, n, sizeof *text);
    int64_t *border = bram_scratch(cx, n, sizeof *border);
    if (!text || !border) return BRAM_ENOMEM;
    BRAM_TRY(bram_csv_column(cx, t, "id", &id));
    for (size_t d = 0; d < 3; d++) BRAM_TRY(bram_csv_column(cx, t, node_names[d + 1], &col[d]));
    for (size_t i = 0; i < n; i++) text[i] = bram_csv_text(t, i, id);
    BRAM_TRY(bram_axis_set_ids(cx, nodes, text));
    for (size_t i = 0; i < n; i++)
        if (bram_axis_find(nodes, text[i]) != (ptrdiff_t)i)
            return bram_fail(cx, BRAM_EFORMAT, "nodes, line %zu: the id \"%s\" is %s",
                             bram_csv_line(t, i), text[i], *text[i] ? "there twice" : "empty");
    BRAM_TRY(add_position(cx, nodes, t, col));
    ptrdiff_t at = bram_csv_find(t, "isAtSampleBorder");
    for (size_t i = 0; at >= 0 && i < n; i++)
        BRAM_TRY(bram_csv_integer(cx, t, i, (size_t)at, &border[i]));
    return at < 0 ? BRAM_OK : bram_axis_add_integer(cx, nodes, "at_sample_border", border);
}

static int numbered_nodes(bram_ctx *cx, bram_axis *nodes, const bram_csv *feat)
{
    size_t n = bram_axis_length(nodes);
    char(*number)[12] = bram_scratch(cx, n, sizeof *number);
    const char **text = bram_scratch(cx, n, sizeof *text);
    if (!number || !text) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        snprintf(number[i], sizeof number[i], "%u", (unsigned)i);
        text[i] = number[i];
    }
    BRAM_TRY(bram_axis_set_ids(cx, nodes, text));
    return feat ? add_position(cx, nodes, feat, (size_t[]){0, 1, 2}) : BRAM_OK;
}

/* ---- vessels -------------------------------------------------------------------------------- */

static int add_ends(bram_ctx *cx, bram_axis *vessels, const bram_axis *nodes, const bram_csv *t,
                    const size_t col[2])
{
    static const char *const names[] = {"from", "to"};
    size_t n = bram_csv_rows(t);
    const char **text = bram_scratch(cx, n, sizeof *text);
    if (!text) return BRAM_ENOMEM;
    for (size_t k = 0; k < 2; k++) {
        for (size_t e = 0; e < n; e++) {
            ptrdiff_t at = bram_axis_find(nodes, bram_csv_text(t, e, col[k]));
            if (at < 0)
                return bram_fail(cx, BRAM_EFORMAT, "edges, line %zu: \"%s\" is no node",
                                 bram_csv_line(t, e), bram_csv_text(t, e, col[k]));
            text[e] = bram_axis_id(nodes, (size_t)at);
        }
        BRAM_TRY(bram_axis_add_text(cx, vessels, names[k], text));
    }
    return BRAM_OK;
}

/* The weight, and a column of one word. */
static int add_weight(bram_ctx *cx, bram_axis *vessels, const bram_csv *t, ptrdiff_t radius)
{
    size_t n = bram_axis_length(vessels);
    double *weight = bram_scratch(cx, n, sizeof *weight);
    const char **type = bram_scratch(cx, n, sizeof *type);
    if (!weight || !type) return BRAM_ENOMEM;
    for (size_t e = 0; e < n; e++) weight[e] = 1, type[e] = "vessel";
    if (radius >= 0) BRAM_TRY(bram_csv_numbers(cx, t, (size_t)radius, 0, weight));
    BRAM_TRY(bram_axis_add_number(cx, vessels, "weight", weight, radius >= 0 ? "voxel" : "1"));
    return bram_axis_add_text(cx, vessels, "type", type);
}

/* A name as columns have it: avgRadiusAvg is avg_radius_avg. */
static void column_name(char *out, size_t room, const char *name)
{
    size_t n = 0;
    for (; *name && n + 2 < room; name++) {
        bool upper = *name >= 'A' && *name <= 'Z';
        if (upper && n && out[n - 1] != '_') out[n++] = '_';
        out[n++] = upper ? (char)(*name - 'A' + 'a') : *name;
    }
    out[n] = 0;
}

/* All columns of numbers but the ends. */
static int add_features(bram_ctx *cx, bram_axis *vessels, const bram_csv *t, bool named)
{
    double *value = bram_scratch(cx, bram_csv_rows(t), sizeof *value);
    if (!value) return BRAM_ENOMEM;
    for (size_t c = 0; c < bram_csv_cols(t) && c < MOST_COLUMNS; c++) {
        char name[64];
        const char *header = bram_csv_name(t, c);
        if (named && (!*header || strcmp(header, "id") == 0 || strcmp(header, "node1id") == 0 ||
                      strcmp(header, "node2id") == 0))
            continue;
        if (named) column_name(name, sizeof name, header);
        else snprintf(name, sizeof name, "feature%zu", c + 1);
        BRAM_TRY(bram_csv_numbers(cx, t, c, BRAM_NUMBER_EMPTY | BRAM_NUMBER_NAN, value));
        BRAM_TRY(bram_axis_add_number(cx, vessels, name, value, ""));
    }
    return BRAM_OK;
}

static int fill_vessels(bram_ctx *cx, bram_axis *vessels, const struct files *f,
                        const bram_axis *nodes, const bram_options *o)
{
    size_t col[2] = {0, 1}, radius = (size_t)bram_option_integer(o, "radius");
    if (f->edges) {
        BRAM_TRY(bram_csv_column(cx, f->edges, "node1id", &col[0]));
        BRAM_TRY(bram_csv_column(cx, f->edges, "node2id", &col[1]));
        BRAM_TRY(add_ends(cx, vessels, nodes, f->edges, col));
        BRAM_TRY(add_weight(cx, vessels, f->edges, bram_csv_find(f->edges, "avgRadiusAvg")));
        return add_features(cx, vessels, f->edges, true);
    }
    if (radius && (!f->edge_feat || radius > bram_csv_cols(f->edge_feat)))
        return bram_fail(cx, BRAM_EUSAGE, "radius=%zu: found %zu columns of edge-feat", radius,
                         f->edge_feat ? bram_csv_cols(f->edge_feat) : 0);
    BRAM_TRY(add_ends(cx, vessels, nodes, f->pairs, col));
    BRAM_TRY(add_weight(cx, vessels, f->edge_feat, (ptrdiff_t)radius - 1));
    return f->edge_feat ? add_features(cx, vessels, f->edge_feat, false) : BRAM_OK;
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int put(bram_ctx *cx, bram_dataset *ds, const struct files *f, const bram_options *o)
{
    bram_axis *nodes = NULL, *vessels = NULL;
    size_t n = f->nodes ? bram_csv_rows(f->nodes) : f->node_count;
    size_t edges = bram_csv_rows(f->edges ? f->edges : f->pairs);
    BRAM_TRY(bram_axis_new(cx, &nodes, "nodes", n));
    int status = f->nodes ? named_nodes(cx, nodes, f->nodes)
                          : numbered_nodes(cx, nodes, f->node_feat);
    if (status == BRAM_OK) status = bram_axis_new(cx, &vessels, "vessels", edges);
    if (status == BRAM_OK) status = fill_vessels(cx, vessels, f, nodes, o);
    if (status != BRAM_OK) {
        bram_axis_free(nodes);
        bram_axis_free(vessels);
        return status;
    }
    status = bram_dataset_add_table(cx, ds, group, nodes);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, group, vessels);
    bram_axis_free(vessels);
    return status;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct files f = {.count = 0};
    size_t mark = bram_scratch_mark(cx);
    int status = open_all(cx, &f, input);
    if (status == BRAM_OK) status = sort_files(cx, &f);
    if (status == BRAM_OK) status = put(cx, ds, &f, o);
    close_files(&f);
    bram_scratch_release(cx, mark);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    struct files f = {.count = 0};
    bram_recognise(out, BRAM_NOT_MINE, "no tables of nodes and vessels");
    int status = open_all(cx, &f, input);
    if (status == BRAM_OK && f.nodes && f.edges)
        bram_recognise(out, BRAM_MINE, "tables with id, pos_x, pos_y, pos_z and node1id, node2id");
    else if (status == BRAM_OK && f.pairs && f.count > 1 && sort_files(cx, &f) == BRAM_OK)
        bram_recognise(out, BRAM_MAYBE_MINE, "pairs of node numbers and a number of nodes");
    close_files(&f);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_vesselgraph = {
    .name = "vesselgraph",
    .summary = "vessels of whole mouse brains, graphs of branch points",
    .citation = "Paetzold et al. 2021, arXiv 2108.13233",
    .doi = "10.48550/arXiv.2108.13233",
    .licence = "CC BY-NC 4.0",
    .reads = "csv: node and edge lists of Voreen; raw files of an OGB folder",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
};
