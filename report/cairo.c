/*
 * cairo.c - the cairo back end: see cairo_sheet.h. The library is opened when a sheet is drawn.
 */
#include "cairo_sheet.h"

#include "colour.h"
#include "utf8.h"

#include <math.h>
#include <string.h>

#ifdef BRAM_HAVE_CAIRO
#include <cairo-pdf.h>
#include <cairo.h>
#include <dlfcn.h>

#define FUNCTIONS(each)                                                                            \
    each(cairo_create) each(cairo_destroy) each(cairo_status) each(cairo_status_to_string) each(   \
        cairo_save) each(cairo_restore) each(cairo_translate) each(cairo_scale) each(cairo_rotate) \
        each(cairo_set_source_rgba) each(cairo_set_line_width) each(cairo_set_line_join) each(     \
            cairo_set_dash) each(cairo_set_antialias) each(cairo_new_path) each(cairo_move_to)     \
            each(cairo_line_to) each(cairo_close_path) each(cairo_rectangle) each(cairo_arc)       \
                each(cairo_fill_preserve) each(cairo_stroke) each(cairo_stroke_preserve) each(     \
                    cairo_fill) each(cairo_paint) each(cairo_clip) each(cairo_select_font_face)    \
                    each(cairo_set_font_size) each(cairo_show_text) each(cairo_text_path) each(    \
                        cairo_text_extents) each(cairo_set_source_surface) each(cairo_get_source)  \
                        each(cairo_pattern_set_filter) each(cairo_image_surface_create)            \
                            each(cairo_image_surface_get_data)                                     \
                                each(cairo_image_surface_get_stride)                               \
                                    each(cairo_surface_mark_dirty) each(cairo_surface_flush)       \
                                        each(cairo_surface_finish) each(cairo_surface_destroy)     \
                                            each(cairo_surface_status)                             \
                                                each(cairo_surface_write_to_png_stream)            \
                                                    each(cairo_pdf_surface_create_for_stream)      \
                                                        each(cairo_pdf_surface_set_metadata)       \
                                                            each(cairo_show_page)

/* The functions under their names without cairo_. */
struct library {
#define MEMBER(name) __typeof__(&(name)) name; /* NOLINT(bugprone-macro-parentheses): a name */
    FUNCTIONS(MEMBER)
#undef MEMBER
};

