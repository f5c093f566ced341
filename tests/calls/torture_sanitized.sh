# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# torture_sanitized.sh PROGRAM SANITIZER: a program built with a sanitizer runs under the preload, and the sanitizer finds nothing.
. "$FDG_SRC/tests/harness/lib.sh"

program=$1 sanitizer=$2
runtime=$(ldd "$program" | sed -n 's/.*lib[atu][bs]*san[^ ]* => \([^ ]*\).*/\1/p' | head -n 1)

# clean SENTENCE COMMAND…: succeeds, says "sane", and no sanitizer complains
clean() {
	sentence=$1
	shift
	if "$@" >out 2>err && [ "$(cat out)" = sane ] && ! grep -q -e Sanitizer -e 'runtime error' err; then
		ok "$sentence"
	else
		bad "$sentence"
		sed 's/^/# /' err | head -n 40
	fi
}

clean "$sanitizer, bare" "$program"
case $sanitizer,$runtime in
address,?*)
	# libasan wants to be first, and says so.
	refuse "address: refused with a sentence when we come first" guarded cloexec=fix "$program" >out 2>err
	clean "address, told not to mind the order" guarded cloexec=fix env ASAN_OPTIONS=verify_asan_link_order=0 "$program"
	FDG_LIB="$runtime:$FDG_LIB"
	clean "address, libasan first" guarded cloexec=fix "$program"
	clean "address, libasan first, all kinds" guarded cloexec.kinds=all "$program"
	;;
*)
	clean "$sanitizer, guarded" guarded cloexec=fix "$program"
	clean "$sanitizer, guarded, all kinds" guarded cloexec.kinds=all "$program"
	;;
esac
check "it was guarded" found '"exe":"[^"]*sanitized.*"id":"run.start"'
finish
