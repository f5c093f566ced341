# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The Debian package: installed by dpkg over this system, in a layer of its own that nobody else sees; works there; purged, leaves nothing.
set -u
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
need cpack dpkg dpkg-shlibdeps file unshare chroot systemd-analyze man pkg-config

# pack DIRECTORY: not what ninja or make would do before, as all is built.
pack() { cpack --config "$FDGUARD_BUILD_DIR/CPackConfig.cmake" -D CPACK_CMAKE_GENERATOR=Ninja -B "$tmp/$1" >"$1.log" 2>&1; }
check 'cpack makes a package' pack one
package=$(echo one/fdguard_*.deb)
[ -e "$package" ] || { cat one.log; finish; }
pack two
check 'again, the same bytes' cmp "$package" "two/${package#one/}"
check 'it depends on libc' sh -c 'dpkg -f "$0" Depends | grep -q "libc6 (>= 2\."' "$package"
same 'all belongs to root, and nobody else may write' '' "$(dpkg -c "$package" | grep -v -e '^[-d]rwxr-xr-x root/root' -e '^-rw-r--r-- root/root' -e '^lrwxrwxrwx root/root')"
refuse 'nothing tells where it was built' sh -c 'dpkg --fsys-tarfile "$0" | grep -a -q -F -e "$FDG_SRC/" -e "$FDGUARD_BUILD_DIR"' "$package"

mkdir programs layer
cp "$FDG_BIN/cloexec-wrong" "$FDG_BIN/show-fds" programs
cat >inside.sh <<'END_INSIDE'
# A system of our own: this one below, and a layer above it that ends with us.
dpkg() { chroot "$root" dpkg --path-include='/usr/share/man/*' --path-include='/usr/share/doc/*' --force-unsafe-io "$@"; }
package=$1
root=$tmp/layer/root
mount -t tmpfs none layer && mkdir "$root" "$root/run" "$root/tmp" || exit 99
for part in usr etc var; do
	mkdir -p "layer/up/$part" "layer/work/$part" "$root/$part"
	mount -t overlay none -o "lowerdir=/$part,upperdir=$tmp/layer/up/$part,workdir=$tmp/layer/work/$part" "$root/$part" || exit 99
done
cp -P /bin /sbin /lib* "$root" || exit 99 # symbolic links
for directory in /proc /dev /sys "$FDG_SRC" "$tmp/programs" "$tmp/one"; do
	mkdir -p "$root$directory" && mount --rbind "$directory" "$root$directory" || exit 99
done
dpkg -i "$tmp/$package" >installed.log 2>&1 || { cat installed.log; exit 1; }
chroot "$root" env -i FDG_SRC="$FDG_SRC" PATH="$PATH" sh "$FDG_SRC/tests/package/installed.sh" "$tmp/programs"
echo "$?" >works
dpkg -P fdguard >purged.log 2>&1 || { cat purged.log; exit 1; }
chroot "$root" dpkg-query -W -f '${Status}' fdguard >status 2>&1
# What is in the layer and not below it, but for the notes of those who were there.
(cd layer/up && find . ! -path './var/lib/dpkg/*' ! -path './var/log/*' ! -path './var/cache/*') |
	while read -r entry; do
		[ -e "/$entry" ] || [ -L "/$entry" ] || echo "$entry"
	done >left
(cd layer/up && find . -name '*fdguard*' ! -path './var/cache/man/*') >>left
END_INSIDE
# dpkg's notes are root's, also in a namespace.
become=
[ "$(id -u)" -eq 0 ] || become='sudo -n'
# shellcheck disable=SC2086 # words
check 'installed and purged' $become env tmp="$tmp" FDG_SRC="$FDG_SRC" PATH="$PATH" unshare --mount sh -u inside.sh "$package"
same 'it works in between' 0 "$(cat works)"
check 'dpkg has forgotten it' grep -q 'no packages found' status
same 'nothing is left' '' "$(cat left)"
finish
