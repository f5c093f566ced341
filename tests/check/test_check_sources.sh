# SPDX-License-Identifier: MIT
# A wrong program in a repository of its own, through `fdguard check`: each format names the file and line where it is to be mended; after the fix they are
# silent. C++ names are told as people write them.
. "$FDG_SRC/tests/check/lib.sh"
here=$FDG_SRC/tests/check
need git /usr/bin/python3 junitparser

mkdir -p repo/src
cat >repo/src/pool.c <<'END'
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef FLAGS
#define FLAGS 0
#endif

/* As a C++ compiler would call dns::Pool::open(int). */
int pool_open(int n) __asm__("_ZN3dns4Pool4openEi");

static inline __attribute__((always_inline)) int one(void)
{
	return socket(AF_INET, SOCK_DGRAM | FLAGS, 0);
}

__attribute__((noinline)) int pool_open(int n)
{
	int last = -1;

	while (n-- > 0)
		last = one();
	return last;
}

int main(void)
{
	if (pool_open(3) < 0)
		return 1;
	return system("/bin/true 7") != 0;
}
END
echo 'all:' >repo/Makefile
(cd repo && git init -q . && git add .)
wrong_line=$(grep -n 'return socket' repo/src/pool.c | cut -d : -f 1)
"$FDG_CC" -g -O1 -o leaky repo/src/pool.c || bad "$FDG_CC"
"$FDG_CC" -g -O1 -DFLAGS=SOCK_CLOEXEC -o sound repo/src/pool.c || bad "$FDG_CC"

# in_repo ARG…: check with all formats, from within the repository.
in_repo() {
	(cd repo/src && "$FDG_RUN" check --sarif ../../out.sarif --junit ../../out.xml --github "$@" >../../out 2>../../summary)
	status=$?
}

field() {
	/usr/bin/python3 -c "import json, sys
r = json.load(open('out.sarif'))['runs'][0]
print(eval(sys.argv[1]))" "$1"
}

in_repo "$tmp/leaky"
same 'the leak fails the run' 99 "$status"
same 'SARIF: the place that made them' "src/pool.c $wrong_line" "$(field "'{uri} {line}'.format(uri=(p := r['results'][0]['locations'][0]['physicalLocation'])['artifactLocation']['uri'], line=p['region']['startLine'])")"
same 'SARIF: inlined, so the caller is related' 'src/pool.c' "$(field "r['results'][0]['relatedLocations'][0]['physicalLocation']['artifactLocation']['uri']")"
check 'SARIF: the C++ name' grep -q '"fullyQualifiedName": "dns::Pool::open(int)"\|"decoratedName": "_ZN3dns4Pool4openEi"' out.sarif
check 'SARIF: valid' /usr/bin/python3 "$here/sarif_rules.py" "$here/sarif-2.1.0.json" out.sarif
check 'JUnit: valid' /usr/bin/python3 "$here/junit_rules.py" out.xml
refuse 'JUnit: it fails' junitparser verify out.xml
check 'JUnit: the source' grep -q "^source: src/pool.c:$wrong_line\$" out.xml
check 'GitHub: file and line' grep -h -q "^::error file=src/pool.c,line=$wrong_line,title=cloexec.leaked::" out summary
says 'the summary has the source' "src/pool.c:$wrong_line"

in_repo "$tmp/sound"
same 'after the fix the run passes' 0 "$status"
same 'SARIF: no result' 0 "$(field "len(r['results'])")"
check 'SARIF: valid without one' /usr/bin/python3 "$here/sarif_rules.py" "$here/sarif-2.1.0.json" out.sarif
check 'JUnit: it passes' junitparser verify out.xml
refuse 'GitHub: no annotation' grep -h -q '^::' out summary

strip leaky
in_repo "$tmp/leaky"
same 'a stripped program: a file that is sure to be there' 'Makefile' "$(field "r['results'][0]['locations'][0]['physicalLocation']['artifactLocation']['uri']")"
check 'a stripped program: SARIF is valid' /usr/bin/python3 "$here/sarif_rules.py" "$here/sarif-2.1.0.json" out.sarif
refuse 'a stripped program: no file in the annotation' grep -h -q '^::error file=' out summary
says 'a stripped program: what is missing is said' 'no source lines for'
finish
