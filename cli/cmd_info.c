/*
 * cmd_info.c - `bramble info FILE`: what is in a homogenized file.
 */
#include "number.h"
#include "output.h"
#include "sandboxed.h"
#include "terminal.h"

#include <bramble/dataset.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static bram_table_style screen(void)
{
    return (bram_table_style){bram_cli_width(), bram_cli_utf8()};
}

/* ---- parts ---------------------------------------------------------------------------------- */

static void put_attribute(bram_table *t, size_t column, const bram_attrs *a, size_t i)
{
    char number[BRAM_NUMBER_BYTES];
    const char *name = bram_attrs_name_at(a, i);
    switch (bram_attrs_type_at(a, i)) {
    case BRAM_TEXT:
        bram_table_text(t, column, bram_attrs_text(a, name));
        break;
    case BRAM_INTEGER:
        bram_table_textf(t, column, "%lld", (long long)bram_attrs_integer(a, name, 0));
        break;
    case BRAM_NUMBER:
        bram_table_text(t, column, bram_number_format(number, bram_attrs_number(a, name, 0)));
        break;
    }
}

static int attributes(bram_ctx *cx, bram_table **out, const bram_dataset *ds)
{
    static const bram_table_column columns[] = {{"name", "attribute", BRAM_CELL_TEXT},
                                                {"value", "value", BRAM_CELL_TEXT, .wrap = true}};
    const bram_attrs *a = bram_dataset_find_attrs(ds, "");
    BRAM_TRY(bram_table_new(cx, out, "", columns, 2));
    for (size_t i = 0; a && i < bram_attrs_count(a); i++) {
        bram_table_row(*out);
        bram_table_text(*out, 0, bram_attrs_name_at(a, i));
        put_attribute(*out, 1, a, i);
    }
    return BRAM_OK;
}

/* How many rows of an axis have a text in a column; -1 without such a column. */
static int64_t filled(const bram_axis *axis, const char *name)
{
    const bram_column *c = bram_axis_column(axis, name);
    if (!c || c->type != BRAM_TEXT) return -1;
    int64_t n = 0;
    for (size_t i = 0; i < bram_axis_length(axis); i++) n += *c->text[i] != 0;
    return n;
}

static void recording_row(bram_table *t, const bram_dataset *ds, const char *id)
{
    enum { ID, SUBJECT, CONDITION, NEURONS, LABELED, ROWS, SECONDS, DT };
    char path[512];
    bram_table_row(t);
    bram_table_text(t, ID, id);
    snprintf(path, sizeof path, "recordings/%s", id);
    const bram_attrs *a = bram_dataset_find_attrs(ds, path);
    if (a) {
        bram_table_text(t, SUBJECT, bram_attrs_text(a, "subject"));
        bram_table_text(t, CONDITION, bram_attrs_text(a, "condition"));
    }
    snprintf(path, sizeof path, "recordings/%s/activity", id);
    const bram_response *r = bram_dataset_response(ds, path);
    snprintf(path, sizeof path, "recordings/%s/raw", id);
    if (!r) r = bram_dataset_response(ds, path);
    if (!r || bram_response_dims(r) != 2) return;
    const bram_axis *time = bram_response_axis(r, 0), *neuron = bram_response_axis(r, 1);
    size_t n = bram_axis_length(time);
    bram_table_integer(t, NEURONS, (int64_t)bram_axis_length(neuron));
    int64_t labeled = filled(neuron, "label");
    if (labeled >= 0) bram_table_integer(t, LABELED, labeled);
    bram_table_integer(t, ROWS, (int64_t)n);
    const double *seconds = bram_axis_values(time);
    if (seconds && n > 1) {
        bram_table_number(t, SECONDS, seconds[n - 1] - seconds[0]);
        bram_table_number(t, DT, (seconds[n - 1] - seconds[0]) / (double)(n - 1));
    }
}

static int recordings(bram_ctx *cx, bram_table **out, const bram_dataset *ds)
{
    static const bram_table_column columns[] = {
        {"recording", "recording", BRAM_CELL_TEXT},
        {"subject", "subject", BRAM_CELL_TEXT, .drop = 2},
        {"condition", "condition", BRAM_CELL_TEXT, .drop = 1, .wrap = true},
        {"neurons", "neurons", BRAM_CELL_INTEGER},
        {"labeled", "labeled", BRAM_CELL_INTEGER},
        {"rows", "rows", BRAM_CELL_INTEGER},
        {"seconds", "seconds", BRAM_CELL_NUMBER, .digits = 1},
        {"dt", "mean step (s)", BRAM_CELL_NUMBER, .digits = -1, .drop = 3}};
    BRAM_TRY(bram_table_new(cx, out, "", columns, sizeof columns / sizeof *columns));
    for (size_t i = 0; i < bram_dataset_groups(ds, "recordings"); i++)
        recording_row(*out, ds, bram_dataset_group_at(ds, "recordings", i));
    return BRAM_OK;
}

static void shape_text(char *text, size_t room, const bram_response *r)
{
    size_t used = 0;
    text[0] = 0;
    for (size_t d = 0; d < bram_response_dims(r) && used < room; d++) {
        int n = snprintf(text + used, room - used, "%s%zu %s", d ? " x " : "",
                         bram_response_length(r, d), bram_axis_name(bram_response_axis(r, d)));
        used += n > 0 ? (size_t)n : 0;
    }
}

