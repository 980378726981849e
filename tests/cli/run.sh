#!/bin/sh
# run.sh BRAMBLE SCRIPT - runs a script of commands in an empty folder and compares what they wrote with
# SCRIPT's expectation file, NAME.out: each command ("$ ..."), its stdout, its stderr ("! ..."), its exit
# code ("exit N") when that is not 0. BRAMBLE_TEST_UPDATE=1 writes the expectation file instead.
#
# Within a script: `run COMMAND...` as above; $source is the top folder of the project.
set -u
bramble_folder=$(cd "$(dirname "$1")" && pwd)
script=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
source=$(cd "$(dirname "$0")/../.." && pwd)
expected=${script%.sh}.out
PATH=$bramble_folder:${BRAMBLE_TEST_TOOLS:-$bramble_folder/../tests/cli}:$PATH
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
trap 'exit 99' INT TERM
cd "$folder" || exit 99
LC_ALL=C.UTF-8 TZ=UTC BRAMBLE_DATA=
export LC_ALL TZ BRAMBLE_DATA PATH
unset NO_COLOR COLUMNS

run() {
    printf '$ %s\n' "$*"
    "$@" >.stdout 2>.stderr </dev/null
    code=$?
    cat .stdout
    sed 's/^/! /' .stderr
    [ $code -eq 0 ] || printf 'exit %d\n' $code
}

# For data that a machine may lack: meson counts exit code 77 as skipped.
need() {
    [ -r "$1" ] || {
        echo "skipped: no $1"
        exit 77
    }
}

(. "$script") >"$folder/.found" 2>&1
code=$?
[ $code -eq 0 ] || {
    cat "$folder/.found"
    exit $code
}
if [ -n "${BRAMBLE_TEST_UPDATE:-}" ]; then
    cp "$folder/.found" "$expected"
else
    diff -u "$expected" "$folder/.found"
fi
