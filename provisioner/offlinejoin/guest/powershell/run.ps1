# Runs the script that the file $path begins with, $count bytes of UTF-8. What stands behind it is data, which the script
# finds in $all. The file is overwritten and removed first; then its SHA-256 must be $sum.
$all=[IO.File]::ReadAllBytes($path)
$f=[IO.File]::Open($path,'Open','Write','None')
$f.Write((New-Object byte[] $all.Length),0,$all.Length)
$f.Flush($true)
$f.Close()
[IO.File]::Delete($path)
'Erased=yes'
if ((Sum $all) -ne $sum) {throw 'what was sent did not arrive whole'}
. ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString($all,0,$count)))
