# SPDX-License-Identifier: ISC
# million_tar.pl FILES FOLDERS BYTES - a tar archive of so many files on standard output.
use strict;
use warnings;
my ($files, $folders, $bytes) = @ARGV;

sub header {
    my ($name, $size, $type) = @_;
    my $head = pack 'a100a8a8a8a12a12a8a1a100a6a2a32a32a8a8a155a12', $name, '0000644', '0000000', '0000000',
        sprintf('%011o', $size), sprintf('%011o', 1700000000), ' ' x 8, $type, '', 'ustar', '00', ('') x 6;
    substr $head, 148, 8, sprintf "%06o\0 ", unpack '%32C*', $head;
    return $head;
}

my $body = 'x' x $bytes . "\0" x (-$bytes % 512);
binmode STDOUT;
for my $folder (0 .. $folders - 1) {
    print header("folder $folder/", 0, 5);
    print header("folder $folder/file number $_.txt", $bytes, 0), $body for 0 .. $files / $folders - 1;
}
print "\0" x 1024;
