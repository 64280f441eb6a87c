# Creates the empty file $path. It has the rights that its folder gives.
[IO.File]::Open($path,'CreateNew','Write','None').Close()
