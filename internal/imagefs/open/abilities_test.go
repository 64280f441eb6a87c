package open_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage/virtdisk"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
)

// The table in the package comment of imagefs is what the kinds of sessions are.
func TestTheTableOfInterfaces(t *testing.T) {
	t.Parallel()
	kinds := map[string]reflect.Type{
		"localdir":  reflect.TypeFor[*localdir.Session](),
		"remotedir": reflect.TypeFor[*remotedir.Session](),
		"diskimage": reflect.TypeFor[*diskimage.Session](),
		"virtdisk":  reflect.TypeFor[*virtdisk.Session](),
	}
	interfaces := map[string]reflect.Type{
		"Secured": reflect.TypeFor[imagefs.Secured](), "Attributed": reflect.TypeFor[imagefs.Attributed](),
		"Linked": reflect.TypeFor[imagefs.Linked](), "Exposed": reflect.TypeFor[imagefs.Exposed](),
		"Retaining": reflect.TypeFor[imagefs.Retaining](), "HeadReader": reflect.TypeFor[imagefs.HeadReader](),
		"Flagged": reflect.TypeFor[imagefs.Flagged](), "Deferred": reflect.TypeFor[imagefs.Deferred](),
		"Making": reflect.TypeFor[imagefs.Making](), "Progressing": reflect.TypeFor[imagefs.Progressing](),
		"Noted": reflect.TypeFor[imagefs.Noted](), "Founded": reflect.TypeFor[imagefs.Founded](),
		"DiskFile": reflect.TypeFor[imagefs.DiskFile](),
	}
	doc, err := os.ReadFile("../doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var columns []string
	for _, line := range regexp.MustCompile(`(?m)^//\t(.*)$`).FindAllStringSubmatch(string(doc), -1) {
		words := strings.Fields(line[1])
		if words[0] == "interface" {
			columns = words[1:5]
			continue
		}
		implemented, known := interfaces[words[0]]
		if !known || len(words) < 6 {
			t.Errorf("%q is no row", line[1])
			continue
		}
		delete(interfaces, words[0])
		for n, kind := range columns {
			if got := kinds[kind].Implements(implemented); got != (words[n+1] == "yes") {
				t.Errorf("%s of %s is %v, and the table says %s", words[0], kind, got, words[n+1])
			}
		}
	}
	if len(columns) != len(kinds) || len(interfaces) > 0 {
		t.Errorf("columns %v; without a row: %v", columns, interfaces)
	}
}
