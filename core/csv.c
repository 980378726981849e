/*
 * csv.c - tables of text cells, parsed and quoted by libcsv (RFC 4180 with its usual liberties).
 *
 * The bytes are handed to the parser one physical line at a time, so that each row knows the line
 * of the file on which it begins. All text of a table lies in one block no larger than the file: a
 * cell and its final zero take no more bytes than the cell and the delimiter behind it took there.
 */
#include "csvfile.h"

#include "gz.h"
#include "internal.h"

#include <csv.h>
#include <stdio.h>
#include <string.h>

#define CSV_DEFAULT_LIMIT ((size_t)4 << 30)

enum { SAMPLED_LINES = 20, FIRST_ROOM = 256, LISTED_NAMES_BYTES = 400 };

struct row {
    size_t first, line; /* its first cell; its line in the file */
};

struct bram_csv {
    char *name, *text; /* of the file; of all cells */
    char delimiter;
    size_t text_used, text_room;
    size_t *cells, cell_count, cell_room; /* where the text of each cell begins */
    struct row *rows;                     /* and one more, which ends the last */
    size_t row_count, row_room, cols;
    bool header;
};

/* ---- reading -------------------------------------------------------------------------------- */

/* State of one reading; the callbacks of libcsv cannot stop it, so they record the failure. */
struct reading {
    bram_ctx *cx;
    bram_csv *t;
    bool ragged, open; /* open: within a row */
    size_t line;       /* where the present row begins */
    int status;
};

static int take_row(bram_ctx *cx, bram_csv *t, size_t line)
{
    if (t->row_count + 1 >= t->row_room) {
        size_t room = t->row_room ? 2 * t->row_room : FIRST_ROOM;
        struct row *rows = bram_realloc(cx, t->rows, room, sizeof *rows);
        if (!rows) return BRAM_ENOMEM;
        t->rows = rows;
        t->row_room = room;
        if (!t->row_count) t->rows[0].first = 0;
    }
    t->rows[t->row_count++].line = line;
    t->rows[t->row_count].first = t->cell_count;
    return BRAM_OK;
}

static int take_cell(bram_ctx *cx, bram_csv *t, const char *bytes, size_t size)
{
    if (t->cell_count == t->cell_room) {
        size_t room = t->cell_room ? 2 * t->cell_room : FIRST_ROOM;
        size_t *cells = bram_realloc(cx, t->cells, room, sizeof *cells);
        if (!cells) return BRAM_ENOMEM;
        t->cells = cells;
        t->cell_room = room;
    }
    if (t->text_room - t->text_used < size + 1)
        return bram_fail(cx, BRAM_EINTERNAL, "the parser made more text than it was given");
    t->cells[t->cell_count++] = t->text_used;
    if (size) memcpy(t->text + t->text_used, bytes, size);
    t->text[t->text_used + size] = 0;
    t->text_used += size + 1;
    return BRAM_OK;
}

static void on_cell(void *bytes, size_t size, void *user)
{
    struct reading *r = user;
    r->open = true;
    if (!r->status) r->status = take_cell(r->cx, r->t, bytes, size);
}

static void on_row(int terminator, void *user)
{
    (void)terminator;
    struct reading *r = user;
    r->open = false;
    if (r->status) return;
    bram_csv *t = r->t;
    r->status = take_row(r->cx, t, r->line);
    if (r->status) return;
    size_t cells = t->cell_count - t->rows[t->row_count - 1].first;
    if (t->row_count == 1 || (r->ragged && cells > t->cols)) t->cols = cells;
    if (cells != t->cols && !r->ragged)
        r->status = bram_fail(r->cx, BRAM_EFORMAT,
                              "line %zu has %zu cells, expected %zu as in line %zu", r->line, cells,
                              t->cols, t->rows[0].line);
}

/* The length of a line with its LF, CRLF or CR. */
static size_t line_length(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n') return i + 1;
        if (text[i] == '\r') return i + 1 < size && text[i + 1] == '\n' ? i + 2 : i + 1;
    }
    return size;
}

