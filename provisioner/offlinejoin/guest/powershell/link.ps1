# Gives the file $path the second name $to, where nothing is. cmd makes it, since New-Item cannot before PowerShell 5.
cmd /c ('mklink /H "{0}" "{1}"' -f $to.Replace('/','\'),$path.Replace('/','\')) >$null
if ($LASTEXITCODE) {throw 'the file gets no second name'}
