#!/bin/sh
# Turns a fresh Debian root into the base template's: user, sudo, Node and npm, files/, and no traces of the build.
#   customize.sh ROOT FOLDER_OF_THIS_TEMPLATE FOLDER_OF_NODE FOLDER_OF_NPM
set -eu
umask 022
root=$1
template=$2
node=$3
npm=$4

# Files as they are, owned by root, whatever the clone says.
cp -R --no-preserve=ownership "$template/files/." "$root/"
find "$template/files" -mindepth 1 -printf '%P\n' | while IFS= read -r path; do
  if [ -d "$root/$path" ]; then continue; fi
  chown 0:0 "$root/$path"
  chmod 0644 "$root/$path"
done
chmod 0440 "$root/etc/sudoers.d/user"

chroot "$root" useradd --uid 1000 --user-group --create-home --shell /bin/bash --groups sudo user

# Node and npm under /usr/local, so that "npm install -g" goes there too.
install -m 0755 "$node/bin/node" "$root/usr/local/bin/node"
mkdir -p "$root/usr/local/lib/node_modules"
cp -R --no-preserve=ownership "$npm" "$root/usr/local/lib/node_modules/npm"
rm -rf "$root/usr/local/lib/node_modules/npm/man" "$root/usr/local/lib/node_modules/npm/docs"
chmod 0755 "$root/usr/local/lib/node_modules/npm/bin/npm-cli.js" "$root/usr/local/lib/node_modules/npm/bin/npx-cli.js"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"

# A program with a file capability that sandboxes do not have cannot be started at all; under gVisor ping needs none. A plain copy has none.
cp "$root/usr/bin/ping" "$root/usr/bin/ping.plain"
mv "$root/usr/bin/ping.plain" "$root/usr/bin/ping"

# Java's packages, among others, register manual pages there when they are installed, and fail without the folder.
mkdir -p "$root/usr/share/man/man1"

# "pip install" works as on hosted images.
rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED

# Each sandbox gets a machine id, logs and package lists of its own.
find "$root/var/log" "$root/var/cache" "$root/var/lib/apt/lists" -type f -delete
rm -f "$root/var/lib/dbus/machine-id" "$root/etc/hostname"
: >"$root/etc/machine-id"
