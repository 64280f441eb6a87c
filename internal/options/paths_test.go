package options_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestPathsOfARunThatAreOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	for _, folder := range []string{"Windows/System32", "other"} {
		if err := os.MkdirAll(at(folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(at("blob"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(at("blob"), at("hard")); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if err := os.Symlink("blob", at("soft")); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("Windows", at("to-image")); err != nil {
			t.Fatal(err)
		}
	}
	use := func(option options.Name, path string) options.Used { return options.Used{Option: option, Path: path} }
	blob, image := use(options.BlobFile, at("blob")), use(options.WindowsPath, at("Windows"))
	for name, c := range map[string]struct {
		paths []options.Used
		want  string // "": fine
		unix  bool
	}{
		"the same":             {[]options.Used{blob, use(options.LedgerFile, at("blob"))}, "ledger_file and blob_file", false},
		"spelled otherwise":    {[]options.Used{use(options.LedgerFile, dir+"/other/..//./blob"), blob}, "ledger_file and blob_file", false},
		"a hard link":          {[]options.Used{blob, use(options.ReportFile, at("hard"))}, "report_file and blob_file", false},
		"a symbolic link":      {[]options.Used{blob, use(options.ReportFile, at("soft"))}, "report_file and blob_file", true},
		"both are new":         {[]options.Used{use(options.ReportFile, at("new")), use(options.LedgerFile, at("new"))}, "report_file", false},
		"the ledger's lock":    {[]options.Used{use(options.IdentityFile, at("l.lock")), use(options.LedgerFile, at("l"))}, "identity_file", false},
		"a file of the backup": {[]options.Used{use(options.Backup, dir), use(options.LedgerFile, at("SYSTEM"))}, "ledger_file", false},
		"the join file":        {[]options.Used{use(options.JoinFile, at("f")), use(options.LedgerFile, at("f"))}, "the join file", false},
		"the image":            {[]options.Used{image, use(options.Backup, at("Windows"))}, "windows_path", false},
		"in the image":         {[]options.Used{use(options.LedgerFile, at("Windows/System32/l")), image}, "is in the image", false},
		"in the image by a link": {
			[]options.Used{use(options.ReportFile, at("to-image/no/such/r.json")), image}, "is in the image", true,
		},
		"one blob twice":        {[]options.Used{blob, blob}, "", false},
		"a shared ledger":       {[]options.Used{use(options.LedgerFile, at("l")), use(options.LedgerFile, at("l"))}, "", false},
		"key and blob in one":   {[]options.Used{blob, use(options.IdentityFile, at("blob"))}, "", false},
		"beside the image":      {[]options.Used{image, use(options.LedgerFile, at("l")), use(options.Backup, at("b"))}, "", false},
		"nothing":               {[]options.Used{{}, use(options.LedgerFile, ""), use(options.ReportFile, "")}, "", false},
		"the image's neighbour": {[]options.Used{image, use(options.LedgerFile, at("Windows2/l"))}, "", false},
	} {
		if c.unix && runtime.GOOS == "windows" {
			continue
		}
		err := options.CheckPaths(c.paths...)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if code, _ := winerr.CodeOf(err); code != winerr.InvalidParameter || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

func TestNoReportInPlaceOfAnotherFile(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"a blob": "ARAIAMzMzMzAAA==", "a key": "AGE-SECRET-KEY-1QQ", "text": "old", "a ledger": `{"v":2,"event":"intent","id":"1"}` + "\n",
		"other JSON": `{"schema_version": 1, "resources": []}`, "a page": "<!DOCTYPE html>\n<html></html>",
	} {
		path := filepath.Join(t.TempDir(), "r.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		err := options.CheckReport(path)
		if code, _ := winerr.CodeOf(err); code != winerr.InvalidParameter ||
			!strings.Contains(err.Error(), "is no report of this program") {
			t.Errorf("%s: error %v", name, err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%s: now %q, %v", name, got, err)
		}
	}
}
