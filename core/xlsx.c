/*
 * xlsx.c - sheets of .xlsx workbooks: a zip archive of XML parts (ECMA-376, part 1, chapter 18).
 *
 * xl/workbook.xml lists the sheets; its relations (xl/_rels/workbook.xml.rels) say which part holds
 * each sheet and the shared strings. A sheet is rows of cells: <c r="B2" t="s"><v>7</v></c>, where
 * the type t says what v is. Text may be in runs with formats of their own (<r><t>..</t></r>),
 * whose texts are joined; phonetic hints (<rPh>) are left out.
 *
 * Elements are known by their name without its namespace prefix. A part with a DOCTYPE is refused:
 * no spreadsheet has one, and entities are declared nowhere else.
 */
#include "xlsx.h"

#include "archivefile.h"
#include "file.h"
#include "internal.h"
#include "number.h"

#include <expat.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PART_BYTES ((size_t)1 << 30) /* the most a part may unpack to */

enum {
    MAX_SHEETS = 4096,
    MAX_STRINGS = 1 << 26,
    MAX_TEXT = 1 << 20,
    MAX_DEPTH = 64,
    PIECE = 1 << 20
};

struct sheet {
    char *name, *relation, *part;
};

struct bram_xlsx {
    char *path, *strings_part;
    struct sheet *sheets;
    size_t sheet_count, sheet_room;
    char *text;      /* of all shared strings, each with its zero */
    size_t *strings; /* where each begins, and one more for the end */
    size_t string_count, string_room, text_used, text_room;
};

/* ---- parsing a part ------------------------------------------------------------------------- */

/* What is being read; the callbacks of expat record a failure here and stop the parser. */
struct part {
    bram_ctx *cx;
    bram_xlsx *x;
    XML_Parser parser;
    int status;
    unsigned depth, quiet; /* quiet: depth below which text is left out (phonetic hints) */
    bool in_text;          /* within an element whose text counts */
    char *text;            /* of the present cell or string */
    size_t text_used, text_room;
    /* a worksheet */
    bram_grid *grid;
    bool is_worksheet, in_cell;
    char type[12];
    size_t row, col; /* of the present cell; the next ones without a reference follow it */
    size_t next_row, next_col;
};

