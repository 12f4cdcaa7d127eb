#!/bin/sh
# Unpacks an archive into a folder with nothing else of the host in reach, whatever links and names are in it. Runs in a mount namespace of
# its own; the tar that unpacks is the base template's, and all around the folder is read-only.
#   unpack.sh BASE_ROOT TARGET_FOLDER FOLDER_WITH_layer.tar_AND_apply.sh VIEW_FOLDER
set -eu
base=$1
target=$2
input=$3
view=$4

mkdir -p "$view"
mount --bind "$base" "$view"
mount -o remount,bind,ro "$view"
mount --bind "$target" "$view/mnt"
mount --bind "$input" "$view/srv"
mount -o remount,bind,ro "$view/srv"
exec chroot "$view" /bin/sh /srv/apply.sh
