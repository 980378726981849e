/*
 * html.c - pages: see html.h.
 */
#include "html.h"

#include "svg.h"

#include <stdio.h>
#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#202428;--muted:#5a6168;--line:#dfe2e5;"
    "--shade:#f5f6f7;--link:#0060a0}\n"
    "@media (prefers-color-scheme:dark){:root{--paper:#16191c;--ink:#e4e6e8;--muted:#a0a6ac;"
    "--line:#3a3f45;--shade:#1e2226;--link:#6cb6f0}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:60rem;background:var(--paper);"
    "color:var(--ink);font:1rem/1.55 system-ui,-apple-system,\"Segoe UI\",Helvetica,Arial,"
    "sans-serif}\n"
    "h1{font-size:1.8rem;line-height:1.2;margin:0 0 .3rem}\n"
    "h2{font-size:1.35rem;margin:2.6rem 0 .6rem;padding-top:.6rem;border-top:1px solid "
    "var(--line)}\n"
    "h3{font-size:1.1rem;margin:1.8rem 0 .4rem}\nh4{font-size:1rem;margin:1.4rem 0 .3rem}\n"
    "p,ul,pre{margin:.5rem 0;max-width:46rem}\n.lead,footer{color:var(--muted)}\n"
    "footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:.6rem;font-size:.9rem}\n"
    "a{color:var(--link)}\n"
    "pre{background:var(--shade);padding:.6rem .8rem;overflow-x:auto;font-size:.88rem}\n"
    "figure{margin:1.4rem 0;max-width:44rem;overflow-x:auto}\n"
    "figure svg{display:block;width:100%;height:auto;min-width:22rem}.wide svg{min-width:35rem}\n"
    ".grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr));"
    "column-gap:1.5rem}\n.grid figure{margin:.8rem 0;max-width:31rem}\n"
    "nav ul{margin:.8rem 0;padding:.6rem 1.2rem .6rem 2rem;background:var(--shade);"
    "max-width:46rem}\n"
    "figcaption{color:var(--muted);font-size:.92rem;text-align:left;padding:.4rem 0}\n"
    "figcaption b,.note b{color:var(--ink)}\n"
    ".scroll{overflow-x:auto;margin:1.2rem 0}\n"
    "table{border-collapse:collapse;font-size:.84rem;font-variant-numeric:tabular-nums}\n"

    "th,td{padding:.28rem .5rem;text-align:left;vertical-align:top;border-bottom:1px solid "
    "var(--line)}\n"
    "th{border-bottom:2px solid var(--muted);white-space:nowrap}\n"
    "td{white-space:pre}td.t,td.w{white-space:normal}td.w{overflow-wrap:anywhere;min-width:9rem}"
    "\n"
    ".r{text-align:right;white-space:nowrap;}\ntbody "
    "tr:hover{background:var(--shade)}\n"
    ".note{color:var(--muted);font-size:.88rem;margin:.2rem 0}\n"
    "summary{cursor:pointer;color:var(--link);font-size:.92rem}\n"
    "@media print{html{font-size:9.5pt}.grid{grid-template-columns:1fr "
    "1fr}:root{--paper:#fff;--ink:#000;--muted:#444;--line:#bbb;--shade:#f5f5f5;"
    "--link:#000}body{max-width:none;padding:0;font-size:10pt}figure,tr{break-inside:avoid}"
    "h2,h3{break-after:avoid}.scroll,figure{overflow:visible}table{font-size:7.5pt}"
    "th,td{padding:1pt 4pt}nav{display:none}"
    "details::details-content{content-visibility:visible;display:block}}\n";

static void put(bram_page *p, const char *text)
{
    bram_buffer_put(&p->out, text);
}

static void escaped(bram_page *p, const char *text)
{
    bram_xml_escape(&p->out, text);
}

static void element(bram_page *p, const char *name, const char *text)
{
    bram_buffer_putf(&p->out, "<%s>", name);
    escaped(p, text);
    bram_buffer_putf(&p->out, "</%s>\n", name);
}

