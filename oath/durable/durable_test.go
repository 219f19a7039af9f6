package durable

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// Writers at the same time lose nothing of each other's.
func TestUpdateTakesTurns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "count")
	var writers sync.WaitGroup
	for range 20 {
		writers.Go(func() {
			err := Update(path, func(old []byte) ([]byte, error) {
				n, _ := strconv.Atoi(string(old)) // 0 at first
				return []byte(strconv.Itoa(n + 1)), nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	if content, err := os.ReadFile(path); err != nil || string(content) != "20" {
		t.Errorf("after 20 writers the count is %q, %v", content, err)
	}
}

// What goes wrong leaves the old content, and nothing beside it.
func TestFailureLeavesTheOld(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	if err := Replace(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("failure")
	err := replaceWith(path, func(w io.Writer) error {
		io.WriteString(w, "new")
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("replaceWith returned %v", err)
	}
	err = Update(path, func([]byte) ([]byte, error) { return []byte("new"), failure })
	if !errors.Is(err, failure) {
		t.Errorf("Update returned %v", err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "old" {
		t.Errorf("the file holds %q, %v", content, err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 { // the file and its lock
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
}
