package odj

import "bytes"

// piece is how much of a blob is looked for at once, in bytes.
const piece = 64

// Remains counts the pieces of a blob, of 64 bytes each, that are in a content, such as the file of a hive from which the blob was
// erased. Pieces that are mostly zeros tell nothing, and are not looked for.
func Remains(content, blob []byte) int {
	found := 0
	for at := 0; at+piece <= len(blob); at += piece {
		p := blob[at : at+piece]
		if bytes.Count(p, []byte{0}) <= piece*5/8 && bytes.Contains(content, p) {
			found++
		}
	}
	return found
}
