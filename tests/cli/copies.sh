# One animal under two names in a dataset: a run says that it counts twice, and once only is fine.
cp "$source/docs/examples/worm.csv" one.csv
cp one.csv two.csv
run bramble import one.csv two.csv -o worm.h5 --source generic:times=time,unit=dF/F
printf '%s\n' 'name: mine' 'version: 1' 'title: t' 'task: forecast' 'dataset: worm' \
    'metrics: ["skill:over=pooled"]' 'models: [copy]' 'options:' '  gap: 10' '  horizons: 1' >both.yaml
sed 's/^task:/parts: [one]\ntask:/' both.yaml >one.yaml
run bramble run ./both.yaml --data . --out results
run bramble run ./one.yaml --data . --out results
