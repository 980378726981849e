/*
 * paper.c - a report laid out on pages; see paper.h.
 *
 * A page is 680 x 962 units on A4 (595 x 842 points), so that the
 * figures of a report, 560 wide, fit between the margins.
 */
#include "paper.h"

#include "cairo_sheet.h"
#include "canvas.h"
#include "figure_parts.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 680, HEIGHT = 962, MARGIN = 50, BODY = 12, LINE = 17, CODE = 9, CODE_LINE = 12 };

/* Letters of one width at CODE, 0.6 of their size each, that fit on a line. */
enum { CODE_COLUMNS = (WIDTH - 2 * MARGIN) * 10 / (6 * CODE), MOST_COLUMNS = 200 };

/* So many columns of letters a table may have in somewhat smaller ones. */
enum { TABLE_COLUMNS = CODE_COLUMNS * 5 / 4 };

/* Headings wait for what follows them, so that they stand on its page. AFTER: how much of what
 * flows over pages (words, a table) is to follow on the page. */
enum { MOST_HELD = 4, AFTER = 230 };

struct held {
    int level;
    bram_buffer text;
};

struct bram_paper {
    bram_cairo_pdf *pdf;
    const bram_canvas *canvas;
    bram_buffer bytes;
    double y; /* where the next thing begins */
    size_t pages;
    struct held held[MOST_HELD];
    size_t holds;
};

void bram_paper_free(bram_paper *p)
{
    if (!p) return;
    bram_cairo_pdf_free(p->pdf);
    bram_buffer_release(&p->bytes);
    for (size_t i = 0; i < MOST_HELD; i++) bram_buffer_release(&p->held[i].text);
    bram_free(p);
}

static void put(const bram_paper *p, double x, double y, double size, int colour, const char *text)
{
    bram_label label = {x, y, size, BRAM_ANCHOR_START, 0, colour, false, NULL};
    p->canvas->text(p->canvas->user, &label, text);
}

static void number_page(bram_paper *p)
{
    char text[24];
    bram_label label = {WIDTH / 2.0, HEIGHT - 24, 10,    BRAM_ANCHOR_MIDDLE,
                        0,           BRAM_MUTED,  false, NULL};
    snprintf(text, sizeof text, "%zu", ++p->pages);
    p->canvas->text(p->canvas->user, &label, text);
}

/* Goes to the next page unless so much is left on this one. */
static void need(bram_paper *p, double height)
{
    if (p->y + height <= HEIGHT - MARGIN || p->y <= MARGIN) return;
    number_page(p);
    bram_cairo_pdf_next(p->pdf);
    p->y = MARGIN;
}

/* ---- text ----------------------------------------------------------------------------------- */

/* Lines no wider than the page, broken at spaces; a longer word is cut. */
static void wrap(bram_paper *p, const char *text, double size, double step, int colour)
{
    char line[640];
    size_t used = 0;
    for (const char *end; *text; text = end) {
        text += strspn(text, " \n");
        end = text + strcspn(text, " \n");
        size_t n = (size_t)(end - text);
        if (!n) break;
        if (n > 250) n = 250;
        size_t grown = used + (used > 0) + n;
        if (used) line[used] = ' ';
        if (grown < sizeof line) memcpy(line + used + (used > 0), text, n);
        if (grown < sizeof line) line[grown] = 0;
        if (used &&
            (grown + 1 >= sizeof line || bram_text_extent(line, size) > WIDTH - 2 * MARGIN)) {
            line[used] = 0;
            need(p, step);
            put(p, MARGIN, p->y + size, size, colour, line);
            p->y += step;
            memcpy(line, text, n);
            line[n] = 0;
            used = n;
        } else used = grown;
        end = text + (n < (size_t)(end - text) ? n : (size_t)(end - text));
    }
    if (!used) return;
    need(p, step);
    put(p, MARGIN, p->y + size, size, colour, line);
    p->y += step;
}

static double heading_size(int level)
{
    return level < 2 ? 22 : level == 2 ? 17 : level == 3 ? 14 : 12;
}

/* What the waiting headings take, a line each. */
static double held_height(const bram_paper *p)
{
    double height = 0;
    for (size_t i = 0; i < p->holds; i++) height += heading_size(p->held[i].level) * 2.1 + 4;
    return height;
}

/* Puts the waiting headings where so much fits below them. */
static void put_held(bram_paper *p, double after)
{
    if (p->holds) need(p, held_height(p) + after);
    for (size_t i = 0; i < p->holds; i++) {
        double size = heading_size(p->held[i].level);
        if (p->y > MARGIN) p->y += size * 0.8;
        wrap(p, bram_buffer_text(&p->held[i].text), size, size * 1.3, BRAM_INK);
        p->y += 4;
        p->held[i].text.length = 0;
    }
    p->holds = 0;
}

void bram_paper_heading(bram_paper *p, int level, const char *text)
{
    if (p->holds == MOST_HELD) put_held(p, AFTER);
    p->held[p->holds].level = level;
    bram_buffer_put(&p->held[p->holds++].text, text);
}

void bram_paper_words(bram_paper *p, const char *text)
{
    put_held(p, AFTER);
    wrap(p, text, BODY, LINE, BRAM_INK);
    p->y += 6;
}

