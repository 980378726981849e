# Models that fail: the cell alone, with the reason; what the machine did is tried again.
. "$(dirname "$0")/lib.sh"
single=$tests/single.yaml

# $1 how, $2 exit code, $3 counts of the first run, $4 of the second (kept, when it is a result), $5 words
bad() {
    expect "$2" "$bramble" run "$single" --out "$1" --plugin "$plugin" --model "bad:how=$1" \
        --format csv
    counts "$3"
    [ -z "$5" ] || says "$5"
    [ -z "$(find "$1" -name '.*.tmp')" ] || fail "$1: a temporary file is left"
    "$bramble" run "$single" --out "$1" --plugin "$plugin" --model "bad:how=$1" --format csv >said 2>&1
    counts "$4"
}

bad crash 1 2,0,1,1,0,0 2,2,0,0,0,0 'worm01, bad:how=crash: failed: its process crashed (signal 6'
bad exit 1 2,0,1,1,0,0 2,2,0,0,0,0 'failed: its process ended in the middle (exit status 3)'
bad numbers 1 2,0,1,1,0,0 2,2,0,0,0,0 'failed: a singular system, on purpose'
bad nan 1 2,0,1,1,0,0 2,2,0,0,0,0 'forecasts a value that is not finite'
bad inapplicable 0 2,0,1,0,1,0 2,2,0,0,0,0 ''
bad kill 1 2,0,1,1,0,0 2,1,0,1,0,0 'its process crashed (signal 9'
bad memory 1 2,0,1,1,0,0 2,1,0,1,0,0 'failed: no memory, on purpose'
bad unreadable 1 2,0,1,1,0,0 2,1,0,1,0,0 'failed: no such file, on purpose'

# the leaderboard has the reason of a stored failure, and no failure of the machine's
expect 0 "$bramble" leaderboard numbers --format json
says 'a singular system, on purpose'

# what a cell needs beyond --memory: refused with the number, the others run
expect 1 "$bramble" run "$single" --out large --plugin "$plugin" --model bad:how=large --memory 1G \
    --format csv
counts 2,0,1,1,0,0
says 'above the limit of 1024 MB'
expect 1 "$bramble" run "$single" --out small --memory 64K --format csv
counts 1,0,0,1,0,0
expect 0 "$bramble" run "$single" --out small --format csv
counts 1,0,1,0,0,0

expect 0 "$bramble" run "$tiny" --out absent --dry-run --format csv
counts 10,0,0,0,0,10
[ ! -e absent ] || fail '--dry-run made a folder'
