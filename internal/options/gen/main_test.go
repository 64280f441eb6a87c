package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func TestFilesAreAsGenerated(t *testing.T) {
	t.Parallel()
	all, err := files(testenv.Root())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		got, err := os.ReadFile(filepath.Join(testenv.Root(), name))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s is stale (%v): run make generate", name, err)
		}
	}
	if len(all) != len(packerConfigs())+3 {
		t.Errorf("%d files", len(all))
	}
}

func TestWithComments(t *testing.T) {
	t.Parallel()
	source := "package p\n\n// Config stays.\ntype Config struct {\n" +
		"\tBackup string `mapstructure:\"backup\"`\n" +
		"\t// What it was\n\t// before.\n\tExpect struct{} `mapstructure:\"expect\"`\n\n" +
		"\tEmbedded `mapstructure:\",squash\"`\n\n\tplain int // stays\n}\n"
	own := map[options.Name]string{"expect": strings.Repeat("word ", 30)}
	got, err := withComments("p.go", []byte(source), own)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(source, "\tBackup", wrapped("\t// ", "\t// ", options.Backup.Doc())+"\n\tBackup", 1)
	want = strings.Replace(want, "\t// What it was\n\t// before.\n",
		"\t//"+strings.Repeat(" word", 22)+"\n\t//"+strings.Repeat(" word", 8)+"\n", 1)
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	again, err := withComments("p.go", got, own)
	if err != nil || string(again) != string(got) {
		t.Errorf("a second time (error %v):\n%s", err, again)
	}
	if _, err := withComments("p.go", []byte("package p\n\ntype c struct {\n\tA int `mapstructure:\"unheard_of\"`\n}\n"),
		own); err == nil || !strings.Contains(err.Error(), "unheard_of") {
		t.Errorf("error %v of a field without documentation", err)
	}
}

func TestFieldName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"status": "Status", "domain_sid": "DomainSID", "netbios_domain": "NetBIOSDomain", "domain_guid": "DomainGUID",
	} {
		if got := fieldName(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestWrappedKeepsCodeTogether(t *testing.T) {
	t.Parallel()
	got := wrapped("\t// ", "\t// ", strings.Repeat("x", 100)+" `packer validate`. End.")
	if want := "\t// " + strings.Repeat("x", 100) + "\n\t// `packer validate`. End."; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
