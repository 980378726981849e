/*
 * panel_file.h - the recording that `bramble fit` and `bramble predict` work on.
 */
#ifndef BRAMBLE_CLI_PANEL_FILE_H
#define BRAMBLE_CLI_PANEL_FILE_H

#include "args.h"
#include "recording.h"

/**
 * Reads one recording of a homogenized file by the options --data, --recording and --response.
 *
 * @param out  the file: it stays open as long as the recording is used; free with bram_dataset_free
 * @param recording  for bram_recording_release
 * @return BRAM_OK; BRAM_EUSAGE when there are several and none is named (they are listed)
 */
int bram_cli_recording(bram_ctx *cx, bram_dataset **out, bram_recording *recording,
                       const bram_cli_args *args) BRAM_MUST_CHECK;

#endif
