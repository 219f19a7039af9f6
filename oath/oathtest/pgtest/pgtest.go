//go:build linux

// Package pgtest starts a PostgreSQL for tests. Start is safe for concurrent use.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// A Server is a PostgreSQL of the tests' own, which listens on a socket in a folder of its
// own and nowhere else. Its superuser, test, needs no password. It is safe for concurrent use
// until it is stopped.
type Server struct {
	folder string
	server *exec.Cmd
	log    bytes.Buffer

	stopped chan struct{}
}

// Start starts a server, to be stopped by Stop, or ends the test where there is none.
func Start(t testing.TB) (*Server, error) {
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
	bin := filepath.Dir(found[len(found)-1]) // of the newest
	folder, err := os.MkdirTemp("", "pg")    // a socket's path has 107 bytes at most
	if err != nil {
		return nil, err
	}
	s := &Server{folder: folder, stopped: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // a process ends with the thread that started it: prctl(2), PR_SET_PDEATHSIG
		started <- s.run(bin)
		<-s.stopped
	}()
	if err := <-started; err != nil {
		s.Stop()
		return nil, fmt.Errorf("%w\n%s", err, &s.log)
	}
	return s, nil
}

func (s *Server) run(bin string) error {
	owner, err := s.unprivileged()
	if err != nil {
		return err
	}
	data := filepath.Join(s.folder, "data")
	initdb := s.command(owner, filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "test", "--auth", "trust", "--no-sync", "--encoding", "UTF8")
	if err := initdb.Run(); err != nil {
		return err
	}
	server := s.command(owner, filepath.Join(bin, "postgres"), "-D", data, "-k", s.folder, "-h", "", "-F",
		"-c", "max_connections=200", "-c", "shared_buffers=16MB", "-c", "autovacuum=off")
	if err := server.Start(); err != nil {
		return err
	}
	s.server = server
	return oathtest.Await("PostgreSQL", func() bool {
		c, err := pgx.Connect(context.Background(), s.URL("public"))
		if err != nil {
			return false
		}
		c.Close(context.Background())
		return true
	})
}

// unprivileged returns whom the server runs as: it refuses to be root's.
func (s *Server) unprivileged() (*syscall.SysProcAttr, error) {
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
	return attributes, os.Chown(s.folder, uid, uid)
}

func (s *Server) command(owner *syscall.SysProcAttr, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.SysProcAttr, c.Dir, c.Stdout, c.Stderr = owner, s.folder, &s.log, &s.log
	c.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	return c
}

// URL returns the address of the database, where tables are in a schema, which has to be
// made.
func (s *Server) URL(schema string) string {
	return "postgres://test@/postgres?host=" + url.QueryEscape(s.folder) + "&sslmode=disable&search_path=" + schema
}

// Stop has the server leave at once, and removes all it had.
func (s *Server) Stop() {
	if s.server != nil {
		s.server.Process.Signal(syscall.SIGQUIT)
		s.server.Wait()
	}
	close(s.stopped)
	os.RemoveAll(s.folder)
}
