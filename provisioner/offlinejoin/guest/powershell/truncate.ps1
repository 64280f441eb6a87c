# Gives the file $path the size $size, and waits for the disk.
$f=[IO.File]::Open($path,'Open','ReadWrite','None')
$f.SetLength($size)
$f.Flush($true)
$f.Close()
