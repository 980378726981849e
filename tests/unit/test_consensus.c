/*
 * Tests of loaders/consensus*.c and simeon2024.c: the published table, row by row, from the raw
 * files; a consensus worked by hand; what the published functional rows are.
 */
#include "consensus.h"

#include "connectome_test.h"
#include "csvfile.h"
#include "data.h"
#include "internal.h"
#include "neurons.h"

#include <sys/stat.h>

#define FOLDER     "celegans/connectome/"
#define REFERENCE  "celegans/published_reference/"
#define FUNCTIONAL "celegans/functional/WormNeuroAtlasFuncReader.json"

static const char *const raw[] = {
    FOLDER "cook2019/SI 5 Connectome adjacency matrices, corrected July 2020.xlsx",
    FOLDER "varshney2011/NeuronConnect.xls",
    FOLDER "openworm/CElegansNeuronTables.xls",
    FOLDER "white1986/white_1986_whole.csv",
    FOLDER "white1986/white_1986_n2u.csv",
    FOLDER "white1986/white_1986_jsh.csv",
    FOLDER "white1986/white_1986_jse.json",
    FOLDER "witvliet2021/witvliet_2020_7.xlsx",
    FOLDER "witvliet2021/witvliet_2020_8.xlsx"};

enum { RAW = sizeof raw / sizeof *raw };

static void add(bram_ctx *cx, bram_consensus *c, const char *spec, const char *path)
{
    bram_dataset *ds = import_file(cx, spec, path);
    assert_ok(cx, bram_consensus_add(cx, c, ds));
    bram_dataset_free(ds);
}

/* ---- the published table -------------------------------------------------------------------- */

/* The rows per source that the table names, as the pipeline's authors count them. */
static void check_sources(const bram_axis *table)
{
    static const struct {
        const char *name;
        size_t rows;
    } expected[] = {
        {"'cook2019'", 4085},       {"'white1986_whole'", 3145}, {"'openworm'", 3142},
        {"'witvliet2020_8'", 2371}, {"'witvliet2020_7'", 2364},  {"'chklovskii'", 2079},
        {"'white1986_n2u'", 1848},  {"'white1986_jsh'", 1783},   {"'white1986_jse'", 94}};
    const bram_column *c = bram_axis_column(table, "data_sources");
    for (size_t k = 0; k < sizeof expected / sizeof *expected; k++) {
        size_t rows = 0;
        for (size_t i = 0; i < bram_axis_length(table); i++)
            rows += strstr(c->text[i], expected[k].name) != NULL;
        if (rows != expected[k].rows)
            fail_msg("%s: %zu rows, expected %zu", expected[k].name, rows, expected[k].rows);
    }
}

/* Every cell of the published CSV against ours, as text. */
static void check_cells(bram_ctx *cx, const bram_axis *table, const char *path)
{
    bram_csv *t = NULL;
    assert_ok(cx, bram_csv_read(cx, &t, path, &(bram_csv_options){.header = true}));
    assert_int_equal(bram_csv_rows(t), bram_axis_length(table));
    assert_int_equal(bram_csv_cols(t), bram_axis_columns(table));
    for (size_t col = 0; col < bram_csv_cols(t); col++) {
        const bram_column *c = bram_axis_column_at(table, col);
        assert_string_equal(c->name, bram_csv_name(t, col));
        for (size_t row = 0; row < bram_csv_rows(t); row++)
            if (strcmp(c->text[row], bram_csv_text(t, row, col)) != 0)
                fail_msg("row %zu, %s: %s, published is %s", row, c->name, c->text[row],
                         bram_csv_text(t, row, col));
    }
    bram_csv_free(t);
}

/* Pairs by what they have, as the pipeline's authors count them. */
static void check_kinds(const bram_axis *table)
{
    size_t both = 0, self = 0, functional = 0, negative = 0;
    for (size_t i = 0; i < bram_axis_length(table); i++) {
        ptrdiff_t row = (ptrdiff_t)i;
        both += *text_at(table, "mean_gap_weight", row) && *text_at(table, "mean_chem_weight", row);
        self += strcmp(text_at(table, "from_neuron", row), text_at(table, "to_neuron", row)) == 0;
        functional += *text_at(table, "functional_weight", row) != 0;
        negative += *text_at(table, "functional_weight", row) == '-';
    }
    assert_int_equal(both, 1129);
    assert_int_equal(self, 56);
    assert_int_equal(functional, 11175);
    assert_int_equal(negative, 3747);
}

