/*
 * cmd_consensus.c - `bramble consensus FILES... -o OUT`: what several connectomes agree on. The
 * files are raw ones, which are imported on the way, or homogenized ones. All of it happens in a
 * child process, as raw files may crash their reader.
 */
#include "consensus.h"
#include "csvfile.h"
#include "h5.h"
#include "output.h"
#include "sandboxed.h"
#include "terminal.h"

#include <bramble/loader.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && !strcmp(path + n - m, ending);
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool is_homogenized(bram_ctx *cx, const char *path)
{
    bram_h5 *file = NULL;
    if (!bram_h5_probe(path) || bram_h5_open(cx, &file, path) != BRAM_OK) return false;
    bool is = bram_h5_has_attr(bram_h5_root(file), "", "bramble_schema");
    bram_h5_close(file);
    return is;
}

static int read_file(bram_ctx *cx, bram_consensus *c, const char *path, bool published)
{
    bram_dataset *ds = NULL;
    const char *spec = published ? "auto:rules=published" : "auto";
    int status = is_homogenized(cx, path)
                     ? bram_dataset_open(cx, &ds, path)
                     : bram_import(cx, &ds, spec, &(bram_input){&path, 1}, NULL);
    if (status == BRAM_EABSENT) status = BRAM_EFORMAT;
    if (status == BRAM_OK) {
        status = bram_consensus_add(cx, c, ds);
        if (status != BRAM_OK) bram_fail_prefix(cx, status, "%s", path);
    }
    bram_dataset_free(ds);
    return status;
}

static int read_all(bram_ctx *cx, bram_consensus **out, const bram_cli_args *args, bool published)
{
    bram_consensus *c = NULL;
    BRAM_TRY(bram_consensus_new(cx, &c));
    int status = BRAM_OK;
    for (size_t i = 0; i < bram_cli_arguments(args) && status == BRAM_OK; i++)
        status = read_file(cx, c, bram_cli_argument(args, i), published);
    if (status == BRAM_OK) *out = c;
    else bram_consensus_free(c);
    return status;
}

/* ---- what is shown -------------------------------------------------------------------------- */

static int list_sources(bram_ctx *cx, bram_table **out, const bram_consensus *c)
{
    static const bram_table_column columns[] = {
        {"source", "source", BRAM_CELL_TEXT},
        {"animals", "animals of", BRAM_CELL_TEXT, .drop = 1},
        {"examined", "neurons examined", BRAM_CELL_INTEGER},
        {"chemical", "chemical", BRAM_CELL_INTEGER},
        {"gap", "gap", BRAM_CELL_INTEGER},
        {"functional", "functional", BRAM_CELL_INTEGER}};
    size_t wires = BRAM_WIRE_FUNCTIONAL;
    for (size_t i = 0; i < bram_consensus_sources(c); i++)
        if (bram_consensus_source_at(c, i).has[BRAM_WIRE_FUNCTIONAL]) wires = BRAM_WIRES;
    BRAM_TRY(bram_table_new(cx, out, "", columns, 3 + wires));
    for (size_t i = 0; i < bram_consensus_sources(c); i++) {
        bram_consensus_source source = bram_consensus_source_at(c, i);
        bool shared = strcmp(source.animals, source.name) != 0;
        bram_table_row(*out);
        bram_table_text(*out, 0, source.name);
        bram_table_text(*out, 1, shared ? source.animals : NULL);
        bram_table_integer(*out, 2, (int64_t)source.examined);
        for (size_t wire = 0; wire < wires; wire++)
            if (source.has[wire]) bram_table_integer(*out, 3 + wire, (int64_t)source.pairs[wire]);
    }
    return BRAM_OK;
}

static int show(bram_ctx *cx, const bram_cli_args *args, bram_buffer *out, const bram_table *t)
{
    BRAM_TRY(bram_table_status(cx, t));
    return bram_table_write(cx, out, t, bram_cli_format(args, BRAM_TABLE_TEXT),
                            (bram_table_style){bram_cli_width(), bram_cli_utf8()});
}

