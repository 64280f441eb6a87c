# Prints the SHA-256 of each of the files $paths, and an empty one for what does not exist.
foreach ($p in $paths) {
	if ([IO.File]::Exists($p)) {
		$f=[IO.File]::Open($p,'Open','Read','Read')
		'Sum='+(Sum $f)
		$f.Close()
	} else {'Sum='}
}
