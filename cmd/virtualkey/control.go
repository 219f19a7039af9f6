package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// A control lets other programs do something to the key, over a Unix socket.
type control struct {
	key      *virtualkey.Key
	firmware virtualkey.Version
	port     port
	trace    *recent
	stop     func() // ends all

	path     string
	listener net.Listener
	moving   sync.Mutex // held to pull or plug
}

// A port is what the key is plugged into.
type port interface {
	plug(context.Context) error // returns when the reader has found the key
	pull()
}

// A request is a line that a client sends, and a reply the one that it gets.
type request struct {
	Do     string   `json:"do"`
	Faults []string `json:"faults"`
}

type reply struct {
	OK    bool     `json:"ok"`
	Error string   `json:"error,omitempty"`
	Trace []string `json:"trace,omitzero"`
	*status
}

type status struct {
	Serial    uint32 `json:"serial"`
	Firmware  string `json:"firmware"`
	Plugged   bool   `json:"plugged"`
	Exchanges int    `json:"exchanges"`
}

// maxRequest bounds a request, in bytes.
const maxRequest = 64 << 10

// listen has a control take clients at a path, until it is closed. The socket is made
// in a folder that is ours alone, and appears with its mode.
func listen(path string, c *control) (*control, error) {
	if err := vacant(path); err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".control-")
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	defer os.RemoveAll(dir)
	hidden := filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: hidden, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(hidden, 0o600), os.Rename(hidden, path)); err != nil {
		l.Close()
		return nil, fmt.Errorf("control socket: %w", err)
	}
	c.path, c.listener = path, l
	go c.serve()
	return c, nil
}

// vacant makes sure that nothing is lost by a socket at a path: there may be one on
// which nobody listens.
func vacant(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s exists, and is not a socket", path)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return fmt.Errorf("%s is in use", path)
	}
	return nil
}

func (c *control) close() {
	os.Remove(c.path)
	c.listener.Close()
}

func (c *control) serve() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			return
		}
		go c.talk(conn)
	}
}

// talk answers the requests of a client one after the other. When it hangs up, what
// it waits for is given up.
func (c *control) talk(conn net.Conn) {
	defer conn.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	lines := make(chan []byte)
	go func() {
		defer cancel()
		s := bufio.NewScanner(conn)
		s.Buffer(nil, maxRequest)
		for s.Scan() {
			select {
			case lines <- bytes.Clone(s.Bytes()):
			case <-ctx.Done():
				return
			}
		}
		if errors.Is(s.Err(), bufio.ErrTooLong) {
			write(conn, reply{Error: fmt.Sprintf("a request has at most %d bytes", maxRequest)})
		}
	}()
	for {
		select {
		case line := <-lines:
			if write(conn, c.answer(ctx, line)) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func write(conn net.Conn, r reply) error {
	e := json.NewEncoder(conn)
	e.SetEscapeHTML(false) // a trace has > and <
	return e.Encode(r)
}

// answer does what a request says.
func (c *control) answer(ctx context.Context, line []byte) reply {
	var r request
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return reply{Error: "not a request: " + err.Error()}
	}
	if d.More() {
		return reply{Error: "more than a request in a line"}
	}
	if r.Faults != nil && r.Do != "faults" {
		return reply{Error: fmt.Sprintf("%q takes no faults", r.Do)}
	}
	var err error
	switch r.Do {
	case "touch":
		err = c.key.Touch(ctx)
	case "pull":
		c.moving.Lock()
		defer c.moving.Unlock()
		c.port.pull()
	case "plug":
		c.moving.Lock()
		defer c.moving.Unlock()
		err = c.port.plug(ctx)
	case "faults":
		err = c.setFaults(r.Faults)
	case "trace":
		return reply{OK: true, Trace: c.trace.lines()}
	case "status":
		return reply{OK: true, status: &status{c.key.Serial(), c.firmware.String(), c.key.Plugged(), c.key.Exchanges()}}
	case "close":
		c.stop()
	default:
		err = fmt.Errorf("%q is not touch, pull, plug, faults, trace, status or close", r.Do)
	}
	if err != nil {
		return reply{Error: err.Error()}
	}
	return reply{OK: true}
}

func (c *control) setFaults(specs []string) error {
	var faults []virtualkey.Fault
	for _, s := range specs {
		f, err := parseText[virtualkey.Fault](s)
		if err != nil {
			return err
		}
		faults = append(faults, f)
	}
	c.key.SetFaults(faults...)
	return nil
}

// recent keeps the end of a trace.
type recent struct {
	mu   sync.Mutex
	text []byte
}

// maxRecent bounds what is kept, in bytes.
const maxRecent = 1 << 20

// Write takes whole lines.
func (r *recent) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.text = append(r.text, b...); len(r.text) > 2*maxRecent {
		r.text = bytes.Clone(r.text[len(r.text)-maxRecent:])
		_, r.text, _ = bytes.Cut(r.text, []byte("\n"))
	}
	return len(b), nil
}

// lines returns the last of what was written.
func (r *recent) lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, strings.FieldsFunc(string(r.text), func(c rune) bool { return c == '\n' })...)
}
