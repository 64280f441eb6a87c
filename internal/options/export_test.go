package options

// PasswordLine is passwordLine.
func PasswordLine(content []byte) []byte { return passwordLine(content) }

// Known returns every name that has documentation, in no order.
func Known() []Name {
	known := make([]Name, 0, len(catalogue))
	for name := range catalogue {
		known = append(known, name)
	}
	return known
}