static bool is_blank(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' && text[i] != '\n') return false;
    return true;
}

/* A line of tabs in a tab-separated file is a row of empty cells. */
static bool is_skipped(const char *line, size_t size, char comment, char delimiter)
{
    if (comment && *line == comment) return true;
    return is_blank(line, size) && !(delimiter == '\t' && memchr(line, '\t', size));
}

static int parse_lines(struct reading *r, struct csv_parser *parser, const char *text, size_t size,
                       char comment)
{
    size_t line = 1;
    for (size_t at = 0; at < size; line++) {
        size_t length = line_length(text + at, size - at);
        if (!r->open) r->line = line;
        if (r->open || !is_skipped(text + at, length, comment, r->t->delimiter)) {
            r->open = true; /* a row within quotes goes on in the next line; on_row ends it */
            if (csv_parse(parser, text + at, length, on_cell, on_row, r) != length)
                return bram_fail(r->cx, BRAM_ENOMEM, "line %zu: no memory for a cell", line);
            BRAM_TRY(r->status);
        }
        at += length;
    }
    /* a line end closes every row but one within quotes */
    if (r->open && csv_parse(parser, "\n", 1, on_cell, on_row, r) != 1)
        return bram_fail(r->cx, BRAM_ENOMEM, "line %zu: no memory for a cell", line);
    if (r->open)
        return bram_fail(r->cx, BRAM_EFORMAT,
                         "line %zu: a quote that opens in this row is not closed before the end",
                         r->line);
    return r->status;
}

/* How often a delimiter stands in a line outside quotes. */
static size_t count_delimiters(const char *line, size_t size, char delimiter)
{
    size_t count = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        if (line[i] == '"') quoted = !quoted;
        count += !quoted && line[i] == delimiter;
    }
    return count;
}

/* The candidate which splits most of the first lines as it splits the first one. */
static char detect_delimiter(const char *text, size_t size, char comment)
{
    static const char candidates[] = {',', '\t', ';'};
    char best = ',';
    size_t best_alike = 0, best_count = 0;
    for (size_t c = 0; c < sizeof candidates; c++) {
        size_t first = 0, alike = 0, seen = 0;
        for (size_t at = 0, length; at < size && seen < SAMPLED_LINES; at += length) {
            length = line_length(text + at, size - at);
            if (is_skipped(text + at, length, comment, 0)) continue;
            size_t count = count_delimiters(text + at, length, candidates[c]);
            if (!seen++) first = count;
            if (!first) break;
            alike += count == first;
        }
        if (alike > best_alike || (alike == best_alike && first > best_count))
            best = candidates[c], best_alike = alike, best_count = first;
    }
    return best;
}

static int parse_text(bram_ctx *cx, bram_csv *t, const char *text, size_t size,
                      const bram_csv_options *options)
{
    if (size >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
        return bram_fail(cx, BRAM_EFORMAT, "found UTF-16 text, expected UTF-8");
    if (memchr(text, 0, size))
        return bram_fail(cx, BRAM_EFORMAT, "found zero bytes, expected text: not a CSV file");
    if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) text += 3, size -= 3;

    t->delimiter = options->delimiter ? options->delimiter
                                      : detect_delimiter(text, size, options->comment);
    t->header = options->header;
    t->text_room = size + 2;
    t->text = bram_alloc(cx, t->text_room, 1);
    if (!t->text) return BRAM_ENOMEM;

    struct csv_parser parser;
    csv_init(&parser, 0);
    csv_set_delim(&parser, (unsigned char)t->delimiter);
    csv_set_realloc_func(&parser, bram_remalloc);
    csv_set_free_func(&parser, bram_free);
    struct reading r = {.cx = cx, .t = t, .ragged = options->ragged, .line = 1};
    int status = parse_lines(&r, &parser, text, size, options->comment);
    csv_free(&parser);
    if (!status && !t->row_count) status = bram_fail(cx, BRAM_EFORMAT, "found no rows");
    return status;
}

