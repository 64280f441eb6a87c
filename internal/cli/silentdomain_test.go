package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestSilentDomainEndsWith75 has no DNS server answer, so that no domain controller can be found: every command that needs one
// says that trying again is right. Of many joins one alone asks.
func TestSilentDomainEndsWith75(t *testing.T) { // not parallel: DNS is the process's
	var asked atomic.Int32
	before := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = before })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(_ context.Context, network, _ string) (net.Conn, error) {
		asked.Add(1)
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
	}}
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	must(t, os.WriteFile(password, []byte("made-up\n"), 0o600))
	reach := []string{"--domain", "corp.example.com", "--ad-user", "u", "--ad-password-file", password}
	image := sampletest.Image(t, sample.Image{})
	joinFile := func(images int) string {
		text := fmt.Sprintf("defaults {\n  active_directory {\n    domain        = \"corp.example.com\"\n    dc = \"dc1.corp.example.com\"\n"+
			"    user          = \"u\"\n    password_file = %q\n  }\n}\n", password)
		for i := range images {
			text += fmt.Sprintf("join \"web%d\" {\n  windows_path = %q\n  account {\n    machine_name = \"WEB%d\"\n  }\n}\n", i,
				sampletest.Image(t, sample.Image{}), i)
		}
		name := filepath.Join(dir, fmt.Sprintf("%d.join.hcl", images))
		must(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	for name, args := range map[string][]string{
		"account show":      append([]string{"account", "show", "WEB01"}, reach...),
		"account show, one": append([]string{"account", "show", "WEB01", "--dc", "dc1.corp.example.com"}, reach...),
		"account disable":   append([]string{"account", "disable", "WEB01", "--yes"}, reach...),
		"account delete":    append([]string{"account", "delete", "--lost", "--yes"}, reach...),
		"join":              append([]string{"join", "--machine-name", "WEB01", "--windows-path", image}, reach...),
		"join, dry run":     append([]string{"join", "--machine-name", "WEB01", "--windows-path", image, "--dry-run"}, reach...),
		"provision":         append([]string{"provision", "--machine-name", "WEB01", "--output", filepath.Join(dir, "x")}, reach...),
		"plan":              {"plan", joinFile(1)},
		"apply":             {"apply", joinFile(1), "--yes"},
		"apply, in lines":   {"apply", joinFile(1), "--yes", "--json"},
	} {
		code, out, stderr := withArguments(t, args)
		if all := out + stderr; code != 75 || !strings.Contains(all, "try again") {
			t.Errorf("%s: exit code %d\n%s", name, code, all)
		}
	}
	dials := func(images int) (asking int32, messages map[string]int) {
		asked.Store(0)
		messages = map[string]int{}
		code, out, stderr := withArguments(t, []string{"apply", joinFile(images), "--yes", "--json"})
		if code != 75 {
			t.Errorf("%d joins: exit code %d\n%s%s", images, code, out, stderr)
		}
		for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
			var line struct {
				Result struct{ Error *struct{ Message string } }
			}
			must(t, d.Decode(&line))
			if e := line.Result.Error; e != nil {
				messages[e.Message]++
			}
		}
		return asked.Load(), messages
	}
	one, _ := dials(1)
	many, messages := dials(12)
	if one == 0 || many != one || len(messages) != 1 {
		t.Errorf("DNS is asked %d times for one join and %d for 12; the joins say %v", one, many, messages)
	}
}

// TestInterruptedAtASilentDomain says what the interrupt has left of an account, and speaks of no image where there is none.
func TestInterruptedAtASilentDomain(t *testing.T) { // not parallel: DNS is the process's
	before := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = before })
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	must(t, os.WriteFile(password, []byte("made-up\n"), 0o600))
	reach := []string{"--domain", "corp.example.com", "--dc", "dc1.corp.example.com", "--ad-user", "u", "--ad-password-file", password}
	for name, args := range map[string][]string{
		"account show":         {"account", "show", "WEB01"},
		"account show --lost":  {"account", "show", "--lost"},
		"account delete":       {"account", "delete", "WEB01", "--yes"},
		"account delete, lost": {"account", "delete", "--lost", "--yes"},
		"provision":            {"provision", "--machine-name", "WEB01", "--output", filepath.Join(dir, "x")},
	} {
		interrupts := make(chan os.Signal, 1)
		net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			select {
			case interrupts <- os.Interrupt:
			default:
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		var out, errOut bytes.Buffer
		code := cli.Run(t.Context(), append(args, reach...), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errOut, Interrupts: interrupts})
		if said := errOut.String(); code != 1 || said != "error: stopped by an interrupt: nothing was written\n" {
			t.Errorf("%s: exit code %d\n%s%s", name, code, &out, said)
		}
	}
}
