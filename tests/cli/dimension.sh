# Dimensions of patterns, angles of subspaces, what is refused.
printf 'u,v\n2,0\n0,1\n-2,0\n0,-1\n' >x.csv
# by hand: eigenvalues 8 and 2: 100 / 68, exp of the entropy of 0.8 and 0.2
run bramble dimension x.csv --k 2
run bramble dimension x.csv --k 2 --halves 0 --format md
printf 'u,v\n2,0\n0,1\n-2,0\n0,-1\n2,0\n1,1\n' >copies.csv
run bramble dimension copies.csv --k 3 --halves 0
run bramble dimension x.csv --with copies.csv --dim 1 --axis conditions
run bramble dimension x.csv --with x.csv --dim 3
printf 'u,v\n2,0\n0,\n-2,0\n0,-1\n' >missing.csv
run bramble dimension missing.csv
printf 'u,v\n2,0\n0,3\n' >few.csv
run bramble dimension few.csv
run bramble dimension x.csv --discard 1
run bramble dimension
