package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestConnect plugs a key into a reader that asks for the ATR and selects OATH.
func TestConnect(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	ctx, signal := context.WithCancel(context.Background())
	var stderr bytes.Buffer
	done := make(chan error)
	go func() {
		done <- connect(ctx, []string{"--connect", l.Addr().String(), "--serial", "7", "--state", filepath.Join(dir, "key"), "--trace", trace}, &stderr)
	}()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	ask(t, conn, "\x00\x01\x04")
	ask(t, conn, "\x00\x0c\x00\xa4\x04\x00\x07\xa0\x00\x00\x05\x27\x21\x01")
	signal()
	if err := <-done; err != nil {
		t.Errorf("after a signal: %v", err)
	}
	if got, want := stderr.String(), "virtualkey: YubiKey 7 is plugged in at "+l.Addr().String()+"\n"; got != want {
		t.Errorf("stderr: got %q, want %q", got, want)
	}
	b, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(b), "000001 > 00a4040007a0000005272101\n000001 < 7903050701") {
		t.Errorf("trace: %s", b)
	}
}

// ask writes a frame and reads the answer.
func ask(t *testing.T, conn net.Conn, frame string) {
	t.Helper()
	if _, err := io.WriteString(conn, frame); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1<<10)
	if n, err := conn.Read(b); err != nil || n < 4 {
		t.Fatalf("%x: %x, %v", frame, b[:n], err)
	}
}

// TestReaderComesLater dials a reader that is there only after a while.
func TestReaderComesLater(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	if _, err := dial(context.Background(), address, 0); err == nil {
		t.Error("reached no reader")
	}
	accepted := make(chan error, 1)
	go func() {
		time.Sleep(100 * time.Millisecond)
		l, err := net.Listen("tcp", address)
		if err == nil {
			defer l.Close()
			_, err = l.Accept()
		}
		accepted <- err
	}()
	conn, err := dial(context.Background(), address, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := <-accepted; err != nil {
		t.Error(err)
	}
}

func TestSignalWhileDialing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := connect(ctx, []string{"--connect", l.Addr().String()}, io.Discard); err != nil {
		t.Error(err)
	}
}
