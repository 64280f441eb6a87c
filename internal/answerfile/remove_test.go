package answerfile

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func planned(t *testing.T, content string, o Options) *Edit {
	t.Helper()
	var raw []byte
	if content != "" {
		raw = []byte(content)
	}
	edit, err := Plan(raw, webJoin(), o)
	if err != nil {
		t.Fatal(err)
	}
	return edit
}

// TestRemoveFromAChangedFile takes the join out of files that Windows or somebody has changed since.
func TestRemoveFromAChangedFile(t *testing.T) {
	t.Parallel()
	shellOnly := specialize(shell("amd64", "            <TimeZone>UTC</TimeZone>\n"))
	named := specialize(shell("amd64", computerName("WEB01")))
	swap := func(old, new string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, new, 1) }
	}
	marked := swap(`pass="specialize"`, `pass="specialize" wasPassProcessed="true"`)
	for _, tt := range []struct {
		name, before string
		replace      bool
		change       func(string) string
		outcome      Outcome
		removeFile   bool
		want         string // the content after
		note         string
	}{
		{
			name: "pass marked", before: head + shellOnly + tail, change: marked, outcome: Cut,
			want: marked(head + shellOnly + tail), note: "was changed",
		},
		{
			name: "pass added by us", before: head + oobe + tail, change: swap("nobody reads it", "read"), outcome: Cut,
			want: swap("nobody reads it", "read")(head + oobe + tail),
		},
		{name: "our file, marked", change: marked, outcome: Cut, removeFile: true},
		{
			name: "our file, with more in it", change: swap("</unattend>", "<!-- mine --></unattend>"), outcome: Cut,
			want: "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<unattend xmlns=\"urn:schemas-microsoft-com:unattend\">\r\n<!-- mine --></unattend>\r\n",
		},
		{
			name: "another name since", before: head + shellOnly + tail, change: swap("WEB01", "WEB02"), outcome: Cut,
			want: head + specialize(shell("amd64", "            <TimeZone>UTC</TimeZone>\n"+computerName("WEB02"))) + tail,
		},
		{
			name: "name was there", before: head + named + tail, change: marked, outcome: Cut,
			want: marked(head + named + tail),
		},
		{
			name: "neighbour in our component", before: head + named + tail, change: swap("</Identification>",
				"</Identification><!-- x -->"), outcome: Cut,
			want: head + specialize(shell("amd64", computerName("WEB01"))+"        "+opening(componentJoin, "amd64")+
				"><!-- x -->\n        </component>\n") + tail,
		},
		{
			name: "neighbour of our account data", before: head + named + tail,
			change: swap("<Provisioning>", "<Provisioning>text"), outcome: Cut,
		},
		{
			name: "replaced before", before: head + specialize(unattendedJoin("amd64", credentials)) + tail, replace: true,
			change: marked, outcome: Cut,
			note: "Credentials, JoinDomain",
		},
		{
			name: "filled in", before: head + specialize(unattendedJoin("amd64", withAccountData(" "))) + tail, change: marked,
			outcome: Cut,
			want:    marked(head + specialize(unattendedJoin("amd64", withAccountData(""))) + tail),
		},
		{
			name: "account data erased", before: head + shellOnly + tail, change: swap(string(accountData()), erasedMark),
			outcome: Gone, note: "used it",
		},
		{
			name: "account data removed", before: head + shellOnly + tail,
			change: swap("<AccountData>"+string(accountData())+"</AccountData>", ""), outcome: Gone, note: "any more",
		},
		{
			name: "emptied", before: head + shellOnly + tail, change: func(string) string { return "\r\n" }, outcome: Gone, note: "any more",
		},
		{
			name: "another join", before: head + shellOnly + tail,
			change: swap(string(accountData()), string(otherAccountData())), outcome: Gone, note: "another join",
		},
		{
			name: "blanks were added", before: head + named + tail, change: swap("</AccountData>", "\n</AccountData>"),
			outcome: Cut, want: head + named + tail,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			edit := planned(t, tt.before, Options{Replace: tt.replace})
			changed := tt.change(string(edit.Content))
			if changed == string(edit.Content) {
				t.Fatal("the test changes nothing")
			}
			r, err := Remove([]byte(changed), edit.Undo)
			if err != nil {
				t.Fatal(err)
			}
			if r.Outcome != tt.outcome || r.RemoveFile != tt.removeFile {
				t.Errorf("outcome %v, remove %v; want %v, %v", r.Outcome, r.RemoveFile, tt.outcome, tt.removeFile)
			}
			if (r.Content == nil) != (tt.outcome == Gone || tt.removeFile) || tt.want != "" && string(r.Content) != tt.want {
				t.Errorf("content:\n%s\nwant:\n%s", r.Content, tt.want)
			}
			if bytes.Contains(r.Content, accountData()) {
				t.Error("the account data is still there")
			}
			if !strings.Contains(strings.Join(r.Notes, "\n"), tt.note) {
				t.Errorf("notes %q, want %q", r.Notes, tt.note)
			}
		})
	}
}