static void stop(struct part *p, int status)
{
    if (!p->status) p->status = status;
    XML_StopParser(p->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

/* The value of an attribute, by its name with the prefix or without; NULL when it is not there. */
static const char *attribute(const char **attributes, const char *name)
{
    for (; *attributes; attributes += 2)
        if (!strcmp(local_name(attributes[0]), name)) return attributes[1];
    return NULL;
}

static void on_doctype(void *user, const char *name, const char *system, const char *public,
                       int subset)
{
    (void)name, (void)system, (void)public, (void)subset;
    struct part *p = user;
    stop(p, bram_fail(p->cx, BRAM_EFORMAT, "found a DOCTYPE, which no spreadsheet has"));
}

static void on_text(void *user, const char *text, int length)
{
    struct part *p = user;
    if (!p->in_text || p->quiet || length <= 0 || p->status) return;
    size_t n = (size_t)length;
    if (p->text_used + n > MAX_TEXT) {
        stop(p, bram_fail(p->cx, BRAM_EFORMAT, "found a text of more than %d bytes", MAX_TEXT));
        return;
    }
    if (p->text_used + n + 1 > p->text_room) {
        size_t room = 2 * (p->text_used + n + 64);
        char *grown = bram_realloc(p->cx, p->text, room, 1);
        if (!grown) {
            stop(p, BRAM_ENOMEM);
            return;
        }
        p->text = grown;
        p->text_room = room;
    }
    memcpy(p->text + p->text_used, text, n);
    p->text_used += n;
    p->text[p->text_used] = 0;
}

static const char *text_of(const struct part *p)
{
    return p->text_used ? p->text : "";
}

/* Depth, phonetic hints; false when the element is to be passed over. */
static bool enter(struct part *p, const char *name)
{
    if (p->status) return false;
    if (++p->depth > MAX_DEPTH) {
        stop(p, bram_fail(p->cx, BRAM_EFORMAT, "found elements more than %d deep", MAX_DEPTH));
        return false;
    }
    if (!p->quiet && !strcmp(name, "rPh")) p->quiet = p->depth;
    return !p->quiet;
}

static bool leave(struct part *p)
{
    bool counts = !p->quiet && !p->status;
    if (p->quiet == p->depth) p->quiet = 0;
    if (p->depth) p->depth--;
    return counts;
}

static int feed(bram_ctx *cx, struct part *p, const unsigned char *bytes, size_t size)
{
    for (size_t done = 0; !p->status;) {
        size_t n = size - done < PIECE ? size - done : PIECE;
        bool last = done + n == size;
        if (XML_Parse(p->parser, (const char *)bytes + done, (int)n, last) != XML_STATUS_OK) {
            enum XML_Error error = XML_GetErrorCode(p->parser);
            if (p->status) return p->status;
            if (error == XML_ERROR_NO_MEMORY)
                return bram_fail(cx, BRAM_ENOMEM, "no memory for XML");
            return bram_fail(cx, BRAM_EFORMAT, "damaged XML in line %lu: %s",
                             (unsigned long)XML_GetCurrentLineNumber(p->parser),
                             XML_ErrorString(error));
        }
        if (last) break;
        done += n;
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    return p->status;
}

/* Reads a member of the archive and runs its XML through the two callbacks. */
static int parse_part(bram_ctx *cx, bram_xlsx *x, const char *name, struct part *p,
                      XML_StartElementHandler on_start, XML_EndElementHandler on_end)
{
    unsigned char *bytes;
    size_t size;
    int status = bram_archive_read(cx, x->path, name, &bytes, &size, PART_BYTES);
    if (status == BRAM_EABSENT)
        return bram_fail(cx, BRAM_EFORMAT, "%s: the part %s is missing: not an .xlsx workbook?",
                         x->path, name);
    BRAM_TRY(status);
    const XML_Memory_Handling_Suite memory = {bram_malloc, bram_remalloc, bram_free};
    p->cx = cx;
    p->x = x;
    p->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!p->parser) status = bram_fail(cx, BRAM_ENOMEM, "no memory for XML");
    else {
        XML_SetUserData(p->parser, p);
        XML_SetElementHandler(p->parser, on_start, on_end);
        XML_SetCharacterDataHandler(p->parser, on_text);
        XML_SetStartDoctypeDeclHandler(p->parser, on_doctype);
        status = feed(cx, p, bytes, size);
        XML_ParserFree(p->parser);
    }
    bram_free(p->text);
    p->text = NULL;
    bram_free(bytes);
    return status ? bram_fail_prefix(cx, status, "%s: %s", x->path, name) : BRAM_OK;
}

/* ---- the workbook and its relations --------------------------------------------------------- */

static int add_sheet(bram_ctx *cx, bram_xlsx *x, const char *name, const char *relation)
{
    if (x->sheet_count == MAX_SHEETS)
        return bram_fail(cx, BRAM_EFORMAT, "found more than %d sheets", MAX_SHEETS);
    if (x->sheet_count == x->sheet_room) {
        size_t room = x->sheet_room ? 2 * x->sheet_room : 16;
        struct sheet *grown = bram_realloc(cx, x->sheets, room, sizeof *grown);
        if (!grown) return BRAM_ENOMEM;
        x->sheets = grown;
        x->sheet_room = room;
    }
    struct sheet *s = x->sheets + x->sheet_count++;
    *s = (struct sheet){bram_strdup(cx, name), bram_strdup(cx, relation), NULL};
    return s->name && s->relation ? BRAM_OK : BRAM_ENOMEM;
}

static void on_workbook(void *user, const char *element, const char **attributes)
{
    struct part *p = user;
    if (!enter(p, "") || strcmp(local_name(element), "sheet") != 0) return;
    const char *name = attribute(attributes, "name"), *relation = NULL;
    for (const char **a = attributes; *a; a += 2) /* r:id, not sheetId */
        if (strchr(a[0], ':') && !strcmp(local_name(a[0]), "id")) relation = a[1];
    int status = name && relation
                     ? add_sheet(p->cx, p->x, name, relation)
                     : bram_fail(p->cx, BRAM_EFORMAT, "found a sheet without name or id");
    if (status) stop(p, status);
}

static void on_end(void *user, const char *element)
{
    (void)element;
    leave(user);
}

/* The target of a relation of the workbook: "/xl/a.xml" is from the top, "a.xml" from xl/. */
static char *part_name(bram_ctx *cx, const char *target)
{
    if (*target == '/') return bram_strdup(cx, target + 1);
    if (!strncmp(target, "../", 3)) return bram_strdup(cx, target + 3);
    if (!strncmp(target, "./", 2)) target += 2;
    return bram_strf(cx, "xl/%s", target);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

static void on_relation(void *user, const char *element, const char **attributes)
{
    struct part *p = user;
    if (!enter(p, "") || strcmp(local_name(element), "Relationship") != 0) return;
    const char *id = attribute(attributes, "Id"), *type = attribute(attributes, "Type");
    const char *target = attribute(attributes, "Target");
    if (!id || !type || !target) return;
    char **to = NULL;
    if (ends_with(type, "/sharedStrings") && !p->x->strings_part) to = &p->x->strings_part;
    for (size_t i = 0; i < p->x->sheet_count && ends_with(type, "/worksheet"); i++)
        if (!strcmp(p->x->sheets[i].relation, id) && !p->x->sheets[i].part)
            to = &p->x->sheets[i].part;
    if (to && !(*to = part_name(p->cx, target))) stop(p, BRAM_ENOMEM);
}

/* ---- shared strings ------------------------------------------------------------------------- */

/* Appends a string; an empty table gets its first entry, the beginning. */
static int add_string(bram_ctx *cx, bram_xlsx *x, const char *text, size_t length)
{
    if (x->string_count + 2 > x->string_room) {
        size_t room = x->string_room ? 2 * x->string_room : 256;
        size_t *grown = bram_realloc(cx, x->strings, room, sizeof *grown);
        if (!grown) return BRAM_ENOMEM;
        x->strings = grown;
        x->string_room = room;
    }
    if (x->text_used + length + 1 > x->text_room) {
        size_t room = 2 * x->text_room + length + 1024;
        char *grown = bram_realloc(cx, x->text, room, 1);
        if (!grown) return BRAM_ENOMEM;
        x->text = grown;
        x->text_room = room;
    }
    memcpy(x->text + x->text_used, text, length);
    x->text[x->text_used + length] = 0;
    x->strings[x->string_count++] = x->text_used;
    x->text_used += length + 1;
    x->strings[x->string_count] = x->text_used;
    return BRAM_OK;
}

static void on_string(void *user, const char *element, const char **attributes)
{
    (void)attributes;
    struct part *p = user;
    const char *name = local_name(element);
    if (!enter(p, name)) return;
    if (!strcmp(name, "si")) p->text_used = 0;
    if (!strcmp(name, "t")) p->in_text = true;
}

static void on_string_end(void *user, const char *element)
{
    struct part *p = user;
    const char *name = local_name(element);
    if (!strcmp(name, "t")) p->in_text = false;
    if (!leave(p) || strcmp(name, "si") != 0) return;
    int status = p->x->string_count < MAX_STRINGS
                     ? add_string(p->cx, p->x, text_of(p), p->text_used)
                     : bram_fail(p->cx, BRAM_EFORMAT, "found more than %d strings", MAX_STRINGS);
    if (status) stop(p, status);
}

/* ---- opening -------------------------------------------------------------------------------- */

/* The old .xls format begins with these bytes, as do encrypted workbooks. */
static int refuse_xls(bram_ctx *cx, const char *path)
{
    static const unsigned char ole[] = {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1};
    unsigned char start[sizeof ole];
    int fd;
    uint64_t size;
    BRAM_TRY(bram_file_open(cx, &fd, &size, path));
    int status = BRAM_OK;
    if (size >= sizeof start) status = bram_file_read_at(cx, fd, 0, start, sizeof start, path);
    close(fd);
    BRAM_TRY(status);
    if (size >= sizeof start && !memcmp(start, ole, sizeof ole))
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found an old .xls or an encrypted workbook, expected .xlsx", path);
    return BRAM_OK;
}

static int open_workbook(bram_ctx *cx, bram_xlsx *x)
{
    struct part workbook = {.depth = 0}, relations = {.depth = 0}, strings = {.depth = 0};
    BRAM_TRY(refuse_xls(cx, x->path));
    BRAM_TRY(parse_part(cx, x, "xl/workbook.xml", &workbook, on_workbook, on_end));
    if (!x->sheet_count) return bram_fail(cx, BRAM_EFORMAT, "%s: found no sheets", x->path);
    BRAM_TRY(parse_part(cx, x, "xl/_rels/workbook.xml.rels", &relations, on_relation, on_end));
    if (!x->strings_part) return BRAM_OK;
    return parse_part(cx, x, x->strings_part, &strings, on_string, on_string_end);
}

int bram_xlsx_open(bram_ctx *cx, bram_xlsx **out, const char *path)
{
    bram_xlsx *x = bram_alloc(cx, 1, sizeof *x);
    if (!x) return BRAM_ENOMEM;
    x->path = bram_strdup(cx, path);
    int status = x->path ? open_workbook(cx, x) : BRAM_ENOMEM;
    if (status) {
        bram_xlsx_close(x);
        return status;
    }
    *out = x;
    return BRAM_OK;
}

void bram_xlsx_close(bram_xlsx *x)
{
    if (!x) return;
    for (size_t i = 0; i < x->sheet_count; i++) {
        bram_free(x->sheets[i].name);
        bram_free(x->sheets[i].relation);
        bram_free(x->sheets[i].part);
    }
    bram_free(x->sheets);
    bram_free(x->path);
    bram_free(x->strings_part);
    bram_free(x->text);
    bram_free(x->strings);
    bram_free(x);
}

size_t bram_xlsx_sheets(const bram_xlsx *x)
{
    return x->sheet_count;
}

const char *bram_xlsx_sheet_name(const bram_xlsx *x, size_t i)
{
    return x->sheets[i].name;
}

ptrdiff_t bram_xlsx_find(const bram_xlsx *x, const char *name)
{
    for (size_t i = 0; i < x->sheet_count; i++)
        if (!strcmp(x->sheets[i].name, name)) return (ptrdiff_t)i;
    return -1;
}

/* ---- a worksheet ---------------------------------------------------------------------------- */

static int begin_row(struct part *p, const char **attributes)
{
    const char *r = attribute(attributes, "r");
    int64_t number = 0;
    if (r && (!bram_integer_parse(r, &number) || number < 1 || number > BRAM_GRID_MAX_ROWS))
        return bram_fail(p->cx, BRAM_EFORMAT, "found a row number \"%.40s\", expected 1 to %d", r,
                         BRAM_GRID_MAX_ROWS);
    p->row = r ? (size_t)(number - 1) : p->next_row;
    p->next_row = p->row + 1;
    p->next_col = 0;
    return BRAM_OK;
}

static int begin_cell(struct part *p, const char **attributes)
{
    const char *r = attribute(attributes, "r"), *t = attribute(attributes, "t");
    p->col = p->next_col;
    if (r) {
        size_t row;
        if (!bram_grid_parse_ref(r, &row, &p->col))
            return bram_fail(p->cx, BRAM_EFORMAT,
                             "found a cell reference \"%.40s\", expected A1 to XFD%d", r,
                             BRAM_GRID_MAX_ROWS);
        if (row != p->row)
            return bram_fail(p->cx, BRAM_EFORMAT, "found cell %.40s in row %zu", r, p->row + 1);
    }
    p->next_col = p->col + 1;
    p->in_cell = true;
    p->text_used = 0;
    t = t ? t : "n";
    if (strlen(t) >= sizeof p->type)
        return bram_fail(p->cx, BRAM_EFORMAT, "found a cell of type \"%.40s\"", t);
    memcpy(p->type, t, strlen(t) + 1);
    return BRAM_OK;
}

static int add_shared(struct part *p)
{
    const bram_xlsx *x = p->x;
    int64_t i;
    if (!bram_integer_parse(text_of(p), &i) || i < 0 || (uint64_t)i >= x->string_count) {
        char ref[16];
        return bram_fail(p->cx, BRAM_EFORMAT, "cell %s: found shared string \"%.40s\" of %zu",
                         bram_grid_ref(ref, p->row, p->col), text_of(p), x->string_count);
    }
    size_t start = x->strings[i], length = x->strings[i + 1] - start - 1;
    return bram_grid_add(p->cx, p->grid, p->row, p->col, BRAM_CELL_TEXT, x->text + start, length,
                         NAN);
}

static int add_cell(struct part *p)
{
    const char *type = p->type;
    bool inline_text = !strcmp(type, "str") || !strcmp(type, "inlineStr") || !strcmp(type, "d");
    if (!p->text_used) return BRAM_OK; /* only a format, or a formula without a stored value */
    if (!strcmp(type, "s")) return add_shared(p);
    if (inline_text || !strcmp(type, "e"))
        return bram_grid_add(p->cx, p->grid, p->row, p->col,
                             inline_text ? BRAM_CELL_TEXT : BRAM_CELL_ERROR, p->text, p->text_used,
                             NAN);
    double number;
    bool boolean = !strcmp(type, "b");
    if ((!boolean && strcmp(type, "n") != 0) || !bram_number_parse(p->text, 0, &number) ||
        (boolean && number != 0 && number != 1)) {
        char ref[16];
        return bram_fail(p->cx, BRAM_EFORMAT, "cell %s: found \"%.40s\" as a value of type \"%s\"",
                         bram_grid_ref(ref, p->row, p->col), p->text, type);
    }
    return bram_grid_add(p->cx, p->grid, p->row, p->col,
                         boolean ? BRAM_CELL_BOOLEAN : BRAM_CELL_NUMBER, NULL, 0, number);
}

static void on_sheet(void *user, const char *element, const char **attributes)
{
    struct part *p = user;
    const char *name = local_name(element);
    if (!enter(p, name)) return;
    int status = BRAM_OK;
    if (p->depth == 1) p->is_worksheet = !strcmp(name, "worksheet");
    if (!strcmp(name, "row") && p->depth == 3) status = begin_row(p, attributes);
    else if (!strcmp(name, "c") && p->depth == 4) status = begin_cell(p, attributes);
    else if (p->in_cell && (!strcmp(name, "v") || !strcmp(name, "t"))) p->in_text = true;
    if (status) stop(p, status);
}

static void on_sheet_end(void *user, const char *element)
{
    struct part *p = user;
    const char *name = local_name(element);
    bool cell = p->in_cell && p->depth == 4;
    if (!strcmp(name, "v") || !strcmp(name, "t")) p->in_text = false;
    if (!leave(p) || !cell) return;
    p->in_cell = false;
    int status = add_cell(p);
    if (status) stop(p, status);
}

int bram_xlsx_read(bram_ctx *cx, const bram_xlsx *x, size_t sheet, bram_grid **grid)
{
    if (sheet >= x->sheet_count)
        return bram_fail(cx, BRAM_EABSENT, "%s: found %zu sheets, expected number %zu", x->path,
                         x->sheet_count, sheet);
    const struct sheet *s = x->sheets + sheet;
    if (!s->part)
        return bram_fail(cx, BRAM_EFORMAT, "%s: sheet \"%s\" is not a worksheet", x->path, s->name);
    bram_grid *g;
    BRAM_TRY(bram_grid_new(cx, &g, s->name));
    struct part p = {.grid = g};
    /* a sheet reads the strings of the workbook and changes nothing of it */
    int status = parse_part(cx, (bram_xlsx *)(uintptr_t)x, s->part, &p, on_sheet, on_sheet_end);
    if (!status && !p.is_worksheet)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: sheet \"%s\" is not a worksheet", x->path,
                           s->name);
    if (!status && (status = bram_grid_finish(cx, g)))
        status = bram_fail_prefix(cx, status, "%s", x->path);
    if (status) {
        bram_grid_free(g);
        return status;
    }
    *grid = g;
    return BRAM_OK;
}

int bram_xlsx_read_named(bram_ctx *cx, const bram_xlsx *x, const char *name, bram_grid **grid)
{
    ptrdiff_t i = bram_xlsx_find(x, name);
    if (i >= 0) return bram_xlsx_read(cx, x, (size_t)i, grid);
    char list[400];
    size_t used = 0;
    for (size_t k = 0; k < x->sheet_count && used < sizeof list; k++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", k ? ", " : "",
                                 x->sheets[k].name);
    return bram_fail(cx, BRAM_EABSENT, "%s: found no sheet \"%s\" among: %s", x->path, name, list);
}
