# Lists, and what a benchmark is made of. Lines of one's own choice: others come and go.
need "$source/datasets/kato2015.yaml"
pick() { "$@" 2>&1 | grep -E '^(name|kato2015|generic|simulated-worm|worm|copy|rsa|forecast|kato2015-forecast),'; }
pick bramble list datasets --format csv
pick bramble list datasets --format csv --data .
pick bramble list suites --format csv
pick bramble list benchmarks --format csv --data .
pick bramble list tasks --format csv
pick bramble list models --format csv
bramble list datasets --data . | grep -A1 '^kato2015:'
# a file of that name that is no dataset
echo nothing >kato2015.h5
pick bramble list datasets --format csv --data . | sed 's/.*\(present[^,]*\).*/\1/' | tail -n 3 | head -n 1
pick bramble list benchmarks --format csv --data .
run bramble list nothing
cat >own.yaml <<'END'
name: own
version: 3
title: A benchmark of my own
task: forecast
dataset: simulated-worm
parts: [worm02]
metrics: [mse]
models: [copy, "ar:lags=2"]
options:
  gap: 5
END
run bramble benchmark show ./own.yaml
bramble benchmark show own.yaml --format json | head -n 24
run bramble benchmark show nobody
run bramble benchmark edit own.yaml
