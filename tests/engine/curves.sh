# Every benchmark of the suite simulated, along every axis: it has a learning curve, or one sentence says why not.
. "$(dirname "$0")/lib.sh"
expect 0 "$bramble" list suites --format csv
names=$(sed -n 's/^simulated,"[^"]*","\(.*\)"$/\1/p' said | tr -d ' ' | tr ',' ' ')
[ "$(echo "$names" | wc -w)" -gt 20 ] || fail 'the suite is not listed'
for axis in animals minutes stimuli units; do
    expect 0 "$bramble" run simulated --learning-curve $axis --draws 1 --dry-run
    for name in $names; do
        curves=$(grep -c "bramble: $name~$axis=" said)
        reasons=$(grep -c "bramble: left out: $name has no learning curve along $axis: [a-z].*" said)
        [ $((curves > 1)) -ne "$reasons" ] || fail "$name along $axis: $curves sizes, $reasons reasons"
        [ "$reasons" -le 1 ] || fail "$name along $axis: $reasons reasons"
    done
done

# an axis of each kind from cells to laws; blocks of time are those of the whole at every size
cat >few.yaml <<'END'
name: few
version: 1
title: A few minutes
task: forecast
dataset: simulated-worm
parts: [worm01, worm02]
metrics: ["skill:over=pooled"]
models: [copy, "ar:lags=2"]
options:
  gap: 10
  horizons: 1
  samples: 60
END
sed 's/^name: .*/name: others/; s/^options:/options:\n  variant: across/' few.yaml >others.yaml
cat >bins.yaml <<'END'
name: bins
version: 1
title: Bins of time
task: time-resolved
dataset: simulated-vision-dynamics
metrics: ["pearson:constant=zero"]
models: ["features:layer2"]
options:
  folds: 3
  halves: 5
  samples: 60
END
expect 0 "$bramble" run ./few.yaml --learning-curve minutes=0.4+0.8+1.5+3 --out out -q
expect 0 "$bramble" run ./others.yaml --learning-curve animals --draws 2 --out out -q
expect 0 "$bramble" run ./bins.yaml --learning-curve units=4+8 --draws 2 --out out -q
expect 0 "$bramble" run ./bins.yaml --learning-curve stimuli=30+60 --draws 2 --out out -q
expect 0 "$bramble" leaderboard out --learning-curve minutes --format csv
grep -E '^few,"?ar:lags=2"?,3,[-0-9.e]+,[-0-9.e]+,[-0-9.e]+,1$' said >/dev/null || fail 'no interval at 3 minutes'
for axis in animals units stimuli; do
    expect 0 "$bramble" leaderboard out --learning-curve $axis --format csv
    [ "$(grep -cE '^(others|bins),[^,]*,[0-9]+,[-0-9.e]+,[-0-9.e]+,[-0-9.e]+,[12]$' said)" -ge 2 ] || fail "$axis: no points"
done
expect 2 "$bramble" leaderboard out --learning-curve units --benchmark few
says 'there is no learning curve of few along units'
