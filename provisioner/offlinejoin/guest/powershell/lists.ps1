# Lists directories: $asked holds the path of a root, slash-separated names below it in any case, the next root, and so on.
# For each that is there and no link it prints "in INDEX /PATH-BELOW-THE-ROOT-IN-BASE64" and its entries.
for ($i=0;$i -lt $asked.Count;$i+=2) {
	$d=New-Object IO.DirectoryInfo $asked[$i]
	$n=''
	foreach ($p in ($asked[$i+1].Split('/')|?{$_})) {
		if (!$d -or !$d.Exists -or ($d.Attributes -band 1024)) {$d=$null}
		if (!$d) {break}
		$f=@($d.GetDirectories()|?{$_.Name -eq $p})
		$d=$null
		if ($f.Count -eq 1) {
			$d=$f[0]
			$n+='/'+$d.Name
		}
	}
	if (!$d -or !$d.Exists -or ($d.Attributes -band 1024)) {continue}
	'in {0} /{1}' -f ($i/2),[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($n))
	Entries $d
}
