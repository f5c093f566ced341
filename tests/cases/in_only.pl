#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# in_only.pl BEFORE SECONDS: as in_only.py pipe, on syscall(2).
use strict;
use warnings;
use Errno;
use POSIX ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my $arm = (POSIX::uname())[4] eq 'aarch64';
my ($CREATE1, $CTL, $PWAIT) = $arm ? (20, 21, 22) : (291, 233, 281);
my ($IN, $ADD, $DEL) = (1, 1, 2);
my $form = $arm ? 'L x4 Q' : 'L Q';    # struct epoll_event: packed on x86-64
my ($before, $window) = @ARGV;
my ($heard, $idle) = ('nothing', 0);

pipe(my $reader, my $writer) or die "pipe: $!";
$reader->blocking(0);
my $fd = fileno $reader;
my $epoll = syscall($CREATE1, 0);
syscall($CTL, $epoll, $ADD, $fd, pack($form, $IN, $fd)) == 0 or die "epoll_ctl: $!";
close $writer;

sub hear {
    my $n = sysread($reader, my $data, 100);
    return if !defined $n || $n > 0;
    $heard = 'EOF';
    syscall($CTL, $epoll, $DEL, $fd, 0) == 0 or die "epoll_ctl: $!";
}

sub run_until {
    my $end = shift;
    while ((my $left = $end - clock_gettime(CLOCK_MONOTONIC)) > 0) {
        my $events = "\0" x length pack($form, 0, 0);
        next if syscall($PWAIT, $epoll, $events, 1, int($left * 1000) + 1, 0, 8) != 1;
        my ($what) = unpack $form, $events;
        if ($what & $IN) { hear() } else { $idle++ }
    }
}

# Time, CPU time, the time that it waited for a CPU, and how often it slept.
sub measure {
    my ($f, $waited) = (undef, 0);
    (undef, $waited) = split ' ', <$f> if open $f, '<', '/proc/self/schedstat';
    open $f, '<', '/proc/self/status' or die "status: $!";
    my ($slept) = map { /^voluntary_ctxt_switches:\s*(\d+)/ ? $1 : () } <$f>;
    my ($user, $system) = times;
    return (clock_gettime(CLOCK_MONOTONIC), $user + $system, $waited / 1e9, $slept, $idle);
}

my $start = clock_gettime(CLOCK_MONOTONIC);
run_until($start + $before);
while ($before > 0) {    # as there
    my $slept = (measure())[3];
    run_until(clock_gettime(CLOCK_MONOTONIC) + 0.3);
    last if (measure())[3] > $slept || clock_gettime(CLOCK_MONOTONIC) > $start + $before + 20;
}
my @first = measure();
run_until($first[0] + $window);
my @second = measure();
my ($wall, $cpu, $waited, $slept, $turns) = map { $second[$_] - $first[$_] } 0 .. 4;
print "heard $heard\n";
printf "measured: fd=%d cpu=%.0f busy=%.0f core=%.1f slept=%d idle=%d\n", $fd, 1000 * $cpu, 100 * ($cpu + $waited) / $wall, 100 * $cpu / $wall, $slept, $turns;