/* The object stays open: fonts and their caches outlive a drawing. */
static bool load(struct library *l)
{
    void *object = dlopen("libcairo.so.2", RTLD_NOW | RTLD_LOCAL);
    bool all = object != NULL;
#define FIND(function)                                                                             \
    if (all) {                                                                                     \
        void *found = dlsym(object, #function);                                                    \
        memcpy(&l->function, &found, sizeof found);                                                \
        all = found != NULL;                                                                       \
    }
    FUNCTIONS(FIND)
#undef FIND
    return all;
}

bool bram_cairo_available(void)
{
    struct library l;
    return load(&l);
}

struct drawing {
    const struct library *l;
    cairo_t *c;
    bram_buffer text; /* of a label */
};

/* ---- colours and pens ----------------------------------------------------------------------- */

static void use_rgb(const struct drawing *d, uint32_t rgb, double opacity)
{
    d->l->cairo_set_source_rgba(d->c, (double)(rgb >> 16 & 255) / 255,
                                (double)(rgb >> 8 & 255) / 255, (double)(rgb & 255) / 255, opacity);
}

/* Fills and strokes the path in hand. */
static void use_pen(const struct drawing *d, const bram_pen *pen)
{
    static const double dashes[] = {5, 3};
    if (pen->fill != BRAM_NO_COLOUR) {
        use_rgb(d, bram_colour_by_meaning(pen->fill, false), pen->opacity);
        d->l->cairo_fill_preserve(d->c);
    }
    if (pen->stroke != BRAM_NO_COLOUR && pen->width > 0) {
        use_rgb(d, bram_colour_by_meaning(pen->stroke, false), 1);
        d->l->cairo_set_line_width(d->c, pen->width);
        d->l->cairo_set_dash(d->c, dashes, pen->dashed ? 2 : 0, 0);
        d->l->cairo_stroke_preserve(d->c);
    }
    d->l->cairo_new_path(d->c);
}

/* ---- primitives ----------------------------------------------------------------------------- */

static double cut(double value)
{
    return value < -1e5 ? -1e5 : value > 1e5 ? 1e5 : value;
}

static void path(void *user, const bram_pen *pen, const double *xy, size_t points, bool closed)
{
    const struct drawing *d = user;
    bool fresh = true;
    for (size_t i = 0; i < points; i++) {
        double x = xy[2 * i], y = xy[2 * i + 1];
        bool there = !isnan(x) && !isnan(y);
        if (there && fresh) d->l->cairo_move_to(d->c, cut(x), cut(y));
        else if (there) d->l->cairo_line_to(d->c, cut(x), cut(y));
        fresh = !there;
    }
    if (closed) d->l->cairo_close_path(d->c);
    use_pen(d, pen);
}

static void rectangle(void *user, const bram_pen *pen, double x, double y, double w, double h)
{
    const struct drawing *d = user;
    d->l->cairo_rectangle(d->c, cut(x), cut(y), cut(w), cut(h));
    use_pen(d, pen);
}

static void circle(void *user, const bram_pen *pen, double x, double y, double r)
{
    const struct drawing *d = user;
    d->l->cairo_arc(d->c, cut(x), cut(y), r, 0, 2 * acos(-1));
    d->l->cairo_close_path(d->c);
    use_pen(d, pen);
}

static void marker(void *user, const bram_pen *pen, int shape, double x, double y, double r)
{
    double corner[8];
    if (shape == 0) circle(user, pen, x, y, r);
    else path(user, pen, corner, bram_marker_corners(corner, shape, cut(x), cut(y), r), true);
}

/* Text with what is none replaced; lives until the next call. */
static const char *clean(bram_buffer *b, const char *words)
{
    uint32_t point;
    b->length = 0;
    for (size_t n; (n = bram_utf8_next(words, &point)); words += n)
        if (point == 0xfffd || point < 0x20) bram_buffer_put(b, "\xef\xbf\xbd");
        else bram_buffer_write(b, words, n);
    return b->length ? bram_buffer_text(b) : "";
}

static void text(void *user, const bram_label *label, const char *words)
{
    struct drawing *d = user;
    const struct library *l = d->l;
    const char *shown = clean(&d->text, words);
    cairo_text_extents_t size;
    l->cairo_save(d->c);
    l->cairo_translate(d->c, label->x, label->y);
    l->cairo_rotate(d->c, label->angle * acos(-1) / 180);
    l->cairo_set_font_size(d->c, label->size);
    l->cairo_text_extents(d->c, shown, &size);
    double share = label->anchor == BRAM_ANCHOR_START    ? 0
                   : label->anchor == BRAM_ANCHOR_MIDDLE ? 0.5
                                                         : 1;
    l->cairo_move_to(d->c, -share * size.x_advance, 0);
    if (label->halo) {
        l->cairo_text_path(d->c, shown);
        use_rgb(d, bram_colour_by_meaning(BRAM_PAPER, false), 1);
        l->cairo_set_line_width(d->c, 3);
        l->cairo_set_dash(d->c, NULL, 0, 0);
        l->cairo_stroke(d->c);
        l->cairo_move_to(d->c, -share * size.x_advance, 0);
    }
    use_rgb(d, bram_colour_by_meaning(label->colour, false), 1);
    l->cairo_show_text(d->c, shown);
    l->cairo_new_path(d->c);
    l->cairo_restore(d->c);
}

/* Blows an image up to a rectangle (x, y, width, height) without blurring, and destroys it. */
static void put_image(const struct drawing *d, cairo_surface_t *image, const double to[4],
                      double rows, double cols)
{
    const struct library *l = d->l;
    l->cairo_surface_mark_dirty(image);
    l->cairo_save(d->c);
    l->cairo_rectangle(d->c, to[0], to[1], to[2], to[3]);
    l->cairo_clip(d->c);
    l->cairo_translate(d->c, to[0], to[1]);
    l->cairo_scale(d->c, to[2] / cols, to[3] / rows);
    l->cairo_set_source_surface(d->c, image, 0, 0);
    l->cairo_pattern_set_filter(l->cairo_get_source(d->c), CAIRO_FILTER_NEAREST);
    l->cairo_paint(d->c);
    l->cairo_restore(d->c);
    l->cairo_surface_destroy(image);
}

/* An image of a pixel for each cell. */
static void cells(void *user, const bram_cells *c)
{
    const struct drawing *d = user;
    const struct library *l = d->l;
    cairo_surface_t *image = l->cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)c->cols,
                                                           (int)c->rows);
    unsigned char *pixel = l->cairo_image_surface_get_data(image);
    size_t stride = pixel ? (size_t)l->cairo_image_surface_get_stride(image) : 0;
    for (size_t i = 0; pixel && i < c->rows; i++)
        for (size_t j = 0; j < c->cols; j++) {
            uint8_t level = c->level[i * c->cols + j];
            uint32_t rgb = level == BRAM_LEVEL_MISSING
                               ? bram_colour_by_meaning(BRAM_GRID, false)
                               : bram_colour_scale(((double)level + 0.5) / BRAM_LEVELS,
                                                   c->diverging);
            memcpy(pixel + i * stride + 4 * j, &rgb, 4);
        }
    put_image(d, image, (const double[]){c->x, c->y, c->width, c->height}, (double)c->rows,
              (double)c->cols);
}