// TestRemoveWithAnEnemysRecord gives Remove records that were not made for the file.
func TestRemoveWithAnEnemysRecord(t *testing.T) {
	t.Parallel()
	before := head + specialize(unattendedJoin("amd64", credentials)) + oobe + tail
	edit := planned(t, before, Options{Replace: true})
	for name, change := range map[string]func(*Undo){
		"negative":      func(u *Undo) { u.Splices[0] = [3]int{-1, 5, 5} },
		"far out":       func(u *Undo) { u.Splices[0][0] = 1 << 40 },
		"takes all":     func(u *Undo) { u.Splices[0][1] = 1 << 62 },
		"too much back": func(u *Undo) { u.Splices[0][2] = 1 << 40 },
		"too few":       func(u *Undo) { u.Splices = u.Splices[:1] },
		"whole":         func(u *Undo) { u.Whole = true },
		"created":       func(u *Undo) { u.Created = true },
	} {
		u := edit.Undo
		u.Splices = slices.Clone(u.Splices)
		change(&u)
		r, err := Remove(edit.Content, u)
		if err != nil || r.Outcome != Cut || r.RemoveFile {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	for name, change := range map[string]func(*Undo){
		"sealed":  func(u *Undo) { u.Sealed = slices.Clone(u.Sealed); u.Sealed[40] ^= 1 },
		"salt":    func(u *Undo) { u.Salt = nil },
		"nothing": func(u *Undo) { u.Sealed = nil },
	} {
		u := edit.Undo
		change(&u)
		_, err := Remove(edit.Content, u)
		if code, _ := winerr.CodeOf(err); code != winerr.BadOfflineJoinInfo {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r, err := Remove([]byte("<"), edit.Undo); err != nil || r.Outcome != Gone {
		t.Errorf("a file that is no XML, without the join: %+v, %v", r, err)
	}
}

func TestParseRecordRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "{", "[]", `{"name":""}`, `{"name":"."}`, `{"name":"/etc/passwd"}`, `{"name":"../x"}`, `{"name":1}`,
		`{"name":"a","undo":{"splices":[["x"]]}}`,
	} {
		_, err := ParseRecord(text)
		if code, _ := winerr.CodeOf(err); code != winerr.BadOfflineJoinInfo {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestJoinIsChecked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*Join)
		code   winerr.Code
	}{
		"no architecture":   {func(j *Join) { j.Architecture = "" }, winerr.TargetVersionUnsupported},
		"ia64":              {func(j *Join) { j.Architecture = "ia64" }, winerr.TargetVersionUnsupported},
		"no name":           {func(j *Join) { j.MachineName = "" }, winerr.InvalidMachineNameForJoin},
		"blank name":        {func(j *Join) { j.MachineName = " WEB" }, winerr.InvalidMachineNameForJoin},
		"control character": {func(j *Join) { j.MachineName = "WEB\x00" }, winerr.InvalidMachineNameForJoin},
		"long name":         {func(j *Join) { j.MachineName = strings.Repeat("x", 64) }, winerr.InvalidMachineNameForJoin},
		"no data":           {func(j *Join) { j.AccountData = nil }, winerr.InvalidParameter},
		"line break":        {func(j *Join) { j.AccountData = append(j.AccountData, '\n') }, winerr.InvalidParameter},
		"inner line break": {
			func(j *Join) { j.AccountData = slices.Insert(j.AccountData, 8, '\r', '\n') },
			winerr.InvalidParameter,
		},
		"no base64": {func(j *Join) { j.AccountData[3] = '<' }, winerr.InvalidParameter},
		"cut off":   {func(j *Join) { j.AccountData = j.AccountData[:9] }, winerr.InvalidParameter},
		"UTF-16":    {func(j *Join) { j.AccountData = wide("AAAA", leOrder) }, winerr.InvalidParameter},
		"too much": {
			func(j *Join) { j.AccountData = bytes.Repeat([]byte("AAAA"), MaxSize/8+1) },
			winerr.InvalidParameter,
		},
	} {
		j := webJoin()
		tt.change(&j)
		_, err := Plan(nil, j, Options{})
		if code, _ := winerr.CodeOf(err); code != tt.code {
			t.Errorf("%s: %v, want %v", name, err, tt.code)
		}
	}
}

// TestLargestBlob merges a blob of 1 MiB, the largest there is, into UTF-16.
func TestLargestBlob(t *testing.T) {
	t.Parallel()
	j := webJoin()
	j.AccountData = bytes.Repeat([]byte("QUJD"), (1<<20)/3)
	edit, err := Plan(wide(strings.Replace(head, "utf-8", "utf-16", 1)+tail, leOrder), j, Options{})
	if err != nil {
		t.Fatal(err)
	}
	facts, err := ReadFacts(edit.Content, "amd64", "it")
	if err != nil || !bytes.Equal(facts.AccountData, j.AccountData) {
		t.Errorf("facts: %v", err)
	}
}

func TestReadFacts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, content string
		want          Facts
	}{
		{"no join", head + oobe + tail, Facts{}},
		{"empty", "", Facts{}},
		{"random name", head + specialize(shell("amd64", computerName("*"))) + tail, Facts{MachineName: "*"}},
		{"erased", head + strings.Replace(specialize(unattendedJoin("amd64", withAccountData(erasedMark))), `"specialize"`,
			`"specialize" wasPassProcessed='TRUE'`, 1) + tail, Facts{Erased: true, Processed: true}},
		{
			"credentials", head + specialize(unattendedJoin("amd64", credentials)) + tail,
			Facts{OtherJoin: []string{"Credentials", "JoinDomain"}},
		},
		{"wrapped and referenced", head + specialize(unattendedJoin("amd64",
			withAccountData(" QUJD\n<![CDATA[QUJD]]>&#81;UJD<!-- -->"))) + tail, Facts{AccountData: []byte("QUJDQUJDQUJD"), Blanks: true}},
		{
			"referenced", head + specialize(unattendedJoin("amd64", withAccountData("QUJD<![CDATA[QUJD]]>"))) + tail,
			Facts{AccountData: []byte("QUJDQUJD")},
		},
		{"other architecture", head + specialize(unattendedJoin("x86", withAccountData("QUJD"))) + tail, Facts{}},
	} {
		got, err := ReadFacts([]byte(tt.content), "amd64", "it")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if string(got.AccountData) != string(tt.want.AccountData) || got.Erased != tt.want.Erased ||
			got.MachineName != tt.want.MachineName || got.Blanks != tt.want.Blanks ||
			got.Processed != tt.want.Processed || !slices.Equal(got.OtherJoin, tt.want.OtherJoin) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	_, err := ReadFacts([]byte("<"), "amd64", "the file X")
	if err == nil || !strings.HasPrefix(err.Error(), "the file X is not a well-formed") {
		t.Errorf("%v", err)
	}
}
