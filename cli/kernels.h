/*
 * kernels.h - the BLAS kernels that commands compute with.
 *
 * OpenBLAS chooses its kernels while the program is loaded, and may choose badly
 * (bram_blas_advice). A command that computes then executes the program again, once, with
 * OPENBLAS_CORETYPE set; its processes (workers, models of users) inherit the variable. A variable
 * that the user has set, to whatever, is left alone.
 */
#ifndef BRAMBLE_CLI_KERNELS_H
#define BRAMBLE_CLI_KERNELS_H

#include "buffer.h"

/** Executes the program again where that helps; returns where it does not, or is not possible. */
void bram_cli_choose_kernels(char *const *argv);

/** Appends a line for --version: the kernels that commands will compute with, and why. */
void bram_cli_describe_kernels(bram_buffer *b);

#endif
