# Goes before scripts that print the SHA-256 of a stream.
function Sum($s) {'Sum='+(([Security.Cryptography.SHA256]::Create().ComputeHash($s)|%{$_.ToString('x2')}) -join '')}
