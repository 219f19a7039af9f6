package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// desk is a port without a reader.
type desk struct{ *virtualkey.Key }

func (d desk) pull() { d.Pull() }

func (d desk) plug(context.Context) error {
	if d.Plugged() {
		return errors.New("it is plugged in")
	}
	d.Plug()
	return nil
}

// controlled returns a key that wants a touch for the account a, and the path of its
// control.
func controlled(t *testing.T) (*virtualkey.Key, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "vk") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	seen := new(recent)
	key, err := virtualkey.New(virtualkey.Config{Touch: virtualkey.TouchNever, Trace: seen})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { key.Close() })
	path := filepath.Join(dir, "control")
	c, err := listen(path, &control{key: key, firmware: virtualkey.DefaultFirmware, port: desk{key}, trace: seen, stop: key.Pull})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	for _, command := range []string{
		"\x00\xa4\x04\x00\x07\xa0\x00\x00\x05\x27\x21\x01", putTouched,
	} {
		if reply, err := key.Transmit([]byte(command)); err != nil || !strings.HasSuffix(string(reply), "\x90\x00") {
			t.Fatalf("%x: %x, %v", command, reply, err)
		}
	}
	return key, path
}

// YKOATH, "PUT" of a TOTP account a with a touch, and "CALCULATE" of its code.
const (
	putTouched = "\x00\x01\x00\x00\x1d\x71\x01a\x73\x16\x21\x0612345678901234567890\x78\x02"
	calculate  = "\x00\xa2\x00\x01\x0d\x71\x01a\x74\x08\x00\x00\x00\x00\x00\x00\x00\x01"
)

// A client of a control.
type client struct {
	t *testing.T
	net.Conn
	replies *bufio.Reader
}

func newClient(t *testing.T, path string) client {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return client{t, conn, bufio.NewReader(conn)}
}

func (c client) send(request string) {
	c.t.Helper()
	if _, err := io.WriteString(c, request+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

// expect reads a reply.
func (c client) expect(want string) {
	c.t.Helper()
	got, err := c.replies.ReadString('\n')
	if err != nil || !strings.Contains(got, want) {
		c.t.Errorf("reply %q, %v, want %s", got, err, want)
	}
}

func TestControl(t *testing.T) {
	key, path := controlled(t)
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info.Mode(), err)
	}
	c := newClient(t, path)
	for _, exchange := range [][2]string{
		{`{"do":"status"}`, `{"ok":true,"serial":12345678,"firmware":"5.7.1","plugged":true,"exchanges":2}`},
		{`{"do":"pull"}`, `{"ok":true}`},
		{`{"do":"status"}`, `"plugged":false`},
		{`{"do":"plug"}`, `{"ok":true}`},
		{`{"do":"plug"}`, `{"ok":false,"error":"it is plugged in"}`},
		{`{"do":"trace"}`, `{"ok":true,"trace":["000001 > 00a4040007a0000005272101","000001 < 79`},
		{`{"do":"faults","faults":["1:sw=6f00"]}`, `{"ok":true}`},
		{`{"do":"faults","faults":["3"]}`, `{"ok":false,"error":"fault \"3\" is not like`},
		{`{"do":"sing"}`, `{"ok":false,"error":"\"sing\" is not touch, pull`},
		{`{"do":"pull","faults":["3:pull"]}`, `{"ok":false,"error":"\"pull\" takes no faults"}`},
		{`{"do":"pull","after":3}`, `unknown field \"after\"`},
		{`{"do":"pull"} {"do":"plug"}`, `{"ok":false,"error":"more than a request in a line"}`},
		{`touch`, `{"ok":false,"error":"not a request: `},
		{``, `{"ok":false,"error":"not a request: `},
		{`{"do":"status"}`, `"plugged":true`},
	} {
		c.send(exchange[0])
		c.expect(exchange[1])
	}
	if reply, err := key.Transmit([]byte(calculate)); string(reply) != "\x6f\x00" || err != nil {
		t.Errorf("the fault answers %x, %v", reply, err)
	}
	c.send(`{"do":"close"}`)
	c.expect(`{"ok":true}`)
	if key.Plugged() {
		t.Error("close did not stop it")
	}
}

// Several clients touch the key; one that hangs up takes its touch back.
func TestControlTouch(t *testing.T) {
	key, path := controlled(t)
	code := func() error {
		reply, err := key.Transmit([]byte(calculate))
		if err == nil && !strings.HasSuffix(string(reply), "\x90\x00") {
			err = fmt.Errorf("CALCULATE: %x", reply)
		}
		return err
	}
	first, second := newClient(t, path), newClient(t, path)
	first.send(`{"do":"touch"}`)
	second.send(`{"do":"touch"}`)
	for range 2 {
		if err := code(); err != nil {
			t.Error(err)
		}
	}
	first.expect(`{"ok":true}`)
	second.expect(`{"ok":true}`)

	ours, theirs := net.Pipe()
	talked := make(chan struct{})
	go func() {
		defer close(talked)
		(&control{key: key}).talk(theirs)
	}()
	client{t: t, Conn: ours}.send(`{"do":"touch"}`)
	ours.Close()
	<-talked
}

// A request without an end costs little.
func TestControlLongRequest(t *testing.T) {
	_, path := controlled(t)
	c := newClient(t, path)
	go io.WriteString(c, strings.Repeat(" ", 2*maxRequest))
	c.expect("at most 65536 bytes")
	if _, err := c.replies.ReadByte(); err == nil {
		t.Error("the connection continues")
	}
}

// What is at the path is kept, unless it is a socket that somebody left.
func TestControlPath(t *testing.T) {
	_, used := controlled(t)
	dir := filepath.Dir(used)
	file, left := filepath.Join(dir, "file"), filepath.Join(dir, "left")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: left, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for path, want := range map[string]string{
		used: "is in use", file: "is not a socket", left: "", filepath.Join(dir, "no", "folder"): "control socket",
	} {
		c, err := listen(path, new(control))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if err == nil {
			c.close()
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left are %v, %v", entries, err)
	}
}

// The end of a trace is kept, in whole lines.
func TestRecent(t *testing.T) {
	r := new(recent)
	if lines := r.lines(); lines == nil || len(lines) != 0 {
		t.Errorf("at first: %q", lines)
	}
	line := strings.Repeat("x", 1000)
	for i := range 3 * maxRecent / 1000 {
		fmt.Fprintf(r, "%06d %s\n", i, line)
	}
	lines := r.lines()
	if n := len(lines); n < maxRecent/1010 || n > 2*maxRecent/1000 {
		t.Errorf("kept %d lines", n)
	}
	for _, l := range lines {
		if len(l) != 1007 {
			t.Fatalf("a line of %d bytes", len(l))
		}
	}
}
