# Goes before scripts that print "ATTRIBUTES SIZE NAME-IN-BASE64" for each entry of a directory.
function Entries($d) {
	foreach ($f in $d.GetFileSystemInfos()) {
		$s=0
		if ($f -is [IO.FileInfo]) {$s=$f.Length}
		'{0} {1} {2}' -f [int]$f.Attributes,$s,[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($f.Name))
	}
}