static int show_sources(bram_ctx *cx, const bram_cli_args *args, bram_buffer *out,
                        const bram_consensus *c, const char *note)
{
    bram_table *t = NULL;
    int status = list_sources(cx, &t, c);
    if (status == BRAM_OK) bram_table_note(t, "%s", note);
    if (status == BRAM_OK) status = show(cx, args, out, t);
    bram_table_free(t);
    return status;
}

/* ---- what is written ------------------------------------------------------------------------ */

static int put_cell(bram_ctx *cx, bram_csv_writer *w, const bram_column *c, size_t row)
{
    if (c->type == BRAM_TEXT) return bram_csv_put_text(cx, w, c->text[row]);
    if (c->type == BRAM_INTEGER) return bram_csv_put_integer(cx, w, c->integer[row]);
    return bram_csv_put_number(cx, w, c->number[row]);
}

static int put_rows(bram_ctx *cx, bram_csv_writer *w, const bram_axis *table)
{
    for (size_t row = 0; row < bram_axis_length(table); row++) {
        for (size_t k = 0; k < bram_axis_columns(table); k++)
            BRAM_TRY(put_cell(cx, w, bram_axis_column_at(table, k), row));
        BRAM_TRY(bram_csv_end_row(cx, w));
    }
    return BRAM_OK;
}

/* Tables of equal columns, one below the other. */
static int write_csv(bram_ctx *cx, const bram_axis *const *tables, size_t n, const char *path,
                     bool replace)
{
    bram_outfile *file = NULL;
    bram_csv_writer w;
    BRAM_TRY(bram_outfile_open(cx, &file, path, replace));
    bram_csv_to_file(&w, file, ends_in(path, ".tsv") ? '\t' : ',');
    int status = BRAM_OK;
    for (size_t k = 0; k < bram_axis_columns(tables[0]) && status == BRAM_OK; k++)
        status = bram_csv_put_text(cx, &w, bram_axis_column_at(tables[0], k)->name);
    if (status == BRAM_OK) status = bram_csv_end_row(cx, &w);
    for (size_t i = 0; i < n && status == BRAM_OK; i++) status = put_rows(cx, &w, tables[i]);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

static int describe(bram_ctx *cx, bram_dataset *ds, const bram_consensus *c)
{
    bram_attrs *root = bram_dataset_attrs(cx, ds, "");
    char *names = bram_strdup(cx, "");
    for (size_t i = 0; names && i < bram_consensus_sources(c); i++) {
        char *longer = bram_strf(cx, "%s%s%s", names, i ? ", " : "",
                                 bram_consensus_source_at(c, i).name);
        bram_free(names);
        names = longer;
    }
    char *history = names ? bram_strf(cx, "consensus by bramble %s of %s", bram_version(), names)
                          : NULL;
    int status = root && history ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, root, "dataset", "consensus");
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, root, "licence", "as its sources");
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, root, "citation", "as its sources");
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, root, "sources", names);
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, root, "history", history);
    bram_free(history);
    bram_free(names);
    return status;
}

static int write_agreed(bram_ctx *cx, const bram_dataset *ds, const char *path, bool replace)
{
    static const char *const paths[] = {"connectome/consensus/chemical",
                                        "connectome/consensus/gap"};
    const bram_axis *tables[2];
    size_t n = 0;
    if (ends_in(path, ".h5")) return bram_dataset_write(cx, ds, path, replace);
    for (size_t k = 0; k < 2; k++)
        if (bram_dataset_table(ds, paths[k])) tables[n++] = bram_dataset_table(ds, paths[k]);
    return write_csv(cx, tables, n, path, replace);
}

/* ---- the three answers ---------------------------------------------------------------------- */

static int agree(bram_ctx *cx, const bram_cli_args *args, bram_dataset **out, bram_consensus **read)
{
    int64_t at_least = 1;
    bram_consensus *c = NULL;
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_cli_integer(cx, args, "at-least", 1, 1000, 1, &at_least));
    BRAM_TRY(read_all(cx, &c, args, false));
    int status = bram_dataset_new(cx, &ds);
    if (status == BRAM_OK) status = bram_consensus_agree(cx, c, ds, (size_t)at_least);
    if (status == BRAM_OK) status = describe(cx, ds, c);
    if (status == BRAM_OK) {
        *out = ds;
        *read = c;
        return BRAM_OK;
    }
    bram_dataset_free(ds);
    bram_consensus_free(c);
    return status;
}

