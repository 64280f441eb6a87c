offlinejoin stage --image-path D:\golden\ws2022.vhdx --copy-path D:\vm\web01.vhdx --blob-file secrets\web01.djoin --machine-name WEB01
New-VM -Name web01 -Generation 2 -MemoryStartupBytes 4GB -VHDPath D:\vm\web01.vhdx -SwitchName 'Default Switch'
Start-VM -Name web01
