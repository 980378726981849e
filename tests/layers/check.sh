#!/bin/sh
# check.sh SOURCE - what may include what:
#   cli > report > benchmarks > {loaders, metrics, baselines} > core > include; the three in braces never
#   include each other; file names are unique in the tree; each outside library is touched by its own
#   files only (HDF5: those named h5*, and no header that others include).
set -u
cd "$1" || exit 99
LC_ALL=C
export LC_ALL
folders="include/bramble core loaders metrics baselines benchmarks report cli"
# shellcheck disable=SC2086
find $folders -name '*.[ch]' | sort | xargs awk '
function layer(folder) {
    if (folder == "include/bramble") return 0
    if (folder == "core") return 1
    if (folder ~ /^(loaders|metrics|baselines)$/) return 2
    if (folder == "benchmarks") return 3
    if (folder == "report") return 4
    return 5
}
function complain(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad++ }
function library(pattern, files) { pattern_of[++libraries] = pattern; files_of[libraries] = "^(" files ")$" }
BEGIN {
    library("^(H5|hdf5)", "core/h5(_[a-z0-9]+)?[.]c|core/h5_[a-z]+[.]h")
    library("^matio", "core/mat5[.]c")
    library("^csv[.]h", "core/csv[.]c")
    library("^zlib", "core/gz[.]c")
    library("^archive", "core/archive[.]c")
    library("^expat", "core/xlsx[.]c")
    library("^freexl", "core/xls[.]c")
    library("^gsl/", "core/stats[.]c|core/minimize[.]c|core/special[.]c")
    library("^(cblas|openblas)", "core/linalg[.]c")
    library("^lapack", "core/lapack[.]c")
    library("^fftw", "core/fft[.]c")
    library("^Random123/", "core/rng[.]c")
    library("^jansson", "core/json[.]c")
    library("^cyaml", "core/yaml[.]c")
    library("^curl/", "core/fetch[.]c")
    library("^openssl/", "core/hash[.]c")
    library("^(nifti|znzlib)", "core/nifti[.]c")
    library("^(png|jpeglib|jerror)", "core/image[.]c")
    library("^cairo", "report/cairo[.]c")
    library("^mpi", "cli/mpi[.]c")
    split("assert ctype dirent dlfcn errno fcntl fenv float ftw glob inttypes langinfo limits locale " \
          "math poll pthread sched setjmp signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio " \
          "stdlib string strings sys/file sys/ioctl sys/mman sys/prctl sys/resource sys/select sys/socket " \
          "sys/stat sys/statvfs sys/syscall sys/time sys/types sys/uio sys/utsname sys/wait termios time " \
          "fnmatch malloc unistd wchar", names, " ")
    for (i in names) system_header[names[i] ".h"] = 1
    for (i = 1; i < ARGC; i++) {
        n = split(ARGV[i], part, "/")
        name = part[n]
        folder = substr(ARGV[i], 1, length(ARGV[i]) - length(name) - 1)
        if (name in home && folder != "include/bramble" && home[name] != "include/bramble") {
            printf "%s: the name is taken by %s\n", ARGV[i], home[name]
            bad++
        }
        if (folder == "include/bramble") public[name] = 1
        else home[name] = folder
    }
}
FNR == 1 {
    n = split(FILENAME, part, "/")
    here = substr(FILENAME, 1, length(FILENAME) - length(part[n]) - 1)
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, part, "\"")
    name = part[2]
    if (!(name in home)) complain("\"" name "\" is no file of the tree")
    else if (layer(home[name]) > layer(here) || (layer(home[name]) == layer(here) && home[name] != here))
        complain(here " includes " home[name] "/" name)
    next
}
/^[ \t]*#[ \t]*include[ \t]*</ {
    split($0, part, "[<>]")
    name = part[2]
    if (name ~ /^bramble\//) {
        if (!(substr(name, 9) in public)) complain("<" name "> is no public header")
        next
    }
    known = name in system_header
    for (i = 1; i <= libraries; i++)
        if (name ~ pattern_of[i]) {
            known = 1
            if (FILENAME !~ files_of[i])
                complain("<" name "> is for " files_of[i] " alone")
        }
    if (!known) complain("<" name "> is neither standard nor in the table of libraries")
}
END { exit bad > 0 }
'
