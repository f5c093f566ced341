# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Programs that no finding is about and that did not run guarded are named, in text and in JSON: left out by options, or ended before they began.
. "$FDG_SRC/tests/check/lib.sh"
need python3 "$FDG_CC"

absent() { python3 -c '
import json
run = json.load(open("run.json"))
print(run["left_out"], run["never_began"], *(f"""{a["why"]}:{a["exe"].rsplit("/")[-1]}:{a["count"]}""" for a in run["absent"]))'; }

exits 'two programs are left out' 0 --set skip=true,cat -- sh -c '/bin/true; /bin/true; cat /dev/null; :'
says 'which is counted' '^Not in these counts: 3 programs that only or skip left out$'
says 'and they are named' '^  /.*/true, 2 times, once as pid [0-9]*$'
says 'each' '^  /.*/cat, pid [0-9]*$'
exits 'as JSON' 0 --set skip=true,cat --json --log run.json -- sh -c '/bin/true; /bin/true; cat /dev/null; :'
same 'the same' '3 0 left_out:cat:1 left_out:true:2' "$(absent)"

echo 'int answer(void) { return 42; }' >library.c
echo 'int answer(void); int main(void) { return answer() != 42; }' >program.c
"$FDG_CC" -shared -fPIC -o libanswer.so library.c && "$FDG_CC" -o lacking program.c -L. -lanswer || bad 'a program with a library'
rm libanswer.so
exits 'a program that lacks its library' 0 --json --log run.json -- sh -c './lacking 2>/dev/null; :'
same 'is in JSON' '0 1 never_began:lacking:1' "$(absent)"
exits 'in text' 0 -- sh -c './lacking 2>/dev/null; :'
says 'by name as well' '^  /.*/lacking, pid [0-9]*$'
exits 'none' 0 -- true
says_not 'no word of it' 'Not in these counts'
finish