static void the_published_table(void **state)
{
    (void)state;
    char path[512], nofunc[512], withfunc[512];
    bram_ctx *cx = bram_ctx_new();
    bram_consensus *c = NULL;
    bram_axis *table = NULL;
    test_data(nofunc, REFERENCE "consensus_connectome_trimmed_nofunc.csv");
    test_data(withfunc, REFERENCE "consensus_connectome_trimmed_withfunc.csv");
    for (size_t i = 0; i < RAW; i++) test_data(path, raw[i]);
    assert_ok(cx, bram_consensus_new(cx, &c));
    for (size_t i = 0; i < RAW; i++) {
        test_data(path, raw[i]);
        add(cx, c, "auto:rules=published", path);
    }
    /* without a functional map: all columns but for the name "funconn" among the sources */
    assert_ok(cx, bram_consensus_published(cx, c, &table, false));
    assert_int_equal(bram_axis_length(table), 6365);
    check_sources(table);
    bram_axis_free(table);

    /* the functional rows come from the published table itself: its sheet is not public here */
    add(cx, c, "auto", withfunc);
    assert_ok(cx, bram_consensus_published(cx, c, &table, false));
    check_cells(cx, table, nofunc);
    bram_axis_free(table);
    assert_ok(cx, bram_consensus_published(cx, c, &table, true));
    assert_int_equal(bram_axis_length(table), 16373);
    check_cells(cx, table, withfunc);
    check_kinds(table);
    bram_axis_free(table);
    bram_consensus_free(c);
    bram_ctx_free(cx);
}

/* ---- what the published functional rows are ------------------------------------------------- */

