package report

import (
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// page is what the template shows.
type page struct {
	Title, Action, Source, By string
	Name                      string // of the join file or folder
	Started                   string
	Elapsed                   time.Duration
	Total                     int
	Interrupted               bool
	Tiles                     []tile
	Warnings                  []shared
	Rows                      []row
	CSS                       template.CSS
	JS                        template.JS
	StyleHash, ScriptHash     string // of the content security policy
}

// tile is one number at the top, which filters the table by its kind.
type tile struct {
	Kind, Word string
	Count      int
}

// row is one join.
type row struct {
	Join, Kind, Word       string
	Machine, Domain, Image string
	Windows, Declared      string
	Took                   string
	Search                 string // all that the filter looks in, in lower case
	Error                  string
	Facts                  []fact
	Warnings               []string
	Changes                []string
}

type fact struct{ Name, Value string }

// shared is one warning, with how many joins have it.
type shared struct {
	Text, Who string
}

// HTML writes a report as one page.
func HTML(w io.Writer, r *fleet.Report) error {
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return err
	}
	p := page{
		Title: "offlinejoin " + string(r.Action), Action: string(r.Action), Source: whole(r.Source), By: r.By,
		Name:    filepath.Base(whole(r.Source)),
		Started: r.StartedAt.Format("2006-01-02 15:04:05 MST"), Elapsed: r.Elapsed().Round(10 * time.Millisecond),
		Total: len(r.Joins), Interrupted: r.Interrupted,
		CSS: template.CSS(pageCSS), JS: template.JS(pageJS), // both are ours, embedded
		StyleHash: hash(pageCSS), ScriptHash: hash(pageJS),
	}
	for i := range r.Joins {
		p.Rows = append(p.Rows, rowOf(&r.Joins[i]))
	}
	p.Tiles = tiles(p.Rows)
	p.shareWarnings()
	return t.Execute(w, p)
}

// whole returns the absolute form of the join file's path, for a page may be read anywhere.
func whole(path string) string {
	if absolute, err := filepath.Abs(path); err == nil && path != "" {
		return plaintext.Line(absolute, 0)
	}
	return path
}

// shareWarnings moves each warning that several joins have to the top of the page.
func (p *page) shareWarnings() {
	about := map[string][]string{}
	var order []string
	for _, r := range p.Rows {
		for _, w := range r.Warnings {
			if len(about[w]) == 0 {
				order = append(order, w)
			}
			about[w] = append(about[w], r.Join)
		}
	}
	for _, w := range order {
		if n := len(about[w]); n > 1 {
			p.Warnings = append(p.Warnings, shared{Text: w, Who: fmt.Sprintf("%d joins, such as %s", n, about[w][0])})
		}
	}
	for i := range p.Rows {
		p.Rows[i].Warnings = slices.DeleteFunc(slices.Clone(p.Rows[i].Warnings), func(w string) bool { return len(about[w]) > 1 })
	}
}

// hash is the source expression of the content security policy that allows one inline style or script.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// tiles counts the rows by their kinds, those that want attention first.
func tiles(rows []row) []tile {
	order := []string{
		"failed", "not_begun", "incomplete", "foreign", "planned", "staged", "unstaged", "completed", "joined", "unchanged", "kept", "absent", "no_disk",
	}
	counted := map[string]*tile{}
	for _, one := range rows {
		if counted[one.Kind] == nil {
			counted[one.Kind] = &tile{Kind: one.Kind, Word: one.Word}
		}
		counted[one.Kind].Count++
	}
	var out []tile
	for _, t := range counted {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b tile) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
	return out
}

func rowOf(one *fleet.Result) row {
	kind := string(one.Outcome)
	if one.Outcome == fleet.OutcomeRead {
		kind = string(one.Status.State)
		if one.Status.Incomplete {
			kind = "incomplete"
		}
	}
	r := row{
		Join: one.Join, Kind: kind, Word: one.Word(), Image: one.WindowsPath,
		Declared: one.File + ":" + strconv.Itoa(one.Line), Took: (time.Duration(one.Millis) * time.Millisecond).String(),
	}
	if one.Outcome == fleet.OutcomeNotBegun {
		r.Took = ""
	}
	r.Machine, r.Domain = one.Machine()
	if one.Error != nil {
		r.Error = one.Error.Message + " (" + strconv.Itoa(int(one.Error.Code)) + " " + one.Error.Name + ")"
	}
	r.Warnings = one.Warnings
	if one.Receipt != nil {
		r.Warnings = one.Receipt.Warnings
		for _, c := range one.Receipt.Changes {
			r.Changes = append(r.Changes, options.Line(c))
		}
	}
	r.describe(one)
	all := []string{r.Join, r.Word, r.Machine, r.Domain, r.Image, r.Windows, r.Error}
	r.Search = strings.ToLower(strings.Join(all, " "))
	return r
}

// describe lists what is known of the image and of the join.
func (r *row) describe(one *fleet.Result) {
	add := func(name, value string) {
		if value != "" {
			r.Facts = append(r.Facts, fact{name, value})
		}
	}
	if st := one.ImageStatus(); st != nil {
		r.Windows = windowsLine(st.Image)
		add("Status", string(st.State))
		add("Method", string(st.Method))
		add("Staged", strings.TrimSpace(st.StagedAt+" "+st.StagedBy))
		add("Completed", st.CompletedAt)
		add("Result", st.Attempted())
		add("Found", st.Detail)
		add("Beside", st.BesideText())
		for _, w := range st.Warnings {
			add("Warning", w)
		}
		add("Fingerprint", st.Fingerprint)
		add("Name now", st.Image.ComputerName)
	}
	if one.Receipt != nil {
		add("Blob for", strings.TrimSpace(one.Receipt.Blob.MachineName+" "+one.Receipt.Blob.Domain))
		if st := one.ImageStatus(); st == nil || st.Fingerprint != one.Receipt.Blob.Fingerprint {
			add("Blob fingerprint", one.Receipt.Blob.Fingerprint)
		}
		add("Domain controller", one.Receipt.Blob.DC)
		if one.Receipt.BytesWritten > 0 {
			add("Written", offlinejoin.FormatSize(one.Receipt.BytesWritten))
		}
	}
	if account := accountOf(one); account != nil {
		add("Account", account.DN)
		add("Account status", string(account.Status))
		add("objectGUID", account.ObjectGUID)
	}
	if one.AccountError != nil {
		add("Account not read", one.AccountError.Message)
	}
	add("Blob file", one.BlobFile)
	add("Declared", r.Declared)
}

// accountOf returns the account of a result; nil: it has none.
func accountOf(one *fleet.Result) *offlinejoin.AccountFacts {
	if one.Account == nil && one.Receipt != nil {
		return one.Receipt.Account
	}
	return one.Account
}

func windowsLine(f offlinejoin.ImageFacts) string {
	return strings.Join(slices.DeleteFunc([]string{f.ProductName, f.Build, f.Architecture}, func(s string) bool {
		return s == ""
	}), " · ")
}
