package main

import (
	"fmt"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
)

// read returns an account's record, with the codes themselves if they are in the
// vault, which is unlocked for that. The ledger learns what is new in it.
func (r *records) read(id oath.ID) (backup.Record, error) {
	record, err := r.load(id)
	r.keepNews()
	return record, err
}

// load is read, but the ledger learns nothing until keepNews. A record that comes
// with an error is what there is of it.
func (r *records) load(id oath.ID) (backup.Record, error) {
	there, err := r.inVault(id)
	if err != nil {
		return r.ledger.Known(id).Record, about(id, err)
	}
	if !there {
		return r.loadPaper(id)
	}
	text, err := r.vault.BackupCodes(id)
	if err != nil {
		return r.ledger.Known(id).Record, about(id, err)
	}
	record, err := r.parse(id, text)
	if err == nil && r.isNews(id, record) {
		r.news[id] = record
	}
	return record, err
}

// loadPaper returns the record of codes that are on paper alone.
func (r *records) loadPaper(id oath.ID) (backup.Record, error) {
	e := r.ledger.Known(id)
	switch {
	case e.Kept == ledger.InVault:
		return e.Record, about(id, errCodesAway)
	case e.Generation() == 0 && r.damaged != nil:
		return e.Record, r.damaged
	}
	return e.Record, nil
}

// parse reads what the vault has of an account, and adds what the ledger knows.
func (r *records) parse(id oath.ID, text []byte) (backup.Record, error) {
	record, err := backup.ParseRecord(text)
	if err != nil {
		return record, about(id, fmt.Errorf("its backup codes in the vault: %w", err))
	}
	e := r.ledger.Known(id)
	merged := backup.Merge(record, e.Record)
	switch {
	case e.Kept != ledger.InVault || isSameSet(record.Current(), merged.Current()):
		return merged, nil
	case record.Current() == nil:
		return record, about(id, errCodesAway)
	}
	return record, about(id, errOlderCodes)
}

// isSameSet reports whether a set came out of the merging of two records as the
// current one, and not another that only the ledger knows.
func isSameSet(set, merged *backup.Set) bool {
	if set == nil || merged == nil {
		return set == merged
	}
	return set.Generation == merged.Generation && set.Made.Equal(merged.Made)
}
