# Perl: hashes, sorting, regular expressions, pack, big numbers, closures, formats.
use strict;
use warnings;
use List::Util qw(sum max reduce);
use Digest::SHA qw(sha256_hex);
use Math::BigInt;
use Storable qw(freeze thaw);
use POSIX qw(floor fmod strtol);

my $seed = 7;
sub draw { $seed = ($seed * 1103515245 + 12345) % 2147483648; return $seed >> 8 }
my @words = map { join '', map { chr(97 + draw() % 26) } 1 .. 3 + draw() % 6 } 1 .. 30000;
my %count;
$count{substr $_, 0, 2}++ for @words;
print join(' ', map { "$_=$count{$_}" } (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 9]), "\n";
my @sorted = sort { length $a <=> length $b || $b cmp $a } @words;
print "@sorted[0 .. 3] @sorted[-3 .. -1]\n";
my $text = join ' ', @words;
my ($vowels, $doubled) = (scalar(() = $text =~ /[aeiou]/g), scalar(() = $text =~ /(\w)\1/g));
(my $swapped = $text) =~ s/\b(\w)(\w+)\b/\u$2$1/g;
print "$vowels $doubled ", sha256_hex($swapped), "\n";
print sha256_hex(pack 'NnCa*w/a*', 1, 2, 3, $text, 'counted'), "\n";
my @fib = (Math::BigInt->new(0), Math::BigInt->new(1));
push @fib, $fib[-1] + $fib[-2] for 1 .. 400;
print "$fib[400]\n", Math::BigInt->new(3)->bpow(300)->bmod('1000000007'), "\n";
my %memo;
my $paths;
$paths = sub { my ($x, $y) = @_; return 1 unless $x && $y; return $memo{"$x,$y"} //= $paths->($x - 1, $y) + $paths->($x, $y - 1) };
print $paths->(16, 16), "\n";
my $copy = thaw(freeze({ words => [@words[0 .. 99]], count => {%count} }));
print scalar(@{ $copy->{words} }), ' ', sum(values %{ $copy->{count} }), "\n";
printf "%.10g %.6e %s %s\n", sum(map { sqrt $_ } 1 .. 20000), exp(1) ** 20, floor(-7.5), fmod(12.5, 5);
printf "%s %d %x %o %08.3f %-6s| %+d\n", 'x', 42.9, 255, 8, 3.14159, 'ab', 7;
my @sieve = (1) x 60000;
for my $n (2 .. 245) { next unless $sieve[$n]; for (my $m = $n * $n; $m < 60000; $m += $n) { $sieve[$m] = 0 } }
print sum(map { $sieve[$_] } 2 .. $#sieve), "\n";
local $_ = 'a' x 24;
print /^(a?){24}a{24}$/ ? "matched\n" : "not matched\n";
print join(',', map { strtol($_, 16) } qw(ff 7f -1a)), ' ', ucfirst(lc 'ÀÉ'), ' ', reverse(sort { $a <=> $b } 1e3, 2.5, -7), "\n";
