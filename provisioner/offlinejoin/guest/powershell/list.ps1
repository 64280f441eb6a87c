# Prints the entries of the directory $path. 1024 is a reparse point ([MS-FSCC] 2.6).
$d=New-Object IO.DirectoryInfo $path
if (!$d.Exists) {throw (New-Object IO.DirectoryNotFoundException)}
if ($d.Attributes -band 1024) {throw 'it is a link'}
Entries $d