int bram_csv_parse(bram_ctx *cx, bram_csv **out, const char *name, const void *bytes, size_t size,
                   const bram_csv_options *options)
{
    static const bram_csv_options none;
    if (!options) options = &none;
    size_t limit = options->limit ? options->limit : CSV_DEFAULT_LIMIT;
    if (size > limit)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu bytes, expected at most %zu", name, size,
                         limit);
    bram_csv *t = bram_alloc(cx, 1, sizeof *t);
    if (!t) return BRAM_ENOMEM;
    int status = (t->name = bram_strdup(cx, name)) ? parse_text(cx, t, bytes, size, options)
                                                   : BRAM_ENOMEM;
    if (status) {
        bram_csv_free(t);
        return bram_fail_prefix(cx, status, "%s", name);
    }
    *out = t;
    return BRAM_OK;
}

int bram_csv_read(bram_ctx *cx, bram_csv **out, const char *path, const bram_csv_options *options)
{
    unsigned char *bytes;
    size_t size, limit = options && options->limit ? options->limit : CSV_DEFAULT_LIMIT;
    BRAM_TRY(bram_gz_read_file(cx, &bytes, &size, path, limit));
    int status = bram_csv_parse(cx, out, path, bytes, size, options);
    bram_free(bytes);
    return status;
}

void bram_csv_free(bram_csv *t)
{
    if (!t) return;
    bram_free(t->name);
    bram_free(t->text);
    bram_free(t->cells);
    bram_free(t->rows);
    bram_free(t);
}

/* ---- cells ---------------------------------------------------------------------------------- */

size_t bram_csv_rows(const bram_csv *t)
{
    return t->row_count - t->header;
}

size_t bram_csv_cols(const bram_csv *t)
{
    return t->cols;
}

char bram_csv_delimiter(const bram_csv *t)
{
    return t->delimiter;
}

/* A cell by its row in the file; "" behind the end of a short row. */
static const char *cell(const bram_csv *t, size_t row, size_t col)
{
    const struct row *r = t->rows + row;
    return col < r[1].first - r[0].first ? t->text + t->cells[r->first + col] : "";
}

const char *bram_csv_name(const bram_csv *t, size_t col)
{
    return t->header ? cell(t, 0, col) : "";
}

ptrdiff_t bram_csv_find(const bram_csv *t, const char *name)
{
    for (size_t col = 0; t->header && col < t->cols; col++)
        if (!strcmp(bram_csv_name(t, col), name)) return (ptrdiff_t)col;
    return -1;
}

int bram_csv_column(bram_ctx *cx, const bram_csv *t, const char *name, size_t *col)
{
    ptrdiff_t found = bram_csv_find(t, name);
    if (found >= 0) {
        *col = (size_t)found;
        return BRAM_OK;
    }
    char names[LISTED_NAMES_BYTES] = "";
    size_t used = 0;
    for (size_t i = 0; i < t->cols && t->header; i++) {
        size_t length = strlen(bram_csv_name(t, i));
        if (length + 8 > sizeof names - used) {
            memcpy(names + used, ", ...", 6);
            break;
        }
        if (used) memcpy(names + used, ", ", 2), used += 2;
        memcpy(names + used, bram_csv_name(t, i), length + 1);
        used += length;
    }
    return bram_fail(cx, BRAM_EFORMAT, "%s: found no column \"%s\" among: %s", t->name, name,
                     names);
}

const char *bram_csv_text(const bram_csv *t, size_t row, size_t col)
{
    return cell(t, row + t->header, col);
}

size_t bram_csv_line(const bram_csv *t, size_t row)
{
    return t->rows[row + t->header].line;
}

static int fail_cell(bram_ctx *cx, const bram_csv *t, size_t row, size_t col, const char *expected)
{
    const char *name = bram_csv_name(t, col);
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s: line %zu, column %zu%s%.80s%s: found \"%.80s\", expected %s", t->name,
                     bram_csv_line(t, row), col + 1, *name ? " (" : "", name, *name ? ")" : "",
                     bram_csv_text(t, row, col), expected);
}