void bram_page_begin(bram_page *p, const char *title, const char *lead)
{
    put(p, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n");
    bram_buffer_putf(&p->out, "<meta name=\"generator\" content=\"bramble %s\">\n", bram_version());
    element(p, "title", title);
    put(p, "<style>\n");
    put(p, style);
    bram_svg_style(&p->out);
    put(p, "</style>\n</head>\n<body>\n<main>\n");
    element(p, "h1", title);
    if (*lead) {
        put(p, "<p class=\"lead\">");
        escaped(p, lead);
        put(p, "</p>\n");
    }
    p->contents_at = p->out.length;
}

/* Puts the table of contents where it belongs, now that all headings are known. */
static void insert_contents(bram_page *p)
{
    bram_buffer whole = {0};
    if (!p->contents.length || p->out.failed) return;
    bram_buffer_write(&whole, p->out.text, p->contents_at);
    bram_buffer_put(&whole, "<nav aria-label=\"Contents\">\n<ul>\n");
    bram_buffer_put(&whole, bram_buffer_text(&p->contents));
    bram_buffer_put(&whole, "</ul>\n</nav>\n");
    bram_buffer_put(&whole, p->out.text + p->contents_at);
    whole.failed = whole.failed || p->contents.failed;
    bram_buffer_release(&p->out);
    p->out = whole;
}

int bram_page_end(bram_ctx *cx, bram_page *p, const char *footer)
{
    put(p, "</main>\n");
    if (*footer) element(p, "footer", footer);
    put(p, "</body>\n</html>\n");
    insert_contents(p);
    return bram_buffer_status(cx, &p->out);
}

void bram_page_release(bram_page *p)
{
    bram_buffer_release(&p->out);
    bram_buffer_release(&p->contents);
    *p = (bram_page){0};
}

unsigned bram_page_heading(bram_page *p, int level, const char *text)
{
    int n = level < 2 ? 2 : level > 4 ? 4 : level;
    if (p->paper) bram_paper_heading(p->paper, n, text);
    bram_buffer_putf(&p->out, "<h%d id=\"section-%u\">", n, ++p->headings);
    escaped(p, text);
    bram_buffer_putf(&p->out, "</h%d>\n", n);
    if (n == 2) {
        bram_buffer_putf(&p->contents, "<li><a href=\"#section-%u\">", p->headings);
        bram_xml_escape(&p->contents, text);
        bram_buffer_put(&p->contents, "</a></li>\n");
    }
    return p->headings;
}

void bram_page_paragraph(bram_page *p, const char *text)
{
    if (p->paper) bram_paper_words(p->paper, text);
    element(p, "p", text);
}

static bool is_address(const char *address)
{
    return !strncmp(address, "https://", 8) || !strncmp(address, "http://", 7) || *address == '#';
}

/* On paper a link is its address. */
static void link_on_paper(bram_paper *paper, const char *before, const char *link,
                          const char *address, const char *after)
{
    bram_buffer words = {0};
    bram_buffer_putf(&words, "%s%s%s", before, link, after);
    if (*address != '#' && is_address(address) && strcmp(link, address) != 0)
        bram_buffer_putf(&words, " (%s)", address);
    bram_paper_words(paper, bram_buffer_text(&words));
    bram_buffer_release(&words);
}

void bram_page_link(bram_page *p, const char *before, const char *link, const char *address,
                    const char *after)
{
    if (p->paper) link_on_paper(p->paper, before, link, address, after);
    put(p, "<p>");
    escaped(p, before);
    if (is_address(address)) { /* anything else could be a script */
        put(p, "<a href=\"");
        escaped(p, address);
        put(p, "\">");
    }
    escaped(p, link);
    if (is_address(address)) put(p, "</a>");
    escaped(p, after);
    put(p, "</p>\n");
}

void bram_page_grid(bram_page *p)
{
    put(p, "<div class=\"grid\">\n");
}

void bram_page_grid_end(bram_page *p)
{
    put(p, "</div>\n");
}

void bram_page_fold(bram_page *p, const char *summary)
{
    put(p, "<details>\n");
    element(p, "summary", summary);
}

void bram_page_fold_end(bram_page *p)
{
    put(p, "</details>\n");
}

void bram_page_list(bram_page *p, const char *const *items, size_t count)
{
    put(p, "<ul>\n");
    for (size_t i = 0; i < count && p->paper; i++) bram_paper_words(p->paper, items[i]);
    for (size_t i = 0; i < count; i++) element(p, "li", items[i]);
    put(p, "</ul>\n");
}

void bram_page_code(bram_page *p, const char *text)
{
    if (p->paper) bram_paper_lines(p->paper, text);
    put(p, "<pre><code>");
    escaped(p, text);
    put(p, "</code></pre>\n");
}

/* ---- tables --------------------------------------------------------------------------------- */

/* Escapes text; a hyphen that begins a number becomes a minus sign, as wide as a digit. */
static void with_minus(bram_page *p, const char *text)
{
    bram_buffer shown = {0};
    for (const char *at = text; *at; at++) {
        bool begins = at == text || at[-1] == ' ' || at[-1] == '[';
        if (*at == '-' && begins && at[1] >= '0' && at[1] <= '9')
            bram_buffer_put(&shown, "\xe2\x88\x92");
        else bram_buffer_write(&shown, at, 1);
    }
    escaped(p, bram_buffer_text(&shown));
    p->out.failed = p->out.failed || shown.failed;
    bram_buffer_release(&shown);
}

/* Whether text has a word that must be broken to fit a column. */
static bool is_long(const char *text)
{
    for (size_t n; *text; text += n + (text[n] == ' '))
        if ((n = strcspn(text, " ")) > 24) return true;
    return false;
}

static void cell(bram_page *p, const bram_table *t, size_t row, size_t column, bram_buffer *text)
{
    text->length = 0;
    bram_table_put_cell(text, t, row, column);
    const bram_table_column *c = bram_table_column_at(t, column);
    put(p, bram_table_is_right(c)            ? "<td class=\"r\">"
           : !c->wrap                        ? "<td>"
           : is_long(bram_buffer_text(text)) ? "<td class=\"w\">"
                                             : "<td class=\"t\">");
    with_minus(p, bram_buffer_text(text));
    put(p, "</td>");
    p->out.failed = p->out.failed || text->failed;
}

static void table_rows(bram_page *p, const bram_table *t, size_t first, size_t end)
{
    bram_buffer text = {0};
    put(p, "<table>\n");
    put(p, "<thead><tr>");
    for (size_t j = 0; j < bram_table_columns(t); j++) {
        const bram_table_column *c = bram_table_column_at(t, j);
        if (c->audience == BRAM_FOR_MACHINES) continue;
        put(p, bram_table_is_right(c) ? "<th class=\"r\" scope=\"col\">" : "<th scope=\"col\">");
        escaped(p, c->title);
        put(p, "</th>");
    }
    put(p, "</tr></thead>\n<tbody>\n");
    for (size_t i = first; i < end; i++) {
        put(p, "<tr>");
        for (size_t j = 0; j < bram_table_columns(t); j++)
            if (bram_table_column_at(t, j)->audience != BRAM_FOR_MACHINES) cell(p, t, i, j, &text);
        put(p, "</tr>\n");
    }
    put(p, "</tbody>\n</table>\n");
    bram_buffer_release(&text);
}

/* "Table 3. ", or "Figure 3. ", before a caption; heap memory. */
static char *numbered(bram_ctx *cx, const char *what, unsigned number, const char *caption)
{
    return bram_strf(cx, "%s %u. %s", what, number, caption);
}

static int table_on_paper(bram_ctx *cx, const bram_page *p, const bram_table *t,
                          const char *caption)
{
    char *words = numbered(cx, "Table", p->tables + 1, *caption ? caption : bram_table_title(t));
    int status = words ? bram_paper_table(cx, p->paper, t, words) : BRAM_ENOMEM;
    bram_free(words);
    return status;
}

static int figure_on_paper(bram_ctx *cx, const bram_page *p, const bram_figure *f,
                           const char *caption)
{
    char *words = numbered(cx, "Figure", p->figures, *caption ? caption : bram_figure_title(f));
    int status = words ? bram_paper_figure(cx, p->paper, f, words) : BRAM_ENOMEM;
    bram_free(words);
    return status;
}

int bram_page_table(bram_ctx *cx, bram_page *p, const bram_table *t, const char *caption,
                    size_t open)
{
    BRAM_TRY(bram_table_status(cx, t));
    if (p->paper) BRAM_TRY(table_on_paper(cx, p, t, caption));
    size_t rows = bram_table_rows(t), shown = open && open < rows ? open : rows;
    bram_buffer_putf(&p->out,
                     "<div class=\"scroll\" id=\"table-%u\">\n<p class=\"note\"><b>Table %u.</b> ",
                     p->tables + 1, p->tables + 1);
    p->tables++;
    escaped(p, *caption ? caption : bram_table_title(t));
    put(p, "</p>\n");
    table_rows(p, t, 0, shown);
    if (shown < rows) {
        bram_buffer_putf(&p->out, "<details><summary>%zu more rows</summary>\n", rows - shown);
        table_rows(p, t, shown, rows);
        put(p, "</details>\n");
    }
    for (size_t i = 0; i < bram_table_notes(t); i++) {
        put(p, "<p class=\"note\">");
        escaped(p, bram_table_note_at(t, i));
        put(p, "</p>\n");
    }
    put(p, "</div>\n");
    return bram_buffer_status(cx, &p->out);
}

int bram_page_figure(bram_ctx *cx, bram_page *p, const bram_figure *f, const char *caption)
{
    char id[24];
    snprintf(id, sizeof id, "f%u", ++p->figures);
    if (p->paper) BRAM_TRY(figure_on_paper(cx, p, f, caption));
    bram_buffer_putf(&p->out, "<figure id=\"figure-%u\"%s>\n", p->figures,
                     bram_figure_width(f) > 560 ? " class=\"wide\"" : "");
    BRAM_TRY(bram_svg_write(cx, &p->out, f, id));
    bram_buffer_putf(&p->out, "<figcaption><b>Figure %u.</b> ", p->figures);
    escaped(p, *caption ? caption : bram_figure_title(f));
    put(p, "</figcaption>\n</figure>\n");
    return bram_buffer_status(cx, &p->out);
}
