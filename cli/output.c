/*
 * output.c - tables and documents to stdout: see output.h.
 */
#include "output.h"
#include "terminal.h"

#include <string.h>

bram_table_format bram_cli_format(const bram_cli_args *args, bram_table_format fallback)
{
    const char *name = bram_cli_text(args, "format", NULL);
    int format = name ? bram_table_format_find(name) : -1;
    return format < 0 ? fallback : (bram_table_format)format;
}

int bram_cli_print_buffer(bram_ctx *cx, bram_buffer *b)
{
    int status = bram_buffer_status(cx, b);
    if (!status) status = bram_cli_print(cx, bram_buffer_text(b), b->length);
    bram_buffer_release(b);
    return status;
}

int bram_cli_print_table(bram_ctx *cx, const bram_cli_args *args, const bram_table *t)
{
    bram_buffer b = {0};
    bram_table_style style = {bram_cli_width(), bram_cli_utf8()};
    int status = bram_table_write(cx, &b, t, bram_cli_format(args, BRAM_TABLE_TEXT), style);
    int printed = bram_cli_print_buffer(cx, &b);
    return status ? status : printed;
}

int bram_cli_print_json(bram_ctx *cx, bram_json_out *o)
{
    char *text = NULL;
    int status = bram_json_out_finish(cx, o, &text, false);
    if (!status) status = bram_cli_print(cx, text, strlen(text));
    bram_free(text);
    bram_json_out_free(o);
    return status;
}
