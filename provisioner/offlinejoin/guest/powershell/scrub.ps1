# Overwrites the files $paths with zeros, the first $most bytes of longer ones, waits for the disk, and removes them. What is
# not there is no error.
$z = New-Object byte[] 65536
foreach ($p in $paths) {
if (![IO.File]::Exists($p)) {continue}
$s = [IO.File]::Open($p, 'Open', 'ReadWrite', 'None')
try {$n = [Math]::Min($most, $s.Length); while ($n -gt 0) {$k = [int][Math]::Min(65536, $n); $s.Write($z, 0, $k); $n -= $k}; $s.Flush($true)} finally {$s.Dispose()}
[IO.File]::Delete($p)
}
