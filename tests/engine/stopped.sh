# Stopped on request: exit 130, finished cells kept, a worker that does not listen is killed.
. "$(dirname "$0")/lib.sh"

setsid "$bramble" run "$tiny" --out cut --plugin "$plugin" --model bad:how=hang --threads 2 \
    --format csv >said 2>&1 </dev/null &
run=$!
i=0
while [ $i -lt 300 ] && [ "$(ls cut/cells 2>/dev/null | grep -c 'h5$')" -lt 2 ]; do
    sleep 0.1
    i=$((i + 1))
done
ls cut/cells >finished
kill -INT $run
wait $run
code=$?
[ $code -eq 130 ] || fail "exit $code after SIGINT, expected 130"
says 'the finished cells are kept'
sleep 0.1
kill -0 -- -$run 2>/dev/null && fail 'a worker is left'
while read -r cell; do
    [ -e "cut/cells/$cell" ] || fail "the finished cell $cell was lost"
done <finished
[ -s finished ] || fail 'no cell was finished before the stop'
[ -z "$(find cut -name '.*.tmp')" ] || fail 'a temporary file is left'
expect 0 "$bramble" run "$tiny" --out cut
expect 0 "$bramble" run "$tiny" --out whole
for cell in whole/cells/*.h5; do
    cmp "$cell" "cut/cells/${cell##*/}" || fail "$cell differs after a stop"
done
