# What is wrong on a command line is exit 2, with the nearest thing that is right.
run bramble
run bramble lits
run bramble frobnicate
run bramble list
run bramble list metics
run bramble list metrics more
run bramble list metrics --fromat json
run bramble list metrics --bogus
run bramble list metrics --format yaml
run bramble list metrics --format
run bramble list metrics --quiet=yes
run bramble list metrics --threads many
run bramble list metrics --threads=-1
run bramble list metrics --threads=1 --threads=2
run bramble list metrics --memory 8Q
run bramble list metrics --memory 0
run bramble list metrics --memory 99999999999T
run bramble list metrics -x
run bramble list -- --help
run bramble help lits
run bramble --generate-man
