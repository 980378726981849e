/*
 * table_text.c - a table on a screen and in Markdown.
 *
 * On a screen a table must fit the width: columns that may wrap first shrink to MIN_WRAP, then
 * columns that may be dropped go (a remark names them), then the room left goes to the wrapping
 * ones. On paper nothing is dropped: columns for which there is no room stand in a second band
 * below the first, each beginning with the first column.
 */
#include "table.h"
#include "utf8.h"

#include "internal.h"

#include <string.h>

enum { GAP = 2, MIN_WRAP = 24 };

struct layout {
    const bram_table *t;
    bram_table_style style;
    size_t *width; /* of each column; 0: not shown */
    bram_buffer scratch;
};

/* A cell as people read it, in the scratch buffer. */
static const char *cell_text(struct layout *l, size_t row, size_t column)
{
    l->scratch.length = 0;
    bram_table_put_cell(&l->scratch, l->t, row, column);
    return bram_buffer_text(&l->scratch);
}

static size_t natural_width(struct layout *l, size_t column)
{
    const char *title = bram_table_column_at(l->t, column)->title;
    size_t width = bram_utf8_width(title, strlen(title), l->style.utf8);
    for (size_t i = 0; i < bram_table_rows(l->t); i++) {
        const char *text = cell_text(l, i, column);
        size_t n = bram_utf8_width(text, strlen(text), l->style.utf8);
        if (n > width) width = n;
    }
    return width ? width : 1;
}

static size_t total_width(const struct layout *l)
{
    size_t total = 0;
    for (size_t j = 0; j < bram_table_columns(l->t); j++)
        if (l->width[j]) total += l->width[j] + (total ? GAP : 0);
    return total;
}

/* The shown column that goes first, or the number of columns. */
static size_t first_to_drop(const struct layout *l)
{
    size_t n = bram_table_columns(l->t), best = n;
    unsigned highest = 0;
    for (size_t j = 0; j < n; j++) {
        unsigned drop = bram_table_column_at(l->t, j)->drop;
        if (l->width[j] && drop && drop >= highest) best = j, highest = drop;
    }
    return best;
}

static void fit(struct layout *l, const size_t *natural)
{
    size_t n = bram_table_columns(l->t), limit = l->style.width;
    for (size_t j = 0; j < n; j++) {
        const bram_table_column *c = bram_table_column_at(l->t, j);
        bool shrinks = limit && c->wrap && natural[j] > MIN_WRAP;
        l->width[j] = shrinks ? MIN_WRAP : natural[j];
        if (c->audience == BRAM_FOR_MACHINES) l->width[j] = 0;
    }
    bool drops = limit && !l->style.bands;
    for (size_t j; drops && total_width(l) > limit && (j = first_to_drop(l)) < n;) l->width[j] = 0;
    for (size_t j = 0; j < n && limit; j++) {
        size_t total = total_width(l), spare = total < limit ? limit - total : 0;
        if (!l->width[j] || l->width[j] >= natural[j]) continue;
        l->width[j] += spare < natural[j] - l->width[j] ? spare : natural[j] - l->width[j];
    }
}

/*
 * How many bytes of text fit into width columns, broken at a space or behind a comma (of specs)
 * where there is one; at least one character. *next is where the rest begins.
 */
static size_t take_line(const char *text, size_t width, bool utf8, const char **next)
{
    size_t bytes = 0, columns = 0, space = 0, n;
    uint32_t point;
    while ((n = bram_utf8_next(text + bytes, &point))) {
        size_t more = bram_utf8_width(text + bytes, n, utf8);
        if (columns + more > width && bytes) break;
        if (point == ' ') space = bytes;
        if (point == ',' && columns) space = bytes + n;
        columns += more;
        bytes += n;
    }
    if (text[bytes] && text[bytes] != ' ' && space) bytes = space;
    const char *rest = text + bytes;
    while (*rest == ' ') rest++;
    *next = rest;
    return bytes;
}

static void put_padded(struct layout *l, bram_buffer *out, const char *text, size_t bytes,
                       size_t width, bool right, bool is_last)
{
    size_t columns = bram_utf8_width(text, bytes, l->style.utf8);
    size_t pad = columns < width ? width - columns : 0;
    if (right) bram_buffer_fill(out, ' ', pad);
    bram_utf8_put(out, text, bytes, l->style.utf8);
    if (!right && !is_last) bram_buffer_fill(out, ' ', pad);
}

