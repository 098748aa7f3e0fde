#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# plot.pl <results.json >plot.svg - a bar for each engine in each workload, operations a second by a
# logarithm, a line for each factor of ten.
use strict;
use warnings;
use JSON::PP;

my @colours = map { "#$_" } qw(1b6ca8 7fb7e0 d1495b edae49 66a182 8d5a97 c9a0dc 777777 bbbbbb);
my ($bar, $gap, $height, $left, $top) = (9, 14, 320, 60, 60);

my $results = decode_json(do { local $/; <STDIN> })->{results};
my (@engines, @workloads, %rate);
for (@$results) {
    my ($engine, $workload) = @$_{qw(engine workload)};
    push @engines,   $engine   unless grep { $_ eq $engine } @engines;
    push @workloads, $workload unless grep { $_ eq $workload } @workloads;
    $rate{$workload}{$engine} = $_->{ops_per_second};
}
die "plot.pl: no results\n" unless @workloads;

sub log10 { log($_[0] < 1 ? 1 : $_[0]) / log(10) }
my ($most) = sort { $b <=> $a } map { values %$_ } values %rate;
my $decades = int(log10($most)) + 1;

sub height_of { $top + $height * (1 - log10($_[0]) / $decades) }

my $group = @engines * $bar + $gap;
my $width = $left + @workloads * $group + 20;
printf qq(<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="10">\n),
    $width, $top + $height + 150;
print qq(<rect width="100%" height="100%" fill="white"/>\n);
print qq(<text x="$left" y="20" font-size="13">Operations a second</text>\n);
for my $i (0 .. $#engines) {
    my ($x, $colour) = ($left + $i * 100, $colours[$i % @colours]);
    print qq(<rect x="$x" y="30" width="10" height="10" fill="$colour"/>),
        sprintf(qq(<text x="%d" y="39">%s</text>\n), $x + 14, $engines[$i]);
}
for my $decade (0 .. $decades) {
    my $y = height_of(10**$decade);
    print qq(<line x1="$left" x2="$width" y1="$y" y2="$y" stroke="#ddd"/>),
        sprintf(qq(<text x="%d" y="%.1f" text-anchor="end">10^%d</text>\n), $left - 5, $y + 3, $decade);
}
for my $w (0 .. $#workloads) {
    my $x = $left + $w * $group;
    for my $i (0 .. $#engines) {
        my $rate = $rate{ $workloads[$w] }{ $engines[$i] } or next;
        my $y = height_of($rate);
        printf qq(<rect x="%d" y="%.1f" width="%d" height="%.1f" fill="%s"><title>%s %s %.0f</title></rect>\n),
            $x + $i * $bar, $y, $bar - 1, $top + $height - $y, $colours[$i % @colours], $engines[$i],
            $workloads[$w], $rate;
    }
    my ($at, $below) = ($x + $group / 2 - $gap / 2, $top + $height + 12);
    print qq(<text transform="translate($at,$below) rotate(60)">$workloads[$w]</text>\n);
}
print "</svg>\n";
