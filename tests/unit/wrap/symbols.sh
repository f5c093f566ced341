# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# symbols.sh OBJECTS: what libfdguard.so exports and imports, and whether calls.def is whole. OBJECTS is a file that lists the object files of
# everything but wrap/, then a line "--", then those of wrap/.
. "$FDG_SRC/tests/harness/lib.sh"
need nm readelf objdump awk

here=$FDG_SRC/tests/unit/wrap
objects=$1
LC_ALL=C
export LC_ALL

# none SENTENCE FILE: the file must be empty; its lines are what is wrong
none() {
	if [ ! -s "$2" ]; then ok "$1"; else
		bad "$1"
		sed 's/^/#   /' "$2" | head -n 40
	fi
}

# ---- calls.def, and what is exported ----

# rows FORMAT-OF-CALL FORMAT-OF-TWIN FORMAT-OF-OLD: calls.def as the preprocessor sees it, one a line
rows() {
	printf '#define CALL(name, required) %s\n#define TWIN(name, call) %s\n#define OLD(name, call, version) %s\n#include "calls.def"\n' \
		"$1" "$2" "$3" | "$FDG_CC" -E -P -x c -I "$FDG_SRC/shim" - | tr -d ' "' | tr ';' '\n' | sed '/^$/d' | sort -u
}

rows 'name;' 'name;' '' >names
rows 'name;' 'name;' 'call@version;' >want
check "calls.def has rows" [ "$(wc -l <names)" -gt 100 ]
nm -D --defined-only --with-symbol-versions "$FDG_LIB" | awk '$2 != "A" { print $3 }' | sed 's/@@.*//' | sort -u >got
comm -23 want got >missing
comm -13 want got >surplus
none "everything in calls.def is exported" missing
none "nothing else is exported" surplus
nm -D --defined-only "$FDG_LIB" | awk '$2 != "A" && $2 !~ /^[TW]$/' >data
none "only functions are exported" data

# ---- what is needed, and how it is linked ----

readelf -dW "$FDG_LIB" >dynamic
readelf -lW "$FDG_LIB" >segments
same "libc alone is needed" "libc.so.6" "$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' dynamic)"
for flag in NOW NODELETE INITFIRST; do
	check "linked with -z $flag" grep -q "FLAGS_1.*$flag" dynamic
done
check "what is relocated is made read-only" grep -q GNU_RELRO segments
check "the stack is not executable" sh -c 'grep GNU_STACK segments | grep -q " RW "'
refuse "no text relocations" grep -q TEXTREL dynamic
refuse "no run path" grep -q -e RPATH -e RUNPATH dynamic
nm -D --undefined-only --with-symbol-versions "$FDG_LIB" >imports
check "it imports something" [ -s imports ]
refuse "thread-local storage is at a fixed offset (no __tls_get_addr)" grep -q __tls_get_addr imports
refuse "nothing that is private to libc is imported" grep -q GLIBC_PRIVATE imports
awk '{ print $NF }' imports | sed 's/@.*//' | sort -u | comm -12 - names >calls-imported
none "nothing of calls.def is imported: wrappers call through the bound pointers" calls-imported
# libgcc's unwinder, which is linked in for stack traces, brings in abort, malloc and free; no code of ours may (below).
grep -w -E '[a-z_]*printf(_chk)?|[fp]uts|putchar|fwrite|calloc|realloc|getenv|secure_getenv|exit|atexit|dlopen|backtrace(_symbols)?' \
	imports >loud
none "no stdio, no getenv, no exit" loud

# ---- object by object ----

sed '/^--$/,$d' "$objects" >core
sed '1,/^--$/d' "$objects" >wrap
check "the lists of objects are there" [ -s core ] && [ -s wrap ]
while read -r object; do
	nm -u "$object" | awk -v file="${object##*/}" '{ print $NF, file }'
done <core | sort -u >core-imports
join names core-imports >core-calls
none "the code outside wrap/ calls nothing of calls.def" core-calls
while read -r object; do
	nm -u "$object" | awk -v file="${object##*/}" '{ print $NF, file }'
