# forecast.sh BRAMBLE - two published recordings, imported and forecast: every digit of forecast.out, which
# was measured with other software (scikit-learn), and the tables of docs/anchors.md. Skipped without them.
set -u
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
bramble=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
data=${BRAMBLE_TEST_DATA:-$source/../shared/data}/spikes
[ -r "$data/spykesML/m1_stevenson_2011.mat" ] && [ -r "$data/seqNMF/MackeviciusData.mat" ] || {
    echo "skipped: no recordings in $data"
    exit 77
}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' INT TERM
SAMPLES=0 sh "$here/tables.sh" "$bramble" "$data" "$work" >"$work/tables.md" || exit 1
grep '^| [^m-]\|^| mean of' "$work/tables.md" | diff "$here/forecast.out" - || exit 1

# units that are constant over the test part have no r2: 7 of 171, 14 of 75
for pair in m1-forecast:7 hvc-forecast:14; do
    "$bramble" leaderboard "$work/results" -b "${pair%:*}" -s 'r2@step' --format json >"$work/json"
    grep -q "\"undefined\": *${pair#*:}[,}]*" "$work/json" || {
        echo "undefined units of ${pair%:*}: expected ${pair#*:}"
        cat "$work/json"
        exit 1
    }
done

# bits a spike of M1, measured with nlb_tools' formula: the mean, and the VAR with rates of 0.001 at least
bits() {
    "$bramble" leaderboard "$work/results" -b "${3:-m1-forecast}" -s "$1" --format tsv | awk -F'\t' -v model="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["model"] ~ "^" model { printf "%.4f", $at["value"] }'
}
[ "$(bits bits-per-spike:least=1e-09,first=0@step mean) $(bits bits-per-spike:least=0.001,first=0@step var)" = "-0.0236 0.0285" ] || {
    echo "bits a spike: found $(bits bits-per-spike:least=1e-09,first=0@step mean) $(bits bits-per-spike:least=0.001,first=0@step var)"
    exit 1
}

# Poisson regression of the first 20 neurons, measured with scikit-learn
found="$(bits bits-per-spike:least=1e-09,first=20@step mean m1-forecast-20) $(bits bits-per-spike:least=1e-09,first=20@step glm m1-forecast-20)"
[ "$found" = "-0.0574 0.0479" ] || {
    echo "bits a spike of 20 neurons: found $found"
    exit 1
}

# the tables of the documentation are these
sed -n '/^<!-- tables -->$/,/^<!-- end of tables -->$/p' "$source/docs/anchors.md" | sed '1d;$d' |
    diff - "$work/tables.md"
