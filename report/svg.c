/*
 * svg.c - the SVG back end: see svg.h. Colours are classes: s0 .. s7, si, sm, sg, sp for strokes,
 * f... for fills, which the style rules turn into the custom properties --bram-0 ...; only heat
 * maps carry colours of their own. Equal figures give equal bytes.
 */
#include "svg.h"

#include "canvas.h"
#include "colour.h"
#include "digits.h"
#include "figure_parts.h"
#include "image.h"
#include "utf8.h"

#include <math.h>
#include <string.h>

struct svg {
    bram_buffer *out;
    const char *id;
    size_t clips;
    bram_ctx *cx;
};

void bram_xml_escape(bram_buffer *out, const char *text)
{
    uint32_t point;
    for (size_t n; (n = bram_utf8_next(text, &point)); text += n) {
        bool bad = point == 0xfffd || point == 0xfffe || point == 0xffff ||
                   (point < 0x20 && point != '\t' && point != '\n' && point != '\r');
        if (bad) bram_buffer_put(out, "\xef\xbf\xbd");
        else if (point == '&') bram_buffer_put(out, "&amp;");
        else if (point == '<') bram_buffer_put(out, "&lt;");
        else if (point == '>') bram_buffer_put(out, "&gt;");
        else if (point == '"') bram_buffer_put(out, "&quot;");
        else if (point == '\'') bram_buffer_put(out, "&#39;");
        else bram_buffer_write(out, text, n);
    }
}

/* ---- attributes ----------------------------------------------------------------------------- */

static void attribute(bram_buffer *out, const char *name, double value)
{
    bram_buffer_putf(out, " %s=\"", name);
    bram_digits_coordinate(out, value);
    bram_buffer_put(out, "\"");
}

/* The class of a colour: its kind (s or f) and its name. */
static void colour_class(bram_buffer *out, char kind, int colour)
{
    static const char names[] = "?imgp"; /* by -colour */
    if (colour >= 0) bram_buffer_putf(out, "%c%d", kind, colour % BRAM_PALETTE);
    else if (colour > BRAM_NO_COLOUR) bram_buffer_putf(out, "%c%c", kind, names[-colour]);
}

static void put_pen(bram_buffer *out, const bram_pen *pen)
{
    bool stroke = pen->stroke != BRAM_NO_COLOUR && pen->width > 0,
         fill = pen->fill != BRAM_NO_COLOUR;
    bram_buffer_put(out, " class=\"");
    if (stroke) colour_class(out, 's', pen->stroke);
    if (stroke && fill) bram_buffer_put(out, " ");
    if (fill) colour_class(out, 'f', pen->fill);
    bram_buffer_put(out, "\"");
    if (!fill) bram_buffer_put(out, " fill=\"none\"");
    if (stroke) attribute(out, "stroke-width", pen->width);
    if (stroke && pen->dashed) bram_buffer_put(out, " stroke-dasharray=\"5 3\"");
    if (fill && pen->opacity < 1) attribute(out, "fill-opacity", pen->opacity);
}

static void pair(bram_buffer *out, double x, double y)
{
    bram_digits_coordinate(out, x);
    bram_buffer_put(out, y < 0 ? "" : " ");
    bram_digits_coordinate(out, y);
}

/* ---- primitives ----------------------------------------------------------------------------- */

/* Coordinates far outside the plot are cut, so that no reader's number range is left. */
static double cut(double value)
{
    return value < -1e5 ? -1e5 : value > 1e5 ? 1e5 : value;
}

static void path(void *user, const bram_pen *pen, const double *xy, size_t points, bool closed)
{
    bram_buffer *out = ((struct svg *)user)->out;
    bram_buffer_put(out, "<path");
    put_pen(out, pen);
    bram_buffer_put(out, " d=\"");
    bool fresh = true;
    for (size_t i = 0; i < points; i++) {
        double x = xy[2 * i], y = xy[2 * i + 1];
        if (isnan(x) || isnan(y)) {
            fresh = true;
            continue;
        }
        bram_buffer_put(out, fresh ? "M" : "L");
        pair(out, cut(x), cut(y));
        fresh = false;
    }
    bram_buffer_put(out, closed ? "Z\"/>\n" : "\"/>\n");
}

static void rectangle(void *user, const bram_pen *pen, double x, double y, double w, double h)
{
    bram_buffer *out = ((struct svg *)user)->out;
    bram_buffer_put(out, "<rect");
    put_pen(out, pen);
    attribute(out, "x", cut(x));
    attribute(out, "y", cut(y));
    attribute(out, "width", cut(w));
    attribute(out, "height", cut(h));
    bram_buffer_put(out, "/>\n");
}

static void marker(void *user, const bram_pen *pen, int shape, double x, double y, double r)
{
    bram_buffer *out = ((struct svg *)user)->out;
    x = cut(x), y = cut(y);
    if (shape == 0) {
        bram_buffer_put(out, "<circle");
        put_pen(out, pen);
        attribute(out, "cx", x);
        attribute(out, "cy", y);
        attribute(out, "r", r);
        bram_buffer_put(out, "/>\n");
        return;
    }
    double corner[8];
    path(user, pen, corner, bram_marker_corners(corner, shape, x, y, r), true);
}