static size_t rows_of(const bram_dataset *ds, const char *path)
{
    const bram_axis *table = bram_dataset_table(ds, path);
    return table ? bram_axis_length(table) : 0;
}

static int by_default(bram_ctx *cx, const bram_cli_args *args, bram_buffer *out)
{
    const char *path = bram_cli_text(args, "output", NULL);
    bram_consensus *c = NULL;
    bram_dataset *ds = NULL;
    char note[160];
    BRAM_TRY(agree(cx, args, &ds, &c));
    snprintf(note, sizeof note, "consensus of %zu voices: %zu chemical pairs, %zu gap pairs",
             bram_consensus_groups(c), rows_of(ds, "connectome/consensus/chemical"),
             rows_of(ds, "connectome/consensus/gap"));
    int status = path ? write_agreed(cx, ds, path, bram_cli_has(args, "force")) : BRAM_OK;
    if (status == BRAM_OK) status = show_sources(cx, args, out, c, note);
    bram_dataset_free(ds);
    bram_consensus_free(c);
    return status;
}

static int publish(bram_ctx *cx, const bram_cli_args *args, bram_axis **table,
                   bram_consensus **read)
{
    bram_consensus *c = NULL;
    BRAM_TRY(read_all(cx, &c, args, true));
    int status = bram_consensus_published(cx, c, table, bram_cli_has(args, "functional"));
    if (status == BRAM_OK) *read = c;
    else bram_consensus_free(c);
    return status;
}

static int by_published(bram_ctx *cx, const bram_cli_args *args, bram_buffer *out)
{
    const char *path = bram_cli_text(args, "output", NULL);
    bram_consensus *c = NULL;
    bram_axis *table = NULL;
    char note[160];
    BRAM_TRY(publish(cx, args, &table, &c));
    snprintf(note, sizeof note, "consensus by the published rules: %zu rows",
             bram_axis_length(table));
    const bram_axis *one = table;
    int status = path ? write_csv(cx, &one, 1, path, bram_cli_has(args, "force")) : BRAM_OK;
    if (status == BRAM_OK) status = show_sources(cx, args, out, c, note);
    bram_axis_free(table);
    bram_consensus_free(c);
    return status;
}

static void put_difference(bram_table *t, const char *what, size_t published, size_t agreed,
                           size_t both, double spearman)
{
    bram_table_row(t);
    bram_table_text(t, 0, what);
    bram_table_integer(t, 1, (int64_t)published);
    bram_table_integer(t, 2, (int64_t)agreed);
    if (!isnan(spearman)) {
        bram_table_integer(t, 3, (int64_t)both);
        bram_table_integer(t, 4, (int64_t)(published - both));
        bram_table_integer(t, 5, (int64_t)(agreed - both));
        bram_table_number(t, 6, spearman);
    }
}

static int show_difference(bram_ctx *cx, const bram_cli_args *args, bram_buffer *out,
                           const bram_consensus_difference *d)
{
    static const bram_table_column columns[] = {
        {"what", "", BRAM_CELL_TEXT},
        {"published", "published", BRAM_CELL_INTEGER},
        {"default", "default", BRAM_CELL_INTEGER},
        {"both", "both", BRAM_CELL_INTEGER},
        {"only_published", "only published", BRAM_CELL_INTEGER},
        {"only_default", "only default", BRAM_CELL_INTEGER},
        {"spearman", "rho", BRAM_CELL_NUMBER, .digits = 2}};
    static const char *const names[] = {"chemical pairs", "gap pairs"};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t wire = 0; wire < 2; wire++)
        put_difference(t, names[wire], d->wire[wire].published, d->wire[wire].agreed,
                       d->wire[wire].both, d->wire[wire].spearman);
    put_difference(t, "neurons with an edge", d->neurons_published, d->neurons_agreed, 0,
                   (double)NAN);
    bram_table_note(t, "rho: Spearman's, of the weights of the pairs that both have");
    int status = show(cx, args, out, t);
    bram_table_free(t);
    return status;
}

