# Prints the first $count bytes of the file $path in hex.
$f=[IO.File]::Open($path,'Open','Read','ReadWrite')
$b=New-Object byte[] $count
$n=$f.Read($b,0,$count)
$f.Close()
'Head='+[BitConverter]::ToString($b,0,$n)
