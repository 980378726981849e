# A suite on recordings without the recordings: what they are, how to get them, what runs without.
run bramble run worm --out results
run bramble run worm --data . --out results --dry-run
run ls
