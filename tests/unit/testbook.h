/*
 * testbook.h - makes .xlsx workbooks from text: a tab between cells, a line feed between rows; what
 * reads as a number is one.
 */
#ifndef BRAMBLE_TESTBOOK_H
#define BRAMBLE_TESTBOOK_H

#include "testzip.h"

enum { TESTBOOK_SHEET = 1 << 16 };

struct testbook {
    struct testzip zip;
    char sheets[4096], relations[4096];
    size_t count;
};

/** @return a new workbook; the caller frees it */
static inline struct testbook *testbook_new(void)
{
    struct testbook *b = calloc(1, sizeof *b);
    assert_non_null(b);
    return b;
}

/* A cell as XML behind what is there. */
static inline void testbook_cell(char *xml, size_t row, size_t col, const char *text)
{
    char *end, at[16];
    size_t used = strlen(xml);
    snprintf(at, sizeof at, "%c%zu", (int)('A' + col), row + 1);
    double value = strtod(text, &end);
    if (!*text) return;
    if (!*end)
        snprintf(xml + used, TESTBOOK_SHEET - used, "<c r=\"%s\"><v>%.17g</v></c>", at, value);
    else
        snprintf(xml + used, TESTBOOK_SHEET - used,
                 "<c r=\"%s\" t=\"inlineStr\"><is><t>%s</t></is></c>", at, text);
}

/** Adds a sheet of at most 26 columns. */
static inline void testbook_sheet(struct testbook *b, const char *name, const char *table)
{
    static char xml[TESTBOOK_SHEET];
    char part[40], text[200];
    size_t row = 0, col = 0, n = ++b->count;
    snprintf(xml, sizeof xml, "<worksheet><sheetData><row r=\"1\">");
    for (;; table++) {
        size_t length = strcspn(table, "\t\n");
        snprintf(text, sizeof text, "%.*s", (int)length, table);
        testbook_cell(xml, row, col++, text);
        table += length;
        if (!*table || !table[1]) break;
        if (*table != '\n') continue;
        row++, col = 0;
        size_t used = strlen(xml);
        snprintf(xml + used, sizeof xml - used, "</row><row r=\"%zu\">", row + 1);
    }
    strcat(xml, "</row></sheetData></worksheet>");
    snprintf(part, sizeof part, "xl/worksheets/%zu.xml", n);
    testzip_add(&b->zip, part, xml, strlen(xml));
    size_t used = strlen(b->sheets);
    snprintf(b->sheets + used, sizeof b->sheets - used,
             "<sheet name=\"%s\" sheetId=\"%zu\" r:id=\"r%zu\"/>", name, n, n);
    used = strlen(b->relations);
    snprintf(b->relations + used, sizeof b->relations - used,
             "<Relationship Id=\"r%zu\" Type=\"http://x/worksheet\" "
             "Target=\"worksheets/%zu.xml\"/>",
             n, n);
}

/** Writes the workbook and frees it. */
static inline void testbook_write(struct testbook *b, const char *path)
{
    static char xml[8192];
    snprintf(xml, sizeof xml, "<workbook xmlns:r=\"u\"><sheets>%s</sheets></workbook>", b->sheets);
    testzip_add(&b->zip, "xl/workbook.xml", xml, strlen(xml));
    snprintf(xml, sizeof xml, "<Relationships>%s</Relationships>", b->relations);
    testzip_add(&b->zip, "xl/_rels/workbook.xml.rels", xml, strlen(xml));
    testzip_write(&b->zip, path);
    free(b);
}

#endif
