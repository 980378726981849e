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
    {4681, 27019, "cook2019_first", "adult hermaphrodite, composite; first release", &cook2019},
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

/* A file, read; and whose it is. */
struct collection {
    bram_connectome *connectome;
    const struct known *known;
    char name[64];
};

static int read_file(bram_ctx *cx, struct collection *f, const char *path, const bram_options *o)
{
    static const bram_layer layers[] = {{"chemical", "chemical", "synapses"},
                                        {"gap", "gap", "synapses", .symmetric = true}};
    const char *asked = bram_option_text(o, "name");
    struct reading r = {.rows = 0};
    BRAM_TRY(bram_connectome_new(cx, &f->connectome, o));
    r.connectome = f->connectome;
    for (size_t k = 0; k < 2; k++)
        BRAM_TRY(bram_connectome_add_layer(cx, f->connectome, &layers[k]));
    BRAM_TRY(bram_edge_table_read(cx, path, forms, FORMS, take_row, &r));
    f->known = find_known(&r);
    for (size_t k = 0; f->known && k < 2; k++)
        bram_connectome_set_unit(f->connectome, k, f->known->paper->unit);
    if (!f->known || *asked) return read_name(cx, f->name, sizeof f->name, path, asked);
    snprintf(f->name, sizeof f->name, "%s", f->known->name);
    return BRAM_OK;
}

/* The paper of the first file that is known, and the animal of each. */
static int describe(bram_ctx *cx, bram_dataset *ds, const struct collection *f, size_t n)
{
    bram_attrs *root = bram_dataset_attrs(cx, ds, "");
    char group[128];
    if (!root) return BRAM_ENOMEM;
    for (size_t k = 0; k < n; k++) {
        if (!f[k].known) continue;
        snprintf(group, sizeof group, "connectome/%s", f[k].name);
        bram_attrs *attrs = bram_dataset_attrs(cx, ds, group);
        if (!attrs) return BRAM_ENOMEM;
        BRAM_TRY(bram_attrs_set_text(cx, attrs, "animal", f[k].known->animal));
        BRAM_TRY(bram_attrs_set_text(cx, attrs, "citation", f[k].known->paper->citation));
    }
    if (!f[0].known) return bram_attrs_set_text(cx, root, "dataset", f[0].name);
    BRAM_TRY(bram_attrs_set_text(cx, root, "dataset", f[0].known->paper->dataset));
    BRAM_TRY(bram_attrs_set_text(cx, root, "citation", f[0].known->paper->citation));
    return bram_attrs_set_text(cx, root, "doi", f[0].known->paper->doi);
}

static int put_files(bram_ctx *cx, bram_dataset *ds, const struct collection *f, size_t n)
{
    bram_connectome **connectomes = bram_scratch(cx, n, sizeof *connectomes);
    const char **names = bram_scratch(cx, n, sizeof *names);
    if (!connectomes || !names) return BRAM_ENOMEM;
    for (size_t k = 0; k < n; k++) connectomes[k] = f[k].connectome, names[k] = f[k].name;
    BRAM_TRY(bram_connectome_put_all(cx, ds, connectomes, names, n));
    return describe(cx, ds, f, n);
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    size_t mark = bram_scratch_mark(cx), n = input->count;
    struct collection *f = bram_scratch(cx, n, sizeof *f);
    if (!f) return BRAM_ENOMEM;
    int status = BRAM_OK;
    for (size_t k = 0; k < n && status == BRAM_OK; k++) {
        status = read_file(cx, &f[k], input->paths[k], o);
        if (status != BRAM_OK && n > 1) bram_fail_prefix(cx, status, "%s", input->paths[k]);
    }
    if (status == BRAM_OK) status = put_files(cx, ds, f, n);
    for (size_t k = 0; k < n; k++) bram_connectome_free(f[k].connectome);
    bram_scratch_release(cx, mark);
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
    .version = 2,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .apart = true,
    .single = true,
};
