package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

const (
	minSecret  = 8  // bytes; fewer are found by accident
	pieceBytes = 24 // of a secret, and all of a shorter one
	pieceUnits = 12 // UTF-16 units of a password
	maxPieces  = 8
	// minDistinct is how many different bytes a piece must have.
	minDistinct = 6
)

// pieces returns up to 8 pieces spread evenly over a long secret, and all of a short one. Of a secret of up to 400
// bytes, such as a password, one piece is whole in every 72 bytes that get out in a row. Pieces that say next to
// nothing, such as padding, are left out.
func pieces(secret []byte) [][]byte {
	if len(secret) < minSecret {
		panic(fmt.Sprintf("canary: a secret of %d bytes is found by accident", len(secret)))
	}
	if len(secret) < 2*pieceBytes {
		return [][]byte{secret}
	}
	n := min(max(len(secret)/(2*pieceBytes), 2), maxPieces)
	var out [][]byte
	for i := range n {
		at := (2*i+1)*len(secret)/(2*n) - pieceBytes/2
		if piece := secret[at : at+pieceBytes]; distinct(piece) >= minDistinct {
			out = append(out, piece)
		}
	}
	return out
}

func distinct(piece []byte) int {
	seen := map[byte]bool{}
	for _, c := range piece {
		seen[c] = true
	}
	return len(seen)
}

// spellings returns how a piece of bytes can be spelled.
func spellings(name string, piece []byte) []needle {
	out := []needle{
		{what: name + ", as it is", text: piece},
		squeezedNeedle(name+", hex", hex.EncodeToString(piece)),
		squeezedNeedle(name+", decimal", fmt.Sprint(piece)),
		squeezedNeedle(name+", Go syntax", strings.TrimPrefix(fmt.Sprintf("%#v", piece), "[]byte")),
		squeezedNeedle(name+", 0x hex", "0x"+strings.Join(strings.Split(fmt.Sprintf("% x", piece), " "), "0x")),
		squeezedNeedle(name+", quoted", strings.Trim(strconv.Quote(string(piece)), `"`)),
		squeezedNeedle(name+", quoted as ASCII", strings.Trim(strconv.QuoteToASCII(string(piece)), `"`)),
	}
	if !bytes.ContainsRune(piece, 0) { // else it is UTF-16, and what squeezing leaves of it may be an innocent name
		out = append(out, squeezedNeedle(name+", as text", string(piece)),
			squeezedNeedle(name+", escaped", escaped(string(piece))))
	}
	// What base64 makes of a piece depends on where in a group of three it starts; the ends mix with the neighbours.
	for shift := range 3 {
		text := base64.StdEncoding.EncodeToString(append(make([]byte, shift), piece...))
		out = append(out, squeezedNeedle(name+", base64", text[4:max(12, len(text)-4)]))
	}
	return keepTelling(out)
}

// unitSpellings returns how numbers that are UTF-16 units can be spelled.
func unitSpellings(units []uint16) []needle {
	const name = "the password's units"
	var padded, escapes strings.Builder
	for _, u := range units {
		fmt.Fprintf(&padded, "%04x", u)
		fmt.Fprintf(&escapes, "u%04x", u)
	}
	return keepTelling([]needle{
		squeezedNeedle(name+", decimal", fmt.Sprint(units)),
		squeezedNeedle(name+", hex", fmt.Sprintf("%x", units)),
		squeezedNeedle(name+", padded hex", padded.String()),
		squeezedNeedle(name+", escaped", escapes.String()),
		squeezedNeedle(name+", Go syntax", strings.TrimPrefix(fmt.Sprintf("%#v", units), "[]uint16")),
	})
}

func squeezedNeedle(what, text string) needle {
	return needle{what: what, text: squeeze([]byte(text)), squeezed: true}
}

// keepTelling drops spellings that squeezing has left too little of.
func keepTelling(needles []needle) []needle {
	var out []needle
	for _, n := range needles {
		if len(n.text) >= minSecret {
			out = append(out, n)
		}
	}
	return out
}

// escaped is how JSON and HCL spell text outside of ASCII, in UTF-16 units.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, "u%04x", r)
		default:
			r -= 0x10000
			fmt.Fprintf(&b, "u%04xu%04x", 0xD800+r>>10, 0xDC00+r&0x3FF)
		}
	}
	return b.String()
}

const separators = `,;:\"[]{}`

// squeeze drops what only separates, and all that differs between the ways to write a thing: the case of letters, the
// two alphabets of base64, line breaks and the NULs of widened text.
func squeeze(content []byte) []byte {
	out := make([]byte, 0, len(content))
	for _, c := range content {
		switch {
		case c <= ' ', strings.IndexByte(separators, c) >= 0:
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c == '-':
			out = append(out, '+')
		case c == '_':
			out = append(out, '/')
		default:
			out = append(out, c)
		}
	}
	return out
}
