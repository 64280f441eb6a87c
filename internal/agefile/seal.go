package agefile

import (
	"bytes"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Seal encrypts content so that each of the recipients can open it, binary or as armored text.
func Seal(content []byte, to *Recipients, asText bool) ([]byte, error) {
	if to.Len() == 0 {
		return nil, winerr.Errorf(winerr.InvalidParameter, "there is nobody to encrypt to: give a recipient")
	}
	var file bytes.Buffer
	layers := []io.WriteCloser{}
	var out io.Writer = &file
	if asText {
		text := armor.NewWriter(out)
		layers, out = append(layers, text), text
	}
	sealed, err := age.Encrypt(out, to.keys...)
	if err != nil {
		return nil, winerr.Errorf(winerr.InvalidParameter, "these recipients cannot be mixed: post-quantum keys (age1pq1…) "+
			"go with their like only, or the file would be as weak as the others")
	}
	if _, err := sealed.Write(content); err != nil {
		return nil, err
	}
	for _, layer := range append([]io.WriteCloser{sealed}, layers...) { // the inner one first
		if err := layer.Close(); err != nil {
			return nil, err
		}
	}
	return file.Bytes(), nil
}
