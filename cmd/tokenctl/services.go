package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tokenctl/tokenctl/backup/services"
)

// services returns what is known of services: what the user's own file says, and
// then what comes with the program.
func (p *program) services() (services.Catalog, error) {
	known := services.Known()
	config, err := userFolder("XDG_CONFIG_HOME", ".config")
	if err != nil {
		return known, err
	}
	path := filepath.Join(config, "tokenctl", "services.tsv")
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return known, fmt.Errorf("reading what is known of services: %w", err)
	}
	defer file.Close()
	own, err := services.Read(file)
	if err != nil {
		return known, fmt.Errorf("reading %s: %w", printable(path), err)
	}
	return own.Before(known), nil
}

// noteOffered tells which service offers a file of that name for download, if that
// is news, and takes the codes for those of that service if no other is known.
func (p *program) noteOffered(r *records, a *addition, source string) {
	offered, found := r.known.OfFile(filepath.Base(source))
	_, isKnown := r.known.Lookup(a.service.Name)
	switch {
	case !found || offered.Name == a.service.Name:
	case !isKnown && r.ledger.Known(a.id).Service == "":
		a.service = offered
		p.note("%s is what %s offers for download.", printable(source), offered.Name)
	default:
		p.note("%s is what %s offers for download. Are the codes those of %s?", printable(source), offered.Name, printable(labelOf(a.id)))
	}
}