static size_t last_shown(const struct layout *l)
{
    size_t last = 0;
    for (size_t j = 0; j < bram_table_columns(l->t); j++)
        if (l->width[j]) last = j;
    return last;
}

static void trim_line(bram_buffer *out)
{
    while (out->length && out->text[out->length - 1] == ' ') out->text[--out->length] = 0;
    bram_buffer_put(out, "\n");
}

/* One row of the table, as many lines as its longest cell; row SIZE_MAX is the heading. */
static void put_row(struct layout *l, bram_buffer *out, size_t row)
{
    size_t n = bram_table_columns(l->t), last = last_shown(l);
    bool more = true;
    for (size_t line = 0; more; line++) {
        more = false;
        bool first = true;
        for (size_t j = 0; j < n; j++) {
            if (!l->width[j]) continue;
            const bram_table_column *c = bram_table_column_at(l->t, j);
            const char *text = row == SIZE_MAX ? c->title : cell_text(l, row, j), *rest = text;
            size_t bytes = take_line(text, l->width[j], l->style.utf8, &rest);
            for (size_t k = 0; k < line; k++) {
                text = rest;
                bytes = take_line(text, l->width[j], l->style.utf8, &rest);
            }
            more = more || *rest;
            if (!first) bram_buffer_fill(out, ' ', GAP);
            first = false;
            put_padded(l, out, text, bytes, l->width[j], bram_table_is_right(c), j == last);
        }
        if (out->failed) return;
        trim_line(out);
    }
}

static void put_rule(struct layout *l, bram_buffer *out)
{
    bool first = true;
    for (size_t j = 0; j < bram_table_columns(l->t); j++) {
        if (!l->width[j]) continue;
        if (!first) bram_buffer_fill(out, ' ', GAP);
        first = false;
        for (size_t k = 0; k < l->width[j]; k++)
            bram_utf8_put(out, "\xe2\x94\x80", 3, l->style.utf8);
    }
    bram_buffer_put(out, "\n");
}

static bool is_verbatim(const char *note)
{
    return strncmp(note, "    ", 4) == 0;
}

static void put_paragraph(struct layout *l, bram_buffer *out, const char *text)
{
    bool whole = !l->style.width || is_verbatim(text);
    size_t width = whole ? SIZE_MAX : l->style.notes ? l->style.notes : l->style.width;
    while (*text) {
        const char *rest;
        size_t bytes = take_line(text, width, l->style.utf8, &rest);
        bram_utf8_put(out, text, bytes, l->style.utf8);
        bram_buffer_put(out, "\n");
        text = rest;
    }
}

/* The row of the first number of a column whose numbers all look the same; else of none. */
static size_t find_constant(struct layout *l, size_t column)
{
    size_t rows = bram_table_rows(l->t), first = rows;
    bram_buffer text = {0};
    if (bram_table_column_at(l->t, column)->kind != BRAM_CELL_NUMBER) return rows;
    for (size_t i = 0; i < rows; i++) {
        if (bram_table_missing(l->t, i, column)) continue;
        if (first == rows) bram_table_put_cell(&text, l->t, first = i, column);
        if (strcmp(bram_buffer_text(&text), cell_text(l, i, column)) == 0) continue;
        first = rows;
        break;
    }
    bram_buffer_release(&text);
    return first;
}

/* A column that is not shown; with its number where all rows have the same one. */
static void put_dropped(struct layout *l, bram_buffer *out, size_t column)
{
    size_t row = find_constant(l, column);
    bram_buffer_putf(out, "%s%s", out->length ? ", " : "",
                     bram_table_column_at(l->t, column)->title);
    if (row < bram_table_rows(l->t)) bram_buffer_putf(out, " (%s)", cell_text(l, row, column));
}

static void put_remarks(struct layout *l, bram_buffer *out)
{
    bram_buffer dropped = {0};
    for (size_t j = 0; j < bram_table_columns(l->t); j++) {
        const bram_table_column *c = bram_table_column_at(l->t, j);
        if (!l->width[j] && c->audience != BRAM_FOR_MACHINES) put_dropped(l, &dropped, j);
    }
    if (dropped.length || bram_table_notes(l->t)) bram_buffer_put(out, "\n");
    for (size_t i = 0; i < bram_table_notes(l->t); i++)
        put_paragraph(l, out, bram_table_note_at(l->t, i));
    if (dropped.length) {
        bram_buffer_put(&dropped, ".");
        l->scratch.length = 0;
        bram_buffer_putf(&l->scratch, "Not shown for want of width: %s",
                         bram_buffer_text(&dropped));
        put_paragraph(l, out, bram_buffer_text(&l->scratch));
    }
    out->failed = out->failed || dropped.failed;
    bram_buffer_release(&dropped);
}

