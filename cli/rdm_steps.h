/*
 * rdm_steps.h - the transforms of `bramble rdm --transform`, one after the other.
 */
#ifndef BRAMBLE_CLI_RDM_STEPS_H
#define BRAMBLE_CLI_RDM_STEPS_H

#include "rdm_job.h"

/**
 * Transforms each RDM of a job, in the order of the options: positive, sqrt, rank[:ties=...],
 * minmax, geotopological[:l=0.2,u=0.8] (rdm_transform.h), geodesic[:infinite=...]
 * (trsa_statistic.h). The job's unit says so.
 *
 * @return BRAM_OK; BRAM_EUSAGE: no such transform or option; BRAM_ENOTAPPLICABLE: the transform of
 *         an RDM is not defined (minmax of a constant one); BRAM_ENOMEM
 */
int bram_rdm_job_transform(bram_ctx *cx, bram_rdm_job *job,
                           const bram_cli_args *args) BRAM_MUST_CHECK;

#endif
