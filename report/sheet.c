/*
 * sheet.c - what is on a sheet and where; see sheet.h.
 */
#include "sheet.h"

#include "cairo_sheet.h"
#include "figure_parts.h"
#include "svg.h"

#include <string.h>

enum { EDGE = 12, TITLE = 30, NAME = 22, BAR = 44, LINE = 17 };

bool bram_sheet_format_of(const char *path, bram_sheet_format *format)
{
    static const char *const endings[] = {".svg", ".pdf", ".png"};
    size_t n = strlen(path);
    for (size_t k = 0; n > 4 && k < sizeof endings / sizeof *endings; k++)
        if (!strcmp(path + n - 4, endings[k])) {
            *format = (bram_sheet_format)k;
            return true;
        }
    return false;
}

static void put(const bram_canvas *c, double x, double y, double size, const char *text,
                const char *full)
{
    bram_label label = {x, y, size, BRAM_ANCHOR_START, 0, BRAM_INK, false, full};
    c->text(c->user, &label, text);
}

/* Puts a caption in lines no wider than that, from y down (c NULL: counts them only). */
static size_t wrap(const bram_canvas *c, const char *words, double width, double y)
{
    char line[512];
    size_t lines = 0, used = 0;
    for (const char *end; *words; words = end) {
        while (*words == ' ') words++;
        end = words + strcspn(words, " ");
        size_t n = (size_t)(end - words);
        if (n > 200) n = 200;
        memcpy(line + used + (used > 0), words, n);
        line[used + (used > 0) + n] = 0;
        if (used > 0) line[used] = ' ';
        if (used && (used + n > 256 || bram_text_extent(line, BRAM_SMALL_LETTER) > width)) {
            line[used] = 0;
            if (c) put(c, EDGE, y + LINE * (double)lines, BRAM_SMALL_LETTER, line, NULL);
            lines++;
            memmove(line, words, n);
            line[n] = 0;
            used = n;
        } else used += n + (used > 0);
    }
    if (c && used) put(c, EDGE, y + LINE * (double)lines, BRAM_SMALL_LETTER, line, NULL);
    return lines + (used > 0);
}

/* Where things end, from the top. */
struct sheet_layout {
    double width, words, step, foot, bar, height;
    bool named;
};

static struct sheet_layout lay_out(const bram_sheet *sheet)
{
    const bram_figure *first = sheet->panel[0];
    size_t rows = (sheet->panels + sheet->columns - 1) / sheet->columns;
    struct sheet_layout l = {.named = sheet->panels > 1};
    l.step = first->height + (l.named ? NAME : 0), l.bar = sheet->colour_bar ? BAR : 0;
    l.width = first->width * (double)sheet->columns + 2 * EDGE, l.words = l.width - 2 * EDGE;
    l.foot = TITLE + l.step * (double)rows + l.bar, l.height = l.foot + EDGE + 4;
    if (sheet->caption) l.height += LINE * (double)wrap(NULL, sheet->caption, l.words, 0);
    return l;
}

void bram_sheet_size(const bram_sheet *sheet, double *width, double *height)
{
    struct sheet_layout l = lay_out(sheet);
    *width = l.width, *height = l.height;
}

static int put_panel(bram_ctx *cx, const bram_canvas *c, const bram_figure *f, double x, double y,
                     bool named)
{
    c->shift(c->user, x, y);
    if (named) {
        char shown[256];
        bool cut_short = bram_text_shorten(shown, sizeof shown, f->title, BRAM_LETTER,
                                           f->width - 10);
        put(c, 10, -4, BRAM_LETTER, shown, cut_short ? f->title : NULL);
    }
    int status = bram_figure_draw(cx, f, c);
    c->unshift(c->user);
    return status;
}

int bram_sheet_draw(bram_ctx *cx, const bram_sheet *sheet, const bram_canvas *c)
{
    struct sheet_layout l = lay_out(sheet);
    const bram_figure *first = sheet->panel[0];
    char title[256];
    bool cut_short = bram_text_shorten(title, sizeof title, sheet->title, 15, l.words);
    put(c, EDGE, 22, 15, title, cut_short ? sheet->title : NULL);
    for (size_t i = 0; i < sheet->panels; i++) {
        size_t row = i / sheet->columns, column = i % sheet->columns;
        BRAM_TRY(put_panel(cx, c, sheet->panel[i], EDGE + first->width * (double)column,
                           TITLE + l.step * (double)row + (l.named ? NAME : 0), l.named));
    }
    if (sheet->colour_bar)
        bram_figure_colour_bar(first, c, EDGE + 12, l.foot - l.bar + 4,
                               l.words > 340 ? 180 : l.words / 2);
    if (sheet->caption) wrap(c, sheet->caption, l.words, l.foot + 14);
    return BRAM_OK;
}

int bram_sheet_write(bram_ctx *cx, bram_buffer *out, const bram_sheet *sheet,
                     bram_sheet_format format)
{
    if (format == BRAM_SHEET_SVG) return bram_svg_write_sheet(cx, out, sheet);
    return bram_cairo_write_sheet(cx, out, sheet, format == BRAM_SHEET_PNG);
}
