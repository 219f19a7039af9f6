package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// maxSourceSize bounds a picture or a text that accounts are read from, in bytes.
const maxSourceSize = 64 << 20

// readSources returns the accounts in URIs, pictures and files, "-" being
// standard input. The accounts may come with an error that tells what else is
// there and cannot be read.
func (p *program) readSources(sources []string) ([]otpauth.Key, error) {
	var texts []string
	for _, source := range sources {
		found, err := p.readSource(source)
		if err != nil {
			return nil, err
		}
		texts = append(texts, found...)
	}
	keys, err := otpauth.ParseAll(texts...)
	for _, k := range keys {
		for _, warning := range k.Warnings {
			p.note("%s: %s", printable(k.Account.Label()), printable(warning))
		}
	}
	return keys, err
}

func (p *program) readSource(source string) (texts []string, err error) {
	if isURI(source) {
		p.note("Other programs on this computer can read a command line, and the shell may keep it.\nNext time, give the URI on standard input: tokenctl enroll -")
		return []string{source}, nil
	}
	name, data, err := p.readFile(source)
	if err != nil {
		return nil, err
	}
	if texts, err = textsOf(data); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return texts, nil
}

// isURI reports whether a source is the URI itself, rather than a file's name.
func isURI(source string) bool {
	scheme, _, found := strings.Cut(strings.TrimSpace(source), ":")
	switch strings.ToLower(scheme) {
	case "otpauth", "otpauth-migration", "apple-otpauth", "steam", "motp":
		return found
	}
	return false
}

func (p *program) readFile(source string) (name string, data []byte, err error) {
	name, in := "standard input", p.in
	if source != "-" {
		file, err := os.Open(source)
		if err != nil {
			return "", nil, err
		}
		defer file.Close()
		name, in = printable(source), file
	}
	data, err = io.ReadAll(io.LimitReader(in, maxSourceSize+1))
	switch {
	case err != nil:
		return name, nil, fmt.Errorf("reading %s: %w", name, err)
	case len(data) > maxSourceSize:
		return name, nil, usagef("%s is larger than %d MB", name, maxSourceSize>>20)
	}
	return name, data, nil
}

// textsOf returns the URIs in a file: of the QR codes, if it is a picture, or its
// lines.
func textsOf(data []byte) ([]string, error) {
	if qr.IsPicture(data) {
		return qr.Read(bytes.NewReader(data))
	}
	var texts []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" {
			texts = append(texts, line)
		}
	}
	if len(texts) == 0 {
		return nil, otpauth.ErrNotURI
	}
	return texts, nil
}