static void picture(void *user, const bram_picture *p, double x, double y, double w, double h)
{
    const struct drawing *d = user;
    const struct library *l = d->l;
    cairo_surface_t *image = l->cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)p->cols,
                                                           (int)p->rows);
    unsigned char *pixel = l->cairo_image_surface_get_data(image);
    size_t stride = pixel ? (size_t)l->cairo_image_surface_get_stride(image) : 0;
    for (size_t i = 0; pixel && i < p->rows; i++)
        for (size_t j = 0; j < p->cols; j++) {
            const uint8_t *at = p->rgb + 3 * (i * p->cols + j);
            uint32_t rgb = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
            memcpy(pixel + i * stride + 4 * j, &rgb, 4);
        }
    put_image(d, image, (const double[]){x, y, w, h}, (double)p->rows, (double)p->cols);
}

static void clip(void *user, double x, double y, double w, double h)
{
    const struct drawing *d = user;
    d->l->cairo_save(d->c);
    d->l->cairo_rectangle(d->c, x, y, w, h);
    d->l->cairo_clip(d->c);
}

static void shift(void *user, double x, double y)
{
    const struct drawing *d = user;
    d->l->cairo_save(d->c);
    d->l->cairo_translate(d->c, x, y);
}

static void restore(void *user)
{
    const struct drawing *d = user;
    d->l->cairo_restore(d->c);
}

/* ---- files ---------------------------------------------------------------------------------- */

