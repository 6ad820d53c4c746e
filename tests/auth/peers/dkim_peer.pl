#!/usr/bin/perl
# DKIM by Mail::DKIM; as dkim_peer.py, without the name of the peer. RSA alone.
use strict;
use warnings;

eval { require Mail::DKIM::Signer; require Mail::DKIM::Verifier; require Net::DNS; 1 } or do { print STDERR $@; exit 3 };

sub content {
  my ($path) = @_;
  open my $file, '<:raw', $path or die "$path: $!";
  local $/;
  return scalar <$file>;
}

sub feed {
  my ($dkim, $message) = @_;
  $dkim->PRINT(content($message));
  $dkim->CLOSE;
}

sub verify {
  my ($zone, $message) = @_;
  my %records = map { split / /, $_, 2 } split /\n/, content($zone);
  no warnings 'redefine';
  *Mail::DKIM::DNS::query = sub {
    my ($name) = @_;
    return unless exists $records{$name};
    return Net::DNS::RR->new(owner => $name, type => 'TXT', txtdata => [$records{$name} =~ /(.{1,255})/g]);
  };
  my $dkim = Mail::DKIM::Verifier->new;
  feed($dkim, $message);
  return $dkim->result eq 'pass' ? 'pass' : $dkim->result_detail;
}

sub sign {
  my ($key, $domain, $selector, $algorithm, $form, $message) = @_;
  if ($algorithm ne 'rsa') { print STDERR "no $algorithm\n"; exit 3 }
  require Mail::DKIM::PrivateKey;
  my $dkim = Mail::DKIM::Signer->new(
    Algorithm => 'rsa-sha256', Method => $form, Domain => $domain, Selector => $selector,
    Key => Mail::DKIM::PrivateKey->load(File => $key));
  feed($dkim, $message);
  return $dkim->signature->as_string;
}

my ($what, @arguments) = @ARGV;
exit 0 if $what eq 'there';
print(($what eq 'verify' ? verify(@arguments) : sign(@arguments)), "\n");
