#!/usr/bin/perl
# DMARC (RFC 7489) by Mail::DMARC.
#
# usage: dmarc_peer.pl there
#        dmarc_peer.pl check CASES
#   CASES  a JSON object a line: {"zone": TEXT, "author": DOMAIN, "spf": DOMAIN or null, "dkim": [DOMAIN, …]}; the zone is lines
#          "OWNER. TYPE DATA" and "; FAULT OWNER. SERVFAIL"
#
# check prints "RESULT DISPOSITION" for each case, and "broken: WHY" where it dies. Status 3 where it is not installed. No network.
use strict;
use warnings;

BEGIN { *CORE::GLOBAL::rand = sub { 0 } }    # what decides about pct=

eval { require JSON::PP; require Mail::DMARC::PurePerl; require Net::DNS; 1 } or do { print STDERR $@; exit 3 };

# Stands for Net::DNS::Resolver. Each name but those below _dmarc has an address: whether a domain exists is no matter of DMARC
# (RFC 7489 A.4).
package Fake {
  sub new {
    my ($class, $text) = @_;
    my (%records, %faults);
    for (split /\n/, $text) {
      $faults{lc $1} = 1 if /^; FAULT (\S+)\./;
      push @{$records{lc $1}}, Net::DNS::RR->new($_) if /^(\S+)\. TXT /;
    }
    return bless {records => \%records, faults => \%faults}, $class;
  }

  sub send {
    my ($self, $name, $type) = @_;
    my $packet = Net::DNS::Packet->new($name, $type);
    $packet->header->rcode('SERVFAIL') if $self->{faults}{lc $name};
    $packet->push(answer => @{$self->{records}{lc $name} // []}) if $type eq 'TXT';
    $packet->push(answer => Net::DNS::RR->new("$name. A 192.0.2.1")) if $type eq 'A' && $name !~ /_dmarc/;
    return $packet;
  }

  sub query { my ($self, @question) = @_; my $packet = $self->send(@question); return $packet->answer ? $packet : undef }
}

sub check {
  my ($case) = @_;
  my $dmarc = Mail::DMARC::PurePerl->new;
  $dmarc->set_resolver(Fake->new($case->{zone}));
  $dmarc->{header_from} = $case->{author};    # past its list of top-level domains
  $dmarc->dkim([map { {domain => $_, selector => 's', result => 'pass'} } @{$case->{dkim}}]);
  $dmarc->spf([{domain => $case->{spf} // 'none.example', scope => 'mfrom', result => defined $case->{spf} ? 'pass' : 'none'}]);
  my $result = $dmarc->validate;
  # It leaves "fail" where it has found no record to go by, and has not come to SPF and DKIM.
  return 'none none' if $result->result eq 'fail' && $result->dkim eq '' && $result->disposition eq 'none';
  return $result->result . ' ' . lc $result->disposition;
}

my ($what, $path) = @ARGV;
exit 0 if $what eq 'there';
local $SIG{__WARN__} = sub { };    # it asks to be told of records that it finds odd
open my $cases, '<:raw', $path or die "$path: $!";
while (my $line = <$cases>) {
  my $answer = eval { check(JSON::PP::decode_json($line)) } // "broken: $@";
  $answer =~ s/\n.*//s;
  print "$answer\n";
}
