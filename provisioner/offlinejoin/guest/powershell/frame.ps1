# Every script runs in the place of BODY. When it fails, the last line is the low half of the HRESULT, which is a Win32
# code ([MS-ERREF] 2.1), and the text.
$ErrorActionPreference='Stop'
$ProgressPreference='SilentlyContinue'
try {
	# BODY
} catch {
	$e=$_.Exception
	while ($e.InnerException) {$e=$e.InnerException}
	'offlinejoin failed '+($e.HResult -band 65535)+' '+$e.Message
	exit 1
}
