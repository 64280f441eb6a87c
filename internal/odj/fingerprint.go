package odj

import (
	"crypto/sha256"
	"encoding/hex"
	"io"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
)

// fingerprintDomain keeps our digests apart from all others. Its number changes if the canonical form ever does.
const fingerprintDomain = "offlinejoin blob fingerprint 1\x00"

// fingerprint is the SHA-256 of the blob as our own writer would write it: one form for every text encoding, and free
// of what means nothing (pointer numbers, padding, fillers, spare room behind strings).
func fingerprint(tree *provision) (string, error) {
	canonical, err := ndr.Encode(tree.layout)
	if err != nil {
		return "", err
	}
	defer clear(canonical)
	h := sha256.New()
	io.WriteString(h, fingerprintDomain)
	h.Write(canonical)
	return hex.EncodeToString(h.Sum(nil)), nil
}
