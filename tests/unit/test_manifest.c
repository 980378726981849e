/* Tests of benchmarks/manifest.c, of the manifests in datasets/, and of datasets that are absent.
 */
#include <bramble/loader.h>

#include "data.h"
#include "definition.h"
#include "hash.h"
#include "manifest.h"
#include "test.h"

static char **list(bram_ctx *cx, size_t *count)
{
    char **names = NULL;
    assert_ok(cx, bram_definition_names(cx, &names, count, NULL, bram_manifest_folders, ""));
    return names;
}

static void all_manifests_are_read(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    size_t count = 0;
    char **names = list(cx, &count);
    assert_true(count >= 7);
    for (size_t i = 0; i < count; i++) {
        bram_yaml_manifest *m = NULL;
        assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
        assert_ok(cx, bram_manifest_read(cx, &m, names[i]));
        if (!m || strcmp(m->name, names[i]) != 0) fail_msg("%s: another name inside", names[i]);
        if (!m->citation || !m->url) fail_msg("%s: no citation or no address", names[i]);
        char loader[64] = "";
        if (m->source) {
            snprintf(loader, sizeof loader, "%.*s", (int)bram_spec_name_length(m->source),
                     m->source);
            if (!bram_loader_find(loader)) fail_msg("%s: no loader %s", names[i], loader);
        }
        bram_yaml_manifest_free(m);
    }
    bram_definition_names_free(names, count);
    bram_yaml_manifest *none = NULL;
    assert_ok(cx, bram_manifest_read(cx, &none, "no-such-dataset"));
    assert_null(none);
    bram_ctx_free(cx);
}

/* Each source of worms says what it is, where it was published and, of recordings, how many. */
static void every_source_of_worms_has_a_manifest(void **state)
{
    (void)state;
    static const char *const recordings[] = {
        "kato2015-deposit", "nichols2017",      "skora2018",    "kaplan2020", "nejatbakhsh2020",
        "yemini2021",       "uzel2022",         "dag2023",      "leifer2023", "lin2023",
        "flavell2023",      "flavell2023-h5",   "hallinen2021", "scholz2018", "venkatachalam2024",
        "kato2015",         "simeon2024-neural"};
    static const char *const others[] = {
        "cook2019",     "cook2019-edges", "cook2019-cells",    "cook2020",         "white1986",
        "witvliet2021", "varshney2011",   "openworm",          "wormneuroatlas",   "bentley2016",
        "randi2023",    "vesselgraph",    "kato2015-avahiscl", "ripollsanchez2023"};
    enum { RECORDINGS = sizeof recordings / sizeof *recordings };
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < RECORDINGS + sizeof others / sizeof *others; i++) {
        const char *name = i < RECORDINGS ? recordings[i] : others[i - RECORDINGS];
        bram_yaml_manifest *m = NULL;
        assert_ok(cx, bram_manifest_read(cx, &m, name));
        if (!m) fail_msg("%s: no manifest", name);
        if (!*m->version || !*m->licence || !*m->citation || !*m->url || !m->source)
            fail_msg("%s: no version, licence, citation, address or loader", name);
        bool unpublished = strcmp(name, "venkatachalam2024") == 0 || strcmp(name, "openworm") == 0;
        if (!m->doi && !unpublished) fail_msg("%s: no doi", name);
        if (i < RECORDINGS && m->expect.recordings <= 0) fail_msg("%s: how many worms?", name);
        bram_yaml_manifest_free(m);
    }
    bram_ctx_free(cx);
}

/* The files that are here have the sums that the manifests state. */
static void sums_are_those_of_the_files(void **state)
{
    (void)state;
    static const char *const places[][2] = {
        {"dag2023", "celegans/activity/dag2023/swf702_with_id"},
        {"dag2023", "celegans/activity/dag2023/swf415_no_id"},
        {"dag2023", "celegans/activity/dag2023"},
        {"kato2015", "celegans/derived"},
        {"scholz2018", "celegans/activity/scholz2018"},
        {"cook2019", "celegans/connectome/cook2019"},
        {"cook2019-edges", "celegans/connectome/cook2019"},
        {"cook2019-cells", "celegans/connectome/cook2019"},
        {"cook2020", "celegans/connectome/cook2020_pharynx"},
        {"white1986", "celegans/connectome/white1986"},
        {"witvliet2021", "celegans/connectome/witvliet2021"},
        {"varshney2011", "celegans/connectome/varshney2011"},
        {"openworm", "celegans/connectome/openworm"},
        {"wormneuroatlas", "celegans/connectome/wormneuroatlas"},
        {"bentley2016", "celegans/connectome/extrasynaptic"},
        {"ripollsanchez2023", "celegans/connectome/extrasynaptic"},
        {"randi2023", "celegans/functional"},
        {"m1-stevenson2011", "spikes/spykesML"},
        {"hvc-mackevicius2019", "spikes/seqNMF"},
        {"maxent15", "spikes/maxent_toolbox"},
        {"maxent50", "spikes/maxent_toolbox"},
        {"linear-track-nelpy", "spikes/nelpy-linear-track"},
        {"songbird-ppseq", "spikes/ppseq"},
        {"antolik2016", "vision/encoding/antolik2016"},
        {"henaff2021", "vision/encoding/henaff2021"},
        {"allen-cux2", "vision/encoding/allen_cux2_511510667_UNPAIRED"},
        {"allen-derived", "vision/encoding/allen_neuropixels_derived"},
        {"brainio-examples", "vision/encoding/brainio"},
        {"tang-patterns", "vision/encoding/tang_v1_patterns"},
        {"kriegeskorte92", "vision/rsa/rsatoolbox/92imageData"}};
    char root[512];
    test_data(root, "spikes/PROVENANCE.md");
    bram_ctx *cx = bram_ctx_new();
    size_t found = 0;
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        bram_yaml_manifest *m = NULL;
        assert_ok(cx, bram_manifest_read(cx, &m, places[p][0]));
        for (size_t f = 0; f < m->file_count; f++) {
            char path[1024], hex[65];
            const char *data = getenv("BRAMBLE_TEST_DATA");
            snprintf(path, sizeof path, "%s/%s/%s", data ? data : "../shared/data", places[p][1],
                     m->files[f].name);
            if (access(path, R_OK) != 0 || !m->files[f].sha256) continue;
            assert_ok(cx, bram_sha256_file(cx, hex, path));
            if (strcmp(hex, m->files[f].sha256) != 0) fail_msg("%s: %s", m->name, m->files[f].name);
            found++;
        }
        bram_yaml_manifest_free(m);
    }
    assert_int_equal(found, 5 + 7 + 8 + 1 + 9 + 4 + 1 + 1 + 2 + 2 + 2 + 1 + 7 + 13 + 4 + 1 + 2 + 2 +
                                2 + 4 + 1 + 1 + 8 + 4 + 1 + 1 + 2 + 1);
    bram_ctx_free(cx);
}

