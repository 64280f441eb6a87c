package term

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Row is one line of a list of changes, such as "  + SYSTEM\Setup  key".
type Row struct {
	Mark                 Mark // the zero Mark is Same
	Subject, Kind, Value string
}

// WriteRows prints rows with aligned columns, each coloured by its mark.
func WriteRows(w io.Writer, rows []Row) {
	lines := make([]markedLine, len(rows))
	for i, r := range rows {
		mark := cmp.Or(r.Mark, Same)
		lines[i] = markedLine{mark, fmt.Sprintf("  %c %s\t%s\t%s", mark, r.Subject, r.Kind, r.Value)}
	}
	paint := NewPainter(w)
	for i, text := range aligned(lines) {
		io.WriteString(w, paint.Line(lines[i].mark, strings.TrimRight(text, " "))+"\n")
	}
}

// Table is lines of cells below a header.
type Table struct {
	header string
	lines  []markedLine
}

// NewTable returns a table without lines.
func NewTable(columns ...string) *Table { return &Table{header: strings.Join(columns, "\t")} }

// Add adds a line, which is coloured by a mark. Cells hold no tab and no line break.
func (t *Table) Add(m Mark, cells ...string) {
	t.lines = append(t.lines, markedLine{m, strings.Join(cells, "\t")})
}

// Write prints the table.
func (t *Table) Write(w io.Writer) {
	paint := NewPainter(w)
	for i, text := range aligned(append([]markedLine{{Same, t.header}}, t.lines...)) {
		if i == 0 {
			text = paint.Bold(text)
		} else {
			text = paint.Line(t.lines[i-1].mark, text)
		}
		io.WriteString(w, text+"\n")
	}
}

// markedLine is a line of cells with tabs between them.
type markedLine struct {
	mark Mark
	text string
}

// aligned returns the lines with spaces in place of tabs. They are aligned before they are coloured, which would count.
func aligned(lines []markedLine) []string {
	if len(lines) == 0 {
		return nil
	}
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintln(t, strings.ReplaceAll(l.text, "\n", " "))
	}
	t.Flush() // a buffer takes everything
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}
