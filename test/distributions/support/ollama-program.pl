#!/usr/bin/perl
# Stands where `ollama serve` does, in the unit of a booted machine: it listens where OLLAMA_HOST says and needs what
# Ollama needs of its sandbox. Perl, since every Debian has it.
#   GET /api/ps  the first half of an answer, and the second when $HOME/go-on is there
#   other        200
# With $HOME/hold in place it listens only when that file is gone.
use strict;
use warnings;
use IO::Socket::INET;

$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';
my $home = $ENV{HOME};
# Ollama makes its key, and reads how much memory there is and which models.
mkdir "$home/.ollama";
open(my $key, '>', "$home/.ollama/id_ed25519") or die "no key: $!";
open(my $memory, '<', '/proc/meminfo') or die "no memory: $!";
opendir(my $models, "$ENV{OLLAMA_MODELS}/manifests") or die "no models: $!";

select(undef, undef, undef, 0.02) while -e "$home/hold";
my $server = IO::Socket::INET->new(LocalAddr => $ENV{OLLAMA_HOST}, Listen => 64, ReuseAddr => 1)
  or die "no listener: $!";

sub chunk { my ($client, $text) = @_; printf $client "%x\r\n%s\r\n", length $text, $text; $client->flush }

while (my $client = $server->accept) {
  next if fork;
  while (my $request = <$client>) {
    my $length = 0;
    while (defined(my $line = <$client>) ) {
      last if $line eq "\r\n";
      $length = $1 if $line =~ /^content-length: (\d+)/i;
    }
    read($client, my $body, $length);
    my $path = (split / /, $request)[1];
    print $client "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    chunk($client, '{"models":[],"path":"' . $path . '"}' . "\n");
    if ($path eq '/api/ps') {
      select(undef, undef, undef, 0.02) until -e "$home/go-on";
      chunk($client, '{"second":"half"}' . "\n");
    }
    print $client "0\r\n\r\n";
    $client->flush;
  }
  exit;
}
