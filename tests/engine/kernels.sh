# Cells are computed with the BLAS kernels that --version names; a variable that is set is obeyed.
. "$(dirname "$0")/lib.sh"

named() { "$bramble" --version | sed -n 's/^BLAS kernels: \([^ ]*\) (.*/\1/p'; }
logged() { sed -n 's/.*"blas":"\([^"]*\)".*/\1/p' "$1/log.jsonl" | sort -u; }
reported() {
    "$bramble" report "$1" -o - | tr '\n' ' ' | sed -n 's/.*BLAS kernels<[^>]*>[^>]*>\([^<]*\)<.*/\1/p'
}

unset OPENBLAS_CORETYPE
kernels=$(named)
[ -n "$kernels" ] || fail "--version names no kernels"
expect 0 "$bramble" run "$tiny" --shard 1/10 --out free
[ "$(logged free)" = "$kernels" ] || fail "computed with $(logged free), --version says $kernels"
[ "$(reported free)" = "$kernels" ] || fail "the report says $(reported free), --version says $kernels"

"$bramble" --version | grep -qF "OpenBLAS does not know" && unknown=yes || unknown=no
[ "$unknown" = no ] || [ "$kernels" = Haswell ] || [ "$kernels" = SkylakeX ] || fail "advice: $kernels"

# The kernels of a Pentium 4 run on every x86-64 processor.
[ "$(uname -m)" = x86_64 ] || exit 0
OPENBLAS_CORETYPE=Prescott
export OPENBLAS_CORETYPE
[ "$(named)" = Prescott ] || exit 77 # an OpenBLAS with other kernels only
"$bramble" --version | grep -qF "(OPENBLAS_CORETYPE=Prescott)" || fail "--version gives no reason"
expect 0 "$bramble" run "$tiny" --shard 1/10 --out obeyed
[ "$(logged obeyed)" = Prescott ] || fail "computed with $(logged obeyed), not as told"
[ "$(reported obeyed)" = Prescott ] || fail "the report says $(reported obeyed), not as told"
