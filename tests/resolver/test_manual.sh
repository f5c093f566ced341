#!/bin/sh
# SPDX-License-Identifier: MIT
# fdguard-resolver(3): the example, as it stands in the page that man shows, is compiled and run, against the library that was built and one that was installed;
# with the library's exports, and what fdguard-resolve(1) says of the options.
set -u
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/resolver/serving.sh
. "$FDG_SRC/tests/resolver/serving.sh"
need man col nm objdump pkg-config unshare clang

page=$FDGUARD_BUILD_DIR/shim/fdguard-resolver.3
check 'the page was made' [ -s "$page" ]
# shown PAGE: as on a screen.
shown() { MANWIDTH=160 MANPAGER=cat LC_ALL=C man --encoding=ascii --no-hyphenation --no-justification -l "$1" 2>/dev/null | col -b -x; }
shown "$page" >page
awk '/^EXAMPLE/ { on = 1; next } on && /^       *#include/ { code = 1 } on && /^       [A-Z]/ && code { exit } /^[A-Z]/ { on = 0 } on && code' page |
	sed 's/^           //' >example.c
check 'it has a program' grep -q '^int main(void)' example.c

prefix=$tmp/prefix
check 'installed' sh -c 'cmake --install "$0" --prefix "$1" >install.log 2>&1' "$FDGUARD_BUILD_DIR" "$prefix"
pc=$(find "$prefix" -name fdguard-resolver.pc)
PKG_CONFIG_PATH=${pc%/*}
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # words
check 'it compiles against what is installed, as the page says' "${FDG_CC:-cc}" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -o example example.c \
	$(pkg-config --cflags --libs fdguard-resolver)
# shellcheck disable=SC2046
check 'and statically' "${FDG_CC:-cc}" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -o example-static example.c $(pkg-config --cflags fdguard-resolver) \
	"$FDGUARD_BUILD_DIR/lib/libfdguard-resolver.a"
needed=$(objdump -p example | sed -n 's/^ *NEEDED *//p' | grep -c '^libfdguard-resolver\.so\.0$')
same 'by its soname' 1 "$needed"
printf '%s\n' '#include <fdguard/resolver.h>' 'int main() { return fdg_resolver_version() == nullptr; }' >cxx.cc
# shellcheck disable=SC2046
check 'the header is C++ too' clang -x c++ -std=c++11 -Wall -Wextra -Werror -fsyntax-only $(pkg-config --cflags fdguard-resolver) cxx.cc

# In a namespace where the server of resolv.conf is ours.
cat >inside.sh <<'END'
mount -t tmpfs none /etc && ip link set lo up || exit 99
printf 'nameserver 127.0.0.1\n' >/etc/resolv.conf
printf '127.0.0.1 localhost\n' >/etc/hosts
. "$FDG_SRC/tests/resolver/serving.sh"
serve --port 53
printf 'localhost\nok1.x.example\nnx.x.example\n192.0.2.7\n' | "$1" >"$2"
echo $? >>"$2"
served
END
enter=
[ "$(id -u)" -eq 0 ] || enter='--user --map-root-user'
for program in example example-static; do
	library=$(find "$prefix" -name libfdguard-resolver.so)
	# shellcheck disable=SC2086
	LD_LIBRARY_PATH=${library%/*} unshare $enter --net --mount sh -u inside.sh "./$program" "$program.out"
	same "$program: what it prints" '192.0.2.7 192.0.2.7|localhost 127.0.0.1|nx.x.example -|ok1.x.example 2001:db8::1|status 1' \
		"$(sed 's/^\(nx.* -\) .*/\1/; s/^\([0-9]\)$/status \1/' "$program.out" | LC_ALL=C sort | paste -s -d '|' -)"
done

grep -v typedef "$FDG_SRC/shim/include/fdguard/resolver.h" | grep -o '^[a-z].*fdg_resolver_[a-z_]*(' | grep -o 'fdg_resolver_[a-z_]*(' | tr -d '(' | sort -u >functions
same 'the library exports what the header has, and nothing else' \
	"$(cat functions)" \
	"$(nm -D --defined-only "$FDGUARD_BUILD_DIR/lib/libfdguard-resolver.so" | sed -n 's/.* T \([a-z_]*\).*/\1/p' | sort -u)"
for function in $(cat functions); do
	grep -q "$function" page || echo "$function"
done >missing
same 'the page has each function' '' "$(cat missing)"

shown "$FDGUARD_BUILD_DIR/shim/fdguard-resolve.1" >page
"$FDG_BIN/fdguard-resolve" --help | grep -o -e '^  -[-a-z46]*' | tr -d ' ' >options
for option in $(cat options); do
	grep -q -e "^       $option" page || echo "$option"
done >missing
same 'fdguard-resolve(1) has each option' '' "$(cat missing)"
check 'and --help has options' [ "$(wc -l <options)" -ge 8 ]
finish
