#!/bin/sh
# Applies the layer /srv/layer.tar of an OCI image to the root at /mnt: what it deletes first, then what it brings. Runs inside unpack.sh.
set -eu
umask 022
export LC_ALL=C.UTF-8
cd /mnt

# ".wh.NAME" deletes NAME of the layers below, ".wh..wh..opq" all in its folder.
tar --list --quoting-style=literal --file /srv/layer.tar | sed -n -E '/(^|\/)\.wh\.[^/]+$/p' | while IFS= read -r path; do
  name=${path##*/}
  folder=./${path%"$name"}
  if [ "$name" = .wh..wh..opq ]; then
    if [ -d "$folder" ]; then find "$folder" -mindepth 1 -maxdepth 1 -exec rm -rf {} +; fi
  else
    rm -rf "$folder${name#.wh.}"
  fi
done

tar --extract --file /srv/layer.tar --numeric-owner --same-owner --same-permissions --acls \
  --xattrs --xattrs-include='*' --xattrs-exclude='trusted.*' --exclude='.wh.*'

# Where a sandbox mounts, and where the daemon writes.
for folder in dev etc proc root run sys tmp; do
  if [ ! -e "$folder" ] && [ ! -L "$folder" ]; then
    mkdir "$folder"
    if [ "$folder" = tmp ]; then chmod 1777 tmp; fi
  fi
done
