package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// mark tells what happens to a line's subject: it is new, it changes, it goes, or it stays as it is.
type mark byte

const (
	markSame   mark = ' '
	markAdd    mark = '+'
	markModify mark = '~'
	markRemove mark = '-'
)

func markOf(kind offlinejoin.ChangeKind) mark {
	switch kind {
	case offlinejoin.ChangeAdd:
		return markAdd
	case offlinejoin.ChangeRemove:
		return markRemove
	default:
		return markModify
	}
}

// row is one line of a change list or of a registry tree.
type row struct {
	mark               mark
	subject, kind, say string
}

// showRows prints rows with aligned columns, each coloured by its mark when colour is on.
func (a *app) showRows(rows []row) {
	var table bytes.Buffer
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(t, "  %c %s\t%s\t%s\n", r.mark, r.subject, r.kind, r.say)
	}
	t.Flush() //nolint:errcheck // a buffer takes everything
	paint := newPainter(a.Out)
	for i, line := range strings.Split(strings.TrimSuffix(table.String(), "\n"), "\n") {
		if i < len(rows) {
			io.WriteString(a.Out, paint.line(rows[i].mark, strings.TrimRight(line, " "))+"\n")
		}
	}
}

// changeRows lists changes the way people read a registry: a key, and its values indented below it.
func changeRows(changes []offlinejoin.Change) []row {
	rows := make([]row, 0, len(changes))
	key := ""
	for _, c := range changes {
		r := row{mark: markOf(c.Kind), kind: c.Type, say: options.Transition(c)}
		switch {
		case c.Name == "":
			key = c.Where
			r.subject = c.Where
		case c.Where == key:
			r.subject = "  " + c.Name
		case c.Type == "file":
			r.subject = c.Where + `\` + c.Name
		default:
			r.subject = c.Where + "  " + c.Name
		}
		rows = append(rows, r)
	}
	return rows
}
