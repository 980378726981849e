/*
 * tutorial_files.h - the files that `bramble tutorial` begins with, in the present folder.
 *
 *   recording.csv     a worm's neurons as many laboratories keep them: time and a column a neuron
 *   my-worm.yaml      a benchmark on it
 *   my-features.csv   what a model of somebody's own says of the stimuli of simulated-vision: ids
 *                     and features (its second layer, through noise)
 */
#ifndef BRAMBLE_CLI_TUTORIAL_FILES_H
#define BRAMBLE_CLI_TUTORIAL_FILES_H

#include <bramble/context.h>

/** Never replaces a file. @return BRAM_OK; BRAM_EWRITE; BRAM_ENOMEM */
int bram_tutorial_files(bram_ctx *cx) BRAM_MUST_CHECK;

#endif
