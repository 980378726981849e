# lib.sh - what the tests of the engine share; they run as `sh NAME.sh BRAMBLE PLUGIN_FOLDER`.
set -u
tests=$(cd "$(dirname "$0")" && pwd)
bramble=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
plugin=$(cd "$2" && pwd)/bad_models.so
tiny=$tests/tiny.yaml
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
trap 'exit 99' INT TERM
cd "$folder" || exit 99
LC_ALL=C BRAMBLE_DATA='' BRAMBLE_PLUGINS=''
export LC_ALL BRAMBLE_DATA BRAMBLE_PLUGINS

fail() {
    echo "FAILED: $*"
    [ ! -s said ] || sed 's/^/    /' said
    exit 1
}

# Runs and checks the exit code: expect CODE COMMAND...; stdout and stderr are kept in `said`.
expect() {
    wanted=$1
    shift
    "$@" >said 2>&1 </dev/null
    code=$?
    [ $code -eq "$wanted" ] || fail "exit $code, expected $wanted: $*"
}

# The last run's output has this text.
says() { grep -qF -- "$1" said || fail "not said: $1"; }

# The last run's table (--format csv) has this row: planned,kept,scored,failed,n/a,not run.
counts() { grep -qx -- "$1" said || fail "the counts are not $1"; }

# Two results folders hold the same plans and cells, byte for byte, and nothing else.
same() {
    for part in cells plans; do
        diff -r "$1/$part" "$2/$part" >said 2>&1 || fail "$1 and $2 differ"
    done
}
