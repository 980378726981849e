/*
 * perf_startup.c PROGRAM - how long `PROGRAM --help` takes from fork to exit, and how much of it is
 * processor time.
 */
#include "perf.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS = 101 };

static double cpu_of_children(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

/* @return whether the program ended with 0 */
static int run_once(const char *program)
{
    pid_t child = fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDOUT_FILENO);
        execl(program, program, "--help", (char *)NULL);
        _exit(127);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int main(int argc, char **argv)
{
    static double wall[RUNS], cpu[RUNS];
    if (argc != 2) return 2;
    for (int i = 0; i < RUNS; i++) {
        double from = seconds_of(CLOCK_MONOTONIC), used = cpu_of_children();
        if (!run_once(argv[1])) {
            fprintf(stderr, "%s --help failed\n", argv[1]);
            return 1;
        }
        wall[i] = 1e3 * (seconds_of(CLOCK_MONOTONIC) - from);
        cpu[i] = 1e3 * (cpu_of_children() - used);
    }
    int met = figure("start-up, processor time, median of 101", median_of(cpu, RUNS), "ms", 25);
    figure("start-up, wall time, median", median_of(wall, RUNS), "ms", 0);
    figure("start-up, wall time, least", wall[0], "ms", 0);
    return !met;
}
