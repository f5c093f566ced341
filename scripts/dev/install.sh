# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # root
# For scripts/test and scripts/demo, which set root: `. scripts/dev/install.sh; need_packages KIND…` installs what packages.txt lists for these
# kinds (build, test, demo) and is not there. Returns 1, having said so, when something is still missing.

# missing_packages LIST KIND…: prints the packages of LIST that are not installed, a space after each.
missing_packages() {
	list=$1
	shift
	while read -r package kinds command; do
		case $package in '' | '#'*) continue ;; esac
		for kind in "$@"; do
			case ,$kinds, in
			*,"$kind",*) ;;
			*) continue ;;
			esac
			if [ -n "$command" ] && command -v "$command" >/dev/null 2>&1; then
				break
			fi
			case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
			installed) ;;
			*) printf '%s ' "$package" ;;
			esac
			break
		done
	done <"$list"
}

# as_root CMD…: as ourselves if we are root, else by sudo.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@"
	fi
}

# apt_install PACKAGE…
apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@" </dev/null
}

need_packages() {
	need=$(missing_packages "$root/scripts/packages.txt" "$@")
	[ -n "$need" ] || return 0
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "Missing, and there is no apt-get here to install it with (Debian's names): $need" >&2
		return 1
	fi
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
		echo "Missing. Run this once as root, then try again: apt-get install $need" >&2
		return 1
	fi
	echo "Installing: $need"
	# shellcheck disable=SC2086 # a list of package names
	{
		set -- /var/lib/apt/lists/*_Packages*
		[ -e "$1" ] && apt_install $need && return 0
		as_root apt-get -q update </dev/null
		apt_install $need && return 0
		# One package that this machine's archive lacks must not keep the others away.
		still=
		for package in $need; do
			apt_install "$package" || still="$still $package"
		done
	}
	[ -z "$still" ] && return 0
	echo "Could not be installed:$still" >&2
	return 1
}
