# Splits by animal, by time and by source: made once, read ever after, obeyed by a benchmark.
masked() { # digits of sums, which depend on the processor
    sed 's/@[0-9a-f]\{12\}/@DIGITS/; s/[0-9a-f]\{64\}/SUM/'
}
bramble simulate simulated-worm -o worm.h5 --quiet
"$BRAMBLE_TEST_TOOLS/../made/make_file" kato5 good worm.mat
bramble import worm.mat -o kato.h5 --quiet >/dev/null
echo '# by animal, by time, by source'
bramble splits worm.h5 --folds 3 -o animals.json | masked
bramble splits worm.h5 --by time --folds 4 --gap 30 -o time.json | masked
bramble splits worm.h5 kato.h5 --by source -o sources.json | masked
grep -c sha256 time.json
sed -n '/"scheme"/,/"gap"/p' time.json
echo '# what is there is obeyed'
cp time.json before.json
bramble splits worm.h5 --by time --folds 4 --gap 30 -o time.json --format csv | cut -d, -f1-3
cmp time.json before.json && echo 'the same bytes'
run bramble splits worm.h5 --by time --folds 4 --gap 20 -o time.json
run bramble splits worm.h5 --by worm --folds 3 --seed 2 -o animals.json
run bramble splits kato.h5 --by time --folds 4 --gap 30 -o time.json
cmp time.json before.json && echo 'left alone'
bramble splits worm.h5 --by time --folds 4 --gap 20 -o time.json --force | tail -2 | masked
run bramble splits worm.h5 --by source -o one.json
run bramble splits worm.h5 --gap -1 -o one.json
run bramble splits worm.h5
echo '# a benchmark'
definition() { # NAME OPTIONS...: a benchmark of forecasts
    name=$1
    shift
    {
        printf 'name: %s\nversion: 1\ntitle: Made\ntask: forecast\ndataset: worm\n' "$name"
        printf 'metrics: [mse]\nmodels: [copy, mean]\noptions:\n  horizons: 1+4\n  samples: 20\n'
        for line in "$@"; do printf '  %s\n' "$line"; done
    } >"$name.yaml"
}
spec() { # FILE: as the note below the table has it
    echo "$PWD/$1@$(sha256sum "$1" | cut -c1-12)"
}
definition by-time "splits: \"$(spec time.json)\"" 'fold: 1'
definition by-animal "splits: \"$(spec animals.json)\"" 'variant: across'
definition mixed "splits: \"$(spec animals.json)\""
definition changed "splits: \"$PWD/time.json@0123456789ab\""
for name in by-time by-animal mixed changed; do
    run bramble run $name.yaml --data . --out results --quiet
done
bramble leaderboard results --format csv | cut -d, -f1-2 | sort -u
