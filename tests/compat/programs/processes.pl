# SPDX-License-Identifier: MIT
# Perl: pipes, forks, IPC::Open3, sockets, duplicates.
use strict;
use warnings;
use Fcntl;
use File::Temp qw(tempfile);
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use IPC::Open2;
use IPC::Open3;
use POSIX qw(:sys_wait_h);
use Socket;
use Symbol 'gensym';
$| = 1;

sub flag { my $v = fcntl($_[0], F_GETFD, 0); return $v + 0 }

print "backticks: ", `echo one; exit 3`, $? >> 8, "\n";
print "system: ", system('sh', '-c', 'exit 4') >> 8, " ", system('exit 5') >> 8, "\n";
print "missing: ", system('/nonexistent'), "\n";

open(my $from, '-|', 'sh', '-c', 'seq 3; ls /proc/self/fd | wc -l') or die;
print "read: $_" while <$from>;
print "close: ", close($from) ? "well" : $?, "\n";
open(my $to, '|-', 'sort -r') or die;
print $to "$_\n" for 1 .. 3;
close($to);

my $pid = open2(my $out, my $in, 'tr', 'a-z', 'A-Z');
print $in "by open2\n";
close $in;
print <$out>;
waitpid $pid, 0;

$pid = open3(my $w, my $r, my $e = gensym, 'sh', '-c', 'cat; echo trouble >&2; exit 6');
print $w "by open3\n";
close $w;
print "out: $_" while <$r>;
print "err: $_" while <$e>;
waitpid $pid, 0;
print "status ", $? >> 8, "\n";

my $kid = open(my $self, '-|') // die;
if (!$kid) { print "from a forked self\n"; exit 7 }
print <$self>;
close $self;
print "status ", $? >> 8, "\n";

for my $i (1 .. 5) {
	my $p = fork // die;
	if (!$p) { exec 'sh', '-c', "exit $i" }
	waitpid $p, 0;
	print "forked ", $? >> 8, "\n";
}

pipe(my $pr, my $pw) or die;
my $child = fork // die;
if (!$child) {
	close $pr;
	open(STDOUT, '>&', $pw) or die;
	exec 'sh', '-c', 'echo through a duplicate; ls /proc/self/fd | wc -l';
}
close $pw;
print <$pr>;
waitpid $child, 0;

{
	local $^F = 20;
	open(my $kept, '<', '/etc/passwd') or die;
	my $n = fileno $kept;
	print "kept across exec: ", `sh -c 'head -c 4 <&$n'`, "\n";
}
open(my $fh, '<', '/etc/passwd') or die;
print "flags: ", flag($fh), flag(*STDIN), "\n";
fcntl($fh, F_SETFD, 0);
my $n = fileno $fh;
print "cleared: ", flag($fh), ` sh -c 'head -c 4 <&$n'`, "\n";

my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die;
my $server = fork // die;
if (!$server) {
	for (1 .. 5) {
		my $c = $listener->accept;
		print $c uc <$c>;
	}
	exit 0;
}
for (1 .. 5) {
	my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $listener->sockport) or die;
	print $c "client $_\n";
	my @ready = IO::Select->new($c)->can_read(10);
	print scalar @ready, " ", scalar <$c>;
}
waitpid $server, 0;
socketpair(my $left, my $right, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
syswrite $left, "pair\n";
print scalar <$right>;
print "socket flags: ", flag($left), flag($listener), "\n";

my ($temp, $name) = tempfile(UNLINK => 1);
print $temp "temporary\n";
$temp->flush;
print `cat $name`;
open(my $saved, '>&', \*STDOUT) or die;
open(STDOUT, '>', 'redirected') or die;
system 'echo by a child';
print "by ourselves\n";
open(STDOUT, '>&', $saved) or die;
open(my $again, '<', 'redirected') or die;
print <$again>;
open(my $same, '<&=', fileno($again)) or die;
print "same: ", fileno($same) == fileno($again), "\n";
$SIG{CHLD} = 'IGNORE';
system 'true';
opendir(my $dir, '/proc/self/fd') or die;
my @open = sort { $a <=> $b } grep { /^\d/ } readdir $dir;
print "open: @open\n";
exec 'sh', '-c', 'echo and exec; exit 9';
