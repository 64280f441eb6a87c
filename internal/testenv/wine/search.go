package wine

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/canary"
)

// FilesWith returns the files of this Windows, registry included, in which a secret or a part of it appears in any spelling. It
// stops the Windows first, so that everything is on the disk. Files that are older than the prefix's first test are not
// read, because no test wrote them.
func (p *Prefix) FilesWith(t testing.TB, secrets ...[]byte) []string {
	t.Helper()
	p.Stop(t)
	named := map[string][]byte{}
	for n, secret := range secrets {
		named[fmt.Sprintf("secret %d", n+1)] = secret
	}
	search := canary.For(named)
	found, _, err := search.InTree(p.dir, p.old)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, path := range slices.Sorted(maps.Keys(found)) {
		files = append(files, strings.TrimPrefix(path, p.dir+"/"))
	}
	return files
}

// InRegistry returns how many values of the registry's files have data that is, or contains, the given bytes. It stops
// the Windows first, so that everything is on the disk.
func (p *Prefix) InRegistry(t testing.TB, data []byte) int {
	t.Helper()
	p.Stop(t)
	count := 0
	for _, name := range []string{"system.reg", "user.reg", "userdef.reg"} {
		text, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		oneLine := strings.ReplaceAll(string(text), "\\\n  ", "") // long data goes on in the next line
		count += strings.Count(oneLine, commaHex(data))
	}
	return count
}

// old reports whether no test can have written a file.
func (p *Prefix) old(path string) bool {
	since := p.ready.Add(-2 * time.Second) // file systems' clocks are coarse
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular() && info.ModTime().Before(since) && filepath.Ext(path) != ".reg"
}
