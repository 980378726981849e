/*
 * table_data.c - a table for machines: CSV, TSV, JSON. All columns but those for people alone, all
 * digits, the keys as names.
 */
#include "csvfile.h"
#include "json.h"
#include "table.h"

static int to_buffer(bram_ctx *cx, void *user, const void *bytes, size_t size)
{
    bram_buffer_write(user, bytes, size);
    return bram_buffer_status(cx, user);
}

static int put_cell(bram_ctx *cx, bram_csv_writer *w, const bram_table *t, size_t i, size_t j)
{
    if (bram_table_missing(t, i, j)) return bram_csv_put_text(cx, w, "");
    switch (bram_table_column_at(t, j)->kind) {
    case BRAM_CELL_NUMBER:
        return bram_csv_put_number(cx, w, bram_table_get_number(t, i, j));
    case BRAM_CELL_INTEGER:
        return bram_csv_put_integer(cx, w, bram_table_get_integer(t, i, j));
    case BRAM_CELL_TEXT:
        break;
    }
    return bram_csv_put_text(cx, w, bram_table_get_text(t, i, j));
}

int bram_table_write_csv(bram_ctx *cx, bram_buffer *out, const bram_table *t, char delimiter)
{
    bram_csv_writer w;
    bram_csv_to_sink(&w, to_buffer, out, delimiter);
    for (size_t i = 0; i <= bram_table_rows(t); i++) {
        for (size_t j = 0; j < bram_table_columns(t); j++) {
            const bram_table_column *c = bram_table_column_at(t, j);
            if (c->audience == BRAM_FOR_PEOPLE) continue;
            BRAM_TRY(i ? put_cell(cx, &w, t, i - 1, j) : bram_csv_put_text(cx, &w, c->key));
        }
        BRAM_TRY(bram_csv_end_row(cx, &w));
    }
    return BRAM_OK;
}

void bram_table_put_json(bram_json_out *o, const char *key, const bram_table *t)
{
    bram_json_out_array(o, key);
    for (size_t i = 0; i < bram_table_rows(t); i++) {
        bram_json_out_object(o, NULL);
        for (size_t j = 0; j < bram_table_columns(t); j++) {
            const bram_table_column *c = bram_table_column_at(t, j);
            if (c->audience == BRAM_FOR_PEOPLE) continue;
            if (bram_table_missing(t, i, j)) bram_json_out_null(o, c->key);
            else if (c->kind == BRAM_CELL_NUMBER)
                bram_json_out_number(o, c->key, bram_table_get_number(t, i, j));
            else if (c->kind == BRAM_CELL_INTEGER)
                bram_json_out_integer(o, c->key, bram_table_get_integer(t, i, j));
            else bram_json_out_text(o, c->key, bram_table_get_text(t, i, j));
        }
        bram_json_out_end(o);
    }
    bram_json_out_end(o);
}

int bram_table_write_json(bram_ctx *cx, bram_buffer *out, const bram_table *t)
{
    bram_json_out *o = NULL;
    char *text = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "title", bram_table_title(t));
    bram_table_put_json(o, "rows", t);
    bram_json_out_array(o, "notes");
    for (size_t i = 0; i < bram_table_notes(t); i++)
        bram_json_out_text(o, NULL, bram_table_note_at(t, i));
    bram_json_out_end(o);
    bram_json_out_end(o);
    int status = bram_json_out_finish(cx, o, &text, false);
    if (!status) bram_buffer_put(out, text);
    bram_free(text);
    bram_json_out_free(o);
    return status;
}