/* One line in letters of one width, at most `columns` of them. @return the bytes that it took */
static size_t put_line(bram_paper *p, const char *text, size_t columns, double size)
{
    char line[MOST_COLUMNS * 4 + 1]; /* letters take up to 4 bytes */
    size_t n = 0, letters = 0;
    while (text[n] && text[n] != '\n' && n + 4 < sizeof line) {
        bool begins = ((unsigned char)text[n] & 0xc0) != 0x80;
        if (begins && letters++ == columns) break;
        line[n] = text[n];
        n++;
    }
    line[n] = 0;
    bram_cairo_pdf_mono(p->pdf, MARGIN, p->y + size, size, line);
    p->y += size * CODE_LINE / CODE;
    return n;
}

static bool is_rule(const char *line)
{
    return strncmp(line, "\xe2\x94\x80", 3) == 0;
}

/* Where the rule below the heading of a table ends, when one begins here; else NULL. */
static const char *end_of_heading(const char *text)
{
    for (const char *line = text; *line && *line != '\n';) {
        const char *end = line + strcspn(line, "\n");
        if (is_rule(line)) return end;
        line = *end ? end + 1 : end;
    }
    return NULL;
}

/* Lines of a heading again, at the top of a page. */
static void put_heading_again(bram_paper *p, const char *text, const char *end, size_t columns,
                              double size)
{
    while (text < end) {
        text += put_line(p, text, columns, size);
        if (*text == '\n') text++;
    }
}

/* Lines in letters of one width, `columns` of them across the page; longer ones are broken. The
 * heading of a table stands again on each page that the table goes on to. */
static void put_lines(bram_paper *p, const char *text, size_t columns)
{
    double size = (double)CODE * CODE_COLUMNS / (double)columns, step = size * CODE_LINE / CODE;
    const char *heading = NULL, *end = NULL;
    bool fresh = true; /* a table may begin here */
    put_held(p, AFTER);
    while (*text) {
        size_t page = p->pages;
        if (fresh) heading = text, end = end_of_heading(text);
        need(p, fresh && end ? 5 * step : step);
        bool broken = p->pages != page && end && text > end && *text != '\n';
        if (broken) put_heading_again(p, heading, end, columns, size);
        fresh = *text == '\n';
        if (fresh) end = NULL;
        text += put_line(p, text, columns, size);
        if (*text == '\n') text++;
    }
    p->y += 6;
}

void bram_paper_lines(bram_paper *p, const char *text)
{
    put_lines(p, text, CODE_COLUMNS);
}

/* How many letters the longest line has, within what fits in large and in small letters. */
static size_t columns_of(const char *text)
{
    size_t most = CODE_COLUMNS, letters = 0;
    for (; *text; text++) {
        if (*text == '\n') letters = 0;
        else letters += ((unsigned char)*text & 0xc0) != 0x80;
        if (letters > most) most = letters;
    }
    return most < MOST_COLUMNS ? most : MOST_COLUMNS;
}

/* ---- tables and figures --------------------------------------------------------------------- */

int bram_paper_table(bram_ctx *cx, bram_paper *p, const bram_table *t, const char *caption)
{
    bram_buffer text = {0};
    bool captioned = caption && *caption;
    bram_table_write_text(&text, t,
                          (bram_table_style){.width = TABLE_COLUMNS,
                                             .utf8 = true,
                                             .bands = true,
                                             .untitled = captioned,
                                             .notes = CODE_COLUMNS});
    int status = bram_buffer_status(cx, &text);
    put_held(p, AFTER);
    need(p, 4 * LINE);
    if (captioned) wrap(p, caption, BODY - 1, LINE - 1, BRAM_MUTED);
    if (status == BRAM_OK)
        put_lines(p, bram_buffer_text(&text), columns_of(bram_buffer_text(&text)));
    bram_buffer_release(&text);
    return status;
}

int bram_paper_figure(bram_ctx *cx, bram_paper *p, const bram_figure *f, const char *caption)
{
    double room = WIDTH - 2 * MARGIN, tall = HEIGHT - 2 * MARGIN - 4 * LINE - held_height(p);
    double scale = f->width > room ? room / f->width : 1;
    if (f->height * scale > tall) scale = tall / f->height;
    put_held(p, f->height * scale + 3 * LINE);
    need(p, f->height * scale + 3 * LINE);
    bram_cairo_pdf_scale(p->pdf, MARGIN, p->y, scale);
    int status = bram_figure_draw(cx, f, p->canvas);
    bram_cairo_pdf_unscale(p->pdf);
    p->y += f->height * scale + 4;
    wrap(p, caption && *caption ? caption : f->title, BODY - 1, LINE - 1, BRAM_MUTED);
    p->y += 8;
    return status;
}

/* ---- the file -------------------------------------------------------------------------------- */

int bram_paper_new(bram_ctx *cx, bram_paper **out, const char *title)
{
    bram_paper *p = bram_alloc(cx, 1, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    p->y = MARGIN;
    int status = bram_cairo_pdf_new(cx, &p->pdf, &p->bytes, title, WIDTH, HEIGHT);
    if (status != BRAM_OK) {
        bram_paper_free(p);
        return status;
    }
    p->canvas = bram_cairo_pdf_canvas(p->pdf);
    bram_paper_heading(p, 1, title);
    *out = p;
    return BRAM_OK;
}

int bram_paper_end(bram_ctx *cx, bram_paper *p, bram_buffer *bytes)
{
    put_held(p, 0);
    number_page(p);
    BRAM_TRY(bram_cairo_pdf_end(cx, p->pdf));
    BRAM_TRY(bram_buffer_status(cx, &p->bytes));
    for (size_t i = 0; i < MOST_HELD; i++) BRAM_TRY(bram_buffer_status(cx, &p->held[i].text));
    *bytes = p->bytes;
    p->bytes = (bram_buffer){0};
    return BRAM_OK;
}
