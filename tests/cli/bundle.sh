# A dataset as a folder that can be passed on: whole or absent, refused where a licence says no or nothing, checked by
# sha256sum and by verify; the same bytes each time.
lines() { "$@" 2>&1 | sed 's/SHA-256 [0-9a-f]*/SHA-256 .../g; s/[0-9a-f]\{12\}\.\.\./HASH.../g'; }
run bramble bundle simulated-vision -o bundle
run find bundle -type f -not -name '*.yaml' | sort
run sh -c 'cd bundle && sha256sum -c --quiet SHA256SUMS'
run lines bramble verify bundle
bramble bundle simulated-vision -o again --quiet
run diff -r bundle again
run head -3 bundle/splits/simulated-vision-encoding/splits.csv
run grep -c '^| `simulated-vision' bundle/README.md
run grep -A1 'Under which licence' bundle/DATASHEET.md
run grep '^@' bundle/CITATION.bib
run bramble bundle simulated-vision -o bundle
# what is in it works by itself
run bramble check bundle/data/simulated-vision.h5
run sh -c 'cd bundle && bramble benchmark show ./benchmarks/simulated-vision-encoding.yaml --data data | head -3'

# a bundle that was changed
printf x >>again/LICENCES.md
run lines bramble verify again
cp bundle/LICENCES.md again/
printf x >again/more.txt
run bramble verify again
run bramble verify again --format json
rm again/more.txt again/CITATION.bib
run bramble verify again
ln -s ../bundle/CITATION.bib again/CITATION.bib
run bramble verify again
sed 's,  README.md,  ../README.md,' bundle/SHA256SUMS >again/SHA256SUMS
run bramble verify again
# sums that agree, of another dataset
rm -rf again && cp -r bundle again && cp again/data/simulated-vision.h5 other.h5
bramble simulate simulated-vision --seed 2 -o again/data/simulated-vision.h5 --force -q
(cd again && find . -type f -not -name SHA256SUMS | cut -c3- | sort | xargs sha256sum >SHA256SUMS)
run lines bramble verify again
mkdir empty
run bramble verify empty
run bramble verify nowhere
run bramble verify bundle simulated-vision-encoding

# licences
bramble import "$source/docs/examples/worm.csv" -o worm.h5 --source generic:times=time,unit=dF/F -q >/dev/null
run bramble bundle worm.h5 -o worm
run ls -d worm*
run bramble bundle worm.h5 -o worm --permission 'A. Author, letter of 2024-05-01'
run grep Permission worm/LICENCES.md
run lines bramble verify worm
mkdir manifests
printf '%s\n' 'name: worm' 'title: A worm' 'version: 1' 'licence: CC BY-NC-ND 4.0' 'url: https://example.org/worm' \
    'files: []' >manifests/worm.yaml
BRAMBLE_MANIFESTS=manifests run bramble bundle worm.h5 -o no --permission 'nobody'
mkdir data && cp worm.h5 data/
run bramble bundle simulated-vision+worm -o two --data data
run bramble bundle simulated-vision+worm -o two --data data --permission me
run lines bramble verify two
run bramble bundle nothing -o none --data data
run bramble bundle ../worm -o none
run bramble bundle simulated-vision -o no/such/place
run find . -maxdepth 1 -name '*.part*' -o -maxdepth 1 -name 'no*'
