# Prints, for each of the files $paths, a line "File=LENGTH" and then its bytes, packed by gzip and in base64; a line "File=-"
# for what is not there or is a link.
foreach ($p in $paths) {
	$i=New-Object IO.FileInfo $p
	if (!$i.Exists -or ($i.Attributes -band 1024)) {
		'File=-'
		continue
	}
	$m=New-Object IO.MemoryStream
	$z=New-Object IO.Compression.GZipStream $m,([IO.Compression.CompressionMode]::Compress)
	$f=[IO.File]::Open($p,'Open','Read','ReadWrite')
	$f.CopyTo($z)
	$f.Close()
	$z.Close()
	'File='+$i.Length
	[Convert]::ToBase64String($m.ToArray(),'InsertLineBreaks')
}