static void text(void *user, const bram_label *label, const char *words)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    bram_buffer *out = ((struct svg *)user)->out;
    bram_buffer_put(out, "<text class=\"");
    colour_class(out, 'f', label->colour);
    bram_buffer_put(out, label->halo ? " h\"" : "\"");
    attribute(out, "x", label->x);
    attribute(out, "y", label->y);
    attribute(out, "font-size", label->size);
    if (label->anchor != BRAM_ANCHOR_START)
        bram_buffer_putf(out, " text-anchor=\"%s\"", anchors[label->anchor]);
    if (label->angle != 0) {
        bram_buffer_put(out, " transform=\"rotate(");
        bram_digits_coordinate(out, label->angle);
        bram_buffer_put(out, " ");
        pair(out, label->x, label->y);
        bram_buffer_put(out, ")\"");
    }
    bram_buffer_put(out, ">");
    bram_xml_escape(out, words);
    if (label->full) {
        bram_buffer_put(out, "<title>");
        bram_xml_escape(out, label->full);
        bram_buffer_put(out, "</title>");
    }
    bram_buffer_put(out, "</text>\n");
}

/* One path for each colour, made of runs along the rows, in units of cells. */
static void cells_of_level(bram_buffer *out, const bram_cells *c, unsigned level)
{
    bool any = false;
    for (size_t i = 0; i < c->rows; i++) {
        const uint8_t *row = c->level + i * c->cols;
        for (size_t j = 0, k; j < c->cols; j = k) {
            for (k = j + 1; k < c->cols && row[k] == row[j];) k++;
            if (row[j] != level) continue;
            if (!any && level == BRAM_LEVEL_MISSING)
                bram_buffer_put(out, "<path class=\"fg\" d=\"");
            else if (!any)
                bram_buffer_putf(
                    out, "<path fill=\"#%06x\" d=\"",
                    (unsigned)bram_colour_scale(((double)level + 0.5) / BRAM_LEVELS, c->diverging));
            any = true;
            bram_buffer_putf(out, "M%zu %zuh%zuv1h-%zuz", j, i, k - j, k - j);
        }
    }
    if (any) bram_buffer_put(out, "\"/>\n");
}

static void cells(void *user, const bram_cells *c)
{
    bram_buffer *out = ((struct svg *)user)->out;
    bram_buffer_put(out, "<g shape-rendering=\"crispEdges\" transform=\"translate(");
    pair(out, c->x, c->y);
    bram_buffer_put(out, ") scale(");
    char number[BRAM_DIGITS_BYTES];
    bram_buffer_put(out, bram_digits_fixed(number, c->width / (double)c->cols, 6));
    bram_buffer_putf(out, " %s)\">\n", bram_digits_fixed(number, c->height / (double)c->rows, 6));
    for (unsigned level = 0; level < BRAM_LEVELS; level++) cells_of_level(out, c, level);
    cells_of_level(out, c, BRAM_LEVEL_MISSING);
    bram_buffer_put(out, "</g>\n");
}

static void clip(void *user, double x, double y, double w, double h)
{
    struct svg *s = user;
    bram_buffer_putf(s->out, "<clipPath id=\"%s-clip%zu\"><rect", s->id, s->clips);
    attribute(s->out, "x", x);
    attribute(s->out, "y", y);
    attribute(s->out, "width", w);
    attribute(s->out, "height", h);
    bram_buffer_putf(s->out, "/></clipPath>\n<g clip-path=\"url(#%s-clip%zu)\">\n", s->id,
                     s->clips);
    s->clips++;
}

static void end_group(void *user)
{
    bram_buffer_put(((struct svg *)user)->out, "</g>\n");
}

static void shift(void *user, double x, double y)
{
    bram_buffer *out = ((struct svg *)user)->out;
    bram_buffer_put(out, "<g transform=\"translate(");
    pair(out, x, y);
    bram_buffer_put(out, ")\">\n");
}

static void base64(bram_buffer *out, const char *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++)
            three = three << 8 | (i + k < n ? (unsigned char)bytes[i + k] : 0u);
        char four[4] = {digits[three >> 18], digits[three >> 12 & 63],
                        i + 1 < n ? digits[three >> 6 & 63] : '=',
                        i + 2 < n ? digits[three & 63] : '='};
        bram_buffer_write(out, four, 4);
    }
}

