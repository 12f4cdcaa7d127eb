#!/bin/sh
# Installs Debian packages over a finished root; what they change becomes the layer. Runs in a mount namespace of its own.
#   debian.sh BASE_ROOT LAYER_ROOT SCRATCH_FOLDER SUITE PACKAGES_WITH_COMMAS
set -eu
umask 022
base=$1
layer=$2
scratch=$3
suite=$4
packages=$5
root=$scratch/root

mkdir -p "$scratch/work" "$root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$layer,workdir=$scratch/work" "$root"
# What is written to these belongs to the build.
mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=0755 tmpfs "$root/var/cache/apt"
mount -t tmpfs -o mode=0755 tmpfs "$root/var/lib/apt/lists"
mount -t tmpfs -o mode=0755 tmpfs "$root/var/log"
# Java's packages link manual pages whether they are there or not.
mkdir -p "$root/usr/share/man/man1"

mmdebstrap --variant=custom --mode=root --skip=check/empty "--include=$packages" "$suite" "$root"

find "$root/var/cache" -type f -delete
# Only for linking Java runtimes of one's own, and a third of a JDK.
rm -rf "$root"/usr/lib/jvm/*/jmods
umount --recursive "$root"
# The base's own are right; those that mmdebstrap puts there are the host's, or the build's.
for path in resolv.conf hostname hosts machine-id apt/sources.list dpkg/dpkg.cfg.d/99mmdebstrap; do rm -f "$layer/etc/$path"; done