static cairo_status_t append(void *closure, const unsigned char *bytes, unsigned n)
{
    bram_buffer *out = closure;
    bram_buffer_write(out, (const char *)bytes, n);
    return out->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static int draw(bram_ctx *cx, const struct library *l, cairo_surface_t *surface,
                const bram_sheet *sheet, double scale)
{
    struct drawing d = {.l = l, .c = l->cairo_create(surface)};
    bram_canvas canvas = {&d,   path,    rectangle, marker,  text,   cells,
                          clip, restore, shift,     restore, picture};
    l->cairo_scale(d.c, scale, scale);
    use_rgb(&d, bram_colour_by_meaning(BRAM_PAPER, false), 1);
    l->cairo_paint(d.c);
    l->cairo_set_line_join(d.c, CAIRO_LINE_JOIN_ROUND);
    l->cairo_select_font_face(d.c, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    int status = bram_sheet_draw(cx, sheet, &canvas);
    cairo_status_t said = l->cairo_status(d.c);
    if (status == BRAM_OK) status = bram_buffer_status(cx, &d.text);
    if (status == BRAM_OK && said != CAIRO_STATUS_SUCCESS)
        status = bram_fail(cx, BRAM_EINTERNAL, "cairo: %s", l->cairo_status_to_string(said));
    l->cairo_destroy(d.c);
    bram_buffer_release(&d.text);
    return status;
}

int bram_cairo_write_sheet(bram_ctx *cx, bram_buffer *out, const bram_sheet *sheet, bool png)
{
    enum { PNG_SCALE = 2 };
    struct library l;
    double width, height, scale = png ? PNG_SCALE : 1;
    if (!load(&l))
        return bram_fail(cx, BRAM_EUSAGE,
                         "PDF and PNG need cairo (libcairo.so.2), which is not there");
    bram_sheet_size(sheet, &width, &height);
    cairo_surface_t *surface =
        png ? l.cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(scale * width),
                                           (int)ceil(scale * height))
            : l.cairo_pdf_surface_create_for_stream(append, out, width, height);
    if (!png) { /* equal figures give equal bytes: no date */
        bram_buffer title = {0};
        l.cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE,
                                         clean(&title, sheet->title));
        bram_buffer_release(&title);
        l.cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "");
    }
    int status = draw(cx, &l, surface, sheet, scale);
    cairo_status_t said = CAIRO_STATUS_SUCCESS;
    if (status == BRAM_OK && png) said = l.cairo_surface_write_to_png_stream(surface, append, out);
    l.cairo_surface_finish(surface);
    if (said == CAIRO_STATUS_SUCCESS) said = l.cairo_surface_status(surface);
    if (status == BRAM_OK) status = bram_buffer_status(cx, out);
    if (status == BRAM_OK && said != CAIRO_STATUS_SUCCESS)
        status = bram_fail(cx, BRAM_EINTERNAL, "cairo: %s", l.cairo_status_to_string(said));
    l.cairo_surface_destroy(surface);
    return status;
}

/* ---- several pages -------------------------------------------------------------------------- */

struct bram_cairo_pdf {
    struct library l;
    struct drawing d;
    bram_canvas canvas;
    cairo_surface_t *surface;
    bram_buffer *bytes;
};

void bram_cairo_pdf_free(bram_cairo_pdf *p)
{
    if (!p) return;
    if (p->d.c) p->l.cairo_destroy(p->d.c);
    if (p->surface) p->l.cairo_surface_destroy(p->surface);
    bram_buffer_release(&p->d.text);
    bram_free(p);
}

static void sans_serif(const bram_cairo_pdf *p)
{
    p->l.cairo_select_font_face(p->d.c, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                                CAIRO_FONT_WEIGHT_NORMAL);
}

int bram_cairo_pdf_new(bram_ctx *cx, bram_cairo_pdf **out, bram_buffer *bytes, const char *title,
                       double width, double height)
{
    const double a4_width = 595.276, a4_height = 841.89;
    bram_buffer words = {0};
    bram_cairo_pdf *p = bram_alloc(cx, 1, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    if (!load(&p->l)) {
        bram_free(p);
        return bram_fail(cx, BRAM_EUSAGE, "PDF needs cairo (libcairo.so.2), which is not there");
    }
    p->bytes = bytes;
    p->surface = p->l.cairo_pdf_surface_create_for_stream(append, bytes, a4_width, a4_height);
    p->l.cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_TITLE, clean(&words, title));
    p->l.cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_CREATE_DATE, "");
    bram_buffer_release(&words);
    p->d = (struct drawing){.l = &p->l, .c = p->l.cairo_create(p->surface)};
    p->canvas = (bram_canvas){&p->d, path,    rectangle, marker,  text,   cells,
                              clip,  restore, shift,     restore, picture};
    p->l.cairo_scale(p->d.c, a4_width / width, a4_height / height);
    p->l.cairo_set_line_join(p->d.c, CAIRO_LINE_JOIN_ROUND);
    sans_serif(p);
    *out = p;
    return BRAM_OK;
}