/* Within the file, as PNG: grey where all pixels are. */
static void picture(void *user, const bram_picture *p, double x, double y, double w, double h)
{
    struct svg *s = user;
    bram_buffer *out = s->out, png = {0};
    size_t pixels = p->rows * p->cols;
    bool grey = true;
    for (size_t i = 0; grey && i < pixels; i++)
        grey = p->rgb[3 * i] == p->rgb[3 * i + 1] && p->rgb[3 * i] == p->rgb[3 * i + 2];
    uint8_t *level = grey ? bram_alloc(s->cx, pixels, 1) : NULL;
    for (size_t i = 0; level && i < pixels; i++) level[i] = p->rgb[3 * i];
    int status = grey && !level ? BRAM_ENOMEM
                                : bram_image_png(s->cx, &png, grey ? level : p->rgb, p->rows,
                                                 p->cols, grey ? 1 : 3);
    bram_free(level);
    out->failed = out->failed || status != BRAM_OK;
    bram_buffer_put(out, "<image");
    attribute(out, "x", x);
    attribute(out, "y", y);
    attribute(out, "width", w);
    attribute(out, "height", h);
    bram_buffer_put(out, " preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\""
                         " href=\"data:image/png;base64,");
    if (status == BRAM_OK) base64(out, bram_buffer_text(&png), png.length);
    bram_buffer_put(out, "\"/>\n");
    bram_buffer_release(&png);
}

static bram_canvas canvas_of(struct svg *s)
{
    return (bram_canvas){s,    path,      rectangle, marker,    text,   cells,
                         clip, end_group, shift,     end_group, picture};
}

/* ---- whole figures -------------------------------------------------------------------------- */

static void begin(bram_buffer *out, double width, double height, const char *id, const char *title,
                  const char *description, bool alone)
{
    bram_buffer_put(out, "<svg class=\"bram\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ");
    pair(out, width, height);
    bram_buffer_put(out, "\"");
    if (alone) {
        attribute(out, "width", width);
        attribute(out, "height", height);
    }
    bram_buffer_putf(out,
                     " role=\"img\" aria-labelledby=\"%s-title %s-desc\">\n<title id=\"%s-title\">",
                     id, id, id);
    bram_xml_escape(out, title);
    bram_buffer_putf(out, "</title>\n<desc id=\"%s-desc\">", id);
    bram_xml_escape(out, description);
    bram_buffer_put(out, "</desc>\n");
    if (!alone) return;
    bram_buffer_put(out, "<style>\n");
    bram_svg_style(out);
    bram_buffer_put(out, "</style>\n<rect class=\"fp\" width=\"100%\" height=\"100%\"/>\n");
}

static int write_svg(bram_ctx *cx, bram_buffer *out, const bram_figure *f, const char *id,
                     bool alone)
{
    struct svg s = {out, id, 0, cx};
    bram_canvas canvas = canvas_of(&s);
    begin(out, f->width, f->height, id, f->title, f->description, alone);
    BRAM_TRY(bram_figure_draw(cx, f, &canvas));
    bram_buffer_put(out, "</svg>\n");
    return bram_buffer_status(cx, out);
}

int bram_svg_write(bram_ctx *cx, bram_buffer *out, const bram_figure *f, const char *id)
{
    return write_svg(cx, out, f, id, false);
}

int bram_svg_write_file(bram_ctx *cx, bram_buffer *out, const bram_figure *f)
{
    bram_buffer_put(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    return write_svg(cx, out, f, "figure", true);
}

int bram_svg_write_sheet(bram_ctx *cx, bram_buffer *out, const bram_sheet *sheet)
{
    struct svg s = {out, "figure", 0, cx};
    bram_canvas canvas = canvas_of(&s);
    double width, height;
    bram_sheet_size(sheet, &width, &height);
    bram_buffer_put(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    begin(out, width, height, s.id, sheet->title, sheet->description, true);
    BRAM_TRY(bram_sheet_draw(cx, sheet, &canvas));
    bram_buffer_put(out, "</svg>\n");
    return bram_buffer_status(cx, out);
}

static void properties(bram_buffer *out, bool dark)
{
    for (int i = 0; i < BRAM_PALETTE; i++)
        bram_buffer_putf(out, "--bram-%d:#%06x;", i, (unsigned)bram_palette(i, dark));
    for (int k = 1; k <= 4; k++)
        bram_buffer_putf(out, "%s--bram-%c:#%06x", k > 1 ? ";" : "", " imgp"[k],
                         (unsigned)bram_colour_by_meaning(-k, dark));
}

void bram_svg_style(bram_buffer *out)
{
    bram_buffer_put(out, ".bram{");
    properties(out, false);
    bram_buffer_put(out, "}\n@media (prefers-color-scheme:dark){.bram{");
    properties(out, true);
    bram_buffer_put(out, "}}\n@media print{.bram{");
    properties(out, false);
    bram_buffer_put(out,
                    "}}\n.bram{font-family:system-ui,-apple-system,\"Segoe UI\",Helvetica,Arial,"
                    "sans-serif;font-variant-numeric:tabular-nums;stroke-linejoin:round}\n");
    static const char names[] = "01234567imgp";
    for (const char *n = names; *n; n++)
        bram_buffer_putf(out, ".bram .s%c{stroke:var(--bram-%c)} .bram .f%c{fill:var(--bram-%c)}\n",
                         *n, *n, *n, *n);
    bram_buffer_put(out, ".bram .h{paint-order:stroke;stroke:var(--bram-p);stroke-width:3px}\n");
}