static void write_dataset(bram_ctx *cx, const char *path, const char *sources)
{
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    bram_attrs *root = bram_dataset_attrs(cx, ds, "");
    if (sources) assert_ok(cx, bram_attrs_set_text(cx, root, "sources", sources));
    assert_ok(cx, bram_dataset_write(cx, ds, path, true));
    bram_dataset_free(ds);
}

#define SUM_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SUM_B "00000000000000000000000000000000000000000000000000000000000000aa"

static void a_file_is_compared_with_its_manifest(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char path[300], root[200], sum_a[] = SUM_A, sum_b[] = SUM_B, name[64];
    snprintf(root, sizeof root, "%s", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    snprintf(name, sizeof name, "bramble-%ld-manifest", (long)getpid());
    snprintf(path, sizeof path, "%s/%s.h5", root, name);
    bram_yaml_file files[] = {{.sha256 = sum_a}, {.sha256 = sum_b}};
    bram_yaml_manifest m = {.name = name, .files = files, .file_count = 2};
    bram_presence is;
    size_t of = 9;
    assert_ok(cx, bram_manifest_check(cx, &is, &of, &m, NULL));
    assert_int_equal(is, BRAM_ABSENT);
    assert_ok(cx, bram_manifest_check(cx, &is, &of, &m, root));
    assert_int_equal(is, BRAM_ABSENT);
    assert_int_equal(of, 0);
    static const struct {
        const char *sources;
        bram_presence is;
        size_t of;
    } cases[] = {
        {SUM_A " a, b.mat", BRAM_PRESENT_AS_PUBLISHED, 1},
        {SUM_A " a.mat, " SUM_B " SI 5 Connectome, corrected.xlsx", BRAM_PRESENT_AS_PUBLISHED, 2},
        {SUM_A " a.mat, a name that is no sum", BRAM_PRESENT_AS_PUBLISHED, 1},
        {"11" SUM_A " a.mat", BRAM_PRESENT_OTHERWISE, 0},
        {SUM_B " b, ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff c",
         BRAM_PRESENT_OTHERWISE, 1},
        {"", BRAM_PRESENT_OTHERWISE, 0},
        {NULL, BRAM_PRESENT_OTHERWISE, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_dataset(cx, path, cases[i].sources);
        assert_ok(cx, bram_manifest_check(cx, &is, &of, &m, root));
        if (is != cases[i].is || of != cases[i].of)
            fail_msg("%s: state %d, %zu files", cases[i].sources, (int)is, of);
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("no HDF5", file);
    fclose(file);
    assert_ok(cx, bram_manifest_check(cx, &is, NULL, &m, root));
    assert_int_equal(is, BRAM_PRESENT_UNREADABLE);
    unlink(path);
    bram_ctx_free(cx);
}

static void an_absent_dataset_says_how_to_get_it(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    unsetenv("BRAMBLE_DATA");
    assert_int_equal(bram_data_open(cx, &ds, "hvc-mackevicius2019", "/no/such"), BRAM_EABSENT);
    static const char *const words[] = {
        "/no/such/hvc-mackevicius2019.h5 is not there",
        "Songbird HVC",
        "Mackevicius",
        "doi 10.7554/eLife.38471",
        "https://github.com/FeeLab/seqNMF",
        "bramble import FILES --source generic:variable=NEURAL,time=columns",
        "-o /no/such/hvc-mackevicius2019.h5",
        "bramble run simulated"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strstr(bram_ctx_message(cx), words[i]))
            fail_msg("no \"%s\" in: %s", words[i], bram_ctx_message(cx));
    assert_int_equal(bram_data_open(cx, &ds, "dag2023", NULL), BRAM_EABSENT);
    assert_non_null(
        strstr(bram_ctx_message(cx), "no data root is given (--data DIR or BRAMBLE_DATA)"));
    assert_int_equal(bram_data_open(cx, &ds, "nobody", NULL), BRAM_EABSENT);
    assert_non_null(strstr(bram_ctx_message(cx), "no manifest has that name"));
    assert_null(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_manifests_are_read),
        cmocka_unit_test(every_source_of_worms_has_a_manifest),
        cmocka_unit_test(sums_are_those_of_the_files),
        cmocka_unit_test(a_file_is_compared_with_its_manifest),
        cmocka_unit_test(an_absent_dataset_says_how_to_get_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