static int arrays(bram_ctx *cx, bram_table **out, const bram_dataset *ds)
{
    static const bram_table_column columns[] = {
        {"path", "array or table", BRAM_CELL_TEXT},
        {"shape", "shape", BRAM_CELL_TEXT, .wrap = true},
        {"type", "stored as", BRAM_CELL_TEXT, .drop = 1},
        {"unit", "unit", BRAM_CELL_TEXT, .drop = 2},
        {"filter", "filter", BRAM_CELL_TEXT, .drop = 3},
        {"missing", "may lack values", BRAM_CELL_TEXT, .drop = 4}};
    char shape[400];
    BRAM_TRY(bram_table_new(cx, out, "", columns, sizeof columns / sizeof *columns));
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const char *path = bram_dataset_response_path(ds, i);
        const bram_response *r = bram_dataset_response(ds, path);
        shape_text(shape, sizeof shape, r);
        bram_table_row(*out);
        bram_table_text(*out, 0, path);
        bram_table_text(*out, 1, shape);
        bram_table_text(*out, 2, bram_type_name(bram_response_type(r)));
        bram_table_text(*out, 3, bram_attrs_text(bram_response_attrs_const(r), "unit"));
        bram_table_text(*out, 4, bram_attrs_text(bram_response_attrs_const(r), "filter"));
        bram_table_text(*out, 5, bram_response_has_mask(r) ? "yes" : "no");
    }
    for (size_t i = 0; i < bram_dataset_tables(ds); i++) {
        const char *path = bram_dataset_table_path(ds, i);
        const bram_axis *t = bram_dataset_table(ds, path);
        bram_table_row(*out);
        bram_table_text(*out, 0, path);
        bram_table_textf(*out, 1, "%zu rows, %zu columns", bram_axis_length(t),
                         bram_axis_columns(t));
        bram_table_text(*out, 2, "table");
    }
    return BRAM_OK;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int write_json(bram_ctx *cx, bram_buffer *out, const char *path, const char *hash,
                      bram_table *const *parts)
{
    static const char *const keys[] = {"attributes", "recordings", "arrays"};
    bram_json_out *o = NULL;
    char *text = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "file", path);
    bram_json_out_text(o, "hash", *hash ? hash : NULL);
    for (size_t i = 0; i < 3; i++) bram_table_put_json(o, keys[i], parts[i]);
    bram_json_out_end(o);
    int status = bram_json_out_finish(cx, o, &text, false);
    if (!status) bram_buffer_put(out, text);
    bram_free(text);
    bram_json_out_free(o);
    return status;
}

static int write_parts(bram_ctx *cx, const bram_cli_args *args, const char *path, const char *hash,
                       bram_table *const *parts, bram_buffer *out)
{
    bram_table_format format = bram_cli_format(args, BRAM_TABLE_TEXT);
    for (size_t i = 0; i < 3; i++) BRAM_TRY(bram_table_status(cx, parts[i]));
    if (format == BRAM_TABLE_JSON) return write_json(cx, out, path, hash, parts);
    bool people = format == BRAM_TABLE_TEXT || format == BRAM_TABLE_MARKDOWN;
    if (*hash && people) bram_buffer_putf(out, "content hash: %s\n\n", hash);
    for (size_t i = people ? 0 : 2, shown = 0; i < 3; i++) {
        if (people && !bram_table_rows(parts[i])) continue;
        if (shown++) bram_buffer_put(out, "\n");
        BRAM_TRY(bram_table_write(cx, out, parts[i], format, screen()));
    }
    return bram_buffer_status(cx, out);
}

static int work(bram_ctx *cx, const bram_cli_args *args, const char *path, bram_buffer *out)
{
    bram_dataset *ds = NULL;
    bram_table *parts[3] = {NULL};
    char hash[65] = "";
    BRAM_TRY(bram_dataset_open(cx, &ds, path));
    int status = attributes(cx, &parts[0], ds);
    if (!status) status = recordings(cx, &parts[1], ds);
    if (!status) status = arrays(cx, &parts[2], ds);
    if (!status && bram_cli_has(args, "hash")) status = bram_dataset_hash(cx, ds, hash);
    if (!status) status = write_parts(cx, args, path, hash, parts, out);
    for (size_t i = 0; i < 3; i++) bram_table_free(parts[i]);
    bram_dataset_free(ds);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    return bram_cli_in_sandbox(cx, args, bram_cli_argument(args, 0), work);
}

const bram_command bram_command_info = {
    .name = "info",
    .summary = "shows what is in a homogenized file",
    .arguments = "FILE",
    .about =
        "Shows the recordings, arrays and tables of a homogenized file, and what it says about "
        "itself. With csv and tsv only the arrays and tables are listed.",
    .options =
        (const bram_cli_option[]){
            {"hash", 0, NULL, "Also the hash of the content, by which results know their data"},
            {NULL}},
    .examples = (const bram_cli_example[]){{"bramble info worm.h5", "recordings, arrays, tables"},
                                           {"bramble info worm.h5 --hash --format json",
                                            "the same for a program, with the content's hash"},
                                           {NULL, NULL}},
    .least = 1,
    .most = 1,
    .run = run,
};
