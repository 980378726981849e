/*
 * nemanode.c - connectomes as tables of pre, post, type and number: the layout of the NemaNode
 * collection and of the supplement of Witvliet et al. 2021, in which White et al. 1986 and Cook et
 * al. 2019 and 2020 are passed on, too.
 *
 * Forms: CSV, TSV or a workbook with pre, post, type (chemical, electrical) and synapses; JSON
 * objects with pre, post, typ (0 chemical, 2 electrical) and syn, a list of sizes that are added
 * up; CSV with Source, Target, Weight and Type. Text lists a gap junction once, JSON in both
 * directions.
 *
 * The layout does not say whose data they are. The collections that were published are known by
 * their content: the number of chemical rows and what they sum to. Anything else is called by the
 * option name, by its sheet, or "edges".
 */
#include "edge_table.h"
#include "intake.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {BRAM_CONNECTOME_RULES,
                                    {"name", BRAM_PARAM_TEXT, "", NULL, 0, 0,
                                     "the source's name in the file; empty: known by its content"},
                                    {.name = NULL}};

enum { CHEMICAL, GAP };

static const bram_edge_kind words[] = {{"chemical", CHEMICAL}, {"electrical", GAP}, {NULL, 0}};
static const bram_edge_kind codes[] = {{"0", CHEMICAL}, {"2", GAP}, {NULL, 0}};

static const bram_edge_form forms[] = {
    {"a table with pre, post, type and synapses", NULL, "pre", "post", "type", "synapses", NULL,
     NULL, words, 0},
    {"JSON edges with pre, post, typ and syn", NULL, "pre", "post", "typ", "syn", NULL, NULL, codes,
     0},
    {"a table with Source, Target, Weight and Type", NULL, "Source", "Target", "Type", "Weight",
     NULL, NULL, words, 0},
};

enum { FORMS = sizeof forms / sizeof *forms };

static const struct paper {
    const char *dataset, *citation, *doi, *unit;
} white = {"white1986", "White et al. 1986, Phil Trans R Soc B 314:1", "10.1098/rstb.1986.0056",
           "synapses"},
  witvliet = {"witvliet2021", "Witvliet et al. 2021, Nature 596:257", "10.1038/s41586-021-03778-8",
              "synapses"},
  cook2019 = {"cook2019", "Cook et al. 2019, Nature 571:63", "10.1038/s41586-019-1352-7",
              "sections"},
  cook2020 = {"cook2020", "Cook et al. 2020, J Comp Neurol 528:2767", "10.1002/cne.24932",
              "sections"};

/* What was published in this layout, by its chemical rows (other cells included) and their sum. */
static const struct known {
    size_t rows;
    double sum;
    const char *name, *animal;
    const struct paper *paper;
} known[] = {
    {2386, 7943, "white1986_whole", "whole animal, composite of several", &white},
    {2405, 8189, "white1986_whole", "whole animal, composite of several", &white},
    {1629, 4538, "white1986_n2u", "N2U, adult, nerve ring", &white},
    {1629, 4541, "white1986_n2u", "N2U, adult, nerve ring", &white},
    {1480, 4340, "white1986_jsh", "JSH, L4, nerve ring", &white},
    {104, 261, "white1986_jse", "JSE, adult, tail", &white},
    {775, 1296, "witvliet2021_1", "animal 1, L1, nerve ring", &witvliet},
    {986, 1895, "witvliet2021_2", "animal 2, L1, nerve ring", &witvliet},
    {1012, 2128, "witvliet2021_3", "animal 3, L1, nerve ring", &witvliet},
    {1136, 2777, "witvliet2021_4", "animal 4, L1, nerve ring", &witvliet},
    {1525, 4456, "witvliet2021_6", "animal 6, L3, nerve ring", &witvliet},
    {2202, 7467, "witvliet2021_7", "animal 7, adult, nerve ring", &witvliet},
    {2204, 7465, "witvliet2021_7", "animal 7, adult, nerve ring", &witvliet},
    {2186, 7970, "witvliet2021_8", "animal 8, adult, nerve ring", &witvliet},
    {2194, 7981, "witvliet2021_8", "animal 8, adult, nerve ring", &witvliet},
    {4879, 28113, "cook2019", "adult hermaphrodite, composite", &cook2019},
    {4681, 27019, "cook2019", "adult hermaphrodite, composite; older release", &cook2019},
    {295, 1762, "cook2020", "adult hermaphrodite, pharynx", &cook2020},
};