int bram_csv_number(bram_ctx *cx, const bram_csv *t, size_t row, size_t col, int flags,
                    double *value)
{
    if (bram_number_parse(bram_csv_text(t, row, col), flags, value)) return BRAM_OK;
    return fail_cell(cx, t, row, col, "a number");
}

int bram_csv_integer(bram_ctx *cx, const bram_csv *t, size_t row, size_t col, int64_t *value)
{
    if (bram_integer_parse(bram_csv_text(t, row, col), value)) return BRAM_OK;
    return fail_cell(cx, t, row, col, "a whole number");
}

int bram_csv_numbers(bram_ctx *cx, const bram_csv *t, size_t col, int flags, double *values)
{
    for (size_t row = 0; row < bram_csv_rows(t); row++)
        BRAM_TRY(bram_csv_number(cx, t, row, col, flags, values + row));
    return BRAM_OK;
}

int bram_csv_matrix(bram_ctx *cx, const bram_csv *t, size_t row, size_t col, int flags,
                    double *values)
{
    for (; row < bram_csv_rows(t); row++)
        for (size_t j = col; j < t->cols; j++)
            BRAM_TRY(bram_csv_number(cx, t, row, j, flags, values++));
    return BRAM_OK;
}

/* ---- writing -------------------------------------------------------------------------------- */

static int to_file(bram_ctx *cx, void *user, const void *bytes, size_t size)
{
    return bram_outfile_write(cx, user, bytes, size);
}

void bram_csv_to_sink(bram_csv_writer *w, bram_csv_sink *sink, void *user, char delimiter)
{
    *w = (bram_csv_writer){.sink = sink, .user = user, .delimiter = delimiter};
}

void bram_csv_to_file(bram_csv_writer *w, bram_outfile *file, char delimiter)
{
    bram_csv_to_sink(w, to_file, file, delimiter);
}

static int begin_cell(bram_ctx *cx, bram_csv_writer *w, bool empty)
{
    w->bare = w->cells == 0 && empty;
    return w->cells++ ? w->sink(cx, w->user, &w->delimiter, 1) : BRAM_OK;
}

static bool needs_quotes(const char *text, size_t length, char delimiter)
{
    if (!length) return false;
    if (strchr(" \t", text[0]) || strchr(" \t", text[length - 1])) return true;
    return strpbrk(text, "\"\r\n") || strchr(text, delimiter);
}

int bram_csv_put_text(bram_ctx *cx, bram_csv_writer *w, const char *text)
{
    size_t length = strlen(text);
    BRAM_TRY(begin_cell(cx, w, length == 0));
    if (!needs_quotes(text, length, w->delimiter)) return w->sink(cx, w->user, text, length);
    size_t size = csv_write(NULL, 0, text, length);
    char *quoted = bram_alloc(cx, size, 1);
    if (!quoted) return BRAM_ENOMEM;
    csv_write(quoted, size, text, length);
    int status = w->sink(cx, w->user, quoted, size);
    bram_free(quoted);
    return status;
}

int bram_csv_put_number(bram_ctx *cx, bram_csv_writer *w, double value)
{
    char text[BRAM_NUMBER_BYTES];
    return bram_csv_put_text(cx, w, bram_number_format(text, value));
}

int bram_csv_put_integer(bram_ctx *cx, bram_csv_writer *w, int64_t value)
{
    char text[BRAM_NUMBER_BYTES];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return bram_csv_put_text(cx, w, text);
}

int bram_csv_end_row(bram_ctx *cx, bram_csv_writer *w)
{
    /* a row of one empty cell would be a blank line, which readers skip */
    int status = w->bare && w->cells == 1 ? w->sink(cx, w->user, "\"\"\n", 3)
                                          : w->sink(cx, w->user, "\n", 1);
    w->cells = 0;
    w->bare = false;
    return status;
}
