package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// String returns what messages call the ledger, safe for a line.
func (l *Ledger) String() string {
	if named, is := l.store.(fmt.Stringer); is {
		return named.String()
	}
	return "of the run"
}

// sqlImport adds the lines that are not there, in their order and with their own times. The lock keeps everybody else out. The
// offset makes the server look for each line by the index; else a batch may cost it a reading of the whole table.
const sqlImport = `with new as (
  insert into offlinejoin_ledger (id, event, at, fingerprint, sid, name, machine_sid, ends, line)
  select e->>'id', e->>'event', (e->>'at')::timestamptz, e->>'fingerprint', coalesce(e#>>'{account,sid}', ''),
    coalesce(e#>>'{account,machine_name}', ''), coalesce(e#>>'{image,machine_sid}', ''),
    array(select json_array_elements_text(e->'ends')), e
  from json_array_elements($1::json) with ordinality as lines(e, n)
  where not exists (select 1 from offlinejoin_ledger l where l.id = e->>'id' and l.event = e->>'event' offset 0)
  order by n on conflict do nothing returning 1)
select count(*) from new`

// sqlMissing counts the lines that are not there.
const sqlMissing = `select count(*) from json_array_elements($1::json) e
where not exists (select 1 from offlinejoin_ledger l where l.id = e->>'id' and l.event = e->>'event' offset 0)`

// importBatch is how many lines one statement adds.
const importBatch = 500

// importWait is how long an import may take: 100,000 uses take minutes on a busy machine.
const importWait = time.Hour

// Import adds the lines of a ledger file to a ledger in a database, all or none, and returns how many were added and how many
// were there. Errors carry 2 when the file is not there, 87 when it is no ledger, or this is none in a database, and what the
// database's do.
func (l *Ledger) Import(ctx context.Context, path string) (added, known int, err error) {
	in, is := l.store.(*postgres)
	if !is {
		return 0, 0, winerr.Errorf(winerr.InvalidParameter, "a ledger file is imported into a database: name that with ledger")
	}
	to := &postgres{db: in.db, wait: max(in.wait, importWait)}
	from := newFile(path, 0)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, 0, winerr.Errorf(winerr.FileNotFound, "the ledger %s is not there: check the path", plaintext.Line(path, 0))
	}
	entries, err := from.read(ctx, wanted{all: true})
	if err != nil {
		return 0, 0, err
	}
	err = to.again(ctx, func(ctx context.Context) error {
		return to.db.with(ctx, func(conn *pgconn.PgConn) error {
			t := transaction{postgres: to, ctx: ctx, conn: conn}
			added, err = t.addAll(entries)
			if err != nil && !conn.IsClosed() {
				_ = t.exec("rollback") // else closing the connection does it
			}
			return err
		})
	})
	return added, len(entries) - added, err
}

func (t transaction) addAll(entries []Entry) (added int, err error) {
	if err := t.exec(fmt.Sprintf(sqlBegin, t.lockWait(), "pg_advisory_xact_lock", lockKey("import"))); err != nil {
		return 0, err
	}
	for len(entries) > 0 {
		n := min(importBatch, len(entries))
		lines := make([]string, n)
		for i, e := range entries[:n] {
			e.Account.MachineName = strings.ToUpper(e.Account.MachineName)
			line, err := e.line()
			if err != nil {
				return 0, winerr.Errorf(winerr.InvalidParameter, "line %s cannot be imported: %w", plaintext.Line(e.ID, plaintext.Name), err)
			}
			lines[i] = string(line)
		}
		entries = entries[n:]
		batch := []byte("[" + strings.Join(lines, ",") + "]")
		number, err := t.count(sqlImport, batch)
		if err != nil {
			return 0, err
		}
		added += number
		if missing, err := t.count(sqlMissing, batch); err != nil {
			return 0, err
		} else if missing > 0 {
			return 0, t.notTaken()
		}
	}
	// A builder that is not the table's owner gets a warning: then the server does it by itself, a minute later.
	if err := t.exec("analyze offlinejoin_ledger"); err != nil {
		return 0, err
	}
	return added, t.exec("commit")
}

// count returns the number that a statement returns for lines.
func (t transaction) count(sql string, lines []byte) (int, error) {
	counted, err := rows(t.ctx, t.conn, sql, lines)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(counted[0][0]))
}
