# Prints the size of the file $path.
'Size='+(New-Object IO.FileInfo $path).Length
