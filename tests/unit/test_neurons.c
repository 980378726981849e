/* Tests of loaders/neurons.c: the table against published sheets, and the recognition of other
 * cells. */
#include "neurons.h"
#include "test.h"

/* Splits a line of simple CSV (no quotes) in place. @return the number of fields, at most `most` */
static size_t split(char *line, char **fields, size_t most)
{
    size_t count = 0;
    line[strcspn(line, "\r\n")] = 0;
    for (char *at = line; at && count < most;) {
        fields[count++] = at;
        at = strchr(at, ',');
        if (at) *at++ = 0;
    }
    return count;
}

static void the_table_is_sorted_and_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < BRAM_NEURONS; i++) {
        const bram_neuron *n = bram_neuron_at(i);
        if (i) assert_true(strcmp(bram_neuron_at(i - 1)->name, n->name) < 0);
        assert_int_equal(bram_neuron_find(n->name), i);
        assert_true(strlen(n->name) < BRAM_NEURON_NAME);
        assert_true(n->y >= 0 && n->y < 900);
    }
    assert_int_equal(bram_neuron_find("ADAL"), 0);
    assert_int_equal(bram_neuron_find("VD9"), 299);
    const char *const absent[] = {"", "ADA", "ADALL", "VD09", "CANL", "aval", "ZZ"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_int_equal(bram_neuron_find(absent[i]), -1);
}

static void the_class_follows_from_the_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < BRAM_NEURONS; i++) {
        const bram_neuron *n = bram_neuron_at(i);
        size_t length = bram_neuron_class_length(n->name), first = 999;
        assert_int_equal(length, strlen(n->class_name));
        assert_memory_equal(n->name, n->class_name, length);
        size_t count = bram_neuron_class_members(n->class_name, length, &first);
        assert_true(count >= 1 && count <= 13 && first <= i && i < first + count);
        for (size_t k = first; k < first + count; k++)
            assert_string_equal(bram_neuron_at(k)->class_name, n->class_name);
    }
    size_t first = 999;
    assert_int_equal(bram_neuron_class_members("VD", 2, &first), 13);
    assert_int_equal(bram_neuron_class_members("RMD", 3, &first), 6);
    assert_int_equal(bram_neuron_class_members("ALA", 3, &first), 1);
    first = 999;
    assert_int_equal(bram_neuron_class_members("V", 1, &first), 0);
    assert_int_equal(bram_neuron_class_members("CAN", 3, &first), 0);
    assert_int_equal(first, 999);
    assert_true(bram_neuron_class_is_numbered("VC", 2));
    assert_false(bram_neuron_class_is_numbered("MC", 2));
}

static void the_master_sheet_agrees(void **state)
{
    (void)state;
    char path[512], line[256], *f[8];
    test_data(path, "celegans/published_reference/neuron_master_sheet.csv");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    size_t rows = 0;
    for (; fgets(line, sizeof line, file); rows++) {
        assert_int_equal(split(line, f, 8), 7);
        const bram_neuron *n = bram_neuron_at(rows);
        /* "Ach" is a slip of the sheet for ACh; an orphan's transmitter is missing, not a name */
        const char *transmitter = strcmp(f[2], "Ach") == 0                ? "ACh"
                                  : strcmp(f[2], "Unknown (orphan)") == 0 ? ""
                                                                          : f[2];
        assert_string_equal(n->name, f[0]);
        assert_string_equal(n->class_name, f[1]);
        assert_string_equal(n->transmitter, transmitter);
        assert_string_equal(n->type, f[3]);
        assert_near(n->x, atof(f[4]), 0);
        assert_near(n->y, atof(f[5]), 0);
        assert_near(n->z, atof(f[6]), 0);
    }
    assert_int_equal(rows, 300);
    fclose(file);
}

/* Drops the zeros of VB01. */
static void canonical(char *name)
{
    if (bram_neuron_class_is_numbered(name, 2) && name[2] == '0')
        memmove(name + 2, name + 3, strlen(name + 3) + 1);
}

/*
 * Two other sheets name the class of each neuron; they know the cord's neurons as classes of their
 * own or by "VB", and set SABV apart from SABD.
 */
