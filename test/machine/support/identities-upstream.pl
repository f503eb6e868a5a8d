#!/usr/bin/perl
# Stands where `ollama serve` does, in the unit of a booted machine, and writes down what it was asked: a line
# `REQUEST_ID SERVICE METHOD PATH` in $HOME/requests. Perl, since every Debian has it.
#   POST /api/chat  a chunk in a tenth of a second, until $HOME/enough is there
#   other           200
use strict;
use warnings;
use IO::Handle;
use IO::Socket::INET;

$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';
open(my $record, '>>', "$ENV{HOME}/requests") or die "no record: $!";
$record->autoflush(1);
my $server = IO::Socket::INET->new(LocalAddr => $ENV{OLLAMA_HOST}, Listen => 64, ReuseAddr => 1)
  or die "no listener: $!";

sub chunk { my ($client, $text) = @_; printf $client "%x\r\n%s\r\n", length $text, $text or exit; $client->flush or exit }

while (my $client = $server->accept) {
  next if fork;
  while (my $request = <$client>) {
    my ($length, $id, $service) = (0, '-', '-');
    while (defined(my $line = <$client>)) {
      last if $line eq "\r\n";
      $length = $1 if $line =~ /^content-length: (\d+)/i;
      $id = $1 if $line =~ /^x-request-id: (\S+)/i;
      $service = $1 if $line =~ /^x-service-name: (\S+)/i;
    }
    read($client, my $body, $length);
    my ($method, $path) = split / /, $request;
    # One write: lines of other processes do not get into it.
    syswrite $record, "$id $service $method $path\n";
    print $client "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
    if ($path eq '/api/chat') {
      until (-e "$ENV{HOME}/enough") {
        chunk($client, '{"message":{"content":"more"},"done":false}' . "\n");
        select(undef, undef, undef, 0.1);
      }
      chunk($client, '{"done":true}' . "\n");
    } else {
      chunk($client, '{"version":"0.0.0"}' . "\n");
    }
    print $client "0\r\n\r\n";
    $client->flush;
  }
  exit;
}