/* The connectome, and what is counted on the way to know whose it is. */
struct reading {
    bram_connectome *connectome;
    size_t rows;
    double sum;
};

static int take_row(bram_ctx *cx, void *user, const bram_edge_row *row)
{
    struct reading *r = user;
    if (row->layer == CHEMICAL) {
        r->rows++;
        r->sum += row->entry.weight;
    }
    return bram_edge_row_add(cx, r->connectome, row);
}

static const struct known *find_known(const struct reading *r)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].rows == r->rows && known[i].sum == r->sum) return &known[i];
    return NULL;
}

/* "witvliet_2020_5 L2" as a name of a group: letters, digits and _, as far as they go. */
static void name_by_sheet(char *name, size_t bytes, const char *sheet)
{
    size_t n = 0;
    while (sheet[n] && n + 1 < bytes && (isalnum((unsigned char)sheet[n]) || sheet[n] == '_'))
        name[n] = sheet[n], n++;
    name[n] = 0;
    if (!n) snprintf(name, bytes, "edges");
}

static int read_name(bram_ctx *cx, char *name, size_t bytes, const char *path, const char *asked)
{
    bram_book *book = NULL;
    if (*asked && strlen(asked) < bytes && asked[strcspn(asked, "/")] == 0) {
        strcpy(name, asked);
        return BRAM_OK;
    }
    if (*asked)
        return bram_fail(cx, BRAM_EUSAGE, "name=%s: expected a name without / of up to %zu bytes",
                         asked, bytes - 1);
    BRAM_TRY(bram_book_open(cx, &book, path, true));
    name_by_sheet(name, bytes, bram_book_sheet_name(book, 0));
    bram_book_close(book);
    return BRAM_OK;
}

static int describe(bram_ctx *cx, bram_dataset *ds, const struct known *k, const char *name)
{
    bram_attrs *root = bram_dataset_attrs(cx, ds, "");
    char group[128];
    if (!root) return BRAM_ENOMEM;
    if (!k) return bram_attrs_set_text(cx, root, "dataset", name);
    BRAM_TRY(bram_attrs_set_text(cx, root, "dataset", k->paper->dataset));
    BRAM_TRY(bram_attrs_set_text(cx, root, "citation", k->paper->citation));
    BRAM_TRY(bram_attrs_set_text(cx, root, "doi", k->paper->doi));
    snprintf(group, sizeof group, "connectome/%s", name);
    bram_attrs *attrs = bram_dataset_attrs(cx, ds, group);
    return attrs ? bram_attrs_set_text(cx, attrs, "animal", k->animal) : BRAM_ENOMEM;
}

static int read_edges(bram_ctx *cx, bram_connectome *c, bram_dataset *ds, const char *path,
                      const char *asked)
{
    struct reading r = {.connectome = c};
    char name[64];
    BRAM_TRY(bram_connectome_add_layer(cx, c, &(bram_layer){"chemical", "chemical", "synapses"}));
    BRAM_TRY(bram_connectome_add_layer(cx, c,
                                       &(bram_layer){"gap", "gap", "synapses", .symmetric = true}));
    BRAM_TRY(bram_edge_table_read(cx, path, forms, FORMS, take_row, &r));
    const struct known *k = find_known(&r);
    for (size_t layer = 0; k && layer < 2; layer++)
        bram_connectome_set_unit(c, layer, k->paper->unit);
    if (k && !*asked) snprintf(name, sizeof name, "%s", k->name);
    else BRAM_TRY(read_name(cx, name, sizeof name, path, asked));
    BRAM_TRY(bram_connectome_put(cx, c, ds, name));
    return describe(cx, ds, k, name);
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    bram_connectome *c = NULL;
    BRAM_TRY(bram_one_file(cx, input));
    BRAM_TRY(bram_connectome_new(cx, &c, o));
    int status = read_edges(cx, c, ds, input->paths[0], bram_option_text(o, "name"));
    bram_connectome_free(c);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    return bram_edge_recognise(cx, input, forms, FORMS, out);
}

const bram_loader bram_loader_nemanode = {
    .name = "nemanode",
    .summary = "C. elegans connectomes as edge tables: White 1986, Witvliet 2021, Cook 2019, 2020",
    .citation = "the paper of each collection; tables as passed on by NemaNode (nemanode.org)",
    .doi = "",
    .licence = "not stated",
    .reads = "CSV, TSV, xlsx: pre, post, type, synapses; JSON: pre, post, typ, syn",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
};