static void put_band(struct layout *l, bram_buffer *out)
{
    put_row(l, out, SIZE_MAX);
    put_rule(l, out);
    for (size_t i = 0; i < bram_table_rows(l->t); i++) put_row(l, out, i);
}

/* Columns from `from` on that fit beside the first one, at least one. @return where to go on */
static size_t take_band(struct layout *l, const size_t *width, size_t first, size_t from)
{
    size_t n = bram_table_columns(l->t), total = width[first], taken = 0;
    for (size_t j = 0; j < n; j++) l->width[j] = j == first ? width[first] : 0;
    for (size_t j = from; j < n; j++) {
        if (!width[j]) continue;
        if (taken++ && total + GAP + width[j] > l->style.width) return j;
        total += GAP + width[j];
        l->width[j] = width[j];
    }
    return n;
}

static void put_bands(struct layout *l, bram_buffer *out, size_t *width)
{
    size_t n = bram_table_columns(l->t), first = 0;
    memcpy(width, l->width, n * sizeof *width);
    while (first < n && !width[first]) first++;
    for (size_t from = first + 1; from < n;) {
        if (from > first + 1) bram_buffer_put(out, "\n");
        from = take_band(l, width, first, from);
        put_band(l, out);
    }
    memcpy(l->width, width, n * sizeof *width);
}

void bram_table_write_text(bram_buffer *out, const bram_table *t, bram_table_style style)
{
    size_t n = bram_table_columns(t);
    size_t *widths = bram_malloc(2 * n * sizeof *widths);
    if (!widths) {
        out->failed = true;
        return;
    }
    struct layout l = {t, style, widths, {0}};
    size_t *natural = widths + n;
    for (size_t j = 0; j < n; j++) natural[j] = natural_width(&l, j);
    fit(&l, natural);
    if (*bram_table_title(t) && !style.untitled) {
        put_paragraph(&l, out, bram_table_title(t));
        bram_buffer_put(out, "\n");
    }
    if (style.bands && style.width && total_width(&l) > style.width) put_bands(&l, out, natural);
    else put_band(&l, out);
    put_remarks(&l, out);
    out->failed = out->failed || l.scratch.failed;
    bram_buffer_release(&l.scratch);
    bram_free(widths);
}

/* ---- Markdown ------------------------------------------------------------------------------- */

/* Text in a cell: a pipe would end it, a line break the row; the rest is Markdown's own. */
static void put_escaped(bram_buffer *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("|\\`*_<>[]", *text)) bram_buffer_put(out, "\\");
        bram_buffer_write(out, (unsigned char)*text < 0x20 ? " " : text, 1);
    }
}

void bram_table_write_markdown(bram_buffer *out, const bram_table *t)
{
    bram_buffer cell = {0};
    size_t n = bram_table_columns(t);
    if (*bram_table_title(t)) {
        bram_buffer_put(out, "**");
        put_escaped(out, bram_table_title(t));
        bram_buffer_put(out, "**\n\n");
    }
    for (size_t i = 0; i < bram_table_rows(t) + 2; i++) {
        bram_buffer_put(out, "|");
        for (size_t j = 0; j < n; j++) {
            const bram_table_column *c = bram_table_column_at(t, j);
            if (c->audience == BRAM_FOR_MACHINES) continue;
            if (i == 1) {
                bram_buffer_put(out, bram_table_is_right(c) ? " ---: |" : " --- |");
                continue;
            }
            cell.length = 0;
            if (i == 0) bram_buffer_put(&cell, c->title);
            else bram_table_put_cell(&cell, t, i - 2, j);
            bram_buffer_put(out, " ");
            if (cell.length) put_escaped(out, bram_buffer_text(&cell));
            bram_buffer_put(out, " |");
        }
        bram_buffer_put(out, "\n");
    }
    for (size_t i = 0; i < bram_table_notes(t); i++) {
        bram_buffer_put(out, "\n");
        const char *note = bram_table_note_at(t, i);
        if (is_verbatim(note)) bram_buffer_put(out, note);
        else put_escaped(out, note);
        bram_buffer_put(out, "\n");
    }
    out->failed = out->failed || cell.failed;
    bram_buffer_release(&cell);
}
