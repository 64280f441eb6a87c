package imagefs

// Sum is the digest by which contents are compared.
func Sum(data []byte) string { return sum(data) }