static int compare_magnitudes(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

static double median_magnitude(const bram_axis *layer)
{
    size_t n = bram_axis_length(layer);
    double *x = calloc(n, sizeof *x);
    assert_non_null(x);
    memcpy(x, bram_axis_column(layer, "weight")->number, n * sizeof *x);
    qsort(x, n, sizeof *x, compare_magnitudes);
    double median = fabs(x[n / 2]);
    free(x);
    return median;
}

/*
 * If the published rows were significant connections, most of the atlas's significant pairs would
 * be among them. Read as stimulated to responding, the direction that the table states, 308 are;
 * read the other way around, none is, where 452 are expected of 11175 rows among the 167 neurons if
 * they had nothing to do with each other. So the rows were picked to be anything but significant,
 * and rows of the sheet are responding neurons, as in all matrices of its authors.
 */
static void the_published_functional_rows(void **state)
{
    (void)state;
    char table[512], atlas[512];
    test_data(table, REFERENCE "consensus_connectome_trimmed_withfunc.csv");
    test_data(atlas, FUNCTIONAL);
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *published = import_file(cx, "auto", table), *ds = import_file(cx, "auto", atlas);
    const bram_axis *rows = table_of(published, "simeon2024", "functional");
    const bram_axis *significant = table_of(ds, "randi2023", "functional");
    assert_int_equal(bram_axis_length(rows), 11175);
    assert_int_equal(bram_axis_length(significant), 1150);

    static bool listed[BRAM_NEURONS][BRAM_NEURONS], there[BRAM_NEURONS];
    size_t negative = 0, neurons = 0, same = 0, turned = 0, among = 0;
    for (size_t i = 0; i < bram_axis_length(rows); i++) {
        int from = bram_neuron_find(text_at(rows, "from", (ptrdiff_t)i));
        int to = bram_neuron_find(text_at(rows, "to", (ptrdiff_t)i));
        listed[from][to] = there[from] = there[to] = true;
        negative += bram_axis_column(rows, "weight")->number[i] < 0;
    }
    for (size_t i = 0; i < BRAM_NEURONS; i++) neurons += there[i];
    for (size_t i = 0; i < bram_axis_length(significant); i++) {
        int from = bram_neuron_find(text_at(significant, "from", (ptrdiff_t)i));
        int to = bram_neuron_find(text_at(significant, "to", (ptrdiff_t)i));
        among += there[from] && there[to];
        same += listed[from][to];
        turned += listed[to][from];
    }
    assert_int_equal(negative, 3747);
    assert_int_equal(neurons, 167);
    assert_int_equal(among, 1122);
    assert_int_equal(same, 308);
    assert_int_equal(turned, 0);
    double expected = (double)among * 11175 / (double)(neurons * (neurons - 1));
    assert_near(expected, 452.3, 0.05);
    /* and their responses are seven times smaller */
    assert_near(median_magnitude(rows), 0.0207, 5e-5);
    assert_near(median_magnitude(significant), 0.1445, 5e-4);
    bram_dataset_free(published);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- by hand -------------------------------------------------------------------------------- */

static void add_text(bram_ctx *cx, bram_consensus *c, const char *name, const char *text)
{
    char path[200], spec[80];
    test_temporary(path, "consensus.csv");
    write_file(path, text);
    snprintf(spec, sizeof spec, "nemanode:name=%s", name);
    add(cx, c, spec, path);
    unlink(path);
}

#define HEAD "pre,post,type,synapses\n"

/*
 * Quantiles: a has weights 1, 3, 3, 9 of four chemical edges: 1/4, 2.5/4, 2.5/4, 1. white1986_a has
 * one edge: 1; white1986_b (the same animals) three, of 2, 2, 5: 0.5, 0.5, 1.
 */
static void quantiles_voices_and_agreement(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_consensus *c = NULL;
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_consensus_new(cx, &c));
    add_text(cx, c, "a",
             HEAD "AVAL,AVAR,chemical,1\nAVAR,AVAL,chemical,3\nAVAL,AVBL,chemical,3\n"
                  "AVBL,VB01,chemical,9\nAVAL,AVAR,electrical,4\n");
    add_text(cx, c, "white1986_a", HEAD "AVAL,AVAR,chemical,7\nAVAL,BWM-DL01,chemical,9\n");
    add_text(cx, c, "white1986_b",
             HEAD "AVAL,AVAR,chemical,5\nAVAR,AVAL,chemical,2\n"
                  "AVBL,AVAL,chemical,2\nAVAR,AVAL,electrical,2\n");
    assert_int_equal(bram_consensus_sources(c), 3);
    assert_int_equal(bram_consensus_groups(c), 2);
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_consensus_agree(cx, c, ds, 1));
    const bram_axis *chemical = table_of(ds, "consensus", "chemical");
    const bram_axis *gap = table_of(ds, "consensus", "gap");
    assert_int_equal(bram_axis_length(chemical), 5);

    /* AVAL to AVAR: a 1/4, White (1 + 1) / 2 */
    ptrdiff_t row = edge_row(chemical, "AVAL", "AVAR");
    assert_near(edge_weight(chemical, "AVAL", "AVAR"), (0.25 + 1) / 2, 0);
    assert_int_equal(integer_at(chemical, "examined", row), 2);
    assert_int_equal(integer_at(chemical, "agreeing", row), 2);
    assert_string_equal(text_at(chemical, "sources", row), "a+white1986_a+white1986_b");
    /* AVAR to AVAL: White's two members are split, which is an edge; (0 + 0.5) / 2 */
    assert_near(edge_weight(chemical, "AVAR", "AVAL"), (0.625 + 0.25) / 2, 1e-15);
    assert_int_equal(integer_at(chemical, "agreeing", edge_row(chemical, "AVAR", "AVAL")), 2);
    /* AVAL to AVBL: of White only b examined AVBL, and found nothing: a zero in the mean */
    row = edge_row(chemical, "AVAL", "AVBL");
    assert_near(edge_weight(chemical, "AVAL", "AVBL"), 0.625 / 2, 0);
    assert_int_equal(integer_at(chemical, "examined", row), 2);
    assert_int_equal(integer_at(chemical, "agreeing", row), 1);
    /* AVBL to VB1: only a examined VB1 */
    row = edge_row(chemical, "AVBL", "VB1");
    assert_near(edge_weight(chemical, "AVBL", "VB1"), 1, 0);
    assert_int_equal(integer_at(chemical, "examined", row), 1);
    /* gap: once for a pair; white1986_a has no such layer and says nothing */
    assert_int_equal(bram_axis_length(gap), 1);
    assert_near(edge_weight(gap, "AVAL", "AVAR"), 1, 0);
    assert_int_equal(integer_at(gap, "agreeing", 0), 2);
    const bram_axis *nodes = table_of(ds, "consensus", "nodes");
    assert_int_equal(bram_axis_length(nodes), 4);
    assert_int_equal(integer_at(nodes, "examined_by", bram_axis_find(nodes, "AVBL")), 2);
    bram_dataset_free(ds);

    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_consensus_agree(cx, c, ds, 2));
    assert_int_equal(bram_axis_length(table_of(ds, "consensus", "chemical")), 2);
    /* two voices examined AVBL, one VB1, which could not have an edge that two agree on */
    nodes = table_of(ds, "consensus", "nodes");
    assert_int_equal(integer_at(nodes, "examined", bram_axis_find(nodes, "AVBL")), 1);
    assert_int_equal(integer_at(nodes, "examined", bram_axis_find(nodes, "VB1")), 0);
    bram_dataset_free(ds);
    bram_consensus_free(c);
    bram_ctx_free(cx);
}

