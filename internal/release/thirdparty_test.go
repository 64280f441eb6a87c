package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryLinkedModuleHasAnAllowedLicense fails when a module is linked into a product whose licence we do not know or do
// not allow, and when a text would not go along.
func TestEveryLinkedModuleHasAnAllowedLicense(t *testing.T) {
	t.Chdir(testenv.Root())
	all, err := allThirdParty(t.Context())
	must(t, err)
	for product, fewest := range map[string]int{command: 20, provider: 25, packer: 60} {
		third := all[product]
		if len(third.modules) < fewest {
			t.Errorf("%s: only %d modules were found", product, len(third.modules))
		}
		text := string(third.text())
		for _, m := range third.modules {
			if len(m.licenses()) == 0 || !strings.Contains(text, "  "+m.name()+" (") {
				t.Errorf("%s: %s is not listed with its licence", product, m.name())
			}
			for _, one := range m.texts {
				if !strings.Contains(text, strings.TrimRight(one.text, "\n")) {
					t.Errorf("%s: %s of %s does not go along", product, one.name, m.name())
				}
			}
		}
		t.Logf("%s: %d modules, %d KiB", product, len(third.modules), len(text)>>10)
	}
	if !strings.Contains(string(all[provider].text()), "google.golang.org/grpc@v1.79.3/NOTICE.txt\n") {
		t.Error("the notices of grpc do not go along")
	}
	plugin := string(all[packer].text())
	for _, want := range []string{
		"github.com/aws/smithy-go@v1.22.5/NOTICE\n", // Apache licence, section 4 (d)
		"/internal/sync/singleflight/LICENSE",       // of a part of a module
		", in place of github.com/zclconf/go-cty\n", // the fork is what is linked
		"github.com/nywilken/go-cty@v1.13.3 (MIT)",  //
		"Additional IP Rights Grant (Patents)",      // of Go
		"\n  std@go1.",                              //
	} {
		if !strings.Contains(plugin, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestRecognizeRefuses(t *testing.T) {
	t.Parallel()
	const bsd = "Redistribution and use in source and binary forms, with or without modification, are permitted"
	for text, want := range map[string]string{
		"":                                       "not known",
		"All rights reserved.":                   "not known",
		"GNU GENERAL PUBLIC LICENSE Version 3":   "gnu general public license",
		"GNU Lesser General\n Public License":    "gnu lesser general public license",
		"Business Source License 1.1":            "business source license",
		bsd + " for non-commercial purposes":     "non-commercial",
		bsd + "\n\"Commons Clause\" Condition":   "commons clause",
		"Permission is hereby granted to nobody": "not known",
	} {
		if ids, err := recognize(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v, want %q", text, ids, err, want)
		}
	}
	if ids, err := recognize(bsd); err != nil || strings.Join(ids, " ") != "BSD-2-Clause" {
		t.Errorf("%v %v", ids, err)
	}
	if ids, err := recognize(bsd + " nor be used to endorse or promote  products"); err != nil || strings.Join(ids, " ") != "BSD-3-Clause" {
		t.Errorf("%v %v", ids, err)
	}
}

func TestModuleWithoutLicenseIsRefused(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	inner := filepath.Join(root, "inner", "part")
	must(t, os.MkdirAll(inner, 0o700))
	must(t, os.WriteFile(filepath.Join(root, "NOTICE"), []byte("made by somebody"), 0o600))
	if _, err := readLicenses(root, []string{root, inner}); err == nil || !strings.Contains(err.Error(), "has no licence") {
		t.Errorf("%v", err)
	}
	must(t, os.WriteFile(filepath.Join(root, "LICENCE.md"), []byte("This is free and unencumbered software released into the public domain."), 0o600))
	texts, err := readLicenses(root, []string{root, inner})
	if err != nil || len(texts) != 2 {
		t.Errorf("%v %v", texts, err)
	}
	must(t, os.WriteFile(filepath.Join(root, "inner", "COPYING"), []byte("GNU Affero General Public License"), 0o600))
	if _, err := readLicenses(root, []string{root, inner}); err == nil || !strings.Contains(err.Error(), "inner/COPYING: the licence is not allowed") {
		t.Errorf("%v", err)
	}
}
