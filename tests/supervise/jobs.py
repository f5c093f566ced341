#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""jobs.py SHELL… -- PROGRAM…: an interactive shell at a terminal, and what its keys do to a program. Prints what was seen, without times and numbers of processes."""
import fcntl, os, pty, re, select, signal, struct, sys, termios

shell, program = (' '.join(sys.argv[1:]).split(' -- '))
pid, tty = pty.fork()
if pid == 0:
    os.environ.update(PS1='$ ', TERM='dumb', HISTFILE='')
    os.execvp(shell.split()[0], shell.split())
seen = ''


def until(pattern, what, again=None):
    """Reads until the pattern comes, and prints what it caught. Where nobody tells when a key would count, it is pressed again."""
    global seen
    quiet = 0
    while not (m := re.search(pattern, seen)):
        while not select.select([tty], [], [], .1)[0]:
            quiet += 1
            if again:
                again(quiet)
            if quiet < 150:
                continue
            print(f'{what}: nothing came; the last that did: {seen[-300:]!r}')
            os.kill(pid, signal.SIGKILL)
            sys.exit(1)
        try:
            seen += os.read(tty, 4096).decode(errors='replace')
        except OSError:
            seen += '<end>'
    print(what + ':', ' '.join(m.groups()))
    seen = seen[m.end():]


def key(c):
    os.write(tty, c.encode())


def resize(columns):
    fcntl.ioctl(tty, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))


key('echo begin-$((40+2))\n')
until(r'(begin-42)\r', 'the shell')
key(program + '\n')
until(r'(ready)\r', 'the program')
resize(77)
until(r'(columns: \d+)', 'resized')
key('\x1a')
until(r'(Stopped)', 'Ctrl-Z')
key('echo status-$?\n')
until(r'status-(\d+)', 'its status')
key('bg\n')
until(r'(continued, in the foreground: \d)', 'bg')
key('echo jobs: $(jobs -r | wc -l)\n')
until(r'jobs: (\d+)\r', 'running')
key('fg\n')
until(r'(columns: 99)', 'fg, and resized', lambda n: resize(98 + n % 2))
key('\x1a')
until(r'(Stopped)', 'Ctrl-Z again')
key('fg\n')
until(r'(continued, in the foreground: 1)', 'fg')
key('\x03')
key('echo status-$?\n')
until(r'status-(\d+)', 'Ctrl-C')
key(program + ' | cat; echo status-$((PIPESTATUS[0]))\n')
until(r'(ready)\r', 'in a pipeline')
key('\x1c')
until(r'status-(\d+)', 'Ctrl-\\')
key('set +o monitor; ' + program + ' & sleep 0.2; kill $!; wait $!; echo status-$?\n')
until(r'status-(\d+)', 'kill $!')
key('exit 5\n')
until(r'(<end>)', 'the shell')
print('exit', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
