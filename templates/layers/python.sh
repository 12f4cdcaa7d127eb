#!/bin/sh
# Installs Python wheels over a finished root; what they bring becomes the layer. Runs in a mount namespace of its own.
#   python.sh BASE_ROOT LAYER_ROOT SCRATCH_FOLDER LIST_OF_PINNED_WHEELS
#
# There the root's /usr, with the layer over it, covers the host's: the Python is the root's, while pip's settings, certificates,
# names and caches are the host's, at the places where the host has them.
set -eu
umask 022
base=$1
layer=$2
scratch=$3
list=$4

mkdir -p "$scratch/work" "$layer/usr"
mount -t overlay overlay -o "lowerdir=$base/usr,upperdir=$layer/usr,workdir=$scratch/work" /usr
/usr/bin/python3 -m pip install --no-deps --no-compile --no-cache-dir --only-binary :all: --progress-bar off \
  --root-user-action ignore --disable-pip-version-check --requirement "$list"
# Without these a third of the size goes, and nothing imports them.
find /usr/local/lib/python3*/dist-packages -type d -name tests -prune -exec rm -rf {} +
echo 'Compiling'
/usr/bin/python3 -m compileall -q -j 2 /usr/local/lib/python3*/dist-packages || true
