# The program opens the plugins that it is told of, by option and by environment.
plugins=$BRAMBLE_TEST_TOOLS
bramble --plugin "$plugins/sign_agreement.so" list metrics --format csv | grep '^sign-agreement'
bramble list models --plugin "$plugins/damped.so" --format csv | grep '^damped'
BRAMBLE_PLUGINS=:$plugins/damped.so:$plugins/sign_agreement.so
export BRAMBLE_PLUGINS
bramble list models --format csv | grep -c '^damped'
bramble list metrics --format csv | grep -c '^sign-agreement'
unset BRAMBLE_PLUGINS
cat >small.yaml <<YAML
name: small
version: 1
title: A small forecast
task: forecast
dataset: simulated-worm
metrics: [mse]
models: [copy]
parts: [worm01]
options:
  horizons: 1
  samples: 20
YAML
bramble run ./small.yaml --out results --model damped --plugin "$plugins/damped.so" --format csv
bramble run ./small.yaml --out results --model damped
bramble list models --plugin absent.so 2>&1 | sed 's/shared object: .*/shared object: .../'
BRAMBLE_PLUGINS=$plugins/old_plugin.so bramble list models 2>&1 | sed "s,$plugins,PLUGINS,; s/\(ABI\|expected\) [0-9]*/\1 N/g"
