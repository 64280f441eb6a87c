'SystemRoot='+$env:SystemRoot
'Temp='+[IO.Path]::GetTempPath()
