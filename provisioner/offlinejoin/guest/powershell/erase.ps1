# Overwrites the file $path with zeros and removes it, if it is there.
if ([IO.File]::Exists($path)) {
	$f=[IO.File]::Open($path,'Open','Write','None')
	$z=New-Object byte[] $f.Length
	$f.Write($z,0,$z.Length)
	$f.Flush($true)
	$f.Close()
	[IO.File]::Delete($path)
}
