/*
 * make_sample.c - writes a small homogenized file for the tests of the program: two recordings of
 * three neurons with a missing value and labels, and a table. With a second argument
 * the first recording lacks its time step, which is an error by the schema.
 */
#include <bramble/dataset.h>

#include <stdio.h>

static int add_recording(bram_ctx *cx, bram_dataset *ds, const char *id, size_t rows, bool bad)
{
    static const char *const ids[] = {"1", "2", "3"}, *const labels[] = {"AVAL", "", "AVAR"};
    double time[8];
    char group[64];
    for (size_t i = 0; i < rows; i++) time[i] = 0.5 * (double)i;
    snprintf(group, sizeof group, "recordings/%s", id);
    bram_attrs *a = bram_dataset_attrs(cx, ds, group);
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, a, "subject", id));
    BRAM_TRY(bram_attrs_set_text(cx, a, "session", "1"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "species", "Caenorhabditis elegans"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "condition", "immobilized"));
    if (!bad) BRAM_TRY(bram_attrs_set_number(cx, a, "dt", 0.5));

    bram_axis *t = NULL, *neuron = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_axis_new(cx, &t, "time", rows));
    BRAM_TRY(bram_axis_set_values(cx, t, time, "s"));
    BRAM_TRY(bram_axis_new(cx, &neuron, "neuron", 3));
    BRAM_TRY(bram_axis_set_ids(cx, neuron, ids));
    BRAM_TRY(bram_axis_add_text(cx, neuron, "label", labels));
    const bram_axis *axes[] = {t, neuron};
    BRAM_TRY(bram_response_new(cx, &r, "activity", BRAM_F32, 2, axes));
    for (size_t i = 0; i < 3 * rows; i++) bram_response_f32(r)[i] = (float)i / 4;
    uint8_t *mask = bram_response_mask(cx, r);
    if (!mask) return BRAM_ENOMEM;
    mask[1] = 0;
    BRAM_TRY(bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "dF/F"));
    BRAM_TRY(bram_attrs_set_text(cx, bram_response_attrs(r), "filter", "none"));
    bram_axis_free(t);
    bram_axis_free(neuron);
    return bram_dataset_add(cx, ds, group, r);
}

static int make(bram_ctx *cx, const char *path, bool bad)
{
    static const char *const names[] = {"AVAL", "AVAR"};
    bram_dataset *ds = NULL;
    bram_axis *table = NULL;
    BRAM_TRY(bram_dataset_new(cx, &ds));
    bram_attrs *a = bram_dataset_attrs(cx, ds, "");
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, a, "dataset", "sample"));
    BRAM_TRY(bram_attrs_set_integer(cx, a, "version", 1));
    BRAM_TRY(bram_attrs_set_text(cx, a, "licence", "CC0-1.0"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "citation", "made for a test"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "history", "make_sample"));
    BRAM_TRY(add_recording(cx, ds, "worm1", 4, bad));
    BRAM_TRY(add_recording(cx, ds, "worm2", 8, false));
    BRAM_TRY(bram_axis_new(cx, &table, "notes", 2));
    BRAM_TRY(bram_axis_set_ids(cx, table, names));
    BRAM_TRY(bram_axis_add_text(cx, table, "remark", names));
    BRAM_TRY(bram_dataset_add_table(cx, ds, "", table));
    int status = bram_dataset_write(cx, ds, path, false);
    bram_dataset_free(ds);
    return status;
}

int main(int argc, char **argv)
{
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    int status = cx && argc >= 2 ? make(cx, argv[1], argc > 2) : BRAM_EUSAGE;
    if (status && cx) fprintf(stderr, "make_sample: %s\n", bram_ctx_message(cx));
    bram_ctx_free(cx);
    return status ? 99 : 0;
}
