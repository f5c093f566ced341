# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What is not the same is told apart: functions whose long names begin alike, names with dots, more places than a child is told of, callers of a function that makes
# descriptors for others. Names in a sentence are those that people know, and short.
. "$FDG_SRC/tests/check/lib.sh"
need g++ strip

# ---- names ----
long=$(printf 'f%.0s' $(seq 250))
cat >names.c <<EOF
#include "children.h"
#include <sys/socket.h>
#define LEAK(name, symbol) int name(void) __asm__(symbol); __attribute__((noipa)) int name(void) { return socket(AF_INET, SOCK_DGRAM, 0); }
LEAK(one, "${long}one") LEAK(two, "${long}two") LEAK(old, "net.oldBug") LEAK(new, "net.newBug")
static int (*const leak[])(void) = { one, two, old, new };
int main(int argc, char **argv)
{
	char *program[] = { (char *)"true", 0 };
	while (--argc)
		leak[atoi(argv[argc])]();
	return child_run("fork", program);
}
EOF
"$FDG_CC" -D_GNU_SOURCE -I"$FDG_SRC/tests/guards" -o names names.c || bad 'names'
for pair in '0 1' '2 3'; do
	exits "$pair: a baseline of one" 0 --baseline "base$pair" --update-baseline -- ./names "${pair% *}"
	says 'is told in the headline' '^fdguard check: passed: 1 finding, taken into the baseline (exit status 0)$'
	exits "$pair: lets it through" 0 --baseline "base$pair" -- ./names "${pair% *}"
	exits "$pair: and not the other in its place" 99 --baseline "base$pair" -- ./names "${pair#* }"
	exits "$pair: nor beside it" 99 --baseline "base$pair" -- ./names "${pair% *}" "${pair#* }"
	same "$pair: where it is the only one" 1 "$(grep -c '\[cloexec\.leaked\]$' summary)"
	grep '^     suppress: ' summary | sed 's/^     suppress: //' >quiet
	exits "$pair: and is suppressed by its line" 0 --set suppressions=quiet --baseline "base$pair" -- ./names "${pair% *}" "${pair#* }"
done
cat >template.cc <<'EOF'
extern "C" {
#include "children.h"
}
#include <map>
#include <string>
#include <vector>
#include <sys/socket.h>
typedef std::map<std::string, std::map<std::vector<std::string>, std::map<std::string, std::vector<std::wstring>>>> much;
template <class T> struct holder {
	__attribute__((noinline)) int first() { return socket(AF_INET, SOCK_DGRAM, 0); }
	__attribute__((noinline)) int second() { return socket(AF_INET, SOCK_DGRAM, 0); }
};
int main(int argc, char **)
{
	char name[] = "true", *program[] = { name, 0 };
	holder<much> h;
	argc > 1 ? h.second() : h.first();
	return child_run("fork", program);
}
EOF
g++ -D_GNU_SOURCE -fpermissive -w -I"$FDG_SRC/tests/guards" -g -o template template.cc || bad 'template'
exits 'a baseline of one method' 0 --baseline methods --update-baseline -- ./template
exits 'is none of another' 99 --baseline methods -- ./template 2
if [ -n "${FDG_LIBDW:-}" ]; then
	says 'which has a name that fits' 'made at holder<.*…>.*::second()+0x[0-9a-f]* (template)'
	same 'on each line' '' "$(grep -v 'suppress:\|^  line\|^  command' summary | grep '.\{400\}')"
	exits 'an inlined function' 99 -- check-places 1
	says 'comes before what it is inlined into' 'made at open_inlined, inlined into make+0x[0-9a-f]* (check-places), and'
fi

# ---- more places than a child is told of ----
{
	echo '#include "children.h"'
	echo '#include <sys/socket.h>'
	for i in $(seq 0 19); do echo "__attribute__((noipa)) int f$i(void) { return socket(AF_INET, SOCK_DGRAM, 0); }"; done
	echo "int (*const f[])(void) = { $(seq -s , -f 'f%g' 0 19) };"
	echo 'int main(int argc, char **argv) { char *program[] = { (char *)"true", 0 }; for (int i = 0; i < atoi(argv[argc - 1]); i++) f[i](); return child_run("fork", program); }'
} >many.c
"$FDG_CC" -D_GNU_SOURCE -I"$FDG_SRC/tests/guards" -o many many.c || bad 'many'
exits 'as many as a child is told of' 0 --baseline many.base --update-baseline -- ./many 13
exits 'are let through' 0 --baseline many.base -- ./many 13
exits 'more of them' 99 --baseline many.base --fail-on error -- ./many 18
says 'are one error' '^  1\. error: true (pid [0-9]*) inherited [456] UDP sockets from many (pid [0-9]*), made at more places than the parent.s note had room for, '
says 'which no baseline holds' 'not told apart: .*no baseline holds them$'
says 'nor a narrow suppression' '^     suppress: cloexec\.leaked site:many:[a-z_]* # wide: all that leaks into what it starts$'
exits 'not even if told to' 99 --baseline many.base --update-baseline -- ./many 18
refuse 'none is in it' grep -q crowded many.base
says 'the others are' '^fdguard check: FAILED: 1 finding'

# ---- callers ----
cat >callers.c <<'EOF'
#include "children.h"
#include <sys/socket.h>
__attribute__((noipa)) int make(void) { int fd = socket(AF_INET, SOCK_DGRAM, 0); return fd; }
__attribute__((noipa)) int first(void) { int fd = make(); return fd + 1; }
__attribute__((noipa)) int second(void) { int fd = make(); return fd + 2; }
int main(int argc, char **argv)
{
	char *program[] = { (char *)"true", 0 };
	first();
	if (argc > 1)
		second();
	return argv[0] ? child_run("fork", program) : 1;
}
EOF
"$FDG_CC" -D_GNU_SOURCE -O1 -fno-optimize-sibling-calls -I"$FDG_SRC/tests/guards" -o callers callers.c || bad 'callers'
exits 'a baseline with callers' 0 --set stacks=2 --baseline with --update-baseline -- ./callers
check 'has them' grep -q ' created=callers:make caller=callers:first peer=none places=1$' with
exits 'another caller' 99 --set stacks=2 --baseline with -- ./callers 2
says 'is another finding' 'called from second'
says 'whose suppression is for all' '^     suppress: cloexec\.leaked site:callers:make # whoever calls it$'
exits 'without stacks' 0 --baseline without --update-baseline -- ./callers
exits 'all callers are one' 0 --baseline without -- ./callers 2
exits 'which stacks do not make new' 0 --set stacks=2 --baseline without -- ./callers 2
finish
