# Renames the file $path to $to, in place of the file that has the name.
if ([IO.File]::Exists($to)) {
	[IO.File]::Replace($path,$to,[NullString]::Value)
} else {
	[IO.File]::Move($path,$to)
}
