# Prints "ATTRIBUTES SIZE NAME-IN-BASE64" for each entry of the directory $path. 1024 is a reparse point ([MS-FSCC] 2.6).
$d=New-Object IO.DirectoryInfo $path
if (!$d.Exists) {throw (New-Object IO.DirectoryNotFoundException)}
if ($d.Attributes -band 1024) {throw 'it is a link'}
foreach ($f in $d.GetFileSystemInfos()) {
	$s=0
	if ($f -is [IO.FileInfo]) {$s=$f.Length}
	'{0} {1} {2}' -f [int]$f.Attributes,$s,[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($f.Name))
}
