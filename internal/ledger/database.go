package ledger

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// The bounds of what a process takes of a database: 50 hosts stay within PostgreSQL's default of 100 connections.
const (
	maxConnections = 2
	maxIdle        = 5 * time.Second
)

// Databases are the connections of one process to the databases of ledgers: at most two to each, closed when they were not
// used for five seconds. The zero value has none yet. It is safe for concurrent use.
type Databases struct {
	mu    sync.Mutex
	known map[string]*database // by URL
}

// database is one of them.
type database struct {
	config *pgconn.Config
	places chan struct{} // a token for each connection that is in use

	mu    sync.Mutex
	idle  []*pgconn.PgConn
	takes bool // lines: see postgres.writable
}

// of returns the database of a URL. Nothing is connected yet. Errors are those of databaseOf.
func (d *Databases) of(url string) (*database, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if db := d.known[url]; db != nil {
		return db, nil
	}
	config, err := databaseOf(url)
	if err != nil {
		return nil, err
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "offlinejoin"
	}
	const connecting = 10 * time.Second
	if config.ConnectTimeout == 0 || config.ConnectTimeout > connecting {
		config.ConnectTimeout = connecting
	}
	db := &database{config: config, places: make(chan struct{}, maxConnections)}
	if d.known == nil {
		d.known = map[string]*database{}
	}
	d.known[url] = db
	return db, nil
}

// with calls do with a connection that nobody else has meanwhile. One that is in a transaction afterwards is closed, which
// rolls it back.
func (db *database) with(ctx context.Context, do func(*pgconn.PgConn) error) error {
	select {
	case db.places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-db.places }()
	conn := db.take()
	if conn == nil {
		var err error
		if conn, err = pgconn.ConnectConfig(ctx, db.config); err != nil {
			return err
		}
	}
	err := do(conn)
	const outside = 'I' // of a transaction
	if conn.IsClosed() || conn.TxStatus() != outside {
		closeConnection(conn)
		return err
	}
	db.keep(conn)
	return err
}

// take returns the connection that was used last, nil when there is none.
func (db *database) take() *pgconn.PgConn {
	db.mu.Lock()
	defer db.mu.Unlock()
	last := len(db.idle) - 1
	if last < 0 {
		return nil
	}
	conn := db.idle[last]
	db.idle = db.idle[:last]
	return conn
}

// keep puts a connection aside, and closes it when nobody takes it in time.
func (db *database) keep(conn *pgconn.PgConn) {
	db.mu.Lock()
	db.idle = append(db.idle, conn)
	db.mu.Unlock()
	time.AfterFunc(maxIdle, func() {
		db.mu.Lock()
		at := slices.Index(db.idle, conn)
		if at >= 0 {
			db.idle = slices.Delete(db.idle, at, at+1)
		}
		db.mu.Unlock()
		if at >= 0 {
			closeConnection(conn)
		}
	})
}

// Close closes the connections that nobody uses.
func (d *Databases) Close() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, db := range d.known {
		for conn := db.take(); conn != nil; conn = db.take() {
			closeConnection(conn)
		}
	}
}

func closeConnection(conn *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is gone either way
}
