package answerfile

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Join is what an answer file is to ask for.
type Join struct {
	// AccountData is the blob as standard base64 without any blank, the text of the element of that name. SECRET
	AccountData []byte
	// MachineName is the computer name in the blob, as the answer file must have it.
	MachineName string
	// Architecture is that of the image: amd64, arm64 or x86.
	Architecture string
}

// Options are the user's decisions.
type Options struct {
	// Replace allows to take away what contradicts the join: another computer name or join in the same pass.
	Replace bool
	// Client tells that the image is a client edition of Windows.
	Client bool
	// Name is what messages call the file, such as its path; empty: "the answer file".
	Name string
}

func (o Options) name() string {
	if o.Name == "" {
		return "the answer file"
	}
	return o.Name
}

// check refuses what would not be a usable answer file, whatever it is merged into.
func (j Join) check() error {
	switch {
	case !slices.Contains(architectures[:], j.Architecture):
		return winerr.Errorf(winerr.TargetVersionUnsupported,
			"an answer file needs the processor architecture of the image, one "+
				"of %s; this one's is unknown: use an image of one of them", strings.Join(architectures[:], ", "))
	case !plainName(j.MachineName):
		return winerr.Errorf(winerr.InvalidMachineNameForJoin,
			"the machine name of the blob cannot be a computer name: make a "+
				"blob for another name")
	}
	if len(j.AccountData) == 0 || len(j.AccountData) > MaxSize/2 {
		return notAccountData()
	}
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(j.AccountData)))
	defer clear(decoded)
	// The decoder skips line breaks, which Setup does not.
	if _, err := base64.StdEncoding.Strict().Decode(decoded, j.AccountData); err != nil ||
		slices.ContainsFunc(j.AccountData, isBlank) {
		return notAccountData()
	}
	return nil
}

func notAccountData() error {
	return winerr.Errorf(winerr.InvalidParameter, "AccountData is not plain base64 in one line: pass the blob as djoin "+
		"/printblob prints it")
}

// plainName accepts what can be text of an element as it is; which computer names Windows takes is for others to judge.
func plainName(name string) bool {
	const longest = 63
	return name != "" && len(name) <= longest && utf8.ValidString(name) && strings.TrimSpace(name) == name &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7F || r&0xFFFE == 0xFFFE })
}
