/*
 * write_sample.c - writes a small homogenized file with known values, for test_xarray.py.
 */
#include <bramble/dataset.h>

#include <stdio.h>

enum { TIMES = 6, NEURONS = 3 };

static int add_recording(bram_ctx *cx, bram_dataset *ds)
{
    bram_axis *axes[2] = {NULL, NULL};
    bram_response *r;
    double time[TIMES];
    for (int i = 0; i < TIMES; i++) time[i] = 0.5 * i;
    BRAM_TRY(bram_axis_new(cx, &axes[0], "time", TIMES));
    BRAM_TRY(bram_axis_set_values(cx, axes[0], time, "s"));
    BRAM_TRY(bram_axis_new(cx, &axes[1], "neuron", NEURONS));
    BRAM_TRY(bram_axis_set_ids(cx, axes[1], (const char *const[]){"AVAL", "", "RIM\xce\xb1"}));
    BRAM_TRY(bram_axis_add_text(cx, axes[1], "class", (const char *const[]){"AVA", "", "RIM"}));
    BRAM_TRY(bram_axis_add_number(cx, axes[1], "depth", (const double[]){1, 2, 3}, "um"));
    BRAM_TRY(bram_axis_add_integer(cx, axes[1], "column", (const int64_t[]){7, 8, 9}));
    BRAM_TRY(bram_response_new(cx, &r, "activity", BRAM_F32, 2, (const bram_axis *const *)axes));
    uint8_t *mask = bram_response_mask(cx, r);
    if (!mask) return BRAM_ENOMEM;
    for (int i = 0; i < TIMES * NEURONS; i++) {
        bram_response_f32(r)[i] = (float)i;
        mask[i] = i != 4;
    }
    BRAM_TRY(bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "dF/F"));
    BRAM_TRY(bram_dataset_add(cx, ds, "recordings/w1", r));
    const bram_axis *twice[] = {axes[1], axes[1]};
    BRAM_TRY(bram_response_new(cx, &r, "distance", BRAM_F64, 2, twice));
    BRAM_TRY(bram_dataset_add(cx, ds, "recordings/w1", r));
    bram_axis_free(axes[0]);
    bram_axis_free(axes[1]);
    return BRAM_OK;
}

static int add_tables(bram_ctx *cx, bram_dataset *ds)
{
    bram_axis *table;
    BRAM_TRY(bram_axis_new(cx, &table, "chemical", 2));
    BRAM_TRY(bram_axis_add_text(cx, table, "from", (const char *const[]){"AVAL", "RIML"}));
    BRAM_TRY(bram_axis_add_text(cx, table, "to", (const char *const[]){"RIML", "AVAL"}));
    BRAM_TRY(bram_axis_add_number(cx, table, "weight", (const double[]){3, 4.5}, "synapses"));
    BRAM_TRY(bram_dataset_add_table(cx, ds, "connectome/demo", table));
    BRAM_TRY(bram_axis_new(cx, &table, "events", 0));
    BRAM_TRY(bram_axis_add_number(cx, table, "onset", (const double[]){0}, "s"));
    return bram_dataset_add_table(cx, ds, "recordings/w1", table);
}

static int write_sample(bram_ctx *cx, const char *path)
{
    bram_dataset *ds;
    BRAM_TRY(bram_dataset_new(cx, &ds));
    BRAM_TRY(bram_attrs_set_text(cx, bram_dataset_attrs(cx, ds, ""), "dataset", "d\xc3\xa9mo"));
    BRAM_TRY(add_recording(cx, ds));
    BRAM_TRY(bram_attrs_set_number(cx, bram_dataset_attrs(cx, ds, "recordings/w1"), "dt", 0.5));
    BRAM_TRY(add_tables(cx, ds));
    int status = bram_dataset_write(cx, ds, path, true);
    bram_dataset_free(ds);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    int status = cx ? write_sample(cx, argv[1]) : BRAM_ENOMEM;
    if (cx && status != BRAM_OK) fprintf(stderr, "%s\n", bram_ctx_message(cx));
    bram_ctx_free(cx);
    return status != BRAM_OK;
}
