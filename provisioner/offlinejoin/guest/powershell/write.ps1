# Writes pieces of what was sent, from byte $o of $all on, to the file $path, gives it the size $size when that is not
# negative, waits for the disk, and compares the SHA-256 $want of what is there then. $w holds the offset and the length of
# each piece.
$f=[IO.File]::Open($path,'Open','ReadWrite','None')
for ($i=0;$i -lt $w.Count;$i+=2) {
	$f.Position=$w[$i]
	$f.Write($all,$o,$w[$i+1])
	$o+=$w[$i+1]
}
if ($size -ge 0) {$f.SetLength($size)}
$f.Flush($true)
$s=New-Object IO.MemoryStream
for ($i=0;$i -lt $w.Count;$i+=2) {
	$b=New-Object byte[] $w[$i+1]
	$f.Position=$w[$i]
	[void]$f.Read($b,0,$b.Length)
	$s.Write($b,0,$b.Length)
}
$f.Close()
$s.Position=0
if ((Sum $s) -ne $want) {throw 'offlinejoin: it does not hold what was written'}
