package ledger

import (
	"context"
	_ "embed" // the schema
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

//go:embed schema.sql
var schema string

// Schema returns the SQL that makes the table of a shared ledger, for an administrator to run once; again it changes nothing. A
// role is given the rights of a builder: to read lines and to add some. It can choose neither their order nor who wrote them; the
// time only for the lines that it imports.
func Schema(role string) string {
	if role == "" {
		return schema
	}
	return schema + "grant select, insert (id, event, at, fingerprint, sid, name, machine_sid, ends, line) on offlinejoin_ledger to \"" +
		strings.ReplaceAll(role, `"`, `""`) + "\";\n"
}

// postgres is the store in a table of a PostgreSQL database, which many hosts share.
type postgres struct {
	db   *database
	wait time.Duration
	step func(name string) // tests: called between the steps of a transaction; nil: nobody looks
}

// String returns what messages call the ledger, safe for a line.
func (s *postgres) String() string {
	return plaintext.Line("postgres://"+s.db.config.Host+"/"+s.db.config.Database, plaintext.Name)
}

// The statements. Lines and times are read as text.
const (
	// READ COMMITTED is asked for, whatever the role or the database have for a default: a snapshot that is older than the locks
	// would not see what their last holder has committed, and two images would get one account. A host that vanishes keeps its
	// locks for five seconds, not until TCP gives up. Queries this short are not worth compiling. Where a policy hides
	// lines, so that an account would seem to be free, the server refuses. The shared lock keeps an import out, which takes it alone.
	sqlBegin = "begin isolation level read committed read write; set local lock_timeout = %d; set local statement_timeout = 0; " +
		"set local idle_in_transaction_session_timeout = 5000; set local synchronous_commit = on; set local jit = off; " +
		"set local row_security = off; " +
		"select %s(%d)"
	// In a statement of its own, so that the snapshot of the next one is younger. Sorted, so that two never wait for each other.
	sqlLock  = "select pg_advisory_xact_lock(k) from unnest($1::bigint[]) k"
	sqlTried = "select 1 from offlinejoin_ledger where id = $1 and event = $2"

	sqlColumns = "line, extract(epoch from at)::bigint"
	sqlAll     = "select " + sqlColumns + " from offlinejoin_ledger order by seq"
	sqlForce   = `with uses as (
  select min(seq) as first, max(seq) filter (where event in ('intent', 'staged', 'completed', 'cancelled')) as last
  from offlinejoin_ledger group by id)
select ` + sqlColumns + ` from uses join offlinejoin_ledger l on l.seq = uses.last where event <> 'cancelled'
and not exists (select 1 from (select seq, unnest(ends) as id from offlinejoin_ledger where ends <> '{}') e
  where e.id = l.id and e.seq > l.seq)
order by first`
	// The uses with one of the texts, the last ones with the machine SID, all of their lines, and what ends them. Of what the
	// table is likely to hold the server knows nothing before it has analyzed it, minutes after an import or a first great run. So
	// nothing here is left to its guesses: each step looks rows up in an index, for what the step before has found.
	sqlWanted = `with matching as materialized (
  select l.id from unnest($1::text[]) t, lateral (
    select id from offlinejoin_ledger where fingerprint = t
    union all select id from offlinejoin_ledger where sid = t and sid <> ''
    union all select id from offlinejoin_ledger where name = t
    union all select id from offlinejoin_ledger where id = t offset 0) l
  union (select id from offlinejoin_ledger where machine_sid = $2 and machine_sid <> '' order by seq desc limit $3)),
found as (
  select seq from offlinejoin_ledger where id = any(array(select id from matching))
  union select seq from offlinejoin_ledger where ends <> '{}' and ends && array(select id from matching))
select ` + sqlColumns + ` from offlinejoin_ledger where seq = any(array(select seq from found)) order by seq`

	sqlInsert = `insert into offlinejoin_ledger (id, event, fingerprint, sid, name, machine_sid, ends, line)
values ($1, $2, $3, $4, $5, $6, $7::text[], $8) on conflict do nothing returning 1`
)

func (s *postgres) read(ctx context.Context, w wanted) ([]Entry, error) {
	var out []Entry
	err := s.again(ctx, func(ctx context.Context) error {
		return s.db.with(ctx, func(conn *pgconn.PgConn) (err error) {
			out, err = query(ctx, conn, w)
			return err
		})
	})
	return out, err
}

const sqlWritable = "select pg_is_in_recovery(), has_any_column_privilege('offlinejoin_ledger', 'insert')"

// writable asks once whether this user may add lines here.
func (s *postgres) writable(ctx context.Context) error {
	s.db.mu.Lock()
	takes := s.db.takes
	s.db.mu.Unlock()
	if takes {
		return nil
	}
	var answer [][]byte
	err := s.again(ctx, func(ctx context.Context) error {
		return s.db.with(ctx, func(conn *pgconn.PgConn) error {
			found, err := rows(ctx, conn, sqlWritable)
			if err == nil {
				answer = found[0]
			}
			return err
		})
	})
	switch {
	case err != nil:
		return err
	case string(answer[0]) == "t":
		return s.failed(&pgconn.PgError{Code: "25006", Message: "recovery is in progress"})
	case string(answer[1]) != "t":
		return s.failed(&pgconn.PgError{Code: "42501", Message: "this user may not add lines to offlinejoin_ledger"})
	}
	s.db.mu.Lock()
	s.db.takes = true
	s.db.mu.Unlock()
	return nil
}

// update decides and appends in one transaction, under the locks of all that the wanted uses have to do with. When the
// connection is lost it begins anew: first it looks whether the line of the try before has been committed after all.
func (s *postgres) update(ctx context.Context, w wanted, decide func([]Entry) (Entry, error)) error {
	var tried *Entry
	return s.again(ctx, func(ctx context.Context) error {
		return s.db.with(ctx, func(conn *pgconn.PgConn) error {
			t := transaction{postgres: s, ctx: ctx, conn: conn}
			err := t.run(w, decide, &tried)
			if err != nil && !conn.IsClosed() {
				_ = t.exec("rollback") // else closing the connection does it
			}
			return err
		})
	})
}

// transaction is one try of an update.
type transaction struct {
	*postgres
	ctx  context.Context
	conn *pgconn.PgConn
}

func (t transaction) run(w wanted, decide func([]Entry) (Entry, error), tried **Entry) error {
	start := time.Now()
	if err := t.exec(fmt.Sprintf(sqlBegin, t.lockWait(), "pg_advisory_xact_lock_shared", lockKey("import"))); err != nil {
		return err
	}
	t.at("begun")
	if err := t.stillWaits(start); err != nil {
		return err
	}
	if keys := lockKeys(w.texts); len(keys) > 0 {
		if _, err := rows(t.ctx, t.conn, sqlLock, numbers(keys)); err != nil {
			return err
		}
	}
	t.at("locked")
	if err := t.stillWaits(start); err != nil {
		return err
	}
	if before := *tried; before != nil {
		found, err := rows(t.ctx, t.conn, sqlTried, []byte(before.ID), []byte(before.Event))
		if err != nil {
			return err
		}
		if len(found) > 0 { // the answer was lost, not the line. Under the locks nobody is still about to commit it.
			return t.exec("rollback")
		}
	}
	entries, err := query(t.ctx, t.conn, w)
	if err != nil {
		return err
	}
	e, err := decide(entries)
	if err != nil {
		return err
	}
	t.at("decided")
	*tried = &e
	if err := t.insert(e); err != nil {
		return err
	}
	t.at("inserted")
	return t.exec("commit")
}

// lockWait is how many milliseconds a transaction waits for a lock: three quarters of what is left, so that the server, however
// busy, says what it waited for before the client gives up.
func (t transaction) lockWait() int64 {
	end, _ := t.ctx.Deadline() // see again
	return max((time.Until(end) * 3 / 4).Milliseconds(), 1)
}

// stillWaits shortens the wait for the next lock by what those before it took: the server counts each by itself.
func (t transaction) stillWaits(start time.Time) error {
	const noWait = 100 * time.Millisecond
	if time.Since(start) < noWait {
		return nil
	}
	return t.exec(fmt.Sprintf("set local lock_timeout = %d", t.lockWait()))
}

func (t transaction) at(step string) {
	if t.step != nil {
		t.step(step)
	}
}

// exec runs statements without parameters.
func (t transaction) exec(sql string) error {
	_, err := t.conn.Exec(t.ctx, sql).ReadAll()
	return err
}

func (t transaction) insert(e Entry) error {
	line, err := e.line()
	if err != nil {
		return winerr.Errorf(winerr.InvalidParameter, "the ledger %s cannot be written to: %w", t, err)
	}
	added, err := rows(t.ctx, t.conn, sqlInsert, []byte(e.ID), []byte(e.Event), column(e.Fingerprint), column(e.Account.SID),
		column(e.Account.MachineName), column(e.Image.MachineSID), array(e.Ends), line)
	if err == nil && len(added) != 1 { // a line that was there would have been found before
		return t.notTaken()
	}
	return err
}

func (t transaction) notTaken() error {
	return winerr.Errorf(winerr.GenFailure, "the ledger %s has not taken a line, and has said nothing: let an administrator look for "+
		"rules and triggers on offlinejoin_ledger", t)
}

// column returns a text that a column takes: a NUL is the one sign that it does not.
func column(text string) []byte {
	return []byte(strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd"))
}

// array writes texts as PostgreSQL reads an array.
func array(texts []string) []byte {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var b strings.Builder
	for i, text := range texts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + quote.Replace(string(column(text))) + `"`)
	}
	return []byte("{" + b.String() + "}")
}

