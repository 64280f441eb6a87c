# Makes $to a copy of the file $path, and waits for the disk.
[IO.File]::Copy($path,$to,$true)
$f=[IO.File]::Open($to,'Open','ReadWrite','None')
$f.Flush($true)
$f.Close()
