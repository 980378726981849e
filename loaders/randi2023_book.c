/*
 * randi2023_book.c - the atlas as a workbook of matrices, as the supplement of the paper has it.
 *
 * Each sheet has the names of the responding neurons before the rows and those of the stimulated
 * ones above the columns, as all matrices of the authors do. Sheets are known by their names:
 * "df_over_f", "dFF", "amplitude"; "q_eq", "equivalence"; "q", "q_val"; "alpha=(1 - q_val)", whose
 * numbers are 1 - q. That a sheet holds 1 - q and not q is what its name alone tells: thresholding
 * it from above takes the pairs that are least likely to be connected.
 *
 * Documented: the names of two sheets in the source data of Fig. 2 (by code that reads them) and
 * the direction. Assumed: that the further tables look alike.
 */
#include "randi2023.h"

#include "functional_atlas.h"
#include "gz.h"
#include "number.h"
#include "xlsx.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { AMPLITUDE, Q, Q_EQ, SHEETS, NAME = 128 };

static const char *const what[SHEETS] = {"amplitudes", "q", "equivalence q"};

bool bram_randi_is_zip(const char *path)
{
    char head[4];
    return bram_gz_peek(path, head, sizeof head) == sizeof head && memcmp(head, "PK\3\4", 4) == 0;
}

/* Letters and digits in lower case, all else a blank, with a blank at both ends: " q val ". */
static void simplify(char *out, const char *name)
{
    size_t n = 0;
    out[n++] = ' ';
    for (; *name && n + 2 < NAME; name++)
        if (isalnum((unsigned char)*name)) out[n++] = (char)tolower((unsigned char)*name);
        else if (out[n - 1] != ' ') out[n++] = ' ';
    if (out[n - 1] != ' ') out[n++] = ' ';
    out[n] = 0;
}

/* What a sheet holds by its name; -1: nothing of the atlas. */
static int role_of(const char *name)
{
    static const struct {
        const char *word;
        int role;
    } words[] = {{" q eq ", Q_EQ},
                 {"equiv", Q_EQ},
                 {" qeq ", Q_EQ},
                 {" q ", Q},
                 {" q val", Q},
                 {"qval", Q},
                 {" df over f ", AMPLITUDE},
                 {" dff ", AMPLITUDE},
                 {" df f ", AMPLITUDE},
                 {"amplitude", AMPLITUDE}};
    char simple[NAME];
    simplify(simple, name);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(simple, words[i].word)) return words[i].role;
    return -1;
}

/* The first sheet of a role. */
static ptrdiff_t find_sheet(const bram_xlsx *book, int role)
{
    for (size_t i = 0; i < bram_xlsx_sheets(book); i++)
        if (role_of(bram_xlsx_sheet_name(book, i)) == role) return (ptrdiff_t)i;
    return -1;
}

bool bram_randi_is_book(bram_ctx *cx, const char *path)
{
    bram_xlsx *book = NULL;
    if (!bram_randi_is_zip(path) || bram_xlsx_open(cx, &book, path) != BRAM_OK) return false;
    bool mine = find_sheet(book, AMPLITUDE) >= 0 && find_sheet(book, Q) >= 0;
    bram_xlsx_close(book);
    return mine;
}

/* ---- matrices ------------------------------------------------------------------------------- */

/* The neurons of the amplitudes' rows and columns, each once. */
struct neurons {
    const char **name; /* owned by the grid of the amplitudes */
    size_t n;
};

static ptrdiff_t index_of(const struct neurons *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->name[i], name) == 0) return (ptrdiff_t)i;
    return -1;
}

static void add_name(struct neurons *names, const char *name)
{
    if (name[0] && index_of(names, name) < 0) names->name[names->n++] = name;
}

static int collect(bram_ctx *cx, struct neurons *names, const bram_grid *g)
{
    size_t rows = bram_grid_rows(g), cols = bram_grid_cols(g);
    names->name = bram_scratch(cx, rows + cols, sizeof *names->name);
    if (!names->name) return BRAM_ENOMEM;
    for (size_t row = 1; row < rows; row++) add_name(names, bram_grid_text(g, row, 0));
    for (size_t col = 1; col < cols; col++) add_name(names, bram_grid_text(g, 0, col));
    if (names->n == 0 || names->n > 4096)
        return bram_fail(cx, BRAM_EFORMAT,
                         "sheet \"%s\": found %zu names before the rows and above the columns",
                         bram_grid_name(g), names->n);
    return BRAM_OK;
}