static void other_sheets_agree_on_the_class(const char *name)
{
    char path[512], line[512], *f[12];
    test_data(path, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    size_t seen = 0;
    while (fgets(line, sizeof line, file)) {
        if (split(line, f, 12) < 3) continue;
        canonical(f[0]);
        int i = bram_neuron_find(f[0]);
        if (i < 0) continue;
        const char *own = bram_neuron_at((size_t)i)->class_name;
        if (strncmp(own, f[1], strlen(own)) != 0)
            fail_msg("%s: class %s, the sheet says %s", f[0], own, f[1]);
        seen++;
    }
    fclose(file);
    assert_true(seen >= 290);
}

static void the_connectome_sheet_agrees(void **state)
{
    (void)state;
    other_sheets_agree_on_the_class("celegans/neurons/connectome_neurons.csv");
}

static void the_neuropal_sheet_agrees(void **state)
{
    (void)state;
    other_sheets_agree_on_the_class("celegans/neurons/neuron_class_all.csv");
}

static void other_cells_are_recognized(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bram_cell_kind kind;
    } cells[] = {
        {"GLRDL", BRAM_CELL_GLIA},
        {"CEPshVR", BRAM_CELL_GLIA},
        {"AMsoL", BRAM_CELL_GLIA},
        {"cepsh", BRAM_CELL_GLIA},
        {"BWM-DL01", BRAM_CELL_MUSCLE},
        {"dBWML24", BRAM_CELL_MUSCLE},
        {"pm3vl", BRAM_CELL_MUSCLE},
        {"pm2_unspecified", BRAM_CELL_MUSCLE},
        {"vm2aL", BRAM_CELL_MUSCLE},
        {"mu_sph", BRAM_CELL_MUSCLE},
        {"NMJ", BRAM_CELL_MUSCLE},
        {"LegacyBodyWallMuscles", BRAM_CELL_MUSCLE},
        {"CANL", BRAM_CELL_OTHER},
        {"exc_gl", BRAM_CELL_OTHER},
        {"hyp", BRAM_CELL_OTHER},
        {"intR", BRAM_CELL_OTHER},
        {"mc1DL", BRAM_CELL_OTHER},
        {"g1p", BRAM_CELL_OTHER},
        {"e3VR", BRAM_CELL_OTHER},
        {"AVAL", BRAM_CELL_UNKNOWN},
        {"MCL", BRAM_CELL_UNKNOWN},
        {"", BRAM_CELL_UNKNOWN},
        {"nonsense", BRAM_CELL_UNKNOWN},
        {"intern", BRAM_CELL_UNKNOWN},
        {"VAn", BRAM_CELL_UNKNOWN},
        {"a name longer than any cell of the worm has", BRAM_CELL_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if (bram_cell_recognize(cells[i].name) != cells[i].kind)
            fail_msg("%s: kind %d", cells[i].name, (int)bram_cell_recognize(cells[i].name));
    for (size_t i = 0; i < BRAM_NEURONS; i++)
        assert_int_equal(bram_cell_recognize(bram_neuron_at(i)->name), BRAM_CELL_UNKNOWN);
}

/* Every cell of the hermaphrodite in the list of both sexes is a neuron or recognized as another.
 */
static void every_shared_cell_has_a_kind(void **state)
{
    (void)state;
    char path[512], line[256], *f[8];
    test_data(path, "celegans/neurons/connectome_neurons.csv");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file)) {
        assert_int_equal(split(line, f, 8), 7);
        if (strcmp(f[4], "male") == 0) continue;
        canonical(f[0]);
        f[0][strcspn(f[0], " ")] = 0;
        if (bram_neuron_find(f[0]) < 0 && bram_cell_recognize(f[0]) == BRAM_CELL_UNKNOWN)
            fail_msg("%s is not recognized", f[0]);
    }
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sorted_and_found),
        cmocka_unit_test(the_class_follows_from_the_name),
        cmocka_unit_test(the_master_sheet_agrees),
        cmocka_unit_test(the_connectome_sheet_agrees),
        cmocka_unit_test(the_neuropal_sheet_agrees),
        cmocka_unit_test(other_cells_are_recognized),
        cmocka_unit_test(every_shared_cell_has_a_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
