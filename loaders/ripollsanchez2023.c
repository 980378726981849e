/*
 * ripollsanchez2023.c - the neuropeptide connectome of Ripoll-Sanchez et al. 2023, and the
 * monoamine connectome in the same form.
 *
 * CSV: "Row" and 302 names, then 302 rows [sending][receiving] of the number of pairs of a
 * transmitter and a receptor by which the one can act on the other. Names have leading zeros; CANL
 * and CANR are in it. The file does not say which of the two it is: the published ones are known by
 * their numbers of connections and of pairs; others are called by the option layer.
 *
 * That rows send is concluded from the numbers: the rows of dopaminergic and serotonergic neurons
 * (CEPDL, NSML) are full in the monoamine file, those of AVAL are empty.
 */
#include "book.h"
#include "connectome.h"
#include "edge_table.h"
#include "gz.h"
#include "intake.h"
#include "matrix_table.h"
#include "number.h"

#include <ctype.h>
#include <string.h>

static const bram_param params[] = {
    BRAM_CONNECTOME_RULES,
    {"layer", BRAM_PARAM_CHOICE, "auto",
     "auto|monoamine|neuropeptide_short|neuropeptide_mid|neuropeptide_long", 0, 0,
     "what the matrix is; auto: known by its content"},
    {.name = NULL}};

static const char unit[] = "pairs of transmitter and receptor";

static const struct known {
    const char *name;
    size_t connections;
    double pairs;
} known[] = {{"monoamine", 2881, 4127}, {"neuropeptide_short", 31417, 83634}};

/* "Row" and a name in the first line. */
static bool is_mine(const char *path)
{
    char head[16] = "";
    return bram_gz_peek(path, head, sizeof head - 1) == sizeof head - 1 &&
           strncmp(head, "Row,", 4) == 0 && isalpha((unsigned char)head[4]);
}

static const char *name_by_content(const bram_grid *g)
{
    size_t connections = 0;
    double pairs = 0, value;
    for (size_t row = 1; row < bram_grid_rows(g); row++)
        for (size_t col = 1; col < bram_grid_cols(g); col++) {
            if (!bram_number_parse(bram_grid_text(g, row, col), 0, &value)) continue;
            connections += value != 0;
            pairs += value;
        }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].connections == connections && known[i].pairs == pairs) return known[i].name;
    return NULL;
}

static int read_matrix(bram_ctx *cx, bram_connectome *c, const bram_grid *g, const char *asked)
{
    static const bram_matrix_place place = {0, 0, false};
    const char *name = strcmp(asked, "auto") == 0 ? name_by_content(g) : asked;
    if (!name)
        return bram_fail(cx, BRAM_EUSAGE,
                         "the matrix is none of the published ones: say which it is, e.g. "
                         "layer=neuropeptide_mid");
    BRAM_TRY(bram_connectome_add_layer(cx, c, &(bram_layer){name, "extrasynaptic", unit}));
    return bram_matrix_table_add(cx, c, 0, g, &place);
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    bram_connectome *c = NULL;
    bram_book *book = NULL;
    bram_grid *g = NULL;
    BRAM_TRY(bram_one_file(cx, input));
    BRAM_TRY(bram_connectome_new(cx, &c, o));
    int status = bram_book_open(cx, &book, input->paths[0], false);
    if (status == BRAM_OK) status = bram_book_read(cx, book, 0, &g);
    if (status == BRAM_OK) status = read_matrix(cx, c, g, bram_option_text(o, "layer"));
    if (status == BRAM_OK) status = bram_connectome_put(cx, c, ds, "ripollsanchez2023");
    bram_grid_free(g);
    bram_book_close(book);
    bram_connectome_free(c);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    (void)cx;
    if (is_mine(input->paths[0]))
        return bram_recognise(out, BRAM_MINE, "a CSV matrix whose first line is Row and names");
    return bram_recognise(out, BRAM_NOT_MINE, "no matrix whose first line is Row and names");
}

const bram_loader bram_loader_ripollsanchez2023 = {
    .name = "ripollsanchez2023",
    .summary = "C. elegans neuropeptide connectome, and monoamines in the same form",
    .citation = "Ripoll-Sanchez et al. 2023, Neuron 111:3570",
    .doi = "10.1016/j.neuron.2023.09.043",
    .licence = "not stated",
    .reads = "CSV: matrix of names and counts",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .apart = true,
};
