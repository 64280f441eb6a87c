# Removes the empty directory $path.
[IO.Directory]::Delete($path,$false)