done <wrap | sort -u >wrap-imports
# wrap/environ.c edits the environment around system and popen, which use the heap themselves; setenv has no other way. What getaddrinfo and its kin hand out is the program's to free;
# getaddrinfo_a (wrap/gai*.c) is no call for a signal handler, here or in libc, and has threads.
grep -h -w -E '^(malloc|calloc|realloc|reallocarray|free|aligned_alloc|posix_memalign|str(n)?dup|asprintf|getline|[a-z_]*printf(_chk)?|qsort|abort|__assert_fail|pthread_mutex_[a-z]*|getenv|[a-z]*setenv|putenv)' \
	core-imports wrap-imports | grep -v -E -e ' environ\.c\.o$' -e '^(malloc|free) lookup_list\.c\.o$' -e '^(malloc|free) gai(_[a-z]*)?\.c\.o$' -e '^(real|fdg_stub)_' >heap
none "no heap, no stdio, no lock, no abort in any object" heap
cat core-imports wrap-imports | awk '$1 ~ /^pthread_create$|^clone/' >threads
same "two files make threads, for closewait.thread and getaddrinfo_a" "pthread_create gai_tell.c.o pthread_create sweeper.c.o" "$(paste -s -d ' ' threads)"

# ---- completeness: what libc has ----

libc=$(ldd "$FDG_LIB" | awk '$1 == "libc.so.6" { print $3 }')
nm -D -S --defined-only --with-symbol-versions "$libc" >libc-symbols
awk '$(NF - 1) != "A" && $NF !~ /@GLIBC_PRIVATE/ { sub(/@.*/, "", $NF); print $NF }' libc-symbols | sort -u >libc-names
check "libc's names were read" [ "$(wc -l <libc-names)" -gt 2000 ]

grep -v -e '^#' -e '^$' "$here/patterns.txt" >patterns
grep -E -f patterns libc-names >looked-for
comm -13 looked-for names >unpatterned
comm -12 unpatterned libc-names >unpatterned-here
none "every name of calls.def matches a pattern, so that its twins are looked for" unpatterned-here

# A second net, where the machine has it: who makes one of these system calls in his own code. Names that no pattern foresaw are caught here.
if [ "$(uname -m)" = x86_64 ]; then
	objdump -d --no-show-raw-insn -j .text "$libc" >disassembly
	grep -v '^#' "$here/watched.txt" >watched
	awk -f "$here/reach.awk" watched libc-symbols disassembly | sort -u >reach
	for call in close openat socket dup2 execve; do
		check "the second net finds $call in libc" grep -q -x "$call $call" reach
	done
	awk '{ print $1 }' reach | sort -u - looked-for >all && mv all looked-for
fi

grep -v -e '^#' -e '^$' "$here/exempt.txt" >rows
grep -v -E '^[A-Za-z0-9_]+  [^ ]+ [^ ]+ ?.*$' rows >malformed
none "every exempt row is a name, two spaces and a reason of some words" malformed
awk '{ print $1 }' rows | sort >exempt-all
sort -u exempt-all >exempt
same "no name is exempt twice" "" "$(uniq -d exempt-all)"
comm -23 looked-for names | comm -23 - exempt >unknown
none "every name of libc's that is looked for is wrapped (calls.def) or exempt (tests/unit/wrap/exempt.txt, with the reason)" unknown
comm -12 exempt names >both
none "nothing is wrapped and exempt" both
comm -23 exempt libc-names >stale
none "every exempt name is a name of libc's" stale
comm -13 looked-for exempt >idle
none "every exempt name is one that is looked for" idle

# A call that libc has in two versions that are not the same code needs a row for the old one.
awk '$(NF - 1) ~ /^[TtWwi]$/ && $NF !~ /PRIVATE/ { name = $NF; sub(/@.*/, "", name); print name, $1 }' libc-symbols | sort -u |
	awk '{ n[$1]++ } END { for (name in n) if (n[name] > 1) print name }' | sort | comm -12 - names >double
rows '' '' 'call;' >old
comm -23 double old >unversioned
none "every call that libc has in two versions has an OLD row" unversioned
finish
