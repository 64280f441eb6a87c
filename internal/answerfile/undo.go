package answerfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// Undo is what [Remove] needs to take a join out of an answer file again. It holds no secret as it is: what was
// replaced is sealed under the account data, which only the file itself has. Its JSON form is for the image's registry.
type Undo struct {
	// AccountData is the SHA-256 of the account data's text, lower-case hex: tells our join from another.
	AccountData string `json:"account_data"`
	// MachineName is the computer name that the join needs, Architecture that of its components.
	MachineName  string `json:"machine_name"`
	Architecture string `json:"architecture"`
	// Created tells that there was no file; Whole that there was one with nothing in it.
	Created bool `json:"created,omitempty"`
	Whole   bool `json:"whole,omitempty"`
	// Splices are, in order of offset, how to get from the new text to the old: bytes to keep, to leave out, and to take
	// from what is sealed. In bytes of the text as UTF-8, without byte order mark.
	Splices [][3]int `json:"splices,omitempty"`
	// Made names what was added, Replaced what was taken away, for a file that was changed since.
	Made     []string `json:"made,omitempty"`
	Replaced []string `json:"replaced,omitempty"`
	// Salt and Sealed hold the SHA-256 of the old file, that of the new one, and all that was taken out of the old one.
	Salt   []byte `json:"salt"`
	Sealed []byte `json:"sealed"`
}

// undo describes how to take splices back. original is the file as it was.
func (p *planner) undo(original, changed []byte, splices []splice, blank bool) (Undo, error) {
	u := Undo{
		AccountData: digest(p.join.AccountData), MachineName: p.join.MachineName, Architecture: p.join.Architecture,
		Created: original == nil, Whole: blank, Made: p.made, Replaced: p.replaced,
	}
	was, is := sha256.Sum256(original), sha256.Sum256(changed)
	secret := slices.Concat(was[:], is[:])
	if blank {
		secret = append(secret, original...)
	} else {
		from := 0
		for _, s := range splices {
			u.Splices = append(u.Splices, [3]int{s.at - from, len(s.added), s.removed})
			secret = append(secret, p.text[s.at:s.at+s.removed]...)
			from = s.at + s.removed
		}
	}
	defer clear(secret)
	var err error
	u.Salt, u.Sealed, err = seal(p.join.AccountData, secret)
	return u, err
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// restore gives the original bytes back. ok is false when the file is not as the join left it.
func (d *document) restore(u Undo, file, sealed []byte) (original []byte, ok bool) {
	if len(sealed) < 2*sha256.Size {
		return nil, false
	}
	was, is, removed := sealed[:sha256.Size], sealed[sha256.Size:2*sha256.Size], sealed[2*sha256.Size:]
	if !hasDigest(file, is) {
		return nil, false
	}
	if u.Whole || u.Created {
		return removed, hasDigest(removed, was)
	}
	text, fits := unsplice(d.text, u.Splices, removed)
	defer clear(text)
	if !fits {
		return nil, false
	}
	original = d.enc.encode(text)
	return original, hasDigest(original, was)
}

func hasDigest(data, want []byte) bool {
	got := sha256.Sum256(data)
	return bytes.Equal(got[:], want)
}

// unsplice takes splices back. fits is false when they are not of this text.
func unsplice(text []byte, splices [][3]int, removed []byte) (out []byte, fits bool) {
	for _, s := range splices {
		keep, skip, take := s[0], s[1], s[2]
		if min(keep, skip, take) < 0 || keep > len(text) || skip > len(text)-keep || take > len(removed) {
			return out, false
		}
		out = append(append(out, text[:keep]...), removed[:take]...)
		text, removed = text[keep+skip:], removed[take:]
	}
	return append(out, text...), len(removed) == 0
}
