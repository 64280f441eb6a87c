# Writes the file $from in pieces to the file $path, waits for the disk, and prints the SHA-256 of what is there then.
# $w holds the offset and the length of each piece.
$n=[IO.File]::ReadAllBytes($from)
$s=New-Object IO.MemoryStream
$f=[IO.File]::Open($path,'Open','ReadWrite','None')
$o=0
for ($i=0;$i -lt $w.Count;$i+=2) {
	$f.Position=$w[$i]
	$f.Write($n,$o,$w[$i+1])
	$o+=$w[$i+1]
}
$f.Flush($true)
for ($i=0;$i -lt $w.Count;$i+=2) {
	$b=New-Object byte[] $w[$i+1]
	$f.Position=$w[$i]
	[void]$f.Read($b,0,$b.Length)
	$s.Write($b,0,$b.Length)
}
$f.Close()
$s.Position=0
Sum $s
