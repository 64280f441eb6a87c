package ntfs

// Secrecy says what of a range may be secret.
type Secrecy uint8

// Tx is a transaction.
type Tx struct {
	generation int
}
