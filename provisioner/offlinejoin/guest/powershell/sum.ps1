# Goes before scripts that need the SHA-256 of a stream or of bytes.
function Sum($s) {([Security.Cryptography.SHA256]::Create().ComputeHash($s)|%{$_.ToString('x2')}) -join ''}
