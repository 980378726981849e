/* Every loader of the table against the contract of loader.h. */
#include <bramble/loader.h>

#include "test.h"

#define FOR_EACH(loader)                                                                           \
    for (size_t at_ = 0; bram_loader_table[at_]; at_++)                                            \
        for (const bram_loader *loader = bram_loader_table[at_]; loader; loader = NULL)

static void entries_say_what_they_are(void **state)
{
    (void)state;
    FOR_EACH(loader)
    {
        assert_int_equal(bram_spec_name_length(loader->name), strlen(loader->name));
        assert_ptr_equal(bram_loader_find(loader->name), loader);
        assert_true(loader->summary && loader->summary[0] && !strchr(loader->summary, '\n'));
        assert_true(loader->citation && loader->citation[0]);
        assert_true(loader->licence && loader->licence[0]);
        assert_true(loader->reads && loader->reads[0]);
        assert_non_null(loader->doi);
        assert_true(loader->version > 0);
        assert_non_null(loader->recognise);
        assert_non_null(loader->load);
    }
    assert_null(bram_loader_find("nosuch"));
}

static void options_have_defaults_and_help(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    FOR_EACH(loader)
    {
        bram_options *o = NULL;
        assert_ok(cx, bram_options_new(cx, &o, loader->params, NULL));
        for (const bram_param *p = loader->params; p && p->name; p++)
            assert_true(p->help && p->help[0]);
        bram_options_free(o);
    }
    bram_ctx_free(cx);
}

/* Files that no loader may take for its own. */
static const struct {
    const char *bytes;
    size_t size;
} hostile[] = {
    {"", 0},
    {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", 66},
    {"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0", 16},
    {"PK\3\4 and no more", 16},
    {"\x93NUMPY\1\0\xff\xff{", 11},
    {"MATLAB 5.0 MAT-file cut", 23},
    {"{\"2022-07-26-31\": [", 19},
    {"\0\0\0\0\0\0\0\0", 8},
    {"words, but no numbers\n", 22},
};

static void hostile_files_are_nobodys(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "hostile");
    const bram_input input = {(const char *const[]){path}, 1};
    for (size_t i = 0; i <= sizeof hostile / sizeof *hostile; i++) {
        unlink(path); /* the last round: no file at all */
        if (i < sizeof hostile / sizeof *hostile) {
            FILE *file = fopen(path, "wb");
            fwrite(hostile[i].bytes, 1, hostile[i].size, file);
            fclose(file);
        }
        FOR_EACH(loader)
        {
            bram_recognition r = {.verdict = BRAM_MINE};
            bram_options *o = NULL;
            bram_dataset *ds = NULL;
            assert_ok(cx, loader->recognise(cx, &input, &r));
            if (r.verdict == BRAM_MINE)
                fail_msg("%s takes hostile file %zu: %s", loader->name, i, r.reason);
            assert_ok(cx, bram_options_new(cx, &o, loader->params, NULL));
            assert_ok(cx, bram_dataset_new(cx, &ds));
            bram_fail(cx, BRAM_OK, "untouched");
            int status = loader->load(cx, ds, &input, o);
            if (status >= 0 || strcmp(bram_ctx_message(cx), "untouched") == 0)
                fail_msg("%s loads hostile file %zu: %d", loader->name, i, status);
            bram_dataset_free(ds);
            bram_options_free(o);
        }
    }
    bram_ctx_free(cx);
}

/* A real file is known by one loader alone, and gives the same dataset each time. */
static void one_loader_knows(const char *name, const char *data)
{
    char path[512], hex[2][65];
    bram_ctx *cx = bram_ctx_new();
    test_data(path, data);
    const bram_input input = {(const char *const[]){path}, 1};
    FOR_EACH(loader)
    {
        bram_recognition r = {.verdict = BRAM_NOT_MINE};
        assert_ok(cx, loader->recognise(cx, &input, &r));
        assert_int_equal(r.verdict == BRAM_MINE, strcmp(loader->name, name) == 0);
        assert_true(r.reason[0]);
    }
    for (size_t i = 0; i < 2; i++) {
        bram_dataset *ds = NULL;
        assert_ok(cx, bram_import(cx, &ds, i ? name : "auto", &input, NULL));
        assert_ok(cx, bram_dataset_hash(cx, ds, hex[i]));
        bram_dataset_free(ds);
    }
    assert_string_equal(hex[0], hex[1]);
    bram_ctx_free(cx);
}

static void dag2023_knows_its_files(void **state)
{
    (void)state;
    one_loader_knows("dag2023", "celegans/activity/dag2023/swf702_with_id/2022-07-26-31-data.h5");
}

static void kato2015_knows_its_files(void **state)
{
    (void)state;
    one_loader_knows("kato2015", "celegans/derived/kato2015_NoStim_Data_structarray_v73.mat");
}

static void cook2019_knows_its_files(void **state)
{
    (void)state;
    one_loader_knows("cook2019", "celegans/connectome/cook2019/SI 5 Connectome adjacency matrices, "
                                 "corrected July 2020.xlsx");
}

static void connectomes_are_known(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"nemanode", "white1986/white_1986_whole.csv"},
        {"nemanode", "witvliet2021/witvliet_2020_1.json"},
        {"nemanode", "witvliet2021/witvliet_2020_2.xlsx"},
        {"nemanode", "cook2019/herm_full_edgelist.csv"},
        {"varshney2011", "varshney2011/NeuronConnect.xls"},
        {"varshney2011", "varshney2011/NeuronConnectFormatted.xlsx"},
        {"varshney2011", "varshney2011/ConnOrdered_040903.mat"},
        {"openworm", "openworm/CElegansNeuronTables.xls"},
        {"bentley2016", "extrasynaptic/esconnectome_monoamines_Bentley_2016.csv"},
        {"ripollsanchez2023", "extrasynaptic/08062023_monoamine_connectome.csv"},
        {"cells", "../neurons/all_cell_info.csv"},
        {"cells", "../neurons/anatlas_neuron_positions.txt"},
        {"cells", "../neurons/aconnectome_ids_ganglia.json"},
        {"simeon2024", "../published_reference/consensus_connectome_trimmed_nofunc.csv"},
        {"randi2023", "../functional/WormNeuroAtlasFuncReader.json"},
        {"randi2023", "../functional/leifer_funconn_wildtype_2022-04-01.tsv"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char name[200];
        snprintf(name, sizeof name, "celegans/connectome/%s", files[i][1]);
        one_loader_knows(files[i][0], name);
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_say_what_they_are),
        cmocka_unit_test(options_have_defaults_and_help),
        cmocka_unit_test(hostile_files_are_nobodys),
        cmocka_unit_test(dag2023_knows_its_files),
        cmocka_unit_test(kato2015_knows_its_files),
        cmocka_unit_test(cook2019_knows_its_files),
        cmocka_unit_test(connectomes_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
