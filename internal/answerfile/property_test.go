package answerfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// writer draws an answer file: any passes and components in any order, laid out in any way that XML allows.
type writer struct {
	*rapid.T
	strings.Builder
	prefix  string
	newline string
}

func (w *writer) one(of ...string) string { return rapid.SampledFrom(of).Draw(w.T, "choice") }

func (w *writer) chance(percent int) bool { return rapid.IntRange(0, 99).Draw(w.T, "chance") < percent }

// gap draws what may stand between elements.
func (w *writer) gap(depth int) {
	for w.chance(25) {
		w.WriteString(w.one("<!-- a comment -->", "<!--\n  <settings pass=\"specialize\"> ]]> &x; -->", "<?keep it?>", " ",
			"\t", w.newline, "<![CDATA[ \t]]>"))
	}
	if w.chance(80) {
		w.WriteString(w.newline + strings.Repeat(w.one("\t", "  ", "    "), depth))
	}
}

// element draws an element; inner == nil makes it empty in one way or the other.
func (w *writer) element(depth int, name string, attrs [][2]string, inner func()) {
	w.gap(depth)
	w.WriteString("<" + w.prefix + name)
	if len(attrs) > 1 && w.chance(30) {
		attrs[0], attrs[len(attrs)-1] = attrs[len(attrs)-1], attrs[0]
	}
	for _, a := range attrs {
		quote := w.one(`"`, `'`)
		w.WriteString(w.one(" ", w.newline+"\t", "  ") + a[0] + w.one("=", " = ") + quote + a[1] + quote)
	}
	if inner == nil && w.chance(50) {
		w.WriteString(w.one("/>", " />"))
		return
	}
	w.WriteString(w.one(">", ">", " >"))
	if inner != nil {
		inner()
	}
	w.gap(depth)
	w.WriteString("</" + w.prefix + name + w.one(">", ">", w.newline+">"))
}

func (w *writer) leaf(depth int, name, text string) {
	w.element(depth, name, nil, func() { w.WriteString(text) })
}

func (w *writer) settings(pass string) {
	w.element(1, tagSettings, [][2]string{{attrPass, pass}}, func() {
		shell, join := w.chance(50), w.chance(50)
		for range rapid.IntRange(0, 3).Draw(w.T, "components") {
			w.component(w.one("Microsoft-Windows-TCPIP", "Microsoft-Windows-DNS-Client", "X"), w.one("amd64", "x86"), nil)
		}
		if shell {
			w.component(componentShell, "amd64", w.shellContent)
		}
		if join {
			w.component(componentJoin, w.one("amd64", "AMD64"), w.joinContent)
		}
		if w.chance(30) {
			w.component(componentJoin, "x86", w.joinContent)
		}
	})
}

func (w *writer) component(name, arch string, inner func()) {
	attrs := [][2]string{
		{attrName, name},
		{attrArchitecture, arch},
		{attrToken, publicKeyToken},
		{attrLanguage, language},
		{attrScope, versionScope},
		{"xmlns:wcm", "http://schemas.microsoft.com/WMIConfig/2002/State"},
	}
	if inner != nil && w.chance(20) {
		inner = nil
	}
	w.element(2, tagComponent, attrs, inner)
}

func (w *writer) shellContent() {
	for range rapid.IntRange(0, 2).Draw(w.T, "leaves") {
		w.leaf(3, "TimeZone", w.one("UTC", "Ä &amp; Ö 𝄞 &#x41;", "<![CDATA[<&]]>", "a"+w.newline+"b"))
	}
	if w.chance(50) {
		w.leaf(3, tagComputerName, w.one("WEB01", "web01", "*", "", " ", "OTHER", "W&#69;B01", "<!-- x -->WEB01"))
	}
}

func (w *writer) joinContent() {
	w.element(3, tagIdentification, nil, func() {
		for range rapid.IntRange(0, 2).Draw(w.T, "leaves") {
			w.leaf(4, w.one("DebugJoin", "TimeoutPeriodInSeconds"), "1")
		}
		for _, tag := range []string{"JoinDomain", "Credentials", "UnsecureJoin"} {
			if w.chance(20) {
				w.leaf(4, tag, w.one("corp", "<Password>p</Password>", ""))
			}
		}
		if w.chance(40) {
			w.element(4, tagProvisioning, nil, func() {
				if w.chance(70) {
					w.leaf(5, tagAccountData, w.one("", " ", "QUJD", string(accountData()), " "+string(accountData())+w.newline))
				}
			})
		}
	})
}

