# Runs killed at many moments, and what the next run makes of what they left.
. "$(dirname "$0")/lib.sh"

expect 0 "$bramble" run "$tiny" --out whole

# seconds after which each run is killed: seeded, so that a failure comes back
awk 'BEGIN { srand(7); for (i = 0; i < 8; i++) printf "%.3f\n", 0.02 + 0.25 * rand() }' >delays
while read -r delay; do
    setsid "$bramble" run "$tiny" --out cut --threads 2 >/dev/null 2>&1 &
    run=$!
    sleep "$delay"
    kill -KILL -- -$run 2>/dev/null
    wait $run 2>/dev/null
    # a fresh start now and then, so that every stage of a run is hit
    if [ -d cut/cells ] && [ "$(ls cut/cells | wc -l)" -eq 10 ]; then
        for cell in cut/cells/*.h5; do
            cmp -s "$cell" "whole/cells/${cell##*/}" || fail "$cell after a kill at $delay s"
        done
        rm -rf cut
    fi
done <delays
expect 0 "$bramble" run "$tiny" --out cut --threads 2
same whole cut

# the parent alone is killed: its workers finish the cell in hand and end, and a run beside them is
# not disturbed
rm -rf cut
setsid "$bramble" run "$tiny" --out cut --threads 2 >/dev/null 2>&1 &
run=$!
sleep 0.12
kill -KILL $run
wait $run 2>/dev/null
expect 0 "$bramble" run "$tiny" --out cut --threads 2
for i in 1 2 3 4 5 6 7 8 9 10; do
    kill -0 -- -$run 2>/dev/null || break
    sleep 0.2
done
kill -0 -- -$run 2>/dev/null && fail 'workers outlive their parent'
same whole cut

# temporary files: those of dead processes of this machine go, others stay; none is a cell
sh -c 'echo $$' >pid
read -r dead <pid
host=$(uname -n | tr -cd '0-9A-Za-z')
for name in cells plans summaries; do
    : >"cut/$name/.bramble-$host-$dead-0.tmp"
    : >"cut/$name/.bramble-$host-$$-0.tmp"
    : >"cut/$name/.bramble-elsewhere-$dead-0.tmp"
    : >"cut/$name/.bramble-$host-$dead-0.tmp.h5"
done
"$bramble" leaderboard whole >a
"$bramble" leaderboard cut >b || fail 'no leaderboard beside temporary files'
cmp a b || fail 'a temporary file counts as a cell'
expect 0 "$bramble" run "$tiny" --out cut --format csv
counts 10,10,0,0,0,0
for name in cells plans summaries; do
    [ ! -e "cut/$name/.bramble-$host-$dead-0.tmp" ] || fail 'a dead process left a file'
    for kept in "$host-$$-0.tmp" "elsewhere-$dead-0.tmp" "$host-$dead-0.tmp.h5"; do
        [ -e "cut/$name/.bramble-$kept" ] || fail "$kept was removed"
    done
done
