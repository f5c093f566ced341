# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# ssh-keygen, which closes what it inherited, and tar with the compressors that it starts.
. "$FDG_SRC/tests/compat/compare.sh"
need ssh-keygen tar xz gzip

ssh-keygen -q -t ed25519 -N '' -C old -f seed/old </dev/null
echo "old@example.org $(cat seed/old.pub)" >seed/signers
echo "a message" >seed/message
cat >seed/keys.script <<'END'
for type in ed25519 ecdsa rsa; do
	ssh-keygen -q -t $type -N '' -C test -f key-$type && ssh-keygen -y -f key-$type | cut -d' ' -f1
done
ssh-keygen -q -p -P '' -N 'new one' -f key-rsa && ssh-keygen -y -P 'new one' -f key-rsa >/dev/null && echo changed
ssh-keygen -l -f old
ssh-keygen -e -f old.pub -m PKCS8
ssh-keygen -Y sign -q -n file -f old message && cat message.sig
ssh-keygen -Y verify -n file -f signers -I old@example.org -s message.sig <message
ssh-keygen -s old -I host -h -n example.org key-ed25519.pub && ssh-keygen -L -f key-ed25519-cert.pub | grep -c .
END
# Keys are random.
volatile='/key-'
filter() { sed 's/SHA256:[^ ]*/SHA256:x/g; s/serial [0-9]* .*/serial/'; }
compare "ssh-keygen" 0 sh keys.script

volatile='^$'
filter() { cat; }
rm -rf seed
mkdir -p seed/tree/empty
for i in 1 2 3 4 5 6 7 8 9; do
	mkdir "seed/tree/$i"
	seq $((i * 10000)) >"seed/tree/$i/numbers"
	ln -s "../$i/numbers" "seed/tree/$i/link"
done
cat >seed/archive.script <<'END'
same='--sort=name --owner=0 --group=0 --numeric-owner --mtime=2020-01-01'
tar -c $same tree | xz -T2 -1 >piped.tar.xz && xz -t piped.tar.xz && cksum piped.tar.xz
XZ_OPT=-1 tar -cJf by-tar.tar.xz $same tree && tar -tvf by-tar.tar.xz
xz -dc piped.tar.xz | tar -x --one-top-level=out -f - && diff -r tree out/tree && echo alike
tar -czf x.tar.gz $same tree && gzip -dc x.tar.gz | tar -t | wc -l
tar -c -I 'xz -0' $same -f custom.tar.xz tree && tar -xOf custom.tar.xz tree/3/numbers | tail -n 1
tar -xf by-tar.tar.xz --to-command='wc -l' | sort
tar -c $same tree | (mkdir copy; cd copy; tar -x) && du -a --apparent-size copy/tree/9/numbers
tar -cM -L 500 $same -f multi.tar -f multi2.tar -f multi3.tar -f multi4.tar tree/1 tree/2 && ls multi*.tar
tar -cf - $same tree --checkpoint=100 --checkpoint-action=exec='sh -c "ls /proc/self/fd | wc -l"' 2>&1 >/dev/null | sort -u
tar -tf missing.tar
tar -xf archive.script
seq 100000 | xz -T0 --block-size=100KiB | xz -d | cksum
rm -f x.tar.gz
exit 0
END
compare "tar and xz" 0 sh archive.script

finish
