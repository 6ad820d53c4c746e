#!/usr/bin/perl
# ARC by Mail::DKIM; as arc_peer.py.
use strict;
use warnings;

eval { require Mail::DKIM::ARC::Signer; require Mail::DKIM::ARC::Verifier; require Net::DNS; 1 }
  or do { print STDERR $@; exit 3 };

sub content {
  my ($path) = @_;
  open my $file, '<:raw', $path or die "$path: $!";
  local $/;
  return scalar <$file>;
}

sub feed {
  my ($arc, $message) = @_;
  $arc->PRINT(content($message));
  $arc->CLOSE;
}

sub verify {
  my ($zone, $message) = @_;
  my %records = map { split / /, $_, 2 } split /\n/, content($zone);
  no warnings qw(redefine once);
  *Mail::DKIM::DNS::query = sub {
    my ($name) = @_;
    return unless exists $records{$name};
    return Net::DNS::RR->new(owner => $name, type => 'TXT', txtdata => [$records{$name} =~ /(.{1,255})/g]);
  };
  my $arc = Mail::DKIM::ARC::Verifier->new;
  feed($arc, $message);
  return $arc->result . ' ' . $arc->result_detail . "\n";
}

sub sign {
  my ($key, $domain, $selector, $chain, $authserv_id, $message) = @_;
  require Mail::DKIM::PrivateKey;
  my $arc = Mail::DKIM::ARC::Signer->new(
    Algorithm => 'rsa-sha256', Chain => $chain, Domain => $domain, SrvId => $authserv_id, Selector => $selector,
    Key => Mail::DKIM::PrivateKey->load(File => $key));
  feed($arc, $message);
  die $arc->{details} // 'not sealed' unless $arc->result eq 'sealed';
  return map { "$_\r\n" } $arc->as_strings;
}

my ($what, @arguments) = @ARGV;
exit 0 if $what eq 'there';
print $what eq 'verify' ? verify(@arguments) : sign(@arguments);
