/*
 * panel_file.c - one recording by the options of fit and predict.
 */
#include "panel_file.h"

#include "buffer.h"

#include <string.h>

/* The recording that is named, or the only one. */
static int choose(bram_ctx *cx, const char **id, const bram_dataset *ds, const char *path)
{
    size_t n = bram_dataset_groups(ds, "recordings");
    bram_buffer names = {0};
    bool known = false;
    for (size_t i = 0; i < n; i++) {
        const char *name = bram_dataset_group_at(ds, "recordings", i);
        bram_buffer_putf(&names, "%s%s", i ? ", " : "", name);
        known = known || (*id && strcmp(*id, name) == 0);
    }
    int status = bram_buffer_status(cx, &names);
    if (status == BRAM_OK && *id && !known)
        status = bram_fail(cx, BRAM_EUSAGE, "%s has no recording \"%s\"; it has: %s", path, *id,
                           bram_buffer_text(&names));
    else if (status == BRAM_OK && !*id && n != 1)
        status = bram_fail(cx, BRAM_EUSAGE, "%s has %zu recordings, say which: --recording %s",
                           path, n, n ? bram_buffer_text(&names) : "ID");
    if (status == BRAM_OK && !*id) *id = bram_dataset_group_at(ds, "recordings", 0);
    bram_buffer_release(&names);
    return status;
}

int bram_cli_recording(bram_ctx *cx, bram_dataset **out, bram_recording *recording,
                       const bram_cli_args *args)
{
    const char *path = bram_cli_text(args, "data", NULL);
    const char *id = bram_cli_text(args, "recording", NULL);
    if (!path) return bram_fail(cx, BRAM_EUSAGE, "--data FILE.h5 is needed, a homogenized file");
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_open(cx, &ds, path));
    int status = choose(cx, &id, ds, path);
    if (status == BRAM_OK)
        status = bram_recording_read(cx, recording, ds, id,
                                     bram_cli_text(args, "response", "activity"));
    if (status == BRAM_OK) *out = ds;
    else bram_dataset_free(ds);
    return status;
}
