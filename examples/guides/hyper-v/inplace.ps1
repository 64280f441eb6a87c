Stop-VM -Name web02
Get-VMSnapshot -VMName web02
offlinejoin stage --image-path D:\vm\web02.vhdx --blob-file secrets\web02.djoin --machine-name WEB02
Start-VM -Name web02