// document draws the bytes of a file.
func (w *writer) document() []byte {
	w.newline = w.one("\n", "\r\n", "")
	if w.newline == "" {
		w.newline = " "
	}
	w.prefix = w.one("", "", "", "u:", "unattend:")
	stored := w.one("utf-8", "UTF-8 with mark", "utf-16 LE", "utf-16 BE")
	if w.chance(70) {
		w.WriteString(`<?xml version="1.0" encoding="` + strings.Split(stored, " ")[0] + `"?>`)
	}
	xmlns := "xmlns"
	if w.prefix != "" {
		xmlns += ":" + strings.TrimSuffix(w.prefix, ":")
	}
	w.WriteString(w.one("", w.newline, w.newline+"<!-- first -->"+w.newline) + "<" + w.prefix + "unattend " + xmlns +
		`="` + namespace + `">`)
	passes := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"windowsPE", "generalize", "specialize", "oobeSystem"}),
		0, 4, rapid.ID[string]).Draw(w.T, "passes")
	for _, pass := range passes {
		w.settings(pass)
	}
	w.gap(0)
	w.WriteString("</" + w.prefix + "unattend>" + w.one("", w.newline, "<!-- last -->"))
	switch stored {
	case "UTF-8 with mark":
		return []byte("\uFEFF" + w.String())
	case "utf-16 LE":
		return wide(w.String(), binary.LittleEndian)
	case "utf-16 BE":
		return wide(w.String(), binary.BigEndian)
	}
	return []byte(w.String())
}

// TestAnyDocument: whatever the file, a join that is merged is there, planning it again changes nothing, and taking it
// back gives the original bytes, also out of a record. A file changed since loses the account data and stays XML.
func TestAnyDocument(t *testing.T) {
	t.Parallel()
	merged, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		content := (&writer{T: rt}).document()
		original := bytes.Clone(content)
		edit, err := Plan(content, webJoin(), Options{Replace: true})
		if err != nil {
			rt.Fatalf("%v\n%s", err, content)
		}
		if !bytes.Equal(content, original) {
			rt.Fatal("the input was changed")
		}
		strict, err := Plan(content, webJoin(), Options{})
		if err == nil && strict.Unchanged() != edit.Unchanged() {
			rt.Fatal("Replace makes a difference where nothing is to be replaced")
		}
		if err != nil {
			refused++
		}
		if edit.Unchanged() {
			return
		}
		merged++
		checkMerged(rt, original, edit)
	})
	t.Logf("%d merged, %d of them refused without Replace", merged, refused)
}

func checkMerged(rt *rapid.T, original []byte, edit *Edit) {
	again, err := Plan(edit.Content, webJoin(), Options{})
	if err != nil || !again.Unchanged() {
		rt.Fatalf("planned again: %+v, %v\n%s", again, err, edit.Content)
	}
	record, err := ParseRecord((&Record{Name: "x", Undo: edit.Undo}).Text())
	if err != nil {
		rt.Fatal(err)
	}
	back, err := Remove(edit.Content, record.Undo)
	if err != nil || back.Outcome != Restored || !bytes.Equal(back.Content, original) {
		rt.Fatalf("taken back: %+v, %v", back, err)
	}
	d, err := parse(edit.Content)
	if err != nil {
		rt.Fatal(err)
	}
	changed := d.enc.encode(append(d.text, "<!-- later -->"...))
	cut, err := Remove(changed, record.Undo)
	if err != nil || cut.Outcome != Cut || cut.RemoveFile {
		rt.Fatalf("taken out of a changed file: %+v, %v", cut, err)
	}
	facts, err := ReadFacts(cut.Content, "amd64", "it")
	if err != nil || len(facts.AccountData) > 0 {
		rt.Fatalf("after that: %+v, %v\n%s", facts, err, cut.Content)
	}
}

// TestGeneratedDocumentsForXmllint has an independent reader judge what is generated and what becomes of it.
func TestGeneratedDocumentsForXmllint(t *testing.T) {
	t.Parallel()
	xmllint, dir := testenv.Tool(t, "xmllint"), t.TempDir()
	documents := rapid.Custom(func(rt *rapid.T) []byte { return (&writer{T: rt}).document() })
	args := []string{"--nonet", "--noout"}
	keep := func(name string, content []byte) {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	for i := range 100 {
		content := documents.Example(i)
		edit, err := Plan(content, webJoin(), Options{Replace: true})
		if err != nil {
			t.Fatal(err)
		}
		keep(fmt.Sprintf("%d-before.xml", i), content)
		if !edit.Unchanged() {
			keep(fmt.Sprintf("%d-after.xml", i), edit.Content)
		}
	}
	if out, err := exec.Command(xmllint, args...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
