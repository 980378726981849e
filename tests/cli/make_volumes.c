/*
 * make_volumes.c - mask.nii and betas.nii.gz for the tests of searchlights: 5 x 4 x 3 voxels, four
 * conditions. About voxel (2, 2, 1) all voxels nearer than 2 have the value c of the condition; the
 * others draw. Exit 77 (skipped) in a build without NIfTI.
 */
#include "nifti.h"

#include <bramble/rng.h>

#include <stdio.h>
#include <stdlib.h>

enum { NX = 5, NY = 4, NZ = 3, VOXELS = NX * NY * NZ, CONDITIONS = 4 };

int main(void)
{
    bram_init();
    if (!bram_nifti_available()) {
        puts("skipped: built without libniftiio");
        return 77;
    }
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(1, "test/volumes");
    static double mask[VOXELS], beta[CONDITIONS * VOXELS];
    bram_volumes grid = {{NX, NY, NZ}, 0, NULL, NULL};
    for (int x = 0; x < NX; x++)
        for (int y = 0; y < NY; y++)
            for (int z = 0; z < NZ; z++) {
                int voxel = (x * NY + y) * NZ + z;
                int apart = (x - 2) * (x - 2) + (y - 2) * (y - 2) + (z - 1) * (z - 1);
                mask[voxel] = x > 0;
                for (int c = 0; c < CONDITIONS; c++)
                    beta[c * VOXELS + voxel] = apart < 4 ? c : bram_rng_normal(&g);
            }
    if (bram_nifti_write(cx, "mask.nii", false, &grid, mask, 1) != BRAM_OK ||
        bram_nifti_write(cx, "betas.nii.gz", false, &grid, beta, CONDITIONS) != BRAM_OK) {
        fprintf(stderr, "%s\n", bram_ctx_message(cx));
        return 1;
    }
    bram_ctx_free(cx);
    return 0;
}
