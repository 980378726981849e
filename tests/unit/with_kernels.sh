#!/bin/sh
# with_kernels.sh CORE PROGRAM - runs a test with these kernels of OpenBLAS; skipped where the
# processor cannot.
case $1 in
Haswell) flags='avx2 fma' ;;
SkylakeX) flags='avx512f avx512dq avx512bw avx512vl avx512cd' ;;
*) echo "with_kernels.sh: which flags does $1 need?" >&2 && exit 99 ;;
esac
for flag in $flags; do
    grep -qw "$flag" /proc/cpuinfo || { echo "1..0 # SKIP no $flag"; exit 0; }
done
OPENBLAS_CORETYPE=$1
export OPENBLAS_CORETYPE
exec "$2"
