#!/bin/sh
# sanitize.sh - the tests under the address and undefined-behaviour sanitizers, those that use threads
# under the thread sanitizer, and a selection of the unit tests under valgrind. Run it from anywhere; it
# builds in build-asan, build-tsan and build-valgrind. Arguments name the parts: asan tsan valgrind.
set -eu
cd "$(dirname "$0")/../.."

threaded='parallel rng context ridge linalg resample lag_gram lag_products rdm rdm_compare ranks geodesic encoding
    metric similarity rsa_inference rsa_model subsample searchlight reliability_units hmm_em spike_emission
    forecast_models task_identification board compare ridge_reference banded'
simple='attrs axis buffer context csv dataset file grid gz hash json names npy number response spec table
    linalg ridge metric encoding forecast_models rsa_inference hmm_em
    text_index xlsx yaml'

# build FOLDER TESTS MESON-OPTIONS... - all of it, or what these tests need
build() {
    folder=$1 programs=''
    for name in $2; do programs="$programs tests/unit/test_$name"; done
    shift 2
    [ -f "$folder/build.ninja" ] || meson setup "$folder" "$@" >/dev/null
    # shellcheck disable=SC2086  # a list
    ninja -C "$folder" --quiet $programs
}

asan() {
    build build-asan "" -Db_sanitize=address,undefined -Doptimization=1
    ASAN_OPTIONS="allocator_may_return_null=1:suppressions=$PWD/tests/check/asan.supp" \
        LSAN_OPTIONS="suppressions=$PWD/tests/check/lsan.supp:print_suppressions=0" \
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        meson test -C build-asan --no-rebuild --print-errorlogs -t 4
}

tsan() {
    build build-tsan "$threaded" -Db_sanitize=thread -Doptimization=1
    # shellcheck disable=SC2086  # a list
    meson test -C build-tsan --no-rebuild --print-errorlogs -t 8 --suite unit $threaded
}

valgrind_() {
    command -v valgrind >/dev/null || { echo "sanitize.sh: no valgrind" >&2; return 1; }
    build build-valgrind "$simple" -Doptimization=1
    # kernels that valgrind knows the instructions of
    # shellcheck disable=SC2086  # a list
    OPENBLAS_CORETYPE=Haswell meson test -C build-valgrind --no-rebuild --print-errorlogs -t 40 --suite unit \
        --wrapper 'valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite' $simple
}

[ $# -gt 0 ] || set -- asan tsan valgrind
for part; do
    echo "== $part"
    case $part in
    asan | tsan) $part ;;
    valgrind) valgrind_ ;;
    *) echo "sanitize.sh: no part $part" >&2 && exit 2 ;;
    esac
done
