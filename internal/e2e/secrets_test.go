package e2e

import (
	"hash/fnv"
	"os"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/odj"
)

// secrets searches all that packer, terraform and the command line leave outside of the image, and the image once the
// join is taken back. It needs no domain: the blob is composed, with a password as Windows chooses it.
func secrets(t *testing.T, p programs) {
	w := world{env: plugged(t, p), image: sampleImage, blob: composeBlob}
	w.run(t, "secrets")
}

// ridOf gives each machine an account of its own.
func ridOf(machine string) uint32 {
	sum := fnv.New32a()
	sum.Write([]byte(machine))
	return 1100 + sum.Sum32()%1_000_000
}

func composeBlob(t testing.TB, machine, file string) {
	t.Helper()
	password, err := odj.RandomPassword(nil)
	must(t, err)
	b, err := odj.Compose(odj.Join{
		MachineName: machine, Password: password, DNSDomain: "odj.test", NetBIOSDomain: "ODJ",
		DomainGUID: "3f2a6c1e-94d7-4b58-8a0d-51c7e2b9f604",
		DomainSID:  "S-1-5-21-1004336348-1177238915-682003330", Rid: ridOf(machine),
		DC: odj.DomainController{Name: "dc1.odj.test", Address: "192.0.2.10", Flags: 0xE00011BD},
	})
	must(t, err)
	must(t, os.WriteFile(file, b.DjoinFile(), 0o600))
}
