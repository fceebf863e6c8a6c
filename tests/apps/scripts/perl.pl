use strict; use warnings; use List::Util qw(sum max); use POSIX qw(floor fmod); use Digest::MD5 qw(md5_hex);
my %n; open my $f, '<', 'words.txt' or die; while (<$f>) { $n{$_}++ for split } print "$_ $n{$_}\n" for sort keys %n;
print join(',', map { sprintf '%.3f', sin $_ } 1 .. 5), ' ', sum(1 .. 100), ' ', 2**0.5, ' ', floor(-1.5), ' ', fmod(7, 3), "\n";
my $s = 'The year 1999 and 2024'; (my $t = $s) =~ s/(\d+)/<$1>/g; print "$t ", scalar reverse('abc'), ' ', md5_hex($s), "\n";
my @sorted = sort { $a <=> $b } map { ($_ * 7919) % 1009 } 1 .. 20; print "@sorted[0..4] ", max(@sorted), "\n";
print pack('N n C a4', 1, 2, 3, 'xyz') =~ s/(.)/sprintf '%02x', ord $1/gser, ' ', 18446744073709551615, ' ', 1e15 + 0.5, "\n";
print `echo from a child`; my $pid = fork; exit 5 if $pid == 0; waitpid $pid, 0; print $? >> 8, "\n"; local $SIG{ALRM} = sub { die "alarm\n" };
eval { alarm 1; 1 while 1; }; print "caught $@"; printf "%s\n", join '', map { chr } 72, 105; exit 4;
