#!/usr/bin/perl
# Shuts connections of a process down, as if the other end of each had closed it: the process sees that, ends what it does
# for them, and counts and logs it. A signal would make nginx leave its counters of connections as they are, for ever.
# Perl, since a shell has no pidfd_getfd(2): perl-base is on every Debian.
# Usage: shut-connections.pl PID START FD…   START as in proc_pid_stat(5): another process may have the number by now
# Exit code 0 where all were shut.
use strict;
use warnings;

my ($pid, $start, @descriptors) = @ARGV;
# The numbers of pidfd_open(2) and pidfd_getfd(2) are the same on every architecture.
my $process = syscall 434, $pid + 0, 0;
exit 1 if $process < 0;
open my $stat, '<', "/proc/$pid/stat" or exit 1;
my @fields = split ' ', readline($stat) =~ s/^.*\) //r;
exit 1 if $fields[19] ne $start;

my $failed = 0;
for my $number (@descriptors) {
  my $descriptor = syscall 438, $process, $number + 0, 0;
  # It may have been closed in the meantime.
  next if $descriptor < 0 && $!{EBADF};
  if ($descriptor < 0 || !open my $socket, '+<&=', $descriptor) {
    $failed = 1;
  } elsif (!shutdown($socket, 2) && !$!{ENOTCONN}) {
    $failed = 1;
  }
}
exit $failed;
