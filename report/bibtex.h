/*
 * bibtex.h - what a report cites, as BibTeX.
 *
 * Sources are kept as people write them, "Nili et al. 2014, PLoS Comput Biol 10:e1003553"; several
 * are parted by semicolons. Authors, year, journal, volume, pages, arXiv number and DOI are taken
 * out of that; the words themselves stand in `note`, as titles are not known here. What names no
 * year is no source and gives nothing.
 */
#ifndef BRAMBLE_REPORT_BIBTEX_H
#define BRAMBLE_REPORT_BIBTEX_H

#include "buffer.h"

/** Appends an entry for each source in a text that is not there yet; keys are unique in `out`. */
void bram_bibtex_put(bram_buffer *out, const char *text);

/** Appends the program itself. */
void bram_bibtex_put_program(bram_buffer *out);

#endif
