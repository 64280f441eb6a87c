# Makes the directory $path. .NET's own call would take a directory that is there.
[void](New-Item -ItemType Directory -Path $path)
