# The verdict on the true model of made data: one that wins, one that is broken (the network of another seed),
# one that is no model.
printf '%s\n' 'name: truth' 'version: 1' 'title: t' 'task: forecast' 'dataset: simulated-worm' \
    'metrics: ["skill:over=pooled"]' 'models: [copy, "ar:lags=1", true-worm, "true-worm:seed=2"]' 'parts: [worm01]' \
    'truth: true-worm' 'options:' '  horizons: 1' '  samples: 100' >right.yaml
sed 's/^truth:.*/truth: "true-worm:seed=2"/' right.yaml >broken.yaml
sed 's/^truth:.*/truth: true-wurm/' right.yaml >unknown.yaml
sed 's/^truth:.*/truth: var/' right.yaml >absent.yaml
sed 's/^truth:.*/no_truth: nobody made these data/; s/^name: .*/name: none/' right.yaml >none.yaml
run bramble run ./right.yaml --out results --quiet
run bramble run ./broken.yaml --out results --quiet
run sh -c 'bramble run ./broken.yaml --out results --quiet --format csv | cut -d, -f1-3,7,9'
run bramble run ./absent.yaml --out results --quiet
run bramble run ./unknown.yaml --out other --quiet
run bramble run ./right.yaml --out results --quiet --shard 1/2
run bramble run ./none.yaml --out results --quiet