static int compare(bram_ctx *cx, const bram_cli_args *args, bram_buffer *out)
{
    bram_consensus *c[2] = {NULL, NULL};
    bram_dataset *ds = NULL;
    bram_axis *table = NULL;
    bram_consensus_difference d;
    int status = publish(cx, args, &table, &c[0]);
    if (status == BRAM_OK) status = agree(cx, args, &ds, &c[1]);
    if (status == BRAM_OK) status = bram_consensus_compare(cx, &d, table, ds);
    if (status == BRAM_OK) status = show_difference(cx, args, out, &d);
    bram_axis_free(table);
    bram_dataset_free(ds);
    bram_consensus_free(c[0]);
    bram_consensus_free(c[1]);
    return status;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int work(bram_ctx *cx, const bram_cli_args *args, const char *path, bram_buffer *out)
{
    (void)path;
    if (bram_cli_has(args, "compare")) return compare(cx, args, out);
    bool published = strcmp(bram_cli_text(args, "rules", "default"), "published") == 0;
    return published ? by_published(cx, args, out) : by_default(cx, args, out);
}

static int check_output(bram_ctx *cx, const bram_cli_args *args, const char *out)
{
    bool published = strcmp(bram_cli_text(args, "rules", "default"), "published") == 0;
    if (bram_cli_has(args, "compare"))
        return bram_fail(cx, BRAM_EUSAGE, "--compare prints a table and writes no file");
    if (!ends_in(out, ".csv") && !ends_in(out, ".tsv") && (published || !ends_in(out, ".h5")))
        return bram_fail(cx, BRAM_EUSAGE, "%s: expected a name that ends in %s.csv or .tsv", out,
                         published ? "" : ".h5, ");
    if (!bram_cli_has(args, "force") && access(out, F_OK) == 0)
        return bram_fail(cx, BRAM_EWRITE, "%s exists already; --force replaces it", out);
    return BRAM_OK;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    const char *out = bram_cli_text(args, "output", NULL);
    if (out) BRAM_TRY(check_output(cx, args, out));
    for (size_t i = 0; i < bram_cli_arguments(args); i++)
        if (access(bram_cli_argument(args, i), R_OK) != 0)
            return bram_fail(cx, BRAM_EREAD, "%s: %s", bram_cli_argument(args, i), strerror(errno));
    return bram_cli_in_sandbox(cx, args, bram_cli_argument(args, 0), work);
}

const bram_command bram_command_consensus = {
    .name = "consensus",
    .summary = "puts several connectomes together, pair by pair",
    .arguments = "FILES... [-o OUT]",
    .about =
        "Reads connectomes, raw or homogenized, and says of each pair of neurons how many sources "
        "examined it, how many found an edge, and how strong it is as a quantile within each "
        "source, so that sections and synapses are not averaged. Sources that share animals are "
        "one "
        "voice. Prints the sources; -o writes the pairs.\n\n"
        "The published rules repeat the consensus table of Simeon et al. 2024, with the defects it "
        "has, from the same raw files.",
    .options =
        (const bram_cli_option[]){
            {"output", 'o', "OUT", "The file to write: .csv, .tsv; by the default rules also .h5"},
            {"rules", 0, "RULES", "How the sources are put together", "default|published"},
            {"at-least", 0, "K", "Leave out pairs with fewer voices for an edge; the default is 1"},
            {"functional", 0, NULL,
             "With the published rules: also the rows of a functional map among the files"},
            {"compare", 0, NULL, "Print how the two rules differ on these raw files"},
            {"force", 'f', NULL, "Replaces a file that exists"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble consensus white_1986_whole.csv witvliet_2020_8.xlsx -o both.csv",
             "each pair with the number of sources that examined it and that found an edge"},
            {"bramble consensus *.csv *.xlsx *.xls -o wires.h5 --at-least 2",
             "a homogenized file of the pairs that two voices agree on"},
            {"bramble consensus *.csv *.xlsx *.xls --compare",
             "what an earlier pipeline makes of the same files"},
            {NULL, NULL}},
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
