#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# ioselect.pl HOST PORT: says hello, waits for the answer with IO::Select, prints it.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1]) or die "connect: $!\n";
syswrite $s, "hello\n";
IO::Select->new($s)->can_read(10) or die "no answer\n";
sysread $s, my $line, 100;
print "answer: $line";