/* A sheet into a matrix [stimulated][responding]; NaN where it has no number. */
static int fill(bram_ctx *cx, double *m, const struct neurons *names, const bram_grid *g,
                bool reversed)
{
    const int flags = BRAM_NUMBER_MISSING | BRAM_NUMBER_INFINITE;
    for (size_t k = 0; k < names->n * names->n; k++) m[k] = (double)NAN;
    for (size_t row = 1; row < bram_grid_rows(g); row++) {
        ptrdiff_t responding = index_of(names, bram_grid_text(g, row, 0));
        for (size_t col = 1; col < bram_grid_cols(g) && responding >= 0; col++) {
            ptrdiff_t stimulated = index_of(names, bram_grid_text(g, 0, col));
            double value;
            if (stimulated < 0) continue;
            BRAM_TRY(bram_grid_number(cx, g, row, col, flags, &value));
            m[(size_t)stimulated * names->n + (size_t)responding] = reversed ? 1 - value : value;
        }
    }
    return BRAM_OK;
}

static int read_sheet(bram_ctx *cx, const bram_xlsx *book, size_t sheet, bool reversed,
                      const struct neurons *names, double **out)
{
    bram_grid *g = NULL;
    double *m = bram_scratch(cx, names->n * names->n, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    BRAM_TRY(bram_xlsx_read(cx, book, sheet, &g));
    int status = fill(cx, m, names, g, reversed);
    bram_grid_free(g);
    if (status == BRAM_OK) *out = m;
    return status;
}

/* The sheet that an option names, else the first whose name says what it is. */
static int choose_sheet(bram_ctx *cx, ptrdiff_t *sheet, const bram_xlsx *book, int role,
                        const char *asked)
{
    *sheet = *asked ? bram_xlsx_find(book, asked) : find_sheet(book, role);
    if (*sheet >= 0 || (role == Q_EQ && !*asked)) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT, "found no sheet %s%s%s of %s among %zu", *asked ? "\"" : "",
                     asked, *asked ? "\"" : "with a name", what[role], bram_xlsx_sheets(book));
}

static int read_book(bram_ctx *cx, bram_dataset *ds, const bram_xlsx *book, const bram_options *o,
                     bram_grid **amplitudes)
{
    static const char *const options[SHEETS] = {"amplitude_sheet", "q_sheet", "q_eq_sheet"};
    double *matrix[SHEETS] = {NULL};
    struct neurons names = {0};
    ptrdiff_t sheet[SHEETS];
    for (int k = 0; k < SHEETS; k++)
        BRAM_TRY(choose_sheet(cx, &sheet[k], book, k, bram_option_text(o, options[k])));
    BRAM_TRY(bram_xlsx_read(cx, book, (size_t)sheet[AMPLITUDE], amplitudes));
    BRAM_TRY(collect(cx, &names, *amplitudes));
    for (int k = 0; k < SHEETS; k++) {
        if (sheet[k] < 0) continue;
        const char *name = bram_xlsx_sheet_name(book, (size_t)sheet[k]);
        bool reversed = k != AMPLITUDE && strstr(name, "1 - q") != NULL;
        BRAM_TRY(read_sheet(cx, book, (size_t)sheet[k], reversed, &names, &matrix[k]));
    }
    const bram_atlas atlas = {.n = names.n,
                              .names = names.name,
                              .amplitude = matrix[AMPLITUDE],
                              .q = matrix[Q],
                              .q_eq = matrix[Q_EQ],
                              .q_below = bram_option_real(o, "q"),
                              .q_eq_below = bram_option_real(o, "q_eq"),
                              .unit = "dF/F"};
    return bram_atlas_put(cx, ds, "randi2023", &atlas, o);
}

int bram_randi_load_book(bram_ctx *cx, bram_dataset *ds, const bram_input *input,
                         const bram_options *o)
{
    bram_xlsx *book = NULL;
    bram_grid *amplitudes = NULL;
    BRAM_TRY(bram_xlsx_open(cx, &book, input->paths[0]));
    size_t mark = bram_scratch_mark(cx);
    int status = read_book(cx, ds, book, o, &amplitudes);
    bram_scratch_release(cx, mark);
    bram_grid_free(amplitudes);
    bram_xlsx_close(book);
    return status;
}