func numbers(keys []int64) []byte {
	texts := make([]string, len(keys))
	for i, key := range keys {
		texts[i] = strconv.FormatInt(key, 10)
	}
	return []byte("{" + strings.Join(texts, ",") + "}")
}

// lockKeys returns the numbers of the locks of texts, in order. Two texts with one number wait for each other for nothing.
func lockKeys(texts []string) []int64 {
	keys := make([]int64, len(texts))
	for i, text := range texts {
		keys[i] = lockKey("text " + text)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func lockKey(text string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("offlinejoin ledger\x00" + text)) // never fails
	return int64(h.Sum64())                                 //nolint:gosec // any number will do
}

// query returns the wanted entries in their order, with the times that the server has for them.
func query(ctx context.Context, conn *pgconn.PgConn, w wanted) ([]Entry, error) {
	if w.none() {
		return nil, nil
	}
	if w.all {
		return entriesOf(conn.ExecParams(ctx, sqlAll, nil, nil, nil, nil))
	}
	if w.force {
		return entriesOf(conn.ExecParams(ctx, sqlForce, nil, nil, nil, nil))
	}
	params := [][]byte{array(w.texts), column(w.machineSID), []byte(strconv.Itoa(lastClones))}
	return entriesOf(conn.ExecParams(ctx, sqlWanted, params, nil, nil, nil))
}

// rows returns what a statement returns.
func rows(ctx context.Context, conn *pgconn.PgConn, sql string, params ...[]byte) ([][][]byte, error) {
	result := conn.ExecParams(ctx, sql, params, nil, nil, nil).Read()
	return result.Rows, result.Err
}

func entriesOf(result *pgconn.ResultReader) (entries []Entry, err error) {
	for result.NextRow() {
		values := result.Values()
		e, bad := parseLine(values[0])
		seconds, worse := strconv.ParseInt(string(values[1]), 10, 64)
		if bad = errors.Join(bad, worse); bad != nil && err == nil {
			err = bad
		}
		e.At = time.Unix(seconds, 0).UTC()
		entries = append(entries, e)
	}
	if _, closed := result.Close(); closed != nil {
		return nil, closed
	}
	return entries, err
}
