# Forecasts handed in as files are marked wherever models are compared.
. "$(dirname "$0")/lib.sh"
mkdir mine
"$bramble" run "$tests/single.yaml" --out results --model forecasts:path=mine --quiet >said 2>&1

expect 0 "$bramble" leaderboard results
says 'forecasts:mine (s)'
says '(s) self-reported: forecasts from files'
expect 0 "$bramble" leaderboard results --format md
says 'forecasts:mine (s)'
says '(s) self-reported'
expect 0 "$bramble" leaderboard results --format csv
[ "$(sed -n 's/^.*,\(self_reported\)$/\1/p' said)" = self_reported ] || fail 'csv has no such column'
grep ',forecasts:path=mine,' said | grep -q ',1$' || fail 'csv does not mark the model'
grep ',copy,' said | grep -q ',0$' || fail 'csv marks another model'
expect 0 "$bramble" leaderboard results --format json
says '"self_reported": 1'
says '"self_reported": 0'
expect 0 "$bramble" report results -o report.html
grep -q 'forecasts:mine (s)' report.html || fail 'the report does not mark the model'
grep -q '(s) self-reported: forecasts from files' report.html || fail 'the report does not say why'

# and without such a model nothing is said of it
"$bramble" run "$tests/single.yaml" --out others --quiet >said 2>&1
expect 0 "$bramble" leaderboard others
! grep -q 'self-reported\|(s)' said || fail 'a mark without a model'
