/*
 * rdm_figure.h - the figures of `bramble rdm`.
 */
#ifndef BRAMBLE_CLI_RDM_FIGURE_H
#define BRAMBLE_CLI_RDM_FIGURE_H

#include "rdm_job.h"
#include "sheet.h"

/** Checks --figure and what goes with it before there is work. @return BRAM_OK; BRAM_EUSAGE */
int bram_rdm_check_figure(bram_ctx *cx, const bram_cli_args *args) BRAM_MUST_CHECK;

/** Writes the file of --figure. */
int bram_rdm_draw(bram_ctx *cx, const bram_rdm_job *job, const bram_cli_args *args) BRAM_MUST_CHECK;

/** The same of files that hold RDMs (--given). */
int bram_rdm_draw_given(bram_ctx *cx, const bram_cli_args *args) BRAM_MUST_CHECK;

/** The format of a figure's file by its ending: .svg, .pdf or .png. @return BRAM_OK; BRAM_EUSAGE
 * for another, or where cairo is missing for it */
int bram_cli_figure_check(bram_ctx *cx, bram_sheet_format *format,
                          const char *path) BRAM_MUST_CHECK;
int bram_cli_figure_write(bram_ctx *cx, const char *path, const bram_buffer *bytes,
                          bool replace) BRAM_MUST_CHECK;

#endif