const bram_canvas *bram_cairo_pdf_canvas(const bram_cairo_pdf *p)
{
    return &p->canvas;
}

void bram_cairo_pdf_mono(bram_cairo_pdf *p, double x, double y, double size, const char *words)
{
    p->l.cairo_select_font_face(p->d.c, "monospace", CAIRO_FONT_SLANT_NORMAL,
                                CAIRO_FONT_WEIGHT_NORMAL);
    p->l.cairo_set_font_size(p->d.c, size);
    use_rgb(&p->d, bram_colour_by_meaning(BRAM_INK, false), 1);
    p->l.cairo_move_to(p->d.c, x, y);
    p->l.cairo_show_text(p->d.c, clean(&p->d.text, words));
    sans_serif(p);
}

void bram_cairo_pdf_scale(bram_cairo_pdf *p, double x, double y, double scale)
{
    p->l.cairo_save(p->d.c);
    p->l.cairo_translate(p->d.c, x, y);
    p->l.cairo_scale(p->d.c, scale, scale);
}

void bram_cairo_pdf_unscale(bram_cairo_pdf *p)
{
    p->l.cairo_restore(p->d.c);
}

void bram_cairo_pdf_next(bram_cairo_pdf *p)
{
    p->l.cairo_show_page(p->d.c);
}

int bram_cairo_pdf_end(bram_ctx *cx, bram_cairo_pdf *p)
{
    p->l.cairo_show_page(p->d.c);
    cairo_status_t said = p->l.cairo_status(p->d.c);
    p->l.cairo_surface_finish(p->surface);
    if (said == CAIRO_STATUS_SUCCESS) said = p->l.cairo_surface_status(p->surface);
    BRAM_TRY(bram_buffer_status(cx, p->bytes));
    return said == CAIRO_STATUS_SUCCESS
               ? BRAM_OK
               : bram_fail(cx, BRAM_EINTERNAL, "cairo: %s", p->l.cairo_status_to_string(said));
}

#else /* without cairo.h */

int bram_cairo_pdf_new(bram_ctx *cx, bram_cairo_pdf **out, bram_buffer *bytes, const char *title,
                       double width, double height)
{
    (void)out, (void)bytes, (void)title, (void)width, (void)height;
    return bram_fail(cx, BRAM_EUSAGE, "PDF needs cairo, which this build is without");
}

void bram_cairo_pdf_free(bram_cairo_pdf *p)
{
    (void)p;
}

const bram_canvas *bram_cairo_pdf_canvas(const bram_cairo_pdf *p)
{
    (void)p;
    return NULL;
}

void bram_cairo_pdf_mono(bram_cairo_pdf *p, double x, double y, double size, const char *text)
{
    (void)p, (void)x, (void)y, (void)size, (void)text;
}

void bram_cairo_pdf_scale(bram_cairo_pdf *p, double x, double y, double scale)
{
    (void)p, (void)x, (void)y, (void)scale;
}

void bram_cairo_pdf_unscale(bram_cairo_pdf *p)
{
    (void)p;
}

void bram_cairo_pdf_next(bram_cairo_pdf *p)
{
    (void)p;
}

int bram_cairo_pdf_end(bram_ctx *cx, bram_cairo_pdf *p)
{
    (void)p;
    return bram_fail(cx, BRAM_EUSAGE, "PDF needs cairo, which this build is without");
}

bool bram_cairo_available(void)
{
    return false;
}

int bram_cairo_write_sheet(bram_ctx *cx, bram_buffer *out, const bram_sheet *sheet, bool png)
{
    (void)out, (void)sheet, (void)png;
    return bram_fail(cx, BRAM_EUSAGE, "PDF and PNG need cairo, which this build is without");
}

#endif
