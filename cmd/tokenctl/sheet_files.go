package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath/durable"
)

// checkFiles refuses to overwrite what is not meant, and warns of names that give
// the sheets away.
func (o *sheetOutput) checkFiles(p *program, n int) error {
	if o.print || o.file == "-" {
		return nil
	}
	for _, name := range o.names(n) {
		info, err := os.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s: %w", printable(name), errNoFile)
		case !o.overwrite:
			return fmt.Errorf("%s: %w", printable(name), errFileThere)
		}
	}
	if word := givenAway(o.file); word != "" {
		p.note("Programs that look for secrets look for %q in the names of files. A name that says less is better.", word)
	}
	return nil
}

// givingAway are words by which programs that steal find such files.
var givingAway = []string{"recovery", "backup", "code", "2fa", "mfa", "otp", "secret", "password", "authenticator", "tokenctl"}

// givenAway returns what in a file's name tells what is in it.
func givenAway(file string) string {
	name := strings.ToLower(filepath.Base(file))
	i := slices.IndexFunc(givingAway, func(word string) bool { return strings.Contains(name, word) })
	if i < 0 {
		return ""
	}
	return givingAway[i]
}

// names returns the names of n files: the one that was given, or with a number
// each.
func (o *sheetOutput) names(n int) []string {
	if n == 1 {
		return []string{o.file}
	}
	end := filepath.Ext(o.file)
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(o.file, end), i+1, end)
	}
	return names
}

// writeAll writes all files or none: a share alone is good for nothing.
func (o *sheetOutput) writeAll(pages [][]byte) (done []string, err error) {
	defer func() {
		if err != nil {
			for _, name := range done {
				os.Remove(name)
			}
			done = nil
		}
	}()
	for i, name := range o.names(len(pages)) {
		err := durable.Replace(name, pages[i])
		if isDiskFull(err) {
			err = fmt.Errorf("writing %s: %w: %w", printable(name), errDiskFull, err)
		}
		if err != nil {
			return done, err
		}
		done = append(done, name)
	}
	return done, nil
}
