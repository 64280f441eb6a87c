# Compares the files $paths with what is expected of them: $want has the SHA-256 of each, or '' for none.
for ($i=0;$i -lt $paths.Count;$i++) {
	$have=''
	if ([IO.File]::Exists($paths[$i])) {
		$f=[IO.File]::Open($paths[$i],'Open','Read','Read')
		$have=Sum $f
		$f.Close()
	}
	if ($have -ne $want[$i]) {throw 'offlinejoin: a file has changed'}
}
