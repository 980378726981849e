#!/bin/sh
# fetch.sh BRAMBLE PYTHON SERVER - `bramble fetch` against a server on loopback that breaks off, fails, redirects
# and lies (server.py), and against file: addresses.
set -u
bramble=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
python=$2 server=$3
folder=$(mktemp -d) || exit 99
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder" || exit 99
BRAMBLE_MANIFESTS=$folder/manifests no_proxy=127.0.0.1
export BRAMBLE_MANIFESTS no_proxy
unset http_proxy https_proxy all_proxy
wrong=0
complain() {
    echo "$*"
    wrong=$((wrong + 1))
}

mkdir manifests published
head -c 300000 /dev/urandom >published/a.bin
head -c 70000 /dev/urandom >'published/b c.bin'
"$python" "$server" "$folder/published" "$folder/port" &
pid=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -f port ] || sleep 0.5
done
[ -f port ] || { echo "the server does not start"; exit 99; }
base=http://127.0.0.1:$(cat port)
sum() {
    sha256sum "$1" | cut -c1-64
}
# manifest NAME [KEY: VALUE of the file a.bin]...
manifest() {
    name=$1
    shift
    {
        printf 'name: %s\ntitle: "Made"\nversion: "1"\nlicence: MIT\ndoi: 10.1/x\nurl: "https://example.org/page"\n' "$name"
        printf 'source: "generic:dt=1"\nfiles:\n  - name: a.bin\n'
        for line in "$@"; do printf '    %s\n' "$line"; done
    } >"manifests/$name.yaml"
}
known() { # the keys of a.bin under a path of the server
    echo "sha256: $(sum published/a.bin)"
}
# fetches CODE WORDS NAME [ARGUMENT...]: the exit code, and words that stdout or stderr have
fetches() {
    code=$1 words=$2
    shift 2
    "$bramble" fetch "$@" --accept-licence --wait 0.01 --format csv >.out 2>.err
    got=$?
    [ $got -eq "$code" ] || complain "fetch $*: exit $got, expected $code: $(cat .out .err)"
    grep -qE "$words" .out .err || complain "fetch $*: lacks '$words': $(cat .out .err)"
}
whole() { # FOLDER: a.bin is there and right, and nothing is left beside it
    cmp -s published/a.bin "$1/a.bin" || complain "$1/a.bin is not what was published"
    [ ! -e "$1/a.bin.part" ] || complain "$1/a.bin.part is left"
}
absent() { # FOLDER: no a.bin, whatever became of its part
    [ ! -e "$1/a.bin" ] || complain "$1/a.bin is there"
}
requests() { # PATH: how often it was asked for
    grep -c "^$1 " port.log
}

for how in ok norange cut flaky to stop wrong more gone login loop tofile slow; do
    manifest $how "$(known)" 'bytes: 300000' "url: \"$base/$how/a.bin\""
done

# the next command stands on one line, quoted where a shell needs it, however narrow the screen is
long="a folder of Tom's, named so that no screen of eighty columns has room for the whole line"
"$bramble" fetch ok --accept-licence -o "$long" --format text >.out 2>.err || complain "$(cat .err)"
command=$(grep '^    bramble import' .out | sed 's/^    bramble//')
eval "set -- $command"
[ "$#" -eq 6 ] && [ "$2" = "$long" ] && [ "$4" = generic:dt=1 ] && [ "$6" = ok.h5 ] ||
    complain "no line to copy: $(cat .out)"
"$bramble" fetch ok --accept-licence -o "$long" --format md >.out 2>.err || complain "$(cat .err)"
grep -qxF "    bramble$command" .out || complain "the line to copy differs in Markdown: $(cat .out)"
rm -r "$long"
: >port.log

# whole, present, replaced
fetches 0 'a.bin,fetched,300000' ok
whole ok
fetches 0 'a.bin,present' ok
[ "$(requests /ok/a.bin)" -eq 1 ] || complain "a file that is there is fetched again"
echo changed >ok/a.bin
fetches 1 'other content; --force' ok
[ "$(cat ok/a.bin)" = changed ] || complain "a file is replaced without --force"
fetches 0 'fetched' ok --force
whole ok

# parts are gone on with, also where the server knows no ranges
head -c 100000 published/a.bin >ok/a.bin.part
rm ok/a.bin
fetches 0 'a.bin,resumed' ok
whole ok
grep -q '^/ok/a.bin bytes=100000-' port.log || complain "no range is asked for"
mkdir norange
head -c 100000 published/a.bin >norange/a.bin.part
fetches 0 'a.bin,fetched' norange
whole norange
head -c 100000 /dev/urandom >ok/a.bin.part # of another file: found by the sum, fetched anew
rm ok/a.bin
fetches 0 'a.bin,fetched' ok
whole ok
cp published/a.bin ok/a.bin.part # complete, but not renamed yet
rm ok/a.bin
fetches 0 'a.bin,resumed' ok
whole ok
head -c 400000 /dev/urandom >ok/a.bin.part
rm ok/a.bin
fetches 0 'a.bin,fetched' ok
whole ok

# failures that pass: broken transfers add up, 500 is tried again
fetches 0 'a.bin,fetched' cut --tries 9
whole cut
[ "$(grep -c '^/cut/a.bin bytes=' port.log)" -ge 2 ] || complain "a broken transfer is not gone on with"
fetches 0 'a.bin,fetched' flaky
whole flaky
[ "$(requests /flaky/a.bin)" -eq 3 ] || complain "500 twice is not tried three times"
fetches 0 'a.bin,fetched' to
whole to

