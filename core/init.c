/*
 * init.c - the process-wide state of the libraries below, set once; the version.
 */
#include <bramble/context.h>

#include "h5.h"
#include "linalg.h"
#include "matlab.h"
#include "nifti.h"
#include "stats.h"

#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Each file that touches a library with process-wide state has an init function; they stand here.
 */
static void init_libraries(void)
{
    bram_h5_init();
    bram_linalg_init();
    bram_mat5_init();
    bram_nifti_init();
    bram_stats_init();
}

void bram_init(void)
{
    pthread_once(&once, init_libraries);
}

const char *bram_version(void)
{
    return BRAM_VERSION;
}
