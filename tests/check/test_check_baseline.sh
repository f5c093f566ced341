# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A baseline lets the old ones through and stops a new one; suppressions and baseline entries that match nothing are listed.
. "$FDG_SRC/tests/check/lib.sh"

old='cloexec-wrong socket fork show-fds'
new='cloexec-wrong epoll fork show-fds'

# shellcheck disable=SC2086 # words
{
	exits 'a baseline that is not there' 2 --baseline base -- $old
	exits 'made' 0 --baseline base --update-baseline -- $old
	same 'it is one line' 'cloexec.leaked kind=UDP-socket site=cloexec-wrong:child_run created=cloexec-wrong:make_socket peer=none places=1' "$(grep -v '^#' base)"
	exits 'the old one' 0 --baseline base -- $old
	says 'is let through' '^Let through: 1 finding is in the baseline '
	exits 'a new one' 99 --baseline base -- sh -c "$old; $new"
	same 'is the only one that is told' 1 "$(grep -c '\[cloexec\.leaked\]' summary)"
	says 'by name' 'make_epoll'
	cp base before
	exits 'no more' 0 --baseline base -- true
	says 'the stale entry is listed' '^  line 2: cloexec.leaked kind=UDP-socket site=cloexec-wrong:child_run created=cloexec-wrong:make_socket'
	check 'and the file is as it was' cmp -s base before
	exits 'a run that failed is no reason' 5 --baseline base -- sh -c 'exit 5'
	says_not 'to call an entry stale' 'Matched nothing'
	exits 'nor to take it out' 5 --baseline base --update-baseline -- sh -c 'exit 5'
	check 'it is still there' grep -q make_socket base
	sed 's/^cloexec.*/& # known since 2024/' before >base
	exits 'updated' 0 --baseline base --update-baseline -- sh -c "$old; $new"
	same 'with the new one' 2 "$(grep -vc '^#' base)"
	check 'and the reason is kept' grep -q 'make_socket .* # known since 2024$' base
	exits 'updated after a cure' 0 --baseline base --update-baseline -- $new
	refuse 'the cured one is out' grep -q make_socket base
	chmod 640 base
	ln -s base link
	exits 'by way of a link' 0 --baseline link --update-baseline -- $old
	check 'which stays one' test -L link
	same 'and the mode is kept' 640 "$(stat -c %a base)"
	ln -s nowhere dangling
	exits 'a link to nothing' 2 --baseline dangling --update-baseline -- touch ran
	check 'stays one' test -L dangling
	exits 'notes and programs that ran unguarded have no place in it' 98 --no-supervise --baseline none --update-baseline -- sh -c 'check-static; cloexec-wrong socket fork /bin/true; true' --set level=note
	refuse 'none' grep -q '^run' none
}
printf 'cloexec.leaked site=a:b peer=none\nwhat is this\n' >base
exits 'a baseline that is none' 2 --baseline base -- touch ran
says 'says which line' "line 2: is no finding"
printf '\0' >base
exits 'nor is one with a NUL' 2 --baseline base -- touch ran
exits 'nor a directory' 2 --baseline . -- touch ran
refuse 'nothing ran' test -e ran
if [ "$(id -u)" -ne 0 ]; then
	mkdir closed && chmod 555 closed
	exits 'one that cannot be written' 2 --baseline closed/base --update-baseline -- true
fi

# The same code at another address, in another build, is the same finding.
cp "$FDG_SRC/tests/guards/cloexec_twin.h" "$FDG_SRC/tests/guards/children.h" .
{ echo 'int unrelated(int n); int unrelated(int n) { return n * 3 + 1; }'; cat "$FDG_SRC/tests/guards/cloexec_wrong.c"; } >again.c
"$FDG_CC" -D_GNU_SOURCE -O0 -I. -o cloexec-wrong again.c "$FDG_SRC/tests/guards/cloexec_twin.c" || bad 'the other build'
exits 'the baseline' 0 --baseline builds --update-baseline -- cloexec-wrong socket fork show-fds
exits 'holds for another build' 0 --baseline builds -- ./cloexec-wrong socket fork show-fds

cat >quiet <<'EOF'
# what we live with
cloexec.leaked site:cloexec-wrong:make_socket exe:show-* # known
cloexec.leaked site:cloexec-wrong:make_dup
EOF
exits 'suppressed' 0 --set suppressions=quiet -- cloexec-wrong socket fork show-fds
says 'is counted' '^Let through: 1 finding is suppressed '
says 'the stale one is listed' '^  line 3: cloexec.leaked site:cloexec-wrong:make_dup$'
says_not 'the used one is not' '^  line 2'
exits 'another function is not' 99 --set suppressions=quiet -- cloexec-wrong epoll fork show-fds
FDGUARD_OPTIONS=suppressions=quiet exits 'from the environment' 0 -- cloexec-wrong socket fork show-fds
exits 'and an error never hides: a file that is not there' 2 --set suppressions=nosuchfile -- true
printf 'cloexec.leaked site\n' >quiet
exits 'nor one with a mistake' 2 --set suppressions=quiet -- touch ran
says 'which is told by line' "line 1: 'site' is neither"
refuse 'nothing ran, once more' test -e ran
finish
