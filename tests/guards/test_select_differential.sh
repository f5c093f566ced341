# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Legitimate calls of select's family come out through us as from the kernel, in every byte and in every mode; and sets that were written past their end
# come out as if they had been long enough. FDG_SEED tries other cases.
. "$FDG_SRC/tests/guards/rules.sh"

seed=${FDG_SEED:-20140701}

# no_errors: at most the one warning that a descriptor beyond 1,023 was obtained; legitimate calls are no overflow.
no_errors() { ! found '"level":"error"' && [ "$(findings '"level":"warning"' | wc -l)" -le 1 ]; }

run() {
	"$@" >out 2>&1
	status=$?
	sed 's/^/# /' out
	return $status
}

for program in select-differential select-differential-canaries; do
	modes='fix report off'
	[ $program = select-differential ] || modes=fix
	check "bare: $program" run timeout 60 $program 36000 "$seed"
	for select in $modes; do
		fresh
		check "$select: $program" run guarded select=$select $program 36000 "$seed"
		check "$select: $program: covered" covered
		check "$select: $program: nothing is called an overflow" no_errors
	done
done

fresh
check "fix: select-images" run guarded select=fix select-images 12000 "$seed"
check "fix: select-images: reported as fixed" found '"id":"select\.overflow","level":"error","action":"fixed"'
# Bare, a timeout with fd 1045 in it is of weeks: a few cases are enough to see that it fails, one way or the other.
select-images 3 1 >out 2>&1
sed 's/^/# /' out
check "bare: select-images goes wrong" grep -q -e 'cases, [1-9][0-9]* wrong' -e 'does not come back' out

finish
