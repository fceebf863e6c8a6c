# Words of a text counted, sorted, and rewritten by regular expressions.
use strict;
use warnings;

my ($file, $rounds) = @ARGV;
open my $in, '<', $file or die "$file: $!";
my @lines = <$in>;
my $total = 0;
for my $round (1 .. $rounds) {
    my %count;
    for my $line (@lines) {
        $count{lc $_}++ for split /[^A-Za-z]+/, $line;
        (my $copy = $line) =~ s/\b([a-z])(\w*)ing\b/\U$1\E$2ed/g;
        $total += length $copy;
    }
    my @top = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
    $total += $count{$top[0]} + @top;
}
print "$total\n";
