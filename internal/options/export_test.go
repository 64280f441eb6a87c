package options

// Known returns every word that has documentation, in no order.
func Known() []Word {
	known := make([]Word, 0, len(words))
	for w := range words {
		known = append(known, w)
	}
	return known
}
