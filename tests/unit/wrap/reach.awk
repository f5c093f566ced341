# awk -f reach.awk WATCHED SYMBOLS DISASSEMBLY: names the exported functions of libc that make a watched system call themselves, as "name call".
#   WATCHED      lines of "number call"
#   SYMBOLS      nm -D -S --defined-only --with-symbol-versions
#   DISASSEMBLY  objdump -d of x86-64: the number is what %eax was last given before a syscall instruction, at most 16 instructions earlier

function hex(text, i, n) {
	n = 0
	for (i = 1; i <= length(text); i++)
		n = n * 16 + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
	return n
}

FILENAME == ARGV[1] {
	call[$1] = $2
	next
}

FILENAME == ARGV[2] {
	if (NF == 4 && $3 ~ /^[TtWwi]$/ && $4 !~ /PRIVATE/) {
		sub(/@.*/, "", $4)
		first = hex($1)
		names[first] = names[first] " " $4
		size[first] = hex($2)
	}
	next
}

# A function's start, as nm has it; objdump's own labels also name what is private.
/^ +[0-9a-f]+:/ {
	at = hex(substr($1, 1, length($1) - 1))
	if (at in names) {
		inside = at
		number = -1
	}
	if (match($0, /mov +\$0x[0-9a-f]+,%[er]ax/)) {
		split(substr($0, RSTART, RLENGTH), part, /\$0x|,/)
		number = hex(part[2])
		age = 0
	} else if (++age > 16) {
		number = -1
	}
	if ($2 == "syscall" && number in call && at < inside + size[inside]) {
		n = split(names[inside], name, " ")
		for (i = 1; i <= n; i++)
			print name[i], call[number]
	}
}