# failures that do not: never a file of that name
fetches 1 'after 2 tries: .*ended at byte 150000 of 300000' stop --tries 2
absent stop
fetches 1 'after 2 tries: .*stands still at byte 166666: nothing came for 1 s' slow --tries 2 --stall 1
absent slow
[ "$(requests /slow/a.bin)" -eq 2 ] || complain "a stalled transfer is not tried again"
fetches 2 'expected seconds above 0' slow --stall no
fetches 1 'found SHA-256 [0-9a-f]{64}, expected' wrong
absent wrong
[ ! -e wrong/a.bin.part ] || complain "a wrong part is kept"
fetches 1 'found 300001 bytes, expected 300000' more
absent more
fetches 1 'HTTP 404: no such file' gone
fetches 1 'HTTP 403: it wants a login' login
[ "$(requests /gone/a.bin)" -eq 1 ] || complain "404 is tried again"
fetches 1 'more than 10 redirections' loop
fetches 1 'leads to another kind|roken|nsupported' tofile --tries 1
absent tofile
manifest nowhere "url: \"http://no-such-host.invalid/a.bin\""
fetches 1 'there is no host no-such-host.invalid, or this machine is offline' nowhere
manifest nobody "url: \"http://127.0.0.1:1/a.bin\""
fetches 1 '127.0.0.1:1 does not answer' nobody --tries 1
manifest kind "url: \"gopher://127.0.0.1/a.bin\""
fetches 1 'no address of http' kind
absent kind

# one that fails does not stop the others; blanks in names; a mirror, also on disk
manifest two "$(known)" 'bytes: 300000' "url: \"$base/gone/a.bin\"" "" 
printf '  - name: "sub/b c.bin"\n    bytes: 70000\n    url: "%s/ok/b%%20c.bin"\n' "$base" >>manifests/two.yaml
fetches 1 '1 of 2 files could not' two
cmp -s 'published/b c.bin' 'two/sub/b c.bin' || complain "the second file is not fetched"
fetches 0 'a.bin,fetched' two a.bin --from "$base/ok"
fetches 0 'a.bin,fetched' two 'a.*' --from "file://$folder/published" -o mirror
whole mirror
mkdir -p published/sub && cp 'published/b c.bin' published/sub/
fetches 0 'b c.bin,fetched' two 'sub/*' --from "file://$folder/published/" -o mirror
head -c 100000 published/a.bin >mirror/a.bin.part
rm mirror/a.bin
fetches 0 'a.bin,resumed' two a.bin --from "file://$folder/published" -o mirror
whole mirror
fetches 1 'no such file' two a.bin --from "file://$folder/none" -o none --tries 1
fetches 2 'two has no file x.bin' two x.bin

# the licence, dry runs, files by hand, unknown datasets
"$bramble" fetch ok -o fresh </dev/null >.out 2>.err
[ $? -eq 2 ] && grep -q 'licence: MIT' .err && grep -q -e '--accept-licence' .err && [ ! -e fresh ] ||
    complain "the licence is not asked for: $(cat .out .err)"
on_terminal() { # CODE WORDS ANSWER: the licence, asked for on a terminal
    "$python" "$(dirname "$server")/terminal.py" "$3" "$bramble" fetch ok -o asked --wait 0.01 >.out 2>.err
    got=$?
    [ $got -eq "$1" ] || complain "the licence answered by '$3': exit $got, expected $1: $(cat .out .err)"
    grep -q "$2" .out || complain "the licence answered by '$3': lacks '$2': $(cat .out)"
    grep -q 'licence: MIT' .out || complain "the licence is not shown on a terminal"
}
on_terminal 2 'is not accepted' n
on_terminal 2 'is not accepted' ''
[ ! -e asked ] || complain "a licence that is refused leaves a folder"
on_terminal 0 'fetched' y
whole asked
fetches 0 'a.bin,to fetch,300000' ok --dry-run -o fresh
[ ! -e fresh ] || complain "a dry run makes a folder"
manifest hand
fetches 1 'a.bin,by hand' hand
"$bramble" fetch hand --dry-run 2>&1 | grep -q 'https://example.org/page, doi 10.1/x' ||
    complain "the page of a file by hand is not named"
fetches 2 'no manifest of "nothing"' nothing

# names that lead out of the folder; a full disk
manifest out "url: \"$base/ok/a.bin\""
sed 's,a.bin,../a.bin,' manifests/out.yaml >manifests/out2.yaml
fetches 3 'expected a path below the folder' out2
ln -s /etc/hosts out-link 2>/dev/null
mkdir linked && ln -s "$folder/elsewhere" linked/a.bin.part
manifest linked "url: \"$base/ok/a.bin\""
fetches 1 'cannot write linked/a.bin.part' linked
[ ! -e elsewhere ] || complain "a link is written through"
if [ -w /dev/full ]; then
    manifest huge 'bytes: 900000000000000000' "url: \"$base/ok/a.bin\""
    fetches 1 'MB are needed, the disk has' huge
fi
(
    ulimit -f 100 2>/dev/null || exit 0 # 51200 or 102400 bytes
    rm -rf ok
    "$bramble" fetch ok --accept-licence --format csv >.out 2>.err
    [ $? -eq 1 ] && grep -q 'cannot write ok/a.bin.part: File too large' .err && [ ! -e ok/a.bin ]
) || complain "a write that fails: $(cat .out .err)"

[ $wrong -eq 0 ] && echo "all as it should be"
[ $wrong -eq 0 ]
