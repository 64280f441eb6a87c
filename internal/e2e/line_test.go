package e2e

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/wine"
)

// line goes the way of one join, from HCL to a machine that has logged on: once through packer, twice through
// terraform and once by the command line. Before that, blobs of our own making join; after it, it searches for secrets
// again, with the blob of a live domain.
func line(t *testing.T, p programs) {
	testenv.Tool(t, "xmllint") // cuts the account data out of answer files, as Windows Setup does
	dc := startDomain(t)
	first := &machine{prefix: wine.New(t)}
	w := world{env: append(plugged(t, p), dc.env()...), image: realImage, blob: dc.provision, boot: first.boot}
	dc.ready(t)
	t.Run("composed", func(t *testing.T) { composedJoins(t, dc) })
	t.Run("native", func(t *testing.T) { native(t, first.prefix) })
	w.run(t, "line")
	w.run(t, "secrets")
}