/* A monotone change of a source's weights changes nothing: sections or synapses. */
static void units_do_not_matter(void **state)
{
    (void)state;
    static const char *const tables[] = {
        HEAD "AVAL,AVAR,chemical,1\nAVAR,AVAL,chemical,3\nAVAL,AVBL,chemical,4\n",
        HEAD "AVAL,AVAR,chemical,10\nAVAR,AVAL,chemical,90\nAVAL,AVBL,chemical,160\n"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds[2] = {NULL, NULL};
    for (size_t i = 0; i < 2; i++) {
        bram_consensus *c = NULL;
        assert_ok(cx, bram_consensus_new(cx, &c));
        add_text(cx, c, "a", tables[i]);
        add_text(cx, c, "b", HEAD "AVAL,AVAR,chemical,2\nAVBL,AVAR,chemical,1\n");
        assert_ok(cx, bram_dataset_new(cx, &ds[i]));
        assert_ok(cx, bram_consensus_agree(cx, c, ds[i], 1));
        bram_consensus_free(c);
    }
    assert_true(bram_axis_equal(table_of(ds[0], "consensus", "chemical"),
                                table_of(ds[1], "consensus", "chemical")));
    bram_dataset_free(ds[0]);
    bram_dataset_free(ds[1]);
    bram_ctx_free(cx);
}

/* Benchmarks name what their connectomes agree on in place of a file. */
static void as_a_dataset_of_benchmarks(void **state)
{
    (void)state;
    static const char *const name[] = {"a", "b"};
    static const char *const tables[] = {HEAD "AVAL,AVAR,chemical,1\nAVAR,AVAL,chemical,3\n",
                                         HEAD "AVAL,AVAR,chemical,2\nAVBL,AVAR,chemical,1\n"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    char root[200], path[240], spec[80];
    test_temporary(root, "consensus");
    assert_int_equal(mkdir(root, 0777), 0);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s.csv", root, name[i]);
        write_file(path, tables[i]);
        snprintf(spec, sizeof spec, "nemanode:name=%s", name[i]);
        ds = import_file(cx, spec, path);
        unlink(path);
        snprintf(path, sizeof path, "%s/%s.h5", root, name[i]);
        assert_ok(cx, bram_dataset_write(cx, ds, path, true));
        bram_dataset_free(ds);
        ds = NULL;
    }
    assert_ok(cx, bram_data_open(cx, &ds, "a+b+consensus", root));
    assert_int_equal(bram_axis_length(table_of(ds, "consensus", "chemical")), 3);
    bram_dataset_free(ds);
    ds = NULL;
    assert_ok(cx, bram_data_open(cx, &ds, "a+b+consensus-2", root));
    assert_int_equal(bram_axis_length(table_of(ds, "consensus", "chemical")), 1);
    assert_int_equal(bram_axis_length(table_of(ds, "a", "chemical")), 2); /* still there */
    bram_dataset_free(ds);
    ds = NULL;
    /* twice; of nothing; not one of these names */
    assert_int_equal(bram_data_open(cx, &ds, "a+consensus+consensus", root), BRAM_EUSAGE);
    assert_int_equal(bram_data_open(cx, &ds, "simulated-vision+consensus", root), BRAM_EFORMAT);
    assert_int_equal(bram_data_open(cx, &ds, "consensus-2", root), BRAM_EABSENT);
    assert_int_equal(bram_data_open(cx, &ds, "a+consensus-0", root), BRAM_EABSENT);
    assert_int_equal(bram_data_open(cx, &ds, "a+consensus2", root), BRAM_EABSENT);
    assert_null(ds);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s.h5", root, name[i]);
        unlink(path);
    }
    rmdir(root);
    bram_ctx_free(cx);
}

