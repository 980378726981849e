# Stopped on request: exit 130, finished cells kept, a worker that does not listen is killed.
. "$(dirname "$0")/lib.sh"

setsid "$bramble" run "$tiny" --out cut --plugin "$plugin" --model bad:how=hang --threads 2 \
    --format csv >said 2>&1 </dev/null &
run=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    sleep 0.2
    [ "$(ls cut/cells 2>/dev/null | grep -c 'h5$')" -ge 5 ] && break
done
kill -INT $run
wait $run
code=$?
[ $code -eq 130 ] || fail "exit $code after SIGINT, expected 130"
says 'the finished cells are kept'
sleep 0.1
kill -0 -- -$run 2>/dev/null && fail 'a worker is left'
[ "$(ls cut/cells | wc -l)" -ge 5 ] || fail 'finished cells were lost'
[ -z "$(find cut -name '.*.tmp')" ] || fail 'a temporary file is left'
expect 0 "$bramble" run "$tiny" --out cut
expect 0 "$bramble" run "$tiny" --out whole
for cell in whole/cells/*.h5; do
    cmp "$cell" "cut/cells/${cell##*/}" || fail "$cell differs after a stop"
done
