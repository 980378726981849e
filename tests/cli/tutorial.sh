# The tutorial from its first file to its last, as it stands; what is there already stays untouched.
run bramble tutorial --show
bramble tutorial first/steps >told 2>&1
echo "exit $?"
run grep -E '^[0-9] of 9|bramble: ' told
run ls first/steps
run sh -c 'bramble leaderboard first/steps/results -b simulated-vision-encoding --format csv | cut -d, -f3,4'
run sh -c '[ $(grep -c "<figure" first/steps/report.html) -gt 5 ] && echo figures'
run bramble tutorial first/steps
run bramble tutorial
mkdir broken && touch broken/results
run sh -c 'bramble tutorial broken 2>&1 >/dev/null | tail -1'
