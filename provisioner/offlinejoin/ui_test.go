package offlinejoin

import (
	"fmt"
	"io"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
)

// testUI writes what a user would see, unfiltered. Packer's own BasicUi reads the secrets of its filter without the lock
// that adding one takes (v0.6.7), and tests that run at once add theirs.
type testUI struct {
	*packersdk.MockUi
	to io.Writer
}

func newTestUI(to io.Writer) testUI { return testUI{new(packersdk.MockUi), to} }

// Say and Message write a line.
func (u testUI) Say(text string)     { fmt.Fprintln(u.to, text) }
func (u testUI) Message(text string) { u.Say(text) }
