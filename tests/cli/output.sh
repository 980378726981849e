# A result that cannot be written is exit 5, also when it shows only at the end.
if [ -c /dev/full ]; then
    bramble --help >/dev/full 2>.err
    echo "exit $?"
    cat .err
fi
bramble --help >&- 2>.err
echo "exit $?"
# A reader that has seen enough is no error worth a message.
bramble list metrics --format json 2>.err | head -c 1 >/dev/null
cat .err
bramble list metrics --format csv --threads 2 --memory 512M --quiet | head -1
