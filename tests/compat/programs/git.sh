# SPDX-License-Identifier: MIT
# git's everyday work, with what it starts: hooks, gc, upload-pack, pagers, editors, filters.
set -u
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org
export GIT_AUTHOR_DATE='2020-01-02T03:04:05Z' GIT_COMMITTER_DATE='2020-01-02T03:04:05Z'
export GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
git config --global init.defaultBranch main
git config --global pack.threads 1
git config --global advice.detachedHead false
git config --global protocol.file.allow always
git config --global gc.autoDetach false
here=$PWD

git init project
cd project || exit 1
for i in 1 2 3 4 5 6 7 8; do
	mkdir -p "dir$i"
	seq "$i" 200 >"dir$i/numbers"
	git add .
	git commit -m "commit $i"
done
cat >.git/hooks/post-commit <<'END'
#!/bin/sh
echo "hook: $(git log -1 --format=%s)"
ls /proc/self/fd | wc -l
END
chmod +x .git/hooks/post-commit
echo change >>dir1/numbers
git commit -am "with a hook"
GIT_EDITOR='sh -c "echo from an editor >\$1" sh' git commit --allow-empty
git log --oneline --stat | tail -n 12
GIT_PAGER=cat git --paginate log -1 --format=%B
git branch side HEAD~3
git checkout side
echo side >side
git add side
git commit -m "on the side"
git checkout main
git merge --no-edit side
git tag -a -m "a tag" v1
git rebase --onto HEAD~2 HEAD~1 side
git checkout main
git stash list
echo dirty >>dir2/numbers
git stash
git stash pop
git checkout -- .
git gc --quiet
git repack -adq
git fsck --strict
git count-objects -v | grep count
git worktree add ../tree side
git worktree list | sed "s|$here|.|"
git archive v1 | tar -t | wc -l
git bundle create ../bundle main 2>&1 | grep -c .
git grep -c 200 | tail -n 2
git diff HEAD~1 --stat
git format-patch -2 -o ../patches | sed "s|$here|.|"
git bisect start HEAD HEAD~5
git bisect run sh -c 'test ! -e side' | tail -n 3
git bisect reset
cd ..
git clone --quiet "file://$here/project" clone
git clone --quiet --depth 2 "file://$here/project" shallow
git clone --quiet --bare project bare.git
git clone --quiet bundle -b main from-bundle
cd clone || exit 1
git config filter.up.clean 'tr a-z A-Z'
echo '*.up filter=up' >.gitattributes
echo text >x.up
git add .
git commit -m "filtered"
git show :x.up
git push --quiet ../bare.git HEAD:refs/heads/pushed
git fetch --quiet ../project
git remote show origin | sed "s|$here|.|"
git -C ../bare.git log --oneline pushed | head -n 1
git submodule --quiet add "file://$here/project" sub
git submodule status
git -C ../project log --format=%H --all | sort | sha256sum
