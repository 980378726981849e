/*
 * cmd_check.c - `bramble check FILE`: whether a homogenized file keeps the rules of the schema, and
 * what is wrong where.
 */
#include "output.h"
#include "sandboxed.h"
#include "terminal.h"

#include <bramble/dataset.h>

enum { MOST_SHOWN = 1000 };

struct findings {
    bram_table *table;
    size_t errors, warnings;
};

static void take(void *user, const bram_finding *f)
{
    enum { SEVERITY, PATH, FIELD, FOUND, EXPECTED };
    struct findings *all = user;
    bool error = f->severity == BRAM_ERROR;
    *(error ? &all->errors : &all->warnings) += 1;
    if (bram_table_rows(all->table) >= MOST_SHOWN) return;
    bram_table_row(all->table);
    bram_table_text(all->table, SEVERITY, error ? "error" : "warning");
    bram_table_text(all->table, PATH, *f->path ? f->path : "/");
    bram_table_text(all->table, FIELD, f->field);
    bram_table_text(all->table, FOUND, f->found);
    bram_table_text(all->table, EXPECTED, f->expected);
}

static int write_json(bram_ctx *cx, bram_buffer *out, const char *path, const struct findings *all)
{
    bram_json_out *o = NULL;
    char *text = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "file", path);
    bram_json_out_flag(o, "valid", all->errors == 0);
    bram_json_out_integer(o, "errors", (int64_t)all->errors);
    bram_json_out_integer(o, "warnings", (int64_t)all->warnings);
    bram_table_put_json(o, "findings", all->table);
    bram_json_out_end(o);
    int status = bram_json_out_finish(cx, o, &text, false);
    if (!status) bram_buffer_put(out, text);
    bram_free(text);
    bram_json_out_free(o);
    return status;
}

static int write_findings(bram_ctx *cx, const bram_cli_args *args, const char *path,
                          const struct findings *all, bram_buffer *out)
{
    bram_table_format format = bram_cli_format(args, BRAM_TABLE_TEXT);
    bool people = format == BRAM_TABLE_TEXT || format == BRAM_TABLE_MARKDOWN;
    BRAM_TRY(bram_table_status(cx, all->table));
    if (format == BRAM_TABLE_JSON) return write_json(cx, out, path, all);
    if (!people || bram_table_rows(all->table)) {
        bram_table_style style = {bram_cli_width(), bram_cli_utf8()};
        BRAM_TRY(bram_table_write(cx, out, all->table, format, style));
        if (people) bram_buffer_put(out, "\n");
    }
    if (people && all->errors + all->warnings > MOST_SHOWN)
        bram_buffer_putf(out, "The first %d findings are shown.\n", MOST_SHOWN);
    if (people)
        bram_buffer_putf(out, "%s is %s: %zu error%s, %zu warning%s\n", path,
                         all->errors ? "not valid" : "valid", all->errors,
                         all->errors == 1 ? "" : "s", all->warnings, all->warnings == 1 ? "" : "s");
    return bram_buffer_status(cx, out);
}

static int work(bram_ctx *cx, const bram_cli_args *args, const char *path, bram_buffer *out)
{
    static const bram_table_column columns[] = {
        {"severity", "severity", BRAM_CELL_TEXT},
        {"path", "where", BRAM_CELL_TEXT, .wrap = true},
        {"field", "field", BRAM_CELL_TEXT, .wrap = true},
        {"found", "found", BRAM_CELL_TEXT, .wrap = true},
        {"expected", "expected", BRAM_CELL_TEXT, .wrap = true}};
    bram_dataset *ds = NULL;
    struct findings all = {0};
    BRAM_TRY(bram_dataset_open(cx, &ds, path));
    int status = bram_table_new(cx, &all.table, "", columns, sizeof columns / sizeof *columns);
    if (!status) status = bram_dataset_check(cx, ds, take, &all, NULL);
    if (!status) status = write_findings(cx, args, path, &all, out);
    bram_table_free(all.table);
    bram_dataset_free(ds);
    return !status && all.errors ? BRAM_CLI_NO : status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    return bram_cli_in_sandbox(cx, args, bram_cli_argument(args, 0), work);
}

const bram_command bram_command_check = {
    .name = "check",
    .summary = "says whether a homogenized file is valid, and what is wrong where",
    .arguments = "FILE",
    .about =
        "Checks a homogenized file against the rules of the schema: every field, shape, unit and "
        "value. Prints what was found and what was expected. Exit 0 when it is valid (warnings are "
        "allowed), 1 when it is not, 3 when it cannot be read as a homogenized file.",
    .examples = (const bram_cli_example[]){{"bramble check worm.h5", "what is wrong, and where"},
                                           {"bramble check worm.h5 --quiet >/dev/null && echo good",
                                            "in a script"},
                                           {"bramble check worm.h5 --format json",
                                            "the findings for a program"},
                                           {NULL, NULL}},
    .least = 1,
    .most = 1,
    .run = run,
};
