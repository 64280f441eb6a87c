package diskimage

// secrets are strings of bytes that are being taken away. A place is known as holding some of one when window bytes there
// are also in it, since a secret can lie in pieces.
type secrets []map[[window]byte]bool

// window is how many bytes in a row are compared.
const window = 8

func (s *secrets) add(b []byte) {
	known := map[[window]byte]bool{}
	for i := 0; i+window <= len(b); i++ {
		w := [window]byte(b[i:])
		if telling(w) {
			known[w] = true
		}
	}
	*s = append(*s, known)
}

// telling reports whether bytes say anything: runs of zeros and the like are everywhere.
func telling(w [window]byte) bool {
	distinct := map[byte]bool{}
	for _, b := range w {
		distinct[b] = true
	}
	return len(distinct) >= 4
}

// mark reports for each byte of old whether it belongs to a secret. Up to window-1 bytes at either end, where the secret
// may go on elsewhere, count when the ones next to them do.
func (s secrets) mark(old []byte) []bool {
	if len(s) == 0 {
		return nil
	}
	marked := make([]bool, len(old))
	found := false
	for i := 0; i+window <= len(old); i++ {
		w := [window]byte(old[i:])
		for _, known := range s {
			if known[w] {
				found = true
				for k := range window {
					marked[i+k] = true
				}
			}
		}
	}
	if !found {
		return nil
	}
	spread(marked)
	return marked
}

// spread marks the ends.
func spread(marked []bool) {
	n := len(marked)
	for i := min(window-2, n-2); i >= 0; i-- {
		marked[i] = marked[i] || marked[i+1]
	}
	for i := max(n-window+1, 1); i < n; i++ {
		marked[i] = marked[i] || marked[i-1]
	}
}
