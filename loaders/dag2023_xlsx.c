/*
 * dag2023_xlsx.c - the labels of Dag et al. 2023 in the laboratory's workbooks, one for each
 * animal.
 *
 * Of the sheets "labels v1", "labels v2 ..." the last by name counts; its rows name a NeuroPAL
 * region, which the recording's own file matches to a trace. The laboratory takes a match of
 * confidence 2 or more.
 */
#include "dag2023.h"

#include "number.h"
#include "xlsx.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double matched = 2;

/* The last sheet by name of those whose name contains "labels". */
static ptrdiff_t current_sheet(const bram_xlsx *book)
{
    ptrdiff_t best = -1;
    for (size_t i = 0; i < bram_xlsx_sheets(book); i++) {
        const char *name = bram_xlsx_sheet_name(book, i);
        if (strstr(name, "labels") &&
            (best < 0 || strcmp(name, bram_xlsx_sheet_name(book, (size_t)best)) > 0))
            best = (ptrdiff_t)i;
    }
    return best;
}

/* @return the column whose heading begins with this word in any case, or -1 */
static ptrdiff_t heading(const bram_grid *g, const char *word)
{
    for (size_t c = 0; c < bram_grid_cols(g); c++) {
        const char *text = bram_grid_text(g, 0, c);
        size_t i = 0;
        while (word[i] && tolower((unsigned char)text[i]) == word[i]) i++;
        if (!word[i]) return (ptrdiff_t)c;
    }
    return -1;
}

/* The trace of a region; 0 when it has none or the cell does not name one region. */
static size_t trace_of(bram_ctx *cx, const bram_grid *g, size_t row, size_t col,
                       const bram_dag_match *match, size_t traces)
{
    double region;
    if (bram_grid_number(cx, g, row, col, 0, &region) != BRAM_OK) return 0;
    if (!(region >= 1) || region > (double)match->regions || region != floor(region)) return 0;
    size_t i = (size_t)region - 1;
    if (!(match->confidence[i] >= matched) || match->trace[i] < 1) return 0;
    return (uint64_t)match->trace[i] <= traces ? (size_t)match->trace[i] : 0;
}

static int read_rows(bram_ctx *cx, bram_dag_labels *l, const bram_grid *g,
                     const bram_dag_match *match, const char *path)
{
    ptrdiff_t name = heading(g, "neuron class"), region = heading(g, "roi id"),
              sure = heading(g, "confidence");
    if (name < 0 || region < 0 || sure < 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: sheet \"%s\" lacks a heading of \"Neuron Class\", \"ROI ID\", "
                         "\"Confidence\"",
                         path, bram_grid_name(g));
    for (size_t r = 1; r < bram_grid_rows(g); r++) {
        const char *label = bram_grid_text(g, r, (size_t)name);
        double confidence = (double)NAN;
        if (!label[0]) continue;
        size_t trace = trace_of(cx, g, r, (size_t)region, match, l->traces);
        if (bram_grid_number(cx, g, r, (size_t)sure, BRAM_NUMBER_MISSING, &confidence) != BRAM_OK ||
            isnan(confidence))
            confidence = 0; /* the laboratory keeps only stated confidence */
        if (trace) BRAM_TRY(bram_dag_labels_add(cx, l, trace - 1, label, confidence));
        else l->lost++;
    }
    return BRAM_OK;
}

int bram_dag_read_xlsx(bram_ctx *cx, bram_dag_labels *l, const char *path,
                       const bram_dag_match *match)
{
    bram_xlsx *book = NULL;
    bram_grid *g = NULL;
    if (!match || match->regions == 0)
        return bram_fail(
            cx, BRAM_EFORMAT,
            "%s names NeuroPAL regions, but the recording has no neuropal_registration", path);
    BRAM_TRY(bram_xlsx_open(cx, &book, path));
    ptrdiff_t sheet = current_sheet(book);
    int status = sheet < 0 ? bram_fail(cx, BRAM_EFORMAT, "%s has no sheet of labels", path)
                           : bram_xlsx_read(cx, book, (size_t)sheet, &g);
    bram_xlsx_close(book);
    if (status == BRAM_OK) status = read_rows(cx, l, g, match, path);
    if (status == BRAM_OK)
        snprintf(l->form, sizeof l->form, "workbook, sheet \"%.60s\"", bram_grid_name(g));
    bram_grid_free(g);
    return status;
}

/* A sheet whose name begins with "labels v", as the laboratory's do. */
int bram_dag_is_workbook(bram_ctx *cx, bool *out, const char *path)
{
    bram_xlsx *book = NULL;
    *out = false;
    int status = bram_xlsx_open(cx, &book, path);
    for (size_t i = 0; status == BRAM_OK && i < bram_xlsx_sheets(book); i++)
        *out |= strncmp(bram_xlsx_sheet_name(book, i), "labels v", 8) == 0;
    bram_xlsx_close(book);
    return status;
}
