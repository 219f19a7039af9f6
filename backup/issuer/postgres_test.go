//go:build linux

package issuer

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// A postgres is a PostgreSQL server of the tests' own, which listens on a socket in
// a folder of its own and nowhere else.
type postgres struct {
	folder string
	server *exec.Cmd
	log    bytes.Buffer
}

// The server is shared by the tests of this binary; each has a schema of its own.
var shared struct {
	once    sync.Once
	server  *postgres
	err     error
	schemas atomic.Int32
}

func stopPostgres() {
	if shared.server != nil {
		shared.server.stop()
	}
}

// openPostgres returns a store in empty tables, with so many connections at once, or ends
// the test where there is no PostgreSQL.
func openPostgres(t testing.TB, connections int) *SQLStore {
	t.Helper()
	s := openSQL(t, openDatabase(t, connections), "")
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func openSQL(t testing.TB, db *sql.DB, prefix string) *SQLStore {
	t.Helper()
	s, err := OpenSQL(context.Background(), db, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openDatabase returns a database, or rather a schema in one, without tables.
func openDatabase(t testing.TB, connections int) *sql.DB {
	t.Helper()
	bin := findPostgres(t)
	shared.once.Do(func() { shared.server, shared.err = startPostgres(bin) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	schema := fmt.Sprintf("test%d", shared.schemas.Add(1))
	db := connectPostgres(t, shared.server.dataSource(schema), connections)
	if _, err := db.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	return db
}

func connectPostgres(t testing.TB, source string, connections int) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", source)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	t.Cleanup(func() { db.Close() })
	return db
}

// findPostgres returns the folder of the newest PostgreSQL's programs.
func findPostgres(t testing.TB) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	var missing error
	if len(found) == 0 {
		missing = errors.New("PostgreSQL is not installed")
	}
	oathtest.NeedsTool(t, missing)
	return filepath.Dir(found[len(found)-1])
}

func startPostgres(bin string) (*postgres, error) {
	folder, err := os.MkdirTemp("", "pg") // a socket's path has 107 bytes at most
	if err != nil {
		return nil, err
	}
	p := &postgres{folder: folder}
	owner, err := p.unprivileged()
	if err == nil {
		err = p.initialize(filepath.Join(bin, "initdb"), owner)
	}
	if err == nil {
		err = p.start(filepath.Join(bin, "postgres"), owner)
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("%w\n%s", err, &p.log)
	}
	return p, nil
}

// unprivileged returns whom the server runs as: it refuses to be root's.
func (p *postgres) unprivileged() (*syscall.SysProcAttr, error) {
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Getuid() != 0 {
		return attributes, nil
	}
	owner, err := user.Lookup("postgres")
	if err != nil {
		owner, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return nil, err
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid), NoSetGroups: true}
	return attributes, os.Chown(p.folder, uid, uid)
}

func (p *postgres) command(owner *syscall.SysProcAttr, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.SysProcAttr, c.Dir, c.Stdout, c.Stderr = owner, p.folder, &p.log, &p.log
	c.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	return c
}

func (p *postgres) data() string { return filepath.Join(p.folder, "data") }

func (p *postgres) initialize(initdb string, owner *syscall.SysProcAttr) error {
	return p.command(owner, initdb, "--pgdata", p.data(), "--username", "test", "--auth", "trust", "--no-sync", "--encoding", "UTF8").Run()
}

func (p *postgres) start(postgres string, owner *syscall.SysProcAttr) error {
	p.server = p.command(owner, postgres, "-D", p.data(), "-k", p.folder, "-h", "", "-F",
		"-c", "max_connections=200", "-c", "shared_buffers=16MB", "-c", "autovacuum=off")
	if err := p.server.Start(); err != nil {
		p.server = nil
		return err
	}
	db, err := sql.Open("pgx", p.dataSource("public"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for err = db.PingContext(ctx); err != nil && ctx.Err() == nil; err = db.PingContext(ctx) {
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

func (p *postgres) dataSource(schema string) string {
	return strings.Join([]string{"host=" + p.folder, "user=test", "dbname=postgres", "sslmode=disable", "search_path=" + schema}, " ")
}

// stop has the server leave at once, and removes all it had.
func (p *postgres) stop() {
	if p.server != nil {
		p.server.Process.Signal(syscall.SIGQUIT)
		p.server.Wait()
	}
	os.RemoveAll(p.folder)
}
