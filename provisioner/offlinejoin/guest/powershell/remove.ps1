# Removes the files $paths.
foreach ($p in $paths) {[IO.File]::Delete($p)}