static void wrong_sources_are_refused(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    bram_consensus *c = NULL;
    bram_axis *table = NULL;
    bram_dataset *ds = NULL, *out = NULL;
    test_temporary(path, "consensus-bad.csv");
    write_file(path, HEAD "AVAL,AVAR,chemical,1\n");
    assert_ok(cx, bram_consensus_new(cx, &c));
    ds = import_file(cx, "nemanode:name=a", path);
    assert_ok(cx, bram_consensus_add(cx, c, ds));
    assert_int_equal(bram_consensus_add(cx, c, ds), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "the source a is given twice"));
    assert_int_equal(bram_consensus_published(cx, c, &table, false), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "not imported with rules=published"));
    assert_null(table);
    bram_dataset_free(ds);
    add(cx, c, "nemanode:name=b,rules=published", path);
    assert_ok(cx, bram_dataset_new(cx, &out));
    assert_int_equal(bram_consensus_agree(cx, c, out, 1), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "b was imported with rules=published"));
    assert_int_equal(bram_dataset_tables(out), 0);
    assert_int_equal(bram_consensus_add(cx, c, out), BRAM_EFORMAT);
    bram_dataset_free(out);
    bram_consensus_free(c);

    refuses("auto", path, "from_neuron,to_neuron,mean_gap_weight,mean_chem_weight\nAVAL,AVAR,,x\n",
            "row 2, column \"mean_chem_weight\": found \"x\", expected a number");
    refuses("simeon2024", path, "from_neuron,to_neuron,mean_gap_weight\nAVAL,AVAR,1\n",
            "expected a table with from_neuron");
    unlink(path);
    bram_ctx_free(cx);
}

/* The table of docs/connectomes.md: what the two rules make of the same nine files. */
static void the_two_rules_compared(void **state)
{
    (void)state;
    char path[512];
    bram_ctx *cx = bram_ctx_new();
    bram_consensus *c[2] = {NULL, NULL};
    bram_axis *table = NULL;
    bram_dataset *ds = NULL;
    bram_consensus_difference d;
    for (size_t i = 0; i < RAW; i++) test_data(path, raw[i]);
    for (size_t k = 0; k < 2; k++) {
        assert_ok(cx, bram_consensus_new(cx, &c[k]));
        for (size_t i = 0; i < RAW; i++) {
            test_data(path, raw[i]);
            add(cx, c[k], k ? "auto" : "auto:rules=published", path);
        }
    }
    assert_ok(cx, bram_consensus_published(cx, c[0], &table, false));
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_consensus_agree(cx, c[1], ds, 1));
    assert_ok(cx, bram_consensus_compare(cx, &d, table, ds));
    assert_int_equal(d.wire[0].published, 4889); /* both counts are the published table's own */
    assert_int_equal(d.wire[1].published, 1313);
    assert_int_equal(d.wire[0].agreed, 5028);
    assert_int_equal(d.wire[0].both, 4729);
    assert_int_equal(d.wire[1].agreed, 1425);
    assert_int_equal(d.wire[1].both, 1284);
    assert_int_equal(d.neurons_published, 299);
    assert_int_equal(d.neurons_agreed, 300);
    assert_near(d.wire[0].spearman, 0.83, 0.005);
    assert_near(d.wire[1].spearman, 0.69, 0.005);
    bram_axis_free(table);
    bram_dataset_free(ds);
    for (size_t k = 0; k < 2; k++) bram_consensus_free(c[k]);
    bram_ctx_free(cx);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_consensus *c = NULL;
    assert_ok(cx, bram_consensus_new(cx, &c));
    add_text(cx, c, "a", HEAD "AVAL,AVAR,chemical,1\nAVAR,AVAL,electrical,3\n");
    add_text(cx, c, "b", HEAD "AVAL,AVAR,chemical,2\n");
    int status = BRAM_ENOMEM;
    size_t k = 1;
    for (; status != BRAM_OK && k < 1000; k++) {
        bram_ctx *fresh = bram_ctx_new();
        bram_dataset *ds = NULL;
        assert_ok(fresh, bram_dataset_new(fresh, &ds));
        bram_fail_allocation(k, true);
        status = bram_consensus_agree(fresh, c, ds, 1);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("allocation %zu: %d %s", k, status, bram_ctx_message(fresh));
        bram_dataset_free(ds);
        bram_ctx_free(fresh);
    }
    assert_int_equal(status, BRAM_OK);
    assert_true(k > 20);
    bram_consensus_free(c);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_table),
        cmocka_unit_test(the_published_functional_rows),
        cmocka_unit_test(the_two_rules_compared),
        cmocka_unit_test(quantiles_voices_and_agreement),
        cmocka_unit_test(units_do_not_matter),
        cmocka_unit_test(as_a_dataset_of_benchmarks),
        cmocka_unit_test(wrong_sources_are_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
